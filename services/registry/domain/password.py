"""Which passwords are good enough: long, not one's own address, not among those everybody tries first."""

from __future__ import annotations

from shared.problem import Invalid

SHORTEST, LONGEST = 12, 128
FEWEST_DIFFERENT = 5

COMMON = frozenset(
    {
        "123456789012",
        "1234567890123",
        "12345678901234",
        "1234567890ab",
        "1q2w3e4r5t6y",
        "abcdefghijkl",
        "adgangskode1",
        "adgangskode12",
        "adgangskode123",
        "changemenow1",
        "danmark12345",
        "kodeord12345",
        "kodeord123456",
        "kommune12345",
        "letmeinletmein",
        "p@ssw0rd1234",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "qwerty123456",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopasdf",
        "serviceplatform",
        "serviceplatformen",
        "sommer202620",
        "sommersommer",
        "velkommen123",
        "velkommen1234",
        "vinter202620",
    }
)
"""Long enough and yet known to everyone; compared without regard to case."""


def check_password(password: str, *, email: str) -> None:
    """Raise Invalid: `password.length`, `password.is_address` or `password.common`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid("password.length", f"A password has {SHORTEST} to {LONGEST} characters.")
    told = password.strip().casefold()
    if told == email.casefold():
        raise Invalid("password.is_address", "The password must not be your mail address.")
    if told in COMMON or len(set(told)) < FEWEST_DIFFERENT:
        raise Invalid("password.common", "This password is among the first that others would try; choose another.")
