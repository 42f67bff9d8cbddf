-- name: add
-- Nothing when the address is somebody's already.
INSERT INTO people (id, sequence, name, email, password_hash, created_at)
VALUES ($1, 1, $2, $3, NULL, $4)
ON CONFLICT (lower(email)) DO NOTHING
RETURNING id, sequence, name, email, password_hash, password_set_at;

-- name: find
SELECT id, sequence, name, email, password_hash, password_set_at FROM people WHERE id = $1;

-- name: find_to_change
SELECT id, sequence, name, email, password_hash, password_set_at FROM people WHERE id = $1 FOR UPDATE;

-- name: find_by_email
SELECT id, sequence, name, email, password_hash, password_set_at FROM people WHERE lower(email) = lower($1);

-- name: find_by_email_to_change
SELECT id, sequence, name, email, password_hash, password_set_at FROM people WHERE lower(email) = lower($1) FOR UPDATE;

-- name: change
UPDATE people
SET sequence = sequence + 1, name = $2
WHERE id = $1
RETURNING id, sequence, name, email, password_hash, password_set_at;

-- name: set_password
UPDATE people SET password_hash = $2, password_set_at = $3 WHERE id = $1 RETURNING id, sequence, name, email, password_hash, password_set_at;

-- name: put_membership
INSERT INTO memberships (person_id, organisation_id, roles, active, since)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (person_id, organisation_id) DO UPDATE SET roles = excluded.roles, active = excluded.active;

-- name: standings
SELECT m.roles AS held_roles, m.active AS held, o.id, o.sequence, o.name, o.cvr, o.kinds, o.municipality_code, o.test,
       o.mailbox, o.invoice_mailbox, o.ean, o.buyer_reference, o.active
FROM memberships m
JOIN organisations o ON o.id = m.organisation_id
WHERE m.person_id = $1
ORDER BY o.name, o.id;

-- name: members
SELECT m.roles, m.active, p.id, p.sequence, p.name, p.email, p.password_hash, p.password_set_at
FROM memberships m
JOIN people p ON p.id = m.person_id
WHERE m.organisation_id = $1
ORDER BY p.name, p.id;

-- name: members_listed
-- What follows `after` (a person's id) in the order of names.
SELECT m.roles, m.active, p.id, p.sequence, p.name, p.email, p.password_hash, p.password_set_at
FROM memberships m
JOIN people p ON p.id = m.person_id
WHERE m.organisation_id = $1
  AND ($2::uuid IS NULL OR (p.name, p.id) > (SELECT a.name, a.id FROM people a WHERE a.id = $2))
ORDER BY p.name, p.id
LIMIT $3;

-- name: names
SELECT id, name FROM people WHERE id = ANY ($1::uuid[]);

-- name: all
SELECT id, sequence, name, email, password_hash, password_set_at FROM people ORDER BY id;
