"""Files that Danish Excel opens by itself, and that run nothing in it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.portal.domain import sheet


def test_a_table_is_written_as_danes_write_it() -> None:
    content = sheet.csv(
        ["Kommune", "Opslag", "Pris", "Dag", "Set", "Note"],
        [["Ærø", 12480, Decimal("1747.20"), date(2026, 7, 1), datetime(2026, 7, 1, 22, 30, tzinfo=UTC), None]],
    )

    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig").split("\r\n") == [
        "Kommune;Opslag;Pris;Dag;Set;Note",
        "Ærø;12480;1747,20;01-07-2026;02-07-2026 00:30;",
        "",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+45", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_becomes_a_formula(text: str) -> None:
    line = sheet.csv(["a"], [[text]]).decode("utf-8-sig").split("\r\n", 1)[1]

    assert line.lstrip('"').startswith("'")


def test_marks_of_the_format_stay_within_their_cell() -> None:
    line = sheet.csv(["a", "b"], [['say "ja"; nej', "x"]]).decode("utf-8-sig").split("\r\n")[1]

    assert line == '"say ""ja""; nej";x'


def test_negative_amounts_are_numbers() -> None:
    assert sheet.csv(["a"], [[Decimal("-0.50")]]).decode("utf-8-sig").split("\r\n")[1] == "-0,50"
