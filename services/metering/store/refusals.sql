-- name: add_refusals
INSERT INTO refusals (
    id, system_id, message_id, position, received_at, quarter, reason, detail, field, event_id, made_at, service_id,
    municipality, agreement_id, accounting_info, caller_reference, named_environment, certificate_id, thumbprint,
    algorithm, signed_digest, signature
)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::timestamptz[], $12::uuid[], $13::text[], $14::uuid[], $15::text[], $16::text[],
    $17::text[], $18::uuid[], $19::text[], $20::text[], $21::bytea[], $22::bytea[]
)

-- name: want_rejudging
INSERT INTO rejudging (system_id, service_id, municipalities, reasons)
SELECT $1, $2, $3, $4
WHERE EXISTS (
    SELECT FROM refusals
    WHERE system_id = $1 AND state = 'refused' AND reason = ANY($4::text[])
        AND ($2::uuid IS NULL OR service_id = $2) AND ($3::text[] IS NULL OR municipality = ANY($3))
        AND reason IN (
            'certificate.unknown', 'certificate.ended', 'system.not_active', 'access.none', 'access.ended',
            'agreement.differs'
        )
)

-- name: want_rejudging_of_all
INSERT INTO rejudging (system_id, service_id, municipalities, reasons)
SELECT DISTINCT system_id, NULL::uuid, NULL::text[], $1::text[]
FROM refusals WHERE state = 'refused' AND reason = ANY($1::text[])

-- name: next_rejudging
SELECT position, system_id, service_id, municipalities, reasons, after
FROM rejudging ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: rejudged
SELECT * FROM refusals
WHERE system_id = $1 AND state = 'refused' AND reason = ANY($4::text[]) AND id > $5
    AND ($2::uuid IS NULL OR service_id = $2) AND ($3::text[] IS NULL OR municipality = ANY($3))
    AND reason IN (
        'certificate.unknown', 'certificate.ended', 'system.not_active', 'access.none', 'access.ended',
        'agreement.differs'
    )
ORDER BY id LIMIT $6 FOR UPDATE

-- name: go_on_rejudging
UPDATE rejudging SET after = $2 WHERE position = $1

-- name: postpone_rejudging
WITH gone AS (DELETE FROM rejudging WHERE position = $1 RETURNING system_id, service_id, municipalities, reasons, after)
INSERT INTO rejudging (system_id, service_id, municipalities, reasons, after)
SELECT system_id, service_id, municipalities, reasons, after FROM gone

-- name: end_rejudging
DELETE FROM rejudging WHERE position = $1

-- name: settle_refusals
WITH settled AS (
    SELECT * FROM unnest($1::uuid[], $2::text[]) AS settled (id, state)
), changed AS (
    UPDATE refusals r SET state = settled.state, settled_at = $3
    FROM settled WHERE r.id = settled.id AND r.state = 'refused'
    RETURNING r.id, r.reason, r.state
)
INSERT INTO refusals_history (refusal_id, at, reason, state) SELECT id, $3, reason, state FROM changed

-- name: change_reasons
WITH news AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS news (id, reason, detail, certificate_id)
), changed AS (
    UPDATE refusals r SET reason = news.reason, detail = news.detail, certificate_id = news.certificate_id
    FROM news WHERE r.id = news.id AND r.state = 'refused'
    RETURNING r.id, r.reason, r.state
)
INSERT INTO refusals_history (refusal_id, at, reason, state) SELECT id, $5, reason, state FROM changed

-- name: list_refusals
SELECT r.* FROM refusals r LEFT JOIN systems s ON s.id = r.system_id
WHERE ($1 OR s.supplier_id = $2 OR r.system_id = $3)
    AND ($4::uuid IS NULL OR r.system_id = $4)
    AND ($5::text IS NULL OR r.reason = $5)
    AND ($6::text IS NULL OR r.quarter = $6)
    AND ($7::text IS NULL OR r.state = $7)
    AND ($8::uuid IS NULL OR r.id < $8)
ORDER BY r.id DESC LIMIT $9

-- name: refusals_of_message
SELECT * FROM refusals WHERE system_id = $1 AND message_id = $2 AND received_at = $3 ORDER BY position

-- name: refusals_of_call
SELECT r.* FROM refusals r LEFT JOIN systems s ON s.id = r.system_id
WHERE r.event_id = $1 AND ($2 OR s.supplier_id = $3 OR r.system_id = $4)
ORDER BY r.id LIMIT 200

-- name: find_refusal
SELECT r.* FROM refusals r LEFT JOIN systems s ON s.id = r.system_id
WHERE r.id = $1 AND ($2 OR s.supplier_id = $3 OR r.system_id = $4)

-- name: summarise_refusals
-- However many municipalities calls make up, every call is in a line: the rarest share one without a municipality.
WITH named AS (
    SELECT r.reason, known.id AS municipality_id, r.municipality, count(*) AS calls
    FROM refusals r
    LEFT JOIN systems s ON s.id = r.system_id
    LEFT JOIN LATERAL (
        SELECT g.municipality_id AS id FROM grants g WHERE g.municipality_cvr = r.municipality
        UNION ALL SELECT r.municipality::uuid WHERE length(r.municipality) = 36
        LIMIT 1
    ) known ON true
    WHERE r.state = 'refused' AND ($1 OR s.supplier_id = $2 OR r.system_id = $3)
        AND ($4::uuid IS NULL OR r.system_id = $4)
        AND ($5::text IS NULL OR r.quarter = $5)
    GROUP BY r.reason, known.id, r.municipality
), ranked AS (
    SELECT *, row_number() OVER (ORDER BY calls DESC, reason, municipality) <= 4000 AS kept FROM named
)
SELECT reason, CASE WHEN kept THEN municipality_id END AS municipality_id,
    CASE WHEN kept THEN municipality END AS municipality, sum(calls)::bigint AS calls
FROM ranked
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
