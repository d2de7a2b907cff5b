"""The reference files of an incident: those that ship, for offices that never close.

A calendar without holidays, nights and Sundays lets an incident be shown at any hour; and where it
is to be seen within minutes, silence is noticed as early as can be set.
"""

import shutil
from pathlib import Path
from typing import Final

CALENDAR: Final = """\
# Offices that never close: for the incidents of the demo, which can be shown at any hour.
zone = "Asia/Ho_Chi_Minh"
announced_until = 2098-12-31

[[hours]]
mon = ["00:00-24:00"]
tue = ["00:00-24:00"]
wed = ["00:00-24:00"]
thu = ["00:00-24:00"]
fri = ["00:00-24:00"]
sat = ["00:00-24:00"]
sun = ["00:00-24:00"]
make_up = ["00:00-24:00"]
basis = "assumption"
source = "emc demo --incident"
"""


def standby(shipped: Path, folder: Path, *, soon: bool) -> Path:
    """A copy of the shipped files in a folder; `soon` shortens what is judged by the clock."""
    copy = folder / "reference"
    shutil.copytree(shipped, copy)
    (copy / "calendars" / "vietnam.toml").write_text(CALENDAR, "utf-8")
    if soon:
        _set(copy / "connections.toml", "shortest_beat_silence_minutes = 5", "= 1")
    return copy


def _set(file: Path, line: str, value: str) -> None:
    """Another value in a line that must be there: a file that was changed is noticed."""
    text = file.read_text("utf-8")
    if line not in text:
        raise ValueError(f"{file.name} does not say {line}")
    file.write_text(text.replace(line, f"{line.partition(' =')[0]} {value}"), "utf-8")
