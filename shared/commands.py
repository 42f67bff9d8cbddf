"""The command line every service has: serve, check, migrate, restate, parked. A service adds its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer

from shared import check, logs, parking, schema
from shared.audit import Actor
from shared.database import AWAY
from shared.run import Runtime, Service, fail, runtime, serve
from shared.settings import read_settings

OPERATOR = Actor("operator", "command line")
_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


def build(service: Service[Any]) -> typer.Typer:
    """`python -m services.<name> …`"""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=service.about, pretty_exceptions_enable=False)

    @app.command("serve")
    def serve_command() -> None:
        """Run the service until it is told to stop."""
        settings = read_settings(service.settings)
        logs.set_up(service.name, form=settings.log_format, level=settings.log_level)
        asyncio.run(serve(service, settings))

    @app.command("migrate")
    def migrate_command() -> None:
        """Bring the database up to date, as the owner of its tables (SP_DATABASE_OWNER_URL)."""
        settings = read_settings(service.settings)
        if settings.database_owner_url is None:
            fail(
                "SP_DATABASE_OWNER_URL: is not set; migrations run as the owner of the tables. See docs/settings.md."
            )
        owner = settings.database_owner_url.get_secret_value()
        try:
            applied = asyncio.run(schema.migrate(owner, service.migrations))
        except schema.MigrationChanged as error:
            fail(f"{service.name}: {error}.")
        except (*AWAY, *_REFUSED, OSError, ValueError) as error:
            # The message of a URL that can't be read would repeat it, password and all.
            fail(f"{service.name}: can't use the database of SP_DATABASE_OWNER_URL ({type(error).__name__}).")
        typer.echo(f"{service.name}: {', '.join(applied) if applied else 'nothing to migrate'}")

    if service.restate:
        nouns = ", ".join(service.restate)

        @app.command("restate", help=f"Say the present state of all: {nouns}; for copies that are new or broken.")
        def restate_command(noun: str) -> None:
            if noun not in service.restate:
                fail(f"{service.name} restates {nouns}, not {noun!r}.")

            async def work(running: Runtime[Any]) -> None:
                async with running.database.transaction() as tx:
                    said = await service.restate[noun](tx)
                    await tx.record(OPERATOR, "restate", noun, {"events": said})
                typer.echo(f"{service.name}: {said} events about {noun} written; the running service publishes them.")

            operate(service, work)

    _add_check(app, service)
    app.add_typer(_parked(service), name="parked", help="Messages whose handling failed.")
    return app


def _add_check(app: typer.Typer, service: Service[Any]) -> None:
    @app.command("check")
    def check_command() -> None:
        """Say of settings, database, rights, broker, clock and certificates whether they are in order."""

        async def work() -> bool:
            well = True
            async for finding in check.examine(service):
                well = well and finding.level != "FAIL"
                typer.echo(str(finding))
            return well

        logs.set_up(service.name, form="auto", level="ERROR")
        if not asyncio.run(work()):
            raise SystemExit(1)


def operate(service: Service[Any], work: Callable[[Runtime[Any]], Awaitable[None]]) -> None:
    """Run an operator's command on the service's own database, with its settings."""
    settings = read_settings(service.settings)
    logs.set_up(service.name, form=settings.log_format, level="WARNING")

    async def run() -> None:
        async with runtime(service, settings) as running:
            await work(running)

    asyncio.run(run())


def _parked(service: Service[Any]) -> typer.Typer:  # noqa: C901 - four small commands
    app = typer.Typer(no_args_is_help=True)

    @app.command("list")
    def list_command() -> None:
        """Everything that waits, oldest first: for another try, or for a person."""

        async def work(running: Runtime[Any]) -> None:
            async with running.database.reading() as connection:
                found = await parking.waiting(connection)
            for item in found:
                waits = f"again at {item.due_at:%Y-%m-%d %H:%M:%SZ}" if item.due_at else "for a person"
                typer.echo(f"{item.id}  {item.type}  {item.attempts} tries  waits {waits}  {item.reason}")
            typer.echo(f"{len(found)} parked")

        operate(service, work)

    @app.command("show")
    def show_command(parked_id: UUID) -> None:
        """One parked message with its content; what is secret is left out."""

        async def work(running: Runtime[Any]) -> None:
            async with running.database.reading() as connection:
                item = await parking.find(connection, parked_id)
            if item is None:
                fail(f"No message with the id {parked_id} is parked here.")
            body = parking.shown(item)
            typer.echo(
                json.dumps(
                    {
                        "id": str(item.id),
                        "event_id": str(item.event_id) if item.event_id else None,
                        "type": item.type,
                        "state": item.state,
                        "attempts": item.attempts,
                        "reason": item.reason,
                        "parked_at": item.parked_at.isoformat(),
                        "due_at": item.due_at.isoformat() if item.due_at else None,
                        "body": body,
                    },
                    indent=2,
                    ensure_ascii=False,
                )
            )

        operate(service, work)

    @app.command("replay")
    def replay_command(parked_id: UUID) -> None:
        """Have the running service try it again at once."""

        async def work(running: Runtime[Any]) -> None:
            async with running.database.transaction() as tx:
                if not await parking.replay(tx.connection, parked_id, now=tx.now):
                    fail(f"{parked_id} can't be replayed: nothing waits by this id, or its content was redacted.")
                await tx.record(OPERATOR, "parked.replay", parked_id)
            typer.echo("It is tried again within a few seconds.")

        operate(service, work)

    @app.command("drop")
    def drop_command(
        parked_id: UUID, reason: Annotated[str, typer.Option(help="Why it may be lost; it is kept.")]
    ) -> None:
        """Give a message up for good."""

        async def work(running: Runtime[Any]) -> None:
            if not reason.strip():
                fail("--reason: say why this message may be lost.")
            async with running.database.transaction() as tx:
                if not await parking.drop(tx.connection, parked_id, note=reason.strip(), now=tx.now):
                    fail(f"Nothing waits by the id {parked_id}.")
                await tx.record(OPERATOR, "parked.drop", parked_id, {"reason": reason.strip()})
            typer.echo("Dropped.")

        operate(service, work)

    return app
