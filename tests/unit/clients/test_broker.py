"""The supplier's link to the broker."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator

import pytest

from clients.python.broker import FAILURES, open_link
from deploy.local.ports import free_block


@pytest.fixture
def unlogged() -> Iterator[None]:
    """What is logged is held until the test is over, and all that hangs on it."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("unlogged")
def test_a_link_that_can_not_be_opened_leaves_nothing_behind() -> None:
    """The driver begins to close a connection where it is collected: in a thread without a loop that fails."""
    held: list[BaseException] = []
    with asyncio.Runner() as runner:
        held.append(runner.run(_failure(free_block().edge)))
        collecting = threading.Thread(target=lambda: (held.clear(), gc.collect()))
        collecting.start()
        collecting.join()


async def _failure(port: int) -> BaseException:
    """With all that hangs on it, the connection that was not opened too."""
    try:
        await open_link("127.0.0.1", port, "token")
    except FAILURES as error:
        return error
    raise AssertionError("somebody listens there")
