-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE document (
    notice_id uuid NOT NULL,
    place integer NOT NULL,
    filename text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT document_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notice(id),
    CONSTRAINT document_pkey PRIMARY KEY (notice_id, place)
);
-- the service may: delete, insert, select, update

CREATE TABLE membership (
    person_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    roles text[] NOT NULL,
    CONSTRAINT membership_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    CONSTRAINT membership_pkey PRIMARY KEY (person_id, organisation_id)
);
CREATE INDEX membership_organisation ON public.membership USING btree (organisation_id);
-- the service may: delete, insert, select, update

CREATE TABLE notice (
    id uuid NOT NULL,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    sequence integer NOT NULL,
    kind text NOT NULL,
    event_type text NOT NULL,
    organisation_id uuid,
    about_id uuid NOT NULL,
    content jsonb,
    state text NOT NULL,
    attempts integer NOT NULL,
    failure text,
    reason text,
    addressed_to text[] NOT NULL DEFAULT '{}'::text[],
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    ended_at timestamp with time zone,
    lease uuid,
    leased_until timestamp with time zone,
    correlation_id text NOT NULL,
    causation_id uuid,
    CONSTRAINT notice_number_key UNIQUE (number),
    CONSTRAINT notice_pkey PRIMARY KEY (id),
    CONSTRAINT notice_check CHECK (((due_at IS NOT NULL) = (state = 'queued'::text))),
    CONSTRAINT notice_check1 CHECK (((ended_at IS NULL) = (state = 'queued'::text))),
    CONSTRAINT notice_check2 CHECK (((state <> 'failed'::text) OR (reason IS NOT NULL))),
    CONSTRAINT notice_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text])))
);
CREATE INDEX notice_about ON public.notice USING btree (about_id);
CREATE INDEX notice_due ON public.notice USING btree (due_at, number) WHERE (state = 'queued'::text);
CREATE INDEX notice_failed ON public.notice USING btree (organisation_id) WHERE ((state = 'failed'::text) AND (failure = 'no_address'::text));
CREATE INDEX notice_organisation ON public.notice USING btree (organisation_id, number);
-- the service may: delete, insert, select, update

CREATE TABLE notice_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    notice_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    reason text,
    CONSTRAINT notice_history_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notice(id),
    CONSTRAINT notice_history_pkey PRIMARY KEY ("position"),
    CONSTRAINT notice_history_what_check CHECK ((what = ANY (ARRAY['queued'::text, 'deferred'::text, 'sent'::text, 'failed'::text, 'queued_again'::text])))
);
CREATE INDEX notice_history_notice ON public.notice_history USING btree (notice_id);
-- the service may: insert, select

CREATE TABLE organisation (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    mailbox text,
    invoice_mailbox text,
    CONSTRAINT organisation_pkey PRIMARY KEY (id)
);
-- the service may: delete, insert, select, update

CREATE TABLE person (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    email text NOT NULL,
    active boolean NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (id)
);
-- the service may: delete, insert, select, update
