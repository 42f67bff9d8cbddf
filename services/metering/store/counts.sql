-- name: take_news
DELETE FROM news WHERE count_id IN (
    SELECT count_id FROM news ORDER BY count_id LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING count_id

-- name: counts_of
SELECT grant_id AS access_id, certificate_id, hour, billing_quarter, accounting_info, source, source_id, environment,
    supplier_id, system_id, municipality_id, service_id, calls
FROM counts WHERE id = ANY($1::bigint[]) ORDER BY id

-- name: all_counts
SELECT grant_id AS access_id, certificate_id, hour, billing_quarter, accounting_info, source, source_id, environment,
    supplier_id, system_id, municipality_id, service_id, calls
FROM counts ORDER BY grant_id, certificate_id, hour, billing_quarter, accounting_info

-- name: drift
WITH recorded AS (
    SELECT grant_id, certificate_id, date_trunc('hour', made_at, 'UTC') AS hour, billing_quarter, accounting_info,
        count(*) AS calls
    FROM records WHERE billing_quarter = $1 AND made_at >= $2 AND made_at < $3
    GROUP BY 1, 2, 3, 4, 5
), counted AS (
    SELECT grant_id, certificate_id, hour, billing_quarter, accounting_info, calls
    FROM counts WHERE billing_quarter = $1
)
SELECT grant_id AS access_id, hour, coalesce(recorded.calls, 0) AS recorded, coalesce(counted.calls, 0) AS counted
FROM recorded FULL JOIN counted USING (grant_id, certificate_id, hour, billing_quarter, accounting_info)
WHERE recorded.calls IS DISTINCT FROM counted.calls
ORDER BY grant_id, hour LIMIT 20
