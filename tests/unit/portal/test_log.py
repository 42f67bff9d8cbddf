"""Where the logs are read on from, as it stands in an address that anybody may have written."""

import pytest

from services.portal.domain.log import read_cursors, write_cursors


def test_cursors_are_read_as_they_were_written() -> None:
    assert read_cursors(write_cursors({"registry": 12, "portal": 7})) == {"registry": 12, "portal": 7}


@pytest.mark.parametrize("text", ["", "registry", "registry.-1", "registry.x", "registry." + "9" * 19, "registry.١"])
def test_nonsense_is_taken_for_nothing(text: str) -> None:
    assert read_cursors(text) == {}
