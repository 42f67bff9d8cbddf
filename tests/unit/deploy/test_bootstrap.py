"""What `make` says on a machine that can't run the project."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.places import PROJECT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing has been installed yet."""
    for file in ("deploy/local/bootstrap.sh", "deploy/local/packages.sh", "requirements/demo.lock"):
        (tmp_path / "project" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / file, tmp_path / "project" / file)
    return tmp_path / "project"


def programs(folder: Path, **scripts: str) -> Path:
    """A folder to stand alone in PATH: the basic tools, and what ``scripts`` says."""
    folder.mkdir()
    for name in ("bash", "date", "df", "dirname", "flock", "grep", "id", "ls", "mkdir", "tail", "tr", "sha256sum"):
        (folder / name).symlink_to(shutil.which(name) or "missing")
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def refused(checkout: Path, path: Path, kind: str = "demo") -> str:
    bash = shutil.which("bash") or "bash"
    done = subprocess.run(
        [bash, "deploy/local/bootstrap.sh", kind],
        cwd=checkout,
        env={"PATH": str(path), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


def test_no_python(checkout: Path, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin")

    assert refused(checkout, path) == "python3 is missing; install Python 3.11 or newer."


def test_an_old_python(checkout: Path, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", python3='[ "$1" = --version ] && echo Python 3.9.2 || exit 1')

    assert refused(checkout, path).startswith("python3 is Python 3.9.2, and the project needs Python 3.11 or newer")


def test_an_unknown_word(checkout: Path, tmp_path: Path) -> None:
    assert refused(checkout, programs(tmp_path / "bin"), "everything").startswith("usage:")


def test_a_place_for_logs_that_cannot_be_made(checkout: Path, tmp_path: Path) -> None:
    (checkout / "var").write_text("in the way")

    assert "can't be written" in refused(checkout, programs(tmp_path / "bin"))


def test_missing_packages_without_root_or_sudo(checkout: Path, tmp_path: Path) -> None:
    # setpriv out of sight is enough to make something missing, wherever this runs.
    path = programs(tmp_path / "bin", python3="exit 0")
    (path / "id").unlink()
    (path / "id").write_text("#!/bin/sh\necho 1000\n")
    (path / "id").chmod(0o755)

    sentence = refused(checkout, path)

    assert sentence.startswith("These Debian packages are missing: ")
    assert sentence.endswith("installing them needs root, and there is no sudo here.")


def test_missing_packages_with_a_sudo_that_asks(checkout: Path, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", python3="exit 0", sudo="exit 1")
    (path / "id").unlink()
    (path / "id").write_text("#!/bin/sh\necho 1000\n")
    (path / "id").chmod(0o755)

    assert "sudo asks for a password" in refused(checkout, path)


def test_a_system_without_apt(checkout: Path, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", python3="exit 0", sudo="exit 0")
    (path / "id").unlink()
    (path / "id").write_text("#!/bin/sh\necho 1000\n")
    (path / "id").chmod(0o755)

    assert "this is not a Debian system" in refused(checkout, path)
