-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.

CREATE TABLE access (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    source text NOT NULL,
    source_id uuid NOT NULL,
    environment text NOT NULL,
    supplier_id uuid NOT NULL,
    system_id uuid NOT NULL,
    municipality_id uuid NOT NULL,
    service_id uuid NOT NULL,
    valid tstzmultirange NOT NULL,
    CONSTRAINT access_municipality_id_fkey FOREIGN KEY (municipality_id) REFERENCES organisations(id),
    CONSTRAINT access_pkey PRIMARY KEY (id),
    CONSTRAINT access_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
    CONSTRAINT access_source_id_fkey FOREIGN KEY (source_id) REFERENCES access_sources(id),
    CONSTRAINT access_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES organisations(id),
    CONSTRAINT access_system_id_fkey FOREIGN KEY (system_id) REFERENCES systems(id),
    CONSTRAINT access_environment_check CHECK ((environment = ANY (ARRAY['production'::text, 'test'::text]))),
    CONSTRAINT access_sequence_check CHECK ((sequence >= 1))
);
CREATE INDEX access_question ON public.access USING btree (system_id, service_id, municipality_id);
CREATE UNIQUE INDEX access_source ON public.access USING btree (source_id, service_id);
-- the service may: insert, select, update

CREATE TABLE access_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    access_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    source_sequence integer NOT NULL,
    valid tstzmultirange NOT NULL,
    CONSTRAINT access_history_access_id_fkey FOREIGN KEY (access_id) REFERENCES access(id),
    CONSTRAINT access_history_pkey PRIMARY KEY ("position")
);
CREATE INDEX access_history_access ON public.access_history USING btree (access_id);
-- the service may: insert, select

CREATE TABLE access_sources (
    id uuid NOT NULL,
    kind text NOT NULL,
    sequence integer NOT NULL,
    CONSTRAINT access_sources_pkey PRIMARY KEY (id),
    CONSTRAINT access_sources_kind_check CHECK ((kind = ANY (ARRAY['agreement'::text, 'trial'::text])))
);
-- the service may: insert, select, update

CREATE TABLE certificate_holders (
    subject_serial text NOT NULL,
    system_id uuid NOT NULL,
    CONSTRAINT certificate_holders_pkey PRIMARY KEY (subject_serial),
    CONSTRAINT certificate_holders_subject_serial_system_id_key UNIQUE (subject_serial, system_id),
    CONSTRAINT certificate_holders_system_id_fkey FOREIGN KEY (system_id) REFERENCES systems(id)
);
-- the service may: insert, select

CREATE TABLE certificate_use (
    certificate_id uuid NOT NULL,
    last_hour timestamp with time zone NOT NULL,
    CONSTRAINT certificate_use_certificate_id_fkey FOREIGN KEY (certificate_id) REFERENCES certificates(id),
    CONSTRAINT certificate_use_pkey PRIMARY KEY (certificate_id)
);
-- the service may: delete, insert, select, update

CREATE TABLE certificates (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    system_id uuid NOT NULL,
    kind text NOT NULL,
    subject_serial text NOT NULL,
    cvr text,
    common_name text NOT NULL,
    organisation_name text,
    issuer text NOT NULL,
    x509_serial text NOT NULL,
    thumbprint bytea NOT NULL,
    x5t_s256 text NOT NULL,
    public_key_pem text NOT NULL,
    pem text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL,
    bound_from timestamp with time zone NOT NULL,
    bound_to timestamp with time zone,
    CONSTRAINT certificates_pkey PRIMARY KEY (id),
    CONSTRAINT certificates_subject_serial_system_id_fkey FOREIGN KEY (subject_serial, system_id) REFERENCES certificate_holders(subject_serial, system_id),
    CONSTRAINT certificates_system_id_fkey FOREIGN KEY (system_id) REFERENCES systems(id),
    CONSTRAINT certificates_check CHECK ((bound_to >= bound_from)),
    CONSTRAINT certificates_kind_check CHECK ((kind = ANY (ARRAY['FOCES'::text, 'VOCES'::text]))),
    CONSTRAINT certificates_sequence_check CHECK ((sequence >= 1)),
    CONSTRAINT certificates_thumbprint_check CHECK ((length(thumbprint) = 32))
);
CREATE UNIQUE INDEX certificate_serial ON public.certificates USING btree (issuer, x509_serial);
CREATE INDEX certificate_system ON public.certificates USING btree (system_id);
CREATE UNIQUE INDEX certificate_thumbprint ON public.certificates USING btree (thumbprint);
-- the service may: insert, select, update

CREATE TABLE links (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    purpose text NOT NULL,
    asked_for boolean NOT NULL,
    secret_sha256 bytea NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT links_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
    CONSTRAINT links_person_id_fkey FOREIGN KEY (person_id) REFERENCES people(id),
    CONSTRAINT links_pkey PRIMARY KEY (id),
    CONSTRAINT links_check CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT links_ended_by_check CHECK ((ended_by = ANY (ARRAY['use'::text, 'newer link'::text]))),
    CONSTRAINT links_purpose_check CHECK ((purpose = ANY (ARRAY['invitation'::text, 'reset'::text]))),
    CONSTRAINT links_secret_sha256_check CHECK ((length(secret_sha256) = 32))
);
CREATE INDEX link_issued ON public.links USING btree (person_id, issued_at);
CREATE UNIQUE INDEX link_open ON public.links USING btree (person_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX link_secret ON public.links USING btree (secret_sha256);
-- the service may: delete, insert, select, update

CREATE TABLE memberships (
    person_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    roles text[] NOT NULL,
    active boolean NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT memberships_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id),
    CONSTRAINT memberships_person_id_fkey FOREIGN KEY (person_id) REFERENCES people(id),
    CONSTRAINT memberships_pkey PRIMARY KEY (person_id, organisation_id),
    CONSTRAINT memberships_roles_check CHECK (((cardinality(roles) >= 1) AND (roles <@ ARRAY['helpdesk'::text, 'administrator'::text, 'user'::text, 'signatory'::text, 'economy'::text])))
);
CREATE INDEX membership_organisation ON public.memberships USING btree (organisation_id);
-- the service may: delete, insert, select, update

CREATE TABLE organisations (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text COLLATE "da-x-icu" NOT NULL,
    cvr text NOT NULL,
    kinds text[] NOT NULL,
    municipality_code text,
    test boolean NOT NULL,
    mailbox text,
    invoice_mailbox text,
    ean text,
    buyer_reference text,
    active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT organisations_pkey PRIMARY KEY (id),
    CONSTRAINT code_is_a_municipalitys CHECK ((('municipality'::text = ANY (kinds)) OR (municipality_code IS NULL))),
    CONSTRAINT municipality_has_code CHECK ((test OR ('municipality'::text <> ALL (kinds)) OR (municipality_code IS NOT NULL))),
    CONSTRAINT organisations_cvr_check CHECK ((cvr ~ '^[1-9][0-9]{7}$'::text)),
    CONSTRAINT organisations_kinds_check CHECK (((cardinality(kinds) >= 1) AND (kinds <@ ARRAY['supplier'::text, 'municipality'::text, 'operator'::text]))),
    CONSTRAINT organisations_municipality_code_check CHECK ((municipality_code ~ '^[0-9]{4}$'::text)),
    CONSTRAINT organisations_sequence_check CHECK ((sequence >= 1))
);
CREATE UNIQUE INDEX organisation_code ON public.organisations USING btree (municipality_code) WHERE (municipality_code IS NOT NULL);
CREATE UNIQUE INDEX organisation_cvr ON public.organisations USING btree (cvr, test);
CREATE INDEX organisation_name ON public.organisations USING btree (name, id);
CREATE UNIQUE INDEX organisation_operator ON public.organisations USING btree ((true)) WHERE ('operator'::text = ANY (kinds));
CREATE UNIQUE INDEX organisation_test_municipality ON public.organisations USING btree (test) WHERE (test AND ('municipality'::text = ANY (kinds)));
-- the service may: delete, insert, select, update

CREATE TABLE people (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text COLLATE "da-x-icu" NOT NULL,
    email text NOT NULL,
    password_hash text,
    created_at timestamp with time zone NOT NULL,
    password_set_at timestamp with time zone,
    CONSTRAINT people_pkey PRIMARY KEY (id),
    CONSTRAINT people_sequence_check CHECK ((sequence >= 1))
);
CREATE UNIQUE INDEX person_email ON public.people USING btree (lower(email));
-- the service may: delete, insert, select, update

CREATE TABLE service_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    service_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    state text NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    CONSTRAINT service_history_pkey PRIMARY KEY ("position"),
    CONSTRAINT service_history_service_id_fkey FOREIGN KEY (service_id) REFERENCES services(id),
    CONSTRAINT service_history_what_check CHECK ((what = ANY (ARRAY['published'::text, 'changed'::text])))
);
CREATE INDEX service_history_service ON public.service_history USING btree (service_id);
-- the service may: insert, select

CREATE TABLE services (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    name text COLLATE "da-x-icu" NOT NULL,
    version text NOT NULL,
    number text,
    entity_id text,
    description text NOT NULL,
    data_categories text NOT NULL,
    state text NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT services_pkey PRIMARY KEY (id),
    CONSTRAINT services_sequence_check CHECK ((sequence >= 1)),
    CONSTRAINT services_state_check CHECK ((state = ANY (ARRAY['open'::text, 'locked'::text, 'closed'::text])))
);
CREATE INDEX service_list ON public.services USING btree (name, version, id);
CREATE UNIQUE INDEX service_name ON public.services USING btree (name, version);
-- the service may: insert, select, update

CREATE TABLE sign_in_failures (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    address_sha256 bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_failures_pkey PRIMARY KEY (id),
    CONSTRAINT sign_in_failures_address_sha256_check CHECK ((length(address_sha256) = 32))
);
CREATE INDEX sign_in_failure_address ON public.sign_in_failures USING btree (address_sha256, at);
CREATE INDEX sign_in_failure_at ON public.sign_in_failures USING btree (at);
-- the service may: delete, insert, select, update

CREATE TABLE system_history (
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    system_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    certificate_id uuid,
    state text NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    CONSTRAINT system_history_certificate_id_fkey FOREIGN KEY (certificate_id) REFERENCES certificates(id),
    CONSTRAINT system_history_pkey PRIMARY KEY ("position"),
    CONSTRAINT system_history_system_id_fkey FOREIGN KEY (system_id) REFERENCES systems(id),
    CONSTRAINT system_history_what_check CHECK ((what = ANY (ARRAY['registered'::text, 'renamed'::text, 'paused'::text, 'resumed'::text, 'deactivated'::text, 'certificate bound'::text, 'certificate ended'::text])))
);
CREATE INDEX system_history_system ON public.system_history USING btree (system_id);
-- the service may: insert, select

CREATE TABLE systems (
    id uuid NOT NULL,
    sequence integer NOT NULL,
    supplier_id uuid NOT NULL,
    name text COLLATE "da-x-icu" NOT NULL,
    environment text NOT NULL,
    state text NOT NULL,
    active tstzmultirange NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    CONSTRAINT systems_pkey PRIMARY KEY (id),
    CONSTRAINT systems_supplier_id_fkey FOREIGN KEY (supplier_id) REFERENCES organisations(id),
    CONSTRAINT active_while_registered CHECK (((state = 'registered'::text) = (upper_inf(active) AND (NOT isempty(active))))),
    CONSTRAINT systems_environment_check CHECK ((environment = ANY (ARRAY['production'::text, 'test'::text]))),
    CONSTRAINT systems_sequence_check CHECK ((sequence >= 1)),
    CONSTRAINT systems_state_check CHECK ((state = ANY (ARRAY['registered'::text, 'paused'::text, 'deactivated'::text])))
);
CREATE INDEX system_list ON public.systems USING btree (registered_at, id);
CREATE INDEX system_supplier ON public.systems USING btree (supplier_id, registered_at, id);
-- the service may: insert, select, update

CREATE TABLE used_assertions (
    system_id uuid NOT NULL,
    jti_sha256 bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT used_assertions_pkey PRIMARY KEY (system_id, jti_sha256),
    CONSTRAINT used_assertions_system_id_fkey FOREIGN KEY (system_id) REFERENCES systems(id),
    CONSTRAINT used_assertions_jti_sha256_check CHECK ((length(jti_sha256) = 32))
);
CREATE INDEX used_assertion_expiry ON public.used_assertions USING btree (expires_at);
-- the service may: delete, insert, select, update
