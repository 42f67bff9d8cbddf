"""A database's tables as one reads them: what all migrations of a service add up to, the same on every server."""

from __future__ import annotations

import re

import asyncpg

HEAD = """\
-- What the migrations beside this file add up to. For reading, and held to by a test; `make schema` writes it.
-- Databases are made by the migrations alone; every service's holds the tables of shared/schema.sql too.
"""

_TABLES = """
SELECT c.oid, c.relname, c.relkind, pg_get_partkeydef(c.oid) AS partitioned, coalesce(p.relname, '') AS parent
FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND c.relname <> 'migrations'
ORDER BY c.relkind = 'v', c.relname
"""
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attidentity::text AS identity,
       pg_get_expr(d.adbin, d.adrelid) AS value, a.attgenerated::text AS generated,
       CASE WHEN a.attcollation <> t.typcollation THEN l.collname END AS collated
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE conrelid = $1 AND contype <> 'n' ORDER BY contype = 'c', conname
"""
_INDEXES = """
SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
WHERE indrelid = $1 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
ORDER BY c.relname
"""
_FUNCTIONS = """
SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS takes, pg_get_function_result(p.oid) AS gives,
       p.prosecdef
FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
ORDER BY p.proname
"""
_TRIGGERS = """
SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname
"""
_RIGHTS = """
SELECT string_agg(DISTINCT lower(privilege_type), ', ' ORDER BY lower(privilege_type)) AS held
FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND table_name = $1 AND grantee = $2
"""


SHARED = ("audit", "audit_chain", "clock", "inbox", "outbox", "parked", "said")
"""What every service's database holds; described once, for all of them."""


async def describe(connection: asyncpg.Connection, runtime_role: str, *, shared: bool) -> str:
    """Every table with its columns, constraints, indexes, triggers and what the service's own role may do to it.

    `shared`: the tables that every service has; otherwise those that are the service's own.
    """
    lines = [HEAD]
    for table in await connection.fetch(_TABLES):
        if (table["relname"] in SHARED) is not shared:
            continue
        if table["parent"]:
            lines += [f"-- {table['relname']}: a partition of {table['parent']}", ""]
            continue
        if table["relkind"] == b"v":
            body = await connection.fetchval("SELECT pg_get_viewdef($1::oid, true)", table["oid"])
            lines += [f"CREATE VIEW {table['relname']} AS", _alike(body.rstrip()), ""]
            continue
        parts = [_column(column) for column in await connection.fetch(_COLUMNS, table["oid"])]
        parts += [
            f"    CONSTRAINT {one['conname']} {one['definition']}"
            for one in await connection.fetch(_CONSTRAINTS, table["oid"])
        ]
        tail = f" PARTITION BY {table['partitioned']}" if table["partitioned"] else ""
        held = await connection.fetchval(_RIGHTS, table["relname"], runtime_role) or "nothing"
        lines += [f"CREATE TABLE {table['relname']} (", ",\n".join(parts), f"){tail};"]
        lines += [f"{one['definition']};" for one in await connection.fetch(_INDEXES, table["oid"])]
        lines += [f"{one['definition']};" for one in await connection.fetch(_TRIGGERS, table["oid"])]
        lines += [f"-- the service may: {held}", ""]
    for function in () if shared else await connection.fetch(_FUNCTIONS):
        rights = " with the owner's rights" if function["prosecdef"] else ""
        lines += [f"-- function {function['proname']}({function['takes']}) -> {function['gives']}{rights}"]
    return "\n".join(lines).rstrip() + "\n"


def _alike(view: str) -> str:
    """A view of one table alone without the table's short name before its columns: newer servers leave it out."""
    alone = re.search(r"\n   FROM \w+ (\w+);$", view)
    return re.sub(rf"^( SELECT |    ){alone[1]}\.", r"\1", view, flags=re.MULTILINE) if alone else view


def _column(column: asyncpg.Record) -> str:
    text = f"    {column['attname']} {column['type']}"
    if column["collated"]:
        text += f' COLLATE "{column["collated"]}"'
    if column["attnotnull"]:
        text += " NOT NULL"
    if column["identity"]:
        text += " GENERATED ALWAYS AS IDENTITY" if column["identity"] == "a" else " GENERATED BY DEFAULT AS IDENTITY"
    elif column["generated"]:
        text += f" GENERATED ALWAYS AS ({column['value']}) STORED"
    elif column["value"] is not None:
        text += f" DEFAULT {column['value']}"
    return text
