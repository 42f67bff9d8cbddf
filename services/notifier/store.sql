-- name: keep_organisation
INSERT INTO organisation (id, sequence, name, mailbox, invoice_mailbox) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE
SET sequence = excluded.sequence, name = excluded.name, mailbox = excluded.mailbox,
    invoice_mailbox = excluded.invoice_mailbox
WHERE organisation.sequence < excluded.sequence

-- name: keep_person
INSERT INTO person (id, sequence, email, active) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE
SET sequence = excluded.sequence, email = excluded.email, active = excluded.active
WHERE person.sequence < excluded.sequence

-- name: drop_memberships
DELETE FROM membership WHERE person_id = $1

-- name: add_membership
INSERT INTO membership (person_id, organisation_id, roles) VALUES ($1, $2, $3)

-- name: organisation
SELECT name, mailbox, invoice_mailbox FROM organisation WHERE id = $1

-- name: people
SELECT p.email, m.roles FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.organisation_id = $1 AND p.active
ORDER BY p.id

-- name: add_notice
INSERT INTO notice (id, sequence, kind, event_type, organisation_id, about_id, content, state, attempts, created_at,
                    due_at, correlation_id, causation_id)
VALUES ($1, 1, $2, $3, $4, $5, $6, 'queued', 0, $7, $7, $8, $9)

-- name: add_document
INSERT INTO document (notice_id, place, filename, media_type, content) VALUES ($1, $2, $3, $4, $5)

-- name: claim
-- The lease is real time by the database's own clock, the same for every copy of the service.
UPDATE notice
SET lease = $2, leased_until = clock_timestamp() + $3, attempts = attempts + 1
WHERE id = (
    SELECT id FROM notice
    WHERE state = 'queued' AND due_at <= $1 AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY due_at, number LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, event_type, organisation_id, about_id, content, attempts, failure, created_at, lease,
          correlation_id, causation_id

-- name: documents
SELECT filename, media_type, content FROM document WHERE notice_id = $1 ORDER BY place

-- name: sent
UPDATE notice
SET state = 'sent', sequence = sequence + 1, failure = NULL, reason = $4, addressed_to = $5, due_at = NULL,
    ended_at = $3, lease = NULL, leased_until = NULL, content = CASE WHEN $6 THEN NULL ELSE content END
WHERE id = $1 AND lease = $2 AND state = 'queued'
RETURNING sequence, attempts

-- name: failed
UPDATE notice
SET state = 'failed', sequence = sequence + 1, failure = $4, reason = $5, addressed_to = $6, due_at = NULL,
    ended_at = $3, lease = NULL, leased_until = NULL, content = CASE WHEN $7 THEN NULL ELSE content END
WHERE id = $1 AND lease = $2 AND state = 'queued'
RETURNING sequence, attempts

-- name: defer
UPDATE notice
SET failure = $4, reason = $5, addressed_to = $6, due_at = $3, lease = NULL, leased_until = NULL
WHERE id = $1 AND lease = $2 AND state = 'queued'

-- name: drop_documents
DELETE FROM document WHERE notice_id = $1

-- name: bring_forward
UPDATE notice SET due_at = $1 WHERE state = 'queued' AND failure = 'server_away' AND due_at > $1

-- name: revive
UPDATE notice
SET state = 'queued', sequence = sequence + 1, attempts = 0, due_at = $2, ended_at = NULL
WHERE state = 'failed' AND failure = 'no_address' AND organisation_id = ANY ($1) AND created_at > $3
RETURNING id

-- name: bring_forward_unknown
UPDATE notice SET due_at = $2
WHERE state = 'queued' AND failure = 'organisation_unknown' AND organisation_id = $1 AND due_at > $2

-- name: lock_notice
SELECT id, state, content IS NULL AS erased, organisation_id FROM notice WHERE id = $1 FOR UPDATE

-- name: queue_again
UPDATE notice
SET state = 'queued', sequence = sequence + 1, attempts = 0, due_at = $2, ended_at = NULL
WHERE id = $1 AND state = ANY ('{failed,queued}')

-- name: add_history
INSERT INTO notice_history (notice_id, at, what, reason) VALUES ($1, $2, $3, $4)

-- name: history
SELECT at, what, reason FROM notice_history WHERE notice_id = $1 ORDER BY position

-- name: find_notice
SELECT n.id, number, kind, organisation_id, o.name AS organisation_name, about_id, state, attempts, failure, reason,
       addressed_to, created_at, due_at, ended_at
FROM notice n LEFT JOIN organisation o ON o.id = n.organisation_id
WHERE n.id = $1

-- name: list_notices
SELECT n.id, number, kind, organisation_id, o.name AS organisation_name, about_id, state, attempts, failure, reason,
       addressed_to, created_at, due_at, ended_at
FROM notice n LEFT JOIN organisation o ON o.id = n.organisation_id
WHERE ($1::uuid IS NULL OR organisation_id = $1)
  AND ($2::text IS NULL OR state = $2)
  AND ($3::text IS NULL OR kind = $3)
  AND ($4::uuid IS NULL OR about_id = $4)
  AND ($5::bigint IS NULL OR number < $5)
ORDER BY number DESC LIMIT $6

-- name: unsent
SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'failed') AS failed,
    min(created_at) FILTER (WHERE state = 'queued') AS created_at
FROM notice WHERE state = 'queued' OR (state = 'failed' AND ended_at > $1)
