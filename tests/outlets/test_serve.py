"""`emc serve` over HTTP, on a real ledger, read by the client's parsers and by Prometheus."""

import asyncio
import gzip
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from monitor.domain.policy import RULES_VERSION, Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger.figures import Snapshot
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import BookingClass, TallyKey, TotalKey
from monitor.outlets.metrics import FRESH_SECONDS, Board
from monitor.outlets.serve import serve
from monitor.reference.sets import ReferenceSet, plain_set
from tests.outlets.writer import Writer
from tests.servers.prometheus import MakesPrometheus

LIVE, LATE, BACKFILL = BookingClass.LIVE, BookingClass.LATE, BookingClass.BACKFILL
LONG_AGO, FAR_AHEAD = 10_000, 40_000  # 1997 and 2079, as days since 1970

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Service:
    port: int

    async def get(self, path: str, **headers: str) -> Answer:
        return await asyncio.to_thread(self._get, path, headers)

    def _get(self, path: str, headers: Mapping[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=named)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return Answer(reply.status, dict(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    async def scrape(self) -> Samples:
        answer = await self.get("/metrics")
        assert answer.status == 200, answer.text
        return samples(answer.text)

    async def scrape_anew(self) -> Samples:
        """A scrape that no earlier snapshot answers."""
        await asyncio.sleep(FRESH_SECONDS + 0.05)
        return await self.scrape()


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }


def one(found: Samples, name: str, **labels: str) -> float:
    named = {label.rstrip("_"): value for label, value in labels.items()}
    return found[name, frozenset(named.items())]


@asynccontextmanager
async def serving(dsn: str) -> AsyncIterator[Service]:
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    service = asyncio.create_task(
        serve(
            dsn=dsn,
            policy=Policy(Zone()),
            host="127.0.0.1",
            port=0,
            stop=stop,
            ready=port.set_result,
        )
    )
    service.add_done_callback(lambda _: port.cancel())
    try:
        await port
    except asyncio.CancelledError:
        await service
        raise
    try:
        yield Service(port.result())
    finally:
        stop.set()
        await asyncio.wait_for(service, 10)


async def book_a_little(writer: Writer) -> None:
    """H56: 5 accepted, 2 of them ended. Shard 1 repeats some of it; 3 were taken back."""
    await writer.book(
        {
            TotalKey(2, "H56", 2, 4, -1, LIVE): (5, 0),
            TotalKey(5, "H56", 2, 4, -1, LIVE): (2, 0),
            TotalKey(8, "H56", 2, 4, -1, LIVE): (1, 0),
            TotalKey(9, "H56", 2, 4, -1, LIVE): (1, 0),
            TotalKey(11, "H56", 2, 4, -1, LIVE): (90_061_001, 0),
            TotalKey(103, "H56", 0, 0, -1, LIVE): (1, 0),
            TotalKey(110, "H56", 0, 0, -1, LIVE): (1, 0),
            TotalKey(12, "H56", 2, 4, LONG_AGO, LIVE): (3, 2),
            TotalKey(13, "H56", 2, 4, FAR_AHEAD, LIVE): (1, 0),
            TotalKey(12, "H56", 2, 4, -1, LIVE): (1, 0),
        },
        tallies={
            TallyKey("counted", "H56-onestop", ""): 12,
            TallyKey("duplicate", "H56-onestop", ""): 1,
            TallyKey("refused", "H56-onestop", "unknown_state"): 2,
        },
        shard=0,
        records=15,
    )
    await writer.book(
        {
            TotalKey(2, "H56", 2, 4, -1, LIVE): (4, 3),
            TotalKey(2, "000.14", 1, 0, -1, BACKFILL): (1, 0),
            TotalKey(103, "H56", 0, 0, -1, LATE): (1, 1),
        },
        tallies={TallyKey("counted", "H56-onestop", ""): 5},
        shard=1,
        records=5,
    )


async def test_a_scrape_shows_what_is_booked(database: str) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)

        found = await service.scrape()

    here = {"agency": "H56", "channel": "online", "level": "4"}
    live = {**here, "class_": "live"}
    assert one(found, "emc_dossiers_accepted_credit_total", **live) == 9
    assert one(found, "emc_dossiers_accepted_debit_total", **live) == 3
    assert one(found, "emc_dossiers_completed_credit_total", **live) == 2
    assert one(found, "emc_dossiers_on_time_credit_total", **live) == 1
    assert one(found, "emc_dossiers_late_credit_total", **live) == 1
    assert one(found, "emc_dossier_processing_seconds_credit_total", **live) == 90_061.001
    assert one(found, "emc_dossier_processing_seconds_debit_total", **live) == 0
    assert one(found, "emc_dossiers_open", **here, state="in_process") == 2
    assert one(found, "emc_dossiers_open", **here, state="paused") == 1
    assert one(found, "emc_dossiers_open_overdue", **here) == 1
    due = {
        when: one(found, "emc_dossiers_open_due", agency="H56", due=when)
        for when in ("overdue", "today", "tomorrow", "later", "none")
    }
    assert due == {"overdue": 1, "today": 0, "tomorrow": 0, "later": 1, "none": 1}
    records = {
        outcome: one(found, "emc_records_total", source="H56-onestop", outcome=outcome)
        for outcome in ("counted", "duplicate", "refused")
    }
    assert records == {"counted": 17, "duplicate": 1, "refused": 2}
    assert (
        one(found, "emc_records_refused_total", source="H56-onestop", reason="unknown_state")
        == 2
    )
    assert one(found, "emc_ledger_next_offset", topic="emc.dossiers", partition="0") == 15
    assert one(found, "emc_ledger_next_offset", topic="emc.dossiers", partition="1") == 5
    moved = one(
        found,
        "emc_ledger_position_moved_timestamp_seconds",
        topic="emc.dossiers",
        partition="1",
    )
    assert 0 <= one(found, "emc_snapshot_timestamp_seconds") - moved + 1 < 60
    assert one(found, "emc_ledger_follower_watermark_timestamp_seconds") == 0
    assert one(found, "emc_ledger_follower_backlog_rows") == 0


async def test_both_sides_of_every_measure_are_shown_from_zero(database: str) -> None:
    """Else the first that happens is lost to `rate`, which sees no rise from nothing."""
    async with Writer.on(database) as writer, serving(database) as service:
        await writer.book({TotalKey(2, "H56", 2, 4, -1, LATE): (1, 0)})

        found = await service.scrape()

    whole = frozenset({("agency", "H56"), ("class", "late")})
    detail = whole | {("channel", "online"), ("level", "4")}
    flows = {name: value for (name, under), value in found.items() if under == detail}
    by_agency = {name: value for (name, under), value in found.items() if under == whole}
    assert {name for name, value in flows.items() if value} == {
        "emc_dossiers_accepted_credit_total"
    }
    assert (len(flows), len(by_agency), any(by_agency.values())) == (14, 26, False)
    # Of nothing that was not booked, but for the ends claimed afterwards that an alert waits for.
    assert {name for name, under in found if ("class", "live") in under} == {
        "emc_dossiers_warned_credit_total",
        "emc_dossiers_warned_debit_total",
    }


async def test_deadline_consumption_has_a_bound_at_the_deadline_and_no_sum(
    database: str,
) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)

        found = await service.scrape()

    name = "emc_dossier_deadline_consumed_ratio"
    credit = {
        dict(labels)["le"]: value
        for (of, labels), value in found.items()
        if of == f"{name}_credit_bucket"
    }
    assert credit == {
        "0.1": 0,
        "0.25": 0,
        "0.5": 0,
        "0.75": 2,
        "0.9": 2,
        "1.0": 2,
        "1.25": 2,
        "1.5": 2,
        "2.0": 2,
        "4.0": 2,
        "+Inf": 3,
    }
    assert one(found, f"{name}_debit_bucket", agency="H56", le="0.5") == 0
    assert one(found, f"{name}_debit_bucket", agency="H56", le="+Inf") == 1
    assert not [of for of, _ in found if of.startswith(name) and not of.endswith("_bucket")]


async def test_openmetrics_is_served_to_whoever_asks_for_it(database: str) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)

        plain = await service.get("/metrics", Accept="text/plain")
        asked = await service.get(
            "/metrics",
            Accept="application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1",
        )

    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert asked.headers["content-type"].startswith(
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    )
    assert asked.headers["vary"] == "accept, accept-encoding"
    openmetrics = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_openmetrics(asked.text)
        for sample in family.samples
    }
    assert openmetrics == samples(plain.text)


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text;version=new", "*/*", "", "image/png"]
)
async def test_whoever_asks_oddly_gets_plain_text(database: str, accept: str) -> None:
    async with Writer.on(database), serving(database) as service:
        answer = await service.get("/metrics", Accept=accept)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_scrape_is_compressed_for_whoever_takes_it(database: str) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)

        small = await service.get("/metrics", Accept_Encoding="deflate, gzip;q=0.5")
        large = await service.get("/metrics", Accept_Encoding="gzip;q=0")

    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == large.body
    assert "content-encoding" not in large.headers


async def test_what_is_committed_is_in_the_next_snapshot(database: str) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)
        before = await service.scrape()
        await book_a_little(writer)

        after = await service.scrape_anew()

    live = {"agency": "H56", "channel": "online", "level": "4", "class_": "live"}
    assert one(before, "emc_dossiers_accepted_credit_total", **live) == 9
    assert one(after, "emc_dossiers_accepted_credit_total", **live) == 18


async def test_a_ledger_without_schema_is_told_and_then_found(bare_database: str) -> None:
    async with serving(bare_database) as service:
        unready, blind = await service.get("/readyz"), await service.get("/metrics")
        alive = await service.get("/healthz")
        await migrate(bare_database)
        await asyncio.sleep(FRESH_SECONDS + 0.05)
        ready, seeing = await service.get("/readyz"), await service.get("/metrics")

    assert (unready.status, blind.status, alive.status) == (503, 503, 200)
    assert unready.text == (
        "the ledger has no schema yet; run `emc migrate` as the role that owns the ledger, then"
        " deploy/postgresql/roles.sql\n"
    )
    assert blind.text == unready.text
    assert (ready.status, seeing.status) == (200, 200)


async def test_a_ledger_that_is_away_is_no_reason_not_to_start() -> None:
    async with serving("postgresql://nobody:secret@127.0.0.1:1/emc") as service:
        answers = [await service.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert [answer.status for answer in answers] == [200, 503, 503]
    assert answers[2].text == "the ledger does not answer: ConnectionRefusedError\n"


async def test_a_ledger_that_lets_nobody_in_is_told_as_one_that_is_away(database: str) -> None:
    elsewhere = urlunsplit(urlsplit(database)._replace(path="/no_such_database"))
    async with serving(elsewhere) as service:
        answers = [await service.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert [answer.status for answer in answers] == [200, 503, 503]
    assert answers[1].text == "the ledger does not answer: InvalidCatalogNameError\n"
    assert answers[2].text == answers[1].text


async def test_an_older_copy_of_the_ledger_is_not_shown(database: str) -> None:
    """After a failover to a copy that lags, counters would seem to have been reset."""
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)
        await service.scrape()
        connection = await asyncpg.connect(database)
        await connection.execute("DELETE FROM total WHERE shard = 1")
        await asyncio.sleep(FRESH_SECONDS + 0.05)
        behind = await service.get("/metrics")
        await connection.close()
        await writer.book({TotalKey(2, "H56", 2, 4, -1, LIVE): (20, 0)}, shard=0)

        caught_up = await service.scrape_anew()

    assert behind.status == 503
    assert behind.text.startswith("the ledger shows less than it has shown before")
    live = {"agency": "H56", "channel": "online", "level": "4", "class_": "live"}
    assert one(caught_up, "emc_dossiers_accepted_credit_total", **live) == 25


async def test_it_says_under_which_policy_the_figures_were_booked(database: str) -> None:
    reference = plain_set(Policy(Zone(), Precision.DATE))
    async with Writer.on(database) as writer, serving(database) as service:
        before = await service.scrape()
        await writer.ledger.policies.register(reference)
        after = await service.scrape_anew()

    assert not [name for name, _ in before if name == "emc_policy_info"]
    labels = {"epoch": "1", "rules": str(RULES_VERSION), "reference": reference.hash}
    assert one(after, "emc_policy_info", **labels) == 1


async def test_a_policy_that_this_release_cannot_read_is_no_reason_to_guess(
    database: str,
) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        broken = ReferenceSet("0123456789abcdef", {"policy.toml": b"calendar = 1"})
        await writer.ledger.policies.register(broken)

        answer = await service.get("/metrics")

    assert answer.status == 503
    assert "0123456789abcdef of the ledger is refused by this release" in answer.text


async def test_all_who_ask_at_once_share_one_reading() -> None:
    readings = 0

    async def read() -> Snapshot:
        nonlocal readings
        readings += 1
        await asyncio.sleep(0.05)
        return Snapshot(now_ms=0, flows={}, consumed={}, open={}, tallies={}, positions={})

    board = Board(read)
    shown = await asyncio.gather(*(board.exposition("", compressed=False) for _ in range(20)))

    assert readings == 1
    assert len(set(shown)) == 1


async def test_whoever_hangs_up_does_not_end_what_others_wait_for() -> None:
    answer = asyncio.Event()

    async def read() -> Snapshot:
        await answer.wait()
        return Snapshot(now_ms=0, flows={}, consumed={}, open={}, tallies={}, positions={})

    board = Board(read)
    impatient = asyncio.create_task(board.exposition("", compressed=False))
    patient = asyncio.create_task(board.exposition("", compressed=False))
    await asyncio.sleep(0)
    impatient.cancel()
    answer.set()

    assert b"emc_build_info" in (await patient).body


async def test_before_there_is_a_schema_the_front_page_says_so_and_leads_to_the_rest(
    bare_database: str,
) -> None:
    async with serving(bare_database) as service:
        page = await service.get("/")
        nothing = await service.get("/nothing")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.status == 503
    assert "emc migrate" in page.text
    assert 'href="/api/v1/docs"' in page.text
    assert nothing.status == 404


async def test_it_ends_while_a_client_keeps_its_connection(database: str) -> None:
    async with serving(database) as service:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)

    writer.close()
    await writer.wait_closed()


async def test_an_address_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="use"):
        await serve(
            dsn="postgresql://127.0.0.1:1/emc",
            policy=Policy(Zone()),
            host="127.0.0.1",
            port=taken.getsockname()[1],
            stop=asyncio.Event(),
            ready=None,
        )


async def test_promtool_finds_nothing_to_improve(database: str, promtool: str) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)
        answer = await service.get("/metrics")

    checked = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=answer.body, capture_output=True
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_prometheus_reads_the_same_values(
    database: str, prometheus: MakesPrometheus
) -> None:
    async with Writer.on(database) as writer, serving(database) as service:
        await book_a_little(writer)
        server = await asyncio.to_thread(prometheus, f"127.0.0.1:{service.port}")
        await server.until(
            "sum(emc_dossiers_accepted_credit_total) - sum(emc_dossiers_accepted_debit_total)",
            7,
        )
        asked: Mapping[str, float] = {
            'emc_dossiers_accepted_credit_total{agency="H56",class="live"}': 9,
            'emc_dossiers_accepted_debit_total{agency="H56",class="live"}': 3,
            'emc_dossiers_accepted_credit_total{agency="000.14",class="backfill"}': 1,
            "sum(emc_dossier_processing_seconds_credit_total)": 90_061.001,
            "sum(emc_dossiers_open)": 3,
            "sum(emc_dossiers_open_overdue)": 1,
            "sum(emc_dossiers_open_due)": 3,
            'sum(emc_dossier_deadline_consumed_ratio_credit_bucket{le="1.0"})': 2,
            'sum(emc_dossier_deadline_consumed_ratio_credit_bucket{le="+Inf"})': 3,
            'emc_records_total{outcome="counted"}': 17,
            "sum(emc_ledger_next_offset)": 20,
            "sum(emc_snapshot_summed_into_other)": 0,
            'up{job="emc"}': 1,
        }

        read = {expression: await server.value(expression) for expression in asked}

    assert read == asked
