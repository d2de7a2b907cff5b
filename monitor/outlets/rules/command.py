"""`emc rules`: write the files of Prometheus and Alertmanager, or say which are stale."""

from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.ledger.requests import BOUNDS_MS
from monitor.outlets.rules.files import Said, load, stale, texts, write
from monitor.reference.complaints import Complaint, Unusable


def rules(
    reference: Path,
    out: Path,
    *,
    check: bool,
    pace: int,
    say: Callable[[str], None],
    day: int | None = None,
) -> int:
    """The exit status: 1 for what is stale or cannot be used, 2 for no place to write."""
    try:
        said = load(reference, day)
    except Unusable as unusable:
        for complaint in unusable.complaints:
            say(str(complaint))
        return 1
    if unseen := list(_unseen(said, reference)):
        for complaint in unseen:
            say(str(complaint))
        return 1
    made = texts(said, pace=pace)
    if check:
        found = stale(made, out)
        for path in found:
            say(f"stale: {out / path} (emc rules)")
        return 1 if found else 0
    try:
        written = write(made, out)
    except OSError as error:
        say(f"emc rules: {out} cannot be written: {error.strerror}")
        return 2
    for path in written:
        say(f"wrote {out / path}")
    return 0


def _unseen(said: Said, reference: Path) -> Iterator[Complaint]:
    """Latencies that no histogram counts: a rule would wait for them for ever."""
    for one in said.technical:
        if one.limit_ms is None or one.limit_ms in BOUNDS_MS:
            continue
        path = reference / "objectives" / f"{one.name}.toml"
        lines = path.read_text("utf-8").splitlines()
        line = next(n for n, text in enumerate(lines, 1) if text.startswith("limit_seconds"))
        bounds = ", ".join(f"{ms / 1000:g}" for ms in BOUNDS_MS)
        yield Complaint(
            path,
            line,
            f"requests are not counted by a bound of {one.limit_ms / 1000:g} s",
            f"write one of {bounds}",
        )
