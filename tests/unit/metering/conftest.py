"""A system, its certificate and a grant, as plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.metering.domain.call import Call
from services.metering.domain.facts import Certificate, Facts, Grant, System
from services.metering.domain.judgement import Accepted, Refused, judge
from shared.contracts.event import Interval

NOW = datetime(2027, 2, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
ALWAYS = (Interval(starts=LONG_AGO),)
SUPPLIER, SYSTEM, MUNICIPALITY, SERVICE, AGREEMENT, TRIAL = (UUID(int=number) for number in range(1, 7))
CVR = "29189803"


def system(**changes: Any) -> System:
    return System(**{"id": SYSTEM, "supplier_id": SUPPLIER, "environment": "production", "active": ALWAYS, **changes})


def certificate(**changes: Any) -> Certificate:
    told: dict[str, Any] = {
        "id": UUID(int=10),
        "sequence": 1,
        "system_id": SYSTEM,
        "thumbprint": "t" * 43,
        "public_key_pem": "",
        "valid_from": LONG_AGO,
        "valid_to": NOW + timedelta(days=700),
        "bound": ALWAYS,
    }
    return Certificate(**{**told, **changes})


def grant(**changes: Any) -> Grant:
    told: dict[str, Any] = {
        "id": UUID(int=20),
        "source": "agreement",
        "source_id": AGREEMENT,
        "environment": "production",
        "system_id": SYSTEM,
        "municipality_id": MUNICIPALITY,
        "municipality_cvr": CVR,
        "service_id": SERVICE,
        "valid": ALWAYS,
    }
    return Grant(**{**told, **changes})


def call(**changes: Any) -> Call:
    told: dict[str, Any] = {
        "id": "one",
        "time": NOW,
        "service_id": SERVICE,
        "municipality": str(MUNICIPALITY),
        "agreement_id": None,
        "accounting_info": "",
        "caller_reference": None,
    }
    return Call(**{**told, **changes})


def verdict(
    made: Call | None = None,
    *,
    of: Certificate | None = None,
    systems: tuple[System, ...] | None = None,
    grants: tuple[Grant, ...] | None = None,
    **changes: Any,
) -> str:
    """The reason of the refusal, or "accepted"."""
    found = judged(made, of=of, systems=systems, grants=grants, **changes)
    return "accepted" if isinstance(found, Accepted) else found.reason


def judged(
    made: Call | None = None,
    *,
    of: Certificate | None = None,
    systems: tuple[System, ...] | None = None,
    grants: tuple[Grant, ...] | None = None,
    **changes: Any,
) -> Accepted | Refused:
    signer = of or certificate()
    facts = Facts((system(),) if systems is None else systems, (signer,), (grant(),) if grants is None else grants)
    told: dict[str, Any] = {
        "sender": SYSTEM,
        "certificate": signer,
        "named_environment": None,
        "facts": facts,
        "received_at": NOW,
        "late": timedelta(days=184),
    }
    return judge(made or call(), **{**told, **changes})
