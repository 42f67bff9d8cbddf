"""Who appears in the story. Organisations' names are real or plainly invented; people are invented, all of them."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

DATA = Path(__file__).parent / "data"

_FIRST = (
    "Agnes Asta Birthe Bodil Dagny Ellen Frida Gerda Hanne Inger Jytte Karen Lis Mette Nanna Oda Pernille Ragna "
    "Signe Tove Ulla Vibeke Anker Bent Carsten Ditlev Ejnar Flemming Gorm Henning Ib Jens Kaj Leif Mogens Niels Ove "
    "Palle Rasmus Svend Troels Uffe Viggo"
).split()
_LAST = (
    "Bakkegaard Birkelund Damsted Egelykke Fuglsang Granly Havmose Højbjerg Kirkely Klitgaard Lindholt Lyngby "
    "Markvang Møllevang Nørredam Overgaard Pilegaard Ravnsbæk Skovmose Strandby Søndervig Toftelund Ågerup"
).split()


@dataclass(frozen=True)
class MunicipalityFacts:
    """A municipality as the list has it; `mailbox` is an invented address."""

    code: str
    name: str
    cvr: str

    @property
    def domain(self) -> str:
        return f"{slug(self.name)}.example"

    @property
    def mailbox(self) -> str:
        return f"serviceaftaler@{self.domain}"

    @property
    def ean(self) -> str:
        """An invented EAN number with a right check digit; every tenth municipality has not entered one."""
        return with_check_digit(f"57900{int(self.code):07d}")


@dataclass(frozen=True)
class ServiceFacts:
    """A service in the catalogue, with its price in DKK per call."""

    id: str
    number: str
    name: str
    version: str
    entity_id: str
    description: str
    data_categories: str
    per_call: Decimal


@dataclass(frozen=True)
class SupplierFacts:
    name: str
    cvr: str

    @property
    def domain(self) -> str:
        return f"{slug(self.name)}.example"

    @property
    def mailbox(self) -> str:
        return f"drift@{self.domain}"


SUPPLIERS = (
    SupplierFacts("Nordlys Fagsystemer", "90000004"),
    SupplierFacts("Fjordbyte", "90000012"),
    SupplierFacts("Havblik Data", "90000020"),
)
ALSO_SUPPLIER = "0751"
"""The municipality that is a supplier too: its own IT department makes a system (Aarhus)."""
TEST_MUNICIPALITY = "Testkommunen"


def municipalities() -> list[MunicipalityFacts]:
    """The 98, by code."""
    with (DATA / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        return [MunicipalityFacts(**row) for row in csv.DictReader(file)]


def services() -> list[ServiceFacts]:
    """The catalogue."""
    with (DATA / "services.csv").open(encoding="utf-8", newline="") as file:
        return [ServiceFacts(per_call=Decimal(row.pop("per_call")), **row) for row in csv.DictReader(file)]


def person_name(chance: random.Random) -> str:
    """An invented name."""
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def slug(name: str) -> str:
    """A name as it may stand in an address: "Høje-Taastrup Kommune" → "hoeje-taastrup-kommune"."""
    plain = name.lower()
    for letter, written in (("æ", "ae"), ("ø", "oe"), ("å", "aa"), (" ", "-"), ("/", "-")):
        plain = plain.replace(letter, written)
    return "".join(letter for letter in plain if letter.isascii() and (letter.isalnum() or letter == "-"))


def with_check_digit(digits: str) -> str:
    """Twelve digits and the GS1 check digit that belongs to them."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{(10 - total % 10) % 10}"
