"""One run: workers under load on real servers, the plan's faults in turn, then peace and a verdict."""

import asyncio
import contextlib
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from agents.generate.model import Record
from monitor.domain.policy import Policy
from monitor.ledger.ledger import UNAVAILABLE
from monitor.reference.policy import load_policy
from tests.chaos.crew import Hand, Recompute
from tests.chaos.load import drawn
from tests.chaos.plan import Fault, Kind, Plan
from tests.chaos.servers import Servers, leader, raise_partitions, restart
from tests.chaos.verdict import disagreements, read_back
from tests.servers.process import ServerFailed
from tests.servers.require import ROOT
from tests.servers.topics import create_topic
from tests.whole.ledger_checks import PLAIN, booked_until
from tests.whole.service import KEY

REFERENCE: Final = ROOT / "deploy" / "reference"
EVENTS_A_DOSSIER: Final = 4  # at least: not all of them end in the days that are drawn
PEACE_S: Final = 180.0  # to book what is left, once nothing happens any more
AGAIN_S: Final = 0.3  # before a worker that has died is started again
START_S: Final = 180.0  # for the first claim; a machine may have much else to do
LEAVE_S: Final = 20.0  # for a worker that was asked to go
RECOMPUTE_S: Final = 240.0  # however often it is interrupted
POINT_S: Final = 60.0  # for a worker to come past its point
SENDING_S: Final = 120.0  # for the last records to be acknowledged
# A commit to Kafka, which only informs, that we no longer waited for and that failed after all.
NOT_OURS: Final = ("GroupCoordinator._do_commit_offsets",)


@dataclass
class Outcome:
    """What was done to a run, and what was wrong after it."""

    plan: Plan
    injected: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)  # drawn, and not possible then
    wrong: list[str] = field(default_factory=list)
    records: int = 0
    calm_s: float = 0.0  # from the end of all faults until everything was booked
    logs: list[Path] = field(default_factory=list)


@dataclass
class Run:
    """One ledger, one or two topics, a crew, and the faults on them."""

    plan: Plan
    servers: Servers
    folder: Path
    without: str = ""  # the protection that workers lack
    tell: Callable[[str], None] = lambda _: None
    peace_s: float = PEACE_S
    point_s: float = POINT_S

    def __post_init__(self) -> None:
        self.outcome = Outcome(self.plan)
        self.cluster = self.servers.cluster(self.plan.brokers)
        self.policy = PLAIN  # of the ledger, and the folder that it was made of
        self._active = ""
        self._reference = ""
        self._partitions = Counter[str]()
        self._acknowledged: Counter[bytes] = Counter()
        self._hands: list[Hand] = []
        self._keepers: dict[Hand, asyncio.Task[None]] = {}
        self._held: set[Hand] = set()  # being handled by a fault: the keeper waits
        self._one_at_a_time = {
            name: asyncio.Lock() for name in ("postgres", "disk", "broker", "recompute")
        }
        self._release = "earlier" if self.plan.earlier else ""
        self._sets: dict[int, tuple[str, Policy]] = {0: ("", PLAIN)}

    async def __call__(self) -> Outcome:
        """Do it all; what goes wrong is in the outcome."""
        self.database = await self.servers.database()
        self.topics = [await self._topic("main")]
        if self.plan.elsewhere:
            self.topics.append(await self._topic("other"))
        try:
            async with self._at_work():
                await self._under_fire()
                if self.plan.earlier:
                    self.tell("everything anew by the present release")
                    await self._everything_anew()
                await self._until_all_is_booked()
            self._look_at_logs()
            log = await read_back(self.cluster.bootstrap, await self._ends())
            self.outcome.records = log.values.total()
            self.outcome.wrong += await disagreements(
                self.database, log, self._acknowledged, self.policy
            )
        except (ServerFailed, TimeoutError, KafkaError) as error:
            tails = "\n".join(hand.tail(15) for hand in self._hands)
            self.outcome.wrong.append(f"the run broke off: {error!r}\n{tails}")
        finally:
            await self.servers.drop(self.database)
        return self.outcome

    async def _topic(self, name: str) -> str:
        topic = await create_topic(
            self.cluster.bootstrap,
            f"emc.{name}",
            partitions=self.plan.partitions,
            replication=min(3, self.plan.brokers),
            settings={"retention.ms": "-1"},
        )
        self._partitions[topic] = self.plan.partitions
        return topic

    # -- the crew ------------------------------------------------------------------------

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        """Workers that are started again whenever they die; at the end they are asked to go."""
        for _ in range(self.plan.workers):
            self._join()
        for topic in self.topics[1:]:
            self._join(topic)
        try:
            self.tell("workers start")
            for topic in self.topics:
                await self._is_read(topic)
            yield
            for hand in list(self._hands):
                status = await self._leave(hand)
                if status not in {0, -signal.SIGTERM}:  # the latter: had hardly begun
                    self.outcome.wrong.append(f"{hand.name} ended with {status}\n{hand.tail()}")
        finally:
            for keeper in self._keepers.values():
                keeper.cancel()
            for hand in self._hands:
                if hand.running:
                    hand.thaw()
                    hand.kill()

    def _join(self, topic: str = "") -> None:
        number = len(self.outcome.logs)
        settings = {
            "kafka": self.cluster.bootstrap,
            "database": self.database,
            "topic": topic or self.topics[0],
            "group": f"group-{topic or self.topics[0]}",
            "quarantine_key": KEY,
            "worker_metrics_port": "0",
            "dossiers_at_hand": str(self.plan.at_hand),
            "brisk": "1",
        }
        if self.plan.static:
            settings["instance_id"] = f"hand-{number}"
        log = self.folder / f"worker-{number}.log"
        hand = Hand({f"EMC_{name.upper()}": value for name, value in settings.items()}, log)
        hand.give(
            CHAOS_WITHOUT=self.without,
            CHAOS_RELEASE=self._release,
            EMC_REFERENCE=self._reference,
        )
        self.outcome.logs.append(log)
        hand.launch()
        self._hands.append(hand)
        self._keepers[hand] = asyncio.create_task(self._keep(hand))

    async def _is_read(self, topic: str) -> None:
        """Wait until one of its workers has claimed: faults are for a service that runs."""
        async with asyncio.timeout(START_S):
            while not any(
                "partitions claimed" in hand.said()
                for hand in self._hands
                if hand.topic == topic
            ):
                await asyncio.sleep(0.1)

    async def _keep(self, hand: Hand) -> None:
        """As a service manager does: whatever it ended of, it is started again."""
        while True:
            await asyncio.sleep(AGAIN_S)
            if not hand.running and hand not in self._held:
                hand.launch()

    async def _leave(self, hand: Hand) -> int | None:
        """Its exit status; None if it had to be killed, which is wrong at any time."""
        self._keepers.pop(hand).cancel()
        self._hands.remove(hand)
        if not hand.running:
            return 0
        hand.send(signal.SIGTERM)
        status = await hand.died(LEAVE_S)
        if status is None:
            self.outcome.wrong.append(
                f"{hand.name} did not end in {LEAVE_S:.0f} s\n{hand.tail()}"
            )
            hand.kill()
        return status

    @property
    def _main_crew(self) -> list[Hand]:
        """Those of the first topic; of the second there is one throughout."""
        return [hand for hand in self._hands if hand.topic == self.topics[0]]

    # -- load and faults -----------------------------------------------------------------

    async def _under_fire(self) -> None:
        began = time.monotonic()
        producing = asyncio.create_task(self._produce())
        under_way: set[asyncio.Task[None]] = set()
        try:
            for fault in self.plan.faults:
                await asyncio.sleep(max(0, fault.at_s - (time.monotonic() - began)))
                self.tell(str(fault))
                under_way.add(asyncio.create_task(self._inject(fault)))
            await asyncio.sleep(max(0, self.plan.seconds - (time.monotonic() - began)))
            self.tell("the last faults end")
            if under_way:
                await asyncio.gather(*under_way)
            await producing
        finally:
            for task in (producing, *under_way):
                task.cancel()
            await asyncio.gather(producing, *under_way, return_exceptions=True)

    async def _produce(self) -> None:
        """At the plan's rate; what the brokers do not acknowledge may be in the log or not."""
        rng = Random(f"where {self.plan.seed}")
        fresh = int(self.plan.records * (1 - self.plan.echo))
        said = list(islice(drawn(self.plan.seed, fresh // EVENTS_A_DOSSIER + 1), fresh))
        events = islice(chain(said, cycle(said)), self.plan.records)
        producer = AIOKafkaProducer(
            bootstrap_servers=self.cluster.bootstrap,
            acks="all",
            linger_ms=5,
            metadata_max_age_ms=2_000,
            request_timeout_ms=int(SENDING_S * 1_000),
        )
        await producer.start()
        try:
            sending: set[asyncio.Task[None]] = set()
            began = time.monotonic()
            for number, record in enumerate(events):
                ahead = number / self.plan.per_second - (time.monotonic() - began)
                if ahead > 0:
                    await asyncio.sleep(ahead)
                topic, partition = self._place(rng)
                # New partitions are heard of late, when a broker was away just then.
                while not (known := await producer.partitions_for(topic)):
                    await asyncio.sleep(0.1)
                if partition is not None:
                    partition %= len(known)
                sent = await producer.send(
                    topic,
                    record.value,
                    key=record.key.encode(),
                    partition=partition,
                    timestamp_ms=record.at_ms,
                )
                task = asyncio.create_task(self._acknowledge(sent, record))
                sending.add(task)
                task.add_done_callback(sending.discard)
            while sending:
                await asyncio.wait(sending)
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(producer.stop(), 10)

    async def _acknowledge(self, sent: asyncio.Future[Any], record: Record) -> None:
        with contextlib.suppress(KafkaError):
            await sent
            self._acknowledged[record.value] += 1

    def _place(self, rng: Random) -> tuple[str, int | None]:
        """Where a record goes: by its key, or anywhere, so that two workers hear of its dossier."""
        topic = self.topics[0]
        if rng.random() < self.plan.elsewhere:
            topic = self.topics[1]
        if rng.random() < self.plan.spread:
            return topic, rng.randrange(self._partitions[topic])
        return topic, None

    async def _inject(self, fault: Fault) -> None:
        try:
            done = await getattr(self, f"_fault_{fault.kind}")(fault)
        except Exception as error:  # noqa: BLE001 - the run goes on, and has failed
            self.outcome.wrong.append(f"{fault}: {error!r}")
            done = False
        name = f"{fault.kind} {fault.label}".strip()
        if done:
            self.outcome.injected[name] += 1
        else:
            self.outcome.missed[name] += 1

    def _victim(self, fault: Fault) -> Hand | None:
        """A worker that runs and that nothing else is happening to."""
        able = [hand for hand in self._hands if hand.running and hand not in self._held]
        return able[fault.worker % len(able)] if able else None

    @contextlib.contextmanager
    def _alone_with(self, hand: Hand) -> Iterator[None]:
        self._held.add(hand)
        try:
            yield
        finally:
            self._held.discard(hand)

    async def _fault_kill(self, fault: Fault) -> bool:
        if (hand := self._victim(fault)) is None:
            return False
        with contextlib.suppress(ServerFailed):  # it died just now
            hand.kill()
        return True

    async def _fault_point(self, fault: Fault) -> bool:
        """Started again with an end at the point; whether it came by there is seen in its log."""
        if (hand := self._victim(fault)) is None:
            return False
        with self._alone_with(hand):
            with contextlib.suppress(ServerFailed):
                hand.kill()
            hand.give(CHAOS_LIVES=f"{fault.label}:{fault.passage}")
            hand.launch()
            hand.give(CHAOS_LIVES="")
            await hand.died(self.point_s)
            with contextlib.suppress(ServerFailed):
                hand.kill()  # it never came by
            return f"chaos: dies {fault.label}" in hand.said()

    async def _fault_pause(self, fault: Fault) -> bool:
        """As a point, but the worker wakes again, with all that it had in hand."""
        if (hand := self._victim(fault)) is None:
            return False
        said = f"chaos: stops {fault.label}"
        with self._alone_with(hand):
            with contextlib.suppress(ServerFailed):
                hand.kill()
            hand.give(CHAOS_LIVES=f"{fault.label}:{fault.passage}:stops")
            hand.launch()
            hand.give(CHAOS_LIVES="")
            with contextlib.suppress(ServerFailed):
                await hand.says(said, self.point_s)
                await asyncio.sleep(fault.lasts_s)
                hand.thaw()
                return True
            with contextlib.suppress(ServerFailed):
                hand.kill()  # or it would stop there later, and for ever
            return False

    async def _fault_freeze(self, fault: Fault) -> bool:
        if (hand := self._victim(fault)) is None:
            return False
        with self._alone_with(hand):
            hand.freeze()
            await asyncio.sleep(fault.lasts_s)
            with contextlib.suppress(ServerFailed):
                hand.thaw()
        return True

    async def _fault_clock(self, fault: Fault) -> bool:
        if (hand := self._victim(fault)) is None:
            return False
        hand.step_clock(fault.step_ms)
        return True

    async def _fault_crew(self, fault: Fault) -> bool:
        crew = self._main_crew
        if len(crew) == fault.number:
            return False
        for _ in range(fault.number - len(crew)):
            self._join()
        for hand in crew[fault.number :]:
            if hand not in self._held:
                await self._leave(hand)
        return True

    async def _fault_upgrade(self, fault: Fault) -> bool:
        """One after another; all book under the ledger's policy until a recompute changes it."""
        self._reference, _ = await asyncio.to_thread(self._reference_set, fault.number)
        self._release = ""
        for hand in list(self._hands):
            hand.give(EMC_REFERENCE=self._reference, CHAOS_RELEASE="")
            if hand.running and hand not in self._held:
                with self._alone_with(hand):
                    hand.send(signal.SIGTERM)
                    if await hand.died(20) is None:
                        hand.kill()
            await asyncio.sleep(1)
        return True

    def _reference_set(self, number: int) -> tuple[str, Policy]:
        """None, the deployment's, or the same under other rules for pauses and Saturdays."""
        if number not in self._sets:
            folder = REFERENCE
            if number == 2:
                folder = self.folder / "reference"
                _copy_changed(REFERENCE, folder)
            self._sets[number] = str(folder), load_policy(folder)
        return self._sets[number]

    async def _fault_recompute(self, fault: Fault) -> bool:
        """Beside the workers; killed once on its way, if it is still on it then, and resumed."""
        async with self._one_at_a_time["recompute"]:
            folder, policy = await asyncio.to_thread(self._reference_set, fault.number)
            rebook = Recompute(self.database, folder, self.folder / "recompute.log")
            rebook.launch()
            if await rebook.died(fault.lasts_s) is None:
                rebook.kill()
            await self._rebook(rebook)
            self.policy, self._active = policy, folder
        return True

    async def _rebook(self, rebook: Recompute) -> None:
        if not await rebook.to_the_end(within_s=RECOMPUTE_S):
            self.outcome.wrong.append(f"no end of recomputing\n{rebook.tail()}")

    async def _everything_anew(self) -> None:
        """What an earlier release has booked differently is set right by a recompute alone."""
        await self._fault_upgrade(Fault(at_s=0, kind=Kind.UPGRADE))
        log = self.folder / "recompute.log"
        await self._rebook(Recompute(self.database, self._active, log, "--again"))

    async def _fault_sessions(self, _: Fault) -> bool:
        try:
            connection = await asyncpg.connect(self.database, timeout=5)
        except (*UNAVAILABLE, asyncpg.PostgresError):
            return False
        try:
            await connection.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        except UNAVAILABLE:
            return False
        finally:
            connection.terminate()
        return True

    async def _fault_postgres(self, fault: Fault) -> bool:
        async with self._one_at_a_time["postgres"]:
            await asyncio.to_thread(self.servers.stop_postgres_at_once)
            await asyncio.sleep(fault.lasts_s)
            await asyncio.to_thread(self.servers.start_postgres)
        return True

    async def _fault_disk(self, fault: Fault) -> bool:
        disk = self.servers.disk
        if disk is None:
            return False
        async with self._one_at_a_time["disk"]:
            await asyncio.to_thread(disk.fill)
            await asyncio.sleep(fault.lasts_s)
            disk.free()
        return True

    async def _fault_broker(self, fault: Fault) -> bool:
        async with self._one_at_a_time["broker"]:
            node = await leader(self.cluster, self.topics[0], fault.number)
            await asyncio.to_thread(node.kill)
            await asyncio.sleep(fault.lasts_s)
            await asyncio.to_thread(restart, node)
        return True

    async def _fault_partitions(self, _: Fault) -> bool:
        topic = self.topics[0]
        async with self._one_at_a_time["broker"]:
            try:
                await raise_partitions(self.cluster, topic, self._partitions[topic] + 1)
            except (KafkaError, OSError):
                return False
        self._partitions[topic] += 1
        return True

    # -- peace ---------------------------------------------------------------------------

    async def _until_all_is_booked(self) -> None:
        began = time.monotonic()
        self.tell("peace: until everything is booked")
        ends = await self._ends()
        while True:
            positions = {
                (topic, partition): there
                for topic in self.topics
                for partition, there in (await self._positions(topic)).items()
            }
            if positions == ends:
                break
            if time.monotonic() - began > self.peace_s:
                tails = "\n".join(hand.tail(15) for hand in self._hands)
                self.outcome.wrong.append(
                    f"{self.peace_s:.0f} s after the last fault the ledger stands at {positions},"
                    f" the logs end at {ends}\n{tails}"
                )
                break
            await asyncio.sleep(0.2)
        self.outcome.calm_s = time.monotonic() - began

    async def _positions(self, topic: str) -> dict[int, int]:
        try:
            return await booked_until(self.database, topic)
        except (*UNAVAILABLE, asyncpg.UndefinedTableError):
            return {}

    async def _ends(self) -> dict[tuple[str, int], int]:
        async with AIOKafkaConsumer(bootstrap_servers=self.cluster.bootstrap) as consumer:
            there = [
                TopicPartition(topic, partition)
                for topic in self.topics
                for partition in range(self._partitions[topic])
            ]
            return {tuple(tp): end for tp, end in (await consumer.end_offsets(there)).items()}

    def _look_at_logs(self) -> None:
        """An error that nobody caught is a bug, whatever the figures say."""
        if self.without:
            return
        for log in self.outcome.logs:
            said = log.read_text(errors="replace")
            at = said.find("Traceback")
            while at >= 0:
                part = said[max(0, at - 300) : at + 3_000]
                if not any(words in part for words in NOT_OURS):
                    self.outcome.wrong.append(f"{log.stem} was not caught:\n{part}")
                    break
                at = said.find("Traceback", at + 1)


def _copy_changed(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    for file, old, new in (
        ("policy.toml", 'strategy = "shift"', 'strategy = "subtract"'),
        ("policy.toml", "makeup_days_count = true", "makeup_days_count = false"),
        ("calendars/vietnam.toml", "makeup_days_count = true", "makeup_days_count = false"),
    ):
        text = (target / file).read_text()
        assert text.count(old) == 1, (file, old)
        (target / file).write_text(text.replace(old, new))
