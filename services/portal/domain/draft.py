"""A request for agreements while it is being filled in: it travels with the form, so that nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

SHORTEST_PURPOSE, LONGEST_PURPOSE = 10, 2000
MOST_SERVICES, MOST_MUNICIPALITIES = 20, 100
MOST_CALLS = 1_000_000_000_000
_NUMBER = re.compile(r"[0-9]{1,15}|[0-9]{1,3}(?:[.,\s][0-9]{3}){1,4}")


@dataclass
class Draft:
    """What is asked for, as it was typed. `calls` is empty or what stands in the field."""

    system: str = ""
    services: list[str] = field(default_factory=list)
    municipalities: list[str] = field(default_factory=list)
    purpose: str = ""
    calls: str = ""

    @classmethod
    def of(cls, sent: Iterable[tuple[str, object]]) -> Self:
        """From the fields of a form that was sent."""
        told = [(name, value) for name, value in sent if isinstance(value, str)]

        def one(name: str) -> str:
            return next((value.strip() for field, value in told if field == name), "")

        def several(name: str) -> list[str]:
            return list(dict.fromkeys(value for field, value in told if field == name and value))

        return cls(
            one("system"),
            several("service"),
            several("kommune"),
            one("purpose").replace("\r\n", "\n"),
            one("calls"),
        )

    @classmethod
    def like(cls, agreement: Mapping[str, Any]) -> Self:
        """The same as an earlier agreement asked for."""
        calls = agreement["expected_calls_per_quarter"]
        return cls(
            agreement["system_id"],
            [line["service_id"] for line in agreement["services"]],
            [agreement["municipality_id"]],
            agreement["purpose"],
            "" if calls is None else str(calls),
        )

    @property
    def expected_calls(self) -> int | None:
        """The number that was typed: 12.000, 12 000 and 12000 are one; None for what is none, 12,5 too."""
        if not _NUMBER.fullmatch(self.calls):
            return None
        number = int(re.sub(r"[.,\s]", "", self.calls))
        return number if number <= MOST_CALLS else None

    def only_known(self, systems: Iterable[str], services: Iterable[str], municipalities: Iterable[str]) -> Self:
        """Without what can't be chosen (any more)."""
        known_services, known_municipalities = set(services), set(municipalities)
        self.system = self.system if self.system in set(systems) else ""
        self.services = [one for one in self.services if one in known_services]
        self.municipalities = [one for one in self.municipalities if one in known_municipalities]
        return self


Taken = dict[str, dict[str, str]]
"""For each municipality the services that are asked for or agreed on already, with the state."""


def taken(agreements: Iterable[Mapping[str, Any]]) -> Taken:
    """What these agreements take: one service can't be asked for twice."""
    found: Taken = {}
    for one in agreements:
        if one["state"] not in {"requested", "approved"}:
            continue
        for line in one["services"]:
            if line["decision"] != "rejected":
                found.setdefault(one["municipality_id"], {})[line["service_id"]] = one["state"]
    return found


def clashes(draft: Draft, already: Taken) -> list[str]:
    """The chosen municipalities that can't be asked, for one of the chosen services is taken there."""
    return [one for one in draft.municipalities if set(already.get(one, {})) & set(draft.services)]
