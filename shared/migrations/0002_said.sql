-- Events already published that their listeners act on one by one, kept for a while: when the broker or a
-- listener's database is lost with them, they are said again.
CREATE TABLE said (
    event_id       uuid PRIMARY KEY,
    position       bigint NOT NULL,
    type           text NOT NULL,
    correlation_id text NOT NULL,
    body           bytea NOT NULL,
    written_at     timestamptz NOT NULL,
    said_at        timestamptz NOT NULL
);
CREATE INDEX said_type ON said (type, said_at);
