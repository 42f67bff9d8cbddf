-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE agreement (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    source text NOT NULL,
    municipality_id uuid NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    system_id uuid NOT NULL,
    system_name text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    CONSTRAINT agreement_pkey PRIMARY KEY (id),
    CONSTRAINT agreement_source_check CHECK ((source = ANY (ARRAY['agreement'::text, 'trial'::text])))
);
CREATE INDEX agreement_system ON public.agreement USING btree (system_id, begun_at DESC, id);
-- the service may: delete, insert, select, update

CREATE TABLE billing (
    municipality_id uuid NOT NULL,
    quarter text NOT NULL,
    sequence integer NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    calls bigint NOT NULL,
    totals jsonb NOT NULL,
    digest text NOT NULL,
    correlation_id text NOT NULL,
    state text NOT NULL,
    sentence text NOT NULL DEFAULT ''::text,
    since timestamp with time zone NOT NULL,
    missing_prices uuid[] NOT NULL DEFAULT '{}'::uuid[],
    looks integer NOT NULL DEFAULT 0,
    look_at timestamp with time zone NOT NULL,
    invoice_id uuid,
    CONSTRAINT billing_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoice(id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT billing_pkey PRIMARY KEY (municipality_id, quarter),
    CONSTRAINT billing_check CHECK (((state = 'invoiced'::text) = (invoice_id IS NOT NULL))),
    CONSTRAINT billing_state_check CHECK ((state = ANY (ARRAY['sealed'::text, 'waiting_for_usage'::text, 'waiting_for_facts'::text, 'price_missing'::text, 'documents_refused'::text, 'invoiced'::text, 'no_usage'::text])))
);
CREATE INDEX billing_due ON public.billing USING btree (look_at) WHERE (state <> ALL (ARRAY['invoiced'::text, 'no_usage'::text]));
CREATE INDEX billing_quarter ON public.billing USING btree (quarter);
-- the service may: delete, insert, select, update

CREATE TABLE billing_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    municipality_id uuid NOT NULL,
    quarter text NOT NULL,
    at timestamp with time zone NOT NULL,
    state text NOT NULL,
    sentence text NOT NULL,
    invoice_id uuid,
    CONSTRAINT billing_history_pkey PRIMARY KEY ("position")
);
CREATE INDEX billing_history_of ON public.billing_history USING btree (municipality_id, quarter);
-- the service may: insert, select

CREATE TABLE invoice (
    id uuid NOT NULL,
    series text NOT NULL,
    serial bigint NOT NULL,
    number text NOT NULL,
    municipality_id uuid NOT NULL,
    municipality_name text NOT NULL,
    cvr text NOT NULL,
    ean text,
    quarter text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    issued_on date NOT NULL,
    due_on date NOT NULL,
    calls bigint NOT NULL,
    net numeric(17,2) NOT NULL,
    vat numeric(17,2) NOT NULL,
    gross numeric(17,2) NOT NULL,
    digest text NOT NULL,
    CONSTRAINT invoice_municipality_id_quarter_key UNIQUE (municipality_id, quarter),
    CONSTRAINT invoice_number_key UNIQUE (number),
    CONSTRAINT invoice_pkey PRIMARY KEY (id),
    CONSTRAINT invoice_series_fkey FOREIGN KEY (series) REFERENCES invoice_series(name),
    CONSTRAINT invoice_series_serial_key UNIQUE (series, serial),
    CONSTRAINT invoice_check CHECK ((gross = (net + vat)))
);
CREATE INDEX invoice_quarter ON public.invoice USING btree (quarter);
-- the service may: insert, select

CREATE TABLE invoice_document (
    invoice_id uuid NOT NULL,
    kind text NOT NULL,
    filename text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT invoice_document_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoice(id),
    CONSTRAINT invoice_document_pkey PRIMARY KEY (invoice_id, kind),
    CONSTRAINT invoice_document_kind_check CHECK ((kind = ANY (ARRAY['pdf'::text, 'xml'::text])))
);
-- the service may: insert, select

CREATE TABLE invoice_line (
    invoice_id uuid NOT NULL,
    position integer NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    system_id uuid NOT NULL,
    system_name text NOT NULL,
    service_id uuid NOT NULL,
    service_name text NOT NULL,
    made_in text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    calls bigint NOT NULL,
    unit_price numeric NOT NULL,
    amount numeric(17,2) NOT NULL,
    note text,
    CONSTRAINT invoice_line_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoice(id),
    CONSTRAINT invoice_line_pkey PRIMARY KEY (invoice_id, "position")
);
-- the service may: insert, select

CREATE TABLE invoice_series (
    name text NOT NULL,
    next bigint NOT NULL,
    CONSTRAINT invoice_series_pkey PRIMARY KEY (name),
    CONSTRAINT invoice_series_next_check CHECK ((next > 0))
);
-- the service may: delete, insert, select, update

CREATE TABLE organisation (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    cvr text NOT NULL,
    municipality boolean NOT NULL,
    mailbox text,
    invoice_mailbox text,
    ean text,
    buyer_reference text,
    CONSTRAINT organisation_pkey PRIMARY KEY (id)
);
-- the service may: delete, insert, select, update

CREATE TABLE price (
    service_id uuid NOT NULL,
    sequence integer NOT NULL,
    CONSTRAINT price_pkey PRIMARY KEY (service_id)
);
-- the service may: delete, insert, select, update

CREATE TABLE price_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    service_id uuid NOT NULL,
    starts date NOT NULL,
    per_call numeric NOT NULL,
    replaced numeric,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    CONSTRAINT price_history_pkey PRIMARY KEY ("position")
);
-- the service may: insert, select

CREATE TABLE price_step (
    service_id uuid NOT NULL,
    starts date NOT NULL,
    per_call numeric NOT NULL,
    CONSTRAINT price_step_pkey PRIMARY KEY (service_id, starts),
    CONSTRAINT price_step_service_id_fkey FOREIGN KEY (service_id) REFERENCES price(service_id),
    CONSTRAINT price_step_per_call_check CHECK (((per_call >= (0)::numeric) AND (per_call < (1000000)::numeric) AND (scale(per_call) <= 6)))
);
-- the service may: delete, insert, select, update

CREATE TABLE service (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    state text NOT NULL,
    CONSTRAINT service_pkey PRIMARY KEY (id)
);
-- the service may: delete, insert, select, update

CREATE TABLE usage (
    municipality_id uuid NOT NULL,
    billing_quarter text NOT NULL,
    source_id uuid NOT NULL,
    service_id uuid NOT NULL,
    access_id uuid NOT NULL,
    certificate_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    accounting_info text NOT NULL,
    supplier_id uuid NOT NULL,
    system_id uuid NOT NULL,
    day date NOT NULL,
    made_in text NOT NULL,
    billable boolean NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT usage_pkey PRIMARY KEY (municipality_id, billing_quarter, source_id, service_id, access_id, certificate_id, hour, accounting_info),
    CONSTRAINT usage_calls_check CHECK ((calls >= 0))
);
CREATE INDEX usage_quarter ON public.usage USING btree (billing_quarter);
-- the service may: delete, insert, select, update
