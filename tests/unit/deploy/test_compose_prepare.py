"""What the first start of the compose file makes: once, for whom, and what it says of what was brought along."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509

from deploy.compose import brought
from deploy.compose.authority import Authority, Pair
from deploy.compose.kept import Kept
from deploy.compose.prepare import Installation, broker_conf, prepare, services_conf
from shared.contracts import SERVICES

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    for name in ("kept", "readers", "own/trust/production", "own/trust/test"):
        (tmp_path / name).mkdir(parents=True)
    for environment in ("production", "test"):
        (tmp_path / "own/trust" / environment / "ca.pem").write_bytes(b"an authority, read by the registry\n")
    return Installation(
        kept=tmp_path / "kept",
        readers=tmp_path / "readers",
        own=tmp_path / "own",
        mode="live",
        public_url="https://platform.example",
        chown=lambda _file, _account: None,
    )


def _files(installation: Installation) -> dict[str, bytes]:
    return {
        str(file.relative_to(installation.readers)): file.read_bytes()
        for file in sorted(installation.readers.rglob("*"))
        if file.is_file()
    }


def test_a_second_run_changes_nothing(installation: Installation) -> None:
    prepare(installation, NOW)
    first = _files(installation)

    prepare(installation, NOW + timedelta(days=100))

    assert _files(installation) == first


def test_no_two_installations_share_a_secret(installation: Installation, tmp_path: Path) -> None:
    other = replace(installation, kept=tmp_path / "kept2", readers=tmp_path / "readers2")
    other.kept.mkdir()
    prepare(installation, NOW)
    prepare(other, NOW)

    public = {"pg_hba.conf", "rabbitmq.conf", "advanced.config", "enabled_plugins", "services.conf", "broker.conf"}
    public |= {"index.html", "ca.pem", "prometheus.yaml", "alerts.yaml", "platform.yaml", "platform.json"}
    ours, theirs = _files(installation), _files(other)
    assert ours.keys() == theirs.keys()
    same = {name for name in ours if ours[name] == theirs[name]}
    assert {Path(name).name for name in same} <= public
    assert all(name.startswith("registry/trust/") or Path(name).name in public - {"ca.pem"} for name in same)


def test_what_is_given_is_for_its_reader_alone(installation: Installation) -> None:
    prepare(installation, NOW)

    for path in installation.readers.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o500 if path.is_dir() else 0o400)
    urls = {service: _files(installation)[f"{service}/database-url"].decode() for service in SERVICES}
    assert {urlsplit(url).username for url in urls.values()} == set(SERVICES)
    owners = [name for name in _files(installation) if "owner-url" in name]
    assert {name.split("/")[0] for name in owners} == {"setup"}
    superuser = {
        name.split("/")[0] for name, content in _files(installation).items() if b"platform_admin:" in content
    }
    assert superuser == {"setup", "backup"}
    assert len(owners) == len(SERVICES)


def test_accounts_own_their_files(installation: Installation) -> None:
    owners: dict[str, set[int]] = {}

    def chown(file: Path, account: int) -> None:
        owners.setdefault(file.relative_to(installation.readers).parts[0], set()).add(account)

    prepare(replace(installation, chown=chown), NOW)

    assert owners["postgres"] == owners["rabbitmq"] == {999}
    assert owners["edge"] == {101}
    assert all(owners[service] == {10001} for service in SERVICES)


def test_connections_are_encrypted_and_the_other_end_is_checked(installation: Installation) -> None:
    prepare(installation, NOW)

    files = _files(installation)
    database = urlsplit(files["registry/database-url"].decode())
    assert parse_qs(database.query) == {"sslmode": ["verify-full"], "sslrootcert": ["/run/platform/ca.pem"]}
    broker = urlsplit(files["registry/broker-url"].decode())
    assert (broker.scheme, broker.hostname, broker.port) == ("amqps", "rabbitmq", 5671)
    assert parse_qs(broker.query)["cafile"] == ["/run/platform/ca.pem"]


def test_servers_elsewhere(installation: Installation) -> None:
    (installation.own / "authorities").mkdir()
    (installation.own / "authorities" / "theirs.pem").write_bytes(b"their authority\n")

    prepare(replace(installation, postgres="db1:5432,db2:5432", rabbitmq="mq1:5671,mq2:5671"), NOW)

    files = _files(installation)
    assert "@db1:5432,db2:5432/registry?" in files["registry/database-url"].decode()
    assert files["registry/database-url"].decode().endswith("&target_session_attrs=primary")
    assert [urlsplit(url).hostname for url in files["registry/broker-url"].decode().split(",")] == ["mq1", "mq2"]
    assert files["registry/ca.pem"].endswith(b"their authority\n")
    assert files["edge/broker.conf"].decode() == broker_conf(["mq1:5671", "mq2:5671"])


def test_a_renewed_password_is_another_and_the_others_stay(installation: Installation) -> None:
    prepare(installation, NOW)
    before = _files(installation)

    Kept(installation.kept).forget("broker-registry")
    prepare(installation, NOW)

    after = _files(installation)
    assert {name for name in after if after[name] != before[name]} == {
        "registry/broker-url",
        "rabbitmq/definitions.json",
        "setup/definitions.json",
    }
    old, new = (
        {user["name"]: user["password_hash"] for user in json.loads(files["rabbitmq/definitions.json"])["users"]}
        for files in (before, after)
    )
    assert {name for name in new if new[name] != old[name]} == {"registry"}
    password = urlsplit(after["registry/broker-url"].decode()).password
    assert password is not None
    raw = base64.b64decode(new["registry"])
    assert hashlib.sha256(raw[:4] + password.encode()).digest() == raw[4:]


@pytest.mark.parametrize("name", ["database-admin", "broker-administrator", "../../etc/passwd", "ca.key"])
def test_what_can_not_be_renewed_is_refused(installation: Installation, name: str) -> None:
    with pytest.raises(ValueError, match="can't be renewed here"):
        Kept(installation.kept).forget(name)


def test_live_needs_trusted_authorities(installation: Installation) -> None:
    bare = replace(installation, own=installation.own / "nothing")

    with pytest.raises(brought.NotUsable, match="No trusted certificate authorities"):
        prepare(bare, NOW)

    told = prepare(replace(bare, mode="demonstration"), NOW)
    assert any("made-up certificate authority" in sentence for sentence in told)
    assert any(name.startswith("registry/trust/production/") for name in _files(installation))


def test_an_authority_taken_away_is_trusted_no_more(installation: Installation) -> None:
    prepare(installation, NOW)
    assert "registry/trust/test/ca.pem" in _files(installation)

    (installation.own / "trust/test/ca.pem").rename(installation.own / "trust/test/other.pem")
    prepare(installation, NOW)

    assert "registry/trust/test/ca.pem" not in _files(installation)
    assert "registry/trust/test/other.pem" in _files(installation)


def _bring(installation: Installation, names: list[str], made: datetime) -> Pair:
    folder = installation.own.parent / "public-authority"
    folder.mkdir(exist_ok=True)
    pair = Authority(folder, made).server(names[0], names)
    (installation.own / "edge").mkdir(exist_ok=True)
    (installation.own / brought.EDGE_CERTIFICATE).write_bytes(pair.certificate)
    (installation.own / brought.EDGE_KEY).write_bytes(pair.key)
    return pair


def test_the_edge_shows_the_certificate_that_was_brought(installation: Installation) -> None:
    pair = _bring(installation, ["platform.example"], NOW)

    told = prepare(installation, NOW)

    assert _files(installation)["edge/edge.pem"] == pair.certificate
    assert not any("edge shows" in sentence for sentence in told)


def test_a_wildcard_covers_the_host(installation: Installation) -> None:
    _bring(installation, ["*.example"], NOW)
    prepare(installation, NOW)


@pytest.mark.parametrize(
    ("names", "age", "sentence"),
    [
        (["elsewhere.example"], timedelta(0), "is not for platform.example"),
        (["platform.example"], timedelta(days=731), "expired at"),
    ],
)
def test_a_certificate_that_will_not_do_is_refused(
    installation: Installation, names: list[str], age: timedelta, sentence: str
) -> None:
    _bring(installation, names, NOW - age)

    with pytest.raises(brought.NotUsable, match=sentence):
        prepare(installation, NOW)


def test_a_key_of_another_certificate_is_refused(installation: Installation) -> None:
    _bring(installation, ["platform.example"], NOW)
    kept = (installation.own / brought.EDGE_CERTIFICATE).read_bytes()
    _bring(installation, ["platform.example", "www.platform.example"], NOW)
    (installation.own / brought.EDGE_CERTIFICATE).write_bytes(kept)

    with pytest.raises(brought.NotUsable, match="is not the key of"):
        prepare(installation, NOW)


def test_a_certificate_without_its_key_is_refused(installation: Installation) -> None:
    _bring(installation, ["platform.example"], NOW)
    (installation.own / brought.EDGE_KEY).unlink()

    with pytest.raises(brought.NotUsable, match="can't be used"):
        prepare(installation, NOW)


def test_certificates_are_renewed_before_they_end(tmp_path: Path) -> None:
    first = Authority(tmp_path, NOW).server("registry", ["registry"])

    assert Authority(tmp_path, NOW + timedelta(days=500)).server("registry", ["registry"]) == first
    renewed = Authority(tmp_path, NOW + timedelta(days=600)).server("registry", ["registry"])

    assert renewed != first
    found = x509.load_pem_x509_certificate(renewed.certificate)
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    found.verify_directly_issued_by(authority)
    assert found.not_valid_after_utc > NOW + timedelta(days=1300)


def test_a_certificate_follows_the_names(tmp_path: Path) -> None:
    first = Authority(tmp_path, NOW).server("edge", ["localhost"])

    second = Authority(tmp_path, NOW).server("edge", ["platform.example", "127.0.0.1"])

    assert second != first
    told = x509.load_pem_x509_certificate(second.certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in told.value] == ["platform.example", "127.0.0.1"]


def test_the_edge_shows_every_service_and_hides_its_measurements() -> None:
    live, demonstration = services_conf("live"), services_conf("demonstration")

    assert "Strict-Transport-Security" in live
    assert "Strict-Transport-Security" not in demonstration
    for service in set(SERVICES) - {"portal"}:
        assert f"location /{service}/ {{" in live
        assert f"location = /{service}/metrics {{ return 404; }}" in live
    assert "location / {" in live
    assert "location = /metrics { return 404; }" in live


def test_every_file_that_is_named_is_given(installation: Installation) -> None:
    """Paths in the servers' files and in the services' environment lead to something."""
    (installation.own / brought.SMTP_PASSWORD).write_text("secret")
    prepare(installation, NOW)
    files = _files(installation)
    servers = Path(brought.__file__).parent / "servers"
    for reader, name in (("rabbitmq", "rabbitmq.conf"), ("edge", "nginx.conf")):
        for word in (servers / name).read_text().replace(";", " ").split():
            if word.startswith("/run/platform/"):
                assert f"{reader}/{word.removeprefix('/run/platform/')}" in files
    assert "notifier/smtp-password" in files
    assert "registry/signing-key.pem" in files


def test_settings_that_are_no_use_are_refused(installation: Installation) -> None:
    for wrong in (replace(installation, mode="production"), replace(installation, public_url="platform.example")):
        with pytest.raises(brought.NotUsable, match="SP_MODE must be"):
            prepare(wrong, NOW)
