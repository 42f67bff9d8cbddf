-- Copies of what the registry says; the highest sequence is kept.

CREATE TABLE systems (
    id            uuid PRIMARY KEY,
    sequence      integer NOT NULL,
    supplier_id   uuid NOT NULL,
    supplier_name text NOT NULL,
    name          text NOT NULL,
    environment   text NOT NULL CHECK (environment IN ('production', 'test')),
    active        tstzmultirange NOT NULL
);
CREATE INDEX systems_supplier ON systems (supplier_id);

CREATE TABLE certificates (
    id             uuid PRIMARY KEY,
    sequence       integer NOT NULL,
    system_id      uuid NOT NULL,
    thumbprint     text COLLATE "C" NOT NULL,
    public_key_pem text NOT NULL,
    valid_from     timestamptz NOT NULL,
    valid_to       timestamptz NOT NULL,
    bound          tstzmultirange NOT NULL
);
CREATE INDEX certificates_thumbprint ON certificates (thumbprint);

CREATE TABLE grants (
    id                uuid PRIMARY KEY,
    sequence          integer NOT NULL,
    source            text NOT NULL CHECK (source IN ('agreement', 'trial')),
    source_id         uuid NOT NULL,
    environment       text NOT NULL CHECK (environment IN ('production', 'test')),
    supplier_id       uuid NOT NULL,
    system_id         uuid NOT NULL,
    municipality_id   uuid NOT NULL,
    municipality_cvr  text NOT NULL,
    service_id        uuid NOT NULL,
    valid             tstzmultirange NOT NULL
);
CREATE INDEX grants_called ON grants (system_id, service_id);
CREATE INDEX grants_municipality ON grants (municipality_cvr, municipality_id);

-- Messages already taken: a redelivery brings the same bytes under the same id and is not counted again. The outcome
-- is that of the first judging; `tallies` keeps the sums of those old enough to be forgotten.
CREATE TABLE messages (
    system_id   uuid NOT NULL,
    message_id  text COLLATE "C" NOT NULL,
    digest      bytea NOT NULL,
    received_at timestamptz NOT NULL,
    calls       integer NOT NULL CHECK (calls > 0),
    counted     integer NOT NULL DEFAULT 0,
    duplicates  integer NOT NULL DEFAULT 0,
    refused     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (system_id, message_id, digest)
) WITH (fillfactor = 80);
CREATE INDEX messages_received ON messages USING brin (received_at);

CREATE TABLE tallies (
    system_id uuid NOT NULL,
    day       date NOT NULL,
    messages  bigint NOT NULL,
    calls     bigint NOT NULL,
    PRIMARY KEY (system_id, day)
);

-- The ids suppliers gave their calls: an id is used once per system, with one content.
CREATE TABLE claims (
    event_id   text COLLATE "C" NOT NULL,
    system_id  uuid NOT NULL,
    content    bytea NOT NULL,
    made_at    timestamptz NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, system_id)
);
CREATE INDEX claims_claimed ON claims USING brin (claimed_at);

-- Every counted call, by the time it was made. Partitions are made ahead by make_partitions.
CREATE TABLE records (
    made_at          timestamptz NOT NULL,
    system_id        uuid NOT NULL,
    event_id         text COLLATE "C" NOT NULL,
    grant_id         uuid NOT NULL,
    certificate_id   uuid NOT NULL,
    billing_quarter  text COLLATE "C" NOT NULL,
    accounting_info  text NOT NULL,
    caller_reference text,
    message_id       text COLLATE "C" NOT NULL,
    received_at      timestamptz NOT NULL
) PARTITION BY RANGE (made_at);
CREATE INDEX records_made ON records USING brin (made_at) WITH (pages_per_range = 32);
CREATE TABLE records_default PARTITION OF records DEFAULT;

-- Calls per grant, certificate, hour, billing quarter and cost key. What follows from the grant stands here again,
-- because it is asked for often. No index may know `calls`: it changes all the time, and touches none of them so.
CREATE TABLE counts (
    id              bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    grant_id        uuid NOT NULL,
    certificate_id  uuid NOT NULL,
    hour            timestamptz NOT NULL,
    billing_quarter text COLLATE "C" NOT NULL,
    accounting_info text COLLATE "C" NOT NULL,
    source          text NOT NULL,
    source_id       uuid NOT NULL,
    environment     text NOT NULL,
    supplier_id     uuid NOT NULL,
    system_id       uuid NOT NULL,
    municipality_id uuid NOT NULL,
    service_id      uuid NOT NULL,
    calls           bigint NOT NULL CHECK (calls > 0),
    PRIMARY KEY (grant_id, certificate_id, hour, billing_quarter, accounting_info)
) WITH (fillfactor = 70);
CREATE INDEX counts_supplier ON counts (supplier_id, hour);
CREATE INDEX counts_municipality ON counts (municipality_id, hour);
CREATE INDEX counts_billing ON counts (billing_quarter, municipality_id);
CREATE INDEX counts_hour ON counts (hour);

-- Counts that changed since they were last told.
CREATE TABLE news (
    count_id bigint PRIMARY KEY
) WITH (fillfactor = 50);
ALTER TABLE news SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Repeats of counted calls, so that what was sent can be accounted for. `day` is the UTC day of the repeated call,
-- `quarter` the civil quarter it falls in.
CREATE TABLE duplicates (
    system_id       uuid NOT NULL,
    municipality_id uuid NOT NULL,
    quarter         text COLLATE "C" NOT NULL,
    day             date NOT NULL,
    calls           bigint NOT NULL CHECK (calls > 0),
    PRIMARY KEY (system_id, municipality_id, quarter, day)
);

-- Calls not counted, with the reason. `state` changes when news lifts the refusal; the reason stays.
-- Of a call that does not fit its description only the parts that could be read are kept.
CREATE TABLE refusals (
    id                uuid PRIMARY KEY,
    system_id         uuid NOT NULL,
    message_id        text COLLATE "C" NOT NULL,
    position          integer NOT NULL,
    received_at       timestamptz NOT NULL,
    quarter           text COLLATE "C" NOT NULL,
    reason            text COLLATE "C" NOT NULL,
    detail            text NOT NULL,
    field             text,
    event_id          text COLLATE "C",
    made_at           timestamptz,
    service_id        uuid,
    municipality      text COLLATE "C",
    agreement_id      uuid,
    accounting_info   text NOT NULL DEFAULT '',
    caller_reference  text,
    named_environment text,
    -- Who signed: settled by `certificate_id`, or still to be checked by what was signed.
    certificate_id    uuid,
    thumbprint        text COLLATE "C",
    algorithm         text,
    signed_digest     bytea,
    signature         bytea,
    state             text NOT NULL DEFAULT 'refused' CHECK (state IN ('refused', 'counted', 'duplicate')),
    settled_at        timestamptz,
    CHECK ((state = 'refused') = (settled_at IS NULL))
);
CREATE INDEX refusals_system ON refusals (system_id, id);
CREATE INDEX refusals_event ON refusals (event_id, system_id);
CREATE INDEX refusals_message ON refusals (system_id, message_id);
CREATE INDEX refusals_quarter ON refusals (quarter, reason) WHERE state = 'refused';
CREATE INDEX refusals_again ON refusals (system_id, service_id, id)
    WHERE state = 'refused' AND reason IN (
        'certificate.unknown', 'certificate.ended', 'system.not_active', 'access.none', 'access.ended',
        'agreement.differs'
    );

CREATE TABLE refusals_history (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    refusal_id uuid NOT NULL REFERENCES refusals,
    at         timestamptz NOT NULL,
    reason     text NOT NULL,
    state      text NOT NULL
);
CREATE INDEX refusals_history_refusal ON refusals_history (refusal_id);

-- News that may lift refusals: those of a system, of one service and municipality where the news was a grant.
-- A job judges them again, a piece at a time from `after`.
CREATE TABLE rejudging (
    position         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_id        uuid NOT NULL,
    service_id       uuid,
    municipalities   text[],
    reasons          text[] NOT NULL,
    after            uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);

-- Quarters that are closed for good.
CREATE TABLE sealed_quarters (
    quarter   text COLLATE "C" PRIMARY KEY,
    sealed_at timestamptz NOT NULL,
    calls     bigint NOT NULL CHECK (calls >= 0)
);
CREATE TABLE sealed_municipalities (
    quarter         text COLLATE "C" NOT NULL REFERENCES sealed_quarters,
    municipality_id uuid NOT NULL,
    calls           bigint NOT NULL CHECK (calls > 0),
    digest          text NOT NULL,
    PRIMARY KEY (quarter, municipality_id)
);

-- Why a quarter that is due is not sealed; empty when all is well.
CREATE TABLE sealing_blocked (
    quarter text COLLATE "C" PRIMARY KEY,
    since   timestamptz NOT NULL,
    reason  text NOT NULL
);

-- Monthly partitions (UTC) of records for the months between two days. The service itself may not create tables, so
-- this runs with the owner's rights. Rows that came before their partition are moved out of the default one.
CREATE FUNCTION make_partitions(first date, last date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    starts date := date_trunc('month', first)::date;
    ends   date;
    called text;
    made   integer := 0;
BEGIN
    IF last > first + 1200 THEN
        RAISE EXCEPTION 'make_partitions: % to % is more than 1200 days', first, last;
    END IF;
    PERFORM pg_advisory_xact_lock(727101);
    WHILE starts <= last LOOP
        ends := (starts + interval '1 month')::date;
        called := 'records_' || to_char(starts, 'YYYY_MM');
        IF to_regclass('public.' || called) IS NULL THEN
            LOCK TABLE records_default IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('CREATE TABLE %I (LIKE records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', called);
            EXECUTE format(
                'WITH moved AS (DELETE FROM records_default WHERE made_at >= %L AND made_at < %L RETURNING *)'
                ' INSERT INTO %I SELECT * FROM moved',
                starts::timestamptz, ends::timestamptz, called);
            EXECUTE format(
                'ALTER TABLE records ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                called, starts::timestamptz, ends::timestamptz);
            PERFORM only_through_parent(called);
            made := made + 1;
        END IF;
        starts := ends;
    END LOOP;
    RETURN made;
END
$$;

-- Others than the owner reach a partition through `records` alone.
CREATE FUNCTION only_through_parent(called text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND table_name = called AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM %I', called, other);
    END LOOP;
END
$$;

-- What is history is added to, never changed.
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND table_name = 'records' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON records, refusals_history, sealed_quarters,'
                       ' sealed_municipalities FROM %I', other);
        EXECUTE format('REVOKE UPDATE ON claims FROM %I', other);
        EXECUTE format('REVOKE DELETE, TRUNCATE ON counts, duplicates, refusals FROM %I', other);
        EXECUTE format('REVOKE ALL ON FUNCTION only_through_parent(text) FROM %I', other);
    END LOOP;
    PERFORM only_through_parent('records_default');
END
$$;
