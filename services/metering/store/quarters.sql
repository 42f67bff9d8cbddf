-- name: lock_quarters
SELECT pg_advisory_xact_lock(727110)

-- name: last_sealed
SELECT quarter FROM sealed_quarters ORDER BY quarter DESC LIMIT 1

-- name: first_used
SELECT min(billing_quarter) FROM counts

-- name: totals
SELECT municipality_id, source_id, service_id,
    to_char(hour AT TIME ZONE 'Europe/Copenhagen', 'YYYY"Q"Q') AS made_in_quarter, sum(calls)::bigint AS calls
FROM counts
WHERE billing_quarter = $1 AND environment = 'production' AND source = 'agreement'
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4

-- name: seal_quarter
INSERT INTO sealed_quarters (quarter, sealed_at, calls) VALUES ($1, $2, $3)

-- name: seal_municipality
INSERT INTO sealed_municipalities (quarter, municipality_id, calls, digest) VALUES ($1, $2, $3, $4)

-- name: block
INSERT INTO sealing_blocked (quarter, since, reason) VALUES ($1, $2, $3)
ON CONFLICT (quarter) DO UPDATE SET reason = excluded.reason

-- name: unblock
DELETE FROM sealing_blocked WHERE quarter = $1

-- name: sealed_quarters
SELECT quarter, sealed_at, calls,
    (SELECT count(*) FROM sealed_municipalities m WHERE m.quarter = q.quarter) AS municipalities
FROM sealed_quarters q ORDER BY quarter

-- name: open_quarters
-- Jumps from one quarter to the next in the index: there are few of them, and millions of counts.
WITH RECURSIVE found AS (
    SELECT min(billing_quarter) AS quarter FROM counts WHERE billing_quarter > $1
    UNION ALL
    SELECT (SELECT min(billing_quarter) FROM counts WHERE billing_quarter > found.quarter)
    FROM found WHERE found.quarter IS NOT NULL
)
SELECT found.quarter, b.reason AS blocked
FROM found LEFT JOIN sealing_blocked b ON b.quarter = found.quarter
WHERE found.quarter IS NOT NULL ORDER BY 1

-- name: open_calls
SELECT billing_quarter AS quarter, sum(calls)::bigint AS calls
FROM counts
WHERE billing_quarter > $1 AND environment = 'production' AND source = 'agreement'
GROUP BY 1
