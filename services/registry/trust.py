"""Reads the trusted certificate authorities from their folder."""

from __future__ import annotations

from pathlib import Path

from services.registry.domain.trust import Trust, TrustError


def load_trust(directory: Path) -> Trust:
    """The authorities in `directory/production/*.pem` and `directory/test/*.pem`.

    Raises `TrustError`, a sentence naming the file or folder, when a folder is missing, holds no
    authority, or holds something that is not one.
    """
    return Trust.of(production=_files(directory / "production"), test=_files(directory / "test"))


def _files(folder: Path) -> list[tuple[str, bytes]]:
    try:
        return [(str(file), file.read_bytes()) for file in sorted(folder.iterdir()) if file.suffix == ".pem"]
    except OSError as error:
        raise TrustError(
            f"The folder of trusted authorities {folder} cannot be read ({error.strerror}). Create it and "
            "put the authorities' certificates there as .pem files."
        ) from None
