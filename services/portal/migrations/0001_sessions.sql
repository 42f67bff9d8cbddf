-- Browser sessions. The key is a digest of the cookie's secret, and what is sealed can be opened with that secret
-- alone: whoever reads this table can neither take over a session nor see a token or a name.

CREATE TABLE sessions (
    id         bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    person_id  uuid NOT NULL,
    sealed     bytea NOT NULL,
    agent      text NOT NULL CHECK (length(agent) <= 255),
    begun_at   timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    told       text CHECK (length(told) <= 1000)
);
COMMENT ON COLUMN sessions.begun_at IS 'Real time, like seen_at: a demonstration that moves ahead signs nobody out.';
COMMENT ON COLUMN sessions.told IS 'What the next page begins with, such as that something was done.';
CREATE INDEX session_person ON sessions (person_id);
CREATE INDEX session_seen ON sessions (seen_at);
