"""By which rules a dossier is measured."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.domain.zone import Zone

# Raised by hand when `fold` or `post` may give other entries for the same events, so that
# two versions of the code never book side by side (ARCHITECTURE.md §2.5).
RULES_VERSION: Final = 1


class Precision(StrEnum):
    """How an end is compared with a due date: to the instant, or by local dates."""

    INSTANT = "instant"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Policy:
    """The zone whose days are counted, and the precision of the plain verdict `on_time`."""

    zone: Zone
    precision: Precision = Precision.INSTANT
