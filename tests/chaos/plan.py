"""A run drawn from its seed: how many brokers and workers, what load, which faults and when."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final

from tests.chaos.points import POINTS

MOST_WORKERS: Final = 4


class Kind(StrEnum):
    """What can happen to a run."""

    KILL = "kill"  # a worker, at any moment
    POINT = "point"  # a worker dies at a labelled point
    PAUSE = "pause"  # a worker stops at a labelled point, longer than its session
    CREW = "crew"  # so many workers from now on: some join, or some leave
    FREEZE = "freeze"  # a worker pauses, longer than its session
    CLOCK = "clock"  # a worker's clock steps
    UPGRADE = "upgrade"  # all workers one after another, to the present release and other files
    RECOMPUTE = "recompute"  # to other reference files, beside the workers; killed on its way
    SESSIONS = "sessions"  # PostgreSQL terminates all backends
    POSTGRES = "postgres"  # stops at once and comes back
    DISK = "disk"  # of PostgreSQL, full for a while
    BROKER = "broker"  # killed; of three it is the leader of a partition
    PARTITIONS = "partitions"  # one more


# How often each is drawn; a labelled point and a plain kill are what most bugs show in.
WEIGHTS: Final = {
    Kind.KILL: 4,
    Kind.POINT: 6,
    Kind.PAUSE: 2,
    Kind.CREW: 3,
    Kind.FREEZE: 2,
    Kind.CLOCK: 2,
    Kind.UPGRADE: 1,
    Kind.RECOMPUTE: 1,
    Kind.SESSIONS: 3,
    Kind.POSTGRES: 1,
    Kind.DISK: 1,
    Kind.BROKER: 1,
    Kind.PARTITIONS: 1,
}
CLOCK_STEPS_MS: Final = (
    -200 * 86_400_000,
    -86_400_000,
    -3_600_000,
    -5_000,
    5_000,
    3_600_000,
    86_400_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: when, what, to whom (of those that are there then), and its particulars."""

    at_s: float
    kind: Kind
    worker: int = 0
    label: str = ""
    passage: int = 0
    lasts_s: float = 0.0
    step_ms: int = 0
    number: int = 0  # of workers, of the partition whose leader, of the reference set

    def __str__(self) -> str:
        said = {name: value for name, value in asdict(self).items() if value}
        at, kind = said.pop("at_s", 0.0), said.pop("kind")
        return f"{at:7.2f} s  {kind:<10} " + " ".join(f"{n}={v}" for n, v in said.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run does, but for what the machine makes of it."""

    seed: int
    seconds: float
    brokers: int = 1
    partitions: int = 4
    workers: int = 2
    per_second: int = 400
    spread: float = 0.0  # share of records that go to any partition, not their dossier's
    elsewhere: float = 0.0  # share of records on a second topic, with a worker of its own
    echo: float = 0.0  # share of the records, at the end, that repeat the first ones
    static: bool = False  # group membership
    at_hand: int = 200_000
    earlier: bool = False  # begins with a release that does not yet count what is submitted
    faults: tuple[Fault, ...] = ()

    @property
    def records(self) -> int:
        return int(self.seconds * self.per_second)

    def __str__(self) -> str:
        said = {name: v for name, v in asdict(self).items() if name != "faults"}
        head = " ".join(f"{name}={value}" for name, value in said.items())
        return "\n".join([head, *(f"  {fault}" for fault in self.faults)])


def draw(
    seed: int,
    seconds: float,
    *,
    kinds: Collection[Kind] = tuple(Kind),
    brokers: int | None = None,
) -> Plan:
    """The plan of a seed; the same for the same arguments on any machine."""
    rng = Random(f"chaos {seed}")
    drawn_brokers = rng.choice((1, 3))
    plan = Plan(
        seed=seed,
        seconds=seconds,
        brokers=brokers or drawn_brokers,
        partitions=rng.randint(2, 6),
        workers=rng.randint(2, 3),
        per_second=rng.choice((150, 400, 800)),
        spread=rng.choice((0.0, 0.1, 1.0)),
        elsewhere=rng.choice((0.0, 0.3)),
        echo=rng.choice((0.0, 0.4)),
        static=rng.random() < 0.5,
        at_hand=rng.choice((50, 2_000, 200_000)),
        earlier=rng.random() < 0.3,
    )
    return _with(plan, rng, [kind for kind in Kind if kind in kinds])


def _with(plan: Plan, rng: Random, kinds: list[Kind]) -> Plan:
    faults = []
    at_s = 1.0
    weights = [WEIGHTS[kind] for kind in kinds]
    while kinds:
        at_s += rng.uniform(0.3, 5.0)
        if at_s >= plan.seconds:
            break
        [kind] = rng.choices(kinds, weights)
        faults.append(_fault(rng, round(at_s, 2), kind, plan))
    return Plan(**{**_fields(plan), "faults": tuple(faults)})


def _fault(rng: Random, at_s: float, kind: Kind, plan: Plan) -> Fault:
    worker = rng.randrange(MOST_WORKERS)
    match kind:
        case Kind.POINT:
            return Fault(
                at_s=at_s,
                kind=kind,
                worker=worker,
                label=rng.choice(list(POINTS)),
                passage=rng.randint(1, 6),
            )
        case Kind.PAUSE:
            return Fault(
                at_s=at_s,
                kind=kind,
                worker=worker,
                label=rng.choice(list(POINTS)),
                passage=rng.randint(1, 6),
                lasts_s=round(rng.uniform(1, 10), 2),
            )
        case Kind.FREEZE:
            return Fault(
                at_s=at_s, kind=kind, worker=worker, lasts_s=round(rng.uniform(0.5, 9), 2)
            )
        case Kind.CLOCK:
            return Fault(
                at_s=at_s, kind=kind, worker=worker, step_ms=rng.choice(CLOCK_STEPS_MS)
            )
        case Kind.CREW:
            return Fault(at_s=at_s, kind=kind, number=rng.randint(2, MOST_WORKERS))
        case Kind.UPGRADE:
            return Fault(at_s=at_s, kind=kind, number=rng.randrange(3))
        case Kind.RECOMPUTE:
            return Fault(
                at_s=at_s,
                kind=kind,
                number=rng.randrange(3),
                lasts_s=round(rng.uniform(0.5, 4), 2),
            )
        case Kind.POSTGRES | Kind.DISK | Kind.BROKER:
            return Fault(
                at_s=at_s,
                kind=kind,
                lasts_s=round(rng.uniform(0.2, 4), 2),
                number=rng.randrange(plan.partitions),
            )
        case _:
            return Fault(at_s=at_s, kind=kind, worker=worker)


def _fields(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in Plan.__dataclass_fields__}
