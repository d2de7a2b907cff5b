"""One recent dossier or request for a bucket of a histogram: never a dossier's code, but its token.

The ledger makes tokens itself, so that a code is not even kept here (`monitor.ledger.tokens`).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from monitor.ledger.unit import Exemplar

EVERY_MS: Final = 60_000  # one a bucket: whoever looks wants a recent one, not each
LONGEST: Final = 100  # of what is said; OpenMetrics gives 128 signs, with the label's name


class Histogram(StrEnum):
    """Whose buckets have exemplars."""

    CONSUMED = "consumed"
    REQUEST = "request"


class Bucket(NamedTuple):
    """A bucket that has one."""

    histogram: str
    name: str
    part: str
    bin: int


class Shown(NamedTuple):
    """What stands beside it."""

    said: str
    value: float
    at_ms: int


class Turns:
    """Lets a bucket have another exemplar when its last one is a minute old."""

    def __init__(self) -> None:
        self._last: dict[Bucket, int] = {}

    def due(self, bucket: Bucket, at_ms: int) -> bool:
        """Whether it is time; from now on it is not."""
        last = self._last.get(bucket)
        if last is not None and at_ms - last < EVERY_MS:
            return False
        self._last[bucket] = at_ms
        return True


async def keep(connection: Any, exemplars: Sequence[Exemplar]) -> None:
    """Within a booking's transaction: these stand from now on."""
    if not exemplars:
        return
    # Each bucket once, the last one given, in an order that all transactions have.
    last = {(each.histogram, each.name, each.part, each.bin): each for each in exemplars}
    await connection.execute(
        """
        INSERT INTO exemplar (histogram, name, part, bin, said, value, at_ms)
        SELECT histogram, name, part, bin,
               CASE WHEN histogram = $8 THEN left(encode(sha256(
                   (SELECT secret FROM token_secret) || convert_to(said, 'UTF8')), 'hex'), 20)
               ELSE said END, value, at_ms
        FROM unnest($1::text[], $2::text[], $3::text[], $4::int2[], $5::text[], $6::float8[],
                    $7::int8[]) AS given (histogram, name, part, bin, said, value, at_ms)
        ORDER BY 1, 2, 3, 4
        ON CONFLICT (histogram, name, part, bin) DO UPDATE
        SET said = excluded.said, value = excluded.value, at_ms = excluded.at_ms
        """,
        *(list(column) for column in zip(*last.values(), strict=True)),
        Histogram.CONSUMED.value,
    )


async def shown(pool: Any) -> Mapping[Bucket, Shown]:
    """What stands."""
    rows = await pool.fetch(
        "SELECT histogram, name, part, bin, said, value, at_ms FROM exemplar"
    )
    return {Bucket(*row[:4]): Shown(*row[4:]) for row in map(tuple, rows)}
