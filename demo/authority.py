"""The demonstration's certificate authority: OCES-shaped certificates that nobody else trusts.

Made once, at first start. It mirrors how the public authorities are built - a root and an issuing authority
per generation, for production and for test - and how their certificates look, down to the older production
ones' policy notice that certificate libraries stumble over. All its names say "Demonstration". A third set,
`untrusted`, bears the production authorities' names but has keys of its own.

On disk, under the directory it was made in:

    trust/production/*.pem, trust/test/*.pem   what the registry trusts
    untrusted/*.pem                            what it must not
    keys/*.pem                                 the issuing authorities' private keys, readable by the owner only
    authority.json                             when it was made

The roots' private keys are forgotten as soon as they have signed the issuing authorities.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtensionOID, NameOID

Kind = Literal["FOCES", "VOCES", "MOCES", "POCES"]
Environment = Literal["production", "test", "untrusted"]
Generation = Literal["OCES2", "OCES3"]

VALIDITY = timedelta(days=3 * 365)
"""What an OCES3 certificate is valid for; platform time may run ahead by a year in a demonstration."""

_KEY_SIZES: dict[Generation, int] = {"OCES2": 2048, "OCES3": 3072}
_AUTHORITY_AGE = timedelta(days=5 * 365)
_AUTHORITY_VALIDITY = timedelta(days=25 * 365)
_EXPONENT = 65537

_ETSI_NCP = "0.4.0.2042.1.1"
_POLICIES: dict[tuple[Kind, Generation], str] = {
    ("POCES", "OCES2"): "1.4",
    ("MOCES", "OCES2"): "2.5",
    ("VOCES", "OCES2"): "3.5",
    ("FOCES", "OCES2"): "4.3",
    ("MOCES", "OCES3"): "2.7",
    ("VOCES", "OCES3"): "3.7.1",
}
_HOLDER_WORDS: dict[Kind, str] = {"FOCES": "FID", "VOCES": "UID", "MOCES": "RID"}
_ARC = "1.2.208.169.1.1.1"
_OCES2_TEST_ARC = "1.3.6.1.4.1.31313.2.4.6"
_USER_NOTICE = "1.3.6.1.5.5.7.2.2"
_NOTICE = "Kun til demonstration: må ikke anvendes til andet, og ingen bør stole på det."


class AuthorityError(Exception):
    """The authority can't be made, opened or asked for this; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key, both PEM; the key unencrypted (PKCS#8)."""

    certificate_pem: bytes
    private_key_pem: bytes = field(repr=False)
    subject_serial: str
    """The holder's number; give it to `issue` again to renew."""


@dataclass(frozen=True, slots=True)
class _Issuer:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


class Authority:
    """The demonstration's certificate authority, opened."""

    def __init__(self, directory: Path, created: datetime, key_size: int | None) -> None:
        self._directory = directory
        self._key_size = key_size
        self._issuers: dict[tuple[Environment, Generation], _Issuer] = {}
        self.created = created

    @property
    def trust_directory(self) -> Path:
        """The folder with `production/*.pem` and `test/*.pem` that a registry is told to trust."""
        return self._directory / "trust"

    @classmethod
    def create(cls, directory: Path, now: datetime, *, key_size: int | None = None) -> Self:
        """Make a new authority in `directory`, which must be absent or empty; `now` in UTC.

        `key_size` (bits) overrides the real authorities' 3072 (OCES3) and 2048 (OCES2), for the authorities
        and all they issue; tests use 2048 to be quick. It appears whole or not at all, also if interrupted.
        """
        if directory.exists() and any(directory.iterdir()):
            raise AuthorityError(f"{directory} is not empty. Open the authority there, or choose another folder.")
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".authority-", dir=directory.parent) as scratch:
            made = Path(scratch) / "authority"
            for part in ("trust/production", "trust/test", "untrusted"):
                (made / part).mkdir(parents=True)
            (made / "keys").mkdir(mode=0o700)
            created = now.replace(microsecond=0)
            generations: tuple[Generation, ...] = ("OCES2", "OCES3")
            environments: tuple[Environment, ...] = ("production", "test", "untrusted")
            for environment in environments:
                for generation in generations:
                    _make_authorities(made, environment, generation, created, key_size)
            facts = {"created": created.isoformat(), "key_size": key_size}
            (made / "authority.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")
            made.rename(directory)
        return cls.open(directory)

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The authority made in `directory` earlier; raises `AuthorityError` if there is none."""
        try:
            facts = json.loads((directory / "authority.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise AuthorityError(f"There is no demonstration authority in {directory}. Create it first.") from None
        return cls(directory, datetime.fromisoformat(facts["created"]), facts["key_size"])

    def issue(
        self,
        kind: Kind = "VOCES",
        *,
        cvr: str,
        name: str,
        organisation: str | None = None,
        environment: Environment = "production",
        generation: Generation | None = None,
        subject_serial: str | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        key: rsa.RSAPrivateKey | None = None,
    ) -> Issued:
        """Issue a certificate for `name` (its common name) at the organisation with this CVR number.

        `generation`: OCES2 for FOCES and POCES, which the third has no more; else OCES3. Validity is from
        when the authority was made, for three years, unless said otherwise; times in UTC, and past or future
        ones are issued as asked. `subject_serial` makes it a renewal of an earlier one.
        """
        generation = generation or ("OCES2" if kind in {"FOCES", "POCES"} else "OCES3")
        if (kind, generation) not in _POLICIES:
            raise AuthorityError(f"There is no {kind} in {generation}. Ask for VOCES, or for {kind} in OCES2.")
        issuer = self._issuer(environment, generation)
        key = key or self.new_key(generation)
        serial = subject_serial or _new_subject_serial(kind, generation, cvr)
        subject = _subject(
            kind, generation, cvr=cvr, name=name, organisation=organisation or f"Organisation {cvr}", serial=serial
        )
        begins = valid_from or self.created
        certificate = _sign(
            _builder(subject, begins, valid_to or begins + VALIDITY)
            .public_key(key.public_key())
            .serial_number(_new_serial(generation))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
            .add_extension(_key_usage(kind, generation), critical=True)
            .add_extension(_policies(kind, generation, environment), critical=False),
            issuer,
            generation,
        )
        return Issued(certificate.public_bytes(Encoding.PEM), _pem(key), serial)

    def new_key(self, generation: Generation = "OCES3") -> rsa.RSAPrivateKey:
        """A key as long as those of the certificates it issues."""
        return _new_key(self._key_size or _KEY_SIZES[generation])

    def _issuer(self, environment: Environment, generation: Generation) -> _Issuer:
        found = self._issuers.get((environment, generation))
        if found is None:
            found = self._issuers[environment, generation] = self._read_issuer(environment, generation)
        return found

    def _read_issuer(self, environment: Environment, generation: Generation) -> _Issuer:
        file = f"{generation.lower()}-issuing.pem"
        certificate = _folder(self._directory, environment) / file
        key = load_pem_private_key((self._directory / "keys" / f"{environment}-{file}").read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise AuthorityError(f"The key of {certificate} is no RSA key. Delete {self._directory} and start again.")
        return _Issuer(x509.load_pem_x509_certificate(certificate.read_bytes()), key)


def _make_authorities(
    made: Path, environment: Environment, generation: Generation, now: datetime, key_size: int | None
) -> None:
    size = key_size or _KEY_SIZES[generation]
    validity = (now - _AUTHORITY_AGE, now - _AUTHORITY_AGE + _AUTHORITY_VALIDITY)
    # The untrusted set copies the production names: only the keys tell them apart.
    test = environment == "test"
    root_name, issuing_name = _authority_name(generation, "root", test), _authority_name(generation, "issuing", test)
    root_key, issuing_key = _new_key(size), _new_key(size)
    root = _authority(
        subject=root_name,
        issuer=root_name,
        key=root_key,
        issuer_key=root_key,
        validity=validity,
        path_length=None,
        generation=generation,
    )
    issuing = _authority(
        subject=issuing_name,
        issuer=root_name,
        key=issuing_key,
        issuer_key=root_key,
        validity=validity,
        path_length=0,
        generation=generation,
    )
    folder = _folder(made, environment)
    (folder / f"{generation.lower()}-root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / f"{generation.lower()}-issuing.pem").write_bytes(issuing.public_bytes(Encoding.PEM))
    key_file = made / "keys" / f"{environment}-{generation.lower()}-issuing.pem"
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_pem(issuing_key))


def _authority(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer_key: rsa.RSAPrivateKey,
    validity: tuple[datetime, datetime],
    path_length: int | None,
    generation: Generation,
) -> x509.Certificate:
    builder = (
        _builder(subject, *validity)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(_new_serial(generation))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, SHA256(), rsa_padding=_padding(generation))


def _sign(builder: x509.CertificateBuilder, issuer: _Issuer, generation: Generation) -> x509.Certificate:
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        builder.issuer_name(issuer.certificate.subject)
        .add_extension(authority_key, critical=False)
        .sign(issuer.key, SHA256(), rsa_padding=_padding(generation))
    )


def _builder(subject: x509.Name, begins: datetime, ends: datetime) -> x509.CertificateBuilder:
    return x509.CertificateBuilder().subject_name(subject).not_valid_before(begins).not_valid_after(ends)


def _folder(directory: Path, environment: Environment) -> Path:
    return directory / "untrusted" if environment == "untrusted" else directory / "trust" / environment


def _padding(generation: Generation) -> padding.PSS | padding.PKCS1v15:
    return padding.PSS(padding.MGF1(SHA256()), 32) if generation == "OCES3" else padding.PKCS1v15()


def _authority_name(generation: Generation, role: Literal["root", "issuing"], test: bool) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "DK")
    if generation == "OCES3":
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demonstration uden tillid")
        unit = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Test - demonstration")] if test else []
        common = "Demonstration OCES rod-CA" if role == "root" else "Demonstration OCES udstedende-CA 1"
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common), *unit, organisation, country])
    system = "Systemtest I" if test else "OCES2"
    common = f"Demonstration {system} Primary CA" if role == "root" else f"Demonstration {system} CA II"
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMONSTRATION UDEN TILLID")
    return x509.Name([country, organisation, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _subject(kind: Kind, generation: Generation, *, cvr: str, name: str, organisation: str, serial: str) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "DK")
    common = x509.NameAttribute(NameOID.COMMON_NAME, name)
    number = x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)
    if generation == "OCES2":
        # One relative name of two parts, and the CVR number in the organisation's name, as the real ones have.
        holder = "Ingen organisatorisk tilknytning" if kind == "POCES" else f"{organisation} // CVR:{cvr}"
        return x509.Name(
            [
                x509.RelativeDistinguishedName([country]),
                x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder)]),
                x509.RelativeDistinguishedName([number, common]),
            ]
        )
    given, _, surname = name.partition(" ")
    person = (
        [x509.NameAttribute(NameOID.GIVEN_NAME, given), x509.NameAttribute(NameOID.SURNAME, surname or given)]
        if kind == "MOCES"
        else []
    )
    return x509.Name(
        [
            common,
            *person,
            number,
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRDK-{cvr}"),
            country,
        ]
    )


def _new_subject_serial(kind: Kind, generation: Generation, cvr: str) -> str:
    if generation == "OCES3":
        return f"UI:DK-{'E' if kind == 'MOCES' else 'O'}:G:{uuid.uuid4()}"
    number = 10_000_000 + secrets.randbelow(90_000_000)
    if kind == "POCES":
        return f"PID:9208-2002-2-{number:012}"
    return f"CVR:{cvr}-{_HOLDER_WORDS[kind]}:{number}"


def _new_serial(generation: Generation) -> int:
    # As long as the real ones: eight hexadecimal digits from 4 up, or nearly 160 random bits.
    if generation == "OCES2":
        return 0x4000_0000 + secrets.randbelow(0x2000_0000)
    return 1 + secrets.randbits(158)


def _policies(kind: Kind, generation: Generation, environment: Environment) -> x509.ExtensionType:
    version = _POLICIES[kind, generation]
    if generation == "OCES3":
        # The European policy stands first, and test certificates carry the production policy.
        listed = [_ETSI_NCP, f"{_ARC}.{version}"]
    elif environment == "test":
        listed = [f"{_OCES2_TEST_ARC}.{version}"]
    else:
        return x509.UnrecognizedExtension(
            ExtensionOID.CERTIFICATE_POLICIES, _policy_with_latin1_notice(f"{_ARC}.{version}")
        )
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(policy), None) for policy in listed]
    )


def _policy_with_latin1_notice(policy: str) -> bytes:
    """The policies extension as the older production authorities wrote it: with a notice that breaks the rules.

    RFC 5280 wants ASCII in a VisibleString; theirs held æøå in Latin-1, so strict readers see no extension.
    """
    notice = _der(0x30, _oid(_USER_NOTICE), _der(0x30, _der(0x1A, _NOTICE.encode("latin-1"))))
    return _der(0x30, _der(0x30, _oid(policy), _der(0x30, notice)))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    return bytes([tag, length] if length < 0x80 else [tag, 0x82, length >> 8, length & 0xFF]) + content


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.insert(0, 0x80 | number & 0x7F)
        content += bytes(digits)
    return _der(0x06, content)


def _key_usage(kind: Kind, generation: Generation) -> x509.KeyUsage:
    if generation == "OCES3":
        # A system certificate; employees' ones may also commit their organisation.
        return _usage(digital_signature=True, key_encipherment=True, content_commitment=kind == "MOCES")
    return _usage(digital_signature=True, key_encipherment=True, data_encipherment=True, key_agreement=True)


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    data_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=data_encipherment,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key(size: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=_EXPONENT, key_size=size)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
