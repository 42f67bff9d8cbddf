"""Where an instance lies, who has it, and whether there is room."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import places, platform
from deploy.local.failures import StartError
from deploy.local.postgres import newest_programs

ROOT = os.geteuid() == 0


def test_too_little_room_is_told_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"The disk is nearly full: \d+ MB are free .* and 999999999 MB are needed"):
        places.require_room(tmp_path, 999_999_999)


def _try_to_claim(directory: Path, answer: "multiprocessing.Queue[str]") -> None:
    try:
        places.claim(directory).close()
    except StartError as error:
        answer.put(str(error))
    else:
        answer.put("claimed")


def test_an_instance_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")

    def asked_elsewhere() -> str:
        answer = spawn.Queue()
        process = spawn.Process(target=_try_to_claim, args=(tmp_path, answer))
        process.start()
        said: str = answer.get(timeout=60)
        process.join()
        answer.close()
        answer.join_thread()
        return said

    with places.claim(tmp_path):
        assert asked_elsewhere() == f"{tmp_path} is already in use by process {os.getpid()}; stop that one first."
    assert asked_elsewhere() == "claimed"


def test_data_lies_in_the_instance_and_the_place_is_remembered(tmp_path: Path) -> None:
    place = places.data_directory(tmp_path, "thing", None)

    assert place == tmp_path / "thing"
    assert (tmp_path / "thing.path").read_text() == f"{place}\n"
    assert not places.lies_elsewhere(tmp_path, place)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path / "elsewhere"
    monkeypatch.setattr(places, "ELSEWHERE", place)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.skipif(not ROOT, reason="only root starts servers as another account")
def test_data_lies_elsewhere_when_the_servers_account_cannot_reach_the_instance(
    tmp_path: Path, elsewhere: Path
) -> None:
    instance = tmp_path / "closed"
    instance.mkdir(mode=0o700)

    place = places.data_directory(instance, "postgres", "daemon")

    assert places.lies_elsewhere(instance, place)
    assert place.is_relative_to(elsewhere)
    assert place.owner() == "daemon"
    assert places.data_directory(instance, "postgres", "daemon") == place


def test_forgetting_an_instance_removes_its_data_elsewhere_too(tmp_path: Path, elsewhere: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    data = elsewhere / "instance-0123" / "postgres"
    data.mkdir(parents=True)
    (instance / "postgres.path").write_text(f"{data}\n")

    platform.forget(instance)

    assert not instance.exists()
    assert not data.parent.exists()


def test_the_newest_postgres_is_taken_by_number(tmp_path: Path) -> None:
    for version in ("9", "15", "17", "notes"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    (tmp_path / "18" / "bin").mkdir(parents=True)  # the client alone, without a server

    assert newest_programs(tmp_path) == tmp_path / "17" / "bin"


def test_a_missing_postgres_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="PostgreSQL's server is missing"):
        newest_programs(tmp_path)


def test_a_throw_away_servers_data_lies_in_memory_and_is_removed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(places, "MEMORY_NEEDED_MB", 1)
    (tmp_path / "memory").mkdir()
    instance = tmp_path / "run" / "postgres"

    place = places.keep_in_memory(instance, "postgres")

    assert place is not None
    assert places.data_directory(instance, "postgres", None) == place
    places.remove_data(instance, "postgres")
    assert list((tmp_path / "memory").iterdir()) == []


@pytest.mark.parametrize(("folder", "needed"), [("memory", 999_999_999), ("none", 1)])
def test_where_memory_has_no_room_it_lies_with_the_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, needed: int
) -> None:
    monkeypatch.setattr(places, "MEMORY", tmp_path / folder)
    monkeypatch.setattr(places, "MEMORY_NEEDED_MB", needed)
    (tmp_path / "memory").mkdir()

    assert places.keep_in_memory(tmp_path, "postgres") is None
    assert places.data_directory(tmp_path, "postgres", None) == tmp_path / "postgres"
