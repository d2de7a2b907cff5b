"""A bad week for 3,000 communes: `emc digest` writes one page for each of the 34 provinces.

The desk books what the communes send; the command runs as an operator runs it. What it says is held
against a recount of the test's own list of dossiers, which knows nothing of events or ledgers.
"""

import asyncio
import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson
import pytest

from agents.generate.model import Record
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.outlets.digest.command import CannotMake, dashboards_of, digest
from monitor.outlets.digest.shown import Format
from monitor.outlets.digest.words import Language
from monitor.reference.policy import load_policy
from tests.domain.strategies_time import at
from tests.ledger.fill import feeding
from tests.servers.postgres import Postgres
from tests.servers.require import ROOT

FRIDAY = date(2026, 6, 26)
NOW = at("2026-06-29 07:30")
COMMUNES = 3_000
PROCEDURES = ("1.001193", "2.000815", "1.004194")
# The ten working days before, and today; June 2026 has no holiday.
MORNINGS = [
    *(date(2026, 6, n) for n in (12, 15, 16, 17, 18, 19, 22, 23, 24, 25)),
    FRIDAY,
]
# The mornings one, three and five working days later.
LATER = {1: date(2026, 6, 29), 3: date(2026, 7, 1), 5: date(2026, 7, 3)}


@dataclass(frozen=True)
class Told:
    """A dossier as the test made it up."""

    code: str
    province: str
    commune: str
    procedure: str
    came: date
    due: date
    ended: date | None
    paused: bool

    def open_on(self, morning: date) -> bool:
        return self.came < morning and (self.ended is None or self.ended >= morning)

    def events(self) -> Iterator[Record]:
        yield self._event(1, 2, f"{self.came} 09:00", f"{self.due}T17:00:00+07:00")
        if self.paused:
            yield self._event(2, 5, f"{self.came} 10:00", None)
        if self.ended is not None:
            yield self._event(3, 9, f"{self.ended} 15:00", None)

    def _event(self, number: int, state: int, when: str, due: str | None) -> Record:
        said = {
            "specversion": "1.0", "id": f"{self.code}-{number}", "type": "dossier.state.v1",
            "source": f"{self.province}-onestop", "time": f"{when.replace(' ', 'T')}:00+07:00",
            "data": {
                "dossier": self.code, "agency": self.commune, "procedure": self.procedure,
                "state": state, "channel": 2, "level": 4,
            } | ({} if due is None else {"due_at": due}),
        }  # fmt: skip
        return Record(self.code, orjson.dumps(said), at(when) + 2_000)


def provinces() -> list[str]:
    path = ROOT / "deploy" / "reference" / "agencies" / "provinces.csv"
    lines = (line for line in path.read_text("utf-8").splitlines() if line[:1] != "#")
    return sorted(row["code"] for row in csv.DictReader(lines) if not row["valid_until"])


def a_bad_week() -> list[Told]:
    """Offices settle what they have until Friday a week ago, and since then a tenth of it."""
    rng = Random(20260626)
    codes, told = provinces(), []
    for number in range(COMMUNES):
        province = codes[number % len(codes)]
        commune = f"{province}.{1000 + number}"
        for dossier in range(rng.randint(2, 4)):
            came = date(2026, 6, 8) + timedelta(
                days=rng.choice((0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 16))
            )
            due = came + timedelta(days=rng.choice((3, 5, 7, 9, 12, 14)))
            end = came + timedelta(days=rng.choice((1, 2, 3, 4, 7, 9)))
            bad = end >= date(2026, 6, 20)
            ended = None if end >= FRIDAY or (bad and rng.random() < 0.9) else end
            told.append(
                Told(
                    f"{commune}-{came:%y%m%d}-{dossier:04d}", province, commune,
                    rng.choice(PROCEDURES), came, due, ended, rng.random() < 0.1,
                )
            )  # fmt: skip
    return told


TOLD = a_bad_week()


def emc_digest(dsn: str, *options: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "monitor.cli", "digest", *options],
        env={
            **os.environ, "EMC_DATABASE": dsn,
            "EMC_REFERENCE": str(ROOT / "deploy" / "reference"),
        },
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture(scope="module")
def ledger(postgres: Postgres) -> Iterator[str]:
    """Filled once: digests only read."""
    name = asyncio.run(postgres.create())
    asyncio.run(fill(postgres.dsn(name)))
    yield postgres.dsn(name)
    asyncio.run(postgres.drop(name))


async def fill(dsn: str) -> None:
    records = sorted((event for one in TOLD for event in one.events()), key=lambda r: r.at_ms)
    async with feeding(dsn, Policy(Zone()), now_ms=at("2026-06-26 07:30")) as feeder:
        await feeder.hear(records)


def falling(told: Iterable[Told]) -> Mapping[str, int]:
    """What is open on Friday morning, by when it falls due."""
    counted: Counter[str] = Counter()
    for one in told:
        if one.open_on(FRIDAY):
            counted["overdue"] += one.due < FRIDAY
            counted["overdue_paused"] += one.due < FRIDAY and one.paused
            counted["due_today"] += one.due == FRIDAY
            counted["due_in_1"] += FRIDAY < one.due <= date(2026, 6, 29)
            counted["due_in_2"] += one.due == date(2026, 6, 30)
    return counted


def said(page: Mapping[str, Any]) -> Mapping[str, int]:
    names = ("overdue", "overdue_paused", "due_today", "due_in_1", "due_in_2")
    return {name: page[name] for name in names}


def watched(told: Iterable[Told], apart: int) -> tuple[int, int, int, int]:
    """Overdue on a morning, and still open later; falling due meanwhile, and missed."""
    overdue = stayed = due = missed = 0
    given = list(told)
    for morning, later in zip(MORNINGS, MORNINGS[apart:], strict=False):
        for one in given:
            before, after = one.open_on(morning), one.open_on(later)
            overdue += before and one.due < morning
            stayed += after and one.due < morning
            due += before and morning <= one.due < later
            missed += after and morning <= one.due < later
    return overdue, stayed, due, missed


def foreseen(mine: list[Told], everybody: tuple[int, int, int, int], apart: int) -> float:
    """docs/explanation/forecast.md, once more, from the dossiers themselves."""
    overdue, stayed, due, missed = watched(mine, apart)
    stay = (stayed + 50 * everybody[1] / everybody[0]) / (overdue + 50)
    miss = (missed + 50 * everybody[3] / everybody[2]) / (due + 50)
    late = sum(one.open_on(FRIDAY) and one.due < FRIDAY for one in mine)
    soon = sum(one.open_on(FRIDAY) and FRIDAY <= one.due < LATER[apart] for one in mine)
    ended = sum(one.ended is not None and MORNINGS[0] <= one.ended < FRIDAY for one in mine)
    return max(late * stay + soon * miss, late + soon - ended / 10 * apart)


def test_a_bad_week_for_3000_communes_is_one_digest_a_province(
    ledger: str, tmp_path: Path
) -> None:
    done = emc_digest(
        ledger, "--date", "2026-06-26", "--format", "json", "--out", str(tmp_path / "out")
    )

    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [
        f"digest-2026-06-26-{code}.json" for code in provinces()
    ]
    assert len(files) == 34
    assert "34 digests of 2026-06-26" in done.stderr
    country = {apart: watched(TOLD, apart) for apart in LATER}
    for file, code in zip(files, provinces(), strict=True):
        page = json.loads(file.read_text("utf-8"))
        mine = [one for one in TOLD if one.province == code]
        assert said(page) == falling(mine)
        assert page["overdue"] > 20
        assert page["pace_dossiers_per_working_day"] == pytest.approx(
            sum(one.ended is not None and MORNINGS[0] <= one.ended < FRIDAY for one in mine)
            / 10
        )
        for apart, everybody in country.items():
            assert page["expected_overdue"][str(apart)] == pytest.approx(
                foreseen(mine, everybody, apart), abs=0.01
            )
        by_commune = Counter(
            one.commune for one in mine if one.open_on(FRIDAY) and one.due < FRIDAY
        )
        assert len(page["units"]) == 10
        assert [unit["overdue"] for unit in page["units"]] == sorted(
            by_commune.values(), reverse=True
        )[:10]
        for unit in page["units"]:
            assert said(unit) == falling(one for one in mine if one.commune == unit["code"])
        assert {unit["code"]: said(unit) for unit in page["procedures"]} == {
            procedure: falling(one for one in mine if one.procedure == procedure)
            for procedure in PROCEDURES
        }


class Said(NamedTuple):
    """What the command says, run in this process: it starts much faster."""

    status: int
    out: str
    err: str


def digest_here(dsn: str, day: date, **options: Any) -> Said:
    out, err = StringIO(), StringIO()
    reference = ROOT / "deploy" / "reference"
    chosen: dict[str, Any] = {
        "agency": "h26",
        "format_": Format.TEXT,
        "language": Language.VIETNAMESE,
        "folder": None,
        "force": False,
        "dashboards": "",
    }
    status = asyncio.run(
        digest(
            dsn,
            load_policy(reference),
            str(reference),
            day=day,
            now_ms=NOW,
            out=out,
            err=err,
            **(chosen | options),
        )
    )
    return Said(status, out.getvalue(), err.getvalue())


def test_the_digest_of_an_earlier_day_is_what_it_was_that_morning(ledger: str) -> None:
    monday = date(2026, 6, 22)

    page = json.loads(digest_here(ledger, monday, format_=Format.JSON).out)

    mine = [one for one in TOLD if one.province == "H26" and one.open_on(monday)]
    assert page["overdue"] == sum(one.due < monday for one in mine)
    assert page["due_today"] == sum(one.due == monday for one in mine)
    assert page["due_in_1"] == sum(one.due == date(2026, 6, 23) for one in mine)


def test_the_page_is_vietnamese_names_no_dossier_and_leads_to_the_dashboard(
    ledger: str,
) -> None:
    dashboards = dashboards_of(str(ROOT / "deploy" / "reference"))
    page = digest_here(ledger, FRIDAY, format_=Format.HTML, dashboards=dashboards).out

    assert '<html lang="vi">' in page
    assert "Thành phố Hà Nội (H26)" in page
    assert "Hồ sơ quá hạn và sắp đến hạn" in page
    assert "Đăng ký khai sinh" in page
    assert 'href="https://grafana.example.gov.vn/d/emc-due?var-agency=H26"' in page
    assert not [one.code for one in TOLD if one.code in page]
    text = digest_here(ledger, FRIDAY, language=Language.ENGLISH).out
    assert text.startswith("Dossiers overdue and falling due: Thành phố Hà Nội (H26)")
    assert not [one.code for one in TOLD if one.code in text]


def test_on_a_day_off_nothing_is_written_unless_it_is_forced(
    ledger: str, tmp_path: Path
) -> None:
    """A timer that runs every day needs no calendar of its own."""
    sunday = date(2026, 6, 28)

    said = digest_here(ledger, sunday, agency=None, folder=tmp_path)
    assert said.status == 0
    assert "is no working day for 34 of 34 agencies" in said.err
    assert not list(tmp_path.iterdir())

    digest_here(ledger, sunday, folder=tmp_path, force=True)
    (page,) = tmp_path.iterdir()
    assert "Ngày này không phải là ngày làm việc." in page.read_text("utf-8")


def test_where_nothing_is_due_the_digest_says_so(ledger: str) -> None:
    """The first dossiers came on 8 June: when that day began none was open."""
    said = digest_here(ledger, date(2026, 6, 8))

    assert "Không có hồ sơ quá hạn hoặc sắp đến hạn." in said.out


@pytest.mark.parametrize("day", [date(1999, 1, 4), date(2026, 6, 5)])
def test_a_day_of_which_nothing_is_known_is_not_given_the_all_clear(
    ledger: str, day: date
) -> None:
    assert digest_here(ledger, day) == (
        1,
        "",
        f"emc digest: nothing is known of {day}: the ledger's books begin with 2026-06-08\n",
    )


def test_an_agency_that_has_sent_nothing_has_no_digest(ledger: str) -> None:
    assert digest_here(ledger, FRIDAY, agency="G99") == (
        1,
        "",
        "emc digest: nothing was ever measured of G99\n",
    )


@pytest.mark.parametrize(
    ("day", "agency", "told"),
    [
        (date(2999, 1, 1), "H26", "2999-01-01 has not come"),
        (FRIDAY, "H26.1000", "that of H26.1000 is in the one of H26"),
        (FRIDAY, None, "name --agency or --out"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    ledger: str, day: date, agency: str | None, told: str
) -> None:
    with pytest.raises(CannotMake, match=re.escape(told)):
        digest_here(ledger, day, agency=agency, format_=Format.HTML)
