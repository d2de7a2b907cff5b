"""The figures of a run: a table for people, the same as JSON for machines."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from monitor import __version__
from tests.bench.race import Lap
from tests.servers.require import kafka_version

PROCESSES: Final = ("python", "postgres", "broker", "lock_wait")
RATIOS: Final = ("floor", "plain", "worker")  # what others are told as multiples of
PARTS: Final = ("faust-streaming", "aiokafka", "msgspec", "asyncpg")


@dataclass(frozen=True, slots=True)
class Figures:
    """Laps by contestant, and all that they depend on."""

    laps: Mapping[str, Sequence[Lap]]
    about: Mapping[str, str]
    settings: Mapping[str, Any]

    def speeds(self, name: str) -> list[float]:
        """Events per second of each lap."""
        return [lap.records / lap.seconds for lap in self.laps[name]]

    def per_million(self, name: str, part: str) -> float:
        """Median seconds of CPU per million events."""
        return median(float(getattr(lap, part)) * 1e6 / lap.records for lap in self.laps[name])

    def ratio(self, name: str, to: str) -> float:
        """Of the medians of events per second."""
        return median(self.speeds(name)) / median(self.speeds(to))

    def as_json(self) -> dict[str, Any]:
        contestants = {
            name: {
                "about": self.about[name],
                "events_per_second": {
                    "min": round(min(speeds)),
                    "median": round(median(speeds)),
                    "max": round(max(speeds)),
                },
                "cpu_seconds_per_million_events": {
                    part: round(self.per_million(name, part), 2) for part in PROCESSES
                },
                "peak_mb": round(max(lap.peak_mb for lap in self.laps[name])),
                "ratios": {to: round(self.ratio(name, to), 3) for to in self.laps},
                "laps": [asdict(lap) for lap in self.laps[name]],
            }
            for name in self.laps
            if (speeds := self.speeds(name))
        }
        return {"settings": dict(self.settings), "contestants": contestants}


def versions() -> dict[str, str]:
    """Of all that takes part."""
    return {
        "emc": __version__,
        "python": platform.python_version(),
        "kafka": kafka_version(),
        **{part: version(part) for part in PARTS},
    }


def report(figures: Figures, console: Console) -> None:
    settings = figures.settings
    console.print(
        f"{settings['records']:,} records, {settings['bytes'] / 1e6:,.1f} MB"
        f" ({settings['bytes'] / settings['records']:.0f} bytes each), {settings['dossiers']:,}"
        f" dossiers, {settings['duplicates']:,} duplicates, {settings['partitions']} partitions,"
        f" {settings['rounds']} rounds",
        highlight=False,
    )
    for title in ("postgres", "versions"):
        said = ", ".join(f"{name} {value}" for name, value in settings[title].items())
        console.print(f"{title}: {said}", highlight=False)
    console.print(
        f"cores: contestant {settings['worker_cores']}, all else {settings['other_cores']}",
        highlight=False,
    )
    for name in figures.laps:
        console.print(f"{name:>9}: {figures.about[name]}", highlight=False)
    console.print(_table(figures))
    if figures.laps.keys() & {"worker", "complete", "together"}:
        console.print("workers: exact in every group, journal and totals agree", style="green")


def _table(figures: Figures) -> Table:
    table = Table(
        caption="CPU and waits for locks in seconds per million events; ratios of median events/s"
    )
    table.add_column("contestant")
    for column in (
        "ev/s min",
        "median",
        "max",
        "Python",
        "Postgres",
        "broker",
        "locks",
        "MB",
    ):
        table.add_column(column, justify="right")
    against = [name for name in RATIOS if name in figures.laps]
    for name in against:
        table.add_column(f"× {name}", justify="right")
    for name, laps in figures.laps.items():
        speeds = figures.speeds(name)
        table.add_row(
            name,
            *(f"{speed:,.0f}" for speed in (min(speeds), median(speeds), max(speeds))),
            *(f"{figures.per_million(name, part):.1f}" for part in PROCESSES),
            f"{max(lap.peak_mb for lap in laps):.0f}",
            *(f"{figures.ratio(name, to):.2f}" for to in against),
        )
    return table
