-- name: oldest
SELECT position, event_id, type, correlation_id, body, written_at
FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) AS bytes_before
    FROM (SELECT * FROM outbox ORDER BY position LIMIT $1) AS oldest
) AS measured
WHERE bytes_before < $2
ORDER BY position

-- name: done
WITH done AS (
    DELETE FROM outbox WHERE position = ANY($1::bigint[])
    RETURNING event_id, position, type, correlation_id, body, written_at
)
INSERT INTO said (event_id, position, type, correlation_id, body, written_at, said_at)
SELECT event_id, position, type, correlation_id, body, written_at, $3 FROM done WHERE type = ANY($2::text[])
ON CONFLICT (event_id) DO UPDATE SET said_at = excluded.said_at

-- name: forget_said
DELETE FROM said WHERE type = $1 AND said_at < $2

-- name: kept
SELECT event_id, type FROM said WHERE type = ANY($1::text[]) ORDER BY position

-- name: say_again
INSERT INTO outbox (event_id, type, correlation_id, body, written_at)
SELECT event_id, type, correlation_id, body, $2 FROM said WHERE event_id = ANY($1::uuid[]) ORDER BY position
ON CONFLICT (event_id) DO NOTHING
