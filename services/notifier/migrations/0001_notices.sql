-- Copies of what others own: where organisations and people receive mail; the highest sequence is the newest.
CREATE TABLE organisation (
    id              uuid PRIMARY KEY,
    sequence        integer NOT NULL,
    name            text NOT NULL,
    mailbox         text,
    invoice_mailbox text
);
CREATE TABLE person (
    id       uuid PRIMARY KEY,
    sequence integer NOT NULL,
    email    text NOT NULL,
    active   boolean NOT NULL
);
CREATE TABLE membership (
    person_id       uuid NOT NULL REFERENCES person,
    organisation_id uuid NOT NULL,
    roles           text[] NOT NULL,
    PRIMARY KEY (person_id, organisation_id)
);
CREATE INDEX membership_organisation ON membership (organisation_id);

-- queued -> sent | failed;  failed -> queued (helpdesk tries again, or an address came)
CREATE TABLE notice (
    id              uuid PRIMARY KEY,
    number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    sequence        integer NOT NULL,
    kind            text NOT NULL,
    event_type      text NOT NULL,
    -- Null: to a person by the address in the content.
    organisation_id uuid,
    about_id        uuid NOT NULL,
    -- What the mail is written from; null once a secret in it was erased.
    content         jsonb,
    state           text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts        integer NOT NULL,
    -- The last failure: a stable code, and in words without addresses.
    failure         text,
    reason          text,
    addressed_to    text[] NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    due_at          timestamptz,
    ended_at        timestamptz,
    -- Who sends it just now, and until when (the database's own real time) no other copy may.
    lease           uuid,
    leased_until    timestamptz,
    correlation_id  text NOT NULL,
    causation_id    uuid,
    CHECK ((due_at IS NOT NULL) = (state = 'queued')),
    CHECK ((ended_at IS NULL) = (state = 'queued')),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
);
CREATE INDEX notice_due ON notice (due_at, number) WHERE state = 'queued';
CREATE INDEX notice_organisation ON notice (organisation_id, number);
CREATE INDEX notice_about ON notice (about_id);
CREATE INDEX notice_failed ON notice (organisation_id) WHERE state = 'failed' AND failure = 'no_address';

-- An invoice's files, until they are sent.
CREATE TABLE document (
    notice_id  uuid NOT NULL REFERENCES notice,
    place      integer NOT NULL,
    filename   text NOT NULL,
    media_type text NOT NULL,
    content    bytea NOT NULL,
    PRIMARY KEY (notice_id, place)
);

-- What happened to a notice, attempt by attempt.
CREATE TABLE notice_history (
    position  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id uuid NOT NULL REFERENCES notice,
    at        timestamptz NOT NULL,
    what      text NOT NULL CHECK (what IN ('queued', 'deferred', 'sent', 'failed', 'queued_again')),
    reason    text
);
CREATE INDEX notice_history_notice ON notice_history (notice_id);

-- Others than the owner (the runtime role) may add to the history, never change it.
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_name = 'notice_history' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON notice_history FROM %I', other);
    END LOOP;
END
$$;
