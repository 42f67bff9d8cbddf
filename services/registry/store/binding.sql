-- name: claim_holder
-- The holder's serial number now belongs to this system, unless it belongs to one already.
INSERT INTO certificate_holders (subject_serial, system_id) VALUES ($1, $2) ON CONFLICT (subject_serial) DO NOTHING;

-- name: holder_system
SELECT system_id FROM certificate_holders WHERE subject_serial = $1;

-- name: add_certificate
-- Binds a certificate that has never been bound; nothing is returned when this one has.
INSERT INTO certificates (
    id, sequence, system_id, kind, subject_serial, cvr, common_name, organisation_name, issuer, x509_serial,
    thumbprint, x5t_s256, public_key_pem, pem, valid_from, valid_to, bound_from
)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: certificate_owner
-- Whose system a certificate was ever bound to: found by itself, by its number, or by its holder.
SELECT s.id AS system_id, s.name AS system_name, s.supplier_id
FROM systems s
WHERE s.id = (
    SELECT found.system_id FROM (
        SELECT system_id FROM certificates WHERE thumbprint = $1
        UNION ALL
        SELECT system_id FROM certificates WHERE issuer = $2 AND x509_serial = $3
        UNION ALL
        SELECT system_id FROM certificate_holders WHERE subject_serial = $4
    ) AS found LIMIT 1
);

-- name: certificates_of_systems
SELECT c.id, c.sequence, c.system_id, s.supplier_id, s.environment, c.kind, c.subject_serial, c.cvr,
       c.common_name, c.organisation_name, c.issuer, c.x509_serial, c.thumbprint, c.x5t_s256, c.public_key_pem,
       c.pem, c.valid_from, c.valid_to, c.bound_from, c.bound_to, u.last_hour AS last_used_hour
FROM certificates c
JOIN systems s ON s.id = c.system_id
LEFT JOIN certificate_use u ON u.certificate_id = c.id
WHERE c.system_id = ANY($1::uuid[])
ORDER BY c.bound_from, c.id;

-- name: find_certificate
SELECT c.id, c.sequence, c.system_id, s.supplier_id, s.environment, c.kind, c.subject_serial, c.cvr,
       c.common_name, c.organisation_name, c.issuer, c.x509_serial, c.thumbprint, c.x5t_s256, c.public_key_pem,
       c.pem, c.valid_from, c.valid_to, c.bound_from, c.bound_to, u.last_hour AS last_used_hour
FROM certificates c
JOIN systems s ON s.id = c.system_id
LEFT JOIN certificate_use u ON u.certificate_id = c.id
WHERE c.thumbprint = $1;

-- name: newest_certificates_of_supplier
SELECT c.id, c.sequence, c.system_id, s.supplier_id, s.environment, c.kind, c.subject_serial, c.cvr,
       c.common_name, c.organisation_name, c.issuer, c.x509_serial, c.thumbprint, c.x5t_s256, c.public_key_pem,
       c.pem, c.valid_from, c.valid_to, c.bound_from, c.bound_to, u.last_hour AS last_used_hour
FROM systems s
JOIN certificates c ON c.system_id = s.id
LEFT JOIN certificate_use u ON u.certificate_id = c.id
WHERE s.supplier_id = $1
ORDER BY c.bound_from DESC, c.id
LIMIT $2;

-- name: fitting_certificates
SELECT c.id, c.sequence, c.system_id, s.supplier_id, s.environment, c.kind, c.subject_serial, c.cvr,
       c.common_name, c.organisation_name, c.issuer, c.x509_serial, c.thumbprint, c.x5t_s256, c.public_key_pem,
       c.pem, c.valid_from, c.valid_to, c.bound_from, c.bound_to, u.last_hour AS last_used_hour
FROM certificates c
JOIN systems s ON s.id = c.system_id
LEFT JOIN certificate_use u ON u.certificate_id = c.id
WHERE c.thumbprint = ANY ($1::bytea[]) OR c.x509_serial = ANY ($2::text[]) OR c.subject_serial = ANY ($3::text[])
   OR (c.subject_serial LIKE 'CVR:%' AND substring(c.subject_serial from '[0-9]+$') = ANY ($4::text[]))
ORDER BY c.bound_from DESC, c.id
LIMIT $5;

-- name: every_pem
SELECT thumbprint, pem FROM certificates;

-- name: list_certificates
-- Everybody's certificates, after a given id.
SELECT c.id, c.sequence, c.system_id, s.supplier_id, s.environment, c.kind, c.subject_serial, c.cvr,
       c.common_name, c.organisation_name, c.issuer, c.x509_serial, c.thumbprint, c.x5t_s256, c.public_key_pem,
       c.pem, c.valid_from, c.valid_to, c.bound_from, c.bound_to, u.last_hour AS last_used_hour
FROM certificates c
JOIN systems s ON s.id = c.system_id
LEFT JOIN certificate_use u ON u.certificate_id = c.id
WHERE $1::uuid IS NULL OR c.id > $1
ORDER BY c.id
LIMIT $2;

-- name: end_certificate
-- Ends a bound certificate; never before it began, where two machines' clocks differ.
UPDATE certificates c
SET sequence = c.sequence + 1, bound_to = greatest(c.bound_from, $3)
FROM systems s
WHERE c.id = $1 AND c.system_id = $2 AND s.id = c.system_id AND c.bound_to IS NULL
RETURNING c.id, c.sequence, c.system_id, s.supplier_id, s.environment, c.kind, c.subject_serial, c.cvr,
          c.common_name, c.organisation_name, c.issuer, c.x509_serial, c.thumbprint, c.x5t_s256,
          c.public_key_pem, c.pem, c.valid_from, c.valid_to, c.bound_from, c.bound_to,
          (SELECT u.last_hour FROM certificate_use u WHERE u.certificate_id = c.id) AS last_used_hour;

-- name: note_use
-- Keeps the latest hour each certificate was used in. Returns the certificates that are known.
WITH told AS (
    SELECT t.certificate_id, max(t.hour) AS hour
    FROM unnest($1::uuid[], $2::timestamptz[]) AS t (certificate_id, hour)
    GROUP BY t.certificate_id
), known AS (
    SELECT c.id, told.hour FROM told JOIN certificates c ON c.id = told.certificate_id
), written AS (
    INSERT INTO certificate_use AS u (certificate_id, last_hour)
    SELECT id, hour FROM known ORDER BY id
    ON CONFLICT (certificate_id) DO UPDATE SET last_hour = excluded.last_hour
    WHERE u.last_hour < excluded.last_hour
)
SELECT id FROM known;
