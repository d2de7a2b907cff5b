"""TOML files: read, typed, and where in them a complaint belongs."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from monitor.reference.complaints import Complaints, read_text
from monitor.reference.typed import converted

S = TypeVar("S", bound=msgspec.Struct)

_HEADER: Final = re.compile(r"\[\[?\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """Where a file lies and what stands in it."""

    path: Path
    text: str
    complaints: Complaints

    def complain(self, where: str, reason: str, remedy: str) -> None:
        """About `zone`, `hours[2]`, `hours[2].mon`, `suspension.strategy`, or "" for the file."""
        self.complaints.add(self.path, self.line(where), reason, remedy)

    def line(self, where: str) -> int:
        """The line of a key; of its table if it is not there; 1 if there is neither."""
        head, dotted, key = where.partition(".")
        table, _, index = head.rstrip("]").partition("[")
        key = key.partition("[")[0]  # of what is nested deeper, the key that it stands in
        if not dotted and not index:
            return self._find("", 0, head) or self._find(head, 0, "") or 1
        return self._find(table, int(index or 0), key) or self._find("", 0, table) or 1

    def _find(self, table: str, wanted: int, key: str) -> int:
        """The line of the key in the n-th table of a name, of its header without one; or 0."""
        seen, here, found = -1, not table, 0
        for number, line in enumerate(self.text.splitlines(), start=1):
            bare = line.strip()
            if header := _HEADER.fullmatch(bare):
                named = header[1] == table
                seen += named
                here = named and seen == wanted
                found = number if here else found
            elif here and key and re.match(rf"{re.escape(key)}\s*=", bare):
                return number
        return found


def read_toml(path: Path, kind: type[S], complaints: Complaints) -> tuple[TomlFile, S] | None:
    """A file as its type, or None after every complaint about it has been made."""
    text = read_text(path, complaints)
    if text is None:
        return None
    file = TomlFile(path, text, complaints)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        complaints.add(path, line, f"no TOML ({error})", "correct the syntax")
        return None
    value = converted(raw, kind, file.complain, texts=False)
    return None if value is None else (file, value)
