"""The first thing that runs: secrets, certificates and the servers' files, each where one container alone reads it.

Everything is made once and kept; run again, it adds what is missing, renews certificates near their end, and
writes anew what follows from settings. It is the only container that runs as root (to give each file to the
account that reads it) and that sees more than its own secrets; it has no network.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.authority import Authority as DemonstrationAuthority
from deploy.compose import brought
from deploy.compose.authority import Authority, Pair
from deploy.compose.kept import ADMINISTRATOR, BROKER_USERS, Kept
from deploy.local.edge import AWAY_PAGE, PORTAL, start_page
from deploy.local.platform import ABOUT
from deploy.local.secrets import signing_key, write_private
from deploy.postgres.setup import owner_of
from deploy.rabbitmq.definitions import definitions
from shared.contracts import SERVICES

SERVERS = Path(__file__).parent / "servers"
DEPLOY = Path(__file__).parent.parent
ADMIN = "platform_admin"
INSIDE = "/run/platform"
"""Where each container finds its folder."""

SERVICE_ACCOUNT = 10001
POSTGRES_ACCOUNT = 999
RABBITMQ_ACCOUNT = 999
NGINX_ACCOUNT = 101
GRAFANA_ACCOUNT = 472
PROMETHEUS_ACCOUNT = 65534
"""The accounts the images run as; compose.yaml and the Dockerfile say the same."""

CALLS_SERVICE = "metering"


@dataclass(frozen=True)
class Installation:
    """What prepare works on: folders (kept, one for each reader, what the operator brought) and settings."""

    kept: Path
    readers: Path
    own: Path
    mode: str
    public_url: str
    postgres: str = "postgres:5432"
    rabbitmq: str = "rabbitmq:5671"
    backups: Path | None = None
    chown: Callable[[Path, int], None] = field(default=lambda file, account: os.chown(file, account, account))


def prepare(installation: Installation, now: datetime) -> list[str]:
    """Make what is missing. Returns what a person should know; raises brought.NotUsable with what to do."""
    kept = Kept(installation.kept)
    authority = Authority(installation.kept, now)
    public_host = urlsplit(installation.public_url).hostname
    if installation.mode not in {"live", "demonstration"} or not public_host:
        raise brought.NotUsable("SP_MODE must be live or demonstration, and SP_PUBLIC_URL an https:// address.")
    told: list[str] = []
    edge = brought.edge_certificate(installation.own, public_host, now)
    if edge is None:
        edge = authority.server("edge", [public_host, *({"localhost", "127.0.0.1"} - {public_host})])
        told.append(
            f"the edge shows a certificate of the installation's own authority for {public_host};"
            f" bring one that people trust as {brought.EDGE_CERTIFICATE} and {brought.EDGE_KEY}"
        )
    trust = _trust(installation, now, told)
    anchors = authority.certificate_pem + brought.authorities(installation.own)
    everyone = brought.system_authorities() + anchors

    def give(reader: str, account: int, files: dict[str, bytes | str]) -> None:
        _give(installation, reader, account, {"ca.pem": anchors, **files})

    for service in SERVICES:
        files: dict[str, bytes | str] = {
            **_pair("server", authority.server(service, [service, "localhost"])),
            "trusted.pem": everyone,
            "database-url": _database_url(installation, kept, service, f"database-{service}", service),
            "broker-url": _broker_url(installation, kept, service),
        }
        if service == "registry":
            files["signing-key.pem"] = signing_key(installation.kept).read_bytes()
            files |= trust
        if service == "notifier":
            files |= brought.smtp_password(installation.own)
        give(service, SERVICE_ACCOUNT, files)
    give(
        "postgres",
        POSTGRES_ACCOUNT,
        {
            **_pair("server", authority.server("postgres", ["postgres", "localhost"])),
            "admin-password": kept.password("database-admin"),
            "pg_hba.conf": _file("pg_hba.conf"),
        },
    )
    document = json.dumps(_definitions(installation, kept), indent=1)
    give(
        "rabbitmq",
        RABBITMQ_ACCOUNT,
        {
            **_pair("server", authority.server("rabbitmq", ["rabbitmq", "localhost"])),
            "definitions.json": document,
            **{name: _file(name) for name in ("rabbitmq.conf", "advanced.config", "enabled_plugins")},
        },
    )
    give(
        "edge",
        NGINX_ACCOUNT,
        {
            **_pair("edge", edge),
            "services.conf": services_conf(installation.mode),
            "broker.conf": broker_conf(installation.rabbitmq.split(",")),
            "index.html": start_page({name: ABOUT[name] for name in SERVICES}),
        },
    )
    give("setup", SERVICE_ACCOUNT, _setup_files(installation, kept, document))
    give("overview", SERVICE_ACCOUNT, {"broker-operator": kept.password("broker-operator")})
    give("backup", SERVICE_ACCOUNT, {"admin-url": _admin_url(installation, kept)})
    give("prometheus", PROMETHEUS_ACCOUNT, _tree(DEPLOY / "prometheus"))
    give("grafana", GRAFANA_ACCOUNT, {**_tree(DEPLOY / "grafana"), "password": kept.password("grafana-admin")})
    if installation.backups is not None:
        installation.chown(installation.backups, SERVICE_ACCOUNT)
    return told


def _give(installation: Installation, reader: str, account: int, files: dict[str, bytes | str]) -> None:
    folder = installation.readers / reader
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o500)
    installation.chown(folder, account)
    for name, content in files.items():
        file = folder / name
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
        for parent in file.relative_to(folder).parents:
            (folder / parent).chmod(0o500)
            installation.chown(folder / parent, account)
        whole = content.encode() if isinstance(content, str) else content
        if not file.exists() or file.read_bytes() != whole:
            write_private(file, whole)
        file.chmod(0o400)
        installation.chown(file, account)
    # What is no longer given, such as an authority that is not trusted any more, must not be read any more.
    for found in folder.rglob("*"):
        if found.is_file() and str(found.relative_to(folder)) not in files:
            found.unlink()


def _pair(name: str, pair: Pair) -> dict[str, bytes | str]:
    return {f"{name}.pem": pair.certificate, f"{name}.key": pair.key}


def _file(name: str) -> str:
    return (SERVERS / name).read_text(encoding="utf-8")


def _tree(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder of this project, by its path there."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.suffix in {".yaml", ".json"}
    }


def _trust(installation: Installation, now: datetime, told: list[str]) -> dict[str, bytes | str]:
    found = brought.trust(installation.own)
    if not found and installation.mode == "live":
        raise brought.NotUsable(
            "No trusted certificate authorities: put those whose certificates suppliers' systems have as"
            f" {brought.TRUST}/production/*.pem and {brought.TRUST}/test/*.pem into the folder SP_OWN names."
        )
    if not found:
        folder = installation.kept / "demonstration-authority"
        if not (folder / "authority.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            DemonstrationAuthority.create(folder, now)
        told.append("the registry trusts a made-up certificate authority, for demonstration only")
        found = brought.trust(folder)
    return {f"trust/{name}": content for name, content in found.items()}


def _database_url(installation: Installation, kept: Kept, role: str, password: str, database: str) -> str:
    primary = "&target_session_attrs=primary" if "," in installation.postgres else ""
    return (
        f"postgresql://{role}:{kept.password(password)}@{installation.postgres}/{database}"
        f"?sslmode=verify-full&sslrootcert={INSIDE}/ca.pem{primary}"
    )


def _admin_url(installation: Installation, kept: Kept) -> str:
    return _database_url(installation, kept, ADMIN, "database-admin", "postgres")


def _broker_url(installation: Installation, kept: Kept, user: str) -> str:
    password = kept.password(f"broker-{user}")
    return ",".join(
        f"amqps://{user}:{password}@{host}/%2F?heartbeat=10&cafile={INSIDE}/ca.pem"
        for host in installation.rabbitmq.split(",")
    )


def _setup_files(installation: Installation, kept: Kept, document: str) -> dict[str, bytes | str]:
    """What the one-shots read that set up databases and broker."""
    passwords = {
        "runtime": {service: kept.password(f"database-{service}") for service in SERVICES},
        "owner": {service: kept.password(f"owner-{service}") for service in SERVICES},
    }
    return {
        "admin-url": _admin_url(installation, kept),
        "passwords.json": json.dumps(passwords),
        "broker-administrator": kept.password(f"broker-{ADMINISTRATOR}"),
        "definitions.json": document,
        **{
            f"owner-url-{service}": _database_url(installation, kept, owner_of(service), f"owner-{service}", service)
            for service in SERVICES
        },
    }


def _definitions(installation: Installation, kept: Kept) -> dict[str, Any]:
    passwords = {user: kept.password(f"broker-{user}") for user in BROKER_USERS}
    document = definitions(passwords)
    last = installation.readers / "rabbitmq" / "definitions.json"
    before = (
        {user["name"]: user["password_hash"] for user in json.loads(last.read_bytes())["users"]}
        if last.exists()
        else {}
    )
    for user in document["users"]:
        known = before.get(user["name"], "")
        # A new hash of the same password would end the connections of whoever uses it.
        if known and _fits(known, passwords[user["name"]]):
            user["password_hash"] = known
        if user["name"] == ADMINISTRATOR:
            user["tags"] = "administrator"
    return document


def _fits(password_hash: str, password: str) -> bool:
    raw = base64.b64decode(password_hash)
    return hashlib.sha256(raw[:4] + password.encode()).digest() == raw[4:]


def services_conf(mode: str) -> str:
    """The edge's part of nginx's configuration that follows from which services there are."""
    lines = ['add_header Strict-Transport-Security "max-age=31536000" always;'] if mode == "live" else []
    for service in SERVICES:
        if service == PORTAL:
            continue
        limit = "4m" if service == CALLS_SERVICE else "1m"
        lines += [
            f"location = /{service} {{ return 308 /{service}/; }}",
            f"location = /{service}/metrics {{ return 404; }}",
            f"location /{service}/ {{",
            f"  client_max_body_size {limit};",
            f"  set $service {service};",
            f"  set $prefix /{service};",
            f"  rewrite ^/{service}/(.*)$ /$1 break;",
            "  proxy_pass https://$service:8443;",
            "}",
        ]
    lines += [
        f"set $away_page '{AWAY_PAGE}';",
        "location = /metrics { return 404; }",
        # Only what is the same for everybody is compressed: a page holds secrets beside what was asked for.
        "location /static/ {",
        "  gzip on;",
        "  gzip_types text/css text/javascript image/svg+xml;",
        "  gzip_min_length 1024;",
        f"  set $service {PORTAL};",
        "  proxy_pass https://$service:8443;",
        "}",
        "location / {",
        f"  set $service {PORTAL};",
        "  proxy_pass https://$service:8443;",
        "  error_page 413 = @too_large;",
        "  error_page 502 504 = @portal_away;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def broker_conf(hosts: list[str]) -> str:
    """The edge's part of nginx's configuration that says where the broker is; several hosts share the suppliers."""
    if len(hosts) == 1:
        return f"map $server_port $broker {{ default {hosts[0]}; }}\n"
    share = f"{100 / len(hosts):.2f}%"
    parts = " ".join(f"{share} {host};" for host in hosts[:-1])
    return f'split_clients "$remote_addr:$remote_port" $broker {{ {parts} * {hosts[-1]}; }}\n'


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.compose.prepare", description=__doc__)
    parser.add_argument("renew", nargs="*", metavar="NAME", help="passwords to make anew, such as database-registry")
    arguments = parser.parse_args()
    os.umask(0o077)
    installation = Installation(
        kept=Path("/kept"),
        readers=Path("/readers"),
        own=Path("/own"),
        backups=Path("/backups"),
        mode=os.environ.get("SP_MODE", ""),
        public_url=os.environ.get("SP_PUBLIC_URL", ""),
        postgres=os.environ.get("SP_POSTGRES") or "postgres:5432",
        rabbitmq=os.environ.get("SP_RABBITMQ") or "rabbitmq:5671",
    )
    try:
        for name in arguments.renew:
            Kept(installation.kept).forget(name)
        for sentence in prepare(installation, datetime.now(UTC)):
            print(f"· {sentence}")
    except (brought.NotUsable, ValueError) as error:
        sys.exit(str(error))
    print("prepared")


if __name__ == "__main__":
    main()
