"""`python -m agents.alive [URL]`: whether a process of ours answers, as a container's health check.

With an address, that one; without, whichever process listens on this machine's ports. A program of
its own that imports nothing of the service: it runs every few seconds.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

SECONDS: Final = 5
# Where a process says that it lives, by the variable that moves its port.
ADDRESSES: Final = (
    ("EMC_WORKER_METRICS_PORT", 9101, "/-/healthy"),
    ("EMC_INGEST_METRICS_PORT", 9103, "/-/healthy"),
    ("EMC_GATEWAY_METRICS_PORT", 9102, "/-/healthy"),
    ("EMC_SERVE_PORT", 8080, "/healthz"),
)


def ask(url: str) -> tuple[bool, str]:
    """Whether the address answers with a status of the 200s, and with what text.

    Raises `OSError` where nobody listens.
    """
    there = urlsplit(url)
    connection = HTTPConnection(there.hostname or "127.0.0.1", there.port, timeout=SECONDS)
    try:
        connection.request("GET", there.path or "/")
        answer = connection.getresponse()
        return 200 <= answer.status < 300, answer.read(500).decode(errors="replace").strip()
    except HTTPException as error:
        return False, repr(error)
    finally:
        connection.close()


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    urls = list(arguments) or [
        f"http://127.0.0.1:{environment.get(variable, port)}{path}"
        for variable, port, path in ADDRESSES
    ]
    unheard = ""
    for url in urls:
        try:
            good, text = ask(url)
        except OSError as error:
            unheard = f"{url}: {error}\n"
            continue
        sys.stdout.write(f"{text}\n")
        return 0 if good else 1
    sys.stdout.write("none of our processes listens here\n" if not arguments else unheard)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
