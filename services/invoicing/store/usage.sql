-- name: keep_counts
INSERT INTO usage (
    municipality_id, billing_quarter, source_id, service_id, access_id, certificate_id, hour, accounting_info,
    supplier_id, system_id, day, made_in, billable, calls
)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::text[],
    $9::uuid[], $10::uuid[], $11::date[], $12::text[], $13::boolean[], $14::bigint[]
)
ON CONFLICT (municipality_id, billing_quarter, source_id, service_id, access_id, certificate_id, hour, accounting_info)
DO UPDATE SET calls = EXCLUDED.calls
WHERE usage.calls < EXCLUDED.calls

-- name: called
SELECT
    source_id, supplier_id, system_id, service_id,
    CASE WHEN $3::boolean THEN accounting_info ELSE '' END AS accounting_info,
    min(day) AS day, billable, sum(calls)::bigint AS calls
FROM usage
WHERE municipality_id = $1 AND billing_quarter = $2
GROUP BY
    source_id, supplier_id, system_id, service_id, 5, billable, made_in,
    CASE WHEN $4::date[] IS NULL THEN day END, width_bucket(day, $4),
    CASE WHEN $5::boolean THEN day - extract(isodow FROM day)::integer END
ORDER BY 1, 4, 6, 5, 7

-- name: line_days
SELECT day, sum(calls)::bigint AS calls
FROM usage
WHERE municipality_id = $1 AND billing_quarter = $2 AND system_id = $3 AND service_id = $4 AND made_in = $5
    AND billable
GROUP BY 1
HAVING sum(calls) > 0
ORDER BY 1

-- name: line_accounts
SELECT accounting_info, sum(calls)::bigint AS calls, count(*) OVER () AS accounts
FROM usage
WHERE municipality_id = $1 AND billing_quarter = $2 AND system_id = $3 AND service_id = $4 AND day = ANY($5::date[])
    AND billable
GROUP BY 1
HAVING sum(calls) > 0
ORDER BY 2 DESC, 1
LIMIT $6

-- name: line_calls
SELECT day, accounting_info, sum(calls)::bigint AS calls
FROM usage
WHERE municipality_id = $1 AND billing_quarter = $2 AND system_id = $3 AND service_id = $4 AND day = ANY($5::date[])
    AND billable
    AND ($6::date IS NULL OR day > $6 OR (day = $6 AND accounting_info COLLATE "C" > $7))
GROUP BY 1, 2
HAVING sum(calls) > 0
ORDER BY 1, accounting_info COLLATE "C"
LIMIT $8

-- name: own_totals
SELECT source_id, service_id, made_in, sum(calls)::bigint AS calls
FROM usage
WHERE municipality_id = $1 AND billing_quarter = $2 AND billable
GROUP BY 1, 2, 3
HAVING sum(calls) > 0

-- name: own_calls
SELECT municipality_id, sum(calls)::bigint AS calls
FROM usage
WHERE billing_quarter = $1 AND billable
GROUP BY 1
HAVING sum(calls) > 0
ORDER BY 1
