"""What is wrong with reference files: each complaint names file, line, reason and remedy."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Complaint(NamedTuple):
    """`file:line: reason: remedy`."""

    path: Path
    line: int
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}: {self.remedy}"


class Unusable(Exception):
    """Reference files that cannot be used, with every complaint about them, one a line."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(set(complaints)))
        super().__init__("\n".join(map(str, self.complaints)))


class Complaints:
    """Collects what is wrong, so that a reader learns all of it at once."""

    def __init__(self) -> None:
        self._made: list[Complaint] = []

    def __len__(self) -> int:
        return len(self._made)

    def add(self, path: Path, line: int, reason: str, remedy: str) -> None:
        self._made.append(Complaint(path, line, reason, remedy))

    def settled(self, found: T | None) -> T:
        """What was read, if there is nothing to complain of."""
        if found is None or self._made:
            raise Unusable(self._made)
        return found


def read_text(path: Path, complaints: Complaints) -> str | None:
    try:
        # Spreadsheets put a byte order mark before what they call UTF-8.
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        complaints.add(path, 1, f"cannot be read ({error})", "give a UTF-8 text file")
        return None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant."""
    close = get_close_matches(word, list(known), n=1)
    return close[0] if close else None
