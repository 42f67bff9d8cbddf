-- name: claim_key
INSERT INTO kept_answer (supplier_id, key, body_hash, kept_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: kept_answer
SELECT body_hash, answer FROM kept_answer WHERE supplier_id = $1 AND key = $2

-- name: keep_answer
UPDATE kept_answer SET answer = $3 WHERE supplier_id = $1 AND key = $2

-- name: forget_answers
DELETE FROM kept_answer WHERE kept_at < $1

-- name: add_request
INSERT INTO request (id, supplier_id, supplier_name, system_id, system_name, purpose, expected_calls_per_quarter,
                     services, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: find_request
SELECT id, number, supplier_id, supplier_name, system_id, system_name, purpose, expected_calls_per_quarter,
       services, requested_at
FROM request WHERE id = $1

-- name: list_requests
SELECT id, number, supplier_id, supplier_name, system_id, system_name, purpose, expected_calls_per_quarter,
       services, requested_at
FROM request
WHERE ($1::uuid IS NULL OR supplier_id = $1) AND ($2::bigint IS NULL OR number < $2)
ORDER BY number DESC LIMIT $3

-- name: count_states
SELECT request_id, state, count(*) AS agreements FROM agreement WHERE request_id = ANY ($1) GROUP BY request_id, state
