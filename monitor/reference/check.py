"""Whether a deployment's reference files can be used, and what to do where they cannot."""

from pathlib import Path

from monitor.reference.alerts import load_alerts
from monitor.reference.complaints import Unusable
from monitor.reference.policy import load_reference


def check(folder: Path) -> list[str]:
    """Every complaint about a folder's files, `file:line: reason: remedy`; none if it is usable."""
    found = []
    for load in (load_reference, load_alerts):
        try:
            load(folder)
        except Unusable as unusable:
            found += [str(complaint) for complaint in unusable.complaints]
    return found
