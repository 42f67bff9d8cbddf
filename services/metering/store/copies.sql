-- name: lock_system
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 727))

-- name: keep_system
INSERT INTO systems (id, sequence, supplier_id, supplier_name, name, environment, active)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET
    sequence = excluded.sequence, supplier_id = excluded.supplier_id, supplier_name = excluded.supplier_name,
    name = excluded.name, environment = excluded.environment, active = excluded.active
WHERE systems.sequence < excluded.sequence

-- name: keep_certificate
INSERT INTO certificates (id, sequence, system_id, thumbprint, public_key_pem, valid_from, valid_to, bound)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET
    sequence = excluded.sequence, system_id = excluded.system_id, thumbprint = excluded.thumbprint,
    public_key_pem = excluded.public_key_pem, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
    bound = excluded.bound
WHERE certificates.sequence < excluded.sequence

-- name: keep_grant
INSERT INTO grants (
    id, sequence, source, source_id, environment, supplier_id, system_id, municipality_id, municipality_cvr,
    service_id, valid
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET
    sequence = excluded.sequence, source = excluded.source, source_id = excluded.source_id,
    environment = excluded.environment, supplier_id = excluded.supplier_id, system_id = excluded.system_id,
    municipality_id = excluded.municipality_id, municipality_cvr = excluded.municipality_cvr,
    service_id = excluded.service_id, valid = excluded.valid
WHERE grants.sequence < excluded.sequence

-- name: systems_of
SELECT id, supplier_id, environment, active FROM systems WHERE id = ANY($1::uuid[])

-- name: certificates_of
SELECT id, sequence, system_id, thumbprint, public_key_pem, valid_from, valid_to, bound
FROM certificates WHERE thumbprint = ANY($1::text[])

-- name: grants_of
SELECT g.id, g.source, g.source_id, g.environment, g.system_id, g.municipality_id, g.municipality_cvr,
       g.service_id, g.valid
FROM unnest($1::uuid[], $2::uuid[]) AS asked (system_id, service_id)
JOIN grants g USING (system_id, service_id)
