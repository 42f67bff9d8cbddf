"""The services' health check: asks `/readyz` over HTTPS, with nothing but the standard library.

Run as a script by the container's health check, every few seconds, so it imports little.
"""

import http.client
import ssl
import sys

PORT = 8443
AUTHORITY = "/run/platform/ca.pem"


def main() -> None:
    context = ssl.create_default_context(cafile=AUTHORITY)
    connection = http.client.HTTPSConnection("localhost", PORT, timeout=4, context=context)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(2000).decode(errors="replace")
    except OSError as error:
        sys.exit(f"no answer: {error}")
    print(said)
    sys.exit(0 if answer.status == http.HTTPStatus.OK else 1)


if __name__ == "__main__":
    main()
