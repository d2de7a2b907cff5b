"""The secrets under which the edge hides who somebody is, and what it writes in their place.

An applicant is a keyed hash that is constant within a calendar year and another one the next, so
that nobody can be followed for longer. Texts that may hold an identifier become tokens, which
are constant for good: an event told again, and a void of it, must find each other.
"""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Self

FIRST_YEAR: Final = 1990
LEGACY_ID: Final = "k0"  # of the one key that `emc replay` has always had
TOKEN_MARK: Final = "~"  # noqa: S105 - begins no code and no name that passes the edge
_ID: Final = re.compile(r"[a-z][a-z0-9]{0,15}")
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_LEAST_BYTES: Final = 16
_MOST_BYTES: Final = 64  # as many as BLAKE2b takes
_HOW: Final = (
    "write id:first year:secret, several with commas between, as k1:2026:…,k2:2027:…, each"
    " secret 16 to 64 random bytes in base64 (openssl rand -base64 32)"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and from which calendar year on applicants are hashed under it."""

    id: str
    from_year: int
    secret: bytes


class Keys:
    """The secrets of one deployment, the first of which makes tokens for good."""

    __slots__ = ("_keys", "_token_key", "_years")

    def __init__(self, keys: Sequence[Key]) -> None:
        if not keys:
            raise ValueError("there is no key; " + _HOW)
        self._keys = tuple(sorted(keys, key=lambda key: key.from_year))
        if len({key.id for key in keys}) < len(keys):
            raise ValueError("two keys have the same id")
        if len({key.from_year for key in keys}) < len(keys):
            raise ValueError("two keys begin in the same year")
        self._years: dict[int, tuple[bytes, bytes, str]] = {}
        # Not the secret itself: what makes tokens must not make applicants.
        self._token_key = blake2b(
            b"", key=self._keys[0].secret, digest_size=32, person=b"emc token key"
        ).digest()

    @classmethod
    def of(cls, text: str, single: str = "") -> Self:
        """From the settings; `single` is the one key of before there were several.

        `ValueError` says what is wrong and never repeats a secret.
        """
        if not text.strip():
            if not single:
                raise ValueError("there is no key; " + _HOW)
            return cls([Key(LEGACY_ID, FIRST_YEAR, _of_text(single))])
        parts = enumerate(text.split(","), 1)
        return cls([_key(part.strip(), place, single) for place, part in parts])

    def applicant(self, identity: str, year: int) -> str:
        """What stands for an applicant in a calendar year: `k1.2026:` and 32 digits."""
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._of_year(year)
        secret, salt, prefix = known
        return (
            prefix
            + blake2b(
                identity.encode("utf-8", "surrogatepass"),
                key=secret,
                digest_size=16,
                salt=salt,
                person=b"emc applicant id",
            ).hexdigest()
        )

    def token(self, text: str) -> str:
        """What stands for a text that may hold an identifier: the same for good.

        Letters only: a row of digits by chance would look like the very thing it hides.
        """
        hidden = blake2b(
            text.encode("utf-8", "surrogatepass"), key=self._token_key, digest_size=12
        )
        return TOKEN_MARK + hidden.hexdigest().translate(_LETTERS)

    def _of_year(self, year: int) -> tuple[bytes, bytes, str]:
        begun = [key for key in self._keys if key.from_year <= year]
        key = begun[-1] if begun else self._keys[0]
        return key.secret, year.to_bytes(2), f"{key.id}.{year}:"


def _of_text(single: str) -> bytes:
    return blake2b(single.encode(), digest_size=32, person=b"emc single key").digest()


def _key(part: str, place: int, single: str) -> Key:
    id_, _, rest = part.partition(":")
    year, _, secret = rest.partition(":")
    if not (_ID.fullmatch(id_) and re.fullmatch(r"[0-9]{4}", year)):
        raise ValueError(f"key {place} has no id and year before its secret; {_HOW}")
    if single and not secret:  # the single key, where others follow it
        return Key(id_, int(year), _of_text(single))
    try:
        raw = b64decode(secret, validate=True)
    except ValueError:
        raw = b""
    if not _LEAST_BYTES <= len(raw) <= _MOST_BYTES:
        raise ValueError(f"the secret of key {id_} is not one; {_HOW}")
    return Key(id_, int(year), raw)
