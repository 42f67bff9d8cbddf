"""The mails the platform has sent, read from the folder the SMTP server writes them to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Mails:
    """All mails so far, each read once; files appear whole, under their final name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, EmailMessage] = {}

    def all(self) -> list[EmailMessage]:
        """Every mail so far, in the order they came."""
        for path in sorted(self._folder.glob("*.eml")):
            if path.name not in self._read:
                with path.open("rb") as file:
                    self._read[path.name] = BytesParser(policy=policy.default).parse(file)
        return list(self._read.values())

    def found(self, kind: str, to: str | None = None) -> list[EmailMessage]:
        """Mails of one kind (the type of the event behind them), to one address or to anyone."""
        return [
            mail
            for mail in self.all()
            if mail["X-Serviceplatform-Event"] == kind
            and (to is None or str(mail["To"]).endswith(f"<{to}>") or str(mail["To"]) == to)
        ]

    async def wait(
        self, kind: str, to: str | None = None, *, least: int = 1, seconds: float = 30
    ) -> list[EmailMessage]:
        """Wait until so many such mails are there. Raises AssertionError with what is missing."""
        return await until(
            lambda: found if len(found := self.found(kind, to)) >= least else None,
            f"{least} mails about {kind} to {to or 'anyone'}",
            seconds,
        )


async def until(look: Callable[[], T | None], what: str, seconds: float) -> T:
    """Look until there is something; AssertionError names what did not come."""
    for _ in range(int(seconds / 0.05)):
        if (found := look()) is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: not there after {seconds:.0f} s")


def text(mail: EmailMessage) -> str:
    """The mail's plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
