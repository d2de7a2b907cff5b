"""The ledger, its keepers and the exporter at times that a test says: weeks pass in seconds.

Everything that books, judges and shows is the real thing; only the log is in memory, and the clock
is an argument. What is shown is written down as Prometheus would have scraped it, and promtool
holds the real rules against it.
"""

import json
import re
import subprocess
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from agents import latencies
from agents.batch import Batch
from agents.dossiers import DossierDesk
from agents.dues import Dues
from agents.health import WorkerHealth
from agents.judging import Judge
from agents.keeper import Keeper
from agents.quarantine import Quarantine
from agents.signals import SignalsDesk
from agents.standing import Stands
from monitor.domain.policy import Policy
from monitor.domain.rhythm import Thresholds
from monitor.domain.watched import Watched
from monitor.ledger.figures import Figures
from monitor.ledger.follower import Follower, connect
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Source, Sources
from monitor.ledger.unit import Partition
from monitor.outlets.metrics import families
from monitor.outlets.series import Places
from monitor.reference.objectives import load_watched
from monitor.reference.sets import set_of
from schemas import DOSSIERS, SIGNALS, Decoder, encode, key
from schemas.event import Canonical, Signal
from tests.bench.desk import Kept, MemoryLog
from tests.servers.require import ROOT

STEP: Final = 5 * 60_000  # between two samples; what is older is no more to Prometheus
# What moves on with each scrape, since somebody looks each minute or oftener.
MOVING: Final = (
    "emc_snapshot_timestamp_seconds",
    "emc_ledger_follower_watermark_timestamp_seconds",
    "_judged_timestamp_seconds",
)
RULES: Final = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
# What the rules ask for; the rest of a scrape need not be held against them.
NAMES: Final = frozenset(
    name for path in RULES for name in re.findall(r"\bemc_[a-z0-9_]+", path.read_text("utf-8"))
)
LEDGER: Final = {"job": "emc-ledger", "instance": "serve:8080"}


@dataclass
class Virtual:
    """One service whose clock is on the table."""

    dsn: str
    ledger: Ledger
    policy: Policy
    figures: Figures
    connection: Any
    follower: Follower
    stands: Stands
    watched: Watched
    now: int = 0
    _next: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = Places()
        self.keeper = Keeper(self.policy, Thresholds(), now_ms=lambda: self.now)
        self.judge = Judge(self.watched, self.policy, now_ms=lambda: self.now)
        self.dues = Dues(self.policy, now_ms=lambda: self.now)
        self.latencies = latencies.Keeper(self.policy, now_ms=lambda: self.now)

    async def hear(self, events: Sequence[Canonical | Signal]) -> None:
        """Book what arrived, as the worker and the desk of signals do."""
        await self._follow(DossierDesk, DOSSIERS, [e for e in events if hasattr(e, "dossier")])
        await self._follow(
            SignalsDesk, SIGNALS, [e for e in events if not hasattr(e, "dossier")]
        )

    async def _follow(self, desk_of: Any, topic: Any, events: Sequence[Any]) -> None:
        if not events:
            return
        here = Partition(topic.name, 0)
        start = self._next.get(topic.name, 0)
        records = [
            Kept(start + place, event.arrival_ms, key(event), encode(event))
            for place, event in enumerate(events)
        ]
        end = self._next[topic.name] = start + len(records)

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await self.ledger.claim(
                partitions, owner="o", generation=generation, cluster="c", beginnings={here: 0}
            )

        async def batches() -> AsyncIterator[Batch]:
            yield Batch(here, 0, start, records, end)

        own = {}
        if desk_of is DossierDesk:
            own = {"policy": self.policy, "standing": self.stands.now}
        desk = desk_of(
            ledger=self.ledger,
            log=MemoryLog(),
            claim=claim,
            decoder=Decoder(self.policy.zone, topic),
            quarantine=Quarantine(None, quota=0),
            health=WorkerHealth(),
            now_ms=lambda: self.now,
            **own,
        )
        await desk.take_over({here}, 1)
        await desk.follow(batches())
        await desk.close()

    async def shown(self, now: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """What a scrape at this time shows, once keepers have looked at it."""
        self.now = now
        while (await self.follower.round()).left:
            pass
        while await self.keeper.round(self.connection):
            pass
        while await self.judge.round(self.connection):
            pass
        await self.dues.round(self.connection)
        await self.latencies.round(self.connection)
        snapshot = await self.figures.shown(now)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families(snapshot, self.places)
            for sample in family.samples
        }


@asynccontextmanager
async def virtual(
    dsn: str, reference: Path, sources: Iterable[Source], begin: int
) -> AsyncIterator[Virtual]:
    """A ledger of its own, with these in its register."""
    await migrate(dsn)
    stored, policy = set_of(reference)
    async with (
        asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool,
        Ledger.open(dsn) as ledger,
    ):
        for source in sources:
            await Sources(pool).add(source, who="test")
        connection = await asyncpg.connect(dsn)
        follows = await connect(dsn)
        follower = Follower(follows, policy.zone)
        assert await follower.leads()
        try:
            yield Virtual(
                dsn,
                ledger,
                policy,
                Figures(pool, policy),
                connection,
                follower,
                Stands(ledger.policies, stored, policy),
                load_watched(reference),
                begin,
            )
        finally:
            await connection.close()
            await follows.close()


# -- as Prometheus would have it -----------------------------------------------------------------

Series = dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[int, float]]]


@dataclass
class Tape:
    """What was scraped from the first look on; between two looks everything stays as it was seen."""

    looks: list[int] = field(default_factory=list)
    series: Series = field(default_factory=dict)

    def note(self, now: int, shown: Mapping[Any, float]) -> None:
        self.looks.append(now)
        for name, value in shown.items():
            self.series.setdefault(name, []).append((now, value))

    def alone(self) -> list["Tape"]:
        """Each look by itself, as if Prometheus had been started for it."""
        return [
            Tape(
                [look],
                {
                    name: [(look, value)]
                    for name, values in self.series.items()
                    for at, value in values
                    if at == look
                },
            )
            for look in self.looks
        ]

    def last(self) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
        """What the last look saw."""
        return {
            name: values[-1][1]
            for name, values in self.series.items()
            if values[-1][0] == self.looks[-1]
        }

    def samples(self, end: int) -> int:
        """How many there are of what is always shown."""
        return (end - self.looks[0]) // STEP

    def written(self, end: int) -> list[dict[str, str]]:
        """Input of `promtool test rules`, a sample each five minutes; its clock begins in 1970."""
        begin = self.looks[0]
        until = dict(zip(self.looks, [*self.looks[1:], end], strict=True))
        found = []
        for (name, labels), values in sorted(self.series.items()):
            if name not in NAMES:
                continue
            there = dict(values)
            parts = []
            for look in self.looks:
                samples = (until[look] - look) // STEP
                if look not in there:
                    parts.append(f"_x{samples}")
                    continue
                value = there[look]
                if name.endswith(MOVING):
                    first = (look - begin) // 1000
                    parts.append(f"{first}+{STEP // 1000}x{samples - 1}")
                    continue
                if "_timestamp_seconds" in name:
                    value -= begin / 1000
                parts.append(f"{float(value)!r}+0x{samples - 1}")
            found.append(
                {"series": _written(name, dict(labels) | LEDGER), "values": " ".join(parts)}
            )
        return [*found, *well(self.samples(end))]


def well(samples: int) -> list[dict[str, str]]:
    """What Prometheus has of the processes while all of them run."""
    jobs = {
        "emc-ledger": "serve:8080",
        "emc-worker": "worker:9101",
        "emc-ingest": "ingest:9103",
    }
    return [
        {
            "series": _written("up", {"job": job, "instance": instance}),
            "values": f"1+0x{samples}",
        }
        for job, instance in jobs.items()
    ]


def _written(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(
        f"{label}={json.dumps(value, ensure_ascii=False)}" for label, value in labels.items()
    )
    return f"{name}{{{inside}}}"


def told(severities: str, samples: int) -> str:
    """Who was told of what, at these severities, over all the time."""
    return (
        "count by (alertname, severity, source, agency, objective, scope) (count_over_time("
        f'ALERTS{{alertstate="firing",severity=~"{severities}"}}[{samples * 5}m]))'
    )


def complaints(
    promtool: str,
    series: Sequence[Mapping[str, str]],
    samples: int,
    folder: Path,
    expected: Mapping[str, Sequence[Mapping[str, Any]]],
) -> str:
    """What promtool minds about the answers to some questions at the end; "" if nothing."""
    test = {
        "rule_files": [str(path) for path in RULES],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": list(series),
                "promql_expr_test": [
                    {
                        "expr": question,
                        "eval_time": f"{(samples - 1) * 5}m",
                        "exp_samples": list(answers),
                    }
                    for question, answers in expected.items()
                ],
            }
        ],
    }
    file = folder / "calm.json"  # JSON is YAML
    file.write_text(json.dumps(test), "utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", file], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
