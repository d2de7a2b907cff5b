"""Thresholds by which connections are judged, from `connections.toml`; ours, where it is not there.

They move no figure, so they are no part of the policy: a change holds from the next judgement on.
"""

import math
from pathlib import Path
from typing import Annotated, Final

import msgspec

from monitor.domain.rhythm import Thresholds
from monitor.reference.complaints import Complaints
from monitor.reference.toml import read_toml

CONNECTIONS: Final = "connections.toml"

_Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
_Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
_Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]
_Permille = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class ConnectionsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it is written down; what it leaves out stays as shipped."""

    baseline_days: _Number = 28
    rare_one_in: _Number = 1_000_000
    likely_one_in: _Number = 100
    regular_arrivals: _Number = 3
    regular_days: _Number = 10
    shortest_silence_minutes: _Number = 30
    beats_missed: _Number = 3
    shortest_beat_silence_minutes: _Number = 5
    not_connected_days: _Number = 30
    least_events_a_day: _Number = 3
    mismatch_permille: _Permille = 10
    claim_due_hour: _Hour = 12
    notice_working_days: _Number = 7
    longest_maintenance_days: _Number = 31
    repeats_percent: _Percent = 20
    repeats_least: _Number = 20
    clock_minutes: _Number = 10
    clock_spread_minutes: _Number = 15
    clock_least: _Number = 20
    burst_factor: _Number = 3


def read_thresholds(folder: Path, complaints: Complaints) -> Thresholds:
    """The thresholds of a folder's file, if it is there."""
    path = folder / CONNECTIONS
    if not path.exists():
        return Thresholds()
    read = read_toml(path, ConnectionsFile, complaints)
    return Thresholds() if read is None else thresholds_of(read[1])


def thresholds_of(said: ConnectionsFile) -> Thresholds:
    """Chances as arrivals that may be missed: half the rhythm, so twice the logarithm."""
    written = msgspec.structs.asdict(said)
    return Thresholds(
        rare_arrivals_milli=_arrivals_milli(written.pop("rare_one_in")),
        likely_arrivals_milli=_arrivals_milli(written.pop("likely_one_in")),
        regular_arrivals_milli=1000 * written.pop("regular_arrivals"),
        **written,
    )


def _arrivals_milli(one_in: int) -> int:
    return int(2000 * math.log(one_in))


def load_thresholds(folder: Path | None) -> Thresholds:
    """Those of a folder's file; ours without a folder. Raises `Unusable`."""
    if folder is None:
        return Thresholds()
    complaints = Complaints()
    return complaints.settled(read_thresholds(folder, complaints))
