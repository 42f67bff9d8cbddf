"""The one door of the platform: nginx on one port, the portal at its root, each service below a path of its own."""

import html
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.local import places
from deploy.local.failures import StartError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.processes import Child, tool

# What a service reads of one request at most; suppliers' calls come in large batches, and to metering.
BODY_LIMIT = "1m"
CALLS_BODY_LIMIT = "4m"
CALLS_SERVICE = "metering"
PORTAL = "portal"


class Edge:
    """The reverse proxy. ``services`` maps a service's name to what it does, in the words of the start page."""

    def __init__(self, instance: Path, ports: Ports, services: Mapping[str, str]) -> None:
        self._instance = instance.resolve()
        self._ports = ports
        self._services = services
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._ports.edge}"

    def start(self) -> None:
        """Starts nginx; returns before it answers (``wait_ready``). Raises StartError."""
        program = tool("nginx")
        folder = places.data_directory(self._instance, "edge", None)
        shutil.rmtree(folder / "temporary", ignore_errors=True)
        for name in ("temporary", "pages"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "pages" / "index.html").write_text(start_page(self._services))
        file = folder / "nginx.conf"
        file.write_text(configuration(folder, self._ports, list(self._services)))
        self._child = Child(
            "The edge (nginx)",
            [program, "-e", "stderr", "-p", str(folder), "-c", str(file)],
            self._instance / "log" / "edge.log",
        )

    def wait_ready(self, seconds: float = 10) -> None:
        self._running().wait_until(self._answers, seconds)

    def require_running(self) -> None:
        self._running().require_running()

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(5)
            self._child = None

    def _running(self) -> Child:
        if self._child is None:
            raise StartError("The edge has not been started.")
        return self._child

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/", timeout=1).is_success
        except httpx.TransportError:
            return False


def configuration(folder: Path, ports: Ports, services: list[str]) -> str:
    """Nginx's configuration: everything it writes lies in ``folder``, and it listens on loopback alone."""
    # Only root's nginx may choose its workers' account. They stay ours, like all that is started here: another
    # account could not reach the project's folder when that is private.
    account = "user root;\n" if os.geteuid() == 0 else ""
    temporary = folder / "temporary"
    ports_of = ports.named()
    upstreams = "".join(
        f"  upstream {service} {{ server {LOOPBACK}:{ports_of[service]} max_fails=0; keepalive 16; }}\n"
        for service in services
    )
    apis = [service for service in services if service != PORTAL]
    locations = "".join(_location(service) for service in apis)
    locations += PORTAL_LOCATION if PORTAL in services else "    location / { return 404; }\n"
    return f"""\
{account}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
# At "error" nginx writes down a request it could not pass on, and with its path the one-time secret in it.
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path {temporary}/body;
  proxy_temp_path {temporary}/proxy;
  fastcgi_temp_path {temporary}/fastcgi;
  uwsgi_temp_path {temporary}/uwsgi;
  scgi_temp_path {temporary}/scgi;
  client_max_body_size {BODY_LIMIT};
  client_body_timeout 30s;
  client_header_timeout 15s;
  proxy_http_version 1.1;
  proxy_connect_timeout 3s;
  proxy_read_timeout 60s;
  # A request is passed on once: the service may have acted on it even if its answer got lost.
  proxy_next_upstream off;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  # Not appended to what the client claims: behind this door only what the door saw is believed.
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  # All of them stand here: a location that sets one of its own would inherit none of the others.
  proxy_set_header X-Forwarded-Prefix $prefix;
{upstreams}
  server {{
    listen {LOOPBACK}:{ports.edge};
    server_name _;
    set $prefix "";
    location = /api {{ return 308 /api/; }}
    location = /api/ {{
      root {folder}/pages;
      index index.html;
      add_header Content-Security-Policy "default-src 'none'; style-src 'unsafe-inline'" always;
      add_header X-Content-Type-Options nosniff always;
      add_header Cache-Control no-cache always;
      try_files /index.html =404;
      types {{ text/html html; }}
      charset utf-8;
    }}
{locations}
    # A path, not a name as below: a request without a readable address has none to keep.
    error_page 400 /unreadable;
    error_page 404 = @unknown;
    error_page 413 = @too_large;
    error_page 502 504 = @away;
    location = /unreadable {{
      internal;
      default_type application/problem+json;
      return 400 '{_problem(400, "Not readable", "Its address or headers are malformed, or too long.")}';
    }}
    location @unknown {{
      internal;
      default_type application/problem+json;
      return 404 '{_problem(404, "Not found", "Nothing is here; /api/ lists what there is.")}';
    }}
    location @too_large {{
      internal;
      default_type application/problem+json;
      return 413 '{_problem(413, "Too large", "The request is larger than this address accepts.")}';
    }}
    location @portal_away {{
      internal;
      default_type "text/html; charset=utf-8";
      add_header Retry-After 2 always;
      add_header Content-Security-Policy "default-src 'none'" always;
      return 503 '{AWAY_PAGE}';
    }}
    location @away {{
      internal;
      default_type application/problem+json;
      add_header Retry-After 2 always;
      return 503 '{_problem(503, "Unavailable", "The service does not answer just now; try again shortly.")}';
    }}
  }}
}}
"""


AWAY_PAGE = (
    '<!doctype html><html lang="da"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>Serviceplatformen svarer ikke lige nu</title><h1>Serviceplatformen svarer ikke lige nu</h1>"
    "<p>Prøv igen om et øjeblik. Det, du har gemt, er ikke gået tabt.</p>"
    '<p lang="en">The service platform does not answer just now. Try again in a moment; nothing is lost.</p>'
)
"""What people see while the portal itself is away."""

# Only what is the same for everybody is compressed: a page that holds a secret beside what was asked for is not.
PORTAL_LOCATION = f"""\
    location /static/ {{
      gzip on;
      gzip_types text/css text/javascript image/svg+xml;
      gzip_min_length 1024;
      proxy_pass http://{PORTAL};
    }}
    location / {{
      proxy_pass http://{PORTAL};
      error_page 413 = @too_large;
      error_page 502 504 = @portal_away;
    }}
"""


def _location(service: str) -> str:
    limit = CALLS_BODY_LIMIT if service == CALLS_SERVICE else BODY_LIMIT
    return f"""\
    location /{service}/ {{
      client_max_body_size {limit};
      set $prefix /{service};
      proxy_pass http://{service}/;
    }}
    location = /{service} {{ return 308 /{service}/; }}
"""


def _problem(status: int, title: str, detail: str) -> str:
    code = f"http.{status}"
    kind = f"urn:serviceplatform:problem:{code}"
    return f'{{"type":"{kind}","title":"{title}","status":{status},"detail":"{detail}","code":"{code}"}}'


def start_page(services: Mapping[str, str]) -> str:
    """The page at ``/api/``: what there is for software, its descriptions, health and readiness."""
    rows = "".join(
        f"<tr><th scope=row>{html.escape(name)}</th><td>{html.escape(about)}</td>"
        f'<td><a href="/{name}/openapi.json">OpenAPI</a></td>'
        f'<td><a href="/{name}/healthz">alive</a> · <a href="/{name}/readyz">ready</a></td></tr>\n'
        for name, about in services.items()
        if name != PORTAL
    )
    return f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Service platform: self-service</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 58rem; margin: 3rem auto; padding: 0 1rem; }}
  table {{ border-collapse: collapse; width: 100%; }}
  th, td {{ text-align: left; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid #d0d4da; }}
  a {{ color: #0b4f9e; }}
</style>
<h1>Service platform: self-service</h1>
<p>Who may call the shared municipal services, what they called, and the invoice for it.</p>
<table>
<thead><tr><th>Service</th><th>What it does</th><th>Its API</th><th>Its state</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</html>
"""
