"""Plans written by hand, each to bring out what one protection is for, and how that shows."""

from typing import Final, NamedTuple

from tests.chaos.plan import Fault, Kind, Plan


class Tooth(NamedTuple):
    """A plan, and what the verdict must say without the protection: that it is late is not enough."""

    plan: Plan
    sign: str  # a regular expression


_CONTRADICTION: Final = r"journal .*, dossiers "
_TWICE: Final = r"counted more than once|UniqueViolationError"

TEETH: Final[dict[str, Tooth]] = {
    # Two workers hear of the same dossiers all the time.
    "version check": Tooth(Plan(seed=1, seconds=6, per_second=600, spread=1.0), _CONTRADICTION),
    # A worker pauses before it books, and wakes when its partitions have been read by another.
    # What is told again touches no dossier, so that no version guards it.
    "position check": Tooth(
        Plan(
            seed=2,
            seconds=40,
            per_second=100,
            echo=0.9,
            faults=(
                Fault(
                    at_s=1,
                    kind=Kind.PAUSE,
                    label="before the transaction",
                    passage=4,
                    lasts_s=20,
                ),
            ),
        ),
        _TWICE,
    ),
    # A worker dies with its effects booked and its position not.
    "position in the transaction": Tooth(
        Plan(
            seed=3,
            seconds=8,
            workers=1,
            faults=(Fault(at_s=3, kind=Kind.POINT, label="after commit", passage=2),),
        ),
        _TWICE,
    ),
    # The load has duplicates.
    "dedup": Tooth(Plan(seed=4, seconds=3, workers=1), r"dossier .* has booked "),
    # Workers of a release that mends a measure go on with dossiers as an earlier one booked them.
    "booked entries": Tooth(
        Plan(
            seed=5,
            seconds=30,
            workers=1,
            earlier=True,
            faults=(Fault(at_s=10, kind=Kind.UPGRADE),),
        ),
        _CONTRADICTION,
    ),
}
