-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE sessions (
    id bytea NOT NULL,
    person_id uuid NOT NULL,
    sealed bytea NOT NULL,
    agent text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    told text,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_agent_check CHECK ((length(agent) <= 255)),
    CONSTRAINT sessions_id_check CHECK ((octet_length(id) = 32)),
    CONSTRAINT sessions_told_check CHECK ((length(told) <= 1000))
);
CREATE INDEX session_person ON public.sessions USING btree (person_id);
CREATE INDEX session_seen ON public.sessions USING btree (seen_at);
-- the service may: delete, insert, select, update
