-- name: keep_organisation
INSERT INTO organisation (id, sequence, name, kinds, test, active) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE
SET sequence = excluded.sequence, name = excluded.name, kinds = excluded.kinds, test = excluded.test,
    active = excluded.active
WHERE organisation.sequence < excluded.sequence

-- name: keep_system
INSERT INTO system (id, sequence, supplier_id, supplier_name, name, environment, state)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE
SET sequence = excluded.sequence, supplier_id = excluded.supplier_id, supplier_name = excluded.supplier_name,
    name = excluded.name, environment = excluded.environment, state = excluded.state
WHERE system.sequence < excluded.sequence

-- name: keep_service
INSERT INTO service (id, sequence, name, version, state) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE
SET sequence = excluded.sequence, name = excluded.name, version = excluded.version, state = excluded.state
WHERE service.sequence < excluded.sequence

-- name: lock_system
SELECT s.id, s.supplier_id, coalesce(o.name, s.supplier_name) AS supplier_name,
       coalesce(o.active, true) AS supplier_active, s.name, s.environment, s.state
FROM system s LEFT JOIN organisation o ON o.id = s.supplier_id
WHERE s.id = $1
FOR NO KEY UPDATE OF s

-- name: system_state
SELECT state FROM system WHERE id = $1

-- name: services
SELECT id, name, version, state FROM service WHERE id = ANY ($1)

-- name: organisations
SELECT id, name, kinds, test, active FROM organisation WHERE id = ANY ($1)

-- name: trial_municipality
SELECT id, name, kinds, test, active FROM organisation
WHERE test AND 'municipality' = ANY (kinds) AND active
ORDER BY id LIMIT 1
