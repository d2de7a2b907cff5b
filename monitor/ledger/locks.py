"""The advisory locks of a ledger. One number means one thing, in whichever module it is taken.

Each is our own choice and is never given another meaning: releases run side by side.
"""

from typing import Final

MIGRATION: Final = 4_210_766  # of the session: one process migrates at a time
POLICY: Final = 4_210_767  # shared by bookings, alone by activations; in `policy_in_force` too
RECOMPUTE: Final = 4_210_768  # of the session: one `emc recompute` at a time
FOLLOWER: Final = 4_210_769  # of the session: one worker folds the journal
ARCHIVE: Final = 4_210_770  # of the session: two runs would only do the work twice
CONNECTIONS: Final = 4_210_771  # of the session: one process keeps the connections of sources
DUES: Final = 4_210_776  # of the session: one worker judges what falls due
OBJECTIVES: Final = 4_210_775  # of the session: one worker judges objectives and services
LATENCIES: Final = 4_210_773  # of the session: one worker judges latencies
INDICATOR_SETS: Final = 4_210_777  # of a transaction: one process stores indicator sets
OFFICIAL: Final = 4_210_779  # of the session: one worker evaluates official figures
RELEASES: Final = 4_210_790  # of the session: one worker makes releases
RELEASE: Final = 4_210_791  # of the transaction in which one is written
