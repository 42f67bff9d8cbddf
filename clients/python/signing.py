"""Signing with the system's certificate: messages of calls (detached JWS) and the assertion a token is got with."""

from __future__ import annotations

import base64
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

ASSERTION_SECONDS = 120
"""How long an assertion holds; the registry takes at most 5 minutes."""


class _Registry(JWSRegistry):
    max_payload_length = 4 * 1024 * 1024


class Signer:
    """A certificate and its private key, both PEM; RSA signs with RS256, a P-256 key with ES256.

    Raises ValueError for another kind of key.
    """

    def __init__(self, certificate_pem: bytes, private_key_pem: bytes, *, password: bytes | None = None) -> None:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = serialization.load_pem_private_key(private_key_pem, password)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._key: RSAKey | ECKey
        if isinstance(key, rsa.RSAPrivateKey):
            self.algorithm, self._key = "RS256", RSAKey.import_key(pem)
        elif isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            self.algorithm, self._key = "ES256", ECKey.import_key(pem)
        else:
            raise ValueError("the private key must be RSA or on the curve P-256")  # noqa: TRY004 - wrong content
        digest = certificate.fingerprint(hashes.SHA256())
        self.thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        """The certificate's SHA-256 thumbprint, by which the platform knows who signed (`x5t#S256`)."""
        self._registry = _Registry(algorithms=[self.algorithm])

    def detached(self, body: bytes) -> str:
        """The signature over exactly these bytes: a JWS without its payload (RFC 7515 appendix F, RFC 7797)."""
        header = {"alg": self.algorithm, "b64": False, "crit": ["b64"], "x5t#S256": self.thumbprint}
        signed = jws.serialize_compact(header, body, self._key, registry=self._registry)
        protected, _, rest = signed.partition(".")
        return f"{protected}..{rest.rpartition('.')[2]}"

    def assertion(self, system_id: str, audience: str) -> str:
        """Proof to the registry that this is the system (RFC 7523); good once, for two minutes."""
        now = int(time.time())
        claims = {
            "iss": system_id,
            "sub": system_id,
            "aud": audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        header = {"alg": self.algorithm, "x5t#S256": self.thumbprint}
        return jwt.encode(header, claims, self._key, algorithms=[self.algorithm])
