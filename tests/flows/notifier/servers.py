"""Mail servers of every temper."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Temper:
    """Answers as told, by recipient and to whole mails; keeps what it accepted."""

    def __init__(self, *, recipients: dict[str, str] | None = None, data: Sequence[str] = ()) -> None:
        self.recipients = recipients or {}
        self.data = list(data)
        self.taken: list[tuple[list[str], bytes]] = []
        self.encrypted: list[bool] = []
        self.arrived = asyncio.Event()
        self.hold: asyncio.Event | None = None

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.recipients.get(address, "250 well")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else "250 kept"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append((list(envelope.rcpt_tos), envelope.content))
            transport = server.transport
            self.encrypted.append(bool(transport and transport.get_extra_info("ssl_object")))
            self.arrived.set()
            if self.hold is not None:
                await self.hold.wait()
        return answer


@asynccontextmanager
async def server(
    temper: Temper,
    *,
    port: int = 0,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    sign_in: Callable[[bytes, bytes], bool] | None = None,
) -> AsyncIterator[int]:
    """Such a server on loopback; gives its port."""

    def authenticate(
        _server: object, _session: object, _envelope: object, _mechanism: str, data: object
    ) -> AuthResult:
        login, password = getattr(data, "login", b""), getattr(data, "password", b"")
        return AuthResult(success=bool(sign_in and sign_in(login, password)), handled=False)

    def session() -> SMTP:
        return SMTP(
            temper,
            hostname="localhost",
            tls_context=starttls,
            authenticator=authenticate if sign_in else None,
            auth_required=sign_in is not None,
            auth_require_tls=False,
        )

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(session, "127.0.0.1", port, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        # Not waited for: since Python 3.12 that lasts until the last client hangs up.
        listening.close()


def unused_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context, and the file whoever trusts it needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted = folder / "mail-server.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = folder / "mail-server.key"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
