-- name: end_open
UPDATE links SET ended_at = $2, ended_by = 'newer link' WHERE person_id = $1 AND ended_at IS NULL;

-- name: add
INSERT INTO links (id, person_id, organisation_id, purpose, asked_for, secret_sha256, issued_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: asked_since
SELECT count(*) FROM links WHERE person_id = $1 AND asked_for AND issued_at > $2;

-- name: find_open
SELECT l.person_id, p.email, o.name AS organisation_name, l.purpose, l.expires_at
FROM links l
JOIN people p ON p.id = l.person_id
JOIN organisations o ON o.id = l.organisation_id
WHERE l.secret_sha256 = $1 AND l.ended_at IS NULL AND l.expires_at > $2;

-- name: use
UPDATE links
SET ended_at = $2, ended_by = 'use'
WHERE secret_sha256 = $1 AND ended_at IS NULL AND expires_at > $2
RETURNING person_id;
