"""Metering's operator commands."""

from __future__ import annotations

from typing import Any

import typer

from services.metering.actions import rejudging, sealing
from services.metering.settings import MeteringSettings
from shared.commands import OPERATOR, operate
from shared.problem import Problem
from shared.quarters import Quarter
from shared.run import Runtime, Service, fail


def add_to(app: typer.Typer, service: Service[MeteringSettings]) -> None:
    """Add them to what every service has."""

    @app.command("seal")
    def seal_command(quarter: str) -> None:
        """Seal a quarter (written like 2027Q1) that is due, after checking that raw calls equal counts."""
        try:
            asked = Quarter.parse(quarter)
        except ValueError as error:
            fail(str(error))

        async def work(running: Runtime[Any]) -> None:
            await rejudging.judge_again(running.database, running.settings.late)
            try:
                await sealing.seal_one(running.database, asked, running.settings.grace)
            except Problem as problem:
                fail(f"metering: {problem.detail}")
            async with running.database.transaction() as tx:
                await tx.record(OPERATOR, "quarter.seal", str(asked))
            typer.echo(f"{asked} is sealed; the running service says so to the others.")

        operate(service, work)

    @app.command("judge")
    def judge_command() -> None:
        """Judge again every refused call that news of a certificate, system or grant could lift."""

        async def work(running: Runtime[Any]) -> None:
            async with running.database.transaction() as tx:
                systems = await rejudging.want_all(tx)
                await tx.record(OPERATOR, "refusals.judge", "all", {"systems": systems})
            lifted = await rejudging.judge_again(running.database, running.settings.late)
            typer.echo(f"{lifted} refused calls of {systems} systems are no longer refused.")

        operate(service, work)
