"""The gateway's certificate: looked at again, and taken anew without dropping a connection.

A context that is in use takes another certificate for the connections to come; those that are open
have their handshake behind them.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509

LOOK_SECONDS: Final = 10.0
BRISK_LOOK_SECONDS: Final = 0.2
UNUSABLE: Final = (
    OSError,
    ValueError,
)  # what is raised by a file that is not there, or not PEM


class Certificate:
    """A certificate and its key, in files that somebody renews."""

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate = Path(certificate)
        self._key = Path(key)
        self._seen = self._state()

    def load(self, context: ssl.SSLContext) -> datetime:
        """Show it from now on; the instant it is valid until. Raises one of `UNUSABLE`."""
        # On another one first: a context whose new key did not match would have none any more.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._certificate, self._key)
        leaf = x509.load_pem_x509_certificates(self._certificate.read_bytes())[0]
        context.load_cert_chain(self._certificate, self._key)
        return leaf.not_valid_after_utc

    def renewed(self) -> bool:
        """Whether a file has become another one since this was last asked."""
        before, self._seen = self._seen, self._state()
        return before != self._seen

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_identity(path) for path in (self._certificate, self._key)]


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


async def keep_fresh(
    certificate: Certificate,
    context: ssl.SSLContext,
    *,
    brisk: bool,
    valid_until: Callable[[datetime], None],
) -> None:
    """Until cancelled. What cannot be used is told, and the one before it stays."""
    say = structlog.get_logger("emc.gateway")
    valid_until(certificate.load(context))
    while True:
        await asyncio.sleep(BRISK_LOOK_SECONDS if brisk else LOOK_SECONDS)
        if not certificate.renewed():
            continue
        try:
            until = certificate.load(context)
        except UNUSABLE as error:
            say.warning(
                "the new certificate cannot be used; the one before it is shown on",
                error=str(error),
            )
        else:
            say.info("a new certificate is shown", valid_until=until.isoformat())
            valid_until(until)
