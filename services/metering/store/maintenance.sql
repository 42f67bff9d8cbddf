-- name: make_partitions
SELECT make_partitions($1::date, $2::date)

-- name: missing_partitions
SELECT to_char(month, 'YYYY-MM') FROM generate_series(date_trunc('month', $1::date::timestamp), $2::date::timestamp,
    interval '1 month') AS month
WHERE to_regclass('public.records_' || to_char(month, 'YYYY_MM')) IS NULL ORDER BY 1

-- name: in_default_partition
SELECT EXISTS (SELECT FROM records WHERE tableoid = 'records_default'::regclass)

-- name: forget_claims
DELETE FROM claims WHERE (event_id, system_id) IN (
    SELECT event_id, system_id FROM claims WHERE claimed_at < $1 LIMIT $2
)

-- name: fold_messages
WITH old AS (
    DELETE FROM messages WHERE (system_id, message_id, digest) IN (
        SELECT system_id, message_id, digest FROM messages WHERE received_at < $1 LIMIT $2
    )
    RETURNING system_id, (received_at AT TIME ZONE 'UTC')::date AS day, calls
), folded AS (
    INSERT INTO tallies (system_id, day, messages, calls)
    SELECT system_id, day, count(*), sum(calls) FROM old GROUP BY 1, 2
    ON CONFLICT (system_id, day)
        DO UPDATE SET messages = tallies.messages + excluded.messages, calls = tallies.calls + excluded.calls
)
SELECT count(*) FROM old
