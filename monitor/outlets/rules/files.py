"""Every file that `emc rules` writes, as text by its path below deploy/."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monitor.domain.calendar import WorkCalendar
from monitor.domain.objective import Objective
from monitor.domain.zone import Zone
from monitor.outlets.rules.alertmanager import alertmanager
from monitor.outlets.rules.connections import connections
from monitor.outlets.rules.data import data
from monitor.outlets.rules.digest import digest
from monitor.outlets.rules.expressions import fresh
from monitor.outlets.rules.objectives import objectives
from monitor.outlets.rules.own import own
from monitor.outlets.rules.prometheus import blackbox, prometheus
from monitor.outlets.rules.services import lingers, services
from monitor.outlets.rules.shape import Alert, Group
from monitor.outlets.rules.yaml import yaml
from monitor.reference.alerts import AlertsFile, load_alerts
from monitor.reference.objectives import in_force, load_objectives
from monitor.reference.policy import load_reference

HEAD: Final = (
    "# Written by `emc rules` from the reference files (alerts.toml, objectives/, the calendar)."
    " Do not edit:\n# change those, and write it again.\n"
)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PACED: Final = frozenset(
    {
        "for",
        "keep_firing_for",
        "interval",
        "group_wait",
        "group_interval",
        "repeat_interval",
        "scrape_interval",
        "scrape_timeout",
        "evaluation_interval",
    }
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a deployment's reference files say that rules and routes are made of."""

    alerts: AlertsFile
    technical: tuple[Objective, ...]
    calendar: WorkCalendar


def load(folder: Path, day: int | None = None) -> Said:
    """Of a folder of reference files, with the targets of a day, today's if it is left out.

    Raises `Unusable`.
    """
    reference = load_reference(folder)
    if day is None:
        day = Zone().day(time.time_ns() // 1_000_000)
    return Said(
        alerts=load_alerts(folder),
        technical=tuple(in_force(folder, load_objectives(folder).technical(), day)),
        calendar=reference.calendars.calendar(),
    )


def rule_files(said: Said) -> dict[str, list[Group]]:
    """Groups of rules by the name of their file."""
    return {
        "fresh": [fresh(said.alerts.monitor.fresh_seconds)],
        "monitor": own(said.alerts.monitor),
        "connections": connections(said.alerts.connections, lingers(said.technical)),
        "services": services(said.technical, said.alerts.portal_sources),
        "objectives": objectives(),
        "data": data(said.alerts.data),
        "digest": digest(),
    }


def alerts(said: Said) -> dict[str, Alert]:
    """Every alert by its name."""
    return {
        rule.name: rule
        for groups in rule_files(said).values()
        for group in groups
        for rule in group.rules
        if isinstance(rule, Alert)
    }


def made(said: Said, *, pace: int = 1) -> dict[str, Any]:
    """What stands in each file, by its path below deploy/.

    With a `pace` all waiting is so many times shorter, and never under a second; windows of rules
    are what they are. For showing what happens, not for running.
    """
    found: dict[str, Any] = {
        f"prometheus/rules/{name}.yml": {
            "groups": [group.written(said.alerts.links) for group in groups]
        }
        for name, groups in rule_files(said).items()
    }
    found["prometheus/prometheus.yml"] = prometheus(said.alerts)
    found["prometheus/blackbox.yml"] = blackbox()
    found["alertmanager/alertmanager.yml"] = alertmanager(said.alerts.receivers, said.calendar)
    return found if pace == 1 else {path: _hurried(one, pace) for path, one in found.items()}


def texts(said: Said, *, pace: int = 1) -> dict[str, str]:
    """The same as they are written."""
    return {path: HEAD + "\n" + yaml(one) for path, one in made(said, pace=pace).items()}


def write(texts_by_path: Mapping[str, str], folder: Path) -> list[str]:
    """Write what differs, and remove rules that are no longer made; their paths."""
    changed = stale(texts_by_path, folder)
    for path in changed:
        where = folder / path
        if path not in texts_by_path:
            where.unlink()
            continue
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(texts_by_path[path], "utf-8")
    return changed


def stale(texts_by_path: Mapping[str, str], folder: Path) -> list[str]:
    """What a folder has otherwise, or has not, or has of ours and should not."""
    left = [
        path.relative_to(folder).as_posix()
        for path in sorted((folder / "prometheus" / "rules").glob("*.yml"))
        if path.read_text("utf-8").startswith(HEAD)
    ]
    return [
        path
        for path in sorted({*texts_by_path, *left})
        if not (folder / path).is_file()
        or (folder / path).read_text("utf-8") != texts_by_path.get(path)
    ]


def _hurried(value: Any, pace: int) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _shorter(inner, pace) if key in _PACED else _hurried(inner, pace)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_hurried(inner, pace) for inner in value]
    return value


def _shorter(duration: str, pace: int) -> str:
    found = re.fullmatch(r"([0-9]+)([smhd])", duration)
    if found is None:
        raise ValueError(f"{duration!r} is no duration")
    return f"{max(1, int(found[1]) * _UNITS[found[2]] // pace)}s"
