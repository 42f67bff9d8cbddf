"""The languages of the portal: Danish as the pages are written, English as their catalogues translate it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

Language = Literal["da", "en"]
LANGUAGES: Final[Mapping[Language, str]] = {"da": "Dansk", "en": "English"}
CATALOGUES = Path(__file__).parents[1] / "locale" / "en"
"""One catalogue for each folder of templates and module of pages, so that a text is found beside its page."""


def chosen(text: str | None) -> Language:
    """The language somebody chose; Danish unless they chose English."""
    return "en" if text == "en" else "da"


def later(text: str) -> str:
    """Marks a text that is translated where it is shown."""
    return text


@cache
def translations(language: Language) -> NullTranslations:
    """Looks texts up in a language. Danish is what the pages are written in, so nothing is looked up for it."""
    if language == "da":
        return NullTranslations()
    merged: NullTranslations = NullTranslations()
    for path in sorted(CATALOGUES.glob("*.po")):
        compiled = io.BytesIO()
        write_mo(compiled, catalogue(path))
        compiled.seek(0)
        found = Translations(compiled)
        if isinstance(merged, Translations):
            merged.merge(found)
        else:
            merged = found
    return merged


def catalogue(path: Path) -> Catalog:
    """One catalogue as it stands in its file."""
    with path.open("rb") as file:
        return read_po(file, locale="en")
