"""Keeps the connections of sources: counts what bookings put by, compares claims, judges, keeps.

Runs beside the ingest agent, off the hot path; of many that run one leads.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from agents.leading import leading
from monitor.domain.activity import Counted, Part, count
from monitor.domain.calendar import WorkCalendar
from monitor.domain.connection import Connection, Expected, Registered, judge
from monitor.domain.event import Kind
from monitor.domain.policy import Policy
from monitor.domain.rhythm import Thresholds, Week
from monitor.domain.zone import DAY_MS, day_number
from monitor.ledger import connections
from monitor.ledger.locks import CONNECTIONS
from monitor.ledger.sources import Source, Status, entered_ms, read_all
from schemas.claim import NUMBERS
from schemas.packed import unpack_events

ROUND_SECONDS: Final = 5.0  # between two rounds of counting
JUDGE_SECONDS: Final = 60.0  # between two judgements of a source
BRISK_SECONDS: Final = 0.5
ROUNDS_A_SWEEP: Final = 700  # about an hour
KEPT_DAYS: Final = 100  # activity; claims and how a connection stood are kept for good
JUDGED_DAYS: Final = 62  # a month, and the four weeks before it that its rhythm rests on
REWRITTEN_DAYS: Final = 35  # how a connection stood before that is not judged again


def keeping(
    dsn: str,
    policy: Policy,
    *,
    now_ms: Callable[[], int],
    thresholds: Thresholds | None = None,
    brisk: bool = False,
) -> AbstractAsyncContextManager[None]:
    """Keep connections within the block."""
    return leading(
        dsn,
        Keeper(policy, thresholds or Thresholds(), now_ms=now_ms, brisk=brisk),
        lock=CONNECTIONS,
        name="emc.keeper",
        seconds=BRISK_SECONDS if brisk else ROUND_SECONDS,
    )


class Keeper:
    """One of many that may keep; only who leads does anything."""

    def __init__(
        self,
        policy: Policy,
        thresholds: Thresholds,
        *,
        now_ms: Callable[[], int],
        brisk: bool = False,
    ) -> None:
        self._zone = policy.zone
        self._policy = policy
        self._plain = WorkCalendar(zone=policy.zone)
        self._weeks: dict[str, Week] = {}  # by the calendar's version
        self._thresholds = thresholds
        self._now_ms = now_ms
        self._judge_ms = int((BRISK_SECONDS if brisk else JUDGE_SECONDS) * 1000)
        self._judged_at: dict[str, int] = {}
        self._dirty: set[tuple[str, int]] = set()
        self._rounds = 0

    async def round(self, connection: Any) -> bool:
        """Count, compare, judge what is due; whether there is more to count at once."""
        sources = {source.code: source for source in await read_all(connection)}
        taken = await self._count(connection, sources)
        if taken < connections.TAKEN_AT_ONCE:
            await self._compare(connection)
            await self._judge(connection, sources)
        if self._rounds % ROUNDS_A_SWEEP == 0:
            await connections.sweep(connection, self._now_ms() - KEPT_DAYS * DAY_MS)
            await connections.merge_parts(connection)
        self._rounds += 1
        return taken == connections.TAKEN_AT_ONCE

    def left(self) -> None:
        """What another had under way when it led is asked for anew."""
        self._rounds = 0

    async def _count(self, connection: Any, sources: Mapping[str, Source]) -> int:
        claiming = {code for code, source in sources.items() if source.claiming}
        async with connection.transaction():
            rows = await connections.take(connection)
            counted = Counted()
            for row in rows:
                events, replaced = unpack_events(row.events), unpack_events(row.replaced)
                count(events, replaced, self._zone, claiming, counted)
                await asyncio.sleep(0)
            if rows:
                await connections.add(connection, counted)
                await connections.add_rest(connection, rows)
        self._dirty.update((key.source, key.day) for key in counted.days)
        self._dirty.update((source, day) for row in rows for source, day in row.claimed)
        return len(rows)

    async def _compare(self, connection: Any) -> None:
        """Of days that something came for; those of others have not changed."""
        if not self._rounds:
            # What was under way when somebody else led.
            first = self._zone.day(self._now_ms()) - REWRITTEN_DAYS
            self._dirty.update(await connections.claimed_days(connection, first))
        for source, day in sorted(self._dirty):
            await connections.compare(connection, source, day)
        self._dirty.clear()

    async def _judge(self, connection: Any, sources: Mapping[str, Source]) -> None:
        now = self._now_ms()
        for code in self._judged_at.keys() - sources.keys():
            del self._judged_at[code]
        for code, source in sources.items():
            if source.status is Status.REVOKED:
                await connections.forget(connection, code)
            elif now - self._judged_at.get(code, -self._judge_ms) >= self._judge_ms:
                await self.judge(connection, source, now)
                self._judged_at[code] = now
                await asyncio.sleep(0)

    async def judge(self, connection: Any, source: Source, now: int) -> Connection:
        """Judge a source by what the ledger has of it, and keep the result."""
        registered = await self._registered(connection, source, now)
        activity = await connections.activity(
            connection,
            source.code,
            registered.expected,
            now - JUDGED_DAYS * DAY_MS,
            now - REWRITTEN_DAYS * DAY_MS,
        )
        from_ms = now - REWRITTEN_DAYS * DAY_MS
        judged = judge(
            registered,
            activity,
            self._week(source.owner),
            now,
            self._thresholds,
            from_ms=from_ms,
        )
        await connections.keep(
            connection, source.code, judged, trial=source.trial, now_ms=now, from_ms=from_ms
        )
        return judged

    def _week(self, owner: str) -> Week:
        """The days of an agency: one that has hours of its own has a rhythm by those."""
        legal = self._policy.legal
        # Without reference files: office hours, and no holidays.
        calendar = self._plain if legal is None else legal.calendars.calendar(owner)
        if calendar.version not in self._weeks:
            self._weeks[calendar.version] = Week.of(calendar)
        return self._weeks[calendar.version]

    async def _registered(self, connection: Any, source: Source, now: int) -> Registered:
        if source.go_live is not None and not source.trial:
            begins = self._zone.start_of(day_number(source.go_live))
        else:
            begins = min(await entered_ms(connection, source.code), now)
        beat = source.heartbeat_seconds
        return Registered(
            begins_ms=begins,
            trial=source.trial,
            claiming=source.claiming,
            beat_ms=None if beat is None else beat * 1000,
            expected=tuple(expected_of(source)),
        )


def expected_of(source: Source) -> Iterable[Expected]:
    """An expectation that names several things is judged by each of them."""
    for one in source.expectations:
        if one.kind in _NUMBERS:  # petitions and signals are not judged
            yield Expected(Part.KIND, str(int(_NUMBERS[one.kind])), one.within_days)
        if one.unit:
            yield Expected(Part.UNIT, one.unit, one.within_days)
        if one.procedure:
            yield Expected(Part.PROCEDURE, one.procedure, one.within_days)


_NUMBERS: Final[Mapping[str, Kind]] = {str(type_): kind for type_, kind in NUMBERS.items()}
