"""The portal speaks both languages: every text is marked, and has its English."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from services.portal.domain.language import CATALOGUES, catalogue
from tests.unit.portal.texts import Text, bare_in_modules, bare_in_templates, in_modules, in_templates

SAME_IN_BOTH = {"CSV", "CVR", "EAN", "PDF", "XML", "UUID", "JSON", "da", "en"}
"""What is read alike in Danish and English."""
DANISH_NAMES = re.compile("Rødovre|Fødselsregister|Underskriftsberettiget")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def entries() -> list[tuple[Path, Message]]:
    return [(path, entry) for path in sorted(CATALOGUES.glob("*.po")) for entry in catalogue(path) if entry.id]


def texts() -> list[Text]:
    return [*in_templates(), *in_modules()]


def ids(entry: Message) -> tuple[str, ...]:
    return tuple(entry.id) if isinstance(entry.id, list | tuple) else (str(entry.id),)


def strings(entry: Message) -> tuple[str, ...]:
    return tuple(entry.string) if isinstance(entry.string, list | tuple) else (str(entry.string),)


def test_every_text_has_its_english() -> None:
    known = {ids(entry) for _, entry in entries() if all(strings(entry))}
    wanted = {(text.one, *([text.many] if text.many else [])): text.where for text in texts()}

    missing = {f"{where}: {text[0]}" for text, where in wanted.items() if text not in known and text[0].strip()}

    assert not missing, "\n".join(sorted(missing))


def test_translations_say_what_is_asked_and_nothing_else() -> None:
    wanted = {text.one for text in texts()}
    faults = []
    for path, entry in entries():
        where = f"{path.name}: {ids(entry)[0]}"
        if entry.fuzzy:
            faults.append(f"{where}: fuzzy")
        if ids(entry)[0] not in wanted:
            faults.append(f"{where}: no page says this any more")
        for danish, english in zip(ids(entry), strings(entry), strict=False):
            if set(PLACEHOLDER.findall(danish)) != set(PLACEHOLDER.findall(english)):
                faults.append(f"{where}: fills in other things than “{english}”")
            if re.search("[æøåÆØÅ]", english) and not DANISH_NAMES.search(english):
                faults.append(f"{where}: “{english}” is Danish")
    for path in sorted(CATALOGUES.glob("*.po")):
        faults += [f"{path.name}: obsolete: {one}" for one in catalogue(path).obsolete]
    assert not faults, "\n".join(faults)


def test_a_text_is_translated_alike_wherever_it_stands() -> None:
    found: dict[tuple[str, ...], dict[tuple[str, ...], set[str]]] = defaultdict(lambda: defaultdict(set))
    for path, entry in entries():
        found[ids(entry)][strings(entry)].add(path.name)

    assert not {text: dict(told) for text, told in found.items() if len(told) > 1}


@pytest.mark.parametrize("bare", [bare_in_templates, bare_in_modules])
def test_no_text_escapes_translation(bare: object) -> None:
    found = [f"{text.where}: {text.one}" for text in bare() if text.one not in SAME_IN_BOTH]  # type: ignore[operator]
    assert not found, "\n".join(found)
