"""Where a backup's command takes its addresses from, and that PostgreSQL's tools get no password to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.backup import __main__ as command
from deploy.backup import backup, dump
from shared.contracts import SERVICES


def test_every_service_has_its_database_on_the_server() -> None:
    found = backup.databases("postgresql://admin:x@h1:1,h2:2/postgres?sslmode=verify-full")

    assert set(found) == set(SERVICES)
    assert found["metering"] == "postgresql://admin:x@h1:1,h2:2/metering?sslmode=verify-full"


def test_the_server_is_named_by_the_variable_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://admin@file/postgres\n")

    assert command.admin_url({"SP_DATABASE_ADMIN_URL": "postgresql://admin@h/p"}) == "postgresql://admin@h/p"
    named = {"SP_DATABASE_ADMIN_URL_FILE": str(tmp_path / "url")}
    assert command.admin_url(named) == "postgresql://admin@file/postgres"
    for wrong in ({}, {"SP_DATABASE_ADMIN_URL": "h"}, {"SP_DATABASE_ADMIN_URL_FILE": str(tmp_path / "none")}):
        with pytest.raises(backup.BackupFailed, match="SP_DATABASE_ADMIN_URL"):
            command.admin_url(wrong)


def test_the_password_is_not_on_the_command_line() -> None:
    assert dump._without_password("postgresql://admin:s%40cret@h:1/d?sslmode=require") == (
        "postgresql://admin@h:1/d?sslmode=require",
        "s@cret",
    )


async def test_what_a_tool_says_is_told_without_the_password() -> None:
    with pytest.raises(dump.DumpFailed, match=r"pg_dump ended with code 1: .*127\.0\.0\.1") as failed:
        await dump.dump("postgresql://admin:hunter2@127.0.0.1:1/d", "0-1", Path("/nowhere"))
    assert "hunter2" not in str(failed.value)
