"""Organisations in a table: a CSV file as people export it, read line by line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.portal.domain.language import later
from services.portal.domain.organisation_form import Filled

MOST_LINES = 300
LARGEST = 60_000
"""Characters: what was read is sent along while the lines are created, in a page that stays small."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("navn", "name"),
    "cvr": ("cvr", "cvr-nummer"),
    "kind": ("type", "kind", "kinds"),
    "municipality_code": ("kommunekode", "municipality_code"),
    "test": ("test",),
    "mailbox": ("postkasse", "mailbox"),
    "invoice_mailbox": ("fakturapostkasse", "invoice_mailbox"),
    "ean": ("ean", "ean-nummer"),
    "buyer_reference": ("reference", "buyer_reference"),
    "admin_name": ("administrator", "admin_name"),
    "admin_email": ("administrators mail", "administratormail", "admin_email"),
    "roles": ("roller", "roles"),
}
HEADING = (
    "navn;cvr;type;kommunekode;postkasse;fakturapostkasse;ean;reference;administrator;administrators mail;roller"
)
EXAMPLE = (
    "Fjordby Kommune;12345674;kommune;0999;post@fjordby.example;;5790000000012;;"
    "Kim Nord;kim@fjordby.example;administrator,underskriftsberettiget"
)
_KINDS = {
    "leverandør": "supplier",
    "leverandoer": "supplier",
    "supplier": "supplier",
    "kommune": "municipality",
    "municipality": "municipality",
    "begge": "both",
    "both": "both",
}
_ROLES = {
    "administrator": "administrator",
    "bruger": "user",
    "user": "user",
    "underskriftsberettiget": "signatory",
    "signatory": "signatory",
    "økonomi": "economy",
    "economy": "economy",
}
_YES = frozenset({"ja", "x", "1", "yes", "true"})


class SheetUnreadable(ValueError):
    """The table can't be read at all; its message says why, in the portal's source language."""


@dataclass(frozen=True)
class Line:
    """One line of the table: its number in the file, what it says, and what can't be right (by field)."""

    number: int
    filled: Filled
    problems: dict[str, str]


def decoded(content: bytes) -> str:
    """A file's text, whichever of the two usual ways it was saved in."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read(text: str) -> list[Line]:
    """The table's lines; empty ones are skipped. Raises SheetUnreadable."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise SheetUnreadable(later("Der er ikke noget at læse. Vælg en fil, eller indsæt linjerne i feltet."))
    if len(text) > LARGEST:
        raise SheetUnreadable(later("Der er for meget på én gang. Del filen i flere."))
    first = text.lstrip().partition("\n")[0]
    separator = max(";\t,", key=first.count)
    rows = [
        (number, row)
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=separator), start=1)
        if any(cell.strip() for cell in row)
    ]
    places = _places(rows[0][1])
    if missing := [name for name in ("name", "cvr", "kind") if name not in places]:
        raise SheetUnreadable(
            later("Første linje skal have kolonnernes navne. Der mangler: ")
            + ", ".join(COLUMNS[name][0] for name in missing)
        )
    if len(rows) - 1 > MOST_LINES:
        raise SheetUnreadable(later("Der er mere end 300 linjer. Del filen i flere."))
    if len(rows) == 1:
        raise SheetUnreadable(
            later("Der er kun en linje med kolonnernes navne. Tilføj en linje for hver organisation.")
        )
    filled = [(number, _filled(row, places)) for number, row in rows[1:]]
    return [Line(number, one, problems) for (number, one), problems in zip(filled, _problems(filled), strict=True)]


def _places(heading: Sequence[str]) -> dict[str, int]:
    known = {name: field for field, names in COLUMNS.items() for name in names}
    return {known[cell.strip().lower()]: place for place, cell in enumerate(heading) if cell.strip().lower() in known}


def _filled(row: Sequence[str], places: dict[str, int]) -> Filled:
    def cell(field: str) -> str:
        place = places.get(field)
        return row[place].strip() if place is not None and place < len(row) else ""

    roles = [_ROLES.get(role.strip().lower(), role.strip()) for role in cell("roles").split(",") if role.strip()]
    code = cell("municipality_code")
    return Filled(
        name=cell("name"),
        cvr=cell("cvr"),
        kind=_KINDS.get(cell("kind").lower(), cell("kind")),
        # Spreadsheets take a leading zero for nothing.
        municipality_code=code.zfill(4) if code.isdecimal() else code,
        test=cell("test").lower() in _YES,
        mailbox=cell("mailbox"),
        invoice_mailbox=cell("invoice_mailbox"),
        ean=cell("ean"),
        buyer_reference=cell("buyer_reference"),
        admin_name=cell("admin_name"),
        admin_email=cell("admin_email"),
        roles=tuple(roles) or ("administrator",),
    )


def _problems(lines: Sequence[tuple[int, Filled]]) -> list[dict[str, str]]:
    """What can't be right in each line, by itself or beside the others."""
    twice_cvr = {cvr for cvr, times in Counter(one.cvr.replace(" ", "") for _, one in lines).items() if times > 1}
    codes = Counter(one.municipality_code for _, one in lines if one.municipality_code)
    found = []
    for _, one in lines:
        problems = one.problems(new=True)
        if one.cvr and one.cvr.replace(" ", "") in twice_cvr:
            problems.setdefault("cvr", later("CVR-nummeret står på flere linjer."))
        if codes[one.municipality_code] > 1:
            problems.setdefault("municipality_code", later("Kommunekoden står på flere linjer."))
        found.append(problems)
    return found
