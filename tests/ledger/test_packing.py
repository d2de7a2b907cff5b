"""What a dossier has booked, as bytes: every form that was ever written is read."""

import struct

from monitor.ledger.packing import pack_entries, unpack_entries

ENTRIES = {(10, 1, 20_668, -1): 1, (222, 70_000, 20_669, 20_700): -3, (230, 1, 0, 7): 2**40}


def test_entries_come_back_as_they_were_packed():
    assert unpack_entries(pack_entries(ENTRIES)) == ENTRIES
    assert unpack_entries(pack_entries({})) == {}


def test_entries_of_the_first_form_are_read():
    """22 bytes each, as ledgers have them that were filled before MessagePack."""
    first = b"".join(struct.pack("<hiiiq", *entry, amount) for entry, amount in ENTRIES.items())

    assert unpack_entries(first) == ENTRIES
    assert unpack_entries(b"") == {}
