"""What a browser says it is, in two words that its owner knows it by."""

from __future__ import annotations

BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""The first that a browser names is the one it is: most of them name others too."""
MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def known_as(agent: str) -> str | None:
    """Such as “Firefox, Windows”; None for a browser that does not say what it is."""
    found = [next((name for sign, name in names if sign in agent), None) for names in (BROWSERS, MACHINES)]
    told = ", ".join(one for one in found if one)
    return told or None
