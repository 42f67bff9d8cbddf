"""How a page, a file or an act of the portal is declared, and the groups of people who may have it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.browser.cast import Scene

NOBODY = "nobody"
SUPPLIERS = frozenset({"supplier", "supplier_user", "several"})
"""Nordlys Fagsystemer's people: its administrator and two users, one of whom is somebody elsewhere too."""
OTHER_SUPPLIERS = frozenset({"foreign_supplier", "test_supplier", "both"})
MUNICIPALITY = frozenset({"administrator", "signatory", "economy", "municipality_user"})
"""Fjordby Kommune's people, named by their one role."""
OTHER_MUNICIPALITIES = frozenset({"foreign_municipality", "both"})
HELPDESK = frozenset({"helpdesk"})
ANY_SUPPLIER = SUPPLIERS | OTHER_SUPPLIERS
ANY_MUNICIPALITY = MUNICIPALITY | OTHER_MUNICIPALITIES
SIGNED_IN = ANY_SUPPLIER | ANY_MUNICIPALITY | HELPDESK
EVERYBODY = SIGNED_IN | {NOBODY}

Example = tuple[tuple[str, str], ...]
"""What a route's parameters are filled with: the scene's id of that name, or what stands after a `=`."""


@dataclass(frozen=True)
class Page:
    """A page that is looked at. `path` is the route's; `example` fills its parameters with the scene's ids by name.

    `who` may see it; the first of `by` looks at it in the short run, all of `by` in the long one.
    """

    path: str
    who: frozenset[str]
    by: tuple[str, ...]
    example: Example = ()
    query: str = ""
    note: str = ""
    """What tells it from others of the same route."""
    status: int = 200
    led_on: frozenset[str] = frozenset()
    """Who is led on to another page instead of being refused: the page they have that says why."""
    own: frozenset[str] = frozenset()
    """Who has this page too, with nothing on it of what is in this address."""

    def address(self, scene: Scene) -> str:
        """Where it is in this scene."""
        return fill(self.path, self.example, scene) + (
            f"?{fill(self.query, self.example, scene)}" if self.query else ""
        )

    @property
    def name(self) -> str:
        return f"{self.path}{f'?{self.query}' if self.query else ''}{f' {self.note}' if self.note else ''}"


@dataclass(frozen=True)
class File:
    """What is downloaded, or leads on: looked at for rights, not as a page."""

    path: str
    who: frozenset[str]
    by: str
    example: Example = ()
    query: str = ""

    def address(self, scene: Scene) -> str:
        return fill(self.path, self.example, scene) + (f"?{self.query}" if self.query else "")


@dataclass(frozen=True)
class Act:
    """What a form does (POST). `form` is filled in as far as it takes to come to the question of rights."""

    path: str
    who: frozenset[str]
    example: Example = ()
    form: tuple[tuple[str, str], ...] = ()
    own: frozenset[str] = frozenset()
    """Who may do this too, but not to what is named here: they are told so in their own words."""

    def address(self, scene: Scene) -> str:
        return fill(self.path, self.example, scene)

    def fields(self, scene: Scene) -> dict[str, str]:
        """The form, with the scene's ids in it where one is named: `{agreement}`."""
        return {name: scene.ids[value[1:-1]] if value.startswith("{") else value for name, value in self.form}


def fill(text: str, example: Example, scene: Scene) -> str:
    """The text with its parameters filled in: by the scene's id of that name, or as it stands after a `=`."""
    told = dict(example)

    def value(found: re.Match[str]) -> str:
        name = told[found[1]]
        return name[1:] if name.startswith("=") else scene.ids[name]

    return re.sub(r"\{(\w+)(?::\w+)?\}", value, text)
