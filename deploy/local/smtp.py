"""A real SMTP server that keeps every mail it accepts as a readable file.

Run by itself: ``python -m deploy.local.smtp --port 8407 --folder var/demo/mail``. While the folder holds a file
named ``REFUSE``, mails are refused with the SMTP answer written in it (``451 try later``, ``550 no such
mailbox``), so that faults can be played.
"""

import argparse
import asyncio
import email.message
import email.policy
import itertools
import os
import re
import signal
import sys
import unicodedata
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import LOOPBACK

REFUSAL = "REFUSE"
LARGEST_MAIL_BYTES = 30 * 1024 * 1024


class Mailbox:
    """The server and its folder; an async context manager. ``port`` 0 takes a free one."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.host = LOOPBACK
        self.port = port
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        # Mails hold one-time links: they are for whoever started this server, not for everybody on the machine.
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        self._numbers = itertools.count(_last_number(self.folder) + 1)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            # Not waited for: since Python 3.12 that lasts until the last client hangs up.
            self._server.close()
            self._server = None

    def files(self) -> list[Path]:
        """The kept mails, oldest first."""
        return sorted(self.folder.glob("*.eml"))

    def messages(self) -> list[email.message.EmailMessage]:
        """The kept mails, parsed, oldest first."""
        parser = BytesParser(policy=email.policy.default)
        return [parser.parsebytes(file.read_bytes()) for file in self.files()]

    def refuse(self, answer: str | None) -> None:
        """From now on refuse every mail with this SMTP answer; None accepts again."""
        file = self.folder / REFUSAL
        if answer is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(f"{answer}\n")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd with a whole mail; what it returns is the answer on the wire."""
        refusal = self.folder / REFUSAL
        if refusal.exists():
            return refusal.read_text().strip() or "451 refused for now"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        name = f"{next(self._numbers):05d}-{_readable(envelope.rcpt_tos, content)}.eml"
        draft = self.folder / f".{name}.new"
        draft.write_bytes(content)
        # The sender is told "accepted" only when the whole file is there under its name.
        draft.rename(self.folder / name)
        return "250 kept"

    def _session(self) -> SMTP:
        return SMTP(self, hostname="localhost", data_size_limit=LARGEST_MAIL_BYTES, enable_SMTPUTF8=True)


def _last_number(folder: Path) -> int:
    return max((int(file.name[:5]) for file in folder.glob("[0-9][0-9][0-9][0-9][0-9]-*.eml")), default=0)


def _readable(recipients: list[str], content: bytes) -> str:
    headers = BytesParser(policy=email.policy.default).parsebytes(content, headersonly=True)
    to = recipients[0] if recipients else "nobody"
    return f"{_slug(to, 40)}-{_slug(str(headers.get('Subject', 'no subject')), 50)}"


def _slug(text: str, longest: int) -> str:
    """Letters, digits, dots and single hyphens; Danish letters as they are written without them."""
    for letter, plain in (
        ("æ", "ae"),
        ("ø", "oe"),
        ("å", "aa"),
        ("Æ", "Ae"),
        ("Ø", "Oe"),
        ("Å", "Aa"),
        ("@", "-at-"),
    ):
        text = text.replace(letter, plain)
    plain_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain_text).strip("-.").lower()[:longest].rstrip("-.") or "x"


async def serve(folder: Path, port: int) -> None:
    """Keeps mails until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Mailbox(folder, port) as box:
        print(f"keeping mails on {box.host}:{box.port} in {folder}", flush=True)
        await stop.wait()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.smtp", description="Keeps mails as files.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    chosen: Any = parser.parse_args(arguments)
    try:
        asyncio.run(serve(chosen.folder, chosen.port))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        sys.exit(f"The mail server can't run on {LOOPBACK}:{chosen.port} in {chosen.folder}: {reason}.")


if __name__ == "__main__":
    main()
