-- What every service's database holds beside its own tables.

-- Events written with the state change they tell of, until the broker has confirmed them.
CREATE TABLE outbox (
    position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id       uuid NOT NULL UNIQUE,
    type           text NOT NULL,
    correlation_id text NOT NULL,
    body           bytea NOT NULL,
    written_at     timestamptz NOT NULL
);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Events already handled: claimed in the transaction of their effect.
CREATE TABLE inbox (
    event_id   uuid PRIMARY KEY,
    type       text NOT NULL,
    claimed_at timestamptz NOT NULL
);
CREATE INDEX inbox_claimed_at ON inbox USING brin (claimed_at);

-- Messages whose handling failed: due again by themselves, or waiting for a person (due_at is null).
CREATE TABLE parked (
    id        uuid PRIMARY KEY,
    event_id  uuid,
    type      text NOT NULL,
    body      bytea,
    redacted  boolean NOT NULL DEFAULT false,
    reason    text NOT NULL,
    attempts  integer NOT NULL,
    state     text NOT NULL CHECK (state IN ('waiting', 'handled', 'dropped')),
    parked_at timestamptz NOT NULL,
    due_at    timestamptz,
    ended_at  timestamptz,
    note      text,
    CHECK (state <> 'dropped' OR note IS NOT NULL)
);
CREATE UNIQUE INDEX parked_event ON parked (event_id) WHERE state = 'waiting' AND event_id IS NOT NULL;
CREATE INDEX parked_due ON parked (due_at) WHERE state = 'waiting';

-- Who did what: append-only; a job chains committed rows by hash.
CREATE TABLE audit (
    position        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL,
    actor_kind      text NOT NULL CHECK (actor_kind IN ('person', 'system', 'operator', 'service')),
    actor_id        text NOT NULL,
    organisation_id uuid,
    action          text NOT NULL,
    subject         text NOT NULL,
    detail          jsonb NOT NULL,
    correlation_id  text NOT NULL,
    written_in      xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX audit_subject ON audit (subject);
CREATE TABLE audit_chain (
    link     bigint PRIMARY KEY,
    position bigint NOT NULL UNIQUE REFERENCES audit,
    hash     bytea NOT NULL
);

-- The demonstration clock's offset as this service last heard it; 0 in live mode.
CREATE TABLE clock (
    the_one        boolean PRIMARY KEY DEFAULT true CHECK (the_one),
    offset_seconds bigint NOT NULL CHECK (offset_seconds >= 0),
    sequence       integer NOT NULL
);
INSERT INTO clock (offset_seconds, sequence) VALUES (0, 0);

-- Others than the owner (the runtime role) may add to the history, never change it; what has been migrated they
-- may only look up.
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_name IN ('audit', 'audit_chain') AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit, audit_chain FROM %I', other);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON migrations FROM %I', other);
    END LOOP;
END
$$;
