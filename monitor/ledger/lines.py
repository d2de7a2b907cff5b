"""The journal's amounts as one relation: as known now, or as known at a cut."""

from typing import Any, Final

# Balances are the journal's sums up to the follower's watermark; the rest is read from the journal.
_BALANCES: Final = """
    SELECT measure, cell, day, slot, amount FROM balance
    UNION ALL
    SELECT measure, cell, day, slot, amount FROM journal
    WHERE seq > (SELECT seq FROM follower)
"""
_JOURNAL: Final = "SELECT measure, cell, day, slot, amount FROM journal"
_UP_TO_CUT: Final = "SELECT measure, cell, day, slot, amount FROM journal WHERE seq <= {cut}"


async def lines(connection: Any, *, cut: int | None = None) -> str:
    """SQL of a relation (measure, cell, day, slot, amount), to be read in the same transaction.

    With `cut`, a number of the journal, only what was booked up to there. Where nobody makes
    balances all is read from the journal.
    """
    if cut is not None:
        return _UP_TO_CUT.format(cut=int(cut))
    made = await connection.fetchval(
        "SELECT to_regclass('balance') IS NOT NULL AND to_regclass('follower') IS NOT NULL"
    )
    return _BALANCES if made else _JOURNAL
