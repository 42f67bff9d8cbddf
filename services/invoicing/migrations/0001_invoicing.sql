-- Copies of what others own: only what an overview or an invoice needs; the highest sequence is kept.
CREATE TABLE organisation (
    id              uuid PRIMARY KEY,
    sequence        integer NOT NULL,
    name            text NOT NULL,
    cvr             text NOT NULL,
    municipality    boolean NOT NULL,
    mailbox         text,
    invoice_mailbox text,
    ean             text,
    buyer_reference text
);

CREATE TABLE service (
    id       uuid PRIMARY KEY,
    sequence integer NOT NULL,
    name     text NOT NULL,
    version  text NOT NULL,
    state    text NOT NULL
);

-- Where calls come from: agreements and trial connections, with the names of supplier and system.
CREATE TABLE agreement (
    id              uuid PRIMARY KEY,
    sequence        integer NOT NULL,
    source          text NOT NULL CHECK (source IN ('agreement', 'trial')),
    municipality_id uuid NOT NULL,
    supplier_id     uuid NOT NULL,
    supplier_name   text NOT NULL,
    system_id       uuid NOT NULL,
    system_name     text NOT NULL,
    begun_at        timestamptz NOT NULL
);

-- List prices: DKK a call, excl. VAT, from the start of a civil day in Copenhagen.
CREATE TABLE price (
    service_id uuid PRIMARY KEY,
    sequence   integer NOT NULL
);
CREATE TABLE price_step (
    service_id uuid NOT NULL REFERENCES price,
    starts     date NOT NULL,
    per_call   numeric NOT NULL CHECK (per_call >= 0 AND per_call < 1000000 AND scale(per_call) <= 6),
    PRIMARY KEY (service_id, starts)
);
CREATE TABLE price_history (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_id uuid NOT NULL,
    starts     date NOT NULL,
    per_call   numeric NOT NULL,
    replaced   numeric,
    at         timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id   text NOT NULL
);

-- Counts as metering tells them: absolute totals that only grow. `day` and `made_in` are the civil day and
-- quarter in Copenhagen of `hour`; only what is `billable` (production, under an agreement) costs anything.
CREATE TABLE usage (
    municipality_id uuid NOT NULL,
    billing_quarter text NOT NULL,
    source_id       uuid NOT NULL,
    service_id      uuid NOT NULL,
    access_id       uuid NOT NULL,
    certificate_id  uuid NOT NULL,
    hour            timestamptz NOT NULL,
    accounting_info text NOT NULL,
    supplier_id     uuid NOT NULL,
    system_id       uuid NOT NULL,
    day             date NOT NULL,
    made_in         text NOT NULL,
    billable        boolean NOT NULL,
    calls           bigint NOT NULL CHECK (calls >= 0),
    PRIMARY KEY (municipality_id, billing_quarter, source_id, service_id, access_id, certificate_id, hour, accounting_info)
) WITH (fillfactor = 80);
CREATE INDEX usage_quarter ON usage (billing_quarter);

-- Issued invoices: never changed. One for each municipality and quarter; numbers without gaps.
CREATE TABLE invoice_series (
    name text PRIMARY KEY,
    next bigint NOT NULL CHECK (next > 0)
);
INSERT INTO invoice_series (name, next) VALUES ('FAK', 1);

CREATE TABLE invoice (
    id                uuid PRIMARY KEY,
    series            text NOT NULL REFERENCES invoice_series,
    serial            bigint NOT NULL,
    number            text NOT NULL UNIQUE,
    municipality_id   uuid NOT NULL,
    municipality_name text NOT NULL,
    cvr               text NOT NULL,
    ean               text,
    quarter           text NOT NULL,
    issued_at         timestamptz NOT NULL,
    issued_on         date NOT NULL,
    due_on            date NOT NULL,
    calls             bigint NOT NULL,
    net               numeric(17, 2) NOT NULL,
    vat               numeric(17, 2) NOT NULL,
    gross             numeric(17, 2) NOT NULL CHECK (gross = net + vat),
    digest            text NOT NULL,
    UNIQUE (series, serial),
    UNIQUE (municipality_id, quarter)
);
CREATE INDEX invoice_quarter ON invoice (quarter);

CREATE TABLE invoice_line (
    invoice_id    uuid NOT NULL REFERENCES invoice,
    position      integer NOT NULL,
    supplier_id   uuid NOT NULL,
    supplier_name text NOT NULL,
    system_id     uuid NOT NULL,
    system_name   text NOT NULL,
    service_id    uuid NOT NULL,
    service_name  text NOT NULL,
    made_in       text NOT NULL,
    first_day     date NOT NULL,
    last_day      date NOT NULL,
    calls         bigint NOT NULL,
    unit_price    numeric NOT NULL,
    amount        numeric(17, 2) NOT NULL,
    note          text,
    PRIMARY KEY (invoice_id, position)
);

CREATE TABLE invoice_document (
    invoice_id uuid NOT NULL REFERENCES invoice,
    kind       text NOT NULL CHECK (kind IN ('pdf', 'xml')),
    filename   text NOT NULL,
    media_type text NOT NULL,
    content    bytea NOT NULL,
    sha256     text NOT NULL,
    PRIMARY KEY (invoice_id, kind)
);

-- Sealed quarters of municipalities, and how far the billing of each has come.
CREATE TABLE billing (
    municipality_id uuid NOT NULL,
    quarter         text NOT NULL,
    sequence        integer NOT NULL,
    sealed_at       timestamptz NOT NULL,
    calls           bigint NOT NULL,
    totals          jsonb NOT NULL,
    digest          text NOT NULL,
    correlation_id  text NOT NULL,
    state           text NOT NULL CHECK (state IN (
        'sealed',             -- heard of, not yet looked at
        'waiting_for_usage',  -- the own totals are not the sealed ones
        'waiting_for_facts',  -- a name or address it needs has not been heard
        'price_missing',      -- a service was called on a day it had no price
        'documents_refused',  -- the documents break a rule
        'invoiced',
        'no_usage'            -- nothing to bill
    )),
    sentence        text NOT NULL DEFAULT '',
    since           timestamptz NOT NULL,
    missing_prices  uuid[] NOT NULL DEFAULT '{}',
    looks           integer NOT NULL DEFAULT 0,
    look_at         timestamptz NOT NULL,
    invoice_id      uuid REFERENCES invoice DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (municipality_id, quarter),
    CHECK ((state = 'invoiced') = (invoice_id IS NOT NULL))
);
CREATE INDEX billing_quarter ON billing (quarter);
CREATE INDEX billing_due ON billing (look_at) WHERE state NOT IN ('invoiced', 'no_usage');
CREATE TABLE billing_history (
    position        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    municipality_id uuid NOT NULL,
    quarter         text NOT NULL,
    at              timestamptz NOT NULL,
    state           text NOT NULL,
    sentence        text NOT NULL,
    invoice_id      uuid
);
CREATE INDEX billing_history_of ON billing_history (municipality_id, quarter);

-- The runtime role may issue and remember, never change what was issued or what happened.
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_name IN ('invoice', 'invoice_line', 'invoice_document', 'billing_history', 'price_history')
          AND grantee <> current_user
    LOOP
        EXECUTE format(
            'REVOKE UPDATE, DELETE, TRUNCATE'
            ' ON invoice, invoice_line, invoice_document, billing_history, price_history FROM %I',
            other
        );
    END LOOP;
END
$$;
