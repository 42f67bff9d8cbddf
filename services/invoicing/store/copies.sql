-- name: keep_organisation
INSERT INTO organisation (id, sequence, name, cvr, municipality, mailbox, invoice_mailbox, ean, buyer_reference)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    sequence = EXCLUDED.sequence, name = EXCLUDED.name, cvr = EXCLUDED.cvr, municipality = EXCLUDED.municipality,
    mailbox = EXCLUDED.mailbox, invoice_mailbox = EXCLUDED.invoice_mailbox, ean = EXCLUDED.ean,
    buyer_reference = EXCLUDED.buyer_reference
WHERE organisation.sequence < EXCLUDED.sequence

-- name: keep_service
INSERT INTO service (id, sequence, name, version, state)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET
    sequence = EXCLUDED.sequence, name = EXCLUDED.name, version = EXCLUDED.version, state = EXCLUDED.state
WHERE service.sequence < EXCLUDED.sequence

-- name: keep_agreement
INSERT INTO agreement (id, sequence, source, municipality_id, supplier_id, supplier_name, system_id, system_name, begun_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    sequence = EXCLUDED.sequence, supplier_name = EXCLUDED.supplier_name, system_name = EXCLUDED.system_name
WHERE agreement.sequence < EXCLUDED.sequence

-- name: find_organisation
SELECT id, name, cvr, municipality, mailbox, invoice_mailbox, ean, buyer_reference FROM organisation WHERE id = $1

-- name: organisation_names
SELECT id, name FROM organisation WHERE id = ANY($1::uuid[])

-- name: services
SELECT id, name, version, state FROM service WHERE id = ANY($1::uuid[])

-- name: system_names
SELECT DISTINCT ON (system_id) system_id, supplier_name, system_name
FROM agreement
WHERE system_id = ANY($1::uuid[])
ORDER BY system_id, begun_at DESC, id
