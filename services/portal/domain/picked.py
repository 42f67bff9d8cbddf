"""Which municipalities a pasted list names: by name, municipality code or CVR number, one a line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_APART = re.compile(r"[\t;,|]")
_WORD = re.compile(r"\b(?:regions)?kommunen?\b")
_SIGNS = re.compile(r"[^0-9a-zæøå]+")
_CVR_DIGITS = 8


@dataclass(frozen=True)
class Picked:
    """The ids that were named, in the order of the list, and the lines that name nobody."""

    ids: tuple[str, ...]
    unmatched: tuple[str, ...]


def pick(text: str, municipalities: Sequence[Mapping[str, Any]]) -> Picked:
    """Find the municipalities that a text names. A line may hold several cells, as it is copied from a sheet."""
    known: dict[str, str] = {}
    for one in municipalities:
        for key in (_name(one["name"]), _number(one["cvr"]), _number(one["municipality_code"] or "")):
            if key:
                known.setdefault(key, one["id"])
    ids: dict[str, None] = {}
    unmatched: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        found = _found(line, known)
        ids.update(dict.fromkeys(found))
        if not found:
            unmatched.append(line[:100])
    return Picked(tuple(ids), tuple(unmatched))


def _found(line: str, known: Mapping[str, str]) -> list[str]:
    cells = [line, *(_APART.split(line) if _APART.search(line) else ())]
    found = []
    for cell in cells:
        match = known.get(_number(cell)) or known.get(_name(cell))
        if match:
            found.append(match)
    return list(dict.fromkeys(found))


def _name(text: str) -> str:
    """A name as it is compared: "Københavns Kommune", "københavn" and "Kommunen København" are one."""
    words = _WORD.sub(" ", text.casefold()).replace("å", "aa")
    return " ".join(_SIGNS.sub(" ", words).split()).removesuffix("s")


def _number(text: str) -> str:
    """A CVR number or municipality code as it is compared; empty for what is no number."""
    digits = re.sub(r"^dk|[\s.\-]", "", text.strip().casefold())
    if not digits.isdecimal() or not digits.isascii():
        return ""
    return digits if len(digits) == _CVR_DIGITS else digits.zfill(4) if len(digits) <= 4 else ""  # noqa: PLR2004
