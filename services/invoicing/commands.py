"""Operator commands of invoicing: `reconcile`."""

from __future__ import annotations

from typing import Any

import typer

from services.invoicing.actions.accounts import reconciliation
from shared.commands import operate
from shared.quarters import Quarter
from shared.run import Runtime, Service, fail


def add_to(app: typer.Typer, service: Service[Any]) -> None:
    """Add this service's own commands to those every service has."""

    @app.command("reconcile")
    def reconcile_command(quarter: str) -> None:
        """Hold seals, counts and invoices of a quarter (2027Q1) against one another; fails where they differ."""
        try:
            meant = Quarter.parse(quarter)
        except ValueError as error:
            fail(f"{error}.")

        async def work(running: Runtime[Any]) -> None:
            async with running.database.reading() as connection:
                found = await reconciliation(connection, meant)
            for item in found:
                held = item.reconciled
                name = item.municipality_name or str(held.municipality_id)
                net = "-" if held.net is None else f"{held.net} kr."
                typer.echo(
                    f"{'ok   ' if held.ok else 'WRONG'} {name:32} {held.invoice_number or held.state:>18}"
                    f" sealed {held.sealed_calls:>9} counted {held.own_calls:>9} on lines {held.line_calls:>9}"
                    f" net {net:>16}"
                )
                for fault in held.faults:
                    typer.echo(f"      {fault}")
            wrong = sum(not item.reconciled.ok for item in found)
            typer.echo(f"{meant}: {len(found)} municipalities, {wrong} that do not add up")
            if wrong:
                raise SystemExit(1)

        operate(service, work)
