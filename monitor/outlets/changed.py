"""Because of which dossiers a number is another one at a later cut than it was at an earlier.

The journal has no dossiers' names, but a dossier's events say when they came. Each dossier to which something
came between both cuts is folded twice, with what had come by either, and both are held against the sums that
the number is made of. What was booked long after it came, or anew by other rules, is not found so: the
journal's own count of what came and went stands beside it.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken

from monitor.domain.composition import Entry, Share, made_of, weight
from monitor.domain.facts import Term
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.period import Period
from monitor.domain.policy import Policy
from monitor.domain.post import post
from monitor.domain.scope import Scope
from monitor.ledger.forms import RETIRED
from monitor.ledger.reading_known import meant
from monitor.ledger.reading_load import booked_codes
from monitor.ledger.subjects import is_petition
from monitor.outlets.api.desk import Desk
from monitor.reference.hierarchy import hierarchy
from schemas.packed import unpack_events

AT_ONCE: Final = 500  # dossiers that are read together
MOST_LOOKED_AT: Final = 6_000  # for one page
MOST: Final = 200  # on it
_FIRST, _LAST = "", "\U0010ffff"

_MOVED: Final = """
    SELECT DISTINCT cell.agency FROM journal AS line JOIN cell ON cell.id = line.cell
    WHERE line.seq > $1 AND line.seq <= $2 AND line.measure = ANY($3::int2[]) AND line.day <= $4
"""
_KEYS: Final = "SELECT key FROM booked_now WHERE key > $1 AND key < $2 AND form <> $3 ORDER BY key LIMIT $4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a dossier counts in the number at both cuts."""

    key: str
    before: int
    after: int
    came: int  # events that came between
    last_ms: int  # when the last of them did


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of them. It may be empty and yet not be the last."""

    dossiers: tuple[Changed, ...]
    looked_at: int
    following: str | None

    @property
    def added(self) -> int:
        return sum(max(0, one.after - one.before) for one in self.dossiers)

    @property
    def taken(self) -> int:
        return sum(max(0, one.before - one.after) for one in self.dossiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """As of which cut."""

    until_ms: int  # what had come by then
    last_day: int
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class Number:
    """A sum of facts of a scope and period."""

    terms: tuple[tuple[int, tuple[Share, ...]], ...]
    first_day: int
    agencies: Collection[str]
    is_meant: Any  # of a procedure

    @classmethod
    def of(
        cls, terms: Iterable[Term], period: Period, agencies: Collection[str], is_meant: Any
    ) -> "Number":
        return cls(
            terms=tuple((term.sign, made_of(term)) for term in terms),
            first_day=period.first_day,
            agencies=agencies,
            is_meant=is_meant,
        )

    @property
    def measures(self) -> list[int]:
        return sorted(
            {
                measure
                for _, shares in self.terms
                for one in shares
                for measure, _ in one.sum.measures
            }
        )

    def holds(self, events: Sequence[Any], side: Side) -> int:
        """What a dossier of these events adds to it."""
        if not events:
            return 0
        policy = side.policy
        view = fold(settled(events), policy.portals, policy.repeat_ms)
        found = 0
        for account, amount in post(view, policy).items():
            cell = account.cell
            if cell.agency not in self.agencies or not self.is_meant(cell.procedure):
                continue
            entry = Entry(account.measure, cell.channel, cell.level, account.day, account.slot)
            for sign, shares in self.terms:
                found += sign * amount * weight(shares, entry, self.first_day, side.last_day)
        return found


def changed(
    key: str, events: Sequence[Any], number: Number, then: Side, now: Side
) -> Changed | None:
    """What a dossier did to a number between two cuts; None: nothing."""
    since = [one.arrival_ms for one in events if then.until_ms < one.arrival_ms <= now.until_ms]
    if not since and then.policy is now.policy and then.last_day == now.last_day:
        return None
    before = number.holds([one for one in events if one.arrival_ms <= then.until_ms], then)
    after = number.holds([one for one in events if one.arrival_ms <= now.until_ms], now)
    if before == after:
        return None
    return Changed(
        key=key,
        before=before,
        after=after,
        came=len(since),
        last_ms=max(since, default=0),
    )


async def dossiers(
    desk: Desk,
    scope: Scope,
    period: Period,
    terms: Iterable[Term],
    then: Any,
    now: Any,
    *,
    following: str | None = None,
    until: tuple[int, int] | None = None,
) -> Found:
    """A page of those that changed the number; `then` and `now` are grounds of official figures.

    `until`: so many added and taken are all there are. Raises `ValueError` for a place to go on from
    that is none of ours.
    """
    seal = Fernet(urlsafe_b64encode(await desk.secret()))
    everywhere, key = _unsealed(seal, following)
    async with desk.pool.acquire() as connection:
        booked = await booked_codes(connection)
    agencies = hierarchy(now.reference.agencies, booked).holds(scope)
    number = Number.of(terms, period, agencies, meant(scope, now.reference))
    sides = [await _side(desk, one, period) for one in (then, now)]
    rows = await desk.pool.fetch(
        _MOVED, then.cut.seq, now.cut.seq, number.measures, sides[1].last_day
    )
    near = _near({row["agency"] for row in rows} & set(agencies))
    walk = _Walk(desk, number, sides[0], sides[1])
    if not everywhere:
        for above, below in near:
            if key < below and await walk.through(max(key, above), below, until):
                return walk.found(seal, everywhere=False)
        key = _FIRST
    beginnings = [_FIRST, *(below for _, below in near)]
    ends = [*(above for above, _ in near), _LAST]
    for above, below in zip(beginnings, ends, strict=True):
        if key < below and await walk.through(max(key, above), below, until):
            return walk.found(seal, everywhere=True)
    return walk.found(seal, everywhere=True, over=True)


async def _side(desk: Desk, ground: Any, period: Period) -> Side:
    return Side(
        until_ms=int(ground.cut.read_at.timestamp() * 1000),
        last_day=min(period.last_day, ground.known.as_of_day),
        policy=await desk.policy_of(ground.known.reference),
    )


def _near(codes: Collection[str]) -> list[tuple[str, str]]:
    """Stretches of keys that begin with an agency where something moved: most are there."""
    return [(f"{code}-", f"{code}.") for code in sorted(codes)]


@dataclass
class _Walk:
    """Through dossiers in the order of their keys."""

    desk: Desk
    number: Number
    then: Side
    now: Side
    looked_at: int = 0
    last: str = _FIRST
    all_found: bool = False
    met: list[Changed] = field(default_factory=list)

    async def through(self, above: str, below: str, until: tuple[int, int] | None) -> bool:
        """Whether that is enough for one page."""
        self.last = above
        while True:
            rows = await self.desk.pool.fetch(_KEYS, self.last, below, RETIRED, AT_ONCE)
            keys = [row["key"] for row in rows if not is_petition(row["key"])]
            loaded = await self.desk.ledger.load(keys)
            # In a thread: some hundred dossiers are folded twice.
            self.met += await asyncio.to_thread(self._changed, keys, loaded)
            self.looked_at += len(rows)
            self.last = rows[-1]["key"] if rows else self.last
            if until is not None and until == self._counted():
                self.all_found = True
                return True
            if len(rows) < AT_ONCE:
                return False
            if self.looked_at >= MOST_LOOKED_AT or len(self.met) >= MOST:
                return True

    def _changed(self, keys: Iterable[str], loaded: Mapping[str, Any]) -> list[Changed]:
        found = []
        for key in keys:
            if (row := loaded.get(key)) is None:
                continue
            events = list(unpack_events(row.events))
            one = changed(key, events, self.number, self.then, self.now)
            if one is not None:
                found.append(one)
        return found

    def _counted(self) -> tuple[int, int]:
        page = Found(dossiers=tuple(self.met), looked_at=0, following=None)
        return page.added, page.taken

    def found(self, seal: Fernet, *, everywhere: bool, over: bool = False) -> Found:
        place = (
            None if over or self.all_found else _sealed(seal, self.last, everywhere=everywhere)
        )
        return Found(dossiers=tuple(self.met), looked_at=self.looked_at, following=place)


def _sealed(seal: Fernet, key: str, *, everywhere: bool) -> str:
    """Where to go on, so that nobody can read in it which dossier comes last."""
    return seal.encrypt(f"{int(everywhere)}:{key}".encode()).decode()


def _unsealed(seal: Fernet, following: str | None) -> tuple[bool, str]:
    if following is None:
        return False, _FIRST
    try:
        place, _, key = seal.decrypt(following.encode()).decode().partition(":")
    except InvalidToken:
        raise ValueError("it was not given out by this ledger: begin anew") from None
    return place == "1", key
