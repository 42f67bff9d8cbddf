"""What became of an attempt, and when the next one is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

SCHEDULE = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    *(timedelta(days=1),) * 4,
)
"""How long after each failed attempt the next one is: for a little under five days, then the notice has failed.

Counted in attempts, not in days gone by: where the demonstration clock jumps, a notice is tried at once, not lost.
"""

REVIVED_WITHIN = timedelta(days=5)
"""How old a notice without an address may be, to be sent after all when an address is registered."""

Failure = Literal[
    "no_address",
    "organisation_unknown",
    "link_expired",
    "not_written",
    "server_away",
    "refused_for_now",
    "refused",
]

_ADDRESS = re.compile(r"[^\s<>\"']+@[^\s<>\"',;:]+")
_MAX_REASON = 1000
_AUTHENTICATION = frozenset({454, 530, 534, 535, 538})
"""Replies about our own sign-in (RFC 4954): the settings are wrong, not the mail."""


@dataclass(frozen=True)
class Sent:
    """The mail server took it over; `refused` of the addresses it did not take."""

    refused: int = 0


@dataclass(frozen=True)
class NotSent:
    """It was not taken over. `lasting`: another attempt would come to the same."""

    failure: Failure
    reason: str
    lasting: bool


Verdict = Sent | NotSent


def next_attempt(attempts: int) -> timedelta | None:
    """How long to wait after the last of so many attempts; None: it was the last."""
    return SCHEDULE[attempts - 1] if attempts <= len(SCHEDULE) else None


def refusal(code: int, said: str) -> NotSent:
    """What a mail server's answer to the mail itself means (RFC 5321: 5xx is for good, 4xx for now)."""
    reason = without_addresses(f"the mail server answered {code} {said}")
    if code in _AUTHENTICATION:
        return NotSent("server_away", reason, lasting=False)
    if 500 <= code < 600:  # noqa: PLR2004 - the ranges of RFC 5321
        return NotSent("refused", reason, lasting=True)
    return NotSent("refused_for_now", reason, lasting=False)


def without_addresses(text: str) -> str:
    """A reason as it may be told to others: on one line, bounded, and without mail addresses."""
    return _ADDRESS.sub("[address]", " ".join(text.split()))[:_MAX_REASON]
