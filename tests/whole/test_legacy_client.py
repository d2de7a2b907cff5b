"""A client as TrackingMCDT has them, with its seven defects, through the whole service.

What such a source can tell is in MEASURES.md §9; the figures below are written from there, by hand.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from monitor.domain.measures import Measure
from monitor.domain.warning import QualityWarning
from monitor.ledger.sources import Status
from schemas.event import PaymentMade
from schemas.packed import unpack_events
from tests.agents.test_archive import ask
from tests.gateway.service import KEY, begun, on_topic
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu
from tests.whole.ledger_checks import figures
from tests.whole.service import Worker
from tests.whole.until import until

SITE: Final = 205
NOWHERE: Final = "http://127.0.0.1:9"  # nobody listens there
FULL, PARTIAL = "1.004194", "1.000894"  # of level 4 and 3 in the catalogue


@dataclass
class Dossier:
    """A dossier in the client's own database: national codes, as the state has them."""

    code: str
    citizen: str
    procedure: str = FULL
    level: str = "4"
    channel: str = "2"
    paid: bool = False


@dataclass
class Client:
    """Sends what `EMCService` of a one-stop system sends, defects included (DOMAIN.md §1.4)."""

    url: str
    sent: int = 0
    lost: list[str] = field(default_factory=list)

    async def tell(self, dossier: Dossier, state: int, *, times: int = 1) -> None:
        status = {1: "1", 2: "1", 4: "2", 9: "3", 10: "3"}.get(state, "0")
        body = {
            "CodeProfile": dossier.code,
            "MaHoSo": dossier.code,
            "SiteId": SITE,
            "CodeTTHC": dossier.procedure,
            "NameTTHC": "Đăng ký tạm trú",
            "Status": status,
            # 1: by post is online to it.
            "FormsReception": "2" if dossier.channel == "1" else "1",
            # 6: any payment that is found now, whenever it was made.
            "FormsPayments": "1" if dossier.paid else "0",
            # 2: partial is full to it, and anything else partial.
            "Level": "4" if dossier.level == "3" else "3",
            "IsFromDVCQG": "0",
            "IsDVCBC": "1" if dossier.channel == "3" else "0",
            "Data": "",
            # 5: the number of the identity card, twice.
            "User": json.dumps(
                {"ID_local": dossier.citizen, "ID_QG": dossier.citizen, "TYPE": "2",
                 "LOCATION": "01"}
            ),
        }  # fmt: skip  # 3 and 4: no time and no id
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client:
            for _ in range(times):
                self.sent += 1
                try:  # 7: what fails is logged, and never sent again
                    reply = await client.post("/TrackingMCDT", json=body)
                    reply.raise_for_status()
                except httpx.HTTPError:
                    self.lost.append(dossier.code)


async def work(client: Client, gone: Client) -> None:
    """A morning at the desk. The numbers of citizens are invented."""
    # Online, of a partial procedure: submitted, accepted, in process, processed, handed over.
    online = Dossier("H26.14-261127-0001", "001099000001", PARTIAL, "3")
    await client.tell(online, 1)
    await client.tell(online, 2)
    online.paid = True
    for state in (4, 9, 10):
        await client.tell(online, state)
    # By post: accepted and in process.
    postal = Dossier("H26.14-261127-0002", "001099000002", channel="3")
    for state in (2, 4):
        await client.tell(postal, state)
    # At the desk, of the first one's citizen: a step is sent three times over a bad line; papers
    # are asked for; the result is handed over.
    direct = Dossier("H26.14-261127-0003", "001099000001", channel="1")
    await client.tell(direct, 2)
    await client.tell(direct, 4, times=3)
    for state in (5, 4, 10):
        await client.tell(direct, state)
    # Its first message is lost.
    half = Dossier("H26.14-261127-0004", "001099000003")
    await gone.tell(half, 2)
    await client.tell(half, 4)
    # All of its messages are lost.
    never = Dossier("H26.14-261127-0005", "001099000004")
    for state in (2, 4, 10):
        await gone.tell(never, state)


async def test_a_legacy_client_yields_what_it_can_tell_and_is_warned_of_the_rest(
    tansu: Tansu, database: str, tmp_path: Path
):
    source = {
        "code": "H26-onestop", "mandates": ("H26",), "status": Status.LIVE,
        "go_live": date(2026, 1, 1), "site_id": SITE, "addresses": ("127.0.0.0/8", "::1/128"),
    }  # fmt: skip
    here = await begun(tansu.bootstrap, database, tmp_path, source=source, kafka_idempotent="0")
    worker = Worker(
        {
            "EMC_KAFKA": here.bootstrap, "EMC_DATABASE": database, "EMC_TOPIC": here.topic,
            "EMC_PETITIONS_TOPIC": f"{here.topic}-petitions",
            "EMC_GROUP": f"group-{here.topic}", "EMC_QUARANTINE_KEY": KEY, "EMC_BRISK": "1",
            "EMC_WORKER_METRICS_PORT": "0", "EMC_REFERENCE": str(ROOT / "deploy/reference"),
        },
        tmp_path / "worker.log",
    )  # fmt: skip
    try:
        await here.ready()
        await asyncio.to_thread(worker.start)
        client, gone = Client(here.gateway.url), Client(NOWHERE)
        await work(client, gone)
        records = await on_topic(here.bootstrap, here.topic)
        await until(lambda: _booked(database, len(records)))
        shown = await figures(database)
        net, warned, events = await _ledger(database)
    finally:
        if worker.running:
            worker.kill()
        await here.end()

    assert client.lost == []
    # What official figures are defined as, from the worker's start on.
    sets = await ask(database, "SELECT file FROM indicator_set ORDER BY file")
    assert [file for (file,) in sets] == sorted(
        path.name for path in (ROOT / "deploy/reference/indicators").iterdir()
    )
    # What it can tell: received and handed over; where there is no verdict, that there is none.
    # (level-1 agency, channel, level): the level is the catalogue's.
    assert shown == {
        ("H26", 2, 3): {"accepted": 1, "completed": 1, "clock_uncertain": 1, "handed_over": 1},
        ("H26", 3, 4): {"accepted": 1, "in_process": 1},
        ("H26", 1, 4): {"accepted": 1, "completed": 1, "clock_uncertain": 1, "handed_over": 1},
        ("H26", 2, 4): {"accepted": 1, "in_process": 1},
    }
    assert net[Measure.CLOCK_UNCERTAIN_766] == 2
    judged = [
        Measure.ON_TIME, Measure.LATE, Measure.NO_DEADLINE, Measure.ON_TIME_766, Measure.LATE_766,
        Measure.NO_DEADLINE_766, Measure.EARLY_06B, Measure.ON_TIME_06B, Measure.LATE_06B,
        Measure.NO_DEADLINE_06B, Measure.ON_TIME_FIRST_DUE, Measure.LATE_FIRST_DUE,
        Measure.NO_DEADLINE_FIRST_DUE, Measure.PROCESSING_TIME, Measure.PAUSED,
        Measure.RETURNED, Measure.SUPPLEMENT_REQUESTS,
    ]  # fmt: skip
    assert [measure.name for measure in judged if net[measure]] == []
    assert net["applicants"] == 3  # of four dossiers
    assert [event.form for event in events if isinstance(event, PaymentMade)] == [2]

    # Statements that count: three of the first (1 and 2 are one to it, 9 and 10 too), two of the
    # second, five of the third (2, 4, 0, 4, 10), one of the fourth.
    statements = 3 + 2 + 5 + 1
    defects = {
        QualityWarning.POSTAL_AS_ONLINE: 2,  # 1: each statement of the second dossier
        QualityWarning.LEVEL_DIFFERS: 4,  # 2: once a dossier, none of them is right
        QualityWarning.NO_TIME: statements,  # 3
        QualityWarning.NO_EVENT_ID: statements,  # 4
        QualityWarning.RAW_IDENTITY: statements,  # 5
        QualityWarning.PAYMENT_WITHOUT_TIME: 1,  # 6: once a dossier
        QualityWarning.BEGINNING_LOST: 1,  # 7: the fourth dossier; of the fifth nobody knows
    }
    assert {warning: warned[warning] for warning in defects} == defects
    assert warned[QualityWarning.SENT_AGAIN] == 2 + 2  # of the first, and over the bad line
    assert sorted(set(gone.lost)) == ["H26.14-261127-0004", "H26.14-261127-0005"]
    for record in records:
        assert b"001099" not in record.value


async def _booked(dsn: str, records: int) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return bool(
            await connection.fetchval(
                "SELECT coalesce(sum(amount), 0) = $1 FROM tally", records
            )
        )
    finally:
        await connection.close()


async def _ledger(dsn: str) -> tuple[Counter[Any], Counter[int], list[Any]]:
    """Net amounts by measure, warnings by number, and the events that dossiers have."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT measure, slot, sum(amount)::bigint AS net FROM journal GROUP BY 1, 2"
        )
        applicants = await connection.fetchval(
            "SELECT count(DISTINCT digest) FROM applicant WHERE dossiers > 0"
        )
        packed = [row["events"] for row in await connection.fetch("SELECT events FROM dossier")]
    finally:
        await connection.close()
    net: Counter[Any] = Counter({"applicants": applicants})
    warned: Counter[int] = Counter()
    for measure, slot, amount in rows:
        net[measure] += amount
        if measure == Measure.WARNED:
            warned[slot] += amount
    return net, warned, [event for each in packed for event in unpack_events(each)]
