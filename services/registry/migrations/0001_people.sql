-- Organisations, the people in them, and what they sign in with.

CREATE TABLE organisations (
    id                uuid PRIMARY KEY,
    sequence          integer NOT NULL CHECK (sequence >= 1),
    name              text COLLATE "da-x-icu" NOT NULL,
    cvr               text NOT NULL CHECK (cvr ~ '^[1-9][0-9]{7}$'),
    kinds             text[] NOT NULL CHECK (
        cardinality(kinds) >= 1 AND kinds <@ ARRAY['supplier', 'municipality', 'operator']
    ),
    municipality_code text CHECK (municipality_code ~ '^[0-9]{4}$'),
    test              boolean NOT NULL,
    mailbox           text,
    invoice_mailbox   text,
    ean               text,
    buyer_reference   text,
    active            boolean NOT NULL,
    created_at        timestamptz NOT NULL,
    CONSTRAINT municipality_has_code CHECK (
        test OR 'municipality' <> ALL (kinds) OR municipality_code IS NOT NULL
    ),
    CONSTRAINT code_is_a_municipalitys CHECK ('municipality' = ANY (kinds) OR municipality_code IS NULL)
);
-- A test organisation may carry the number of a real one.
CREATE UNIQUE INDEX organisation_cvr ON organisations (cvr, test);
CREATE UNIQUE INDEX organisation_code ON organisations (municipality_code) WHERE municipality_code IS NOT NULL;
CREATE UNIQUE INDEX organisation_test_municipality ON organisations (test)
    WHERE test AND 'municipality' = ANY (kinds);
CREATE UNIQUE INDEX organisation_operator ON organisations ((true)) WHERE 'operator' = ANY (kinds);
CREATE INDEX organisation_name ON organisations (name, id);

-- A person is one mail address, whatever organisations they act in. Without a password nobody signs in.
CREATE TABLE people (
    id            uuid PRIMARY KEY,
    sequence      integer NOT NULL CHECK (sequence >= 1),
    name          text COLLATE "da-x-icu" NOT NULL,
    email         text NOT NULL,
    password_hash text,
    created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX person_email ON people (lower(email));

CREATE TABLE memberships (
    person_id       uuid NOT NULL REFERENCES people,
    organisation_id uuid NOT NULL REFERENCES organisations,
    roles           text[] NOT NULL CHECK (
        cardinality(roles) >= 1
        AND roles <@ ARRAY['helpdesk', 'administrator', 'user', 'signatory', 'economy']
    ),
    active          boolean NOT NULL,
    since           timestamptz NOT NULL,
    PRIMARY KEY (person_id, organisation_id)
);
CREATE INDEX membership_organisation ON memberships (organisation_id);

-- One-time links by which a person sets a password. Only the secret's SHA-256 is kept.
CREATE TABLE links (
    id              uuid PRIMARY KEY,
    person_id       uuid NOT NULL REFERENCES people,
    organisation_id uuid NOT NULL REFERENCES organisations,
    purpose         text NOT NULL CHECK (purpose IN ('invitation', 'reset')),
    asked_for       boolean NOT NULL,
    secret_sha256   bytea NOT NULL CHECK (length(secret_sha256) = 32),
    issued_at       timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    ended_by        text CHECK (ended_by IN ('use', 'newer link')),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX link_secret ON links (secret_sha256);
CREATE UNIQUE INDEX link_open ON links (person_id) WHERE ended_at IS NULL;
CREATE INDEX link_issued ON links (person_id, issued_at);

-- Sign-ins that have not succeeded, by SHA-256 of the mail address: it may belong to nobody here.
CREATE TABLE sign_in_failures (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address_sha256 bytea NOT NULL CHECK (length(address_sha256) = 32),
    at             timestamptz NOT NULL
);
CREATE INDEX sign_in_failure_address ON sign_in_failures (address_sha256, at);
CREATE INDEX sign_in_failure_at ON sign_in_failures (at);
