"""Lines of months that were over when they were booked, kept apart from the journal.

What moves a month's figures after its closing is little of all that is booked after it. The
journal has no order but that of booking, so who asks what has moved would read all of it; these
lie by ministry and province.

A line is late if its day is before the month in which the last cut before its page was
published. So after a cut, every line of a month that was over when it was published is here.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from monitor.domain.zone import Zone, date_of, day_number

_CUTS = """
    SELECT seq, sealed_at FROM cut
    WHERE seq < $2
      AND seq >= coalesce((SELECT seq FROM cut WHERE seq <= $1 ORDER BY seq DESC LIMIT 1), 0)
    ORDER BY seq
"""
_KEEP = """
    INSERT INTO late_page (level1, seq, class, measures, cells, days, slots, amounts)
    SELECT CASE WHEN cell.level1 COLLATE "C" ~ '^[A-Y][0-9]{2}$' THEN cell.level1 ELSE '' END,
           line.seq, line.class, array_agg(line.measure), array_agg(line.cell),
           array_agg(line.day), array_agg(line.slot), array_agg(line.amount)
    FROM journal AS line JOIN cell ON cell.id = line.cell
    WHERE line.seq > $1 AND line.seq <= $2 AND line.day < $3
    GROUP BY 1, 2, 3
"""


class Stretch(NamedTuple):
    """Numbers of the journal, and before which day a line of them is late."""

    above: int
    upto: int
    first_day: int


async def stretches(connection: Any, zone: Zone, above: int, upto: int) -> list[Stretch]:
    """A part of the journal, divided where the cuts before its pages are of another month.

    Of what was booked before the first cut nothing is late: nobody asks what has moved since.
    """
    begun: list[tuple[int, int]] = []
    for seq, sealed_at in await connection.fetch(_CUTS, above, upto):
        first_day = _month(zone, sealed_at)
        if not begun or first_day != begun[-1][1]:
            begun.append((max(above, seq), first_day))
    return [
        Stretch(begin, end, first_day)
        for (begin, first_day), (end, _) in pairwise([*begun, (upto, 0)])
    ]


async def keep(connection: Any, zone: Zone, above: int, upto: int) -> None:
    """Keep the late lines of a part of the journal; in the transaction that folds it."""
    for stretch in await stretches(connection, zone, above, upto):
        await connection.execute(_KEEP, *stretch)


async def since(connection: Any) -> int | None:
    """From which number of the journal on they are kept up to the balances' watermark; None: not."""
    found: int | None = await connection.fetchval(
        "SELECT late_from FROM follower WHERE late_seq = seq"
    )
    return found


async def begin_anew(connection: Any) -> None:
    """Those that are kept are asked for no more; of what was booked before, the journal is."""
    await connection.execute("UPDATE follower SET late_from = seq, late_seq = seq")


def tells(
    kept_from: int | None, seq: int, sealed_at: datetime, last_day: int, zone: Zone
) -> bool:
    """Whether the late lines are all lines of days up to one that were booked after a cut.

    `kept_from`: what `since` has found; the cut's number and when it was published.
    """
    return kept_from is not None and kept_from <= seq and last_day < _month(zone, sealed_at)


def _month(zone: Zone, at: datetime) -> int:
    """The first day of the month that an instant is in."""
    return day_number(date_of(zone.day(int(at.timestamp() * 1000))).replace(day=1))
