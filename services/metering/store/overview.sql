-- name: usage
WITH grouped AS (
    SELECT
        CASE WHEN 'system' = ANY($1::text[]) THEN c.system_id END AS system_id,
        CASE WHEN 'service' = ANY($1) THEN c.service_id END AS service_id,
        CASE WHEN 'municipality' = ANY($1) THEN c.municipality_id END AS municipality_id,
        CASE WHEN 'agreement' = ANY($1) THEN c.source_id END AS agreement_id,
        CASE WHEN 'day' = ANY($1) THEN (c.hour AT TIME ZONE 'Europe/Copenhagen')::date END AS day,
        (max(c.hour) AT TIME ZONE 'Europe/Copenhagen')::date AS latest_day,
        sum(c.calls)::bigint AS calls
    FROM counts c
    WHERE c.hour >= $2 AND c.hour < $3
        AND ($4 OR c.supplier_id = $5 OR c.municipality_id = $5 OR c.system_id = $6)
        AND ($7::text IS NULL OR c.environment = $7)
        AND ($8::uuid IS NULL OR c.system_id = $8)
        AND ($9::uuid IS NULL OR c.municipality_id = $9)
        AND ($10::uuid IS NULL OR c.service_id = $10)
        AND ($11::uuid IS NULL OR c.source_id = $11)
        AND ($12::uuid IS NULL OR c.supplier_id = $12)
    GROUP BY 1, 2, 3, 4, 5
), keyed AS (
    SELECT *, concat_ws('/', coalesce(system_id::text, '-'), coalesce(service_id::text, '-'),
        coalesce(municipality_id::text, '-'), coalesce(agreement_id::text, '-'), coalesce(day::text, '-')) COLLATE "C" AS key
    FROM grouped
)
SELECT keyed.*, s.name AS system_name
FROM keyed LEFT JOIN systems s ON s.id = keyed.system_id
WHERE $13::text IS NULL OR key > $13
ORDER BY key LIMIT $14

-- name: usage_total
SELECT coalesce(sum(c.calls), 0)::bigint
FROM counts c
WHERE c.hour >= $1 AND c.hour < $2
    AND ($3 OR c.supplier_id = $4 OR c.municipality_id = $4 OR c.system_id = $5)
    AND ($6::text IS NULL OR c.environment = $6)
    AND ($7::uuid IS NULL OR c.system_id = $7)
    AND ($8::uuid IS NULL OR c.municipality_id = $8)
    AND ($9::uuid IS NULL OR c.service_id = $9)
    AND ($10::uuid IS NULL OR c.source_id = $10)
    AND ($11::uuid IS NULL OR c.supplier_id = $11)

-- name: counted_by_municipality
SELECT municipality_id,
    coalesce(sum(calls) FILTER (WHERE environment = 'production'), 0)::bigint AS production,
    coalesce(sum(calls) FILTER (WHERE environment = 'test'), 0)::bigint AS test
FROM counts
WHERE ($1::timestamptz IS NULL OR hour >= $1) AND ($2::timestamptz IS NULL OR hour < $2)
GROUP BY 1 ORDER BY 1

-- name: duplicates_by_municipality
SELECT municipality_id, sum(calls)::bigint AS calls FROM duplicates
WHERE $1::text IS NULL OR quarter = $1
GROUP BY 1 ORDER BY 1

-- name: balance
SELECT
    (SELECT coalesce(sum(calls), 0) FROM messages)::bigint
        + (SELECT coalesce(sum(calls), 0) FROM tallies)::bigint AS sent,
    (SELECT coalesce(sum(calls), 0) FROM counts)::bigint AS counted,
    (SELECT coalesce(sum(calls), 0) FROM duplicates)::bigint AS duplicates,
    (SELECT count(*) FROM refusals WHERE state = 'refused') AS refused
