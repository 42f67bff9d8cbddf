"""The words of a notice: a subject, plain text and HTML, from the same template so that they say the same."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifier.domain.address import Addressed, Via
from services.notifier.domain.kind import KINDS, KindName
from shared.days import danish_day, danish_moment
from shared.money import danish, danish_count
from shared.quarters import Quarter

WIDTH = 72
MAX_SUBJECT = 180
_FREE_TEXT = frozenset({"purpose", "reason"})
"""What people write over several lines; everything else a mail repeats is kept to one."""


@dataclass(frozen=True)
class Letter:
    """A notice in words. `subject` is one line and names no person."""

    subject: str
    text: str
    html: str


class Letters:
    """Writes notices from the templates beside this module."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._text = _environment(html=False)
        self._html = _environment(html=True)

    def write(self, kind: KindName, content: dict[str, Any], addressed: Addressed) -> Letter:
        """The notice in words. `content` is the aggregate as its event carried it."""
        template = f"{KINDS[kind].template}.j2"
        it = _cleaned(content)
        values = {
            "it": it,
            "why": _why(kind, addressed),
            "public_url": self._public_url,
            **_derived(kind, it),
        }
        text = self._text.get_template(template)
        plain = {**values, "layout": "layout.txt.j2", "parts": "parts.txt.j2"}
        subject = "".join(text.blocks["subject"](text.new_context(plain)))
        return Letter(
            subject=shortened(_one_line(subject), MAX_SUBJECT),
            text=_spaced(text.render(plain)),
            html=self._html.get_template(template).render(
                {**values, "layout": "layout.html.j2", "parts": "parts.html.j2"}
            ),
        )


def shortened(line: str, most: int) -> str:
    """The line, cut at a word with an ellipsis where it is too long."""
    if len(line) <= most:
        return line
    whole, blank, _ = line[:most].rpartition(" ")
    return f"{whole if blank else line[: most - 1]}…"


def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=html,  # noqa: S701 - the other form is plain text, where nothing may be escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        wrapped=_wrapped,
        quoted=_quoted,
        moment=lambda told: danish_moment(datetime.fromisoformat(told)),
        day=lambda told: danish_day(date.fromisoformat(told)),
        count=danish_count,
        kroner=lambda amount: danish(Decimal(amount)),
        quarter=lambda label: Quarter.parse(label).danish,
    )
    return environment


def _why(kind: KindName, addressed: Addressed) -> str:
    name = addressed.organisation_name
    if kind == "password_reset":
        return "Du får denne mail, fordi nogen har bedt om en ny adgangskode til brugeren med din mailadresse."
    if kind == "invitation":
        return (
            f"Du får denne mail, fordi du er oprettet som bruger på Serviceplatformen for {name}. Kender du ikke"
            " noget til det, skal du ikke gøre noget: linket udløber af sig selv."
        )
    reasons: dict[Via, str] = {
        "mailbox": f"{name} har valgt denne postkasse til adviser fra Serviceplatformen",
        "invoice_mailbox": f"{name} har valgt denne postkasse til fakturaer fra Serviceplatformen",
        "administrators": f"du er administrator for {name} på Serviceplatformen, og fordi der ikke er valgt en fælles"
        " postkasse til adviser",
        "deciders": f"du er administrator eller underskriftsberettiget for {name} på Serviceplatformen, og fordi der"
        " ikke er valgt en fælles postkasse til adviser",
        "economy": f"du er administrator eller har rollen økonomi for {name} på Serviceplatformen, og fordi der ikke"
        " er valgt en fælles postkasse til fakturaer",
    }
    return (
        f"Du får denne mail, fordi {reasons[addressed.via]}. En administrator for {name} kan vælge en anden"
        " postkasse på Serviceplatformen."
    )


def _derived(kind: KindName, it: dict[str, Any]) -> dict[str, Any]:
    lines = it.get("lines", [])
    return {
        "again": kind == "agreement_request_resent",
        "partly": kind == "agreement_partly_approved",
        "approved": [
            (line["service_name"], line["service_id"]) for line in lines if line.get("decision") == "approved"
        ],
        "rejected": [line["service_name"] for line in lines if line.get("decision") == "rejected"],
        "services": [(line["service_name"], line["service_id"]) for line in lines],
        "filenames": it.get("filenames", []),
        "by_name": {
            "supplier": it.get("supplier_name"),
            "municipality": it.get("municipality_name"),
            "operator": "Serviceplatformens helpdesk",
            None: None,
        }[it.get("by")],
    }


def _cleaned(value: Any, *, free: bool = False) -> Any:
    """The content with every name on one line, so that no name can pretend to be a line of the mail."""
    if isinstance(value, dict):
        return {key: _cleaned(one, free=key in _FREE_TEXT) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, str):
        if free:
            return "\n".join(_one_line(line) for line in value.splitlines())
        return _one_line(value)
    return value


def _one_line(text: str) -> str:
    shown = "".join(" " if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"} else one for one in text)
    return " ".join(shown.split())


def _wrapped(words: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(str(words).split()),
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quoted(words: str) -> str:
    lines = [
        part
        for line in str(words).splitlines()
        for part in (textwrap.wrap(line, WIDTH - 2, break_long_words=False, break_on_hyphens=False) or [""])
    ]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _spaced(text: str) -> str:
    """No more than one blank line in a row, none at the ends."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
