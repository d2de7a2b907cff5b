"""Where a page ended, in a form that tells nobody anything and that only the same question takes."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha512
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_PURPOSE: Final = b"emc-monitor, cursors of the API"


class Cursors:
    """Seals keys of dossiers. The same key gives the same cursor, so that a page keeps its tag."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(sha512(_PURPOSE + secret).digest())

    def seal(self, question: str, key: str) -> str:
        """The cursor behind a key, for a question."""
        sealed = self._cipher.encrypt(key.encode(), [question.encode()])
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, question: str, cursor: str) -> str:
        """The key. Raises ValueError for a cursor that was not made for this question."""
        try:
            sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            return self._cipher.decrypt(sealed, [question.encode()]).decode()
        except (InvalidTag, binascii.Error, ValueError, UnicodeEncodeError):
            raise ValueError(
                "it was not made for this question: follow the link `next` of the page before,"
                " or leave it out to begin anew"
            ) from None
