-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE audit (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    organisation_id uuid,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    correlation_id text NOT NULL,
    written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT audit_pkey PRIMARY KEY ("position"),
    CONSTRAINT audit_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['person'::text, 'system'::text, 'operator'::text, 'service'::text])))
);
CREATE INDEX audit_actor ON public.audit USING btree (actor_id, "position");
CREATE INDEX audit_subject ON public.audit USING btree (subject);
-- the service may: insert, select

CREATE TABLE audit_chain (
    link bigint NOT NULL,
    position bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_chain_pkey PRIMARY KEY (link),
    CONSTRAINT audit_chain_position_fkey FOREIGN KEY ("position") REFERENCES audit("position"),
    CONSTRAINT audit_chain_position_key UNIQUE ("position")
);
-- the service may: insert, select

CREATE TABLE clock (
    the_one boolean NOT NULL DEFAULT true,
    offset_seconds bigint NOT NULL,
    sequence integer NOT NULL,
    CONSTRAINT clock_pkey PRIMARY KEY (the_one),
    CONSTRAINT clock_offset_seconds_check CHECK ((offset_seconds >= 0)),
    CONSTRAINT clock_the_one_check CHECK (the_one)
);
-- the service may: delete, insert, select, update

CREATE TABLE inbox (
    event_id uuid NOT NULL,
    type text NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (event_id)
);
CREATE INDEX inbox_claimed_at ON public.inbox USING brin (claimed_at);
-- the service may: delete, insert, select, update

CREATE TABLE outbox (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    type text NOT NULL,
    correlation_id text NOT NULL,
    body bytea NOT NULL,
    written_at timestamp with time zone NOT NULL,
    CONSTRAINT outbox_event_id_key UNIQUE (event_id),
    CONSTRAINT outbox_pkey PRIMARY KEY ("position")
);
-- the service may: delete, insert, select, update

CREATE TABLE parked (
    id uuid NOT NULL,
    event_id uuid,
    type text NOT NULL,
    body bytea,
    redacted boolean NOT NULL DEFAULT false,
    reason text NOT NULL,
    attempts integer NOT NULL,
    state text NOT NULL,
    parked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    ended_at timestamp with time zone,
    note text,
    CONSTRAINT parked_pkey PRIMARY KEY (id),
    CONSTRAINT parked_check CHECK (((state <> 'dropped'::text) OR (note IS NOT NULL))),
    CONSTRAINT parked_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'handled'::text, 'dropped'::text])))
);
CREATE INDEX parked_due ON public.parked USING btree (due_at) WHERE (state = 'waiting'::text);
CREATE UNIQUE INDEX parked_event ON public.parked USING btree (event_id) WHERE ((state = 'waiting'::text) AND (event_id IS NOT NULL));
-- the service may: delete, insert, select, update

CREATE TABLE said (
    event_id uuid NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    correlation_id text NOT NULL,
    body bytea NOT NULL,
    written_at timestamp with time zone NOT NULL,
    said_at timestamp with time zone NOT NULL,
    CONSTRAINT said_pkey PRIMARY KEY (event_id)
);
CREATE INDEX said_type ON public.said USING btree (type, said_at);
-- the service may: delete, insert, select, update
