"""The public keys of a signing key, in the form token checkers fetch them."""

from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey


def public_key_set(signing_key: Path) -> dict[str, Any]:
    """The JSON Web Key Set of a P-256 key in a PEM file; the key's id is its RFC 7638 thumbprint."""
    key = ECKey.import_key(signing_key.read_bytes())
    public = key.as_dict(private=False)
    return {"keys": [{**public, "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}]}
