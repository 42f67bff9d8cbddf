-- name: keep_seal
INSERT INTO billing (
    municipality_id, quarter, sequence, sealed_at, calls, totals, digest, correlation_id, state, since, look_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'sealed', $9, $9)
ON CONFLICT (municipality_id, quarter) DO UPDATE SET
    sequence = EXCLUDED.sequence, sealed_at = EXCLUDED.sealed_at, calls = EXCLUDED.calls, totals = EXCLUDED.totals,
    digest = EXCLUDED.digest, state = 'sealed', sentence = '', since = EXCLUDED.since, missing_prices = '{}',
    looks = 0, look_at = EXCLUDED.look_at
WHERE billing.sequence < EXCLUDED.sequence AND billing.state <> 'invoiced'
RETURNING true

-- name: find
SELECT municipality_id, quarter, sequence, sealed_at, calls, totals, digest, correlation_id, state, sentence, since, looks, invoice_id
FROM billing WHERE municipality_id = $1 AND quarter = $2

-- name: due
SELECT municipality_id, quarter
FROM billing
WHERE state NOT IN ('invoiced', 'no_usage') AND look_at <= $1
ORDER BY quarter, look_at, municipality_id
LIMIT $2

-- name: move
UPDATE billing SET
    state = $4, sentence = $5, missing_prices = $6, looks = looks + 1, look_at = $7,
    since = CASE WHEN state = $4 THEN since ELSE $8 END
WHERE municipality_id = $1 AND quarter = $2 AND sequence = $3 AND state = ANY($9::text[])
RETURNING true

-- name: finish
UPDATE billing SET
    state = 'invoiced', sentence = '', missing_prices = '{}', invoice_id = $4, since = $5
WHERE municipality_id = $1 AND quarter = $2 AND sequence = $3 AND state = ANY($6::text[])
RETURNING true

-- name: remember
INSERT INTO billing_history (municipality_id, quarter, at, state, sentence, invoice_id)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: of_quarter
-- Without the totals, of which there are many.
SELECT municipality_id, quarter, sequence, sealed_at, calls, '[]'::jsonb AS totals, digest, correlation_id, state, sentence, since, looks, invoice_id
FROM billing WHERE quarter = $1
ORDER BY municipality_id

-- name: states
SELECT quarter, state, count(*) AS number FROM billing GROUP BY quarter, state ORDER BY quarter, state

-- name: last_sealed
SELECT max(quarter) FROM billing

-- name: waits_for_price
SELECT EXISTS (SELECT FROM billing WHERE state = 'price_missing' AND $1 = ANY(missing_prices))

-- name: lock_waiting_for_price
SELECT municipality_id FROM billing
WHERE state = 'price_missing' AND $1 = ANY(missing_prices)
ORDER BY municipality_id, quarter
FOR UPDATE

-- name: wake_waiting_for_price
UPDATE billing SET look_at = $2 WHERE state = 'price_missing' AND $1 = ANY(missing_prices)

-- name: waiting
SELECT state, count(*) AS number, min(since) AS since FROM billing
WHERE state NOT IN ('invoiced', 'no_usage') GROUP BY state
