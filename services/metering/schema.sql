-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE certificates (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    system_id uuid NOT NULL,
    thumbprint text COLLATE "C" NOT NULL,
    public_key_pem text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL,
    bound tstzmultirange NOT NULL,
    CONSTRAINT certificates_pkey PRIMARY KEY (id)
);
CREATE INDEX certificates_thumbprint ON public.certificates USING btree (thumbprint);
-- the service may: delete, insert, select, update

CREATE TABLE claims (
    event_id text COLLATE "C" NOT NULL,
    system_id uuid NOT NULL,
    content bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    CONSTRAINT claims_pkey PRIMARY KEY (event_id, system_id)
);
CREATE INDEX claims_claimed ON public.claims USING brin (claimed_at);
-- the service may: delete, insert, select

CREATE TABLE counts (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    grant_id uuid NOT NULL,
    certificate_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    billing_quarter text COLLATE "C" NOT NULL,
    accounting_info text COLLATE "C" NOT NULL,
    source text NOT NULL,
    source_id uuid NOT NULL,
    environment text NOT NULL,
    supplier_id uuid NOT NULL,
    system_id uuid NOT NULL,
    municipality_id uuid NOT NULL,
    service_id uuid NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT counts_id_key UNIQUE (id),
    CONSTRAINT counts_pkey PRIMARY KEY (grant_id, certificate_id, hour, billing_quarter, accounting_info),
    CONSTRAINT counts_calls_check CHECK ((calls > 0))
);
CREATE INDEX counts_billing ON public.counts USING btree (billing_quarter, municipality_id);
CREATE INDEX counts_hour ON public.counts USING btree (hour);
CREATE INDEX counts_municipality ON public.counts USING btree (municipality_id, hour);
CREATE INDEX counts_supplier ON public.counts USING btree (supplier_id, hour);
-- the service may: insert, select, update

CREATE TABLE duplicates (
    system_id uuid NOT NULL,
    municipality_id uuid NOT NULL,
    quarter text COLLATE "C" NOT NULL,
    day date NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT duplicates_pkey PRIMARY KEY (system_id, municipality_id, quarter, day),
    CONSTRAINT duplicates_calls_check CHECK ((calls > 0))
);
-- the service may: insert, select, update

CREATE TABLE grants (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    source text NOT NULL,
    source_id uuid NOT NULL,
    environment text NOT NULL,
    supplier_id uuid NOT NULL,
    system_id uuid NOT NULL,
    municipality_id uuid NOT NULL,
    municipality_cvr text NOT NULL,
    service_id uuid NOT NULL,
    valid tstzmultirange NOT NULL,
    CONSTRAINT grants_pkey PRIMARY KEY (id),
    CONSTRAINT grants_environment_check CHECK ((environment = ANY (ARRAY['production'::text, 'test'::text]))),
    CONSTRAINT grants_source_check CHECK ((source = ANY (ARRAY['agreement'::text, 'trial'::text])))
);
CREATE INDEX grants_called ON public.grants USING btree (system_id, service_id);
CREATE INDEX grants_municipality ON public.grants USING btree (municipality_cvr, municipality_id);
-- the service may: delete, insert, select, update

CREATE TABLE messages (
    system_id uuid NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    calls integer NOT NULL,
    counted integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    CONSTRAINT messages_pkey PRIMARY KEY (system_id, message_id, digest),
    CONSTRAINT messages_calls_check CHECK ((calls > 0))
);
CREATE INDEX messages_received ON public.messages USING brin (received_at);
-- the service may: delete, insert, select, update

CREATE TABLE news (
    count_id bigint NOT NULL,
    CONSTRAINT news_pkey PRIMARY KEY (count_id)
);
-- the service may: delete, insert, select, update

CREATE TABLE records (
    made_at timestamp with time zone NOT NULL,
    system_id uuid NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    grant_id uuid NOT NULL,
    certificate_id uuid NOT NULL,
    billing_quarter text COLLATE "C" NOT NULL,
    accounting_info text NOT NULL,
    caller_reference text,
    message_id text COLLATE "C" NOT NULL,
    received_at timestamp with time zone NOT NULL
) PARTITION BY RANGE (made_at);
CREATE INDEX records_made ON ONLY public.records USING brin (made_at) WITH (pages_per_range='32');
-- the service may: insert, select

-- records_default: a partition of records

CREATE TABLE refusals (
    id uuid NOT NULL,
    system_id uuid NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    quarter text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    field text,
    event_id text COLLATE "C",
    made_at timestamp with time zone,
    service_id uuid,
    municipality text COLLATE "C",
    agreement_id uuid,
    accounting_info text NOT NULL DEFAULT ''::text,
    caller_reference text,
    named_environment text,
    certificate_id uuid,
    thumbprint text COLLATE "C",
    algorithm text,
    signed_digest bytea,
    signature bytea,
    state text NOT NULL DEFAULT 'refused'::text,
    settled_at timestamp with time zone,
    CONSTRAINT refusals_pkey PRIMARY KEY (id),
    CONSTRAINT refusals_check CHECK (((state = 'refused'::text) = (settled_at IS NULL))),
    CONSTRAINT refusals_state_check CHECK ((state = ANY (ARRAY['refused'::text, 'counted'::text, 'duplicate'::text])))
);
CREATE INDEX refusals_again ON public.refusals USING btree (system_id, service_id, id) WHERE ((state = 'refused'::text) AND (reason = ANY (ARRAY['certificate.unknown'::text, 'certificate.ended'::text, 'system.not_active'::text, 'access.none'::text, 'access.ended'::text, 'agreement.differs'::text])));
CREATE INDEX refusals_event ON public.refusals USING btree (event_id, system_id);
CREATE INDEX refusals_message ON public.refusals USING btree (system_id, message_id);
CREATE INDEX refusals_quarter ON public.refusals USING btree (quarter, reason) WHERE (state = 'refused'::text);
CREATE INDEX refusals_system ON public.refusals USING btree (system_id, id);
-- the service may: insert, select, update

CREATE TABLE refusals_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    refusal_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    CONSTRAINT refusals_history_pkey PRIMARY KEY ("position"),
    CONSTRAINT refusals_history_refusal_id_fkey FOREIGN KEY (refusal_id) REFERENCES refusals(id)
);
CREATE INDEX refusals_history_refusal ON public.refusals_history USING btree (refusal_id);
-- the service may: insert, select

CREATE TABLE rejudging (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    system_id uuid NOT NULL,
    service_id uuid,
    municipalities text[],
    reasons text[] NOT NULL,
    after uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,
    CONSTRAINT rejudging_pkey PRIMARY KEY ("position")
);
-- the service may: delete, insert, select, update

CREATE TABLE sealed_municipalities (
    quarter text COLLATE "C" NOT NULL,
    municipality_id uuid NOT NULL,
    calls bigint NOT NULL,
    digest text NOT NULL,
    CONSTRAINT sealed_municipalities_pkey PRIMARY KEY (quarter, municipality_id),
    CONSTRAINT sealed_municipalities_quarter_fkey FOREIGN KEY (quarter) REFERENCES sealed_quarters(quarter),
    CONSTRAINT sealed_municipalities_calls_check CHECK ((calls > 0))
);
-- the service may: insert, select

CREATE TABLE sealed_quarters (
    quarter text COLLATE "C" NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT sealed_quarters_pkey PRIMARY KEY (quarter),
    CONSTRAINT sealed_quarters_calls_check CHECK ((calls >= 0))
);
-- the service may: insert, select

CREATE TABLE sealing_blocked (
    quarter text COLLATE "C" NOT NULL,
    since timestamp with time zone NOT NULL,
    reason text NOT NULL,
    CONSTRAINT sealing_blocked_pkey PRIMARY KEY (quarter)
);
-- the service may: delete, insert, select, update

CREATE TABLE systems (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    name text NOT NULL,
    environment text NOT NULL,
    active tstzmultirange NOT NULL,
    CONSTRAINT systems_pkey PRIMARY KEY (id),
    CONSTRAINT systems_environment_check CHECK ((environment = ANY (ARRAY['production'::text, 'test'::text])))
);
CREATE INDEX systems_supplier ON public.systems USING btree (supplier_id);
-- the service may: delete, insert, select, update

CREATE TABLE tallies (
    system_id uuid NOT NULL,
    day date NOT NULL,
    messages bigint NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT tallies_pkey PRIMARY KEY (system_id, day)
);
-- the service may: delete, insert, select, update

-- function make_partitions(first date, last date) -> integer with the owner's rights
-- function only_through_parent(called text) -> void
