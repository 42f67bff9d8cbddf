"""Which hats somebody can put on, and the pages each hat has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.portal.domain.language import later
from services.portal.domain.session import SignedIn

Hat = Literal["supplier", "municipality", "helpdesk"]


@dataclass(frozen=True)
class Entry:
    """A page of the menu. `text` is translated where it is shown; `roles` may see it (none named: every role).

    `also`: paths of other pages that belong to it, though they do not lie below it.
    """

    path: str
    text: str
    roles: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def covers(self, path: str) -> int:
        """How much of the path is the entry's own; 0 where the page does not belong to it."""
        fitting = [own for own in (self.path, *self.also) if path == own or path.startswith(f"{own}/")]
        return max(map(len, fitting), default=0)


@dataclass(frozen=True)
class Part:
    """A part of the portal: what one works in under a hat.

    `kind` is that of the organisation it takes; `roles`: one of these it takes of the person (none named: any).
    """

    hat: Hat
    kind: str
    path: str
    text: str
    entries: tuple[Entry, ...]
    roles: tuple[str, ...] = ()

    def open_to(self, signed_in: SignedIn) -> bool:
        """Whether the person has this part in the organisation they act for."""
        return signed_in.has(self.kind, *self.roles)


PARTS: dict[Hat, Part] = {
    "supplier": Part(
        "supplier",
        "supplier",
        "/leverandoer",
        later("Leverandør"),
        (
            Entry("/leverandoer", later("Overblik")),
            Entry("/leverandoer/it-systemer", later("It-systemer")),
            Entry("/leverandoer/serviceaftaler", later("Serviceaftaler"), also=("/leverandoer/anmodninger",)),
            Entry("/leverandoer/proevetilslutninger", later("Prøvetilslutninger")),
            Entry("/leverandoer/forbrug", later("Forbrug"), also=("/leverandoer/afviste-kald", "/leverandoer/kald")),
            Entry("/leverandoer/organisation", later("Organisation og brugere")),
        ),
        # A municipality that is a supplier too has people who only decide or pay.
        roles=("administrator", "user"),
    ),
    "municipality": Part(
        "municipality",
        "municipality",
        "/kommune",
        later("Kommune"),
        (
            Entry("/kommune", later("Overblik")),
            Entry("/kommune/serviceaftaler", later("Serviceaftaler")),
            Entry("/kommune/forbrug", later("Forbrugsoversigt")),
            Entry("/kommune/fakturaer", later("Fakturaer"), ("administrator", "signatory", "economy")),
            Entry("/kommune/organisation", later("Organisation og brugere")),
        ),
    ),
    "helpdesk": Part(
        "helpdesk",
        "operator",
        "/helpdesk",
        later("Helpdesk"),
        (
            Entry("/helpdesk", later("Overblik")),
            Entry(
                "/helpdesk/organisationer",
                later("Organisationer"),
                also=("/helpdesk/personer", "/helpdesk/it-systemer"),
            ),
            Entry(
                "/helpdesk/serviceaftaler",
                later("Serviceaftaler"),
                also=("/helpdesk/anmodninger", "/helpdesk/proevetilslutninger"),
            ),
            Entry("/helpdesk/services", later("Services og priser")),
            Entry("/helpdesk/afregning", later("Afregning"), also=("/helpdesk/fakturaer",)),
            Entry("/helpdesk/mails", later("Mails")),
            Entry(
                "/helpdesk/drift",
                later("Drift"),
                also=("/helpdesk/parkerede", "/helpdesk/log", "/helpdesk/kald"),
            ),
        ),
    ),
}

PUBLIC = (
    Entry("/find-service", later("Find service")),
    Entry("/bliv-leverandoer", later("Bliv leverandør")),
    Entry("/test", later("Test")),
    Entry("/vilkaar", later("Vilkår")),
    Entry("/faq", later("FAQ og kontakt")),
    Entry("/driftsstatus", later("Driftsstatus")),
)
"""What everybody may see; the whole menu of who is not signed in."""


def parts_of(signed_in: SignedIn) -> list[Part]:
    """The parts the person has in the organisation they act for; a municipality that is a supplier too has two."""
    return [part for part in PARTS.values() if part.open_to(signed_in)]


def entries_for(part: Part, signed_in: SignedIn) -> list[Entry]:
    """The part's pages that the person's roles let them see."""
    return [entry for entry in part.entries if not entry.roles or signed_in.has(part.kind, *entry.roles)]


def current(entries: list[Entry] | tuple[Entry, ...], path: str) -> Entry | None:
    """The entry a path belongs to: the one that covers most of it."""
    found = [entry for entry in entries if entry.covers(path)]
    return max(found, key=lambda entry: entry.covers(path), default=None)
