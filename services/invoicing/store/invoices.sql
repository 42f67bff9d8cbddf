-- name: peek_serial
SELECT next FROM invoice_series WHERE name = $1

-- name: lock_serial
SELECT next FROM invoice_series WHERE name = $1 FOR UPDATE

-- name: use_serial
UPDATE invoice_series SET next = next + 1 WHERE name = $1

-- name: add
INSERT INTO invoice (
    id, series, serial, number, municipality_id, municipality_name, cvr, ean, quarter, issued_at, issued_on, due_on,
    calls, net, vat, gross, digest
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)

-- name: add_line
INSERT INTO invoice_line (
    invoice_id, position, supplier_id, supplier_name, system_id, system_name, service_id, service_name, made_in,
    first_day, last_day, calls, unit_price, amount, note
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

-- name: add_document
INSERT INTO invoice_document (invoice_id, kind, filename, media_type, content, sha256)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: find
SELECT id, serial, number, municipality_id, municipality_name, cvr, ean, quarter, issued_at, issued_on, due_on, calls, net, vat, gross
FROM invoice WHERE id = $1 AND ($2::uuid IS NULL OR municipality_id = $2)

-- name: page
SELECT id, serial, number, municipality_id, municipality_name, cvr, ean, quarter, issued_at, issued_on, due_on, calls, net, vat, gross
FROM invoice
WHERE ($1::uuid IS NULL OR municipality_id = $1)
  AND ($2::text IS NULL OR quarter = $2)
  AND ($3::bigint IS NULL OR serial < $3)
  AND ($5::text IS NULL OR number = $5)
ORDER BY serial DESC
LIMIT $4

-- name: every
SELECT id, serial, number, municipality_id, municipality_name, cvr, ean, quarter, issued_at, issued_on, due_on, calls, net, vat, gross
FROM invoice ORDER BY serial

-- name: lines
SELECT position, supplier_id, supplier_name, system_id, system_name, service_id, service_name, made_in, first_day, last_day, calls, unit_price, amount, note
FROM invoice_line WHERE invoice_id = $1 ORDER BY position

-- name: line
SELECT position, supplier_id, supplier_name, system_id, system_name, service_id, service_name, made_in, first_day, last_day, calls, unit_price, amount, note
FROM invoice_line WHERE invoice_id = $1 AND position = $2

-- name: document
SELECT d.filename, d.media_type, d.content
FROM invoice_document d JOIN invoice i ON i.id = d.invoice_id
WHERE d.invoice_id = $1 AND d.kind = $2 AND ($3::uuid IS NULL OR i.municipality_id = $3)

-- name: of_quarter
SELECT id, serial, number, municipality_id, municipality_name, cvr, ean, quarter, issued_at, issued_on, due_on, calls, net, vat, gross
FROM invoice WHERE quarter = $1 ORDER BY municipality_id

-- name: lines_of_quarter
SELECT l.invoice_id, l.position, l.supplier_id, l.supplier_name, l.system_id, l.system_name, l.service_id,
    l.service_name, l.made_in, l.first_day, l.last_day, l.calls, l.unit_price, l.amount, l.note
FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
WHERE i.quarter = $1
ORDER BY l.invoice_id, l.position
