-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE agreement (
    id uuid NOT NULL,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    sequence integer NOT NULL,
    request_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    system_id uuid NOT NULL,
    municipality_id uuid NOT NULL,
    municipality_name text NOT NULL,
    state text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    starts timestamp with time zone,
    ends timestamp with time zone,
    reason text,
    notice_resent_at timestamp with time zone,
    CONSTRAINT agreement_id_system_id_municipality_id_key UNIQUE (id, system_id, municipality_id),
    CONSTRAINT agreement_number_key UNIQUE (number),
    CONSTRAINT agreement_pkey PRIMARY KEY (id),
    CONSTRAINT agreement_request_id_fkey FOREIGN KEY (request_id) REFERENCES request(id),
    CONSTRAINT agreement_check CHECK (((starts IS NOT NULL) = (state = ANY (ARRAY['approved'::text, 'terminated'::text])))),
    CONSTRAINT agreement_check1 CHECK (((ends IS NOT NULL) = (state = 'terminated'::text))),
    CONSTRAINT agreement_check2 CHECK ((ends >= starts)),
    CONSTRAINT agreement_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'approved'::text, 'rejected'::text, 'withdrawn'::text, 'terminated'::text])))
);
CREATE INDEX agreement_municipality ON public.agreement USING btree (municipality_id, number);
CREATE INDEX agreement_request ON public.agreement USING btree (request_id);
CREATE INDEX agreement_supplier ON public.agreement USING btree (supplier_id, number);
-- the service may: delete, insert, select, update

CREATE TABLE agreement_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    agreement_id uuid NOT NULL,
    sequence integer NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    side text NOT NULL,
    person_id uuid NOT NULL,
    reason text,
    CONSTRAINT agreement_history_agreement_id_fkey FOREIGN KEY (agreement_id) REFERENCES agreement(id),
    CONSTRAINT agreement_history_agreement_id_sequence_key UNIQUE (agreement_id, sequence),
    CONSTRAINT agreement_history_pkey PRIMARY KEY ("position"),
    CONSTRAINT agreement_history_side_check CHECK ((side = ANY (ARRAY['supplier'::text, 'municipality'::text, 'operator'::text])))
);
-- the service may: insert, select

CREATE TABLE agreement_line (
    agreement_id uuid NOT NULL,
    place integer NOT NULL,
    service_id uuid NOT NULL,
    service_name text NOT NULL,
    system_id uuid NOT NULL,
    municipality_id uuid NOT NULL,
    decision text NOT NULL,
    reason text,
    live boolean NOT NULL,
    CONSTRAINT agreement_line_agreement_id_system_id_municipality_id_fkey FOREIGN KEY (agreement_id, system_id, municipality_id) REFERENCES agreement(id, system_id, municipality_id),
    CONSTRAINT agreement_line_pkey PRIMARY KEY (agreement_id, service_id),
    CONSTRAINT agreement_line_decision_check CHECK ((decision = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])))
);
CREATE UNIQUE INDEX agreement_line_live ON public.agreement_line USING btree (system_id, municipality_id, service_id) WHERE live;
-- the service may: delete, insert, select, update

CREATE TABLE kept_answer (
    supplier_id uuid NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    answer text,
    kept_at timestamp with time zone NOT NULL,
    CONSTRAINT kept_answer_pkey PRIMARY KEY (supplier_id, key)
);
CREATE INDEX kept_answer_kept_at ON public.kept_answer USING btree (kept_at);
-- the service may: delete, insert, select, update

CREATE TABLE organisation (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    kinds text[] NOT NULL,
    test boolean NOT NULL,
    active boolean NOT NULL,
    CONSTRAINT organisation_pkey PRIMARY KEY (id)
);
CREATE INDEX organisation_test_municipality ON public.organisation USING btree (id) WHERE (test AND ('municipality'::text = ANY (kinds)));
-- the service may: delete, insert, select, update

CREATE TABLE request (
    id uuid NOT NULL,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    system_id uuid NOT NULL,
    system_name text NOT NULL,
    purpose text NOT NULL,
    expected_calls_per_quarter bigint,
    services jsonb NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    CONSTRAINT request_number_key UNIQUE (number),
    CONSTRAINT request_pkey PRIMARY KEY (id),
    CONSTRAINT request_expected_calls_per_quarter_check CHECK ((expected_calls_per_quarter >= 0))
);
CREATE INDEX request_supplier ON public.request USING btree (supplier_id, number);
-- the service may: delete, insert, select, update

CREATE TABLE service (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    state text NOT NULL,
    CONSTRAINT service_pkey PRIMARY KEY (id),
    CONSTRAINT service_state_check CHECK ((state = ANY (ARRAY['open'::text, 'locked'::text, 'closed'::text])))
);
-- the service may: delete, insert, select, update

CREATE TABLE system (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    name text NOT NULL,
    environment text NOT NULL,
    state text NOT NULL,
    CONSTRAINT system_pkey PRIMARY KEY (id),
    CONSTRAINT system_environment_check CHECK ((environment = ANY (ARRAY['production'::text, 'test'::text]))),
    CONSTRAINT system_state_check CHECK ((state = ANY (ARRAY['registered'::text, 'paused'::text, 'deactivated'::text])))
);
-- the service may: delete, insert, select, update

CREATE TABLE trial (
    id uuid NOT NULL,
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    sequence integer NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    system_id uuid NOT NULL,
    system_name text NOT NULL,
    municipality_id uuid NOT NULL,
    municipality_name text NOT NULL,
    state text NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone,
    CONSTRAINT trial_id_system_id_key UNIQUE (id, system_id),
    CONSTRAINT trial_number_key UNIQUE (number),
    CONSTRAINT trial_pkey PRIMARY KEY (id),
    CONSTRAINT trial_check CHECK (((ends IS NOT NULL) = (state = 'closed'::text))),
    CONSTRAINT trial_check1 CHECK ((ends >= starts)),
    CONSTRAINT trial_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text])))
);
CREATE INDEX trial_supplier ON public.trial USING btree (supplier_id, number);
-- the service may: delete, insert, select, update

CREATE TABLE trial_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    trial_id uuid NOT NULL,
    sequence integer NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    side text NOT NULL,
    person_id uuid NOT NULL,
    CONSTRAINT trial_history_pkey PRIMARY KEY ("position"),
    CONSTRAINT trial_history_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES trial(id),
    CONSTRAINT trial_history_trial_id_sequence_key UNIQUE (trial_id, sequence),
    CONSTRAINT trial_history_side_check CHECK ((side = ANY (ARRAY['supplier'::text, 'operator'::text])))
);
-- the service may: insert, select

CREATE TABLE trial_line (
    trial_id uuid NOT NULL,
    place integer NOT NULL,
    service_id uuid NOT NULL,
    service_name text NOT NULL,
    system_id uuid NOT NULL,
    live boolean NOT NULL,
    CONSTRAINT trial_line_pkey PRIMARY KEY (trial_id, service_id),
    CONSTRAINT trial_line_trial_id_system_id_fkey FOREIGN KEY (trial_id, system_id) REFERENCES trial(id, system_id)
);
CREATE UNIQUE INDEX trial_line_live ON public.trial_line USING btree (system_id, service_id) WHERE live;
-- the service may: delete, insert, select, update

CREATE VIEW whole_agreement AS
 SELECT a.id,
    a.number,
    a.sequence,
    a.request_id,
    a.supplier_id,
    r.supplier_name,
    a.municipality_id,
    a.municipality_name,
    a.system_id,
    r.system_name,
    r.purpose,
    r.expected_calls_per_quarter,
    a.state,
    a.requested_at,
    a.decided_at,
    a.starts,
    a.ends,
    a.reason,
    a.notice_resent_at,
    ( SELECT jsonb_agg(jsonb_build_object('service_id', l.service_id, 'service_name', l.service_name, 'decision', l.decision, 'reason', l.reason) ORDER BY l.place) AS jsonb_agg
           FROM agreement_line l
          WHERE l.agreement_id = a.id) AS lines
   FROM agreement a
     JOIN request r ON r.id = a.request_id;

CREATE VIEW whole_trial AS
 SELECT id,
    number,
    sequence,
    supplier_id,
    supplier_name,
    system_id,
    system_name,
    municipality_id,
    municipality_name,
    state,
    starts,
    ends,
    ( SELECT jsonb_agg(jsonb_build_object('service_id', l.service_id, 'service_name', l.service_name) ORDER BY l.place) AS jsonb_agg
           FROM trial_line l
          WHERE l.trial_id = t.id) AS lines
   FROM trial t;
