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
from monitor.domain.policy import RULES_VERSION, Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger.packing import unpack_entries
from monitor.ledger.policies import OtherRules
from monitor.ledger.unit import Partition
from monitor.reference.sets import plain_set
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from tests.simulation.broker import Broker
from tests.simulation.faults import NONE, Fault
from tests.simulation.loop import SimulatedLoop, simulated
from tests.simulation.recompute import DEEDS as RECOMPUTE_DEEDS
from tests.simulation.recompute import OfAnotherRelease, Recompute
from tests.simulation.story import START_MS, Story, tell
from tests.simulation.wire import DEEDS, Release, Server, Weather
from tests.simulation.worker import Worker

PATIENCE_SECONDS: Final = 120.0  # virtual, after the last fault
AFTERWARDS_SECONDS: Final = 1.0  # for what should not happen any more
AUDITS: Final = 3  # of the sums, while it goes on: they are right at every instant
STEPS: Final = 400_000  # of the loop; many times what a history takes

PLAIN: Final = Policy(Zone())
POLICIES: Final = (
    PLAIN,
    Policy(Zone(), Precision.DATE),
    Policy(Zone("Pacific/Kiritimati")),  # other days: every account moves
)
RELEASES: Final = (Release(), Release(RULES_VERSION + 1))
SLIPPED: Final = Release(slips=True)
SUPERVISED_SECONDS: Final = 0.5  # between looks at who has ended
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
    recomputes: list[Recompute] = field(default_factory=list)
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
        self.policy = PLAIN  # of the reference files and of the release that are installed
        # In some histories a release posts otherwise than its successor, of the same rules.
        self.slips = rng.random() < 0.3
        self.release = SLIPPED if self.slips else RELEASES[0]
        self.recompute_release = RELEASES[0]  # of the recompute that was begun last
        self.replaced: set[Worker] = set()
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
            *((self._mend,) if self.slips else (self._recompute, self._install_release)),
        )
        # A few kinds at a time: what follows from many of one is drowned by the others.
        kinds = rng.sample(incidents, rng.randint(1, 4))
        drawn = [rng.choice(kinds) for _ in range(rng.randint(0, 10))]
        # Whoever wakes up with a batch in hand is what positions are checked for.
        drawn += [self._pause_in_the_middle] * rng.choice((0, 0, 2, 4))
        drawn += [self._mend if self.slips else self._recompute] * rng.choice((0, 0, 1, 3))
        for incident in drawn:
            self.loop.later(rng.random() * self.lasts, incident)
        for _ in range(AUDITS):
            self.loop.later(rng.random() * self.lasts, self._check_sums)
        self._supervise()
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

    @property
    def _processes(self) -> list[Worker | Recompute]:
        return [*self.workers, *self.recomputes]

    def start_worker(self) -> Worker:
        """Another process of what is installed."""
        worker = Worker(
            f"w{len(self.workers)}",
            loop=self.loop,
            rng=self.rng,
            broker=self.broker,
            server=self.server,
            policy=self.policy,
            release=self.release,
            decoder=DECODER,
            at_hand=self.at_hand,
            make=self.fault.desk,
        )
        self.workers.append(worker)
        self.note(f"start {worker.name}, rules {self.release.rules}")
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

    def _hold(self, worker: Worker | Recompute) -> None:
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
        """Other reference files, one worker after another; all book under the ledger's."""
        if not self.calm:
            self.policy = self.rng.choice([other for other in POLICIES if other != self.policy])
            self.note(f"upgrade to policy {POLICIES.index(self.policy)}")
            (self._crash if self.rng.random() < 0.5 else self._stop)()

    def _install_release(self) -> None:
        """Other code, perhaps before the ledger is raised to it, perhaps after."""
        if not self.calm:
            self.release = self.rng.choice(RELEASES)
            self.note(f"rules {self.release.rules} are installed")
            (self._crash if self.rng.random() < 0.5 else self._one_more)()

    def _mend(self) -> None:
        """The mended release is installed, or for a while the other one again."""
        if not self.calm:
            self.release = self.rng.choice((RELEASES[0], SLIPPED))
            self.note(f"{'slipped' if self.release.slips else 'mended'} release is installed")
            (self._crash if self.rng.random() < 0.5 else self._stop)()

    def _recompute(self) -> None:
        """Begin one, or go on with one that was killed, or give that up."""
        if self.server.ledger.active() is None or any(one.alive for one in self.recomputes):
            return  # there is nothing yet that it could replace
        rng = self.rng
        unfinished = self.server.ledger.recomputing()
        if unfinished is None:
            self.recompute_release = rng.choice(RELEASES)
        one = Recompute(
            f"r{len(self.recomputes)}",
            loop=self.loop,
            rng=rng,
            server=self.server,
            release=self.recompute_release,
            reference=None if self.calm or unfinished else plain_set(rng.choice(POLICIES)),
            gives_up=unfinished is not None and rng.random() < 0.3,
        )
        self.recomputes.append(one)
        self.note(f"start {one.name}, rules {self.recompute_release.rules}")
        one.start()
        if not self.calm and rng.random() < 0.6:
            self._befall(one)

    def _befall(self, one: Recompute) -> None:
        """It is killed or stands still, at a deed or at any time."""
        befall = self.rng.choice((self._kill_recompute, self._hold))
        if self.rng.random() < 0.7:
            deed = self.rng.choice(RECOMPUTE_DEEDS)
            self.server.ambushes[one.process, deed] = lambda: befall(one)
        else:
            self.loop.later(self.rng.random(), lambda: befall(one))

    def _kill_recompute(self, one: Any) -> None:
        if self.calm or not one.alive:
            return
        self.note(f"kill {one.name}")
        one.process.stands_still = True
        one.ended = True
        self.server.gone(one.process)

    def _supervise(self) -> None:
        """Whoever may not book has ended by itself; somebody else is started in its place."""
        for worker in self.workers:
            if isinstance(worker.failure, OtherRules) and worker not in self.replaced:
                self.replaced.add(worker)
                self.note(f"{worker.name} may not book")
                if not self.calm:
                    self._start_soon()
        if self.calm:
            self._settle()
        self.loop.later(SUPERVISED_SECONDS, self._supervise)

    def _settle(self) -> None:
        """What was begun is ended, and who may book is there to do so."""
        ledger = self.server.ledger
        if (ledger.recomputing() or ledger.rebooked) and not any(
            one.alive for one in self.recomputes
        ):
            self._recompute()
        if (active := ledger.active()) is not None and not self.slips:
            self.release = next(one for one in RELEASES if one.rules == active.rules)
        if not any(worker.alive for worker in self.workers):
            self.start_worker()

    def _calm(self) -> None:
        """No more faults: from here on everything must come to its end."""
        self.note("calm")
        self.calm = True
        for name in vars(self.weather):
            setattr(self.weather, name, 0.0)
        self._settle()

    def _ends(self) -> Counter[Partition]:
        return Counter(here for here, _ in self.story.records)

    def _quiet(self) -> bool:
        if any(self._gave_up(one) for one in self._processes):
            return True
        ledger = self.server.ledger
        if ledger.recomputing() or ledger.rebooked or any(r.alive for r in self.recomputes):
            return False
        at = ledger.positions_now
        return not self.server.busy and all(
            here in at and at[here].next == end for here, end in self._ends().items()
        )

    def _gave_up(self, one: Worker | Recompute) -> bool:
        """Whether it ended of something that it should have mended."""
        if isinstance(one.failure, OtherRules):
            ruled = self.server.ledger.policies.values()
            return all(kept.rules == one.release.rules for kept in ruled)
        return one.failure is not None and not isinstance(one.failure, OfAnotherRelease)

    # -- whether it came out right -------------------------------------------------------

    def _check(self) -> None:
        for one in self._processes:
            if self._gave_up(one):
                self.problems.append(f"{one.name} gave up: {one.failure!r}")
        self.problems += self.loop.complaints + self.server.forbidden
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
        named, policy, epoch = self._in_force()
        for key, known in story.dossiers.items():
            if key not in ledger.rows:
                continue
            row = ledger.booked_now(key)
            booked = {
                (measure, cells[cell], day, slot): amount
                for (measure, cell, day, slot), amount in unpack_entries(row.booked).items()
            }
            if self.slips:  # nothing has ever booked it anew
                policy = self.server.booked_by[key].policy(named)
            expected = {tuple(at): amount for at, amount in known.entries(policy).items()}
            if booked != expected:
                self.problems.append(f"{key} has booked {booked}, its events say {expected}")
            if ledger.row_epochs[key] != epoch:
                self.problems.append(f"{key} is of epoch {ledger.row_epochs[key]}, not {epoch}")
            have = Counter(map(_whole, ledger.events(key)))
            sent = Counter(map(_whole, known.events))
            if have != sent:
                self.problems.append(
                    f"{key} has events {sorted(have - sent)} too many,"
                    f" {sorted(sent - have)} too few"
                )

    def _in_force(self) -> tuple[Policy, Policy, int]:
        """By which reference files all must be booked in the end, whoever booked it and when;
        what they come to in the release whose rules rule; and the epoch.
        """
        active = self.server.ledger.active()
        if active is None:
            return PLAIN, PLAIN, 0
        [release] = [one for one in RELEASES if one.rules == active.rules]
        [named] = [one for one in POLICIES if plain_set(one).hash == active.reference]
        return named, release.policy(named), active.epoch

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
                loop.take_down([one.process for one in history._processes])
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
