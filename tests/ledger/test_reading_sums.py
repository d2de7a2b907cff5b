"""Readings from kept sums, against a count in Python of the same entries, whatever the follower does."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from monitor.domain.composition import HIGHEST, LOWEST, made_of
from monitor.domain.event import Channel
from monitor.domain.facts import Fact, Term
from monitor.domain.measures import FIXED_IN_TIME, FIXED_LATE, Measure
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.domain.traits import Trait
from monitor.ledger import reading_book
from monitor.ledger.follower import Cut, close, connect, fold, order_closing, seal
from monitor.ledger.migrate import _apply, migrations
from monitor.ledger.reading_book import _CODES_MET, _TURN, Procedures, Wanted
from monitor.ledger.reading_quick import (
    Months,
    plain_question,
    question_by_procedure,
    question_of_codes,
    question_of_met,
)
from monitor.ledger.reading_sums import Stretches
from monitor.ledger.readings import series
from monitor.ledger.reconcile_sums import kept_sums
from monitor.reference.policy import Reference
from tests.domain.strategies_time import day
from tests.ledger.books import Books, books, folded_then
from tests.whole.until import until

TODAY = day("2026-09-10")
DIGITISED, CITIZEN = Trait.DIGITISED, Trait.CITIZEN


class Entry(NamedTuple):
    measure: int
    agency: str
    procedure: str
    channel: int
    day: int
    slot: int
    amount: int


# Who a scope holds is said here, and not asked of the hierarchy.
SCOPES = {
    "country": {
        "H56",
        "H56.04",
        "H56.04.01",
        "H26.01",
        "G01.05",
        "nowhere",
        "H25",
        "H40.02",
        "H42.01",
    },
    "H56": {"H56", "H56.04", "H56.04.01"},
    "H56/own": {"H56"},
    "H56.04": {"H56.04", "H56.04.01"},
    "H26": {"H26.01"},
    "G01": {"G01.05"},
    "H42": {"H25", "H40.02", "H42.01"},  # it took over the others on 1/7/2025
    "H40": {"H40.02"},  # as it was
    "H56+1.001193": {"H56", "H56.04", "H56.04.01"},
}
PERIODS = ("2026-07", "2026-08", "2026-09", "2026-Q3", "2026-H1", "2026-08-14", "2026-09-03")

Counted = Callable[[Sequence[Entry], int, int], int]


def flow(measure: int, channel: int = 0) -> Counted:
    return lambda entries, first, last: sum(
        entry.amount
        for entry in entries
        if entry.measure == measure
        and first <= entry.day <= last
        and channel in (0, entry.channel)
    )


def stock(*measures: int, slots: Callable[[int, int], bool], before: bool = False) -> Counted:
    def count(entries: Sequence[Entry], first: int, last: int) -> int:
        ends = first - 1 if before else last
        return sum(
            entry.amount
            for entry in entries
            if entry.measure in measures and entry.day <= ends and slots(entry.slot, ends)
        )

    return count


def added(*counts: Counted) -> Counted:
    return lambda entries, first, last: sum(count(entries, first, last) for count in counts)


def received_services(entries: Sequence[Entry], first: int, last: int) -> int:
    found: dict[str, int] = {}
    for entry in entries:
        if entry.measure == Measure.ACCEPTED and first <= entry.day <= last:
            found[entry.procedure] = found.get(entry.procedure, 0) + entry.amount
    return sum(1 for dossiers in found.values() if dossiers > 0)


def with_trait(slot: int, _ends: int) -> bool:
    return bool(slot & DIGITISED) and not slot & CITIZEN


ENDED, OPEN = Measure.ENDED_TRAITS, Measure.OPEN_TRAITS
P766, W766 = Measure.PAUSED_766, Measure.IN_PROCESS_766
EXPECTED: dict[Term, Counted] = {
    Term(fact=Fact.RECEIVED): flow(Measure.ACCEPTED),
    Term(fact=Fact.RECEIVED, channel=2): flow(Measure.ACCEPTED, 2),
    Term(fact=Fact.WITHIN_766): stock(
        P766, W766, slots=lambda slot, ends: slot > ends or slot == FIXED_IN_TIME
    ),
    Term(fact=Fact.BEYOND_766): stock(
        P766, W766, slots=lambda slot, ends: 0 <= slot <= ends or slot == FIXED_LATE
    ),
    Term(fact=Fact.HANDLED, having=DIGITISED, lacking=CITIZEN): added(
        lambda entries, first, last: sum(
            entry.amount
            for entry in entries
            if entry.measure == ENDED
            and first <= entry.day <= last
            and with_trait(entry.slot, 0)
        ),
        stock(OPEN, slots=with_trait),
    ),
    Term(fact=Fact.CARRIED_OVER, having=DIGITISED, lacking=CITIZEN): stock(
        OPEN, slots=with_trait, before=True
    ),
    Term(fact=Fact.SERVICES_RECEIVED): received_services,
}


def some(rng: random.Random) -> Entry:
    measure = rng.choice([Measure.ACCEPTED, W766, P766, ENDED, OPEN])
    on = day("2026-06-01") + rng.randrange(105)
    on = min(on, TODAY)
    if measure in (W766, P766):
        slot = rng.choice([FIXED_IN_TIME, FIXED_LATE, -1, on + rng.randrange(60)])
    elif measure in (ENDED, OPEN):
        slot = int(rng.choice([0, DIGITISED, CITIZEN, DIGITISED | CITIZEN]))
    else:
        slot = -1
    return Entry(
        measure,
        rng.choice(sorted(SCOPES["country"])),
        rng.choice(["1.004194", "1.001193", "1.001193.H56"]),
        rng.choice([0, Channel.DIRECT, Channel.ONLINE]),
        on,
        slot,
        # Of dossiers that were accepted there are never less than none, on any day and anywhere.
        rng.choice([1, 1, 3] if measure == Measure.ACCEPTED else [-1, 1, 1, 3]),
    )


def undone(accepted: Entry, entries: Sequence[Entry]) -> Entry | None:
    """What takes an entry back, if nothing has."""
    if accepted.amount < 0 or accepted._replace(amount=-accepted.amount) in entries:
        return None
    return accepted._replace(amount=-accepted.amount)


@pytest.mark.parametrize("seed", range(3))
async def test_kept_sums_tell_what_the_entries_add_up_to_at_every_cut(
    held: Books, reference: Reference, seed: int
):
    """Bookings, cuts, folds, sums wanted and filled in between, closings; in any order."""
    rng = random.Random(seed)
    entries: list[Entry] = []
    known: list[tuple[Cut, list[Entry]]] = []
    follower = held.follower
    for _ in range(70):
        act = rng.choice("bbbbsfffaaallokkqq")
        if act == "b":
            for _ in range(rng.randrange(1, 25)):
                accepted = [one for one in entries if one.measure == Measure.ACCEPTED]
                entry = some(rng)
                if accepted and rng.random() < 0.2:  # one of them was none
                    entry = undone(rng.choice(accepted), entries) or entry
                entries.append(entry)
                await held.book(
                    entry.measure,
                    entry.agency,
                    entry.day,
                    entry.amount,
                    slot=entry.slot,
                    procedure=entry.procedure,
                    channel=entry.channel,
                )
        elif act == "s":
            known.append((await seal(follower), list(entries)))
        elif act == "f" and known:
            await fold(follower, known[-1][0], step=rng.randrange(5, 60))
        elif act in "alo":
            await kept_on(follower, act, rng)
        elif act == "k" and known:
            await killed(held, known[-1][0], rng)
        elif act == "q" and known:
            await agrees(held, reference, known, rng)
            await nothing_differs(follower)
    known.append((await seal(follower), list(entries)))
    while await fold(follower, known[-1][0]):
        pass
    for _ in range(4):  # what they have to read from the books is kept from then on
        await agrees(held, reference, known, rng)
        assert await reading_book.follow(follower, 60) is False
        assert not await follower.fetchval(
            "SELECT count(*) FROM reading_sum WHERE filled_until < $1", HIGHEST
        )
    assert await follower.fetchval("SELECT count(*) FROM reading_sum") > 5
    assert await nothing_differs(follower) > 100


async def nothing_differs(connection: Any) -> int:
    """Whoever reconciles finds the same, also of sums that are half filled; how much there was."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await kept_sums(connection)
    assert (found.differing, found.first) == (0, ())
    return found.compared


async def kept_on(follower: Any, act: str, rng: random.Random) -> None:
    """Add, fill, or close a part."""
    if act == "a":
        await reading_book.add(follower, pages=rng.randrange(5, 80))
    elif act == "l":
        await reading_book.fill(follower, lines=rng.randrange(1, 40))
    else:
        await order_closing(follower)
        await close(follower, step=rng.randrange(5, 60))


async def killed(held: Books, cut: Cut, rng: random.Random) -> None:
    """Whoever follows is killed just before it would have committed."""
    dying = await connect(held.dsn)
    server = dying.get_server_pid()
    await dying.transaction().start()
    match rng.choice("fal"):
        case "f":
            await fold(dying, cut, step=rng.randrange(5, 60))
        case "a":
            await reading_book.add(dying, pages=rng.randrange(5, 80))
        case _:
            await reading_book.fill(dying, lines=rng.randrange(1, 40))
    dying.terminate()
    gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
    await until(lambda: held.follower.fetchval(gone, server))


async def late_from(held: Books, number: int) -> None:
    """Late lines are asked for what was booked after this number of the journal alone."""
    await held.follower.execute("UPDATE follower SET late_from = $1", number)


async def agrees(
    held: Books,
    reference: Reference,
    known: Sequence[tuple[Cut, Sequence[Entry]]],
    rng: random.Random,
) -> None:
    """At a cut, or now, of some scopes, periods and terms; by late lines, or without them."""
    kept_from = await held.follower.fetchval("SELECT late_from FROM follower")
    await late_from(held, rng.choice([kept_from, HIGHEST]))
    scopes = rng.sample(sorted(SCOPES), rng.randrange(1, 4))
    periods = [Period.of(text) for text in rng.sample(PERIODS, rng.randrange(1, 4))]
    terms = rng.sample(list(EXPECTED), rng.randrange(1, len(EXPECTED)))
    folded = await held.follower.fetchval("SELECT seq FROM follower")
    if rng.random() < 0.5 and any(cut.seq <= folded for cut, _ in known):
        given = None
    else:
        given = rng.choice(known)[0]
    readings = await series(
        held.pool,
        reference,
        [Scope.of(scope) for scope in scopes],
        periods,
        terms,
        today=TODAY,
        cut=given,
    )
    await late_from(held, kept_from)
    entries = next(was for cut, was in known if cut.seq == readings[0].cut.seq)
    for reading in readings:
        last = min(reading.period.last_day, TODAY)
        for scope in scopes:
            facts = reading.facts(Scope.of(scope))
            meant = [
                entry
                for entry in entries
                if entry.agency in SCOPES[scope]
                and ("+" not in scope or entry.procedure.startswith("1.001193"))
            ]
            for term in terms:
                counted = EXPECTED[term](meant, reading.period.first_day, last)
                assert facts(term) == counted, (term, scope, reading.period, reading.cut)


@pytest.mark.parametrize("known_then", [21, 26, 28])
async def test_a_ledger_of_an_earlier_schema_has_its_sums_filled_after_the_upgrade(
    bare_database: str, reference: Reference, known_then: int
):
    """With a journal, cuts, and balances that are not up to the last of them."""
    rng = random.Random(known_then)
    entries = [some(rng) for _ in range(150)]
    connection = await connect(bare_database)
    try:
        await _apply(connection, [one for one in migrations() if one[0] <= known_then])
        known: list[tuple[Cut, list[Entry]]] = []
        for number, entry in enumerate(entries, 1):
            await entered(connection, entry)
            if number % 50 == 0:
                known.append((await seal(connection), entries[:number]))
        await folded_then(connection, known[1][0])
        if known_then == 28:  # sums taken for filled that are not: migration 29 has them filled
            await connection.execute(
                "INSERT INTO reading_sum (measures, weights, due, first_slot, last_slot, channel,"
                " level, having_all, lacking_all, having_any, stock, procedures, filled_until)"
                " VALUES ('{2}', '{1}', false, $1, $2, 0, 0, 0, 0, 0, false, 0, $2)",
                LOWEST,
                HIGHEST,
            )
    finally:
        await connection.close()
    async with books(bare_database) as held:
        while await fold(held.follower, known[-1][0]):
            pass
        for _ in range(6):
            await agrees(held, reference, known, rng)
            assert await reading_book.follow(held.follower, 60) is False
        assert (await reading_book.known(held.follower))[0]


async def entered(connection: Any, entry: Entry) -> None:
    """A line of the journal, and its cell, as every release has written them."""
    cell = await connection.fetchval(
        "INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level)"
        " VALUES ($1, '', $2, $3, '', 4) ON CONFLICT DO NOTHING RETURNING id",
        entry.agency,
        entry.procedure,
        entry.channel,
    ) or await connection.fetchval(
        "SELECT id FROM cell WHERE agency = $1 AND procedure = $2 AND channel = $3",
        entry.agency,
        entry.procedure,
        entry.channel,
    )
    await connection.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " VALUES ($1, $2, $3, $4, 0, $5)",
        entry.measure,
        cell,
        entry.day,
        entry.slot,
        entry.amount,
    )


async def test_a_sum_that_is_asked_for_while_others_are_filled_is_filled_in_its_turn(
    held: Books, reference: Reference
):
    """And is not taken for filled with nothing in it, as it was."""
    on = day("2026-08-14")
    await held.book(Measure.ACCEPTED, "H56.04", on, 3)
    await held.book(Measure.COMPLETED, "H56.04", on, 2)
    await held.folded()
    await reading_book.add(held.follower)
    received, completed = (
        Wanted(share.sum, stock=False, procedures=Procedures.OF_NOBODY)
        for fact in (Fact.RECEIVED, Fact.COMPLETED)
        for share in made_of(Term(fact=fact))
    )
    async with held.pool.acquire() as other:
        await reading_book.want(other, [received])
        async with other.transaction():  # the follower waits for this after its first look
            await other.execute("LOCK TABLE reading_place IN SHARE MODE")
            filling = asyncio.create_task(reading_book.fill(held.follower))
            await until(
                lambda: other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            )
            await reading_book.want(held.pool, [completed])
        assert await filling
    assert [one.sum for one in (await reading_book.known(held.follower))[0]] == [received.sum]
    while await reading_book.fill(held.follower):
        pass

    terms = [Term(fact=Fact.RECEIVED), Term(fact=Fact.COMPLETED)]
    [reading] = await series(
        held.pool, reference, [Scope.of("H56")], [Period.of("2026-08")], terms, today=TODAY
    )
    assert [reading.facts(Scope.of("H56"))(term) for term in terms] == [3, 2]


async def test_a_commune_asked_of_by_procedure_is_read_from_sums_the_next_time(
    held: Books, reference: Reference
):
    """Sums by procedure of ministries and provinces alone left it to the books for ever."""
    on = day("2026-08-14")
    await held.book(Measure.ACCEPTED, "H56.04", on, 3)
    await held.book(Measure.ACCEPTED, "H56.05", on, 2)
    await held.book(Measure.ACCEPTED, "H56.06", on, 1)  # the two are not all of the province
    await held.folded()
    await reading_book.add(held.follower)
    scopes = [Scope.of(f"H56.0{n}+1.004194") for n in (4, 5)]
    terms = [Term(fact=Fact.RECEIVED)]
    periods = [Period.of("2026-08")]

    async def received() -> list[int | None]:
        [reading] = await series(held.pool, reference, scopes, periods, terms, today=TODAY)
        return [reading.facts(scope)(terms[0]) for scope in scopes]

    assert await received() == [3, 2]
    while await reading_book.fill(held.follower):
        pass
    kept, _ = await reading_book.known(held.follower)
    assert {one.procedures for one in kept} == {Procedures.OF_ALL}
    await held.follower.execute("DELETE FROM reading_procedure WHERE place = 'H56.05'")
    assert await received() == [3, 0]


FILLED = """
    INSERT INTO reading_month (reach, place, month, amounts)
    SELECT reach, 'H' || place, month, array_fill(1::int8, ARRAY[40])
    FROM generate_series(0, 1) AS reach, generate_series(10, 1099) AS place,
         unnest($1::int4[]) AS month;
"""
FILLED_DAYS = """
    INSERT INTO reading_day (reach, place, day, amounts)
    SELECT 1, 'H' || place, day, array_fill(1::int8, ARRAY[10])
    FROM generate_series(10, 199) AS place, generate_series($1::int4, $1 + 120) AS day;
"""
FILLED_PROCEDURES = """
    INSERT INTO reading_procedure (reach, place, month, sum, procedure, amount)
    SELECT 1, 'H' || place, month, sum, '1.000' || procedure, 1
    FROM generate_series(10, 99) AS place, generate_series(1, 3) AS sum,
         generate_series(100, 130) AS procedure, unnest($1::int4[]) AS month;
"""
FILLED_SERVICES = """
    INSERT INTO reading_services (reach, place, month, sum, procedures)
    SELECT 1, 'H' || place, month, sum, decode(repeat('ff', 100), 'hex')
    FROM generate_series(10, 499) AS place, generate_series(1, 3) AS sum,
         unnest($1::int4[]) AS month;
"""


@pytest.mark.parametrize("period", ["2026-08", "2026-09", "2026-Q2"])
async def test_a_page_reads_the_places_it_shows_by_index(held: Books, period: str):
    """Of a ledger in which nothing is small enough to be read whole."""
    connection = held.follower
    months = [Period.of(f"2026-{month:02d}").first_day for month in range(1, 13)]
    await connection.execute(FILLED, months)
    await connection.execute(FILLED_DAYS, day("2026-06-01"))
    await connection.execute(FILLED_PROCEDURES, months)
    await connection.execute(FILLED_SERVICES, months)
    await connection.execute("ANALYZE")
    shares = {
        share.sum
        for fact in (Fact.RECEIVED, Fact.WITHIN_766, Fact.IN_PROCESS)
        for share in made_of(Term(fact=fact))
    }
    asked = {
        Wanted(one, stock=number > 0, procedures=Procedures.OF_ALL): number
        for number, one in enumerate(sorted(shares))
    }
    stretches = Stretches.of([Period.of(period)], TODAY)
    found = Months.of(stretches, last_day=TODAY)
    places = {(1, "H56"), (1, "H26"), (0, "H56")}
    for query, values in (
        plain_question(found, asked, places),
        question_by_procedure(found, asked, places),
        question_by_procedure(found, asked, places, "1.000101"),
        question_of_codes(found, asked, places),
        question_of_met(found, [(1, "H56", 1, 1, "1.000101"), (1, "H26", 2, 1, "1.000102")]),
    ):
        rows = await connection.fetch("EXPLAIN " + query, *values)
        plan = "\n".join(row[0] for row in rows)
        for table in ("reading_month", "reading_day", "reading_procedure", "reading_services"):
            assert f"Seq Scan on {table}" not in plan, plan
        assert "Index" in plan


FILLED_CODES = """
    INSERT INTO reading_code (code) SELECT '1.' || lpad(n::text, 6, '0') FROM generate_series(1, 20000) AS n;
"""


async def test_procedures_that_turned_are_found_by_index(held: Books):
    """Among all that were ever met, and among what all places have in all months."""
    connection = held.follower
    months = [Period.of(f"2026-{month:02d}").first_day for month in range(1, 13)]
    await connection.execute(FILLED_SERVICES, months)
    await connection.execute(FILLED_CODES)
    await connection.execute("ANALYZE")
    codes = ["1.000101", "1.000102", "1.999999"]
    turned = [[1] * 3, ["H56"] * 3, [months[7]] * 3, [1, 2, 3], codes]
    for query, values, index in (
        (_CODES_MET, [codes], "reading_code_code_key"),
        (_TURN, turned, "reading_code_code_key"),
        # What is there already is met by the key, without which it could not be.
        (_TURN, turned, "Conflict Arbiter Indexes: reading_services_pkey"),
    ):
        rows = await connection.fetch("EXPLAIN " + query, *values)
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan on reading_code" not in plan, plan
        assert index in plan, plan
