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
-- In the order of $9, downwards where $10, among equals the newest first; what follows agreement $11, which may have
-- left the list since.
WITH keyed AS NOT MATERIALIZED (
    SELECT a.id, a.number, a.state, a.supplier_id, a.municipality_id, a.system_id, r.supplier_name, r.system_name,
           a.municipality_name,
           (CASE $9::text
                WHEN 'supplier' THEN r.supplier_name
                WHEN 'system' THEN r.system_name
                WHEN 'municipality' THEN a.municipality_name
                WHEN 'state' THEN
                    array_position('{requested,approved,terminated,rejected,withdrawn}'::text[], a.state)::text
                WHEN 'changed' THEN
                    to_char(coalesce(a.ends, a.decided_at, a.requested_at) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
                WHEN 'requested' THEN lpad(a.number::text, 20, '0') END) COLLATE "da-x-icu" AS key
    FROM agreement a JOIN request r ON r.id = a.request_id
), shown AS (
    SELECT k.id, k.number, k.key FROM keyed k LEFT JOIN keyed f ON f.id = $11
    WHERE ($1 OR k.supplier_id = $2 OR k.municipality_id = $3)
      AND ($4::uuid IS NULL OR k.supplier_id = $4)
      AND ($5::uuid IS NULL OR k.municipality_id = $5)
      AND ($6::uuid IS NULL OR k.system_id = $6)
      AND ($7::uuid IS NULL
           OR EXISTS (SELECT FROM agreement_line l WHERE l.agreement_id = k.id AND l.service_id = $7))
      AND ($8::text IS NULL OR k.id::text = $8 OR strpos(lower(k.supplier_name), $8) > 0
           OR strpos(lower(k.system_name), $8) > 0 OR strpos(lower(k.municipality_name), $8) > 0
           OR EXISTS (SELECT FROM agreement_line l
                      WHERE l.agreement_id = k.id AND strpos(lower(l.service_name), $8) > 0))
      AND ($12::text IS NULL OR k.state = $12)
      AND ($11::uuid IS NULL OR (k.key = f.key AND k.number < f.number)
           OR CASE WHEN $10 THEN k.key < f.key ELSE k.key > f.key END)
    ORDER BY CASE WHEN $10 THEN NULL ELSE k.key END, CASE WHEN $10::boolean THEN k.key END DESC, k.number DESC
    LIMIT $13
)
SELECT w.* FROM shown s JOIN whole_agreement w ON w.id = s.id
ORDER BY CASE WHEN $10 THEN NULL ELSE s.key END, CASE WHEN $10 THEN s.key END DESC, s.number DESC

-- name: count_agreements
-- How many the same filter finds in each state.
SELECT a.state, count(*) AS agreements
FROM agreement a JOIN request r ON r.id = a.request_id
WHERE ($1 OR a.supplier_id = $2 OR a.municipality_id = $3)
  AND ($4::uuid IS NULL OR a.supplier_id = $4)
  AND ($5::uuid IS NULL OR a.municipality_id = $5)
  AND ($6::uuid IS NULL OR a.system_id = $6)
  AND ($7::uuid IS NULL OR EXISTS (SELECT FROM agreement_line l WHERE l.agreement_id = a.id AND l.service_id = $7))
  AND ($8::text IS NULL OR a.id::text = $8 OR strpos(lower(r.supplier_name), $8) > 0
       OR strpos(lower(r.system_name), $8) > 0 OR strpos(lower(a.municipality_name), $8) > 0
       OR EXISTS (SELECT FROM agreement_line l
                  WHERE l.agreement_id = a.id AND strpos(lower(l.service_name), $8) > 0))
GROUP BY a.state

-- name: systems
SELECT a.supplier_id, max(r.supplier_name) AS supplier_name, a.system_id, max(r.system_name) AS system_name,
       count(*) AS agreements
FROM agreement a JOIN request r ON r.id = a.request_id
WHERE ($1 OR a.supplier_id = $2 OR a.municipality_id = $3)
  AND ($4::uuid IS NULL OR a.supplier_id = $4)
  AND ($5::uuid IS NULL OR a.municipality_id = $5)
GROUP BY a.supplier_id, a.system_id
ORDER BY max(r.supplier_name) COLLATE "da-x-icu", max(r.system_name) COLLATE "da-x-icu", a.system_id
LIMIT $6

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
