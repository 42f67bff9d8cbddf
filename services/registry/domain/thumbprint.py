"""A certificate's SHA-256 thumbprint as software names it."""

from __future__ import annotations

import base64
import re

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_X5T_S256 = re.compile(r"[A-Za-z0-9_-]{43}")


def read_thumbprint(text: str) -> bytes | None:
    """The 32 bytes of a thumbprint in base64url (`x5t#S256`, RFC 7515) or hexadecimal; None if it is neither."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if _X5T_S256.fullmatch(text):
        found = base64.urlsafe_b64decode(text + "=")
        # The last character carries two bits that are no part of the thumbprint: one way of writing it only.
        return found if base64.urlsafe_b64encode(found).rstrip(b"=").decode() == text else None
    return None
