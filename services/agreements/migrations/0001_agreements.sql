-- Copies of what others own, as far as a request needs it; the highest sequence is the newest.
CREATE TABLE organisation (
    id       uuid PRIMARY KEY,
    sequence integer NOT NULL,
    name     text NOT NULL,
    kinds    text[] NOT NULL,
    test     boolean NOT NULL,
    active   boolean NOT NULL
);
CREATE INDEX organisation_test_municipality ON organisation (id) WHERE test AND 'municipality' = ANY (kinds);
CREATE TABLE system (
    id            uuid PRIMARY KEY,
    sequence      integer NOT NULL,
    supplier_id   uuid NOT NULL,
    supplier_name text NOT NULL,
    name          text NOT NULL,
    environment   text NOT NULL CHECK (environment IN ('production', 'test')),
    state         text NOT NULL CHECK (state IN ('registered', 'paused', 'deactivated'))
);
CREATE TABLE service (
    id       uuid PRIMARY KEY,
    sequence integer NOT NULL,
    name     text NOT NULL,
    version  text NOT NULL,
    state    text NOT NULL CHECK (state IN ('open', 'locked', 'closed'))
);

-- One act of a supplier, towards one or many municipalities.
CREATE TABLE request (
    id                         uuid PRIMARY KEY,
    number                     bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    supplier_id                uuid NOT NULL,
    supplier_name              text NOT NULL,
    system_id                  uuid NOT NULL,
    system_name                text NOT NULL,
    purpose                    text NOT NULL,
    expected_calls_per_quarter bigint CHECK (expected_calls_per_quarter >= 0),
    services                   jsonb NOT NULL,
    requested_at               timestamptz NOT NULL
);
CREATE INDEX request_supplier ON request (supplier_id, number);

-- The answer once given for an idempotency key, to give again.
CREATE TABLE kept_answer (
    supplier_id uuid NOT NULL,
    key         text NOT NULL,
    body_hash   bytea NOT NULL,
    answer      text,
    kept_at     timestamptz NOT NULL,
    PRIMARY KEY (supplier_id, key)
);
CREATE INDEX kept_answer_kept_at ON kept_answer (kept_at);

-- requested -> approved | rejected | withdrawn;  approved -> terminated
CREATE TABLE agreement (
    id                uuid PRIMARY KEY,
    number            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    sequence          integer NOT NULL,
    request_id        uuid NOT NULL REFERENCES request,
    supplier_id       uuid NOT NULL,
    system_id         uuid NOT NULL,
    municipality_id   uuid NOT NULL,
    municipality_name text NOT NULL,
    state             text NOT NULL
                      CHECK (state IN ('requested', 'approved', 'rejected', 'withdrawn', 'terminated')),
    requested_at      timestamptz NOT NULL,
    decided_at        timestamptz,
    starts            timestamptz,
    ends              timestamptz,
    reason            text,
    notice_resent_at  timestamptz,
    UNIQUE (id, system_id, municipality_id),
    CHECK ((starts IS NOT NULL) = (state IN ('approved', 'terminated'))),
    CHECK ((ends IS NOT NULL) = (state = 'terminated')),
    CHECK (ends >= starts)
);
CREATE INDEX agreement_request ON agreement (request_id);
CREATE INDEX agreement_supplier ON agreement (supplier_id, number);
CREATE INDEX agreement_municipality ON agreement (municipality_id, number);

-- One service of an agreement. `live`: undecided, or approved and running.
CREATE TABLE agreement_line (
    agreement_id    uuid NOT NULL,
    place           integer NOT NULL,
    service_id      uuid NOT NULL,
    service_name    text NOT NULL,
    system_id       uuid NOT NULL,
    municipality_id uuid NOT NULL,
    decision        text NOT NULL CHECK (decision IN ('pending', 'approved', 'rejected')),
    reason          text,
    live            boolean NOT NULL,
    PRIMARY KEY (agreement_id, service_id),
    FOREIGN KEY (agreement_id, system_id, municipality_id) REFERENCES agreement (id, system_id, municipality_id)
);
-- The net under the rule that a service is asked for once: what is open or running can't be asked for again.
CREATE UNIQUE INDEX agreement_line_live ON agreement_line (system_id, municipality_id, service_id) WHERE live;

CREATE TABLE agreement_history (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agreement_id uuid NOT NULL REFERENCES agreement,
    sequence     integer NOT NULL,
    at           timestamptz NOT NULL,
    what         text NOT NULL,
    side         text NOT NULL CHECK (side IN ('supplier', 'municipality', 'operator')),
    person_id    uuid NOT NULL,
    reason       text,
    UNIQUE (agreement_id, sequence)
);

-- open -> closed
CREATE TABLE trial (
    id                uuid PRIMARY KEY,
    number            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    sequence          integer NOT NULL,
    supplier_id       uuid NOT NULL,
    supplier_name     text NOT NULL,
    system_id         uuid NOT NULL,
    system_name       text NOT NULL,
    municipality_id   uuid NOT NULL,
    municipality_name text NOT NULL,
    state             text NOT NULL CHECK (state IN ('open', 'closed')),
    starts            timestamptz NOT NULL,
    ends              timestamptz,
    UNIQUE (id, system_id),
    CHECK ((ends IS NOT NULL) = (state = 'closed')),
    CHECK (ends >= starts)
);
CREATE INDEX trial_supplier ON trial (supplier_id, number);
CREATE TABLE trial_line (
    trial_id     uuid NOT NULL,
    place        integer NOT NULL,
    service_id   uuid NOT NULL,
    service_name text NOT NULL,
    system_id    uuid NOT NULL,
    live         boolean NOT NULL,
    PRIMARY KEY (trial_id, service_id),
    FOREIGN KEY (trial_id, system_id) REFERENCES trial (id, system_id)
);
CREATE UNIQUE INDEX trial_line_live ON trial_line (system_id, service_id) WHERE live;
CREATE TABLE trial_history (
    position  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trial_id  uuid NOT NULL REFERENCES trial,
    sequence  integer NOT NULL,
    at        timestamptz NOT NULL,
    what      text NOT NULL,
    side      text NOT NULL CHECK (side IN ('supplier', 'operator')),
    person_id uuid NOT NULL,
    UNIQUE (trial_id, sequence)
);

-- An agreement and a trial as they are told, with their lines.
CREATE VIEW whole_agreement AS
SELECT a.id, a.number, a.sequence, a.request_id, a.supplier_id, r.supplier_name, a.municipality_id,
       a.municipality_name, a.system_id, r.system_name, r.purpose, r.expected_calls_per_quarter, a.state,
       a.requested_at, a.decided_at, a.starts, a.ends, a.reason, a.notice_resent_at,
       (SELECT jsonb_agg(jsonb_build_object('service_id', l.service_id, 'service_name', l.service_name,
                                            'decision', l.decision, 'reason', l.reason) ORDER BY l.place)
        FROM agreement_line l WHERE l.agreement_id = a.id) AS lines
FROM agreement a JOIN request r ON r.id = a.request_id;

CREATE VIEW whole_trial AS
SELECT t.id, t.number, t.sequence, t.supplier_id, t.supplier_name, t.system_id, t.system_name, t.municipality_id,
       t.municipality_name, t.state, t.starts, t.ends,
       (SELECT jsonb_agg(jsonb_build_object('service_id', l.service_id, 'service_name', l.service_name)
                         ORDER BY l.place)
        FROM trial_line l WHERE l.trial_id = t.id) AS lines
FROM trial t;

-- Others than the owner (the runtime role) may add to the histories, never change them.
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_name IN ('agreement_history', 'trial_history') AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON agreement_history, trial_history FROM %I', other);
    END LOOP;
END
$$;
