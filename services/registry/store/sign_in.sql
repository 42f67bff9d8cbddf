-- name: queue_up
SELECT pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 0));

-- name: forget_old
DELETE FROM sign_in_failures
WHERE id IN (SELECT id FROM sign_in_failures WHERE at <= $1 ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED);

-- name: count_failures
SELECT count(*) FROM sign_in_failures WHERE address_sha256 = $1 AND at > $2;

-- name: add_failure
INSERT INTO sign_in_failures (address_sha256, at) VALUES ($1, $2);

-- name: forget
DELETE FROM sign_in_failures WHERE address_sha256 = $1;
