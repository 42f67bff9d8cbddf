"""What an operator brings along in a folder of their own: certificates, trusted authorities, the mail password."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.compose.authority import Pair

EDGE_CERTIFICATE = "edge/fullchain.pem"
EDGE_KEY = "edge/privkey.pem"
TRUST = "trust"
AUTHORITIES = "authorities"
SMTP_PASSWORD = "smtp-password"  # noqa: S105 - a file's name


class NotUsable(Exception):
    """Something that was brought can't be used, or is missing; a sentence that says what to do."""


def edge_certificate(own: Path, host: str, now: datetime) -> Pair | None:
    """The certificate people and suppliers see; None when none was brought. Raises NotUsable."""
    certificate, key = own / EDGE_CERTIFICATE, own / EDGE_KEY
    if not certificate.exists() and not key.exists():
        return None
    try:
        pair = Pair(certificate.read_bytes(), key.read_bytes())
        found = x509.load_pem_x509_certificate(pair.certificate)
        fits = load_pem_private_key(pair.key, None).public_key() == found.public_key()
    except (OSError, ValueError, TypeError) as error:
        raise NotUsable(
            f"{EDGE_CERTIFICATE} and {EDGE_KEY} can't be used ({type(error).__name__}): bring a certificate with its"
            " chain and its key without a passphrase, both PEM."
        ) from None
    if not fits:
        raise NotUsable(f"{EDGE_KEY} is not the key of {EDGE_CERTIFICATE}.")
    if found.not_valid_after_utc <= now:
        raise NotUsable(f"{EDGE_CERTIFICATE} expired at {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; renew it.")
    if not _covers(found, host):
        raise NotUsable(f"{EDGE_CERTIFICATE} is not for {host}, the host of SP_PUBLIC_URL.")
    return pair


def _covers(certificate: x509.Certificate, host: str) -> bool:
    try:
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    names = {name.lower() for name in told.get_values_for_type(x509.DNSName)}
    names |= {str(address) for address in told.get_values_for_type(x509.IPAddress)}
    return host.lower() in names or f"*.{host.lower().partition('.')[2]}" in names


def trust(own: Path) -> dict[str, bytes | str]:
    """The certificate authorities suppliers' systems may have their certificates from: production/… and test/…"""
    return {
        f"{environment}/{file.name}": file.read_bytes()
        for environment in ("production", "test")
        for file in sorted((own / TRUST / environment).glob("*.pem"))
    }


def authorities(own: Path) -> bytes:
    """Certificate authorities of servers outside compose: a mail server, a PostgreSQL or RabbitMQ elsewhere."""
    return b"".join(file.read_bytes().rstrip() + b"\n" for file in sorted((own / AUTHORITIES).glob("*.pem")))


def system_authorities() -> bytes:
    """Those every machine trusts; a mail server of somebody else's shows a certificate of theirs."""
    found = ssl.get_default_verify_paths().cafile
    return Path(found).read_bytes().rstrip() + b"\n" if found else b""


def smtp_password(own: Path) -> dict[str, bytes | str]:
    """The password for the mail server, where it wants one."""
    file = own / SMTP_PASSWORD
    return {SMTP_PASSWORD: file.read_bytes()} if file.exists() else {}
