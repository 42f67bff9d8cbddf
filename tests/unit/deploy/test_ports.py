"""The block of ports: where it may lie, and what a person is told when it can't be had."""

import random
import socket
from collections.abc import Iterator

import pytest

from deploy.local.failures import StartError
from deploy.local.ports import BLOCK_SIZE, LOOPBACK, Ports, base_from_environment, free_block, is_free, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_block_is_contiguous_and_begins_with_the_edge() -> None:
    ports = Ports.from_base(8400)

    assert ports.edge == 8400
    assert list(ports.named().values()) == list(range(8400, 8400 + BLOCK_SIZE))
    assert ports.named()["broker_metrics"] == 8413


@pytest.mark.parametrize("base", [-1, 0, 80, 1023, 65536 - BLOCK_SIZE + 1, 70_000])
def test_a_block_outside_the_unprivileged_ports_is_refused(base: int) -> None:
    with pytest.raises(StartError, match=rf"^SP_PORT={base} can't be used"):
        Ports.from_base(base)


@pytest.mark.parametrize("base", [1024, 65536 - BLOCK_SIZE])
def test_the_outermost_blocks_are_allowed(base: int) -> None:
    assert Ports.from_base(base).edge == base


@pytest.mark.parametrize("offset", range(BLOCK_SIZE))
def test_a_taken_port_is_named_with_its_use_and_the_setting_that_moves_it(
    monkeypatch: pytest.MonkeyPatch, taken: int, offset: int
) -> None:
    base = taken - offset
    monkeypatch.setattr("deploy.local.ports.is_free", lambda port: port != taken)
    name = list(Ports.from_base(base).named())[offset].replace("_", " ")

    with pytest.raises(StartError) as refused:
        require_free(Ports.from_base(base))

    sentence = str(refused.value)
    assert sentence.startswith(f"Port {taken} ({name}) is taken by another program")
    assert "SP_PORT=" in sentence


def test_a_listening_server_makes_its_port_taken(taken: int) -> None:
    assert not is_free(taken)


def test_a_found_block_is_free_and_reproducible() -> None:
    ports = free_block(random.Random(7))

    require_free(ports)
    assert free_block(random.Random(7)) == ports


def test_the_base_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SP_PORT", raising=False)
    assert base_from_environment() == 8400
    monkeypatch.setenv("SP_PORT", "9000")
    assert base_from_environment() == 9000


@pytest.mark.parametrize("text", ["", "http", "84.5", "8400x"])
def test_a_base_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SP_PORT", text)

    with pytest.raises(StartError, match="is not a port number"):
        base_from_environment()
