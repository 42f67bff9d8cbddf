"""Ready-made commands and code with a system's own ids filled in: fetch a token, send a call."""

from __future__ import annotations

from dataclasses import dataclass

_SIGN_IN = """\
# Kræver openssl, curl og jq. system.crt er certifikatet, system.key dets private nøgle (RSA).
system={system}
token_url={token_url}
b64() {{ openssl base64 -A | tr '+/' '-_' | tr -d '='; }}
x5t=$(openssl x509 -in system.crt -outform DER | openssl dgst -sha256 -binary | b64)
header=$(printf '{{"alg":"RS256","x5t#S256":"%s"}}' "$x5t" | b64)
claims=$(printf '{{"iss":"%s","sub":"%s","aud":"%s","exp":%s,"jti":"%s"}}' \\
  "$system" "$system" "$token_url" "$(($(date +%s) + 240))" "$(openssl rand -hex 16)" | b64)
signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign system.key | b64)
token=$(curl -sS --fail-with-body "$token_url" \\
  -d grant_type=client_credentials \\
  -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \\
  -d client_assertion="$header.$claims.$signature" | jq -r .access_token)
"""

_CALL = """\
# Efter at have hentet token, x5t og b64 som ovenfor.
time={time}
cat > call.json <<CALL
[{{"specversion": "1.0", "id": "$(openssl rand -hex 16)", "source": "urn:uuid:{system}",
  "type": "call.made.v1", "time": "$time", "datacontenttype": "application/json",
  "data": {{"service": "{service}",
           "municipality": "{municipality}"{agreement}}}}}]
CALL
head=$(printf '{{"alg":"RS256","b64":false,"crit":["b64"],"x5t#S256":"%s"}}' "$x5t" | b64)
signed=$( (printf '%s.' "$head"; cat call.json) | openssl dgst -sha256 -sign system.key | b64)
curl -sS {calls_url} \\
  -H "Authorization: Bearer $token" \\
  -H "X-JWS-Signature: $head..$signed" \\
  -H 'Content-Type: application/cloudevents+json' \\
  --data-binary @call.json
"""

_PYTHON = """\
import asyncio
from datetime import {utc}datetime
from pathlib import Path
{more_imports}
from clients.python import Call, Signer
from clients.python.http import HttpCallSender
from clients.python.token import Tokens


async def main() -> None:
    system = "{system}"
    signer = Signer(Path("system.crt").read_bytes(), Path("system.key").read_bytes())
    tokens = Tokens("{token_url}", system_id=system, signer=signer)
    async with HttpCallSender("{calls_url}", system_id=system, signer=signer, tokens=tokens) as sender:
        call = Call(
            service="{service}",
            municipality="{municipality}",{agreement}
            time={time},
        )
        print(await sender.send([call]))


asyncio.run(main())
"""
UNKNOWN = "…"


@dataclass(frozen=True)
class Snippets:
    """What a developer pastes: a token request and a call with curl, and the same in Python."""

    token: str
    call: str
    python: str


def snippets(
    origin: str,
    system: str,
    *,
    service: str = UNKNOWN,
    municipality: str = UNKNOWN,
    agreement: str | None = None,
    demonstration: bool = False,
) -> Snippets:
    """The snippets for a system; what is not known stands as an ellipsis, to be filled in.

    In a demonstration the platform's clock is ahead, and a call's time is taken from it.
    """
    told = {
        "system": system,
        "service": service,
        "municipality": municipality,
        "token_url": f"{origin}/registry/oauth/token",
        "calls_url": f"{origin}/metering/calls",
    }
    clock = f"$(curl -sS {origin}/metering/time | jq -r .now)" if demonstration else "$(date -u +%FT%TZ)"
    curl_agreement = f',\n           "agreement": "{agreement}"' if agreement else ""
    python_agreement = f'\n            agreement="{agreement}",' if agreement else ""
    return Snippets(
        token=_SIGN_IN.format(**told),
        call=_CALL.format(**told, time=clock, agreement=curl_agreement),
        python=_PYTHON.format(
            **told,
            time=f'datetime.fromisoformat(httpx.get("{origin}/metering/time").json()["now"])'
            if demonstration
            else "datetime.now(UTC)",
            utc="" if demonstration else "UTC, ",
            more_imports="\nimport httpx\n" if demonstration else "",
            agreement=python_agreement,
        ),
    )
