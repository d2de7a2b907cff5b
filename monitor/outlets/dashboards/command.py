"""`emc dashboards` behind its options: write what is stale, or say so."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from monitor.outlets.dashboards.every import dashboards
from monitor.outlets.names import Metric
from monitor.reference.complaints import Unusable
from monitor.reference.objectives import load_objectives
from monitor.reference.policy import load_reference

FOLDER: Final = Path("deploy/grafana/dashboards")
OK: Final = 0
STALE: Final = 1
MISUSED: Final = 2


def targets_of(reference: Path, day: int) -> dict[str, float]:
    """What a folder's objectives ask for on a day. Raises `Unusable` where its files cannot be used.

    One that asks for nothing then is left out, as it is not judged: its panels have no threshold.
    """
    load_reference(reference)  # a wrong folder has no objectives either, and would pass
    return {
        one.name: target.ratio
        for one in load_objectives(reference).objectives
        if (target := one.target(day)) is not None
    }


def publish(
    processes: Iterable[Metric],
    *,
    reference: Path,
    out: Path,
    check: bool,
    day: int,
    say: Callable[[str], None],
) -> int:
    """Bring a folder's dashboards up to date; the exit status."""
    try:
        from monitor.outlets.dashboards.grafana import written  # noqa: PLC0415 - an extra
    except ImportError:
        say(
            "emc dashboards needs Grafana's builders; in a checkout:"
            " pip install --constraint requirements.lock '.[dashboards]'"
        )
        return MISUSED
    try:
        targets = targets_of(reference, day)
    except Unusable as unusable:
        for complaint in unusable.complaints:
            say(str(complaint))
        return MISUSED
    made = {f"{one.uid}.json": written(one) for one in dashboards(processes, targets)}
    there = {path.name: path.read_text("utf-8") for path in out.glob("emc-*.json")}
    stale = sorted(name for name, text in made.items() if there.get(name) != text)
    gone = sorted(there.keys() - made.keys())
    if check:
        for name in stale:
            say(f"stale: {out / name} (emc dashboards)")
        for name in gone:
            say(f"nobody's: {out / name} (emc dashboards)")
        return STALE if stale or gone else OK
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (out / name).write_text(made[name], "utf-8")
            say(f"wrote {out / name}")
        for name in gone:
            (out / name).unlink()
            say(f"removed {out / name}")
    except OSError as error:
        say(f"emc dashboards: {out} cannot be written: {error.strerror}")
        return MISUSED
    return OK
