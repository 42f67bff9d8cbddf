"""What must come out, worked out by the story itself and independently of the platform's code."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

ORE = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """An invoice line as it must be: one system's calls of one service, made in one quarter."""

    supplier: str
    system: str
    service: str
    made_in: str
    calls: int
    per_call: Decimal

    @property
    def amount(self) -> Decimal:
        return (self.calls * self.per_call).quantize(ORE, ROUND_HALF_UP)


@dataclass
class Truth:
    """Every call that was sent, and what must become of it.

    `sent` counts by municipality; `outcomes` by (municipality, outcome), an outcome being "counted",
    "duplicate" or the reason for a refusal; `billable` by (municipality, billing quarter, supplier, system,
    service, quarter the call was made in).
    """

    prices: dict[str, Decimal] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    billable: Counter[tuple[str, str, str, str, str, str]] = field(default_factory=Counter)

    def call(self, municipality_id: str, outcome: str, billed: tuple[str, str, str, str, str] | None = None) -> None:
        """One call was sent; `billed` is (billing quarter, supplier, system, service id, made in) if it is to be."""
        self.sent[municipality_id] += 1
        self.outcomes[municipality_id, outcome] += 1
        if billed is not None:
            self.billable[municipality_id, *billed] += 1

    def by_outcome(self, municipality_id: str) -> dict[str, int]:
        """What must have become of the calls that named this municipality."""
        return {outcome: count for (whose, outcome), count in self.outcomes.items() if whose == municipality_id}

    def lines(self, municipality_id: str, quarter: str) -> list[Line]:
        """The invoice lines that must be on this municipality's invoice for a quarter; free services give none."""
        return [
            Line(supplier, system, service, made_in, calls, self.prices[service])
            for (whose, billing, supplier, system, service, made_in), calls in sorted(self.billable.items())
            if whose == municipality_id and billing == quarter
        ]

    def billed_in(self, quarter: str) -> dict[str, list[Line]]:
        """For each municipality with usage in a quarter, its lines."""
        found: dict[str, list[Line]] = defaultdict(list)
        for municipality_id in {whose for (whose, billing, *_), _ in self.billable.items() if billing == quarter}:
            found[municipality_id] = self.lines(municipality_id, quarter)
        return found
