"""Keeps one throw-away server running as long as anybody holds a lease on it: what test runs share.

A lease is a shared lock on a file; the kernel takes it back however its holder ends, and the keeper, waiting
for that lock alone, then stops the server and removes its data. So nothing has to be told, and nothing is left.
"""

import argparse
import fcntl
import http.server
import json
import shutil
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.local import keys, places
from deploy.local.failures import StartError
from deploy.local.ports import LOOPBACK, Ports, free_block
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.secrets import Secrets, signing_key, write_private
from shared import topology

KINDS = ("postgres", "rabbitmq")
LEASES = "leases"
ADMINISTRATOR = "administrator"


def keep(kind: str, directory: Path) -> None:
    """Starts the server, writes ``<kind>.json`` (how to reach it), returns when the last lease is gone."""
    lock = places.claim(directory / kind)
    in_memory = places.keep_in_memory(directory / kind, kind) if kind == "postgres" else None
    ports = free_block()
    try:
        with (directory / LEASES).open("a") as leases:
            server = _postgres(directory, ports) if kind == "postgres" else _rabbitmq(directory, ports)
            try:
                fcntl.flock(leases, fcntl.LOCK_EX)
            finally:
                server.kill()
                (directory / f"{kind}.json").unlink(missing_ok=True)
                places.remove_data(directory / kind, kind)
                if in_memory is not None:
                    # Also when somebody removed the run's folder, and with it the note of where the data lies.
                    shutil.rmtree(in_memory.parent, ignore_errors=True)
                shutil.rmtree(directory / kind, ignore_errors=True)
                if not any(directory.glob("*.json")):
                    shutil.rmtree(directory, ignore_errors=True)
    finally:
        lock.close()


def _postgres(directory: Path, ports: Ports) -> Postgres:
    instance = directory / "postgres"
    secrets = Secrets.of_instance(instance)
    server = Postgres(instance, ports.postgres, secrets.database_admin, durable=False)
    server.start()
    server.wait_ready()
    _announce(directory, "postgres", {"admin_url": server.admin_url, "secrets": asdict(secrets)})
    return server


def _rabbitmq(directory: Path, ports: Ports) -> RabbitMQ:
    instance = directory / "rabbitmq"
    secrets = Secrets.of_instance(instance)
    passwords = {**secrets.broker, ADMINISTRATOR: secrets.database_admin}
    # Only the users matter here: tests make a virtual host each, with the queues and rights they need in it,
    # and for that they need one user the platform itself does not have.
    loaded = topology.definitions({}, passwords)
    for user in loaded["users"]:
        if user["name"] == ADMINISTRATOR:
            user["tags"] = "administrator"
    key = signing_key(instance)
    _serve_keys(key, ports.registry)
    jwks_url = f"http://{LOOPBACK}:{ports.registry}/.well-known/jwks.json"
    server = RabbitMQ(
        instance,
        ports,
        passwords=passwords,
        erlang_cookie=secrets.erlang_cookie,
        definitions=loaded,
        jwks_url=jwks_url,
    )
    server.start()
    server.wait_ready()
    announced = {
        "port": ports.amqp,
        "management_url": server.management_url,
        "passwords": passwords,
        "signing_key": str(key),
    }
    _announce(directory, "rabbitmq", announced)
    return server


def _announce(directory: Path, kind: str, how: dict[str, Any]) -> None:
    write_private(directory / f"{kind}.json", json.dumps(how).encode())


def _serve_keys(key: Path, port: int) -> None:
    """Publishes the public half of the token signing key, as the registry would."""
    body = json.dumps(keys.public_key_set(key)).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer((LOOPBACK, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.keeper", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Ctrl-C in a test run is for the tests; the keeper sees it by the leases ending.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keep(arguments.kind, arguments.directory.resolve())
    except StartError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
