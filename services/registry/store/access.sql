-- name: decide_access
-- All there is to know for one access decision: a row per grant, one row without a grant, none without the
-- certificate. $1 the certificate's SHA-256; $2 the service; $3 the municipality's id or $4 its CVR number.
SELECT c.valid_from, c.valid_to, c.bound_to IS NOT NULL AS ended,
       s.id AS system_id, s.name AS system_name, s.supplier_id, s.state AS system_state, s.environment,
       (SELECT v.state FROM services v WHERE v.id = $2) AS service_state,
       m.id AS municipality_id,
       a.id AS access_id, a.source, a.source_id, a.valid
FROM certificates c
JOIN systems s ON s.id = c.system_id
LEFT JOIN LATERAL (
    SELECT o.id FROM organisations o
    WHERE o.id = $3 AND 'municipality' = ANY (o.kinds) AND (NOT o.test OR s.environment = 'test')
    UNION ALL
    SELECT o.id FROM organisations o
    WHERE o.cvr = $4 AND 'municipality' = ANY (o.kinds) AND (NOT o.test OR s.environment = 'test')
) m ON true
LEFT JOIN LATERAL (
    SELECT g.id, g.source, g.source_id, g.valid FROM access g
    WHERE g.system_id = s.id AND g.service_id = $2 AND g.municipality_id = m.id AND g.environment = s.environment
    OFFSET 0  -- without it PostgreSQL 17 reads the grants of all municipalities and then drops the others'
) a ON true
WHERE c.thumbprint = $1
ORDER BY a.id;

-- name: hear_source
-- Keeps how far an agreement or trial connection has been heard of; nothing is returned for what is older.
INSERT INTO access_sources AS s (id, kind, sequence) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence WHERE s.sequence < excluded.sequence
RETURNING s.sequence;

-- name: parties
-- What a grant refers to, as far as the registry knows it.
SELECT (SELECT o.cvr FROM organisations o WHERE o.id = $1 AND 'municipality' = ANY (o.kinds)) AS municipality_cvr,
       (SELECT s.supplier_id FROM systems s WHERE s.id = $2) AS supplier_id,
       (SELECT s.environment FROM systems s WHERE s.id = $2) AS environment,
       ARRAY (SELECT v.id FROM services v WHERE v.id = ANY ($3::uuid[])) AS service_ids;

-- name: grants_of_source
SELECT service_id, valid FROM access WHERE source_id = $1;

-- name: write_grant
-- A grant with its spans, new or changed.
INSERT INTO access AS a (
    id, sequence, source, source_id, environment, supplier_id, system_id, municipality_id, service_id, valid
)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (source_id, service_id) DO UPDATE SET sequence = a.sequence + 1, valid = excluded.valid
RETURNING a.id, a.sequence, a.source, a.source_id, a.environment, a.supplier_id, a.system_id, a.municipality_id,
          (SELECT o.cvr FROM organisations o WHERE o.id = a.municipality_id) AS municipality_cvr,
          a.service_id, a.valid;

-- name: add_access_history
INSERT INTO access_history (access_id, at, source_sequence, valid) VALUES ($1, $2, $3, $4);

-- name: list_access
-- Every grant, after a given id.
SELECT a.id, a.sequence, a.source, a.source_id, a.environment, a.supplier_id, a.system_id, a.municipality_id,
       o.cvr AS municipality_cvr, a.service_id, a.valid
FROM access a JOIN organisations o ON o.id = a.municipality_id
WHERE $1::uuid IS NULL OR a.id > $1
ORDER BY a.id
LIMIT $2;
