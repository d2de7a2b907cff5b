"""The journal's amounts as one relation: as known now, or as known at a cut."""

from typing import Final

# Balances are the journal's sums up to the follower's watermark; the rest is read from the journal.
_NOW: Final = """
    SELECT measure, cell, day, slot, amount FROM balance_line
    UNION ALL
    SELECT measure, cell, day, slot, amount FROM journal
    WHERE seq > (SELECT seq FROM follower)
"""
_UP_TO_CUT: Final = "SELECT measure, cell, day, slot, amount FROM journal WHERE seq <= {cut}"


def lines(*, cut: int | None = None) -> str:
    """SQL of a relation (measure, cell, day, slot, amount), to be read in one snapshot.

    With `cut`, a number of the journal, only what was booked up to there.
    """
    return _NOW if cut is None else _UP_TO_CUT.format(cut=int(cut))
