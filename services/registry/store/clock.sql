-- name: find_to_change
SELECT offset_seconds, sequence FROM clock FOR UPDATE;

-- name: move
UPDATE clock SET offset_seconds = $1, sequence = sequence + 1 WHERE offset_seconds < $1 RETURNING sequence;
