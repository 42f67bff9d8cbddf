"""Bills and overviews are made of the same calls, and never differ by an øre."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.invoicing.domain.bill import (
    Bill,
    NameMissing,
    Names,
    PricesMissing,
    SystemName,
    draw_up,
    faults,
    invoice_number,
)
from services.invoicing.domain.billing import Sealed, State, pause
from services.invoicing.domain.overview import Grouping, Only, overview
from services.invoicing.domain.reconciliation import Reconciled, reconcile
from services.invoicing.domain.usage import Called, differences
from shared.contracts.invoicing import PriceStep
from shared.contracts.metering import SealedTotal
from shared.money import line_amount, vat
from shared.quarters import Quarter

QUARTER = Quarter(2027, 2)
SUPPLIER, MUNICIPALITY = UUID(int=9), UUID(int=7)
SYSTEMS = [UUID(int=11), UUID(int=12)]
SERVICES = [UUID(int=21), UUID(int=22)]
AGREEMENTS = [UUID(int=31), UUID(int=32)]
NAMES = Names(
    systems={SYSTEMS[0]: SystemName("Nordlys", "Borgerportal"), SYSTEMS[1]: SystemName("Nordlys", "Omsorg")},
    services={SERVICES[0]: "Opslag 1.0", SERVICES[1]: "Adresse 2.1"},
)
GROUPINGS: list[Grouping] = ["supplier", "system", "service", "agreement", "accounting_info", "week", "day"]


def called(calls: int, day: date, *, system: int = 0, service: int = 0, **changes: object) -> Called:
    one = Called(
        source_id=AGREEMENTS[system],
        supplier_id=SUPPLIER,
        system_id=SYSTEMS[system],
        service_id=SERVICES[service],
        accounting_info="",
        day=day,
        calls=calls,
        billable=True,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def steps(*told: tuple[str, str]) -> list[PriceStep]:
    return [PriceStep(starts=date.fromisoformat(starts), per_call=Decimal(price)) for starts, price in told]


PRICES = {
    SERVICES[0]: steps(("2026-11-01", "0.0485"), ("2027-05-15", "0.051")),
    SERVICES[1]: steps(("2026-11-01", "1.35")),
}

usage = st.lists(
    st.builds(
        called,
        st.integers(0, 100_000),
        st.integers(0, 180).map(lambda number: date(2027, 1, 1) + timedelta(days=number)),
        system=st.integers(0, 1),
        service=st.integers(0, 1),
        source_id=st.sampled_from(AGREEMENTS),
        accounting_info=st.sampled_from(["", "4711", "konto 12"]),
        billable=st.integers(0, 5).map(bool),
    ),
    max_size=30,
)


@given(usage, st.sets(st.sampled_from(GROUPINGS)))
@settings(derandomize=True, max_examples=300)
def test_overview_and_bill_agree_in_every_grouping(used: list[Called], by: set[Grouping]) -> None:
    bill = draw_up(used, PRICES, NAMES, QUARTER)
    shown = overview(used, PRICES, by)

    assert (shown.calls, shown.net, shown.vat, shown.gross) == (bill.calls, bill.net, bill.vat, bill.gross)
    assert sum((line.amount for line in shown.lines), Decimal(0)) == bill.net
    assert sum(line.calls for line in shown.lines) == bill.calls == sum(one.calls for one in used if one.billable)
    assert shown.trial_calls == sum(one.calls for one in used if not one.billable)
    assert len({(line.group, bool(line.trial_calls)) for line in shown.lines}) == len(shown.lines)
    for line in shown.lines:
        if line.trial_calls:
            assert (line.calls, line.amount) == (0, Decimal("0.00"))
        elif line.group.unit_price is not None and by >= {"system", "service"}:
            # A line is shared out by agreement first; a sum over them bears the rounding of each.
            away = Decimal("0.01") * (len(AGREEMENTS) if by & {"accounting_info", "week", "day"} else 1)
            assert abs(line.amount - line_amount(line.calls, line.group.unit_price)) <= away


@given(usage, st.sets(st.sampled_from(GROUPINGS)))
@settings(derandomize=True, max_examples=200)
def test_a_part_of_an_overview_has_the_amounts_it_has_in_the_whole(used: list[Called], by: set[Grouping]) -> None:
    whole = overview(used, PRICES, by | {"agreement", "service"})
    for agreement in AGREEMENTS:
        part = overview(used, PRICES, by, Only(agreement_id=agreement))
        its = [line for line in whole.lines if line.group.agreement_id == agreement]
        assert part.net == sum((line.amount for line in its), Decimal(0))
        assert (part.calls, part.trial_calls) == (
            sum(line.calls for line in its),
            sum(line.trial_calls for line in its),
        )
    for service in SERVICES:
        part = overview(used, PRICES, by, Only(service_id=service))
        assert part.net == sum((line.amount for line in whole.lines if line.group.service_id == service), Decimal(0))


@given(usage, st.sets(st.sampled_from(GROUPINGS)), st.integers(0, 180))
@settings(derandomize=True, max_examples=200)
def test_what_was_called_before_a_day_has_the_amounts_it_has_day_by_day(
    used: list[Called], by: set[Grouping], number: int
) -> None:
    before = date(2027, 1, 1) + timedelta(days=number)
    part = overview(used, PRICES, by, Only(before=before))
    days = [one for one in overview(used, PRICES, {"day"}).lines if one.group.day and one.group.day < before]

    assert (part.calls, part.net) == (
        sum(one.calls for one in days),
        sum((one.amount for one in days), Decimal("0.00")),
    )


@given(usage)
@settings(derandomize=True, max_examples=200)
def test_the_full_grouping_shows_the_invoices_own_lines(used: list[Called]) -> None:
    bill = draw_up(used, PRICES, NAMES, QUARTER)
    shown = overview(used, PRICES, {"supplier", "system", "service"})

    assert sorted(
        (line.system_id, line.service_id, line.made_in, line.unit_price, line.calls, line.amount)
        for line in bill.lines
    ) == sorted(
        (
            line.group.system_id,
            line.group.service_id,
            line.group.made_in,
            line.group.unit_price,
            line.calls,
            line.amount,
        )  # type: ignore[type-var]
        for line in shown.lines
        if not line.trial_calls
    )


@given(usage)
@settings(derandomize=True, max_examples=100)
def test_a_drawn_up_bill_has_no_faults_and_any_change_is_one(used: list[Called]) -> None:
    bill = draw_up(used, PRICES, NAMES, QUARTER)
    assert faults(bill, sealed_calls=bill.calls) == []
    assert faults(bill, sealed_calls=bill.calls + 1)
    ore = Decimal("0.01")
    assert faults(replace(bill, net=bill.net + ore), sealed_calls=bill.calls)
    assert faults(replace(bill, vat=bill.vat + ore, gross=bill.gross + ore), sealed_calls=bill.calls)
    assert faults(replace(bill, gross=bill.gross - ore), sealed_calls=bill.calls)
    if bill.lines:
        wrong = replace(bill.lines[0], amount=bill.lines[0].amount + ore)
        assert faults(replace(bill, lines=(wrong, *bill.lines[1:])), sealed_calls=bill.calls)
        assert faults(replace(bill, lines=bill.lines[1:]), sealed_calls=bill.calls)


def test_lines_stand_in_the_order_of_names_and_late_ones_say_so() -> None:
    used = [
        called(1, date(2027, 4, 1), system=1),
        called(2, date(2027, 4, 1), service=0),
        called(3, date(2027, 4, 1), service=1),
        called(4, date(2027, 3, 31), service=0),
        called(5, date(2027, 5, 15), service=0),
    ]

    bill = draw_up(used, PRICES, NAMES, QUARTER)

    assert [(line.position, line.system_name, line.service_name, line.calls, line.note) for line in bill.lines] == [
        (1, "Borgerportal", "Adresse 2.1", 3, None),
        (2, "Borgerportal", "Opslag 1.0", 4, "Sent modtagne opslag, vedrører 1. kvartal 2027"),
        (3, "Borgerportal", "Opslag 1.0", 2, None),
        (4, "Borgerportal", "Opslag 1.0", 5, None),
        (5, "Omsorg", "Opslag 1.0", 1, None),
    ]
    assert draw_up(used[::-1], PRICES, NAMES, QUARTER) == bill


def test_all_missing_prices_are_named_with_their_first_day() -> None:
    used = [called(1, date(2026, 10, 30)), called(1, date(2026, 10, 5)), called(1, date(2026, 10, 9), service=1)]

    with pytest.raises(PricesMissing) as refused:
        draw_up(used, PRICES, NAMES, QUARTER)
    assert refused.value.missing == {SERVICES[0]: date(2026, 10, 5), SERVICES[1]: date(2026, 10, 9)}
    assert f"service {SERVICES[0]} on 2026-10-05, service {SERVICES[1]} on 2026-10-09" in str(refused.value)


def test_what_is_not_billed_needs_neither_price_nor_name() -> None:
    used = [called(1, date(2026, 1, 1), billable=False), called(0, date(2026, 1, 1))]

    assert draw_up(used, {}, Names({}, {}), QUARTER).lines == ()


@pytest.mark.parametrize("names", [Names({}, NAMES.services), Names(NAMES.systems, {})])
def test_a_bill_without_names_is_not_drawn_up(names: Names) -> None:
    with pytest.raises(NameMissing, match="heard of yet"):
        draw_up([called(1, date(2027, 4, 1))], PRICES, names, QUARTER)


def test_an_overview_shows_calls_without_a_price_and_says_that_they_are_not_in_the_sum() -> None:
    used = [called(3, date(2026, 10, 1), service=1), called(2, date(2027, 4, 1), service=1)]

    shown = overview(used, PRICES, {"service"})
    together = overview(used, PRICES, set())

    assert [(line.calls, line.unpriced_calls, line.amount, line.group.unit_price) for line in shown.lines] == [
        (3, 3, Decimal("0.00"), None),
        (2, 0, Decimal("2.70"), Decimal("1.35")),
    ]
    assert (shown.calls, shown.unpriced_calls, shown.net) == (5, 3, Decimal("2.70"))
    assert [(line.calls, line.unpriced_calls, line.amount) for line in together.lines] == [(5, 3, Decimal("2.70"))]


def test_a_line_shared_out_over_accounts_adds_up() -> None:
    used = [called(1, date(2027, 4, 1), accounting_info=f"konto {number}") for number in range(7)]

    shown = overview(used, {SERVICES[0]: steps(("2027-01-01", "0.005"))}, {"accounting_info"})

    assert shown.net == Decimal("0.04")  # 7 x 0.005 = 0.035
    assert sorted(line.amount for line in shown.lines) == [Decimal("0.00")] * 3 + [Decimal("0.01")] * 4


def total(calls: int, made_in: str = "2027Q2", service: int = 0) -> SealedTotal:
    return SealedTotal(source_id=UUID(int=31), service_id=SERVICES[service], made_in_quarter=made_in, calls=calls)


def test_differences_name_what_is_more_less_and_absent() -> None:
    sealed = [total(5), total(7, "2027Q1"), total(1, service=1)]
    own = [total(5), total(9, "2027Q1"), total(4, "2026Q4")]

    found = differences(sealed, own)

    assert [(one.made_in_quarter, one.sealed, one.own) for one in found] == [
        ("2026Q4", 0, 4),
        ("2027Q1", 7, 9),
        ("2027Q2", 1, 0),
    ]
    assert differences(sealed, sealed[::-1]) == []
    assert differences([total(0)], []) == []


def sealed(calls: int, state: State = "invoiced") -> Sealed:
    at = datetime(2027, 7, 6, tzinfo=UTC)
    return Sealed(MUNICIPALITY, QUARTER, 1, at, calls, (), "", "", state, "why", at, 0, None)


def held(bill: Bill | None, *, seal: Sealed | None, own: int) -> Reconciled:
    return reconcile(MUNICIPALITY, sealed=seal, own_calls=own, number="FAK-000001" if bill else None, bill=bill)


def test_reconciliation_holds_seal_counts_and_invoice_together() -> None:
    bill = draw_up([called(10, date(2027, 4, 1))], PRICES, NAMES, QUARTER)

    assert held(bill, seal=sealed(10), own=10).ok
    assert held(None, seal=sealed(0, "no_usage"), own=0).ok
    wrong = {
        "the quarter is not sealed": held(None, seal=None, own=5),
        "10 calls are sealed, but 11 are counted here": held(bill, seal=sealed(10), own=11),
        "12 calls are sealed, but the lines hold 10": held(bill, seal=sealed(12), own=12),
        "there is no invoice (price_missing): why": held(None, seal=sealed(4, "price_missing"), own=4),
    }
    for fault, found in wrong.items():
        assert not found.ok
        assert fault in found.faults
    assert held(bill, seal=sealed(10), own=10).line_net == bill.net == Decimal("0.49")


def test_numbers_are_consecutive_and_padded() -> None:
    assert [invoice_number("FAK", serial) for serial in (1, 999_999, 1_000_000)] == [
        "FAK-000001",
        "FAK-999999",
        "FAK-1000000",
    ]


def test_looks_grow_apart_up_to_half_a_minute() -> None:
    assert [pause(looks).total_seconds() for looks in (0, 1, 2, 5, 1000)] == [1, 2, 4, 30, 30]


def test_vat_is_taken_once_of_the_sum() -> None:
    used = [called(1, date(2027, 4, 1), service=0), called(1, date(2027, 4, 1), system=1)]

    bill = draw_up(used, {SERVICES[0]: steps(("2027-01-01", "0.02"))}, NAMES, QUARTER)

    assert (bill.net, bill.vat) == (Decimal("0.04"), vat(Decimal("0.04")))
    assert bill.vat == Decimal("0.01")  # twice 0.005 would be 0.02
