"""Requests that systems say they answered: counted once, by source, interface, answer and duration.

An edge that crashed tells again what it has told. So the last requests of each source are known
by a mark of their identity, kept in the transaction that counts them.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from monitor.domain.activity import HOUR_MS, MINUTE_MS, Arrived, HourKey
from monitor.ledger import connections

# Upper bounds in ms; a last bin has none. Chosen by what is asked: the mean of 2.5 s and the 10 s
# at most that designs of such systems are held to, the tenth of a second and the second up to
# which a person feels no wait, half steps between, and the half minute at which gateways give up.
# Bins are kept in the ledger: another set of bounds needs another table.
BOUNDS_MS: Final = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)

INTERFACES: Final = 20  # of a source, with a request in so many days; beyond, OTHER_INTERFACE
FRESH_DAYS: Final = 30
FRESH_MS: Final = FRESH_DAYS * 86_400_000
OTHER_INTERFACE: Final = "other"
LATE_MS: Final = 3_600_000  # told so long after it happened, a request says nothing of now
LIVE, LATE = 0, 1

MARKS: Final = 50_000  # of a source: more than an edge has in hand when it crashes
_MARK_BYTES: Final = 8


class Account(NamedTuple):
    """What requests are counted under."""

    source: str
    interface: str
    booking_class: int
    answer: str
    bin: int


@dataclass(slots=True)
class Sum:
    """What is counted."""

    requests: int = 0
    ms: int = 0
    last_ms: int = 0


class Recent:
    """The last requests of a source, and the interfaces that they were of."""

    def __init__(self, marks: Iterable[bytes], interfaces: Mapping[str, int]) -> None:
        self._order: deque[bytes] = deque(marks, maxlen=MARKS)
        self._known = set(self._order)
        self._interfaces = dict(interfaces)  # when the last request of each arrived

    def is_new(self, mark: bytes) -> bool:
        """Whether this request is none of the last ones; from now on it is."""
        if mark in self._known:
            return False
        if len(self._order) == MARKS:
            self._known.discard(self._order[0])
        self._order.append(mark)
        self._known.add(mark)
        return True

    def interface(self, name: str, arrived_ms: int) -> str:
        """What a request of an interface is counted under."""
        if name not in self._interfaces:
            fresh = sum(last >= arrived_ms - FRESH_MS for last in self._interfaces.values())
            if fresh >= INTERFACES:
                return OTHER_INTERFACE
        self._interfaces[name] = max(arrived_ms, self._interfaces.get(name, 0))
        return name


@dataclass(slots=True)
class Requests:
    """What one unit counts."""

    sums: dict[Account, Sum] = field(default_factory=dict)
    marks: dict[str, list[bytes]] = field(default_factory=dict)
    hours: dict[HourKey, Arrived] = field(default_factory=dict)

    def add(self, account: Account, duration_ms: int, arrived_ms: int, mark: bytes) -> None:
        """Count a request that is new."""
        held = self.sums.setdefault(account, Sum())
        held.requests += 1
        held.ms += duration_ms
        held.last_ms = max(held.last_ms, arrived_ms)
        self.marks.setdefault(account.source, []).append(mark)
        if account.booking_class == LIVE:
            hour, within = divmod(arrived_ms, HOUR_MS)
            here = self.hours.setdefault(HourKey(account.source, hour), Arrived())
            here.events += 1
            here.minutes |= 1 << within // MINUTE_MS
            here.last_ms = max(here.last_ms, arrived_ms)


def mark_of(source: str, id_: str) -> bytes:
    """What a request is known by."""
    return blake2b(f"{source}\0{id_}".encode(), digest_size=_MARK_BYTES).digest()


def bin_of(duration_ms: int) -> int:
    """The bin of a duration."""
    return bisect_left(BOUNDS_MS, duration_ms)


def booking_class(claimed_ms: int, arrived_ms: int) -> int:
    """Whether a request was told while it mattered."""
    return LIVE if arrived_ms - claimed_ms <= LATE_MS else LATE


async def recent(pool: Any, sources: Collection[str]) -> dict[str, Recent]:
    """What the ledger knows of the last requests of these sources."""
    marks: dict[str, list[bytes]] = {source: [] for source in sources}
    interfaces: dict[str, dict[str, int]] = {source: {} for source in sources}
    # The last of each, of which the oldest may be left over from before a sweep.
    for source, packed in await pool.fetch(
        "SELECT source, marks FROM request_seen WHERE source = ANY($1) ORDER BY id",
        list(sources),
    ):
        marks[source] += [
            packed[at : at + _MARK_BYTES] for at in range(0, len(packed), _MARK_BYTES)
        ]
    for source, interface, last_ms in await pool.fetch(
        "SELECT source, interface, max(last_ms) FROM request WHERE source = ANY($1)"
        " AND interface <> $2 GROUP BY 1, 2",
        list(sources),
        OTHER_INTERFACE,
    ):
        interfaces[source][interface] = last_ms
    return {source: Recent(marks[source], interfaces[source]) for source in sources}


async def book(connection: Any, requests: Requests) -> None:
    """Within a booking's transaction: count, and remember what was counted.

    A request is an event of its source like any other: a portal that sends nothing else is
    connected by them.
    """
    if not requests.sums:
        return
    accounts = sorted(requests.sums.items())
    await connection.execute(
        """
        INSERT INTO request AS held
            (source, interface, trial, class, answer, bin, requests, ms, last_ms)
        SELECT given.source, interface, coalesce(source.status = 'trial', false), class, answer,
               bin, requests, ms, last_ms
        FROM unnest($1::text[], $2::text[], $3::int2[], $4::text[], $5::int2[], $6::int8[],
                    $7::int8[], $8::int8[])
             AS given (source, interface, class, answer, bin, requests, ms, last_ms)
        LEFT JOIN source ON source.code = given.source
        ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (source, interface, trial, class, answer, bin) DO UPDATE
        SET requests = held.requests + excluded.requests, ms = held.ms + excluded.ms,
            last_ms = greatest(held.last_ms, excluded.last_ms)
        """,
        *([account[place] for account, _ in accounts] for place in range(5)),
        [held.requests for _, held in accounts],
        [held.ms for _, held in accounts],
        [held.last_ms for _, held in accounts],
    )
    await connection.execute(
        "INSERT INTO request_seen (source, marks) SELECT * FROM unnest($1::text[], $2::bytea[])",
        list(requests.marks),
        [b"".join(marks) for marks in requests.marks.values()],
    )
    await connections.add_arrived(connection, requests.hours)


async def sweep(connection: Any) -> None:
    """Forget marks that are no longer among the last of their source."""
    await connection.execute(
        """
        DELETE FROM request_seen WHERE id IN (
            SELECT id FROM (
                SELECT id, sum(length(marks)) OVER (
                    PARTITION BY source ORDER BY id DESC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS later
                FROM request_seen
            ) AS row WHERE later >= $1
        )
        """,
        MARKS * _MARK_BYTES,
    )


class Requested(NamedTuple):
    """Requests of live sources, told while they mattered, of an interface, answer and bin."""

    source: str
    interface: str
    answer: str
    bin: int
    requests: int
    ms: int
    fresh: bool  # whether the interface has had a request in FRESH_DAYS


_SHOWN: Final = """
    SELECT source, interface, answer, bin, requests, ms,
           max(last_ms) OVER (PARTITION BY source, interface) >= $1
    FROM request WHERE NOT trial AND class = 0
"""


async def shown(pool: Any, now_ms: int) -> Sequence[Requested]:
    """What `/metrics` shows."""
    rows = await pool.fetch(_SHOWN, now_ms - FRESH_MS)
    return [Requested(*row) for row in rows]
