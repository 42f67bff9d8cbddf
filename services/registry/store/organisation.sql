-- name: add
INSERT INTO organisations
    (id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference,
     active, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: find
SELECT id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference, active
FROM organisations
WHERE id = $1;

-- name: find_to_change
SELECT id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference, active
FROM organisations
WHERE id = $1
FOR UPDATE;

-- name: find_operator
SELECT id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference, active
FROM organisations
WHERE 'operator' = ANY (kinds)
FOR UPDATE;

-- name: change
UPDATE organisations
SET sequence = $2, name = $3, cvr = $4, kinds = $5, municipality_code = $6, mailbox = $7, invoice_mailbox = $8,
    ean = $9, buyer_reference = $10, active = $11
WHERE id = $1 AND sequence = $2 - 1
RETURNING id;

-- name: listed
-- What follows `after` (an organisation's id) in the order of names. $4: only (in)active ones; $5: only (not) test ones;
-- $8: only suppliers and municipalities that lack what it names.
SELECT id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference, active
FROM organisations
WHERE ($1::text IS NULL OR $1 = ANY (kinds))
  AND ($2::text IS NULL OR name ILIKE '%' || $2 || '%' OR cvr = $3 OR municipality_code = $3)
  AND ($4::boolean IS NULL OR active = $4)
  AND ($5::boolean IS NULL OR test = $5)
  AND ($6::uuid IS NULL OR (name, id) > (SELECT o.name, o.id FROM organisations o WHERE o.id = $6))
  AND ($8::text IS NULL OR (NOT 'operator' = ANY (kinds) AND CASE $8
       WHEN 'mailbox' THEN mailbox IS NULL
       ELSE NOT EXISTS (SELECT FROM memberships m WHERE m.organisation_id = organisations.id AND m.active
                                                    AND 'administrator' = ANY (m.roles)) END))
ORDER BY name, id
LIMIT $7;

-- name: all
SELECT id, sequence, name, cvr, kinds, municipality_code, test, mailbox, invoice_mailbox, ean, buyer_reference, active
FROM organisations
ORDER BY id;
