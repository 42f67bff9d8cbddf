-- name: lock_open_quarters
SELECT pg_advisory_xact_lock_shared(727110)

-- name: lock_judged_systems
SELECT pg_advisory_xact_lock_shared(hashtextextended(id::text, 727)) FROM unnest($1::uuid[]) AS id

-- name: claim_messages
INSERT INTO messages (system_id, message_id, digest, received_at, calls)
SELECT system_id, message_id, digest, $5, calls
FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::integer[]) AS sent (system_id, message_id, digest, calls)
ORDER BY system_id, message_id COLLATE "C", digest
ON CONFLICT DO NOTHING
RETURNING system_id, message_id, digest

-- name: finish_messages
UPDATE messages m SET counted = done.counted, duplicates = done.duplicates, refused = done.refused
FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::integer[], $5::integer[], $6::integer[])
    AS done (system_id, message_id, digest, counted, duplicates, refused)
WHERE (m.system_id, m.message_id, m.digest) = (done.system_id, done.message_id, done.digest)

-- name: find_message
SELECT received_at, calls, counted, duplicates FROM messages WHERE system_id = $1 AND message_id = $2 AND digest = $3

-- name: count_calls
WITH sent AS (
    SELECT * FROM unnest(
        $1::text[], $2::uuid[], $3::bytea[], $4::timestamptz[], $5::uuid[], $6::uuid[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::timestamptz[]
    ) AS sent (
        event_id, system_id, content, made_at, grant_id, certificate_id, billing_quarter, accounting_info,
        caller_reference, message_id, received_at
    )
), claimed AS (
    INSERT INTO claims (event_id, system_id, content, made_at, claimed_at)
    SELECT event_id, system_id, content, made_at, $12 FROM sent ORDER BY event_id COLLATE "C", system_id
    ON CONFLICT DO NOTHING
    RETURNING event_id, system_id
), fresh AS MATERIALIZED (
    SELECT sent.* FROM sent JOIN claimed USING (event_id, system_id)
), recorded AS (
    INSERT INTO records (
        made_at, system_id, event_id, grant_id, certificate_id, billing_quarter, accounting_info, caller_reference,
        message_id, received_at
    )
    SELECT made_at, system_id, event_id, grant_id, certificate_id, billing_quarter, accounting_info, caller_reference,
        message_id, received_at
    FROM fresh
), summed AS (
    SELECT grant_id, certificate_id, date_trunc('hour', made_at, 'UTC') AS hour, billing_quarter, accounting_info,
        count(*) AS calls
    FROM fresh GROUP BY 1, 2, 3, 4, 5
), counted AS (
    INSERT INTO counts (
        grant_id, certificate_id, hour, billing_quarter, accounting_info, source, source_id, environment,
        supplier_id, system_id, municipality_id, service_id, calls
    )
    SELECT summed.grant_id, certificate_id, hour, billing_quarter, accounting_info, source, source_id, environment,
        supplier_id, system_id, municipality_id, service_id, calls
    FROM summed JOIN grants ON grants.id = summed.grant_id
    ORDER BY summed.grant_id, certificate_id, hour, billing_quarter COLLATE "C", accounting_info COLLATE "C"
    ON CONFLICT (grant_id, certificate_id, hour, billing_quarter, accounting_info)
        DO UPDATE SET calls = counts.calls + excluded.calls
    RETURNING id
), changed AS (
    -- Also a count that is news already is touched: whoever tells it must wait for this transaction.
    INSERT INTO news (count_id) SELECT id FROM counted ORDER BY id
    ON CONFLICT (count_id) DO UPDATE SET count_id = excluded.count_id
)
SELECT sent.event_id, sent.system_id
FROM sent LEFT JOIN claimed USING (event_id, system_id) WHERE claimed.event_id IS NULL

-- name: claimed_contents
SELECT c.event_id, c.system_id, c.content
FROM unnest($1::text[], $2::uuid[]) AS asked (event_id, system_id)
JOIN claims c ON (c.event_id, c.system_id) = (asked.event_id, asked.system_id)

-- name: add_duplicates
INSERT INTO duplicates (system_id, municipality_id, quarter, day, calls)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::bigint[])
    AS seen (system_id, municipality_id, quarter, day, calls)
ORDER BY system_id, municipality_id, quarter COLLATE "C", day
ON CONFLICT (system_id, municipality_id, quarter, day) DO UPDATE SET calls = duplicates.calls + excluded.calls

-- name: find_records
SELECT r.event_id, r.system_id, r.made_at, r.received_at, r.message_id, r.billing_quarter, r.accounting_info,
    r.caller_reference, g.supplier_id, g.municipality_id, g.service_id, g.source, g.source_id, g.environment,
    r.certificate_id
FROM claims c
JOIN records r ON r.made_at = c.made_at AND r.event_id = c.event_id AND r.system_id = c.system_id
JOIN grants g ON g.id = r.grant_id
WHERE c.event_id = $1
    AND ($2 OR g.supplier_id = $3 OR g.municipality_id = $3 OR r.system_id = $4)
ORDER BY r.system_id LIMIT 50
