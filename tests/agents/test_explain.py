"""`emc explain`: a page an official can read, from a log or from the ledger."""

import asyncio
import gzip
import io
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from agents.explain import explain_command, page
from agents.replay.command import opened
from monitor.domain.deadlines import Limit, Strategy, Unit
from monitor.domain.explain import Finding, explain
from monitor.domain.fold import fold
from monitor.domain.measures import Measure
from monitor.domain.policy import RULES_VERSION, Legal, Policy, Precision
from monitor.domain.post import post
from monitor.domain.procedure import Catalogue, Procedure
from monitor.domain.zone import Zone
from monitor.ledger import tokens
from monitor.ledger.migrate import migrate
from monitor.ledger.packing import pack_entries
from monitor.ledger.policies import store
from monitor.ledger.unit import DossierRow
from monitor.reference.calendars import load_calendar
from monitor.reference.policy import load_policy
from monitor.reference.sets import plain_set, set_of
from schemas.event import (
    Canonical,
    DocumentsAttached,
    Rescheduled,
    Snapshot,
    SupplementRequested,
    Voided,
)
from schemas.packed import pack_events
from tests.domain.strategies import at, said
from tests.outlets.writer import Writer
from tests.servers.require import ROOT, require_data

KEY = "H56.14-260803-0001"
SHIPPED = ROOT / "deploy" / "reference"
GUIDE = ROOT / "docs" / "how-to" / "explain-a-dossier.md"
PLAIN = Policy(Zone())
AUGUST_20 = at(20)
WIDE = 240  # nothing is broken into lines


def law(n: int = 5) -> Policy:
    """The shipped calendar, and a catalogue of one procedure."""
    limits = {0: Limit(n, Unit.WORKING_DAYS)}
    rows = {"1.004194": (Procedure(code="1.004194", level=4, limits=limits),)}
    calendars = load_calendar(ROOT / "deploy" / "reference" / "calendars" / "vietnam.toml")
    return Policy(
        Zone(),
        legal=Legal(calendars=calendars, catalogue=Catalogue(rows), version="5f2c09d1a7b3e846"),
    )


def noted(kind, claimed_ms, **given):
    """A statement that is no state."""
    return kind(
        dossier=KEY, source="office", claimed_ms=claimed_ms, arrival_ms=claimed_ms, **given
    )


def shipped() -> Policy:
    return load_policy(SHIPPED)


class Run:
    """What a run gave: exit status, standard output, standard error."""

    def __init__(self, dossier, **options):
        out, err = io.StringIO(), io.StringIO()
        self.status = explain_command(
            dossier, **{"as_of_ms": AUGUST_20, **options}, out=out, err=err
        )
        self.out, self.err = out.getvalue(), err.getvalue()


def event(
    dossier=KEY, *, id_="2", source="office", state=2, time="2026-08-03T08:00:00", **data
):
    return json.dumps(
        {
            "specversion": "1.0",
            "id": id_,
            "source": source,
            "type": "dossier.state.v1",
            "time": f"{time}+07:00",
            "arrival": f"{time}+07:00",
            "data": {
                "dossier": dossier,
                "procedure": "1.004194",
                "agency": "H56.14",
                "state": state,
                **data,
            },
        }
    )


def log_of(folder: Path, *lines: str) -> Path:
    path = folder / "events.ndjson"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# --- The guide ------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def unversioned(text: str) -> str:
    """Without what changes whenever a reference file or a rule does."""
    return re.sub(r"(version|reference files) (?:[0-9a-f]{16,}|[0-9]+|…)", r"\1 …", text)


def test_the_guides_example_gives_what_the_guide_shows(tmp_path: Path) -> None:
    [events] = blocks("json")
    [shown] = blocks("console")
    command, _, printed = shown.partition("\n")

    run = Run(KEY, log=log_of(tmp_path, *events.splitlines()), legal=shipped())

    assert command == f"$ emc explain {KEY} --input dossier.ndjson --reference deploy/reference"
    assert run.status == 0
    assert unversioned(run.out) == unversioned(printed)
    assert max(len(line) for line in run.out.splitlines()) <= 100


def test_the_guide_shows_no_applicant() -> None:
    [events] = blocks("json")
    keys = [json.loads(line)["data"].get("applicant_key") for line in events.splitlines()]

    assert any(keys)
    [shown] = blocks("console")
    assert not [key for key in keys if key and key in shown]


# --- Logs -----------------------------------------------------------------------------------


def test_a_dossier_is_found_under_any_spelling_of_its_code_also_in_gzip(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson.gz"
    path.write_bytes(gzip.compress(f"{event()}\n{event('H19-260803-0001')}\n".encode()))

    run = Run("000.00.14.h56-260803-0001", log=path)

    assert (run.status, run.err) == (0, "")
    assert run.out.startswith(f"Dossier {KEY}\n")
    assert "H19" not in run.out


def test_what_a_log_lacks_is_said_in_one_line(tmp_path: Path) -> None:
    run = Run("H19-260803-0001", log=log_of(tmp_path, event()))

    assert run.status == 1
    assert run.out == ""
    assert run.err == "emc explain: no event of dossier H19-260803-0001 in events.ndjson\n"


def test_a_code_that_is_not_national_is_found_without_its_source(tmp_path: Path) -> None:
    path = log_of(tmp_path, event("HS 7"), event("HS 8"))

    assert Run("HS 7", log=path).out.startswith("Dossier office|HS 7\n")
    assert Run("office|HS 7", log=path).out.startswith("Dossier office|HS 7\n")
    assert Run("HS 9", log=path).err == (
        "emc explain: no event of dossier HS 9 in events.ndjson\n"
    )


def test_a_code_of_several_sources_must_be_named_in_full(tmp_path: Path) -> None:
    path = log_of(tmp_path, event("7"), event("7", source="other"))

    run = Run("7", log=path)

    assert run.status == 1
    assert "name one of office|7, other|7" in run.err
    assert Run("other|7", log=path).status == 0


def test_refused_records_are_told(tmp_path: Path) -> None:
    run = Run(KEY, log=log_of(tmp_path, event(), "{"))

    assert run.status == 0
    assert run.err == "refused: 1 records, which may be of any dossier\n"


def test_a_log_that_cannot_be_read_is_misuse(tmp_path: Path) -> None:
    run = Run(KEY, log=tmp_path / "none.ndjson")

    assert run.status == 2
    assert "none.ndjson" in run.err


MAPPING = """
source = "register"
format = "csv"
layout = "cases"
zone = "Europe/Amsterdam"
precision = "date"

[case]
dossier = "number"
opened = "opened"
closed = "closed"
due = "due"
applicant = ["name"]

[constants]
procedure = "permit"
agency = "town"
"""
ROWS = """number,opened,closed,due,name
7,2026-08-03T08:00:00,2026-08-07T16:00:00,2026-08-07T12:00:00,A. Jansen
7,2026-08-03T08:00:00,2026-08-07T16:00:00,2026-08-07T12:00:00,A. Jansen
8,2026-08-04T08:00:00,,2026-08-21T12:00:00,B. Jansen
"""


@pytest.fixture
def register(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "log.csv").write_text(ROWS)
    (tmp_path / "map.toml").write_text(MAPPING)
    return tmp_path / "log.csv", tmp_path / "map.toml"


def test_a_mapped_log_is_told_in_its_own_zone_and_precision(register) -> None:
    log, mapping = register

    run = Run("7", log=log, mapping=mapping, plain=PLAIN, key=b"k")

    assert run.status == 0
    assert "Dossier register|7\n" in run.out
    assert "times       Europe/Amsterdam" in run.out
    assert "Fri 2026-08-07 16:00:00" in run.out
    assert "end Fri 2026-08-07 ≤ due Fri 2026-08-07 (sent), by the day" in run.out
    assert run.out.count("does not count: told before") == 1
    assert "Jansen" not in run.out


def test_an_open_dossier_is_told_as_of_an_instant(register) -> None:
    log, mapping = register

    assert "on_time: in process within the limit" in Run("8", log=log, mapping=mapping).out
    later = Run("8", log=log, mapping=mapping, as_of_ms=at(22)).out
    assert "on_time: overdue" in later
    assert "as of Fri 2026-08-21" not in later
    assert "as of Sat 2026-08-22" in later


# --- JSON -----------------------------------------------------------------------------------


def test_json_gives_instants_and_days_in_iso_and_codes_by_name(tmp_path: Path) -> None:
    path = log_of(
        tmp_path,
        event(due_at="2026-08-10T17:00:00+07:00", applicant_key="9b1c6a4e7d"),
        event(id_="5", state=5, time="2026-08-04T09:00:00"),
    )

    run = Run(KEY, log=path, legal=law(), as_json=True)

    told = json.loads(run.out)
    assert (told["dossier"], told["outcome"], told["ledger"]) == (KEY, "paused", None)
    assert told["as_of"] == "2026-08-20T08:00:00.000+07:00"
    first, second = told["story"]
    assert first["effective"] == "2026-08-03T08:00:00.000+07:00"
    assert first["says"]["due"] == "2026-08-10T17:00:00.000+07:00"
    assert second["turns"][0] == {"rule": "on_time_766", "turn": "stops"}
    assert second["holder"] == "citizen"
    verdicts = {one["rule"]: one for one in told["verdicts"]}
    assert verdicts["on_time_06b"]["finding"] == "paused"
    assert verdicts["on_time_06b"]["due_day"] == "2026-08-10"
    assert verdicts["on_time_06b"]["due_from"] == "sent"
    assert told["own"]["limit"] == {"n": 5, "unit": "working_days"}
    assert told["own"]["reasons"][0]["basis"] == "assumption"
    assert told["warnings"][0]["warning"] == "no_receipt_date"
    entry = told["entries"][0]
    assert (entry["name"], entry["day"], entry["amount"]) == ("accepted", "2026-08-03", 1)
    assert "9b1c6a4e7d" not in run.out


# --- The page -------------------------------------------------------------------------------


def test_every_kind_of_line_fits_the_page() -> None:
    long_step = "Thẩm định hồ sơ, xác minh, trình lãnh đạo phòng ký duyệt và chuyển văn thư"
    told = explain(
        [
            said(1, at(1, "12:00"), id="1"),
            said(2, at(3), id="2", due_ms=at(7) + 123, identity_attached=False),
            said(4, at(4), id="4", unit="H56.14.02", step=long_step),
            said(9, at(5), id="9"),
            said(4, at(6), id="4b"),
            said(7, at(8), id="7"),
            said(9, at(9), id="9b"),
        ],
        law(),
        as_of_ms=AUGUST_20,
    )

    shown = page(told)

    assert max(len(line) for line in shown.splitlines()) <= 100
    assert "undone by 4b" in shown
    assert "does not count: 7 stands" in shown
    assert "day off" in shown
    assert "not judged: this rule judges processed dossiers only" in shown
    assert "Warnings about its sources" in shown


def test_events_that_are_no_states_are_told_in_words() -> None:
    told = explain(
        [
            noted(
                Snapshot,
                at(3),
                id="s",
                state=4,
                procedure="1.004194",
                agency="H56.14",
                accepted_ms=at(1),
                due_ms=at(4),
                paused_ms=1_800_000,
            ),
            noted(Rescheduled, at(4, "09:00"), id="r", due_ms=at(12)),
            noted(Rescheduled, at(13), id="r2", due_ms=at(14)),
            noted(DocumentsAttached, at(5), id="d", components=3, identity_verified=False),
            noted(SupplementRequested, at(6), id="q", components=2),
            noted(Voided, at(7), id="v", target="s"),
            said(2, at(7, "10:00"), id="2", arrival_ms=at(7)),
        ],
        law(),
    )
    shown = page(told, width=WIDE)

    for words in (
        "snapshot: 4 đang xử lý",
        "does not count: voided",
        "put off to Wed 2026-08-12",
        "made at or after the due date then in force",
        "without an apology",
        "documents attached",
        "components 3",
        "claimed for",
        "! future time",
        "supplement requested",
    ):
        assert words in shown


def test_while_a_pause_lasts_the_page_says_since_when() -> None:
    policy = law()
    assert policy.legal is not None
    restarting = replace(policy, legal=replace(policy.legal, strategy=Strategy.RESTART))

    shown = page(
        explain([said(2, at(3)), said(5, at(4))], restarting, as_of_ms=at(5)), width=WIDE
    )

    assert "since Tue 2026-08-04 08:00:00" in shown
    assert "so it is unknown for now" in shown
    assert "waits, asked in time" in shown


def test_a_dossier_of_which_nothing_counts_posts_nothing() -> None:
    shown = page(explain([noted(Voided, at(3), id="v", target="s")], PLAIN), width=WIDE)

    assert "voids nothing: its source has not sent that" in shown
    assert "Entries it posts\n  none\n" in shown


def test_a_trial_and_an_uncertain_clock_are_told_as_such() -> None:
    events = [
        said(2, at(3), trial=True, stamped=7),
        said(2, at(3, "08:05"), id="again", trial=True, stamped=7),
    ]
    told = " ".join(page(explain(events, law()), width=WIDE).split())

    assert "in process, on trial: never published" in told
    assert (
        "uncertain from Mon 2026-08-03 08:00:00 on nobody knows how long anything took" in told
    )
    assert "stamped id, time, uncertain" in told
    assert "so soon that it is 2@" in told
    assert "clock uncertain, in no ratio" in told


def test_limits_that_were_not_kept_are_told_with_their_ground() -> None:
    shown = page(explain([said(2, at(3)), said(4, at(5)), said(9, at(28))], law()))

    assert "beyond" in shown
    assert "Decree 61/2018/NĐ-CP Art. 18(2)(3)" in shown


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    path = log_of(tmp_path, event())
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as gone:
        command = f"import agents.explain as e, pathlib; e.explain_command({KEY!r}, log=pathlib.Path({str(path)!r}))"
        done = subprocess.run(
            [sys.executable, "-c", command], stdout=gone, cwd=ROOT, check=False
        )

    assert done.returncode == 0


def test_where_there_is_no_limit_the_page_says_so() -> None:
    shown = page(explain([said(2, at(3), procedure="9.999999")], law()))

    assert "9.999999 (not in the catalogue on the receipt day)" in shown
    assert "the catalogue gives no limit for it" in shown
    assert "on_time_06b: no deadline, in no ratio" in shown


def test_a_second_supplement_is_told_as_such() -> None:
    events = [
        said(state, at(3 + day), id=str(day)) for day, state in enumerate([2, 5, 4, 5, 4, 9])
    ]

    shown = page(explain(events, law()))

    assert "asked for supplements 2 times: late, whatever is due" in shown


# --- The ledger -----------------------------------------------------------------------------

LIFE = [said(2, at(3), id="2", due_ms=at(10)), said(9, at(5), id="9")]


async def booked(
    dsn: str, *, key: str = KEY, without: int | None = None, policy: Policy = PLAIN
) -> None:
    """The dossier as a worker books it, if need be without the entries of one measure."""
    async with Writer.on(dsn) as writer:
        entries = post(fold(LIFE), policy)
        numbers = await writer.ledger.number({account.cell for account in entries})
        held = {
            (account.measure, numbers[account.cell], account.day, account.slot): amount
            for account, amount in entries.items()
            if account.measure != without
        }
        row = DossierRow(key, 1, 6, None, at(10), pack_events(LIFE), pack_entries(held))
        await writer.book(dossiers=[row])


async def run_on(database: str, dossier: str = KEY, **options) -> Run:
    # In a thread: the command has an event loop of its own.
    return await asyncio.to_thread(Run, dossier, database=database, **options)


async def test_a_dossier_of_the_ledger_shows_what_is_booked(database: str) -> None:
    await booked(database)

    run = await run_on(database, "h56.14-260803-0001")

    assert (run.status, run.err) == (0, "")
    assert "on_time: on time" in run.out
    assert f"booked 1 times, last under rules version {RULES_VERSION}" in run.out
    assert "what is booked equals what it posts now: no drift" in run.out


async def test_what_is_booked_otherwise_is_told_account_by_account(database: str) -> None:
    await booked(database, without=Measure.ON_TIME)
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        await pool.execute("UPDATE dossier SET rules = 1")

    run = await run_on(database)
    told = json.loads((await run_on(database, as_json=True)).out)

    assert f"this release has rules version {RULES_VERSION}" in run.out
    assert "1 accounts differ from what it posts now:" in run.out
    assert "2026-08-05 on_time, H56.14: booked +0, posts +1" in run.out
    [difference] = told["ledger"]["drift"]
    assert (difference["entry"]["name"], difference["booked"]) == ("on_time", 0)
    assert (told["ledger"]["rules"], told["ledger"]["rules_now"]) == (1, RULES_VERSION)


async def rules(dsn: str, epoch: int, policy: Policy) -> None:
    """A policy begins to rule, and all dossiers are booked under it."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        reference = set_of(SHIPPED)[0] if policy.legal else plain_set(policy)
        await pool.execute("UPDATE policy SET state = 'past'")
        await store(pool, reference)
        await pool.execute(
            "INSERT INTO policy (epoch, rules, reference, state) VALUES ($1, $2, $3, 'active')",
            epoch,
            RULES_VERSION,
            reference.hash,
        )
        await pool.execute("UPDATE dossier SET epoch = $1", epoch)


async def test_a_dossier_is_told_under_the_policy_it_was_booked_under(database: str) -> None:
    """EMC_REFERENCE may have run ahead of the next recompute, or not followed the last."""
    await booked(database, policy=shipped())
    await rules(database, 1, shipped())

    run = await run_on(database, plain=PLAIN)
    told = json.loads((await run_on(database, plain=PLAIN, as_json=True)).out)

    assert "on_time_766: on time" in run.out
    assert f"booked 1 times, last in epoch 1 under rules version {RULES_VERSION}" in run.out
    assert "no drift" in run.out
    assert told["ledger"]["reference"] == set_of(SHIPPED)[0].hash
    assert told["ledger"]["as_booked"] is True


async def test_after_an_activation_it_is_told_under_the_new_policy(database: str) -> None:
    await booked(database, policy=shipped())
    await rules(database, 1, PLAIN)
    await rules(database, 2, shipped())

    run = await run_on(database)

    assert "last in epoch 2" in run.out
    assert "no drift" in run.out


async def test_files_that_are_asked_for_show_what_they_would_change(database: str) -> None:
    await booked(database)
    await rules(database, 1, PLAIN)

    run = await run_on(database, plain=PLAIN, legal=shipped(), asked=shipped())

    assert "on_time_766: on time" in run.out
    assert "the reference files asked for are not those it was booked under" in run.out
    assert "on_time_766, H56.14: booked +0, posts +1" in run.out


async def test_a_booking_that_this_release_reads_differently_is_not_explained(
    database: str,
) -> None:
    await booked(database)
    await rules(database, 1, shipped())
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        await pool.execute(
            "UPDATE reference_file SET content = $1 WHERE path = 'policy.toml'", b"calendar = 1"
        )

    run = await run_on(database)

    assert (run.status, run.out) == (1, "")
    assert run.err.startswith("emc explain: the reference set ")
    assert run.err.count("\n") == 1


async def test_a_dossier_that_the_ledger_lacks_is_said_in_one_line(database: str) -> None:
    await migrate(database)

    run = await run_on(database)
    bare = await run_on(database, "HS 7")

    assert (run.status, run.err) == (1, f"emc explain: no dossier {KEY} in the ledger\n")
    assert bare.status == 1
    assert "name it as SOURCE|HS 7" in bare.err


async def test_a_token_of_a_dashboard_is_explained_as_its_dossier(database: str) -> None:
    await booked(database)
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        token = tokens.token(await tokens.secret(pool), KEY)

    by_code, by_token = await run_on(database), await run_on(database, token)
    nobody = await run_on(database, "0" * tokens.DIGITS)

    assert by_code.status == 0
    assert (by_token.status, by_token.out) == (0, by_code.out)
    assert (nobody.status, nobody.err) == (
        1,
        f"emc explain: no dossier of the token {'0' * tokens.DIGITS} in the ledger\n",
    )


async def test_a_dossier_without_a_national_code_is_named_with_its_source(
    database: str,
) -> None:
    await booked(database, key="office|HS 7")

    run = await run_on(database, "office|HS 7")

    assert run.status == 0


async def test_a_ledger_without_a_schema_is_said_in_one_line(bare_database: str) -> None:
    run = await run_on(bare_database)

    assert (run.status, run.out) == (1, "")
    assert run.err == (
        "emc explain: the ledger has no schema yet; run `emc migrate` as the role that owns the"
        " ledger, then deploy/postgresql/roles.sql\n"
    )


def test_a_ledger_that_is_away_is_said_in_one_line() -> None:
    run = Run(KEY, database="postgresql://127.0.0.1:1/emc")

    assert run.status == 1
    assert run.err.startswith("emc explain: the ledger cannot be read: ")
    assert run.err.count("\n") == 1


# --- The recorded log -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def permits() -> dict[str, list[Canonical]]:
    """The dossiers of the permit log, each with its events."""
    dossiers: dict[str, dict[Canonical, None]] = {}
    log = require_data("coselog_receipt/receipt.csv.gz")
    with opened(log, ROOT / "deploy" / "mappings" / "coselog_receipt.toml") as job:
        for row in job.stream.rows():
            heard = dossiers.setdefault(row.event.dossier, {})
            heard.update(dict.fromkeys((*row.derived, row.event)))
    return {dossier: list(heard) for dossier, heard in dossiers.items()}


def test_the_permit_log_keeps_its_numbers_dossier_by_dossier(permits) -> None:
    policy = Policy(Zone("Europe/Amsterdam"), Precision.INSTANT)

    findings = Counter(
        explain(events, policy, as_of_ms=AUGUST_20).verdicts[0].finding
        for events in permits.values()
    )

    # As `emc replay` counts them, and as they were counted by hand from the file.
    assert (findings[Finding.ON_TIME], findings[Finding.LATE]) == (952, 377)
    assert findings.total() == 1434


def test_any_dossier_of_the_permit_log_can_be_told(permits) -> None:
    policy = Policy(Zone("Europe/Amsterdam"), Precision.INSTANT)

    for dossier in random.Random(4).sample(sorted(permits), 50):
        shown = page(explain(permits[dossier], policy, as_of_ms=AUGUST_20))

        assert shown.startswith(f"Dossier {dossier}\n")
        assert max(len(line) for line in shown.splitlines()) <= 100
        assert "starts" in shown


def test_a_dossier_of_the_permit_log_is_told_by_its_bare_code(permits) -> None:
    log = require_data("coselog_receipt/receipt.csv.gz")
    mapping = ROOT / "deploy" / "mappings" / "coselog_receipt.toml"

    run = Run("case-10011", log=log, mapping=mapping)

    assert (run.status, run.err) == (0, "")
    assert run.out.startswith("Dossier coselog|case-10011\n")
    assert "on_time: overdue" in run.out
    # The deadline of the file's column: 2011-12-06 13:41:31.788000+01:00.
    assert "sent Tue 2011-12-06 13:41:31.788, in force" in run.out
