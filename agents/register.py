"""The register of sources as edge processes see it: a snapshot, refreshed every few seconds.

Whoever takes records in asks it for each of them, and never the ledger. While the ledger is away
the last snapshot stands.
"""

import asyncio
import base64
import hmac
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

import asyncpg
import structlog

from agents.clear import IDENTIFIER, is_code
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.sources import CODE_PATTERN, INBOUND, Source, Sources, Status, Unknown, Via

REFRESH_SECONDS: Final = 3.0
TOKEN_BYTES: Final = 32
MOST_UNTOLD: Final = 1_000  # unknown senders remembered until the ledger is told
_CODE: Final = re.compile(CODE_PATTERN)

Network = IPv4Network | IPv6Network


def new_token() -> str:
    """A token of 256 random bits; the prefix lets scanners of secrets know it."""
    return "emc_" + base64.urlsafe_b64encode(os.urandom(TOKEN_BYTES)).decode().rstrip("=")


def token_hash(token: str) -> bytes:
    """All that is kept of a token. No slow hash: nobody guesses 256 bits."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Snapshot:
    """The register as of one moment. Revoked sources are in it, and are found by nothing."""

    sources: tuple[Source, ...]
    version: int
    _codes: Mapping[str, Source] = field(init=False, repr=False)
    _tokens: Mapping[bytes, tuple[Source, int]] = field(init=False, repr=False)
    _sites: Mapping[int, tuple[Source, tuple[Network, ...]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        taken = [source for source in self.sources if source.status is not Status.REVOKED]
        object.__setattr__(self, "_codes", {source.code: source for source in taken})
        object.__setattr__(
            self,
            "_tokens",
            {
                credential.hash: (source, place)
                for source in taken
                for place, credential in enumerate(source.credentials)
            },
        )
        object.__setattr__(
            self,
            "_sites",
            {
                source.site_id: (source, tuple(map(ip_network, source.addresses)))
                for source in taken
                if source.site_id is not None
            },
        )

    def by_code(self, code: str) -> Source | None:
        return self._codes.get(code)

    def by_topic(self, topic: str) -> Source | None:
        """Whose inbound topic it is."""
        return self._codes.get(topic[len(INBOUND) :]) if topic.startswith(INBOUND) else None

    def by_token(self, token: str, at: datetime) -> Source | None:
        """Whose token it is, if it is valid at this time."""
        said = token_hash(token)
        # Looked up by what nobody can choose: how long that takes tells nothing of a token. The
        # comparison is one in constant time all the same.
        source, place = self._tokens.get(said, (None, 0))
        if source is None:
            return None
        credential = source.credentials[place]
        same = hmac.compare_digest(credential.hash, said)
        return source if same and credential.valid(at) else None

    def by_site(self, site_id: int, address: str) -> Source | None:
        """Whose SiteId it is, if the request comes from an admitted address."""
        source, networks = self._sites.get(site_id, (None, ()))
        if source is None:
            return None
        try:
            here: IPv4Address | IPv6Address = ip_address(address)
        except ValueError:
            return None
        if isinstance(here, IPv6Address) and here.ipv4_mapped:
            here = here.ipv4_mapped
        return source if any(here in network for network in networks) else None

    def topics(self) -> tuple[str, ...]:
        """The inbound topics of all sources that are taken."""
        return tuple(source.topic for source in self._codes.values())


EMPTY: Final = Snapshot((), -1)


class Register:
    """Keeps a snapshot fresh, and tells the ledger who knocked and is not in it."""

    def __init__(
        self,
        sources: Sources,
        *,
        now: Callable[[], datetime],
        every_seconds: float = REFRESH_SECONDS,
        changed: Callable[[Snapshot], None] = lambda _: None,
    ) -> None:
        self._sources = sources
        self._now = now
        self._every_seconds = every_seconds
        self._changed = changed
        self._untold: dict[tuple[Via, str, str], Unknown] = {}
        self._say = structlog.get_logger("emc.register")
        self._away = False
        self._task: asyncio.Task[None] | None = None
        self.snapshot: Snapshot = EMPTY
        self.refreshed_at: datetime | None = None  # when the ledger last answered
        self.unknown_records = 0  # since this process has started

    async def __aenter__(self) -> Self:
        """The first snapshot is waited for: without one everybody would be unknown."""
        await self.refresh()
        self._task = asyncio.create_task(self._keep_fresh())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(*UNAVAILABLE):
            await self._tell()

    async def refresh(self) -> bool:
        """Read what has changed; whether anything had. Raises where the ledger is away."""
        version = await self._sources.version()
        changed = version != self.snapshot.version
        if changed:
            self.snapshot = Snapshot(tuple(await self._sources.all()), version)
        self.refreshed_at = self._now()
        await self._tell()
        if changed:
            self._changed(self.snapshot)
        return changed

    def age_seconds(self) -> float:
        """How long ago the ledger last answered."""
        if self.refreshed_at is None:
            return float("inf")
        return (self._now() - self.refreshed_at).total_seconds()

    def note_unknown(self, via: Via, said: str, address: str = "", records: int = 1) -> None:
        """Somebody sends who is not in the register.

        Of a token a few digits of its hash stay, and of any other text what looks like a code.
        """
        self.unknown_records += records
        if via is Via.TOKEN:
            said = token_hash(said).hex()[:8]
        elif via is Via.TOPIC:  # which an administrator has named
            if not _CODE.fullmatch(said.removeprefix(INBOUND)) or IDENTIFIER.search(said):
                said = ""
        elif not is_code(said):
            said = ""
        key = (via, said, address)
        known = self._untold.get(key)
        if known is None and len(self._untold) >= MOST_UNTOLD:
            return
        now = self._now()
        self._untold[key] = Unknown(
            via=via,
            said=said,
            address=address,
            records=records + (known.records if known else 0),
            first_seen=known.first_seen if known else now,
            last_seen=now,
        )

    async def _tell(self) -> None:
        untold, self._untold = self._untold, {}
        if not untold:
            return
        try:
            await self._sources.note_unknown(untold.values())
        except BaseException:
            self._untold = untold | self._untold
            raise

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                await self.refresh()
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                if not self._away:
                    self._say.warning(
                        "the register cannot be read; the last snapshot stands",
                        sources=len(self.snapshot.sources),
                        error=repr(error),
                    )
                self._away = True
            else:
                if self._away:
                    self._say.info("the register is read again")
                self._away = False
