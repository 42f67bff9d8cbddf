"""What an operator does with the registry at the command line, beside what every service has."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from pydantic import AfterValidator, EmailStr, TypeAdapter, ValidationError

from services.registry.actions import helpdesk
from services.registry.settings import RegistrySettings
from shared.address import mailable
from shared.commands import OPERATOR, operate
from shared.problem import Problem
from shared.run import Runtime, Service, fail

_ADDRESS: TypeAdapter[str] = TypeAdapter(Annotated[EmailStr, AfterValidator(mailable)])


def add_to(app: typer.Typer, service: Service[Any]) -> None:
    """Add the registry's own commands."""

    @app.command("create-helpdesk")
    def create_helpdesk(
        name: Annotated[str, typer.Option(help="The person's name.")],
        email: Annotated[str, typer.Option(help="Where the invitation is mailed to.")],
    ) -> None:
        """Invite a person to the helpdesk; the first time, create the operator's organisation. Again: a new link."""
        try:
            address = _ADDRESS.validate_python(email)
        except ValidationError:
            fail("--email: this is not a mail address.")
        if not name.strip():
            fail("--name: say the person's name.")

        async def work(running: Runtime[RegistrySettings]) -> None:
            try:
                async with running.database.transaction() as tx:
                    invited = await helpdesk.create(tx, OPERATOR, running.settings, name=name.strip(), email=address)
            except Problem as problem:
                fail(problem.detail)
            typer.echo(
                f"Helpdesk person {invited.member.person.id}: the running registry has an invitation mailed;"
                f" its link holds until {invited.expires_at:%Y-%m-%d %H:%M} UTC."
            )

        operate(service, work)
