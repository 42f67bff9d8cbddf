"""Who and what there is on the platform the browser tests visit. Every organisation and person is invented."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from shared.cvr import CvrError, check_cvr

BEGINNINGS = [
    "Fjord",
    "Hav",
    "Skov",
    "Eng",
    "Bakke",
    "Lyng",
    "Birke",
    "Mose",
    "Sø",
    "Klit",
    "Ege",
    "Strand",
    "Øster",
    "Å",
]
ENDINGS = ["by", "rup", "holm", "lev", "sted", "bæk", "strup"]
MUNICIPALITIES = [f"{first}{last} Kommune" for last, first in itertools.product(ENDINGS, BEGINNINGS)]
"""98, as there are in Denmark; the first of them are the ones the story is about."""

SUPPLIER, FOREIGN_SUPPLIER, TEST_SUPPLIER = "Nordlys Fagsystemer", "Havblik Data", "Prøvebænken"


@dataclass(frozen=True)
class Somebody:
    """A person who can sign in."""

    name: str
    email: str
    password: str
    organisation_id: str
    organisation: str
    kinds: tuple[str, ...]
    roles: tuple[str, ...]

    def is_one_of(self, kind: str, *roles: str) -> bool:
        """Whether their organisation is of that kind and they have one of these roles (any, if none is named)."""
        return kind in self.kinds and (not roles or bool(set(roles) & set(self.roles)))


@dataclass
class Scene:
    """The platform as it stands: where it is, who may sign in, and the ids of what there is to look at."""

    base: str
    folder: str
    people: dict[str, Somebody] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def mails(self) -> Path:
        """Where the mail server keeps what was sent."""
        return Path(self.folder) / "mail"

    @property
    def log(self) -> Path:
        """What the portal says."""
        return Path(self.folder) / "log" / "portal.log"

    def write(self, path: Path) -> None:
        """Keep it where the tests' processes find it, whole or not at all."""
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self)))
        draft.rename(path)

    @classmethod
    def of(cls, told: dict[str, object]) -> Self:
        """From what was written."""
        people: dict[str, dict[str, object]] = told.pop("people")  # type: ignore[assignment]
        found = {
            key: Somebody(**{**one, "kinds": tuple(one["kinds"]), "roles": tuple(one["roles"])})  # type: ignore[arg-type]
            for key, one in people.items()
        }
        return cls(people=found, **told)  # type: ignore[arg-type]


def numbers(start: int) -> Iterator[str]:
    """CVR numbers that hold, from there on."""
    for number in itertools.count(start):
        try:
            yield check_cvr(str(number))
        except CvrError:
            continue
