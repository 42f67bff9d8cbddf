"""Many organisations at once from a table: tried first, then created piece by piece with each line's result."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from services.portal.apis import Refused
from services.portal.domain.organisation_form import NAMES
from services.portal.domain.organisation_sheet import EXAMPLE, HEADING, Line, SheetUnreadable, decoded, read
from services.portal.domain.sheet import MEDIA_TYPE
from services.portal.pages.helpdesk.organisations import problems_of
from services.portal.pages.visit import HelpdeskVisit, Visit, headers_of, said
from shared.problem import BadRequest

router = APIRouter(prefix="/helpdesk/organisationer", include_in_schema=False)

AT_ONCE = 6
"""How many lines are asked about at the same time: the registry serves others too."""
PIECE = 25
"""How many organisations one step creates, so that each step shows how far it has come."""


@dataclass(frozen=True)
class Fate:
    """What will become of a line, or became of it. `problems`: by field, in the visitor's language."""

    line: Line
    problems: dict[str, str]
    exists: bool
    organisation_id: str | None


@router.get("/opret-mange")
async def choose(visit: HelpdeskVisit) -> Response:
    """Choose or paste the table."""
    return _choose(visit, "", None)


@router.get("/opret-mange/skabelon")
async def template(visit: HelpdeskVisit) -> Response:
    """An empty table with one line as an example."""
    content = ("\ufeff" + HEADING + "\r\n" + EXAMPLE + "\r\n").encode()
    disposition = {"Content-Disposition": 'attachment; filename="organisationer.csv"'}
    return Response(content, media_type=MEDIA_TYPE, headers=headers_of(visit.request) | disposition)


@router.post("/opret-mange")
async def try_out(visit: HelpdeskVisit) -> Response:
    """What each line would come to; nothing is created."""
    form = await visit.form()
    file = form.get("file")
    text = decoded(await file.read()) if isinstance(file, UploadFile) and file.size else said(form, "text")
    try:
        lines = read(text)
    except SheetUnreadable as error:
        return _choose(visit, text[:60_000], _told(visit, error))
    fates = await _fates(visit, lines, dry_run=True)
    good = sum(not fate.problems and not fate.exists for fate in fates)
    return visit.page("helpdesk/many_tried.html", fates=fates, good=good, text=text, names=_names(visit))


@router.post("/opret-mange/opret")
async def create(visit: HelpdeskVisit) -> Response:
    """Create the next piece of the lines that can be created; the page leads on until all are done."""
    form = await visit.form()
    text = said(form, "text")
    try:
        lines = [line for line in read(text) if not line.problems]
        begin, created_before, failed_before = (
            max(0, int(said(form, name) or "0")) for name in ("begin", "created", "failed")
        )
    except ValueError:
        raise BadRequest("table.not_readable", "The table can't be read any more; begin again.") from None
    piece = lines[begin : begin + PIECE]
    fates = await _fates(visit, piece, dry_run=False)
    failed = failed_before + sum(bool(fate.problems) for fate in fates)
    return visit.page(
        "helpdesk/many_created.html",
        fates=fates,
        text=text,
        names=_names(visit),
        total=len(lines),
        done=min(begin + PIECE, len(lines)),
        created=created_before + sum(fate.organisation_id is not None for fate in fates),
        failed=failed,
    )


async def _fates(visit: Visit, lines: list[Line], *, dry_run: bool) -> list[Fate]:
    room = asyncio.Semaphore(AT_ONCE)

    async def fate(line: Line) -> Fate:
        if line.problems:
            told = {field: visit.text(problem) for field, problem in line.problems.items()}
            return Fate(line, told, exists=False, organisation_id=None)
        path = "/organisations?dry_run=true" if dry_run else "/organisations"
        async with room:
            try:
                created = await visit.registry.post(path, line.filled.body())
            except Refused as refused:
                exists = refused.code == "organisation.exists"
                told = {} if exists else problems_of(visit, refused)
                return Fate(line, told, exists=exists, organisation_id=None)
        return Fate(line, {}, exists=False, organisation_id=None if dry_run else created["id"])

    return list(await asyncio.gather(*(fate(line) for line in lines)))


def _names(visit: Visit) -> dict[str, str]:
    return {field: visit.text(name) for field, name in NAMES.items()}


def _told(visit: Visit, error: SheetUnreadable) -> str:
    sentence, colon, rest = str(error).partition(": ")
    return visit.text(sentence + colon) + rest if colon else visit.text(sentence)


def _choose(visit: Visit, text: str, problem: str | None) -> Response:
    return visit.page(
        "helpdesk/many.html",
        status=422 if problem else 200,
        text=text,
        errors={"text": problem} if problem else {},
        heading=HEADING,
        example=EXAMPLE,
    )
