-- name: make_price
INSERT INTO price (service_id, sequence) VALUES ($1, 0) ON CONFLICT DO NOTHING

-- name: lock_price
SELECT sequence FROM price WHERE service_id = $1 FOR UPDATE

-- name: bump_price
UPDATE price SET sequence = sequence + 1 WHERE service_id = $1 RETURNING sequence

-- name: put_step
INSERT INTO price_step (service_id, starts, per_call) VALUES ($1, $2, $3)
ON CONFLICT (service_id, starts) DO UPDATE SET per_call = EXCLUDED.per_call

-- name: remember_step
INSERT INTO price_history (service_id, starts, per_call, replaced, at, actor_kind, actor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: steps
SELECT service_id, starts, per_call FROM price_step WHERE service_id = ANY($1::uuid[]) ORDER BY service_id, starts

-- name: all_prices
SELECT p.service_id, p.sequence, s.starts, s.per_call
FROM price p JOIN price_step s USING (service_id)
ORDER BY p.service_id, s.starts

-- name: priced_services
SELECT service_id FROM price
WHERE ($1::uuid IS NULL OR service_id > $1) AND sequence > 0
ORDER BY service_id
LIMIT $2
