"""A pasted list names municipalities as people write them."""

from typing import Any

import pytest

from services.portal.domain.picked import pick

KNOWN: list[dict[str, Any]] = [
    {"id": "k", "name": "Københavns Kommune", "cvr": "64942212", "municipality_code": "0101"},
    {"id": "a", "name": "Aarhus Kommune", "cvr": "55133018", "municipality_code": "0751"},
    {"id": "b", "name": "Bornholms Regionskommune", "cvr": "26696348", "municipality_code": "0400"},
    {"id": "h", "name": "Høje-Taastrup Kommune", "cvr": "19501817", "municipality_code": "0169"},
    {"id": "t", "name": "Testkommunen", "cvr": "11111111", "municipality_code": None},
]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("Københavns Kommune", "k"),
        ("københavn", "k"),
        ("KØBENHAVN KOMMUNE", "k"),
        ("101", "k"),
        ("0101", "k"),
        ("64 94 22 12", "k"),
        ("DK64942212", "k"),
        ("Århus", "a"),
        ("Aarhus Kommune", "a"),
        ("Bornholm", "b"),
        ("Bornholms Regionskommune", "b"),
        ("høje taastrup", "h"),
        ("0169\tHøje-Taastrup\t19501817", "h"),
        ("  Aarhus  ", "a"),
    ],
)
def test_a_line_names_one(line: str, named: str) -> None:
    assert pick(line, KNOWN).ids == (named,)


def test_a_line_may_name_several_and_each_is_picked_once() -> None:
    picked = pick("Aarhus; Bornholm\nÅrhus\n\n0751", KNOWN)

    assert picked.ids == ("a", "b")
    assert picked.unmatched == ()


@pytest.mark.parametrize("line", ["En by i Rusland", "9999", "12345678", "1234567890123", "kommune", "²", "-"])
def test_what_names_nobody_is_told(line: str) -> None:
    picked = pick(f"Aarhus\n{line}", KNOWN)

    assert picked.ids == ("a",)
    assert picked.unmatched == (line,)
