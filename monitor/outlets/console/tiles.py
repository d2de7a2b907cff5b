"""Where each of the 34 provinces lies on the tile map: row and column, roughly as on a real one."""

from collections.abc import Mapping
from typing import Final

PLACES: Final[Mapping[str, tuple[int, int]]] = {
    "H35": (1, 1), "H38": (1, 2), "H60": (1, 3), "H14": (1, 4),
    "H18": (2, 1), "H52": (2, 2), "H44": (2, 3), "H55": (2, 4), "H37": (2, 5),
    "H26": (3, 3), "H05": (3, 4), "H49": (3, 5),
    "H42": (4, 3), "H31": (4, 4), "H24": (4, 5),
    "H56": (5, 3),
    "H41": (6, 3), "H27": (6, 4),
    "H50": (7, 4),
    "H57": (8, 4), "H17": (8, 5),
    "H48": (9, 5),
    "H21": (10, 5),
    "H19": (11, 5),
    "H53": (12, 2), "H15": (12, 3), "H36": (12, 4), "H32": (12, 5),
    "H01": (13, 1), "H20": (13, 2), "H29": (13, 3),
    "H13": (14, 2), "H61": (14, 3),
    "H12": (15, 2),
}  # fmt: skip
SHADES: Final = 5


def shades(values: Mapping[str, float | None]) -> dict[str, int]:
    """1 to 5 by fifths of those that have a value, 0 for those that have none; ties share one."""
    known = sorted(value for value in values.values() if value is not None)
    found = {}
    for code, value in values.items():
        if value is None:
            found[code] = 0
            continue
        below = sum(1 for one in known if one < value)
        found[code] = 1 + below * SHADES // len(known)
    return found


def brief(name: str) -> str:
    """As people write it where there is little room."""
    return name.replace("Thành phố ", "TP. ", 1)
