"""`emc rules`: write the files of Prometheus and Alertmanager, or say which are stale."""

from collections.abc import Callable
from pathlib import Path

from monitor.outlets.rules.files import load, stale, texts, write
from monitor.reference.complaints import Unusable


def rules(
    reference: Path, out: Path, *, check: bool, pace: int, say: Callable[[str], None]
) -> int:
    """The exit status: 1 for what is stale or cannot be used."""
    try:
        said = load(reference)
    except Unusable as unusable:
        for complaint in unusable.complaints:
            say(str(complaint))
        return 1
    made = texts(said, pace=pace)
    if check:
        found = stale(made, out)
        for path in found:
            say(f"stale: {out / path} (emc rules)")
        return 1 if found else 0
    for path in write(made, out):
        say(f"wrote {out / path}")
    return 0
