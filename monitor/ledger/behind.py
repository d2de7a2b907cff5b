"""What is behind a fact: the dossiers that it counts, and what moved it from one cut to another.

A dossier is behind a fact if what it has booked there does not add up to 0. That is asked of the
dossiers themselves, as they are booked now, a page at a time: first of those whose codes begin
with an agency of the scope, then of all others, which may have come to it by a hand-off. Dossiers
that were retired have nothing booked by themselves any more, and are not found.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken

from monitor.domain.composition import Entry, Share, made_of, weight
from monitor.domain.facts import Term
from monitor.domain.period import Period
from monitor.domain.scope import Reach, Scope
from monitor.ledger.follower import Cut
from monitor.ledger.forms import RETIRED, plain_booked
from monitor.ledger.packing import unpack_entries
from monitor.ledger.reading_known import meant
from monitor.ledger.reading_load import booked_codes
from monitor.ledger.readings import read
from monitor.ledger.tokens import secret, token
from monitor.ledger.unit import Entry as BookedEntry
from monitor.reference.hierarchy import hierarchy
from monitor.reference.policy import Reference

AT_ONCE: Final = 2_000  # dossiers that one query looks at
MOST_LOOKED_AT: Final = 20_000  # and one page of an answer
_FIRST, _LAST = "", "\U0010ffff"


class NoSuchPage(ValueError):
    """What was given as the place to go on from was not given out by this ledger."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A page of dossiers. It may be empty and yet not be the last."""

    dossiers: tuple[str, ...]  # keys, or tokens
    following: str | None  # where to go on; None: that is all


async def behind(
    pool: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    term: Term,
    *,
    today: int,
    following: str | None = None,
    most: int = 100,
    as_tokens: bool = True,
    most_looked_at: int = MOST_LOOKED_AT,
) -> Behind:
    """The next dossiers behind a fact. Raises `NoSuchPage`."""
    shares = made_of(term)
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        key_secret = await secret(connection)
        seal = Fernet(urlsafe_b64encode(key_secret))
        place, key = _unsealed(seal, following)
        ranges = _ranges(scope, reference)
        if place >= len(ranges):
            raise NoSuchPage(following)
        counted = _Counted(
            shares,
            period.first_day,
            min(period.last_day, today),
            meant(scope, reference),
            hierarchy(reference.agencies, await booked_codes(connection)).holds(scope),
        )
        found: list[str] = []
        left = most_looked_at
        while place < len(ranges) and left > 0 and len(found) < most:
            above, below = ranges[place]
            at_once = min(AT_ONCE, left)
            rows = await connection.fetch(_DOSSIERS, max(key, above), below, at_once, RETIRED)
            await counted.learn(connection, rows)
            for row in rows:
                key, left = row["key"], left - 1
                if counted.counts(key):
                    found.append(key)
                    if len(found) == most:
                        break
            else:
                if len(rows) < at_once:
                    place, key = place + 1, _FIRST
    return Behind(
        tuple(token(key_secret, one) if as_tokens else one for one in found),
        _sealed(seal, place, key) if place < len(ranges) else None,
    )


_DOSSIERS: Final = (
    "SELECT key, booked, booked_form FROM booked_now"
    " WHERE key > $1 AND key < $2 AND form <> $4 ORDER BY key LIMIT $3"
)


def _sealed(seal: Fernet, place: int, key: str) -> str:
    """Where to go on, so that nobody can read in it which dossier comes last."""
    return seal.encrypt(f"{place}:{key}".encode()).decode()


def _unsealed(seal: Fernet, following: str | None) -> tuple[int, str]:
    if following is None:
        return 0, _FIRST
    try:
        place, _, key = seal.decrypt(following.encode()).decode().partition(":")
    except InvalidToken:
        raise NoSuchPage(following) from None
    return int(place), key


def _ranges(scope: Scope, reference: Reference) -> list[tuple[str, str]]:
    """Stretches of keys: those that begin with an agency of the scope, then those between."""
    if not scope.agency or scope.reach is Reach.SECTOR:
        return [(_FIRST, _LAST)]
    codes = {scope.agency, *reference.agencies.former(scope.agency)}
    first = sorted(
        (f"{code}-", f"{code}/")  # the character after the dot
        for code in codes
        if not any(code.startswith(f"{other}.") for other in codes)
    )
    ends = [_FIRST, *(below for _, below in first)]
    begins = [*(above for above, _ in first), _LAST]
    return [*first, *zip(ends, begins, strict=True)]


@dataclass
class _Counted:
    """What a dossier has booked, held against a fact."""

    shares: tuple[Share, ...]
    first_day: int
    last_day: int
    is_meant: Callable[[str], bool]  # of a procedure
    agencies: frozenset[str]
    _cells: dict[int, tuple[int, int] | None] = field(default_factory=dict)
    _booked: dict[str, dict[BookedEntry, int]] = field(default_factory=dict)

    async def learn(self, connection: Any, rows: Sequence[Any]) -> None:
        """Unpack what dossiers have booked, and ask for the cells that were not met before."""
        measures = {measure for share in self.shares for measure, _ in share.sum.measures}
        self._booked = {
            row["key"]: {
                entry: amount
                for entry, amount in unpack_entries(
                    plain_booked(row["booked"], row["booked_form"])
                ).items()
                if entry[0] in measures
            }
            for row in rows
        }
        new = {cell for booked in self._booked.values() for _, cell, _, _ in booked}
        for number, agency, procedure, channel, level in await connection.fetch(
            "SELECT id, agency, procedure, channel, level FROM cell WHERE id = ANY($1)",
            list(new - self._cells.keys()),
        ):
            here = agency in self.agencies and self.is_meant(procedure)
            self._cells[number] = (channel, level) if here else None

    def counts(self, key: str) -> bool:
        """Whether what a dossier has booked there does not add up to 0."""
        total = 0
        for (measure, cell, day, slot), amount in self._booked[key].items():
            place = self._cells[cell]
            if place is not None:
                entry = Entry(measure, *place, day, slot)
                total += amount * weight(self.shares, entry, self.first_day, self.last_day)
        return total != 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact at two cuts, and what was booked between them: sums of what adds and what takes."""

    before: int | None
    after: int | None
    came: int
    went: int


async def differences(
    pool: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    terms: Iterable[Term],
    then: Cut,
    now: Cut,
    *,
    today: int,
) -> dict[Term, Difference]:
    """What facts were at one cut and at a later one, both as of the same day.

    The journal knows accounts and no dossiers: what a dossier takes from one account and adds to
    another of the same fact, as when it is found to have ended on another day, has come and gone.
    """
    wanted = set(terms)
    before = await read(pool, reference, [scope], period, wanted, cut=then, today=today)
    after = await read(pool, reference, [scope], period, wanted, cut=now, today=today)
    made = {term: made_of(term) for term in wanted}
    moved = {term: [0, 0] for term in wanted}
    last_day = min(period.last_day, today)
    is_meant = meant(scope, reference)
    async with pool.acquire() as connection:
        codes = hierarchy(reference.agencies, await booked_codes(connection)).holds(scope)
        rows = await connection.fetch(
            _MOVED,
            then.seq,
            now.seq,
            sorted({m for shares in made.values() for s in shares for m, _ in s.sum.measures}),
            last_day,
        )
    for agency, procedure, measure, channel, level, day, slot, gross in rows:
        if agency not in codes or not is_meant(procedure):
            continue
        entry = Entry(measure, channel, level, day, slot)
        for term, shares in made.items():
            amount = gross * weight(shares, entry, period.first_day, last_day)
            moved[term][amount < 0] += abs(amount)
    earlier, later = before.facts(scope), after.facts(scope)
    return {term: Difference(earlier(term), later(term), *moved[term]) for term in wanted}


# What adds to an account and what takes from it, apart.
_MOVED: Final = """
    SELECT cell.agency, cell.procedure, line.measure, cell.channel, cell.level, line.day, line.slot,
           sum(line.amount)::int8
    FROM journal AS line JOIN cell ON cell.id = line.cell
    WHERE line.seq > $1 AND line.seq <= $2 AND line.measure = ANY($3::int2[]) AND line.day <= $4
    GROUP BY 1, 2, 3, 4, 5, 6, 7, line.amount > 0
"""
