"""The mails the platform has sent, read where its mail server keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import TypeVar

import httpx

T = TypeVar("T")


class Mails:
    """All mails so far, each read once, from the folder an SMTP server writes them to; they appear there whole."""

    pause = 0.05
    """Seconds between two looks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, EmailMessage] = {}

    @property
    def where(self) -> str:
        """Where a reader finds them."""
        return str(self._folder / "*.eml")

    def all(self) -> list[EmailMessage]:
        """Every mail so far, in the order they came."""
        for name, content in self._new():
            self._read[name] = BytesParser(policy=policy.default).parsebytes(content)
        return list(self._read.values())

    def _new(self) -> Iterator[tuple[str, bytes]]:
        """The mails not read yet, oldest first, each with a name of its own."""
        for path in sorted(self._folder.glob("*.eml")):
            if path.name not in self._read:
                yield path.name, path.read_bytes()

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
            pause=self.pause,
        )


class CaughtMails(Mails):
    """All mails so far, from the API of a Mailpit that takes them; `url` is its address."""

    pause = 0.25
    PAGE = 100

    def __init__(self, url: str) -> None:
        super().__init__(Path())
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=10)

    @property
    def where(self) -> str:
        return self._url

    def _new(self) -> Iterator[tuple[str, bytes]]:
        unread: list[str] = []
        while True:
            answer = self._http.get("/api/v1/messages", params={"start": len(unread), "limit": self.PAGE})
            page = [message["ID"] for message in answer.raise_for_status().json()["messages"]]
            new = [name for name in page if name not in self._read and name not in unread]
            unread += new
            # The newest come first; a page that is not all new reaches back to what was read before.
            if len(new) < self.PAGE:
                break
        for name in reversed(unread):
            yield name, self._http.get(f"/api/v1/message/{name}/raw").raise_for_status().content

    def close(self) -> None:
        """Give up the connection to the catcher."""
        self._http.close()


async def until(look: Callable[[], T | None], what: str, seconds: float, *, pause: float = Mails.pause) -> T:
    """Look until there is something; AssertionError names what did not come."""
    for _ in range(int(seconds / pause)):
        if (found := look()) is not None:
            return found
        await asyncio.sleep(pause)
    raise AssertionError(f"{what}: not there after {seconds:.0f} s")


def text(mail: EmailMessage) -> str:
    """The mail's plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
