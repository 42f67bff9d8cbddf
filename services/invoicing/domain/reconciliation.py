"""The proof that nothing was lost between the seal and the invoice, for each municipality."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from services.invoicing.domain.bill import Bill, faults
from services.invoicing.domain.billing import Sealed, State
from shared.money import line_amount


@dataclass(frozen=True)
class Reconciled:
    """What was sealed, counted here and billed of one municipality; `faults` says what differs.

    `line_net` is worked out anew from the invoice's lines: calls x price, each rounded to the øre. `net` is what
    the invoice says; both are None where there is no invoice.
    """

    municipality_id: UUID
    state: State | Literal["not_sealed"]
    invoice_number: str | None
    sealed_calls: int
    own_calls: int
    line_calls: int
    line_net: Decimal | None
    net: Decimal | None
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


def reconcile(
    municipality_id: UUID, *, sealed: Sealed | None, own_calls: int, number: str | None, bill: Bill | None
) -> Reconciled:
    """Hold a municipality's seal, own counts and invoice (each may be absent) against one another."""
    found: list[str] = []
    if sealed is None:
        found.append("the quarter is not sealed")
    elif own_calls != sealed.calls:
        found.append(f"{sealed.calls} calls are sealed, but {own_calls} are counted here")
    if bill is not None:
        found += faults(bill, sealed_calls=sealed.calls if sealed else 0)
    elif sealed is not None and sealed.calls:
        found.append(f"there is no invoice ({sealed.state}): {sealed.sentence}")
    return Reconciled(
        municipality_id=municipality_id,
        state=sealed.state if sealed else "not_sealed",
        invoice_number=number,
        sealed_calls=sealed.calls if sealed else 0,
        own_calls=own_calls,
        line_calls=sum(line.calls for line in bill.lines) if bill else 0,
        line_net=(
            sum((line_amount(line.calls, line.unit_price) for line in bill.lines), Decimal("0.00")) if bill else None
        ),
        net=bill.net if bill else None,
        faults=tuple(found),
    )
