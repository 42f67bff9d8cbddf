"""What an organisation must be: numbers that hold, a code for a municipality, one operator."""

from __future__ import annotations

import re
from collections.abc import Collection

from shared.contracts.registry import Organisation, OrganisationKind
from shared.cvr import CvrError, check_cvr
from shared.gln import GlnError, check_gln
from shared.problem import Invalid

_CODE = re.compile(r"[0-9]{4}")
_ORDER: tuple[OrganisationKind, ...] = ("supplier", "municipality", "operator")

OWN_FIELDS = frozenset({"mailbox", "invoice_mailbox", "ean", "buyer_reference"})
"""What an organisation's own administrator may change; everything else is the helpdesk's."""


def checked(organisation: Organisation) -> Organisation:
    """The organisation with its numbers in one form.

    Raises Invalid: `organisation.cvr`, `organisation.ean`, `organisation.municipality_code`.
    """
    try:
        cvr = check_cvr(organisation.cvr, test_organisation=organisation.test)
    except CvrError as error:
        raise Invalid("organisation.cvr", f"{error}.") from None
    try:
        ean = check_gln(organisation.ean) if organisation.ean is not None else None
    except GlnError as error:
        raise Invalid("organisation.ean", f"{error}.") from None
    _check_code(organisation)
    return organisation.model_copy(update={"cvr": cvr, "ean": ean, "kinds": in_order(organisation.kinds)})


def in_order(kinds: Collection[OrganisationKind]) -> tuple[OrganisationKind, ...]:
    """Each kind once, in a fixed order, so that equal sets are equal values."""
    return tuple(kind for kind in _ORDER if kind in kinds)


def _check_code(organisation: Organisation) -> None:
    code = organisation.municipality_code
    municipality = "municipality" in organisation.kinds
    if code is not None and not municipality:
        raise Invalid(
            "organisation.municipality_code",
            "Only a municipality has a municipality code: leave it out, or add municipality to kinds.",
        )
    if code is None and municipality and not organisation.test:
        raise Invalid("organisation.municipality_code", "A municipality needs its code: four digits, such as 0101.")
    if code is not None and not _CODE.fullmatch(code):
        raise Invalid(
            "organisation.municipality_code", f"Municipality code {code!r}: it is four digits, such as 0101."
        )
