"""Tokens: what a dossier is called where its code must not be seen, in links, tables, exemplars.

The same dossier has the same token everywhere, in PostgreSQL too (the view `grafana_open`), and
whoever may read the ledger finds the dossier again: `emc explain TOKEN`.
"""

import hashlib
import re
from typing import Any, Final

DIGITS: Final = 20  # of 64: enough for a thousand million dossiers, and nothing to go on from
_TOKEN: Final = re.compile(rf"[0-9a-f]{{{DIGITS}}}")


def token(secret: bytes, key: str) -> str:
    """The token of a dossier's key."""
    return hashlib.sha256(secret + key.encode()).hexdigest()[:DIGITS]


def is_token(said: str) -> bool:
    """Whether this is how a token looks; no national code of a dossier does."""
    return _TOKEN.fullmatch(said) is not None


async def secret(connection: Any) -> bytes:
    """The ledger's secret, through a pool or a connection that may read it."""
    found: bytes = await connection.fetchval("SELECT secret FROM token_secret")
    return found


async def dossier_of(connection: Any, said: str) -> str | None:
    """The key of a token's dossier."""
    found: str | None = await connection.fetchval(
        "SELECT key FROM dossier_token WHERE token = $1", bytes.fromhex(said)
    )
    return found
