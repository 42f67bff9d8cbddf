-- name: add_service
-- Nothing is returned when the id, or the name and version, are taken.
INSERT INTO services (
    id, sequence, name, version, number, entity_id, description, data_categories, state, published_at
)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, 'open', $8)
ON CONFLICT DO NOTHING
RETURNING id, sequence, name, version, number, entity_id, description, data_categories, state, published_at;

-- name: find_service
SELECT id, sequence, name, version, number, entity_id, description, data_categories, state, published_at
FROM services WHERE id = $1;

-- name: list_services
-- The catalogue in alphabetical order, after a given service; `q` is looked for in all that is said of a service.
SELECT id, sequence, name, version, number, entity_id, description, data_categories, state, published_at
FROM services
WHERE ($1::text IS NULL
       OR position(lower($1) IN lower(name || ' ' || version)) > 0
       OR position(lower($1) IN lower(number)) > 0
       OR position(lower($1) IN lower(description)) > 0
       OR position(lower($1) IN lower(data_categories)) > 0)
  AND ($4::text IS NULL OR state = $4)
  AND ($2::uuid IS NULL OR (name, version, id) > (SELECT a.name, a.version, a.id FROM services a WHERE a.id = $2))
ORDER BY name, version, id
LIMIT $3;

-- name: change_service
-- What is given replaces what was (null keeps it); nothing is returned when nothing changed or it is unknown.
UPDATE services
SET sequence = sequence + 1,
    description = coalesce($2, description),
    data_categories = coalesce($3, data_categories),
    state = coalesce($4, state)
WHERE id = $1
  AND (description, data_categories, state)
      IS DISTINCT FROM (coalesce($2, description), coalesce($3, data_categories), coalesce($4, state))
RETURNING id, sequence, name, version, number, entity_id, description, data_categories, state, published_at;

-- name: add_service_history
INSERT INTO service_history (service_id, at, what, state, actor_kind, actor_id) VALUES ($1, $2, $3, $4, $5, $6);
