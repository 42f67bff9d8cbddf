-- name: use_assertion
-- An assertion's id is used up; nothing is returned when it was before.
INSERT INTO used_assertions (system_id, jti_sha256, expires_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
RETURNING system_id;

-- name: forget_assertions
DELETE FROM used_assertions WHERE expires_at < $1;
