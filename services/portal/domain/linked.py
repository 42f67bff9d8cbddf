"""What the links in mails are about: where each thing is asked for, and on which page each of its parties sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.portal.domain.session import SignedIn


@dataclass(frozen=True)
class Linked:
    """A kind of thing. `pages`: by the part of the portal, the path below which it has its page."""

    service: str
    api: str
    pages: Mapping[str, str]

    def page(self, thing: Mapping[str, Any], signed_in: SignedIn) -> str | None:
        """The thing's page for whoever is signed in; None when their organisation has no part in it."""
        own = str(signed_in.organisation_id)
        for kind, party in (("municipality", "municipality_id"), ("supplier", "supplier_id")):
            if kind in self.pages and thing.get(party) == own and signed_in.has(kind):
                return f"{self.pages[kind]}/{thing['id']}"
        return f"{self.pages['operator']}/{thing['id']}" if signed_in.has("operator", "helpdesk") else None


KINDS: dict[str, Linked] = {
    "serviceaftale": Linked(
        "agreements",
        "/agreements",
        {
            "municipality": "/kommune/serviceaftaler",
            "supplier": "/leverandoer/serviceaftaler",
            "operator": "/helpdesk/serviceaftaler",
        },
    ),
    "anmodning": Linked(
        "agreements", "/requests", {"supplier": "/leverandoer/anmodninger", "operator": "/helpdesk/anmodninger"}
    ),
    "proevetilslutning": Linked(
        "agreements",
        "/trials",
        {"supplier": "/leverandoer/proevetilslutninger", "operator": "/helpdesk/proevetilslutninger"},
    ),
    "faktura": Linked(
        "invoicing", "/invoices", {"municipality": "/kommune/fakturaer", "operator": "/helpdesk/fakturaer"}
    ),
}
"""By the word in the address."""
