-- name: add_agreements
INSERT INTO agreement (id, sequence, request_id, supplier_id, system_id, municipality_id, municipality_name, state,
                       requested_at)
SELECT d.id, 1, $4, $5, $6, d.municipality_id, d.municipality_name, 'requested', $7
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY
     AS d (id, municipality_id, municipality_name, place)
ORDER BY d.place

-- name: add_lines
INSERT INTO agreement_line (agreement_id, place, service_id, service_name, system_id, municipality_id, decision, live)
SELECT a.id, s.place, s.id, s.name, a.system_id, a.municipality_id, 'pending', true
FROM agreement a CROSS JOIN unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS s (id, name, place)
WHERE a.request_id = $1

-- name: add_first_history
INSERT INTO agreement_history (agreement_id, sequence, at, what, side, person_id)
SELECT a.id, 1, $2, 'requested', 'supplier', $3 FROM agreement a WHERE a.request_id = $1 ORDER BY a.number

-- name: taken
SELECT a.id AS agreement_id, a.municipality_id, a.municipality_name, l.service_id, l.service_name, a.state
FROM agreement_line l JOIN agreement a ON a.id = l.agreement_id
WHERE l.live AND l.system_id = $1 AND l.municipality_id = ANY ($2) AND l.service_id = ANY ($3)
ORDER BY a.number, l.place

-- name: lock_agreement
SELECT id FROM agreement WHERE id = $1 FOR UPDATE

-- name: find_agreement
SELECT * FROM whole_agreement WHERE id = $1

-- name: agreements_of_request
SELECT * FROM whole_agreement WHERE request_id = $1 ORDER BY number

-- name: list_agreements
SELECT * FROM whole_agreement
WHERE ($1 OR supplier_id = $2 OR municipality_id = $3)
  AND ($4::text IS NULL OR state = $4)
  AND ($5::uuid IS NULL OR system_id = $5)
  AND ($6::uuid IS NULL OR municipality_id = $6)
  AND ($7::bigint IS NULL OR number < $7)
ORDER BY number DESC LIMIT $8

-- name: all_agreements
SELECT * FROM whole_agreement ORDER BY number

-- name: change_agreement
UPDATE agreement
SET sequence = $2, state = $3, decided_at = $4, starts = $5, ends = $6, reason = $7,
    notice_resent_at = coalesce($8, notice_resent_at)
WHERE id = $1 AND state = ANY ($9) AND sequence = $2 - 1

-- name: change_lines
UPDATE agreement_line l SET decision = d.decision, reason = d.reason, live = d.live
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::boolean[]) AS d (service_id, decision, reason, live)
WHERE l.agreement_id = $1 AND l.service_id = d.service_id

-- name: add_history
INSERT INTO agreement_history (agreement_id, sequence, at, what, side, person_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: history
SELECT at, what, side, person_id, reason FROM agreement_history WHERE agreement_id = $1 ORDER BY sequence
