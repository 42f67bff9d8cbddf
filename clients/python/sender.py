"""Sending calls to the platform's broker: batched, signed, confirmed, and again until they are safe there."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from clients.python import broker
from clients.python.broker import Link
from clients.python.call import MAX_CALLS, Call, encode
from clients.python.signing import Signer
from clients.python.token import TokenRefused, Tokens, TokenUnavailable

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
RENEWAL_CHECK_SECONDS = 1.0


class NotSent(Exception):
    """These calls are not known to be safe with the broker; sending them again under their ids is harmless."""

    def __init__(self, calls: Sequence[Call], why: str) -> None:
        super().__init__(f"{len(calls)} calls were not confirmed by the broker: {why}")
        self.calls = tuple(calls)


@dataclass(frozen=True)
class _Message:
    id: str
    calls: tuple[Call, ...]
    body: bytes = field(repr=False)
    signature: str = field(repr=False)


class CallSender:
    """Sends a system's calls: `async with CallSender(…) as sender: await sender.send(calls)`.

    `batch` calls go into a message. `add` gathers single calls for at most `linger` seconds. At most `in_flight`
    messages wait for their confirms at once. A message is tried for `give_up_after` seconds, always the same bytes
    under the same id. `environment` ("production" or "test"), where given, has the platform refuse calls that a
    system of the other environment sends by mistake.
    """

    def __init__(
        self,
        *,
        system_id: str,
        certificate_pem: bytes,
        private_key_pem: bytes,
        token_url: str,
        broker_host: str,
        broker_port: int = 5672,
        vhost: str = "/",
        tls: ssl.SSLContext | None = None,
        environment: str | None = None,
        audience: str | None = None,
        batch: int = 100,
        linger: float = 0.1,
        in_flight: int = 16,
        give_up_after: float = 300.0,
    ) -> None:
        if not 1 <= batch <= MAX_CALLS:
            raise ValueError(f"batch must be 1 to {MAX_CALLS} calls")
        self.signer = Signer(certificate_pem, private_key_pem)
        """Signs messages; may be replaced when the certificate is renewed, with `tokens.signer`."""
        self.tokens = Tokens(token_url, system_id=system_id, signer=self.signer, audience=audience)
        self._system_id = system_id
        self._source = f"urn:uuid:{system_id}"
        self._where = (broker_host, broker_port, vhost, tls)
        self._environment = environment
        self._batch = batch
        self._linger = linger
        self._give_up_after = give_up_after
        self._room = asyncio.Semaphore(in_flight)
        self._link: Link | None = None
        self._linking = asyncio.Lock()
        self._used_token = ""
        self._gathered: list[Call] = []
        self._lingering: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._unsent: list[NotSent] = []
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Sign in and connect. Raises TokenRefused, TokenUnavailable or one of broker.FAILURES."""
        await self._connected()
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what was gathered, and leave. Raises NotSent."""
        try:
            if kind is None:
                await self.flush()
        finally:
            if self._lingering is not None:
                self._lingering.cancel()
            for task in (self._renewing, *self._sending):
                if task is not None:
                    task.cancel()
            await asyncio.gather(
                *(task for task in (self._renewing, *self._sending) if task is not None), return_exceptions=True
            )
            await self._drop(self._link)

    async def send(self, calls: Iterable[Call]) -> None:
        """Send calls; the broker has them all safe when this returns. Raises NotSent or TokenRefused."""
        tasks = [asyncio.create_task(self._deliver(message)) for message in self._messages(list(calls))]
        try:
            results = await asyncio.gather(*tasks, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        failed = [result for result in results if isinstance(result, BaseException)]
        unsent = [failure for failure in failed if isinstance(failure, NotSent)]
        for failure in failed:
            if not isinstance(failure, NotSent):
                raise failure
        if unsent:
            raise _together(unsent)

    async def add(self, call: Call) -> None:
        """Send a call with others soon; waits while too many are under way. `flush` tells whether it was sent."""
        self._gathered.append(call)
        if len(self._gathered) >= self._batch:
            self._go()
            while len(self._sending) > 2 * self._batch:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
        elif self._lingering is None:
            self._lingering = asyncio.get_running_loop().call_later(self._linger, self._go)

    async def flush(self) -> None:
        """Wait until all that was added is safe with the broker. Raises NotSent with those that are not."""
        self._go()
        while self._sending:
            await asyncio.wait(self._sending)
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            raise _together(unsent)

    def _go(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        calls, self._gathered = self._gathered, []
        for message in self._messages(calls):
            task = asyncio.create_task(self._deliver_gathered(message))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _deliver_gathered(self, message: _Message) -> None:
        try:
            await self._deliver(message)
        except NotSent as error:
            self._unsent.append(error)
        except TokenRefused as error:
            self._unsent.append(NotSent(message.calls, str(error)))

    def _messages(self, calls: Sequence[Call]) -> Iterable[_Message]:
        for start in range(0, len(calls), self._batch):
            part = tuple(calls[start : start + self._batch])
            body = encode(part, self._source)
            yield _Message(str(uuid.uuid4()), part, body, self.signer.detached(body))

    async def _deliver(self, message: _Message) -> None:
        async with self._room:
            until = time.monotonic() + self._give_up_after
            pause = FIRST_PAUSE
            while True:
                link = None
                try:
                    link = await self._connected()
                    await link.publish(
                        message.body,
                        system_id=self._system_id,
                        signature=message.signature,
                        message_id=message.id,
                        environment=self._environment,
                    )
                except (*broker.FAILURES, TokenUnavailable) as error:
                    await self._drop(link)
                    if time.monotonic() + pause > until:
                        raise NotSent(message.calls, f"{type(error).__name__}: {error}") from error
                    await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311
                    pause = min(pause * 2, LONGEST_PAUSE)
                else:
                    return

    async def _connected(self) -> Link:
        async with self._linking:
            if self._link is not None and not self._link.closed:
                return self._link
            token = await self.tokens.get()
            host, port, vhost, tls = self._where
            self._link = await broker.open_link(host, port, token.access_token, vhost=vhost, tls=tls)
            self._used_token = token.access_token
            return self._link

    async def _drop(self, link: Link | None) -> None:
        """Close a link that failed, unless another task has put a new one in its place."""
        if link is None:
            return
        if self._link is link:
            self._link = None
        await link.close()

    async def _renew(self) -> None:
        """Give the broker a new token before the old one runs out."""
        while True:
            await asyncio.sleep(RENEWAL_CHECK_SECONDS)
            link = self._link
            if link is None or link.closed:
                continue
            try:
                token = await self.tokens.get()
                if token.access_token != self._used_token:
                    await link.renew(token.access_token)
                    self._used_token = token.access_token
            except TokenRefused:
                # The broker ends the link when the token runs out; sending then says why.
                continue
            except (*broker.FAILURES, TokenUnavailable):
                continue


def _together(unsent: Sequence[NotSent]) -> NotSent:
    return NotSent([call for failure in unsent for call in failure.calls], str(unsent[0]))
