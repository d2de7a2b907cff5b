"""What was refused is kept whole and in private, and goes back exactly once."""

import asyncio
import io
import json
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from agents import quarantine_command as command
from agents.keys import Keys
from agents.operator import FOUND, Refusal, when
from agents.quarantine import Quarantine, Seal, pack_record, unpack_record
from agents.retry import Unsendable, original, send_back
from agents.shape import shape
from agents.standing import Stands
from monitor.domain.mandate import Mandate
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.quarantine import Cupboard, Filter
from monitor.ledger.sources import Source, Sources
from monitor.ledger.unit import Partition, TallyKey, Unit
from monitor.reference.sets import plain_set
from schemas.event import StateChanged
from schemas.packed import unpack_events
from schemas.refusal import Reason, Refused

KEY = Seal.new_key()
SEAL = Seal.from_text(KEY)
POLICY = Policy(Zone())
AT_MS = 1_785_719_551_123


@dataclass(frozen=True)
class Raw:
    """A record as it comes from Kafka."""

    offset: int
    value: bytes | None
    key: bytes | None = b"key"
    headers: tuple[tuple[str, Any], ...] = ()
    timestamp: int = AT_MS


def event(number: int, **said: Any) -> bytes:
    data = {
        "dossier": f"H56.14-260803-{number:04}",
        "procedure": "1.004194",
        "agency": "H56.14",
        "state": 2,
        "channel": 2,
        "level": 4,
        "receipt_date": "2026-08-03",
        "due_at": "2026-08-10T17:00:00+07:00",
    }
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "H56-onestop",
            "type": "dossier.state.v1",
            "time": "2026-08-03T08:12:31+07:00",
            "data": {**data, **said},
        }
    ).encode()


@pytest.fixture
async def dsn(database: str) -> str:
    await migrate(database)
    return database


async def refuse(
    dsn: str,
    *records: Raw,
    seal: Seal | None = SEAL,
    reason: Reason = Reason.FAULT,
    topic: str = "t",
) -> None:
    """As a worker books refusals."""
    quarantine = Quarantine(seal)
    refused = Refused(reason, "KeyError at fold.py:33", "H56-onestop", "e")
    async with Ledger.open(dsn) as ledger:
        await ledger.book(
            Unit(
                shard=0,
                tallies={TallyKey("refused", "H56-onestop", reason): len(records)},
                refusals=[
                    quarantine.admit(refused, Partition(topic, 0), record) for record in records
                ],
            )
        )


async def retried(dsn: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    status = await command.retry(
        dsn,
        Filter(),
        key=KEY,
        reference=(plain_set(POLICY), POLICY),
        keys=lambda: Keys.of("", "a secret"),
        who="an",
        as_json=True,
        out=out,
        err=io.StringIO(),
    )
    return status, json.loads(out.getvalue())


async def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def accepted(dsn: str) -> int:
    """Dossiers accepted, by the totals; measure 2."""
    [(amount,)] = await rows(
        dsn,
        "SELECT coalesce(sum(credit - debit), 0)::int FROM total"
        " WHERE measure = 2 AND shard = -1",
    )
    return int(amount)


def test_key_and_headers_are_kept_with_the_value():
    record = Raw(7, b"{}", b"k", (("ce_id", b"1"), ("empty", None)))
    kept = unpack_record(1, pack_record(record), 2)
    assert (kept.key, kept.value, kept.headers, kept.whole) == (
        b"k",
        b"{}",
        (("ce_id", b"1"), ("empty", None)),
        True,
    )


def test_a_tombstone_is_told_from_an_empty_value():
    assert unpack_record(1, pack_record(Raw(1, None)), 0).value is None
    assert unpack_record(1, pack_record(Raw(1, b"")), 0).value == b""


def test_what_is_too_large_is_kept_in_part_and_known_to_be():
    kept = unpack_record(1, pack_record(Raw(1, b"x" * 65_537)), 65_537)
    assert (len(kept.value or b""), kept.whole) == (65_536, False)
    kept = unpack_record(1, pack_record(Raw(1, b"x", headers=(("h", b"y" * 70_000),))), 1)
    assert (kept.value, kept.headers, kept.whole) == (b"x", (), False)


def test_bytes_of_the_first_release_are_still_read():
    kept = unpack_record(0, b"{}", 2)
    assert (kept.key, kept.value, kept.headers, kept.whole) == (None, b"{}", (), True)
    assert not unpack_record(0, b"{}", 70_000).whole


def stands(ledger: Ledger) -> Stands:
    return Stands(ledger.policies, plain_set(POLICY), POLICY)


async def test_a_fixed_record_is_measured_and_leaves_in_one_transaction(dsn: str):
    await refuse(dsn, Raw(3, event(1)), Raw(5, event(2)))

    assert await retried(dsn) == (
        0,
        {"records": 2, "returned": 2, "refused_again": 0, "unsendable": 0, "why": {}},
    )

    assert await accepted(dsn) == 2
    assert await rows(
        dsn, "SELECT state, tries, settled_by, sealed FROM quarantine ORDER BY id"
    ) == [("returned", 1, "an", None), ("returned", 1, "an", None)]
    assert await rows(dsn, "SELECT shard, name, amount FROM tally ORDER BY 1, 2") == [
        (-1, "returned", 2),
        (0, "refused", 2),
    ]


async def test_a_second_retry_has_nothing_to_do(dsn: str):
    await refuse(dsn, Raw(3, event(1)))
    await retried(dsn)
    status, said = await retried(dsn)
    assert (status, said["records"]) == (0, 0)
    assert await accepted(dsn) == 1


async def test_an_event_in_binary_mode_goes_back_with_its_headers(dsn: str):
    envelope = json.loads(event(1))
    data = json.dumps(envelope.pop("data")).encode()
    headers = tuple((f"ce_{name}", said.encode()) for name, said in envelope.items())
    await refuse(dsn, Raw(3, data, headers=headers))

    status, _ = await retried(dsn)

    assert status == 0
    assert await accepted(dsn) == 1


async def test_what_is_refused_again_stays_with_its_new_reason_and_count(dsn: str):
    await refuse(dsn, Raw(3, event(1)), Raw(4, event(2, state=77)))

    status, said = await retried(dsn)
    await retried(dsn)

    assert (status, said["returned"], said["refused_again"]) == (1, 1, 1)
    assert said["why"] == {"unknown_state (data.state)": 1}
    assert await rows(
        dsn, "SELECT state, tries, reason, detail FROM quarantine ORDER BY id"
    ) == [
        ("returned", 1, "fault", "KeyError at fold.py:33"),
        ("held", 2, "unknown_state", "data.state"),
    ]
    assert await rows(dsn, "SELECT amount FROM tally WHERE name = 'refused'") == [(2,)]


async def test_what_cannot_be_sent_is_said_and_stays(dsn: str):
    await refuse(dsn, Raw(1, event(1)), seal=None)
    await refuse(dsn, Raw(2, event(2)), seal=Seal.from_text(Seal.new_key()))
    await refuse(dsn, Raw(3, b"x" * 70_000))

    status, said = await retried(dsn)

    assert (status, said["returned"], said["unsendable"]) == (1, 0, 3)
    assert sorted(said["why"]) == [
        "it was sealed under another EMC_QUARANTINE_KEY",
        "it was too large to be kept whole (70,000 bytes)",
        "its bytes were not kept: no key then, or past the source's quota",
    ]


async def test_two_retries_at_once_measure_each_record_once(dsn: str):
    await refuse(dsn, *(Raw(number, event(number)) for number in range(300)))

    both = await asyncio.gather(retried(dsn), retried(dsn))

    assert [status for status, _ in both] == [0, 0]
    assert await accepted(dsn) == 300
    assert await rows(dsn, "SELECT sum(amount)::int FROM tally WHERE name = 'returned'") == [
        (300,)
    ]
    assert await rows(dsn, "SELECT DISTINCT state, tries FROM quarantine") == [("returned", 1)]


async def test_a_booking_whose_outcome_was_not_learned_is_not_repeated(dsn: str):
    """The commit took place, and the connection went before it was told."""
    await refuse(dsn, *(Raw(number, event(number)) for number in range(10)))

    class Unlucky(Ledger):
        times = 0

        async def book(self, unit: Unit, also: Any = None) -> None:
            await super().book(unit, also)
            self.times += 1
            if self.times == 1:
                raise ConnectionResetError

    async with (
        Unlucky.open(dsn) as ledger,
        asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool,
    ):
        cupboard = Cupboard(pool)
        page = await cupboard.page(Filter(), limit=100)
        records = [original(kept, SEAL, offset) for offset, kept in enumerate(page)]
        await send_back(
            records, ledger=ledger, cupboard=cupboard, stands=stands(ledger), who="an"
        )

    assert await accepted(dsn) == 10
    assert await rows(dsn, "SELECT DISTINCT state, tries FROM quarantine") == [("returned", 1)]


async def test_a_dossier_that_a_worker_changes_meanwhile_is_folded_anew(dsn: str):
    await refuse(dsn, Raw(3, event(1)), Raw(4, event(1, state=3)))

    class Meddling(Ledger):
        times = 0

        async def book(self, unit: Unit, also: Any = None) -> None:
            self.times += 1
            if self.times == 1 and unit.dossiers:
                await super().book(Unit(shard=9, dossiers=unit.dossiers))
            await super().book(unit, also)

    async with (
        Meddling.open(dsn) as ledger,
        asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool,
    ):
        cupboard = Cupboard(pool)
        page = await cupboard.page(Filter(), limit=100)
        records = [original(kept, SEAL, offset) for offset, kept in enumerate(page)]
        await send_back(
            records, ledger=ledger, cupboard=cupboard, stands=stands(ledger), who="an"
        )
        assert ledger.times > 1

    assert await rows(dsn, "SELECT DISTINCT state FROM quarantine") == [("returned",)]


async def test_dropping_keeps_where_what_who_and_why_and_removes_the_bytes(dsn: str):
    await refuse(dsn, Raw(3, event(1)), Raw(4, event(2)))
    out = io.StringIO()

    status = await command.drop(
        dsn,
        Filter(ids=[1]),
        why="sent by a test client",
        who="an",
        confirmed=lambda total: total == 1,
        as_json=False,
        out=out,
        err=io.StringIO(),
    )

    assert (status, out.getvalue()) == (0, "1 records dropped\n")
    assert await rows(
        dsn,
        'SELECT state, "offset", reason, length(hash), note, settled_by, sealed IS NULL'
        " FROM quarantine ORDER BY id",
    ) == [
        ("dropped", 3, "fault", 32, "sent by a test client", "an", True),
        ("held", 4, "fault", 32, "", "", False),
    ]
    assert await rows(dsn, "SELECT shard, amount FROM tally WHERE name = 'dropped'") == [
        (-1, 1)
    ]
    status, said = await retried(dsn)
    assert (status, said["records"]) == (0, 1)


async def test_nothing_is_dropped_without_a_reason_or_a_yes(dsn: str):
    await refuse(dsn, Raw(3, event(1)))

    async def drop(why: str, *, yes: bool) -> int:
        return await command.drop(
            dsn,
            Filter(),
            why=why,
            who="an",
            confirmed=lambda _: yes,
            as_json=False,
            out=io.StringIO(),
            err=io.StringIO(),
        )

    with pytest.raises(Refusal, match="say why"):
        await drop(" ", yes=True)
    assert await drop("because", yes=False) == 1
    assert await rows(dsn, "SELECT state FROM quarantine") == [("held",)]


async def test_a_record_is_shown_without_what_it_says_and_in_the_clear_only_on_record(dsn: str):
    name = "Nguyễn Văn An"
    await refuse(
        dsn,
        Raw(3, event(1, step=name, **{name: 1}), headers=((name, b"x"), ("ce_id", b"e1"))),
        reason=Reason.INVALID_TEXT,
    )

    async def shown(*, raw: bool, as_json: bool) -> str:
        out = io.StringIO()
        assert (
            await command.show(dsn, 1, key=KEY, raw=raw, who="an", as_json=as_json, out=out)
            == 0
        )
        return out.getvalue()

    for as_json in (False, True):
        said = await shown(raw=False, as_json=as_json)
        assert name not in said
        assert "260803-0001" not in said
        assert "invalid_text" in said
        assert "step: text of 13 characters" in said
        assert "<a name of 13 characters>: whole number of 1 digits" in said
    assert await rows(dsn, "SELECT * FROM quarantine_opened") == []
    assert (
        json.loads(json.loads(await shown(raw=True, as_json=True))["value"])["data"]["step"]
        == name
    )
    assert await rows(dsn, "SELECT who, quarantine FROM quarantine_opened") == [("an", 1)]


async def test_lists_tell_kinds_or_each_and_take_filters(dsn: str):
    await refuse(dsn, Raw(3, event(1)), Raw(4, event(2), timestamp=AT_MS + 86_400_000))
    await refuse(dsn, Raw(5, b"", timestamp=AT_MS), reason=Reason.EMPTY, seal=None)

    async def said(which: Filter, *, each: bool = False) -> dict[str, Any]:
        out = io.StringIO()
        await command.list_(dsn, which, each=each, limit=10, as_json=True, out=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    kinds = (await said(Filter()))["kinds"]
    assert [(kind["reason"], kind["records"], kind["with_bytes"]) for kind in kinds] == [
        ("fault", 2, 2),
        ("empty", 1, 0),
    ]
    for which, ids in (
        (Filter(reason="empty"), [3]),
        (Filter(source="nobody"), []),
        (Filter(since=when("2026-08-04")), [2]),
        (Filter(until=when("2026-08-04")), [1, 3]),
        (Filter(ids=[2, 3]), [2, 3]),
    ):
        found = await said(which, each=True)
        assert [record["id"] for record in found["records"]] == ids, which
    [second] = (await said(Filter(ids=[2]), each=True))["records"]
    assert second["time"] == "2026-08-04T01:12:31.123Z"


def test_which_records_are_meant_must_be_said():
    with pytest.raises(Refusal, match="which records"):
        command.chosen((), None, None, None, None, everything=False)
    assert command.chosen([], "", None, None, None, everything=False).source == ""
    with pytest.raises(Refusal, match="is no time"):
        command.chosen((), None, None, "2026-08-03T08:00:00", None, everything=False)


def test_without_a_key_nothing_is_opened():
    with pytest.raises(Refusal, match="EMC_QUARANTINE_KEY"):
        command.seal_of("")
    with pytest.raises(Refusal, match="32 bytes in base64"):
        command.seal_of("c2hvcnQ=")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "no value (a tombstone)"),
        (b"", "0 bytes of text that is no JSON (the fault is at character 0)"),
        (b'"An"', "text of 2 characters"),
        (b"[1, 2]", "list of 2"),
        (b"\xff", "1 bytes that are no UTF-8 (the first at 0)"),
        (b'{"id": "An', "10 bytes of text that is no JSON (the fault is at character 7)"),
        (
            b'{"id": 12, "An": null}',
            "{\n  id: whole number of 2 digits\n  <a name of 2 characters>: null\n}",
        ),
        (b"[" * 100_000, "100,000 bytes, nested too deep to be shown"),
    ],
)
def test_a_shape_never_tells_what_is_said(value: bytes | None, said: str):
    assert shape(value) == said


async def test_a_row_without_bytes_says_so(dsn: str):
    await refuse(dsn, Raw(3, event(1)), seal=None)
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        [kept] = await Cupboard(pool).page(Filter(), limit=1)
    with pytest.raises(Unsendable, match="not kept"):
        original(kept, SEAL)


async def test_what_the_edge_has_refused_goes_through_the_edge_again(dsn: str):
    """Else a record outside its mandate, or with a number in it, would come in by the back door."""
    source = Source(
        code="H56-onestop", name="Thanh Hoá", owner="H56", mandates=(Mandate("H56"),)
    )
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await Sources(pool).add(source, who="an")
    said = json.loads(event(1))
    said["source"] = "somebody-else"
    said["data"]["applicant_id"] = "079203001234"
    mine = Raw(1, json.dumps(said).encode())
    said["id"] = "e2"
    said["data"] |= {"agency": "H44.1", "dossier": "H44.1-260803-0001"}
    anothers = Raw(2, json.dumps(said).encode())
    await refuse(dsn, mine, anothers, topic="emc.in.H56-onestop")
    await refuse(dsn, Raw(3, json.dumps(said).encode()), topic="emc.in.nobody")

    status, told = await retried(dsn)

    assert status == FOUND
    assert told["why"] == {
        "outside_mandate (data.agency)": 1,
        "unknown_source (source)": 1,
    }
    assert await rows(
        dsn, "SELECT state, count(*)::int FROM quarantine GROUP BY 1 ORDER BY 1"
    ) == [
        ("held", 2),
        ("returned", 1),
    ]
    [(packed,)] = await rows(dsn, "SELECT events FROM dossier")
    [heard] = unpack_events(packed)
    assert isinstance(heard, StateChanged)
    assert (heard.source, heard.applicant_key[:8]) == ("H56-onestop", "k0.2026:")
