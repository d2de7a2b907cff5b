"""One history from a seed: what is sent, what fails and when, and whether it came out right."""

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from types import ModuleType
from typing import Any, Final

import structlog

from agents import desk, dossiers
from monitor.domain.codes import level1
from monitor.domain.identity import content_hash
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger.packing import unpack_entries
from monitor.ledger.unit import Partition
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from tests.simulation.broker import Broker
from tests.simulation.faults import NONE, Fault
from tests.simulation.loop import SimulatedLoop, simulated
from tests.simulation.story import START_MS, Story, tell
from tests.simulation.wire import DEEDS, Server, Weather
from tests.simulation.worker import Worker

PATIENCE_SECONDS: Final = 120.0  # virtual, after the last fault
AFTERWARDS_SECONDS: Final = 1.0  # for what should not happen any more
STEPS: Final = 400_000  # of the loop; many times what a history takes

PLAIN: Final = Policy(Zone())
POLICIES: Final = (
    PLAIN,
    Policy(Zone(), Precision.DATE),
    Policy(Zone("America/Los_Angeles")),  # other days: every account moves
)
DECODER: Final = Decoder(Zone(), DOSSIERS)

# The worker's pace, so that minutes of a service pass in seconds of a history.
PACE: Final = {
    "LONGEST_PAUSE_SECONDS": 1.0,
    "CLAIM_SECONDS": 3.0,
    "COMMIT_SECONDS": 1.0,
    "LOST_SECONDS": 2.0,
    "REJOIN_SECONDS": 0.2,
    "CLOSE_SECONDS": 1.0,
}


@dataclass
class Outcome:
    """How a history came out."""

    seed: int
    problems: list[str]
    trace: list[str]
    steps: int
    seconds: float  # virtual

    @property
    def digest(self) -> str:
        """Equal for two runs of a seed."""
        digest = blake2b(digest_size=16)
        for line in (*self.trace, *self.problems, str(self.steps)):
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()


@dataclass
class History:
    """The world of one seed while it runs."""

    seed: int
    fault: Fault
    loop: SimulatedLoop
    rng: random.Random
    trace: list[str] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = self.rng
        self.weather = Weather(
            lost_requests=_some(rng, 0.05),
            lost_answers=_some(rng, 0.08),
            deadlocks=_some(rng, 0.05),
            slow=_some(rng, 0.1),
            slow_seconds=rng.choice((0.2, 2.0, 6.0)),
            lost_batches=_some(rng, 0.03),
        )
        self.server = Server(self.loop, rng, self.weather, self.note)
        self.broker = Broker(self.loop, rng, self.weather, self.note)
        self.fault.server(self.server)
        topics = ["t", "u"][: rng.choice((1, 1, 2))]
        self.partitions = [
            Partition(topic, number) for topic in topics for number in range(rng.randint(1, 3))
        ]
        self.at_hand = rng.choice((1, 3, 1000))
        self.policy = PLAIN
        self.lasts = rng.uniform(2.0, 10.0)
        self.story: Story = tell(rng, self.partitions, rng.randint(1, 10))
        self.calm = False

    def note(self, what: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.loop.now:.6f} {what}")

    # -- what happens --------------------------------------------------------------------

    async def run(self) -> None:
        """From the first worker to the last check."""
        rng = self.rng
        self.broker.start()
        # The last partition may come later, when its first record does.
        known = self.partitions[: rng.randint(1, len(self.partitions))]
        for here in known:
            self.broker.logs[here] = []
        for _ in range(rng.choice((1, 2, 2, 3, 3))):
            self.start_worker()
        self._send()
        incidents = (
            self._crash,
            self._crash_in_the_middle,
            self._pause,
            self._pause_in_the_middle,
            self._stop,
            self._one_more,
            self._restart_ledger,
            self._broker_away,
            self._step_clock,
            self._rebalance,
            self._restart_agent,
            self._upgrade,
        )
        # A few kinds at a time: what follows from many of one is drowned by the others.
        kinds = rng.sample(incidents, rng.randint(1, 4))
        drawn = [rng.choice(kinds) for _ in range(rng.randint(0, 10))]
        # Whoever wakes up with a batch in hand is what positions are checked for.
        drawn += [self._pause_in_the_middle] * rng.choice((0, 0, 2, 4))
        for incident in drawn:
            self.loop.later(rng.random() * self.lasts, incident)
        await asyncio.sleep(self.lasts)
        self._calm()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not self._quiet():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            self.problems.append(f"not done {PATIENCE_SECONDS:.0f} s after the last fault")
            return
        await asyncio.sleep(AFTERWARDS_SECONDS)
        self.note("all quiet")
        self._check()

    def start_worker(self) -> Worker:
        """Another process with the policy of the day."""
        worker = Worker(
            f"w{len(self.workers)}",
            loop=self.loop,
            rng=self.rng,
            broker=self.broker,
            server=self.server,
            policy=self.policy,
            decoder=DECODER,
            at_hand=self.at_hand,
            make=self.fault.desk,
        )
        self.workers.append(worker)
        self.note(f"start {worker.name}")
        worker.start(lambda: START_MS + int(self.loop.now * 1000))
        return worker

    def _send(self) -> None:
        left = iter(self.story.records)
        pace = 1.8 * self.lasts / max(1, len(self.story.records))

        def send() -> None:
            if sent := next(left, None):
                self.broker.write(*sent)
                self.loop.later(self.rng.random() * pace, send)

        send()

    def _some_worker(self, *, moving: bool = True) -> Worker | None:
        able = [
            worker
            for worker in self.workers
            if worker.alive and not (moving and worker.process.stands_still)
        ]
        return self.rng.choice(able) if able else None

    def _in_the_middle(self, do: Callable[[Worker], None]) -> None:
        """To a worker, between receiving and having booked, where it hurts most."""
        if not self.calm and (worker := self._some_worker()):
            deed = self.rng.choice((*DEEDS, DEEDS[0]))
            self.server.ambushes[worker.process, deed] = lambda: do(worker)

    def _crash(self) -> None:
        if worker := self._some_worker(moving=False):
            self._kill(worker)

    def _crash_in_the_middle(self) -> None:
        self._in_the_middle(self._kill)

    def _kill(self, worker: Worker) -> None:
        if self.calm or not worker.alive:
            return
        self.note(f"kill {worker.name}")
        worker.process.stands_still = True  # and never moves again
        worker.ended = True
        self.server.gone(worker.process)
        self._start_soon()

    def _start_soon(self) -> None:
        def start() -> None:
            if not self.calm:
                self.start_worker()

        self.loop.later(self.rng.random() * 2, start)

    def _pause(self) -> None:
        if worker := self._some_worker():
            self._hold(worker)

    def _pause_in_the_middle(self) -> None:
        self._in_the_middle(self._hold)

    def _hold(self, worker: Worker) -> None:
        """It stands still, and when it goes on it takes itself for what it was."""
        if self.calm or not worker.alive or worker.process.stands_still:
            return
        self.note(f"pause {worker.name}")
        worker.process.stands_still = True

        def go_on() -> None:
            if worker.alive and worker.process.stands_still:
                self.note(f"go on {worker.name}")
                self.loop.thaw(worker.process)

        self.loop.later(self.rng.choice((0.5, 5.0, 5.0)) * self.rng.uniform(0.5, 1.0), go_on)

    def _stop(self) -> None:
        if not self.calm and (worker := self._some_worker()):
            self.note(f"stop {worker.name}")
            worker.stop()
            self._start_soon()

    def _one_more(self) -> None:
        if not self.calm and sum(worker.alive for worker in self.workers) < 4:
            self.start_worker()

    def _restart_ledger(self) -> None:
        if not self.calm:
            self.server.restart(self.rng.random() * 2)

    def _broker_away(self) -> None:
        if not self.calm:
            self.broker.be_away(self.rng.random() * 2)

    def _step_clock(self) -> None:
        if worker := self._some_worker():
            worker.clock_ahead_ms = self.rng.randrange(-7_200_000, 7_200_000)
            self.note(f"clock of {worker.name} {worker.clock_ahead_ms} ms ahead")

    def _rebalance(self) -> None:
        if not self.calm:
            self.broker.rebalance("asked for")

    def _restart_agent(self) -> None:
        if worker := self._some_worker():
            self.note(f"restart agent of {worker.name}")
            worker.restart_agent()

    def _upgrade(self) -> None:
        if not self.calm:
            self.policy = self.rng.choice([other for other in POLICIES if other != self.policy])
            self.note(f"upgrade to policy {POLICIES.index(self.policy)}")
            (self._crash if self.rng.random() < 0.5 else self._stop)()

    def _calm(self) -> None:
        """No more faults: from here on everything must come to its end."""
        self.note("calm")
        self.calm = True
        for name in vars(self.weather):
            setattr(self.weather, name, 0.0)
        if not any(worker.alive for worker in self.workers):
            self.start_worker()

    def _ends(self) -> Counter[Partition]:
        return Counter(here for here, _ in self.story.records)

    def _quiet(self) -> bool:
        if any(worker.failure for worker in self.workers):
            return True
        if self.calm and not any(worker.alive for worker in self.workers):
            self.start_worker()  # the last one was about to end when calm came
        at = self.server.ledger.positions_now
        return not self.server.busy and all(
            here in at and at[here].next == end for here, end in self._ends().items()
        )

    # -- whether it came out right -------------------------------------------------------

    def _check(self) -> None:
        for worker in self.workers:
            if worker.failure is not None:
                self.problems.append(f"{worker.name} gave up: {worker.failure!r}")
        self.problems += self.loop.complaints
        self._check_dossiers()
        self._check_sums()
        self._check_records()

    def _check_dossiers(self) -> None:
        ledger, story = self.server.ledger, self.story
        if ledger.rows.keys() != story.dossiers.keys():
            self.problems.append(
                f"dossiers {sorted(ledger.rows)}, sent were {sorted(story.dossiers)}"
            )
        cells = ledger.cells_now
        for key, known in story.dossiers.items():
            row = ledger.rows.get(key)
            if row is None:
                continue
            booked = {
                (measure, cells[cell], day, slot): amount
                for (measure, cell, day, slot), amount in unpack_entries(row.booked).items()
            }
            policy = self.server.booked_by.get(key, PLAIN)
            expected = {tuple(at): amount for at, amount in known.entries(policy).items()}
            if booked != expected:
                self.problems.append(f"{key} has booked {booked}, its events say {expected}")
            have = Counter(map(_whole, ledger.events(key)))
            sent = Counter(map(_whole, known.events))
            if have != sent:
                self.problems.append(
                    f"{key} has events {sorted(have - sent)} too many,"
                    f" {sorted(sent - have)} too few"
                )

    def _check_sums(self) -> None:
        ledger = self.server.ledger
        journal, booked = ledger.net_journal(), ledger.booked()
        for entry in sorted(journal.keys() | booked.keys()):
            if journal[entry] != booked[entry]:
                self.problems.append(
                    f"account {entry}: journal {journal[entry]}, dossiers {booked[entry]}"
                )
        shown: Counter[tuple[Any, ...]] = Counter()
        for (measure, cell, _, slot, booking_class), amount in ledger.journal.items():
            if measure in SHOWN:
                at = ledger.cells_now[cell]
                channel, level = (0, 0) if measure in CONSUMED_BINS else (at.channel, at.level)
                key = measure, level1(at.agency), channel, level, slot, int(booking_class)
                shown[key] += amount
        totals = Counter({tuple(key): net for key, net in ledger.net_totals().items()})
        for total in sorted(shown.keys() | totals.keys()):
            if shown[total] != totals[total]:
                self.problems.append(f"total {total}: {totals[total]}, journal {shown[total]}")

    def _check_records(self) -> None:
        ledger, story = self.server.ledger, self.story
        quarantined = set(ledger.refusals)
        if quarantined != story.garbage:
            self.problems.append(
                f"quarantine lacks {sorted(story.garbage - quarantined)} and has"
                f" {sorted(quarantined - story.garbage)} too many"
            )
        tallied, expected = ledger.tallied(), story.counts()
        tallied["restated"] = sum(
            amount for tally, amount in ledger.tallies.items() if tally.detail == "restated"
        )
        for name in ("counted", "restated", "duplicate", "refused"):
            if tallied[name] != expected[name]:
                self.problems.append(f"{name}: {tallied[name]}, sent were {expected[name]}")
        ends = self._ends()
        for here, position in ledger.positions_now.items():
            if position.next != ends[here]:
                self.problems.append(f"{here} is at {position.next}, ends at {ends[here]}")


def _whole(event: Any) -> tuple[str, str, int, str]:
    return event.source, event.id, event.arrival_ms, content_hash(event).hex()


def _some(rng: random.Random, most: float) -> float:
    """Nothing in half of the histories, so that faults are also seen alone."""
    return rng.choice((0.0, 0.0, 0.3, 1.0)) * most


def run(seed: int, fault: Fault = NONE) -> Outcome:
    """The history of a seed, checked."""
    rng = random.Random(seed)
    random.seed(seed)  # the worker's jitter
    with simulated(rng) as loop, _paced(rng), fault.code():
        history = History(seed, fault, loop, rng)
        with _logged(history.note):
            try:
                main = loop.start(history.run())
                try:
                    loop.run_until_complete(main)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is this seed's
                    history.problems.append(f"broke off: {error!r}")
                outcome = Outcome(
                    seed, history.problems, list(history.trace), loop.steps, loop.now
                )
            finally:
                loop.take_down([worker.process for worker in history.workers])
    return outcome


@contextmanager
def _paced(rng: random.Random) -> Iterator[None]:
    """The worker's constants as this seed has them."""
    unyielding = rng.random() < 0.3
    yields = rng.random() * 0.5

    class Turns:
        """Gives way between any two records, as the seed says."""

        def over(self) -> bool:
            return not unyielding and rng.random() < yields

    paced: list[tuple[ModuleType, str, Any]] = [
        *((desk, name, value) for name, value in PACE.items()),
        (desk, "UNIT_RECORDS", rng.choice((3, 10, 50))),
        (desk, "UNIT_SECONDS", rng.choice((0.05, 0.1, 0.3))),
        (dossiers, "Turns", Turns),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in paced]
    collecting = gc.isenabled()
    gc.disable()  # what it ends, it would end at a moment that no seed knows
    try:
        for module, name, value in paced:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        if collecting:
            gc.enable()


@contextmanager
def _logged(note: Callable[[str], None]) -> Iterator[None]:
    """What the worker says goes into the trace."""

    def say(_: Any, method: str, event: structlog.typing.EventDict) -> str:
        note(f"{method}: {event.pop('event')} {sorted(event.items())}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[say], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
