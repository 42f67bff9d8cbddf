-- name: role
SELECT current_user::text AS name, current_setting('server_version') AS version,
    rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS mighty,
    has_schema_privilege('public', 'CREATE') AS creates
FROM pg_roles WHERE rolname = current_user

-- name: tables
SELECT c.relname::text AS name,
    pg_has_role(c.relowner, 'USAGE') AS owned,
    has_table_privilege(c.oid, 'SELECT') AS readable,
    has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
        OR has_table_privilege(c.oid, 'TRUNCATE') AS changeable
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname

-- name: enterable
SELECT datname::text FROM pg_database
WHERE datname = ANY($1::text[]) AND datname <> current_database() AND has_database_privilege(oid, 'CONNECT')
ORDER BY datname

-- name: time
SELECT clock_timestamp()

-- name: offset
SELECT offset_seconds FROM clock
