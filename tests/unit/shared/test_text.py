"""Texts people write: what is taken, what is refused, and how that is said."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.text import Line, Passage, Sought

LINE, PASSAGE, SOUGHT = TypeAdapter[str](Line), TypeAdapter[str](Passage), TypeAdapter[str](Sought)


def test_a_line_is_trimmed_and_kept() -> None:
    assert LINE.validate_python("  Økonomi & løn – “2.0”  ") == "Økonomi & løn – “2.0”"


@pytest.mark.parametrize("kind", [LINE, SOUGHT])
@pytest.mark.parametrize("character", ["\x00", "\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_a_line_has_no_control_characters_and_no_line_ends(kind: TypeAdapter[str], character: str) -> None:
    with pytest.raises(ValidationError, match=rf"U\+{ord(character):04X} can't be part of a text"):
        kind.validate_python(f"a{character}b")


def test_a_passage_keeps_its_lines_and_tabs_with_one_kind_of_line_end() -> None:
    assert PASSAGE.validate_python("one\r\ntwo\n\tthree\u2028four") == "one\ntwo\n\tthree\u2028four"
    assert PASSAGE.validate_python("") == ""


@pytest.mark.parametrize("character", ["\x00", "\r", "\x0b", "\x7f", "\x9f"])
def test_a_passage_has_no_other_control_characters(character: str) -> None:
    with pytest.raises(ValidationError, match=rf"U\+{ord(character):04X} can't be part of a text"):
        PASSAGE.validate_python(f"a{character}b")


@pytest.mark.parametrize(("kind", "most"), [(LINE, 255), (SOUGHT, 255), (PASSAGE, 4000)])
def test_texts_are_bounded(kind: TypeAdapter[str], most: int) -> None:
    assert kind.validate_python("x" * most) == "x" * most
    with pytest.raises(ValidationError, match="at most"):
        kind.validate_python("x" * (most + 1))


def test_an_empty_line_says_nothing() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        LINE.validate_python("   ")
