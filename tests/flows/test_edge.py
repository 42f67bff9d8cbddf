"""The door in front of the services: what it tells them of who came, and that nobody else can tell them."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from deploy.local.edge import PORTAL, Edge
from deploy.local.ports import LOOPBACK, free_block
from shared.contracts import SERVICES


class Echo(http.server.BaseHTTPRequestHandler):
    """A service that answers with what it was asked."""

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "port": self.server.server_port, **self.headers}).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Edge, dict[str, int]]]:
    ports = free_block()
    with ExitStack() as stack:
        for service in SERVICES:
            echo = http.server.ThreadingHTTPServer((LOOPBACK, ports.named()[service]), Echo)
            stack.callback(echo.server_close)
            stack.callback(echo.shutdown)
            threading.Thread(target=echo.serve_forever, daemon=True).start()
        found = Edge(tmp_path_factory.mktemp("edge"), ports, dict.fromkeys(SERVICES, ""))
        found.start()
        stack.callback(found.stop)
        found.wait_ready()
        yield found, ports.named()


ADDRESSES = {
    **{
        f"/{service}/some/thing?of=it": (service, "/some/thing?of=it", f"/{service}")
        for service in SERVICES
        if service != PORTAL
    },
    "/some/page?of=it": ("portal", "/some/page?of=it", None),
    "/static/style.css": ("portal", "/static/style.css", None),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_service_hears_by_which_name_and_from_whom_it_was_asked(
    edge: tuple[Edge, dict[str, int]], address: str
) -> None:
    door, ports = edge
    service, path, prefix = ADDRESSES[address]
    claimed = {
        "Host": "platform.example:8443",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "elsewhere.example",
        "X-Forwarded-Prefix": "/elsewhere",
        "Connection": "X-Forwarded-For, close",
    }

    heard = httpx.get(f"{door.url}{address}", headers=claimed).json()

    assert (heard["port"], heard["path"]) == (ports[service], path)
    assert heard["Host"] == heard["X-Forwarded-Host"] == "platform.example:8443"
    assert heard["X-Forwarded-For"] == LOOPBACK
    assert heard["X-Forwarded-Proto"] == "http"
    assert heard.get("X-Forwarded-Prefix") == prefix
    assert "Connection" not in heard
