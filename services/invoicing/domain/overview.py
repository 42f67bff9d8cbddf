"""The usage overview: the same calls and the same øre as the invoice, told apart as the reader likes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Literal, NamedTuple
from uuid import UUID

from services.invoicing.domain.bill import Prices
from services.invoicing.domain.usage import Called
from shared.money import line_amount, vat
from shared.quarters import Quarter
from shared.tariff import Used, charge, price_on

Grouping = Literal["supplier", "system", "service", "agreement", "accounting_info", "week", "day"]


class Group(NamedTuple):
    """What a line of the overview is about; None where it is not told apart by that.

    `week` is the first day of a week's part in the quarter the calls were made in. `made_in` and `unit_price` tell
    lines apart where services do. Calls on trial have their trial connection for
    `agreement_id`.
    """

    supplier_id: UUID | None
    system_id: UUID | None
    service_id: UUID | None
    agreement_id: UUID | None
    accounting_info: str | None
    week: date | None
    day: date | None
    made_in: Quarter | None
    unit_price: Decimal | None


@dataclass(frozen=True)
class OverviewLine:
    """`amount` is that of all `calls` but the `unpriced_calls` among them. `trial_calls` cost nothing.

    `unit_price` and `made_in` are None where several came together.
    """

    group: Group
    calls: int
    unpriced_calls: int
    trial_calls: int
    amount: Decimal


@dataclass(frozen=True)
class Overview:
    """`net` is the sum of all amounts; where `unpriced_calls` is not zero, those calls are not in it."""

    lines: tuple[OverviewLine, ...]
    calls: int
    trial_calls: int
    unpriced_calls: int
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True)
class Only:
    """Which calls are shown; None: of all. `before`: those made before this civil day."""

    supplier_id: UUID | None = None
    system_id: UUID | None = None
    service_id: UUID | None = None
    agreement_id: UUID | None = None
    before: date | None = None

    def shows(self, item: Called) -> bool:
        return (
            self.supplier_id in (None, item.supplier_id)
            and self.system_id in (None, item.system_id)
            and self.service_id in (None, item.service_id)
            and self.agreement_id in (None, item.source_id)
            and (self.before is None or item.day < self.before)
        )


class _Line(NamedTuple):
    """What tells the invoice's lines apart."""

    supplier_id: UUID
    system_id: UUID
    service_id: UUID
    made_in: Quarter
    unit_price: Decimal


class _Part(NamedTuple):
    """What a line's amount is shared out over; `group` None: it is not shown."""

    agreement_id: UUID
    accounting_info: str
    day: date
    calls: int
    group: Group | None


ALL = Only()


def overview(called: Iterable[Called], prices: Prices, by: AbstractSet[Grouping], only: Only = ALL) -> Overview:
    """Price and group what was called, and show a part of it.

    Amounts are those of the invoice's lines. Where a grouping is finer than an invoice line (agreement,
    accounting_info, week, day), the line's amount is shared out so that the parts add up to it to the øre; a part may
    then differ by an øre or so from calls x price. What is not shown has its share too: an agreement's amount is the
    same beside the others and by itself.
    """
    calls: dict[Group, int] = defaultdict(int)
    trials: dict[Group, int] = defaultdict(int)
    unpriced: dict[Group, int] = defaultdict(int)
    seen: dict[Group, set[tuple[Quarter, Decimal]]] = defaultdict(set)
    parts: dict[_Line, list[_Part]] = defaultdict(list)
    priced: dict[tuple[UUID, date], tuple[Quarter, Decimal | None]] = {}
    for item in called:
        if not item.calls:
            continue
        shown = only.shows(item)
        if not item.billable:
            if shown:
                trials[_group(item, by, None, None)] += item.calls
            continue
        made_in, price = _made_in_and_price(item, prices, priced)
        group = _group(item, by, made_in, price) if shown else None
        if group is not None:
            calls[group] += item.calls
            if price is None:
                unpriced[group] += item.calls
            else:
                seen[group].add((made_in, price))
        if price is not None:
            line = _Line(item.supplier_id, item.system_id, item.service_id, made_in, price)
            parts[line].append(_Part(item.source_id, item.accounting_info, item.day, item.calls, group))
    amounts = _amounts(parts, prices)
    lines = [
        OverviewLine(_told(group, seen[group]), count, unpriced[group], 0, amounts[group])
        for group, count in calls.items()
    ] + [OverviewLine(group, 0, 0, count, Decimal("0.00")) for group, count in trials.items()]
    net = sum(amounts.values(), Decimal("0.00"))
    return Overview(
        lines=tuple(lines),
        calls=sum(calls.values()),
        trial_calls=sum(trials.values()),
        unpriced_calls=sum(unpriced.values()),
        net=net,
        vat=vat(net),
        gross=net + vat(net),
    )


def _made_in_and_price(
    item: Called, prices: Prices, known: dict[tuple[UUID, date], tuple[Quarter, Decimal | None]]
) -> tuple[Quarter, Decimal | None]:
    """Looked up once for a service and day: there are thousands of calls to each."""
    key = item.service_id, item.day
    if key not in known:
        known[key] = Quarter.of_day(item.day), price_on(prices.get(item.service_id, ()), item.day)
    return known[key]


def _amounts(parts: Mapping[_Line, Sequence[_Part]], prices: Prices) -> dict[Group, Decimal]:
    """What each group that is shown costs, without the calls that have no price."""
    used = [
        Used(line, line.service_id, line_parts[0].day, sum(part.calls for part in line_parts))
        for line, line_parts in parts.items()
    ]
    amounts: dict[Group, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for charged in charge(used, prices):
        for shown, amount in _shared_out(charged.amount, charged.unit_price, parts[charged.key]):
            if shown is not None:
                amounts[shown] += amount
    return amounts


def _group(item: Called, by: AbstractSet[Grouping], made_in: Quarter | None, price: Decimal | None) -> Group:
    apart = "service" in by
    return Group(
        supplier_id=item.supplier_id if "supplier" in by else None,
        system_id=item.system_id if "system" in by else None,
        service_id=item.service_id if apart else None,
        agreement_id=item.source_id if "agreement" in by else None,
        accounting_info=item.accounting_info if "accounting_info" in by else None,
        week=_week(item.day) if "week" in by else None,
        day=item.day if "day" in by else None,
        made_in=made_in if apart else None,
        unit_price=price if apart else None,
    )


def _week(day: date) -> date:
    return max(day - timedelta(days=day.weekday()), Quarter.of_day(day).first_day)


def _told(group: Group, seen: AbstractSet[tuple[Quarter, Decimal]]) -> Group:
    """With the price and quarter that all its calls have in common."""
    quarters, prices = {quarter for quarter, _ in seen}, {price for _, price in seen}
    return group._replace(
        made_in=group.made_in or (next(iter(quarters)) if len(quarters) == 1 else None),
        unit_price=next(iter(prices)) if len(prices) == 1 else None,
    )


def _shared_out(amount: Decimal, price: Decimal, parts: Iterable[_Part]) -> Iterable[tuple[Group | None, Decimal]]:
    """The line's amount over the groups of its parts, some of them several times.

    By agreement first, so that how finely one is told does not change it. Each part is what the running sum of calls
    comes to, less what was shared out before: that never adds up to anything but the whole.
    """
    calls, before = 0, Decimal("0.00")
    in_order = sorted(parts, key=lambda part: (part.agreement_id, part.accounting_info, part.day))
    for group, together in groupby(in_order, key=lambda part: part.group):
        calls += sum(part.calls for part in together)
        upto = line_amount(calls, price)
        yield group, upto - before
        before = upto
    assert before == amount
