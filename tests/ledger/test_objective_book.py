"""The sums of objectives in the real database: equal to a plain count of the journal, however they came."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import Basis
from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    HOURS,
    NO_SLOT,
    TRIAL,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.objective import (
    Alert,
    Group,
    Indicator,
    Objective,
    Objectives,
    Period,
    Scope,
    Severity,
    Slowing,
    Span,
    Target,
    Window,
)
from monitor.domain.service_level import Counted, State
from monitor.domain.view import Cell
from monitor.domain.watched import Watched
from monitor.domain.zone import Zone
from monitor.ledger import objective_book, objectives, past
from monitor.ledger.judging import Judgement, judge_all
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from tests.domain.strategies_time import MAKE_UP, OFF, at, day

ZONE = Zone()
CALENDAR = WorkCalendar(off=frozenset(map(day, OFF)), make_up=frozenset(map(day, MAKE_UP)))
NOW = at("2026-11-18 10:30")  # a Wednesday
TODAY = day("2026-11-18")
LAND, BIRTH = "1.012753", "1.001193"
H56 = Cell("H56.12", "", LAND, 2, "", 4)
H56_BIRTH = Cell("H56.14", "", BIRTH, 1, "", 3)
H25 = Cell("H25.03", "", LAND, 2, "", 4)  # merged into H42
CELLS = (H56, H56_BIRTH, H25)
ON_TIME, LATE = Measure.ON_TIME_766, Measure.LATE_766
IN_PROCESS, PAUSED = Measure.IN_PROCESS_766, Measure.PAUSED_766
WORKED = clock_measure(Clock.PROCESSING, Part.WORKED_BINS)

Row = tuple[int, Cell, int, int, int]


class Calendars:
    def calendar(self, agency: str = "") -> WorkCalendar:
        return CALENDAR

    def calendar_known_at(self, day: int, agency: str = "") -> WorkCalendar:
        return CALENDAR

    def owners(self) -> tuple[str, ...]:
        return ()


def objective(name: str, indicator: Indicator, *scopes: Scope, minimum: int = 5) -> Objective:
    target = Target(good=9_000, basis=Basis.PRACTICE, article="none", valid_from=0)
    alert = Alert(severity=Severity.TICKET, long=Span(3, "d"), short=Span(1, "d"), burn=2)
    return Objective(
        name=name,
        title_vi="",
        title_en="",
        indicator=indicator,
        targets=(target,),
        window=Window(Period.MONTH),
        minimum=minimum,
        scopes=scopes,
        alerts=(alert,),
        owner="nobody",
        version="1",
    )


LAND_GROUP = Group(
    name="land", title_vi="", title_en="", procedures=frozenset({LAND}), limit_ms=144_000_000
)
WATCHED = Watched(
    objectives=Objectives(
        objectives=(
            objective(
                "on-time",
                Indicator.ON_TIME_766,
                Scope(),
                Scope(agency="H56"),
                Scope(agency="H42"),
                Scope(unit="H56.12"),
                Scope(group="land"),
                Scope(channel=2),
            ),
            objective("online", Indicator.FULL_PROCESS_DOSSIERS, Scope(), Scope(agency="H56")),
        ),
        groups=(LAND_GROUP,),
        slowing=Slowing(minimum=3, recent_days=5, growth_percent=20, least_growth=3),
    ),
    agencies=("H42", "H56"),
    heirs={"H25": "H42"},
)


class Books:
    """A ledger whose journal and balances a test writes."""

    def __init__(self, connection: Any, cells: dict[Cell, int]) -> None:
        self.connection = connection
        self.cells = cells

    async def append(self, *rows: Row) -> None:
        """Measure, cell, day, slot, amount."""
        await self.connection.executemany(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES ($1, $2, $3, $4, 0, $5)",
            [(measure, self.cells[cell], *rest) for measure, cell, *rest in rows],
        )

    async def fold(self) -> None:
        """Make balances of all that stands in the journal, as the follower does."""
        await self.connection.execute(
            "DELETE FROM balance_run; DELETE FROM follower;"
            "INSERT INTO balance_run SELECT measure, day, 0, max(seq), array_agg(cell),"
            " array_agg(slot), array_agg(amount) FROM journal GROUP BY measure, day;"
            "INSERT INTO follower (seq, folded_at)"
            " SELECT coalesce(max(seq), 0), clock_timestamp() FROM journal"
        )

    async def follow(self, watched: Watched = WATCHED) -> None:
        await objective_book.prepare(self.connection, watched)
        while (await objective_book.follow(self.connection, watched, TODAY)).left:
            pass

    async def judge(self, watched: Watched = WATCHED, now_ms: int = NOW) -> Judgement:
        await self.fold()
        await self.follow(watched)
        judged = await judge_all(self.connection, watched, ZONE, Calendars(), now_ms)
        await objectives.keep(self.connection, judged)
        return judged

    async def sums(self) -> dict[tuple[Any, ...], int]:
        return {
            tuple(key): amount
            for *key, amount in await self.connection.fetch(
                "SELECT account, part, scope, day, slot, amount FROM objective_sum"
                " WHERE amount <> 0"
            )
        }


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    async with opened(database) as found:
        yield found


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Books]:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        async with Ledger.open(dsn) as ledger:
            yield Books(connection, dict(await ledger.number(CELLS)))
    finally:
        await connection.close()


def standing(judged: Judgement, name: str, scope: str) -> Any:
    (one,) = [
        found
        for found in judged.found
        if (found.objective.name, found.scope.label) == (name, scope)
    ]
    return one


def days_ago(working_days: int) -> int:
    return CALENDAR.add_working_days(TODAY, -working_days)


async def test_a_month_is_counted_by_scope_with_what_is_open_and_overdue(books: Books):
    first, before = day("2026-11-01"), day("2026-10-31")
    await books.append(
        (ON_TIME, H56, first, NO_SLOT, 6),
        (ON_TIME, H56, before, NO_SLOT, 100),  # last month's
        (ON_TIME, H56_BIRTH, TODAY, NO_SLOT, 3),
        (LATE, H56_BIRTH, TODAY, NO_SLOT, 1),
        (ON_TIME, H25, TODAY, NO_SLOT, 2),
        (TRIAL + LATE, H56, TODAY, NO_SLOT, 50),  # trials are measured apart
        # Open: one overdue since yesterday, one due today, one tomorrow, one that waits in time,
        # one that has had its second supplement, one without a due date, one that has ended.
        (IN_PROCESS, H56, first, TODAY - 1, 1),
        (IN_PROCESS, H56, first, TODAY, 1),
        (IN_PROCESS, H56, first, TODAY + 1, 1),
        (PAUSED, H56, first, FIXED_IN_TIME, 1),
        (PAUSED, H56, first, FIXED_LATE, 1),
        (IN_PROCESS, H56, first, NO_SLOT, 1),
        (IN_PROCESS, H56, before, TODAY - 3, 1),
        (IN_PROCESS, H56, first, TODAY - 3, -1),
    )

    judged = await books.judge()

    found = {
        one.scope.label: one.observed.window
        for one in judged.found
        if one.objective.name == "on-time"
    }
    assert found == {
        # Good: ended on time, and in process within the limit. Bad: late, and open and overdue.
        "country": Counted(6 + 3 + 2 + 3, 1 + 2),
        "agency:H56": Counted(6 + 3 + 3, 1 + 2),
        "agency:H42": Counted(2, 0),
        "unit:H56.12": Counted(6 + 3, 2),
        "group:land": Counted(6 + 2 + 3, 2),
        "channel:online": Counted(6 + 2 + 3, 2),
    }


async def test_a_late_correction_moves_a_count_in_the_month_it_belongs_to(books: Books):
    """The ninth of ten becomes late three weeks after; then it is recalled."""
    early = day("2026-11-02")
    await books.append((ON_TIME, H56, early, NO_SLOT, 9), (LATE, H56, early, NO_SLOT, 1))
    good = standing(await books.judge(), "on-time", "country")
    await books.append((ON_TIME, H56, early, NO_SLOT, -1), (LATE, H56, early, NO_SLOT, 1))
    spent = standing(await books.judge(), "on-time", "country")
    await books.append((ON_TIME, H56, early, NO_SLOT, 1), (LATE, H56, early, NO_SLOT, -1))
    again = standing(await books.judge(now_ms=NOW + 60_000), "on-time", "country")

    assert [one.standing.state for one in (good, spent, again)] == [
        State.GOOD,
        State.SPENT,
        State.GOOD,
    ]
    assert again.observed.window == Counted(9, 1)


async def test_what_fell_overdue_burns_when_it_did_and_clearing_a_backlog_does_not(
    books: Books,
):
    """Twenty that were due on Monday are open on Tuesday morning; thirty that were overdue for
    weeks are finished on Tuesday. The month counts both as bad, the last days only the twenty.
    """
    monday, old = day("2026-11-16"), day("2026-10-01")
    tuesday = monday + 1
    await books.append(
        (IN_PROCESS, H56, old, monday, 20),
        (IN_PROCESS, H56, old, old + 20, 30),
        (IN_PROCESS, H56, tuesday, old + 20, -30),
        (LATE, H56, tuesday, NO_SLOT, 30),
        (HOURS + LATE, H56, tuesday, 9, 30),
        *((ON_TIME, H56, on, NO_SLOT, 40) for on in (monday, tuesday)),
        *((HOURS + ON_TIME, H56, on, 15, 40) for on in (monday, tuesday)),
    )

    found = standing(await books.judge(), "on-time", "agency:H56")

    assert found.observed.window == Counted(80, 20 + 30)
    # At 10:30 on Wednesday a day reaches to 10:30 on Tuesday: Monday's dues were overdue at 7:00
    # then; three days reach to Friday.
    assert found.observed.back == {"1d": Counted(40, 0), "3d": Counted(80, 20)}
    assert found.standing.state is State.SPENT


async def test_a_real_breach_of_90_percent_burns_and_says_by_which_windows(books: Books):
    """Before this month's budget is spent: half of what fell due since Friday is overdue."""
    begin = day("2026-11-02")
    rows: list[Row] = [
        (ON_TIME, H56, begin, NO_SLOT, 900),
        (HOURS + ON_TIME, H56, begin, 9, 900),
    ]
    for on in map(days_ago, (3, 2, 1)):
        rows += [
            (IN_PROCESS, H56, begin, on, 20),
            (ON_TIME, H56, on, NO_SLOT, 20),
            (HOURS + ON_TIME, H56, on, 16, 20),
        ]
    await books.append(*rows)

    found = standing(await books.judge(), "on-time", "agency:H56")

    assert found.observed.window == Counted(960, 60)
    assert found.observed.back == {"1d": Counted(20, 20), "3d": Counted(60, 60)}
    assert found.standing.state is State.BURNING
    (kept,) = await books.connection.fetch(
        "SELECT state, alert, burning::text FROM objective_standing"
        " WHERE objective = 'on-time' AND scope = 'agency:H56'"
    )
    assert tuple(kept) == ("burning", "3d/1d", '{"1d": [20, 20], "3d": [60, 60]}')


async def test_over_a_night_and_a_weekend_nothing_moves(books: Books):
    friday = day("2026-11-13")
    await books.append(
        (ON_TIME, H56, friday, NO_SLOT, 20),
        (HOURS + ON_TIME, H56, friday, 16, 20),
        (IN_PROCESS, H56, friday - 5, friday, 10),
    )
    burns = []
    for now in (
        "2026-11-13 17:30",
        "2026-11-14 12:00",
        "2026-11-16 06:59",
        "2026-11-16 07:00",  # the instant itself is the close's
        "2026-11-16 07:01",
    ):
        found = standing(await books.judge(now_ms=at(now)), "on-time", "country")
        burns.append(found.observed.back["1d"])

    assert burns == [Counted(20, 0)] * 4 + [Counted(20, 10)]


async def test_a_share_of_channels_counts_what_was_received(books: Books):
    accepted = Measure.ACCEPTED
    await books.append(
        (accepted, H56, TODAY, NO_SLOT, 7),
        (HOURS + accepted, H56, TODAY, 9, 7),
        (accepted, H56_BIRTH, TODAY, NO_SLOT, 3),
        (HOURS + accepted, H56_BIRTH, TODAY, 10, 3),
        (accepted, H25, TODAY, NO_SLOT, 2),
    )

    judged = await books.judge()

    assert standing(judged, "online", "country").observed.window == Counted(9, 3)
    of_h56 = standing(judged, "online", "agency:H56").observed
    assert of_h56.window == Counted(7, 3)
    assert of_h56.back == {"1d": Counted(7, 3), "3d": Counted(7, 3)}


async def test_a_month_of_office_hours_and_nights_is_weighed_by_its_events(books: Books):
    """What tests/domain/test_objectives.py has in five minutes each, through accounts by the hour:
    2,046 of 1,068,000 bad in office hours, 1,194 of 11,940 at night. The mean of the hours' ratios
    is 5.0 %, of five minutes' ratios 6.97 %; 0.30 % are bad.
    """
    accepted = Measure.ACCEPTED
    rows: list[Row] = []
    for on in range(day("2026-11-01"), day("2026-12-01")):
        last = on == day("2026-11-30")
        for hour, good, bad in (
            (9, 35_531 + 24 * last, 68 + 6 * last),
            (2, 358 + 6 * last, 39 + 24 * last),
        ):
            for cell, dossiers in ((H56, good), (H56_BIRTH, bad)):
                rows.append((accepted, cell, on, NO_SLOT, dossiers))
                rows.append((HOURS + accepted, cell, on, hour, dossiers))
    await books.append(*rows)

    found = standing(await books.judge(now_ms=at("2026-11-30 23:00")), "online", "country")

    assert found.observed.window == Counted(1_076_700, 3_240)
    assert f"{100 * (1 - found.observed.window.ratio):.2f} %" == "0.30 %"
    # The last working day, from seven: office hours only, and so 74 of some 35,600.
    assert found.observed.back["1d"] == Counted(35_555, 74)


async def test_a_month_that_is_over_is_read_as_known_now(books: Books, database: str):
    """On 31 October five are overdue, of which two were finished later, and one was recalled."""
    october, november = day("2026-10-31"), day("2026-11-02")
    await books.append(
        (ON_TIME, H56, october - 9, NO_SLOT, 20),
        (LATE, H56, october - 3, NO_SLOT, 1),
        (ON_TIME, H56, october - 3, NO_SLOT, -1),  # in November it turned out to be late
        (ON_TIME, H56, november, NO_SLOT, 50),
        (IN_PROCESS, H56, october - 30, october - 5, 4),
        (
            IN_PROCESS,
            H56,
            october - 30,
            october,
            1,
        ),  # due on the last day: its test is at 24:00
        (IN_PROCESS, H56, november, october - 5, -2),
        (LATE, H56, november, NO_SLOT, 2),
        (IN_PROCESS, H56, october - 30, october + 1, 3),  # within the limit: good by 766
        (PAUSED, H56, october - 30, FIXED_LATE, 1),
        (IN_PROCESS, H56, october - 30, NO_SLOT, 9),
        (LATE, H25, october, NO_SLOT, 7),  # another province
    )
    on_time = WATCHED.objectives.objectives[0]

    async with asyncpg.create_pool(database, min_size=1) as pool:
        found = await past.stood(pool, WATCHED, on_time, Scope(agency="H56"), CALENDAR, october)
        nothing = await past.stood(
            pool, WATCHED, on_time, Scope(agency="H56"), CALENDAR, october - 60
        )

    assert (found.first_day, found.last_day) == (day("2026-10-01"), october)
    assert found.counted == Counted(19 + 3, 1 + 5 + 1)
    assert found.met is False
    assert (nothing.counted, nothing.met) == (Counted(), None)


async def test_a_service_with_a_growing_backlog_and_slow_work_is_degraded(books: Books):
    long_ago, recent = days_ago(30), days_ago(2)
    slow = 37  # a bin of some 50 hours
    await books.append(
        (Measure.IN_PROCESS, H56, long_ago, TODAY + 9, 10),
        (Measure.IN_PROCESS, H56, recent, TODAY + 9, 4),
        (Measure.PAUSED, H56, recent, TODAY + 9, 1),
        (WORKED, H56, recent, slow, 3),
        (WORKED, H56, long_ago, 1, 500),  # not recent
        (Measure.IN_PROCESS, H56_BIRTH, recent, TODAY + 9, 400),  # of no group
    )

    judged = await books.judge()
    kept = (await objectives.read(books.connection)).services

    h42, h56 = judged.examined
    assert (h56.fared.open, h56.fared.open_then, h56.fared.bins) == (15, 10, {slow: 3})
    assert h56.diagnosis.reasons == ("backlog_and_slow",)
    assert h42.diagnosis.condition == "too_few"
    assert [(one.agency, one.group, one.state, one.open) for one in kept] == [
        ("H42", "land", "too_few", 0),
        ("H56", "land", "degraded", 15),
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_sums_are_the_same_however_the_journal_came(books: Books, seed: int):
    """In steps behind the follower, or from the balances at once: a plain count of all rows."""
    draw = random.Random(seed)
    rows: list[Row] = []
    measures = (ON_TIME, LATE, HOURS + ON_TIME, IN_PROCESS, PAUSED, Measure.IN_PROCESS,
                Measure.ACCEPTED, HOURS + Measure.ACCEPTED, WORKED, TRIAL + LATE)  # fmt: skip
    for _ in range(6):
        some: list[Row] = [
            (
                draw.choice(measures),
                draw.choice(CELLS),
                TODAY - draw.choice([0, 1, 5, 40, 129, 131, 400]),
                draw.choice([NO_SLOT, FIXED_LATE, 3, 9, TODAY, TODAY - 5, TODAY + 5]),
                draw.choice([-2, -1, 1, 1, 2, 5]),
            )
            for _ in range(draw.randrange(40))
        ]
        rows += some
        await books.append(*some)
        if draw.random() < 0.7:
            await books.fold()
            await books.follow()
    await books.fold()
    await books.follow()
    in_steps = await books.sums()
    await books.connection.execute("UPDATE objective_book SET digest = 'another'")
    await books.follow()
    at_once = await books.sums()

    assert in_steps == at_once == counted(rows)


def counted(rows: list[Row]) -> dict[tuple[Any, ...], int]:
    """What the sums of `WATCHED` must be, row by row and scope by scope."""
    scopes = {scope: number for number, scope in enumerate(WATCHED.scopes)}
    of_cells = {
        H56: (Scope(), Scope(agency="H56"), Scope(unit="H56.12"), Scope(group="land"),
              Scope(channel=2), Scope(agency="H56", group="land")),
        H56_BIRTH: (Scope(), Scope(agency="H56")),
        H25: (Scope(), Scope(agency="H42"), Scope(group="land"), Scope(channel=2),
              Scope(agency="H42", group="land")),
    }  # fmt: skip
    floor = TODAY - 130
    found: Counter[tuple[Any, ...]] = Counter()
    for measure, cell, on, slot, amount in rows:
        for scope in of_cells[cell]:
            number = scopes[scope]
            of_service = bool(scope.agency and scope.group)

            def add(account: str, part: int, when: int, slot: int, amount: int) -> None:
                asked = {
                    "on_time_766": not of_service,  # noqa: B023 - called at once
                    "full_process_dossier_share": scope in (Scope(), Scope(agency="H56")),  # noqa: B023
                    "service": of_service,  # noqa: B023
                }
                if asked[account]:
                    found[account, part, number, when, slot] += amount  # noqa: B023

            full = (cell.channel, cell.level) == (2, 4)
            match measure:
                case Measure.ON_TIME_766 if on >= floor:
                    add("on_time_766", 0, on, -1, amount)
                case Measure.LATE_766 if on >= floor:
                    add("on_time_766", 1, on, -1, amount)
                case _ if measure == HOURS + ON_TIME and on >= floor:
                    add("on_time_766", 2, on, slot, amount)
                case Measure.IN_PROCESS_766 | Measure.PAUSED_766:
                    add("on_time_766", 4 if slot >= 0 and on <= slot else 5, slot, -1, amount)
                case Measure.IN_PROCESS:
                    add("service", 7, max(on, floor), -1, amount)
                case Measure.ACCEPTED if on >= floor:
                    add("full_process_dossier_share", 0 if full else 1, on, -1, amount)
                case _ if measure == HOURS + Measure.ACCEPTED and on >= floor:
                    add("full_process_dossier_share", 2 if full else 3, on, slot, amount)
                case _ if measure == WORKED and on >= floor:
                    add("service", 6, on, slot, amount)
    return {key: amount for key, amount in found.items() if amount}


async def test_a_sweep_changes_no_verdict(books: Books):
    old = TODAY - 400
    await books.append(
        (IN_PROCESS, H56, old - 9, old, 5),
        (IN_PROCESS, H56, old + 1, old, -3),
        (Measure.IN_PROCESS, H56, old, old, 7),
        (Measure.IN_PROCESS, H56, days_ago(2), old, 1),
        (ON_TIME, H56, TODAY, NO_SLOT, 8),
        (HOURS + ON_TIME, H56, TODAY - 60, 9, 8),
    )
    before = await books.judge()
    await objective_book.sweep(books.connection, TODAY)
    after = await books.judge()
    # What is booked for a day long past goes on to count.
    await books.append(
        (IN_PROCESS, H56, old + 9, old, -1), (Measure.IN_PROCESS, H56, old, old, 1)
    )
    later = await books.judge()

    assert after.found == before.found
    assert after.examined == before.examined
    assert standing(after, "on-time", "country").observed.window == Counted(8, 2)
    assert standing(later, "on-time", "country").observed.window == Counted(8, 1)
    assert [one.fared.open for one in later.examined] == [0, 9]


async def test_where_nobody_tells_there_is_no_data(books: Books):
    """H42's system is not connected, H56 has none registered but has told something."""
    await books.append((ON_TIME, H56, TODAY, NO_SLOT, 8), (ON_TIME, H25, TODAY, NO_SLOT, 8))

    async def states() -> dict[str, str]:
        judged = await books.judge()
        return {
            one.scope.label: str(one.standing.state)
            for one in judged.found
            if one.objective.name == "on-time" and one.scope.agency
        }

    assert await states() == {"agency:H56": "good", "agency:H42": "good"}
    await books.connection.execute(
        "INSERT INTO source (code, name, owner, kind, status, go_live, zone, mandates) VALUES"
        " ('h42', 'n', 'H42', 'system', 'live', '2026-01-02', 'Asia/Ho_Chi_Minh',"
        """ '[{"agency": "H42", "procedure": ""}]')"""
    )
    assert await states() == {"agency:H56": "good", "agency:H42": "good"}
    await books.connection.execute(
        "INSERT INTO connection VALUES ('h42', false, 'not_connected', 0, 0, NULL, NULL, NULL, 0,"
        " 0, NULL, NULL, false, '[]')"
    )
    assert await states() == {"agency:H56": "good", "agency:H42": "no_data"}
    # A window of maintenance that would explain the silence changes no verdict.
    await books.connection.execute(
        "INSERT INTO maintenance VALUES ('h42', 'move', 0, 9000000000000, '{}', '', true, false,"
        " 0, 0)"
    )
    assert await states() == {"agency:H56": "good", "agency:H42": "no_data"}
    await books.connection.execute(
        "UPDATE connection SET class = 'connected'; UPDATE source SET go_live = '2026-12-01'"
    )
    # Before its go-live it is nobody's; what was told so far still stands.
    assert await states() == {"agency:H56": "good", "agency:H42": "good"}


@pytest.mark.parametrize(
    ("first", "second", "states"),
    [
        ("connected", "connected", ("spent", "spent", "spent")),
        ("interrupted", "connected", ("spent", "spent", "spent")),
        ("interrupted", "partial", ("spent", "spent", "spent")),
        ("interrupted", "interrupted", ("no_data", "no_data", "spent")),
        ("interrupted", "not_connected", ("no_data", "no_data", "spent")),
        ("not_connected", "not_connected", ("no_data", "no_data", "no_data")),
    ],
)
async def test_an_agency_whose_systems_are_silent_is_not_accused(
    books: Books, first: str, second: str, states: tuple[str, str, str]
):
    """Of what it settled meanwhile nobody has told: here it is open and falls overdue. The same with
    maintenance announced too late, and the country is judged until nobody tells any more.
    """
    await books.append(
        (ON_TIME, H56, days_ago(3), NO_SLOT, 20),
        (IN_PROCESS, H56, days_ago(8), days_ago(1), 20),
    )
    for code, word in (("one", first), ("two", second)):
        await books.connection.execute(
            "INSERT INTO source (code, name, owner, kind, status, go_live, zone, mandates) VALUES"
            " ($1, 'n', 'H56', 'system', 'live', '2026-01-02', 'Asia/Ho_Chi_Minh',"
            """ '[{"agency": "H56", "procedure": ""}]')""",
            code,
        )
        await books.connection.execute(
            "INSERT INTO connection VALUES ($1, false, $2, 0, 0, NULL, NULL, NULL, 0, 0, NULL,"
            " NULL, true, '[]')",
            code,
            word,
        )

    judged = await books.judge()

    assert states == tuple(
        str(standing(judged, "on-time", scope).standing.state)
        for scope in ("agency:H56", "unit:H56.12", "country")
    )


async def test_nothing_to_judge_and_nobody_to_tell_are_two_things(books: Books):
    await books.append((LATE, H56, day("2026-10-05"), NO_SLOT, 8))  # the month before

    judged = await books.judge()

    assert standing(judged, "on-time", "agency:H56").standing.state is State.IDLE
    # Of the agency something was heard, if nothing of this.
    assert standing(judged, "online", "agency:H56").standing.state is State.IDLE
    assert standing(judged, "on-time", "agency:H42").standing.state is State.NO_DATA


async def test_what_lies_open_and_overdue_is_bad_and_makes_no_minimum(books: Books):
    await books.append((IN_PROCESS, H56, days_ago(20), days_ago(9), 20))
    few = standing(await books.judge(), "on-time", "country")
    await books.append((ON_TIME, H56, days_ago(3), NO_SLOT, 4), (LATE, H56, TODAY, NO_SLOT, 1))
    enough = standing(await books.judge(), "on-time", "country")

    assert (few.observed.window, few.observed.ended) == (Counted(0, 20), 0)
    assert (enough.observed.window, enough.observed.ended) == (Counted(4, 21), 5)
    assert [few.standing.state, enough.standing.state] == [State.TOO_FEW, State.SPENT]
    # Since 1 November twelve working days and the morning from seven to half past ten.
    assert enough.observed.worked_ms == (12 * 8 * 60 + 210) * 60_000


async def test_since_when_a_state_lasts_and_what_it_was_before_is_kept(books: Books):
    await books.append((ON_TIME, H56, TODAY, NO_SLOT, 9))
    for minute in (0, 1):
        await books.judge(now_ms=NOW + minute * 60_000)
    await books.append((LATE, H56, TODAY, NO_SLOT, 9))
    for minute in (2, 3):
        await books.judge(now_ms=NOW + minute * 60_000)

    (row,) = [
        one
        for one in (await objectives.read(books.connection)).standings
        if (one.objective, one.scope) == ("on-time", "country")
    ]
    spells = await objectives.spells(books.connection, "on-time", "country")

    assert (row.state, row.since_ms, row.judged_ms) == ("spent", NOW + 120_000, NOW + 180_000)
    assert (row.first_day, row.counted) == (day("2026-11-01"), Counted(9, 9))
    assert spells == [
        objectives.Spell("good", NOW, NOW + 120_000, "1", Counted(9, 0)),
        objectives.Spell("spent", NOW + 120_000, None, "1", Counted(9, 9)),
    ]


async def test_an_objective_that_is_no_more_stands_no_more_and_its_past_stays(books: Books):
    await books.append((ON_TIME, H56, TODAY, NO_SLOT, 9))
    await books.judge()
    fewer = Watched(
        objectives=Objectives(objectives=WATCHED.objectives.objectives[:1]), agencies=()
    )
    await books.judge(fewer, now_ms=NOW + 60_000)

    left = await objectives.read(books.connection)
    spells = await objectives.spells(books.connection, "online", "country")

    assert [one.objective for one in left.objectives] == ["on-time"]
    assert {one.objective for one in left.standings} == {"on-time"}
    assert left.services == ()
    assert [spell.until_ms for spell in spells] == [NOW + 60_000]


async def test_each_version_of_an_objective_is_kept_with_when_it_was_known(books: Books):
    first = await objectives.keep_versions(books.connection, WATCHED, 1_000)
    same = await objectives.keep_versions(books.connection, WATCHED, 2_000)
    gone = Watched(objectives=Objectives(objectives=WATCHED.objectives.objectives[:1]))
    then = await objectives.keep_versions(books.connection, gone, 3_000)
    back = await objectives.keep_versions(books.connection, WATCHED, 4_000)

    assert (first, same, then, back) == (["on-time", "online"], [], ["online"], ["online"])
    kept = await objectives.versions(books.connection, "online")
    assert [(one.known_ms, one.version) for one in kept] == [
        (1_000, "1"),
        (3_000, ""),
        (4_000, "1"),
    ]
    assert '"good": 9000' in kept[0].said
