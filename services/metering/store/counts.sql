-- name: news
UPDATE counts c SET told = c.calls
FROM (
    SELECT grant_id, certificate_id, hour, billing_quarter, accounting_info FROM counts
    WHERE told < calls ORDER BY grant_id LIMIT $1 FOR UPDATE SKIP LOCKED
) fresh
WHERE (c.grant_id, c.certificate_id, c.hour, c.billing_quarter, c.accounting_info)
    = (fresh.grant_id, fresh.certificate_id, fresh.hour, fresh.billing_quarter, fresh.accounting_info)
RETURNING c.grant_id AS access_id, c.certificate_id, c.hour, c.billing_quarter, c.accounting_info, c.source,
    c.source_id, c.environment, c.supplier_id, c.system_id, c.municipality_id, c.service_id, c.calls

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
