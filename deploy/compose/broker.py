"""A one-shot before the services start: the broker takes the definitions of this version while it runs.

It loads the same file whenever it starts; this is for an upgrade, which leaves it running.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
from pathlib import Path

import httpx

from deploy.compose.kept import ADMINISTRATOR

FOLDER = Path("/run/platform")
PATIENCE_SECONDS = 60.0


def load(url: str) -> None:
    """Load the definitions over the management API; waits for it. Raises httpx.HTTPError."""
    context = ssl.create_default_context(cafile=str(FOLDER / "ca.pem"))
    document = json.loads((FOLDER / "definitions.json").read_bytes())
    password = (FOLDER / "broker-administrator").read_text()
    until = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(base_url=url, auth=(ADMINISTRATOR, password), verify=context, timeout=30) as client:
        while True:
            try:
                answer = client.post("/api/definitions", json=document)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            else:
                # 401 too is only for a moment: the broker is up before it has read its users.
                if answer.status_code != httpx.codes.UNAUTHORIZED or time.monotonic() > until:
                    answer.raise_for_status()
                    return
            time.sleep(0.5)


def main() -> None:
    url = os.environ.get("SP_RABBITMQ_MANAGEMENT") or "https://rabbitmq:15671"
    try:
        load(url)
    except httpx.HTTPError as error:
        sys.exit(f"The broker's definitions can't be loaded at {url} ({type(error).__name__}): {error}")
    print("the broker has the definitions of this version")


if __name__ == "__main__":
    main()
