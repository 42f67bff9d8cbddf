"""Refusals keep their code, their words and their further members."""

import pytest

from shared import problem
from shared.problem import Problem

KINDS = [kind for kind in vars(problem).values() if isinstance(kind, type) and issubclass(kind, Problem)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_is_told_by_its_detail_and_known_by_its_code(kind: type[Problem]) -> None:
    refusal = kind("agreement.already_decided", "The agreement was decided before.", by="municipality")

    assert str(refusal) == refusal.detail == "The agreement was decided before."
    assert refusal.code == "agreement.already_decided"
    assert refusal.extra == {"by": "municipality"}


def test_each_kind_has_a_status_of_its_own() -> None:
    statuses = [kind.status for kind in KINDS]

    assert sorted(statuses) == [400, 401, 403, 404, 409, 413, 422, 429, 500, 503]
