"""A municipality's bill for a quarter: its lines and sums, before there is a number or a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.invoicing.domain.usage import Called
from shared.contracts.invoicing import PriceStep
from shared.money import line_amount, vat
from shared.quarters import Quarter
from shared.tariff import Used, charge, price_on


@dataclass(frozen=True)
class SystemName:
    """A system and whose it is, by the names of its latest agreement."""

    supplier_name: str
    system_name: str


@dataclass(frozen=True)
class Names:
    """What systems and services are called."""

    systems: Mapping[UUID, SystemName]
    services: Mapping[UUID, str]


class NameMissing(Exception):
    """A bill names systems and services; the news of one of them has not been heard yet."""


class PricesMissing(Exception):
    """Services were called on days they had no price."""

    def __init__(self, missing: Mapping[UUID, date]) -> None:
        told = ", ".join(f"service {service} on {day}" for service, day in sorted(missing.items()))
        super().__init__(f"No price is in force for {told}; helpdesk must set one from that day.")
        self.missing = missing


@dataclass(frozen=True)
class BillLine:
    """What one system called one service, at one price, in one quarter. Days are civil, the last included."""

    position: int
    supplier_id: UUID
    supplier_name: str
    system_id: UUID
    system_name: str
    service_id: UUID
    service_name: str
    made_in: Quarter
    first_day: date
    last_day: date
    calls: int
    unit_price: Decimal
    amount: Decimal
    note: str | None


@dataclass(frozen=True)
class Bill:
    """Lines and sums in DKK: `net` of the lines, VAT once of the sum."""

    quarter: Quarter
    lines: tuple[BillLine, ...]
    calls: int
    net: Decimal
    vat: Decimal
    gross: Decimal


Prices = Mapping[UUID, Sequence[PriceStep]]


def draw_up(called: Iterable[Called], prices: Prices, names: Names, quarter: Quarter) -> Bill:
    """The bill for what was called; what is not billable is left out.

    Lines are told apart by system, service, quarter of the calls and unit price. Raises PricesMissing,
    NameMissing.
    """
    billable = [item for item in called if item.billable and item.calls]
    if missing := _missing(billable, prices):
        raise PricesMissing(missing)
    charges = charge(
        (Used((item.supplier_id, item.system_id), item.service_id, item.day, item.calls) for item in billable),
        prices,
    )
    drafts = [
        BillLine(
            position=0,
            supplier_id=charged.key[0],
            supplier_name=_system(names, charged.key[1]).supplier_name,
            system_id=charged.key[1],
            system_name=_system(names, charged.key[1]).system_name,
            service_id=charged.service_id,
            service_name=_service(names, charged.service_id),
            made_in=charged.made_in,
            first_day=charged.first_day,
            last_day=charged.last_day,
            calls=charged.calls,
            unit_price=charged.unit_price,
            amount=charged.amount,
            note=None if charged.made_in == quarter else f"Sent modtagne opslag, vedrører {charged.made_in.danish}",
        )
        for charged in charges
    ]
    lines = tuple(_placed(line, place) for place, line in enumerate(sorted(drafts, key=_order), start=1))
    net = sum((line.amount for line in lines), Decimal("0.00"))
    return Bill(quarter, lines, sum(line.calls for line in lines), net, vat(net), net + vat(net))


def faults(bill: Bill, *, sealed_calls: int) -> list[str]:
    """What does not add up, each as a sentence; empty for a right bill.

    The calls of the lines are those that were sealed, and calls x price, rounded to the øre, is the money.
    """
    found = []
    on_lines = sum(line.calls for line in bill.lines)
    if on_lines != sealed_calls:
        found.append(f"{sealed_calls} calls are sealed, but the lines hold {on_lines}")
    found += [
        f"line {line.position} is {line.amount} kr., but {line.calls} calls at {line.unit_price} kr."
        f" come to {line_amount(line.calls, line.unit_price)} kr."
        for line in bill.lines
        if line.amount != line_amount(line.calls, line.unit_price)
    ]
    net = sum((line_amount(line.calls, line.unit_price) for line in bill.lines), Decimal("0.00"))
    if bill.net != net:
        found.append(f"the sum is {bill.net} kr., but the lines come to {net} kr.")
    if bill.vat != vat(net) or bill.gross != bill.net + bill.vat:
        found.append(f"VAT of {net} kr. is {vat(net)} kr., but the bill says {bill.vat} and {bill.gross} in all")
    return found


def invoice_number(series: str, serial: int) -> str:
    """FAK-000001: consecutive in its series; a series beyond a million goes on with more digits."""
    return f"{series}-{serial:06d}"


def _missing(billable: Iterable[Called], prices: Prices) -> dict[UUID, date]:
    missing: dict[UUID, date] = {}
    for item in billable:
        if price_on(prices.get(item.service_id, ()), item.day) is None:
            missing[item.service_id] = min(item.day, missing.get(item.service_id, item.day))
    return missing


def _system(names: Names, system_id: UUID) -> SystemName:
    try:
        return names.systems[system_id]
    except KeyError:
        raise NameMissing(f"No agreement that names system {system_id} has been heard of yet.") from None


def _service(names: Names, service_id: UUID) -> str:
    try:
        return names.services[service_id]
    except KeyError:
        raise NameMissing(f"Service {service_id} has not been heard of yet.") from None


def _order(line: BillLine) -> tuple[str, str, str, Quarter, date, Decimal, str]:
    # The ids last: two systems may bear the same name, and the same bill must come out the same.
    return (
        line.supplier_name.casefold(),
        line.system_name.casefold(),
        line.service_name.casefold(),
        line.made_in,
        line.first_day,
        line.unit_price,
        f"{line.system_id}{line.service_id}",
    )


def _placed(line: BillLine, position: int) -> BillLine:
    return replace(line, position=position)
