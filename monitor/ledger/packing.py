"""Rows as bytes: PostgreSQL's binary COPY, and the entries that a dossier has booked.

Packing rows ourselves costs under a microsecond each, where records given to the driver cost
several (docs/explanation/performance.md).
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from monitor.ledger.unit import DossierRow, Entry, Journal, TotalKey

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"

# Lines of a page of the journal: more would not lie in one block of PostgreSQL.
PAGE_LINES: Final = 350
# An array: one dimension, no null in it, the type of what it holds, how many, counted from 1.
_ARRAY = struct.Struct(">iiiiii")
_ARRAY_BYTES = 20
_INT2_TYPE, _INT4_TYPE, _INT8_TYPE = 21, 23, 20
# A field is its length and its value, as is an element of an array.
# Totals, after measure and agency: channel, level, slot, class, credit, debit.
_TOTAL = struct.Struct(">ihihiiihiqiq")
# A dossier: how many fields, and its key's length; after the key version, rules, epoch, outcome.
_ROW_BEGINS = struct.Struct(">hi")
_ROW_STANDS = struct.Struct(">iiihihih")
_INT4 = struct.Struct(">ii")
_INT8 = struct.Struct(">iq")
_LENGTH = struct.Struct(">i")
_TOTAL_BEGINS = struct.Struct(">hih")

# No measure is -1, with which entries of the first form would begin.
_PACKED = b"\xff\xff"
_FIRST_ENTRY = struct.Struct("<hiiiq")
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(dict[tuple[int, int, int, int], int]).decode


def pack_entries(entries: Mapping[Entry, int]) -> bytes:
    """Booked entries as one value: a mark, then MessagePack, some 14 bytes an entry."""
    return _PACKED + _ENCODE(entries)


def unpack_entries(packed: bytes) -> dict[Entry, int]:
    """The entries that `pack_entries` packed, today or in the first form it had."""
    if packed.startswith(_PACKED):
        return _DECODE(memoryview(packed)[len(_PACKED) :])
    return {
        (measure, cell, day, slot): amount
        for measure, cell, day, slot, amount in _FIRST_ENTRY.iter_unpack(packed)
    }


def journal_pages(journal: Journal) -> bytes:
    """Binary COPY of pages (class, measures, cells, days, slots, amounts).

    Lines of 0 are left out: what came in this unit has gone again.
    """
    parts = [_HEADER]
    add = parts.append
    for booking_class, accounts in journal.items():
        lines = [line for line in accounts.items() if line[1]]
        for first in range(0, len(lines), PAGE_LINES):
            entries, amounts = zip(*lines[first : first + PAGE_LINES], strict=True)
            measures, cells, days, slots = zip(*entries, strict=True)
            add(_PAGE_BEGINS.pack(6, 2, booking_class))
            add(_array(measures, "h", 2, _INT2_TYPE))
            add(_array(cells, "i", 4, _INT4_TYPE))
            add(_array(days, "i", 4, _INT4_TYPE))
            add(_array(slots, "i", 4, _INT4_TYPE))
            add(_array(amounts, "q", 8, _INT8_TYPE))
    add(_TRAILER)
    return b"".join(parts)


_PAGE_BEGINS = struct.Struct(">hih")


def _array(values: Sequence[int], format_: str, size: int, type_: int) -> bytes:
    count = len(values)
    fields = [size] * (2 * count)
    fields[1::2] = values
    packed = struct.pack(">" + ("i" + format_) * count, *fields)
    return _ARRAY.pack(_ARRAY_BYTES + len(packed), 1, 0, type_, count, 1) + packed


def total_rows(totals: Mapping[TotalKey, tuple[int, int]]) -> bytes:
    """Binary COPY of (measure, agency, channel, level, slot, class, credit, debit)."""
    pack = _TOTAL.pack
    agencies: dict[str, bytes] = {}
    parts = [_HEADER]
    add = parts.append
    for (measure, agency, channel, level, slot, booking_class), (
        credit,
        debit,
    ) in totals.items():
        packed = agencies.get(agency)
        if packed is None:
            text = agency.encode()
            packed = agencies[agency] = _LENGTH.pack(len(text)) + text
        add(_TOTAL_BEGINS.pack(8, 2, measure))
        add(packed)
        add(pack(2, channel, 2, level, 4, slot, 2, booking_class, 8, credit, 8, debit))
    add(_TRAILER)
    return b"".join(parts)


def dossier_rows(rows: Iterable[DossierRow], rules: int, epoch: int) -> bytes:
    """Binary COPY of the staging table's columns, in its order."""
    begins, stands, length = _ROW_BEGINS.pack, _ROW_STANDS.pack, _LENGTH.pack
    parts = [_HEADER]
    add = parts.append
    for row in rows:
        key = row.key.encode()
        add(begins(9, len(key)))
        add(key)
        add(stands(4, row.version, 2, rules, 2, epoch, 2, row.outcome))
        add(_NULL if row.cell is None else _INT4.pack(4, row.cell))
        add(_NULL if row.due_ms is None else _INT8.pack(8, row.due_ms))
        add(length(len(row.events)))
        add(row.events)
        add(length(len(row.booked)))
        add(row.booked)
    add(_TRAILER)
    return b"".join(parts)
