-- name: add_trial
INSERT INTO trial (id, sequence, supplier_id, supplier_name, system_id, system_name, municipality_id,
                   municipality_name, state, starts)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, 'open', $8)

-- name: add_trial_lines
INSERT INTO trial_line (trial_id, place, service_id, service_name, system_id, live)
SELECT $1, s.place, s.id, s.name, $2, true
FROM unnest($3::uuid[], $4::text[]) WITH ORDINALITY AS s (id, name, place)

-- name: open_already
SELECT trial_id, service_id, service_name FROM trial_line
WHERE live AND system_id = $1 AND service_id = ANY ($2)
ORDER BY trial_id, place

-- name: lock_trial
SELECT id FROM trial WHERE id = $1 FOR UPDATE

-- name: find_trial
SELECT * FROM whole_trial WHERE id = $1

-- name: list_trials
SELECT * FROM whole_trial
WHERE ($1::uuid IS NULL OR supplier_id = $1) AND ($2::uuid IS NULL OR system_id = $2)
  AND ($3::text IS NULL OR state = $3) AND ($4::bigint IS NULL OR number < $4)
ORDER BY number DESC LIMIT $5

-- name: all_trials
SELECT * FROM whole_trial ORDER BY number

-- name: close_trial
UPDATE trial SET sequence = $2, state = 'closed', ends = $3 WHERE id = $1 AND state = 'open' AND sequence = $2 - 1

-- name: close_trial_lines
UPDATE trial_line SET live = false WHERE trial_id = $1

-- name: add_trial_history
INSERT INTO trial_history (trial_id, sequence, at, what, side, person_id) VALUES ($1, $2, $3, $4, $5, $6)

-- name: trial_history
SELECT at, what, side, person_id FROM trial_history WHERE trial_id = $1 ORDER BY sequence
