"""Rows as bytes: PostgreSQL's binary COPY, and the entries that a dossier has booked.

Packing rows ourselves costs under a microsecond each, where records given to the driver cost
several (docs/explanation/performance.md).
"""

import struct
from collections.abc import Iterable, Mapping

import msgspec

from monitor.ledger.unit import DossierRow, Entry, Journal, TotalKey

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"

# A field is its length and its value. Journal: measure, cell, day, slot, class, amount.
_JOURNAL = struct.Struct(">hihiiiiiiihiq")
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


def journal_rows(journal: Journal) -> bytes:
    """Binary COPY of the journal's columns (measure, cell, day, slot, class, amount).

    Lines of 0 are left out: what came in this unit has gone again.
    """
    pack = _JOURNAL.pack
    parts = [_HEADER]
    add = parts.append
    for booking_class, accounts in journal.items():
        for (measure, cell, day, slot), amount in accounts.items():
            if amount:
                add(pack(6, 2, measure, 4, cell, 4, day, 4, slot, 2, booking_class, 8, amount))
    add(_TRAILER)
    return b"".join(parts)


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
