"""Who is calling: from which address, over what, with which token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

from agents.gateway.answer import Code, Problem

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORWARDED: Final = (b"x-forwarded-for", b"x-forwarded-proto", b"forwarded")


def networks(text: str) -> tuple[Network, ...]:
    """Comma-separated addresses or ranges. Raises ValueError for anything else."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from; `private` if nobody could read it on its way."""

    address: Address | None
    private: bool


class Gatekeeper:
    """Reads the caller off a request.

    The headers that a proxy adds are believed only if the connection comes from one that is
    trusted; whoever is not could write there what he likes.
    """

    def __init__(self, trusted: Sequence[Network], *, plain_allowed: bool) -> None:
        self._trusted = tuple(trusted)
        self._plain_allowed = plain_allowed
        self._is_trusted = lru_cache(maxsize=4096)(self._in_trusted)

    def _in_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def caller(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> Caller:
        """Who is at the other end, behind the trusted proxies."""
        client = scope.get("client")
        peer = _address(client[0]) if client else None
        forwarded = any(name in headers for name in _FORWARDED)
        if peer is not None and forwarded and self._is_trusted(peer):
            return Caller(
                self._behind(peer, headers.get(b"x-forwarded-for", b"")),
                _last(headers.get(b"x-forwarded-proto", b"")) == "https",
            )
        # A proxy on this machine that nobody told us of brings what it got from anywhere.
        local = peer is not None and peer.is_loopback and not forwarded
        return Caller(peer, scope["scheme"] == "https" or local)

    def _behind(self, peer: Address, chain: bytes) -> Address | None:
        """The nearest address that is no trusted proxy; what stands before it may be invented."""
        found: Address | None = peer
        for part in reversed(chain.decode("latin-1").split(",")):
            found = _address(part.strip())
            if found is None or not self._is_trusted(found):
                break
        return found

    def token(self, caller: Caller, headers: Mapping[bytes, bytes]) -> str:
        """The bearer token. Raises `Problem` if there is none, or anybody could have read it."""
        given = headers.get(b"authorization")
        if given is None:
            raise Problem(
                Code.NO_TOKEN,
                "send the header Authorization: Bearer <token of the source>",
                headers=((b"www-authenticate", b'Bearer realm="emc"'),),
            )
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer" or not token.strip():
            raise Problem(
                Code.NO_TOKEN,
                "the header Authorization is not of the form: Bearer <token>",
                headers=((b"www-authenticate", b'Bearer realm="emc"'),),
            )
        if not (caller.private or self._plain_allowed):
            raise Problem(
                Code.TLS_REQUIRED,
                "the token came over a connection that others can read: have it rotated, and"
                " call with https",
            )
        return token.strip().decode("latin-1")


def unknown_token() -> Problem:
    """The same answer for a token never issued, expired or revoked."""
    return Problem(
        Code.UNKNOWN_TOKEN,
        "the register has no such token that is valid now",
        headers=((b"www-authenticate", b'Bearer realm="emc", error="invalid_token"'),),
    )


def _last(value: bytes) -> str:
    return value.decode("latin-1").rpartition(",")[2].strip().lower()
