"""Plans written by hand, each to bring out what one protection is for."""

from typing import Final

from tests.chaos.plan import Fault, Kind, Plan

TEETH: Final[dict[str, Plan]] = {
    # Two workers hear of the same dossiers all the time.
    "version check": Plan(seed=1, seconds=6, per_second=600, spread=1.0),
    # A worker pauses before it books, and wakes when its partitions have been read by another.
    # What is told again touches no dossier, so that no version guards it.
    "position check": Plan(
        seed=2,
        seconds=16,
        per_second=200,
        echo=0.8,
        faults=(
            Fault(
                at_s=1,
                kind=Kind.PAUSE,
                label="before the transaction",
                passage=4,
                lasts_s=11,
            ),
        ),
    ),
    # A worker dies with its effects booked and its position not.
    "position in the transaction": Plan(
        seed=3,
        seconds=8,
        workers=1,
        faults=(Fault(at_s=3, kind=Kind.POINT, label="after commit", passage=2),),
    ),
    # The load has duplicates.
    "dedup": Plan(seed=4, seconds=3, workers=1),
    # Workers of a release that mends a measure go on with dossiers as an earlier one booked them.
    "booked entries": Plan(
        seed=5,
        seconds=14,
        workers=1,
        earlier=True,
        faults=(Fault(at_s=4, kind=Kind.UPGRADE),),
    ),
}
