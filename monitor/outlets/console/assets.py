"""Files that pages refer to: named by their content, so that they may be kept for good."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

BASE: Final = "/static"
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class Asset(NamedTuple):
    body: bytes
    content_type: str


@cache
def _all() -> dict[str, tuple[str, Asset]]:
    found = {}
    for one in (files(__package__) / "static").iterdir():
        stem, _, ending = one.name.rpartition(".")
        if ending not in _TYPES:
            continue
        body = one.read_bytes()
        digest = sha256(body).hexdigest()[:12]
        found[one.name] = (f"{stem}.{digest}.{ending}", Asset(body, _TYPES[ending]))
    return found


@cache
def address(name: str) -> str:
    """The address of a file. Raises `KeyError`."""
    return f"{BASE}/{_all()[name][0]}"


@cache
def by_address() -> dict[str, Asset]:
    """Files by the last part of their address."""
    return dict(_all().values())
