"""How the billing of a quarter stands, and the proof that it adds up; for helpdesk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.invoicing.actions.accounts import NamedReconciled, Standing, reconciliation, standings
from services.invoicing.api.asking import InQuarter, Running
from services.invoicing.domain.billing import State
from services.invoicing.store import billing as store
from shared.identity import SignedIn

router = APIRouter(tags=["billing"])

Stage = State | Literal["not_sealed"]


class Differing(BaseModel):
    """One agreement's service whose own total is not the sealed one."""

    source_id: UUID
    service_id: UUID
    made_in_quarter: str
    sealed_calls: int
    own_calls: int


class MunicipalityBilling(BaseModel):
    """How far a municipality's invoice has come, since when, and in words why it is not out yet.

    `differences` are the totals that are not as sealed; `net` is the invoice's.
    """

    municipality_id: UUID
    municipality_name: str | None
    state: Stage
    sentence: str
    since: datetime | None
    sealed_calls: int | None
    own_calls: int
    differences: list[Differing]
    invoice_id: UUID | None
    invoice_number: str | None
    net: Decimal | None


class QuartersBilling(BaseModel):
    """By quarter, how many municipalities' billing is in which state."""

    quarters: dict[str, dict[Stage, int]]


class BillingAnswer(BaseModel):
    """Every municipality with calls or a seal in the quarter, by name; `states` counts them."""

    quarter: str
    states: dict[Stage, int]
    municipalities: list[MunicipalityBilling]


class MunicipalityReconciled(BaseModel):
    """Sealed calls = own calls = calls on the invoice's lines, and calls x price = its net; `faults` in words.

    `line_net` is worked out anew from the lines, each rounded to the øre; null where there is no invoice.
    """

    municipality_id: UUID
    municipality_name: str | None
    state: Stage
    invoice_number: str | None
    sealed_calls: int
    own_calls: int
    line_calls: int
    line_net: Decimal | None
    net: Decimal | None
    ok: bool
    faults: list[str]


class ReconciliationAnswer(BaseModel):
    """Whether everything of a quarter adds up, in all and for each municipality."""

    quarter: str
    ok: bool
    sealed_calls: int
    own_calls: int
    line_calls: int
    net: Decimal
    municipalities: list[MunicipalityReconciled]


@router.get("/billing")
async def billing(running: Running, caller: SignedIn, quarter: InQuarter) -> BillingAnswer:
    """How the billing of a quarter stands for every municipality (helpdesk)."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        found = [_standing(standing) for standing in await standings(connection, quarter)]
    states: dict[Stage, int] = {}
    for item in found:
        states[item.state] = states.get(item.state, 0) + 1
    return BillingAnswer(quarter=str(quarter), states=states, municipalities=found)


@router.get("/billing/states")
async def billing_states(running: Running, caller: SignedIn) -> QuartersBilling:
    """How far the billing of every sealed quarter has come, in numbers (helpdesk)."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        return QuartersBilling.model_validate({"quarters": await store.states(connection)})


@router.get("/billing/reconciliation")
async def reconciled(running: Running, caller: SignedIn, quarter: InQuarter) -> ReconciliationAnswer:
    """Hold seals, counts and invoices of a quarter against one another (helpdesk)."""
    caller.require_helpdesk()
    async with running.database.reading() as connection:
        found = [_reconciled(item) for item in await reconciliation(connection, quarter)]
    return ReconciliationAnswer(
        quarter=str(quarter),
        ok=all(item.ok for item in found),
        sealed_calls=sum(item.sealed_calls for item in found),
        own_calls=sum(item.own_calls for item in found),
        line_calls=sum(item.line_calls for item in found),
        net=sum((item.net for item in found if item.net is not None), Decimal("0.00")),
        municipalities=found,
    )


def _standing(standing: Standing) -> MunicipalityBilling:
    sealed = standing.sealed
    return MunicipalityBilling(
        municipality_id=standing.municipality_id,
        municipality_name=standing.municipality_name,
        state=sealed.state if sealed else "not_sealed",
        sentence=sealed.sentence if sealed else "The quarter is still open.",
        since=sealed.since if sealed else None,
        sealed_calls=sealed.calls if sealed else None,
        own_calls=standing.own_calls,
        differences=[
            Differing(
                source_id=item.source_id,
                service_id=item.service_id,
                made_in_quarter=item.made_in_quarter,
                sealed_calls=item.sealed,
                own_calls=item.own,
            )
            for item in standing.differences
        ],
        invoice_id=sealed.invoice_id if sealed else None,
        invoice_number=standing.invoice.number if standing.invoice else None,
        net=standing.invoice.net if standing.invoice else None,
    )


def _reconciled(item: NamedReconciled) -> MunicipalityReconciled:
    held = item.reconciled
    return MunicipalityReconciled(
        municipality_id=held.municipality_id,
        municipality_name=item.municipality_name,
        state=held.state,
        invoice_number=held.invoice_number,
        sealed_calls=held.sealed_calls,
        own_calls=held.own_calls,
        line_calls=held.line_calls,
        line_net=held.line_net,
        net=held.net,
        ok=held.ok,
        faults=list(held.faults),
    )
