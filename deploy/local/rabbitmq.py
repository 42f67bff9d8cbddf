"""A private RabbitMQ server: Debian's programs, an Erlang port mapper of its own, loopback only, no guest user."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from deploy.local import places
from deploy.local.failures import StartError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.processes import Child, tool
from deploy.local.secrets import BROKER_OPERATOR, write_private

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_auth_backend_oauth2")
AUDIENCE = "platform"


class RabbitMQ:
    """One broker. Everything it knows of users, rights and queues is ``definitions``, loaded at every start."""

    def __init__(
        self,
        instance: Path,
        ports: Ports,
        *,
        passwords: Mapping[str, str],
        erlang_cookie: str,
        definitions: Mapping[str, Any],
        jwks_url: str,
    ) -> None:
        self._instance = instance.resolve()
        self._ports = ports
        self._passwords = passwords
        self._cookie = erlang_cookie
        self._definitions = definitions
        self._jwks_url = jwks_url
        self._mapper: Child | None = None
        self._server: Child | None = None

    def url(self, user: str, vhost: str = "/") -> str:
        """The AMQP URL of one of the broker's own users; the heartbeat finds a frozen broker within 33 s."""
        return broker_url(self._ports.amqp, user, self._passwords[user], vhost)

    @property
    def management_url(self) -> str:
        return f"http://{LOOPBACK}:{self._ports.broker_management}"

    def start(self) -> None:
        """Starts the port mapper and the broker; returns before it answers (``wait_ready``). Raises StartError."""
        if not PROGRAM.exists():
            raise StartError(f"RabbitMQ is missing ({PROGRAM}); `make demo` installs what the platform needs.")
        data = places.data_directory(self._instance, "rabbitmq", None)
        places.require_room(data)
        self._write_files(data)
        log = self._instance / "log"
        environment = self._environment(data)
        self._mapper = Child(
            "Erlang's port mapper",
            [tool("epmd"), "-port", str(self._ports.epmd), "-address", LOOPBACK],
            log / "epmd.log",
            environment=environment,
        )
        # With RABBITMQ_ALLOW_INPUT the start script becomes the Erlang machine instead of watching over it, so
        # that signals, ours and the kernel's, reach the broker itself; -noinput then keeps it off our terminal.
        self._server = Child(
            "RabbitMQ",
            [str(PROGRAM), "-noinput"],
            log / "rabbitmq.log",
            environment=environment,
            cwd=data,
            error_mark="[error]",
        )

    def wait_ready(self, seconds: float = 90) -> None:
        """Returns when the management API answers the operator, which is after the definitions were loaded."""
        self._running().wait_until(self._answers, seconds)

    def require_running(self) -> None:
        self._running().require_running()

    def stop(self) -> None:
        for child, patience in ((self._server, 30), (self._mapper, 5)):
            if child is not None:
                child.stop(patience)
        self._server = self._mapper = None

    def kill(self) -> None:
        """As a power cut: the broker and its helpers end at once. ``start`` brings it back on the same data."""
        self._running().kill()
        if self._mapper is not None:
            self._mapper.kill()
        self._server = self._mapper = None

    def _running(self) -> Child:
        if self._server is None:
            raise StartError("RabbitMQ has not been started.")
        return self._server

    def _answers(self) -> bool:
        if self._mapper is not None:
            self._mapper.require_running()
        check = f"{self.management_url}/api/health/checks/port-listener/{self._ports.amqp}"
        try:
            answer = httpx.get(check, auth=(BROKER_OPERATOR, self._passwords[BROKER_OPERATOR]), timeout=2)
        except httpx.TransportError:
            return False
        return answer.is_success

    def _write_files(self, data: Path) -> None:
        for folder in ("home", "schema", "mnesia"):
            (data / folder).mkdir(exist_ok=True, mode=0o700)
        cookie = data / "home" / ".erlang.cookie"
        cookie.unlink(missing_ok=True)
        write_private(cookie, self._cookie.encode())
        write_private(data / "definitions.json", json.dumps(self._definitions, indent=1).encode())
        (data / "rabbitmq-env.conf").write_text("# Nothing here: the launcher sets the environment.\n")
        (data / "enabled_plugins").write_text(f"[{','.join(PLUGINS)}].\n")
        (data / "rabbitmq.conf").write_text(configuration(self._ports, data / "definitions.json"))
        (data / "advanced.config").write_text(token_configuration(self._jwks_url))
        # Kept only within one run; a copy left by another version of the server would be used as it is.
        shutil.rmtree(data / "expanded-plugins", ignore_errors=True)

    def _environment(self, data: Path) -> dict[str, str]:
        ports = self._ports
        schedulers = min(os.cpu_count() or 1, 4)
        erlang = [
            # The schedulers sleep when idle: several servers share this machine.
            f"+S {schedulers}:{schedulers} +sbwt none +sbwtdcpu none +sbwtdio none",
            "-kernel inet_dist_use_interface {127,0,0,1}",
        ]
        return {
            "PATH": os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin", "/bin"]),
            "HOME": str(data / "home"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "ERL_EPMD_PORT": str(ports.epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_NODENAME": "platform@localhost",
            "RABBITMQ_DIST_PORT": str(ports.erlang),
            "RABBITMQ_CONF_ENV_FILE": str(data / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_SCHEMA_DIR": str(data / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(data / "schema"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(data / "expanded-plugins"),
            "RABBITMQ_LOG_BASE": str(data),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(data / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(erlang),
        }


def configuration(ports: Ports, definitions: Path) -> str:
    """The broker's configuration file.

    Services have users in the broker itself; suppliers' systems come with a token that the registry signed.
    """
    return f"""\
listeners.tcp.default = {LOOPBACK}:{ports.amqp}
management.tcp.ip = {LOOPBACK}
management.tcp.port = {ports.broker_management}
prometheus.tcp.ip = {LOOPBACK}
prometheus.tcp.port = {ports.broker_metrics}
load_definitions = {definitions}
log.console = true
log.console.level = info
log.file = false
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.absolute = 1GB
auth_backends.1 = internal
auth_backends.2 = rabbit_auth_backend_oauth2
"""


def token_configuration(jwks_url: str) -> str:
    """How the broker checks tokens, in the older configuration format.

    The newer format accepts only an https address for the keys; here the registry is on the same machine's
    loopback. The keys are fetched when a token names one the broker doesn't know yet.
    """
    return f"""\
[{{rabbit, [
  %% A channel remembers what it was allowed. At each tick (milliseconds) it forgets, and from then on an
  %% expired token counts for nothing.
  {{channel_tick_interval, 5000}}
]}},
{{rabbitmq_auth_backend_oauth2, [
  {{resource_server_id, <<"{AUDIENCE}">>}},
  {{key_config, [
    {{jwks_url, "{jwks_url}"}},
    {{algorithms, [<<"ES256">>]}}
  ]}}
]}}].
"""


def broker_url(port: int, user: str, password: str, vhost: str = "/") -> str:
    return f"amqp://{user}:{quote(password, safe='')}@{LOOPBACK}:{port}/{quote(vhost, safe='')}?heartbeat=10"
