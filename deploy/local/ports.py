"""The one contiguous block of loopback ports that everything started on this machine listens in."""

import errno
import os
import random
import socket
from dataclasses import dataclass, fields

from deploy.local.failures import StartError

LOOPBACK = "127.0.0.1"
DEFAULT_BASE = 8400
SETTING = "SP_PORT"
LOWEST = 1024  # below, only root may listen


@dataclass(frozen=True)
class Ports:
    """Which port each part listens on; all of them on 127.0.0.1, one after the other from ``edge`` on."""

    edge: int
    registry: int
    agreements: int
    notifier: int
    metering: int
    invoicing: int
    portal: int
    smtp: int
    postgres: int
    amqp: int
    erlang: int
    epmd: int
    broker_management: int
    broker_metrics: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """The block that begins at ``base``; raises StartError when it would leave 1024–65535."""
        if not LOWEST <= base <= 65536 - BLOCK_SIZE:
            message = (
                f"{SETTING}={base} can't be used: the platform takes {BLOCK_SIZE} ports from there on, "
                f"so choose one between {LOWEST} and {65536 - BLOCK_SIZE}."
            )
            raise StartError(message)
        return cls(*range(base, base + BLOCK_SIZE))

    def named(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


BLOCK_SIZE = len(fields(Ports))


def base_from_environment() -> int:
    """The base port from SP_PORT (8400 when unset); raises StartError when it is no whole number."""
    text = os.environ.get(SETTING, str(DEFAULT_BASE))
    try:
        return int(text)
    except ValueError:
        raise StartError(f"{SETTING}={text!r} is not a port number; use a whole number such as 8400.") from None


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too; without it a connection that just closed would look like a taken port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def require_free(ports: Ports) -> None:
    """Raises StartError naming the first taken port of the block and the setting that moves the block."""
    for name, port in ports.named().items():
        if not is_free(port):
            message = (
                f"Port {port} ({name.replace('_', ' ')}) is taken by another program; stop that one, "
                f"or choose another block of {BLOCK_SIZE} ports, for example with {SETTING}={_suggestion(ports)}."
            )
            raise StartError(message)


def free_block(chance: random.Random | None = None) -> Ports:
    """A block in which every port is free now, away from the default block and below the ephemeral range."""
    pick = chance or random.Random()  # noqa: S311 - spreads concurrent test runs, protects nothing
    for _ in range(200):
        base = pick.randrange(10_000, 31_000, BLOCK_SIZE)
        ports = Ports.from_base(base)
        if all(is_free(port) for port in ports.named().values()):
            return ports
    raise StartError(f"No {BLOCK_SIZE} free ports in a row were found between 10000 and 31000.")


def _suggestion(ports: Ports) -> int:
    for base in range(ports.edge + 100, 32_000, 100):
        if all(is_free(port) for port in Ports.from_base(base).named().values()):
            return base
    return DEFAULT_BASE
