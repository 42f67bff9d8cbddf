"""The files pages load: styles, scripts, icons, fonts; built from assets/ and held in memory."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import Self

from fastapi import APIRouter, Request, Response

from shared.problem import NotFound

router = APIRouter(include_in_schema=False)

BUILT = Path(__file__).parents[1] / "static"
TYPES = {".woff2": "font/woff2", ".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}
FOR_EVER = "public, max-age=31536000, immutable"


class Files:
    """All of them by path, and the one digest that stands in their addresses: a new build has new addresses."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files
        digest = hashlib.sha256()
        for path, content in sorted(files.items()):
            digest.update(path.encode() + b"\0" + content)
        self.digest = digest.hexdigest()[:12]

    @classmethod
    def read(cls) -> Self:
        """Read what was built. Ends the process with a sentence when nothing was."""
        found = {str(path.relative_to(BUILT)): path.read_bytes() for path in BUILT.rglob("*") if path.is_file()}
        if "css/portal.css" not in found:
            raise SystemExit(
                "portal: its styles are not built; run `npm ci && node build.mjs` in services/portal/assets."
            )
        return cls(found)

    def get(self, path: str) -> bytes | None:
        return self._files.get(path)


@router.get("/static/{digest}/{path:path}")
async def static(digest: str, path: str, request: Request) -> Response:
    """One of the files. An address of another build answers with this build's file, and is not kept."""
    files: Files = request.app.state.runtime.get(Files)
    content = files.get(path)
    if content is None:
        raise NotFound("file.unknown", f"There is no file {path}.")
    suffix = Path(path).suffix
    kind = TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    caching = FOR_EVER if digest == files.digest else "no-store"
    return Response(content, media_type=kind, headers={"Cache-Control": caching})


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """For browsers that ask without looking at the page."""
    files: Files = request.app.state.runtime.get(Files)
    return Response(
        files.get("img/mark.svg"), media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
    )
