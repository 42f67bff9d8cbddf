"""How the platform's services are, by what each tells of itself, and what of it needs a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.portal.domain.language import later

WAIT_SECONDS = 60.0
NOTICE_SECONDS = 3600.0
BILLING_SECONDS = 86_400.0
"""Longer than these nothing waits when all is well; the limits of deploy/prometheus/alerts.yaml."""

TOLD = (
    "sp_outbox_rows",
    "sp_outbox_oldest_seconds",
    "sp_unacknowledged_oldest_seconds",
    "sp_parked_rows",
    "sp_counts_told_ago_seconds",
    "sp_quarters_blocked",
    "sp_records_outside_partitions",
    "sp_billing_oldest_seconds",
    "sp_notices_oldest_seconds",
    "sp_notices_failed_lately",
)
"""The measures looked at, of the many that a service has."""
_SAMPLE = re.compile(r"([a-z_]+)(?:\{([^}]*)\})? ([0-9eE+.-]+|NaN)")
_LABEL = re.compile(r'[a-z_]+="([^"]*)"')

State = Literal["ready", "degraded", "not ready", "stopping", "away"]


@dataclass(frozen=True)
class Health:
    """One service: what its /readyz says, and its measures as (name, label values) → value."""

    service: str
    said: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[tuple[str, ...], float] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.said.get("state", "away")

    @property
    def well(self) -> bool:
        return self.state == "ready" and not self.needs

    def measure(self, *name: str) -> float:
        """A measure by its name and label values; 0 where it has none."""
        return self.measures.get(name, 0.0)

    @property
    def outbox(self) -> int:
        """Events written and not yet published."""
        return int(self.measure("sp_outbox_rows"))

    @property
    def outbox_seconds(self) -> int:
        return int(self.measure("sp_outbox_oldest_seconds"))

    @property
    def in_hand_seconds(self) -> int:
        """For how long it has had its oldest message in hand."""
        held = [value for name, value in self.measures.items() if name[0] == "sp_unacknowledged_oldest_seconds"]
        return int(max(held, default=0.0))

    @property
    def parked(self) -> int:
        """Parked messages that wait for a person."""
        return int(self.measure("sp_parked_rows", "person"))

    @property
    def retried(self) -> int:
        """Parked messages that are tried again by themselves."""
        return int(self.measure("sp_parked_rows", "retry"))

    @property
    def needs(self) -> list[str]:
        """What needs a person, in the portal's source language."""
        found = []
        if self.state == "away":
            found.append(later("Svarer ikke"))
        elif self.state != "ready":
            found.append(later("Er ikke klar: se database og broker"))
        if self.outbox_seconds > WAIT_SECONDS:
            found.append(later("Kan ikke sende sine hændelser til de andre"))
        if self.in_hand_seconds > WAIT_SECONDS:
            found.append(later("Har haft en besked under behandling for længe"))
        if self.parked:
            found.append(later("Har beskeder, der venter på manuel behandling"))
        limits = (
            ("sp_quarters_blocked", 0.0, later("Et kvartal kan ikke lukkes: kald og tællinger stemmer ikke overens")),
            ("sp_records_outside_partitions", 0.0, later("Kald ligger uden for de måneder, der er gjort klar")),
            ("sp_counts_told_ago_seconds", WAIT_SECONDS, later("Tællinger når for sent frem til forbrugsoversigten")),
            ("sp_billing_oldest_seconds", BILLING_SECONDS, later("En faktura har ventet mere end et døgn")),
            ("sp_notices_oldest_seconds", NOTICE_SECONDS, later("En mail har ventet mere end en time")),
            ("sp_notices_failed_lately", 0.0, later("Mails er opgivet det seneste døgn")),
        )
        return found + [sentence for name, limit, sentence in limits if self.measure(name) > limit]


def measures_in(text: str) -> dict[tuple[str, ...], float]:
    """The measures that are looked at, in what a service tells Prometheus."""
    found = {}
    for line in text.splitlines():
        if line.startswith(TOLD) and (sample := _SAMPLE.match(line)):
            name, labels, value = sample.groups()
            found[(name, *_LABEL.findall(labels or ""))] = float(value)
    return found


def all_well(found: Iterable[Health]) -> bool:
    """Whether no service needs a person."""
    return all(one.well for one in found)
