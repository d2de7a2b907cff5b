"""How a dossier's events and booked entries lie in its row: plain, archived, or retired.

An archived row is deflated in place. Events of one deployment resemble each other far more than
the events of one dossier do, so they are deflated with a dictionary made of the deployment's own
events; booked entries are numbers, which a dictionary does not help (docs/explanation/sizing.md).
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import asyncpg

PLAIN: Final = 0
RETIRED: Final = -1  # events and booked entries are gone, their sums are in `retired_sum`
# A form above 0 is the number of the dictionary that the events were deflated with.
DEFLATED: Final = 1  # the form of booked entries

_RAW: Final = -15  # deflate without header and checksum: PostgreSQL has checksums of its own
_LEVEL: Final = 6
DICTIONARY_BYTES: Final = (
    8 * 1024
)  # four times as much gains a twentieth and costs as much time again


def archived(events: bytes, booked: bytes, dictionary: bytes) -> tuple[bytes, bytes]:
    """Plain events and booked entries as an archived row keeps them."""
    squeezed = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _RAW, zdict=dictionary, memLevel=zlib.DEF_MEM_LEVEL
    )
    return squeezed.compress(events) + squeezed.flush(), zlib.compress(booked, _LEVEL, _RAW)


def plain_events(events: bytes, dictionary: bytes) -> bytes:
    """The events of an archived row as they were; raises `zlib.error` if they are not whole."""
    whole = zlib.decompressobj(_RAW, zdict=dictionary)
    return whole.decompress(events) + whole.flush()


def plain_booked(booked: bytes, booked_form: int) -> bytes:
    """The booked entries of a row of any form, as they were."""
    return zlib.decompress(booked, _RAW) if booked_form == DEFLATED else booked


class Formed(Protocol):
    """A row as it was read, with the forms of its parts."""

    form: int
    booked_form: int
    events: bytes
    booked: bytes


class Forms:
    """Opens archived rows; remembers the dictionaries, of which a ledger has a few."""

    def __init__(self, source: "asyncpg.Pool[Any] | asyncpg.Connection[Any]") -> None:
        self._source = source
        self._dictionaries: dict[int, bytes] = {}

    async def dictionary(self, number: int) -> bytes:
        """Raises `LookupError` where the ledger has no such dictionary."""
        known = self._dictionaries.get(number)
        if known is None:
            known = await self._source.fetchval(
                "SELECT content FROM dictionary WHERE number = $1", number
            )
            if known is None:
                raise LookupError(
                    f"the ledger has no dictionary {number}, with which dossiers are archived:"
                    " restore the table `dictionary` from a backup"
                )
            self._dictionaries[number] = known
        return known

    async def open(self, rows: Iterable[Formed]) -> None:
        """Make archived rows plain, in place; plain and retired ones stay as they are."""
        for row in rows:
            if row.form > PLAIN:
                row.events = await self.events(row.form, row.events)
                row.form = PLAIN
            if row.booked_form:
                row.booked = plain_booked(row.booked, row.booked_form)
                row.booked_form = PLAIN

    async def events(self, form: int, events: bytes) -> bytes:
        """The events of a row of any form, as they were packed."""
        if form <= PLAIN:
            return events
        return plain_events(events, await self.dictionary(form))


def dictionary_of(samples: Iterable[bytes]) -> bytes:
    """A dictionary from events of several dossiers, packed, without what tells them apart."""
    gathered = bytearray()
    for sample in samples:
        gathered += sample
        if len(gathered) >= DICTIONARY_BYTES:
            break
    return bytes(gathered[:DICTIONARY_BYTES])


Sums = Mapping[tuple[int, int, int, int], int]  # amounts by measure, cell, day, slot
