"""Texts that people write into requests: bounded, and without characters that can't be stored or seen."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CONTROLS = frozenset({"Cc", "Cs"})
_BREAKS = frozenset({"Zl", "Zp"})


def one_line(text: str) -> str:
    """The text, if it is one line without control characters. Raises ValueError naming the character."""
    return _without(text, _CONTROLS | _BREAKS, allowed="")


def passage(text: str) -> str:
    """The text, each line's end as one character, if its only controls are those and tabs. Raises ValueError."""
    return _without(text.replace("\r\n", "\n"), _CONTROLS, allowed="\n\t")


def _without(text: str, categories: frozenset[str], *, allowed: str) -> str:
    for character in text:
        if unicodedata.category(character) in categories and character not in allowed:
            raise ValueError(f"the character U+{ord(character):04X} can't be part of a text")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(one_line)
]
"""One line of text, not empty."""

Passage = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(passage)]
"""A text of several lines, or none."""

Sought = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(one_line)]
"""What a list is searched for."""
