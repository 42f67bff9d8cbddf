-- What this service's migrations, with those every service shares, add up to. For reading, and held to by a test;
-- `make schema` writes it. Databases are made by the migrations alone.

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

CREATE TABLE inbox (
    event_id uuid NOT NULL,
    type text NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (event_id)
);
CREATE INDEX inbox_claimed_at ON public.inbox USING brin (claimed_at);
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

CREATE TABLE person (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    email text NOT NULL,
    active boolean NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (id)
);
-- the service may: delete, insert, select, update
