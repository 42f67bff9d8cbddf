-- name: find_supplier
-- An organisation as far as systems are concerned.
SELECT id, name, cvr, kinds, test, active FROM organisations WHERE id = $1;

-- name: add_system
-- A new system, connected to nothing yet and active from the start.
INSERT INTO systems (id, sequence, supplier_id, name, environment, state, active, registered_at)
VALUES ($1, 1, $2, $3, $4, 'registered', tstzmultirange(tstzrange($5, NULL)), $5);

-- name: find_system
SELECT s.id, s.sequence, s.supplier_id, o.name AS supplier_name, s.name, s.environment, s.state, s.active,
       s.registered_at
FROM systems s JOIN organisations o ON o.id = s.supplier_id
WHERE s.id = $1;

-- name: lock_system
-- The system, and nobody else changes it or its certificates until the transaction ends.
SELECT s.id, s.sequence, s.supplier_id, o.name AS supplier_name, s.name, s.environment, s.state, s.active,
       s.registered_at
FROM systems s JOIN organisations o ON o.id = s.supplier_id
WHERE s.id = $1
FOR UPDATE OF s;

-- name: list_systems
-- Systems in the order they were registered, after a given one: a supplier's or everybody's, narrowed.
SELECT s.id, s.sequence, s.supplier_id, o.name AS supplier_name, s.name, s.environment, s.state, s.active,
       s.registered_at
FROM systems s JOIN organisations o ON o.id = s.supplier_id
WHERE ($1::uuid IS NULL OR s.supplier_id = $1)
  AND ($2::text IS NULL OR s.environment = $2)
  AND ($3::text IS NULL OR s.state = $3)
  AND ($4::text IS NULL OR s.id::text = lower($4) OR strpos(lower(s.name), lower($4)) > 0)
  AND ($5::uuid IS NULL OR (s.registered_at, s.id) > (SELECT a.registered_at, a.id FROM systems a WHERE a.id = $5))
ORDER BY s.registered_at, s.id
LIMIT $6;

-- name: rename_system
UPDATE systems s SET sequence = s.sequence + 1, name = $2
FROM organisations o
WHERE s.id = $1 AND o.id = s.supplier_id AND s.state = ANY($3::text[])
RETURNING s.id, s.sequence, s.supplier_id, o.name AS supplier_name, s.name, s.environment, s.state, s.active,
          s.registered_at;

-- name: change_system_state
-- To another state, from one of those it may be reached from; the active span opens or closes with it.
UPDATE systems s
SET sequence = s.sequence + 1,
    state = $2,
    active = CASE WHEN $2 = 'registered' THEN s.active + tstzmultirange(tstzrange($3, NULL))
                  ELSE s.active - tstzmultirange(tstzrange($3, NULL)) END
FROM organisations o
WHERE s.id = $1 AND o.id = s.supplier_id AND s.state = ANY($4::text[])
RETURNING s.id, s.sequence, s.supplier_id, o.name AS supplier_name, s.name, s.environment, s.state, s.active,
          s.registered_at;

-- name: add_system_history
INSERT INTO system_history (system_id, at, what, certificate_id, state, actor_kind, actor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: system_history
SELECT at, what, certificate_id, state, actor_kind, actor_id
FROM system_history WHERE system_id = $1 ORDER BY position;
