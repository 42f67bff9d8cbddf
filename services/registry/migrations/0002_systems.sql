-- The service catalogue, suppliers' IT systems with their certificates, and who may call what.

-- A service's id names service and version; neither ever changes.
CREATE TABLE services (
    id              uuid PRIMARY KEY,
    sequence        integer NOT NULL CHECK (sequence >= 1),
    name            text COLLATE "da-x-icu" NOT NULL,
    version         text NOT NULL,
    number          text,
    entity_id       text,
    description     text NOT NULL,
    data_categories text NOT NULL,
    state           text NOT NULL CHECK (state IN ('open', 'locked', 'closed')),
    published_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX service_name ON services (name, version);
CREATE INDEX service_list ON services (name, version, id);

CREATE TABLE service_history (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_id uuid NOT NULL REFERENCES services,
    at         timestamptz NOT NULL,
    what       text NOT NULL CHECK (what IN ('published', 'changed')),
    state      text NOT NULL,
    actor_kind text NOT NULL,
    actor_id   text NOT NULL
);
CREATE INDEX service_history_service ON service_history (service_id);

-- `active`: the spans in which the system may connect; the last one is open exactly while it is registered.
CREATE TABLE systems (
    id            uuid PRIMARY KEY,
    sequence      integer NOT NULL CHECK (sequence >= 1),
    supplier_id   uuid NOT NULL REFERENCES organisations,
    name          text COLLATE "da-x-icu" NOT NULL,
    environment   text NOT NULL CHECK (environment IN ('production', 'test')),
    state         text NOT NULL CHECK (state IN (
        'registered',  -- the beginning; paused -> registered
        'paused',      -- registered -> paused
        'deactivated'  -- registered, paused -> deactivated: the end
    )),
    active        tstzmultirange NOT NULL,
    registered_at timestamptz NOT NULL,
    CONSTRAINT active_while_registered CHECK ((state = 'registered') = (upper_inf(active) AND NOT isempty(active)))
);
CREATE INDEX system_supplier ON systems (supplier_id, registered_at, id);
CREATE INDEX system_list ON systems (registered_at, id);

-- Whose certificates a system has: a holder's serial number belongs to one system, for good.
CREATE TABLE certificate_holders (
    subject_serial text PRIMARY KEY,
    system_id      uuid NOT NULL REFERENCES systems,
    UNIQUE (subject_serial, system_id)
);

-- A certificate is bound once; once ended it is never taken again, by anyone.
CREATE TABLE certificates (
    id                uuid PRIMARY KEY,
    sequence          integer NOT NULL CHECK (sequence >= 1),
    system_id         uuid NOT NULL REFERENCES systems,
    kind              text NOT NULL CHECK (kind IN ('FOCES', 'VOCES')),
    subject_serial    text NOT NULL,
    cvr               text,
    common_name       text NOT NULL,
    organisation_name text,
    issuer            text NOT NULL,
    x509_serial       text NOT NULL,
    thumbprint        bytea NOT NULL CHECK (length(thumbprint) = 32),
    x5t_s256          text NOT NULL,
    public_key_pem    text NOT NULL,
    pem               text NOT NULL,
    valid_from        timestamptz NOT NULL,
    valid_to          timestamptz NOT NULL,
    bound_from        timestamptz NOT NULL,
    bound_to          timestamptz,
    CHECK (bound_to >= bound_from),
    FOREIGN KEY (subject_serial, system_id) REFERENCES certificate_holders (subject_serial, system_id)
);
CREATE UNIQUE INDEX certificate_thumbprint ON certificates (thumbprint);
CREATE UNIQUE INDEX certificate_serial ON certificates (issuer, x509_serial);
CREATE INDEX certificate_system ON certificates (system_id);

-- When a certificate was last used, to the hour, as the counted calls tell. Apart from the certificate itself:
-- it changes all the time and nobody is told of it.
CREATE TABLE certificate_use (
    certificate_id uuid PRIMARY KEY REFERENCES certificates,
    last_hour      timestamptz NOT NULL
);

CREATE TABLE system_history (
    position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_id      uuid NOT NULL REFERENCES systems,
    at             timestamptz NOT NULL,
    what           text NOT NULL CHECK (what IN (
        'registered', 'renamed', 'paused', 'resumed', 'deactivated', 'certificate bound', 'certificate ended'
    )),
    certificate_id uuid REFERENCES certificates,
    state          text NOT NULL,
    actor_kind     text NOT NULL,
    actor_id       text NOT NULL
);
CREATE INDEX system_history_system ON system_history (system_id);

-- How far each agreement or trial connection has been heard of: only a higher sequence changes its grants.
CREATE TABLE access_sources (
    id       uuid PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('agreement', 'trial')),
    sequence integer NOT NULL
);

-- A grant: this system may call this service for this municipality in the spans `valid`.
CREATE TABLE access (
    id              uuid PRIMARY KEY,
    sequence        integer NOT NULL CHECK (sequence >= 1),
    source          text NOT NULL,
    source_id       uuid NOT NULL REFERENCES access_sources,
    environment     text NOT NULL CHECK (environment IN ('production', 'test')),
    supplier_id     uuid NOT NULL REFERENCES organisations,
    system_id       uuid NOT NULL REFERENCES systems,
    municipality_id uuid NOT NULL REFERENCES organisations,
    service_id      uuid NOT NULL REFERENCES services,
    valid           tstzmultirange NOT NULL
);
CREATE UNIQUE INDEX access_source ON access (source_id, service_id);
CREATE INDEX access_question ON access (system_id, service_id, municipality_id);

CREATE TABLE access_history (
    position        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    access_id       uuid NOT NULL REFERENCES access,
    at              timestamptz NOT NULL,
    source_sequence integer NOT NULL,
    valid           tstzmultirange NOT NULL
);
CREATE INDEX access_history_access ON access_history (access_id);

-- Sign-in assertions already used, in real time like their expiry; a job forgets them afterwards.
CREATE TABLE used_assertions (
    system_id   uuid NOT NULL REFERENCES systems,
    jti_sha256  bytea NOT NULL CHECK (length(jti_sha256) = 32),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (system_id, jti_sha256)
);
CREATE INDEX used_assertion_expiry ON used_assertions (expires_at);

-- The service itself (the runtime role) adds to histories and never changes them; what once identified a
-- system, or let it in, is never deleted.
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_name IN ('systems', 'system_history') AND grantee <> current_user
    LOOP
        EXECUTE format(
            'REVOKE UPDATE, DELETE, TRUNCATE'
            ' ON service_history, system_history, access_history, certificate_holders FROM %I', other
        );
        EXECUTE format(
            'REVOKE DELETE, TRUNCATE ON services, systems, certificates, access_sources, access FROM %I', other
        );
    END LOOP;
END
$$;
