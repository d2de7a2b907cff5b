"""What processes have used of the machine, from /proc; nothing where there is no /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes and of the children that they have buried."""
    ticks = sum(sum(_times(pid)) for pid in pids)
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """The most memory that a process has had resident at once, in 10**6 bytes."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0.0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0").split()[0]) * 1024 / 1e6


def family(pid: int) -> list[int]:
    """A process and its children, such as a postmaster and its backends."""
    found = [pid]
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # gone meanwhile
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def _times(pid: int) -> list[int]:
    """utime, stime, cutime, cstime in ticks."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return [int(value) for value in stat.rpartition(")")[2].split()[11:15]]
