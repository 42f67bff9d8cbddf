"""What the story plays in: the platform's addresses, the mails, the authority, and who has appeared so far."""

from __future__ import annotations

import asyncio
import random
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from demo.api import Api, Person
from demo.authority import Authority, Issued
from demo.cast import MunicipalityFacts, ServiceFacts, SupplierFacts
from demo.mails import Mails
from demo.truth import Truth

CLOCK_SECONDS = 30


class StoryFailed(Exception):
    """Something in the story is not as it must be."""


def check(holds: object, sentence: str) -> None:
    """Fail the demonstration, loudly, unless this holds."""
    if not holds:
        raise StoryFailed(sentence)


class Progress:
    """What is happening, on the terminal, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def chapter(self, number: int, title: str) -> None:
        self._write(f"\n{number}. {title}")

    def say(self, sentence: str) -> None:
        self._write(f"   {sentence}")

    def counting(self, sentence: str) -> None:
        """A line that is written over by the next one; only on a terminal."""
        if sys.stdout.isatty():
            print(f"\r\033[K   {sentence}", end="", flush=True)

    def _write(self, line: str) -> None:
        head = "\r\033[K" if sys.stdout.isatty() else ""
        at = f"[{time.monotonic() - self._began:6.1f} s]"
        text = line.lstrip("\n")
        print(f"{head}{chr(10) * (len(line) - len(text))}{at} {text}", flush=True)


@dataclass
class Municipality:
    """A municipality on the platform; `signatory` is set once the story needs somebody there."""

    facts: MunicipalityFacts
    id: str
    administrator_email: str
    administrator_name: str
    signatory: Person | None = None

    @property
    def name(self) -> str:
        return self.facts.name


@dataclass
class Supplier:
    """A supplier on the platform and its administrator."""

    facts: SupplierFacts
    id: str
    person: Person


@dataclass
class System:
    """A registered IT system with the certificate and key its supplier holds."""

    id: str
    name: str
    supplier: Supplier
    environment: str
    issued: Issued


@dataclass
class World:
    """Everything the chapters share. `operator` runs a service's operator command and returns what it printed."""

    api: Api
    mails: Mails
    authority: Authority
    broker_host: str
    broker_port: int
    folder: Path
    operator: Callable[[str, list[str]], Awaitable[str]]
    progress: Progress
    chance: random.Random
    calls: int = 50_000
    broker_tls: ssl.SSLContext | None = None
    """How to check the broker's certificate, where suppliers reach it by AMQPS."""
    access_within: float = 1.0
    """How many seconds a decision may take to become access."""
    truth: Truth = field(default_factory=Truth)
    helpdesk: Person | None = None
    municipalities: list[Municipality] = field(default_factory=list)
    test_municipality_id: str = ""
    suppliers: list[Supplier] = field(default_factory=list)
    services: list[ServiceFacts] = field(default_factory=list)
    systems: dict[str, System] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    """How much a municipality uses, by its code."""
    sign_ins: list[tuple[str, str, str]] = field(default_factory=list)
    """Who a reader may sign in as: role, address, password."""

    @property
    def desk(self) -> Person:
        assert self.helpdesk is not None, "chapter 1 comes first"
        return self.helpdesk

    async def now(self) -> datetime:
        """Platform time."""
        return datetime.fromisoformat((await self.api.ask("GET", "/registry/time"))["now"])

    async def move_clock(self, to: datetime) -> None:
        """Move platform time ahead and wait until every service has it. Raises StoryFailed naming one without."""
        await self.desk.post("/registry/clock", {"to": to.isoformat()})
        began = time.monotonic()
        for service in ("registry", "agreements", "notifier", "metering", "invoicing"):
            while (now := datetime.fromisoformat((await self.api.ask("GET", f"/{service}/time"))["now"])) < to:
                check(
                    time.monotonic() - began < CLOCK_SECONDS, f"{service} still says {now}, and it was moved to {to}"
                )
                await asyncio.sleep(0.02)
