"""OCES certificate policies: which kind of certificate, under whose policy, of which generation.

The arcs are Digitaliseringsstyrelsen's (1.2.208.169.1.1.1, also in OCES3 test certificates) and those of
the former Nets test systems (1.3.6.1.4.1.31313.2.4.<installation>) and TDC test system; the number after
the arc is the kind, what follows it the version of the policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.registry.domain.refusal import KindUnclear, NotOces
from shared.contracts.event import Environment

Oid = tuple[int, ...]


class Kind(StrEnum):
    """What an OCES certificate identifies."""

    POCES = "POCES"  # a private person
    MOCES = "MOCES"  # an employee
    VOCES = "VOCES"  # an organisation; since OCES3 also a system
    FOCES = "FOCES"  # a function of an organisation; merged into VOCES with OCES3


class Generation(StrEnum):
    """Which national certificate scheme the certificate was issued in."""

    OCES1 = "OCES1"  # TDC, to about 2012
    OCES2 = "OCES2"  # TRUST2408, 2010 to October 2023
    OCES3 = "OCES3"  # Den Danske Stat, from 2021


_PRODUCTION_ARC: Oid = (1, 2, 208, 169, 1, 1, 1)
_NETS_TEST_ARC: Oid = (1, 3, 6, 1, 4, 1, 31313, 2, 4)  # followed by the installation, then the kind
_TDC_TEST_ARC: Oid = (1, 1, 1, 1, 1, 1, 1, 1, 1)
_KINDS = {1: Kind.POCES, 2: Kind.MOCES, 3: Kind.VOCES, 4: Kind.FOCES}
# The last policy version of the first generation; the second went on counting from there.
_LAST_OCES1_VERSION = {Kind.POCES: 3, Kind.MOCES: 4, Kind.VOCES: 3, Kind.FOCES: 1}
_FIRST_OCES3_VERSION = 7


@dataclass(frozen=True, slots=True)
class Policy:
    """One OCES policy. `environment` is only evidence: OCES3 test certificates carry production policies."""

    kind: Kind
    environment: Environment
    version: Oid  # e.g. (7, 1); empty for the oldest test certificates

    @property
    def generation(self) -> Generation:
        """The generation that this kind and version of policy belong to."""
        if not self.version:
            return Generation.OCES1
        if self.version[0] >= _FIRST_OCES3_VERSION:
            return Generation.OCES3
        return Generation.OCES1 if self.version[0] <= _LAST_OCES1_VERSION[self.kind] else Generation.OCES2


def read_policy(policies: Iterable[Oid]) -> Policy:
    """The OCES policy among all of a certificate's policies, in whatever order they are listed.

    Raises `NotOces` when there is none and `KindUnclear` when two disagree about kind or environment.
    """
    found = [policy for oid in policies if (policy := _policy(oid))]
    if not found:
        raise NotOces(
            "This certificate follows no OCES policy, so it cannot identify a system here. "
            "Give the system's FOCES or VOCES certificate (in MitID Erhverv: a system certificate)."
        )
    if len({(policy.kind, policy.environment) for policy in found}) > 1:
        kinds = " and ".join(sorted({policy.kind.value for policy in found}))
        raise KindUnclear(
            f"This certificate names several OCES policies that do not go together ({kinds}). "
            "Ask its issuer for one that follows a single FOCES or VOCES policy."
        )
    return max(found, key=lambda policy: policy.version)


def _policy(oid: Oid) -> Policy | None:
    environment: Environment
    # Compared arc by arc: as text, "…1.3" would also match "…1.30".
    if rest := _after(_PRODUCTION_ARC, oid):
        environment = "production"
    elif len(rest := _after(_NETS_TEST_ARC, oid)) > 1:
        environment, rest = "test", rest[1:]
    elif rest := _after(_TDC_TEST_ARC, oid):
        environment = "test"
    else:
        return None
    kind = _KINDS.get(rest[0])
    return None if kind is None else Policy(kind, environment, rest[1:])


def _after(arc: Oid, oid: Oid) -> Oid:
    return oid[len(arc) :] if oid[: len(arc)] == arc else ()
