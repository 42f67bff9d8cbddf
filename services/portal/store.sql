-- name: add
INSERT INTO sessions (id, person_id, sealed, agent, begun_at, seen_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: find
SELECT id, person_id, sealed, agent, begun_at, seen_at, told
FROM sessions
WHERE id = $1 AND seen_at > $2 AND begun_at > $3

-- name: see
UPDATE sessions SET seen_at = $2, told = NULL WHERE id = $1

-- name: reseal
UPDATE sessions SET sealed = $2, seen_at = $3, told = NULL WHERE id = $1

-- name: tell
UPDATE sessions SET told = $2 WHERE id = $1

-- name: of_person
SELECT id, person_id, sealed, agent, begun_at, seen_at, told
FROM sessions
WHERE person_id = $1 AND seen_at > $2 AND begun_at > $3
ORDER BY seen_at DESC, id
LIMIT 100

-- name: end
DELETE FROM sessions WHERE id = $1 AND person_id = $2 RETURNING true

-- name: end_others
DELETE FROM sessions WHERE person_id = $2 AND id <> $1

-- name: forget
DELETE FROM sessions WHERE seen_at <= $1 OR begun_at <= $2
