"""Named SQL: every statement of a service stands in one .sql file, each under `-- name: …`."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The statements of one .sql file, by name: `queries["find_agreement"]`."""

    def __init__(self, path: Path) -> None:
        parts = _NAME.split(path.read_text(encoding="utf-8"))
        names, bodies = parts[1::2], parts[2::2]
        if len(set(names)) != len(names):
            raise ValueError(f"{path.name}: a name stands twice")
        self._statements = {name: body.strip() for name, body in zip(names, bodies, strict=True)}

    def __getitem__(self, name: str) -> str:
        return self._statements[name]

    def names(self) -> list[str]:
        return list(self._statements)
