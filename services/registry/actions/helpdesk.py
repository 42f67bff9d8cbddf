"""The platform's first people: its operator and the helpdesk."""

from __future__ import annotations

from uuid import uuid4

from services.registry.actions import organisation as organisations
from services.registry.actions import person as people
from services.registry.settings import RegistrySettings
from services.registry.store import organisation as store
from services.registry.store import person as people_store
from shared.audit import Actor
from shared.contracts.registry import Organisation
from shared.database import Transaction


async def create(
    tx: Transaction, actor: Actor, settings: RegistrySettings, *, name: str, email: str
) -> people.Invited:
    """See to it that this person can sign in as helpdesk; again means a new link, nothing else."""
    operator = await store.find_operator(tx.connection)
    if operator is None:
        operator = await organisations.create(
            tx,
            actor,
            Organisation(
                id=uuid4(),
                sequence=1,
                name=settings.operator_name,
                cvr=settings.operator_cvr,
                kinds=("operator",),
            ),
        )
    person = await people_store.find_by_email(tx.connection, email)
    if person is not None:
        standings = await people_store.standings(tx.connection, person.id)
        if any(standing.active and standing.organisation.id == operator.id for standing in standings):
            return await people.invite_again(tx, actor, settings, operator.id, person.id)
    return await people.invite(tx, actor, settings, operator.id, name=name, email=email, roles=["helpdesk"])
