"""What the ledger answers to official figures: facts by hand, of scopes and periods."""

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import Why
from monitor.domain.measures import FIXED_IN_TIME, FIXED_LATE, FIXED_UNCERTAIN, Measure
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.domain.traits import Trait
from monitor.ledger import reading_book
from monitor.ledger.balances import NotKnown
from monitor.ledger.claims import Figure, state
from monitor.ledger.follower import Cut
from monitor.ledger.readings import By, breakdown, read, series
from monitor.reference.policy import Reference, load_reference
from tests.domain.strategies_time import at, day
from tests.ledger.books import Books
from tests.servers.require import ROOT

AUGUST = Period.of("2026-08")
TODAY = day("2026-09-15")
CITIZEN, BUSINESS = Trait.CITIZEN, Trait.BUSINESS


async def asked(
    held: Books,
    reference: Reference,
    term: Term | Fact,
    scope: str = "country",
    period: str = "2026-08",
    *,
    today: int = TODAY,
    cut: Cut | None = None,
) -> int | None:
    """One fact."""
    if isinstance(term, Fact):
        term = Term(fact=term)
    of = Scope.of(scope)
    reading = await read(
        held.pool, reference, [of], Period.of(period), [term], today=today, cut=cut
    )
    return reading.facts(of)(term)


async def test_what_happened_in_a_period_is_summed_over_its_days(
    held: Books, reference: Reference
):
    for on in ("2026-07-31", "2026-08-01", "2026-08-31", "2026-08-31", "2026-09-01"):
        await held.book(Measure.ACCEPTED, "H56.04", day(on))
    await held.folded()
    assert await asked(held, reference, Fact.RECEIVED) == 3
    assert await asked(held, reference, Fact.RECEIVED, "H56") == 3
    assert await asked(held, reference, Fact.RECEIVED, "H56/own") == 0
    assert await asked(held, reference, Fact.RECEIVED, "H56.04/own") == 3
    assert await asked(held, reference, Fact.RECEIVED, "H26") == 0
    assert await asked(held, reference, Fact.RECEIVED, period="2026-Q3") == 5
    assert await asked(held, reference, Fact.RECEIVED, period="2026-08-31") == 2
    assert await asked(held, reference, Fact.RECEIVED, period="2026-H1") == 0


async def test_what_is_open_at_the_end_is_the_sum_of_movements_to_it(
    held: Books, reference: Reference
):
    open_766 = (Measure.IN_PROCESS_766, "H56.04")
    due = day("2026-08-31")
    await held.book(*open_766, day("2026-06-01"), 1, slot=due)  # falls due within August
    await held.book(*open_766, day("2026-08-20"), 1, slot=due + 1)  # and the day after it
    await held.book(*open_766, day("2026-08-20"), 1, slot=FIXED_IN_TIME)
    await held.book(*open_766, day("2026-08-20"), 1, slot=FIXED_LATE)
    await held.book(*open_766, day("2026-08-20"), 1, slot=FIXED_UNCERTAIN)
    await held.book(*open_766, day("2026-08-20"), 1, slot=-1)
    await held.book(Measure.PAUSED_766, "H56.04", day("2026-08-21"), 1, slot=due)
    await held.book(*open_766, day("2026-09-02"), -1, slot=due)  # ended after the period
    await held.folded()
    for fact, at_the_end_of_july, of_august, of_september in (
        (Fact.WITHIN_766, 1, 2, 1),
        (Fact.BEYOND_766, 0, 3, 3),
        (Fact.UNCERTAIN_766, 0, 1, 1),
        (Fact.NO_DEADLINE_766, 0, 1, 1),
    ):
        assert await asked(held, reference, fact, "H56", "2026-07") == at_the_end_of_july
        assert await asked(held, reference, fact, "H56", "2026-08") == of_august
        assert await asked(held, reference, fact, "H56", "2026-09") == of_september


async def test_a_period_that_is_not_over_is_told_as_of_today(held: Books, reference: Reference):
    await held.book(Measure.IN_PROCESS_766, "H56", day("2026-08-01"), slot=day("2026-08-20"))
    await held.folded()
    for today, within, beyond in (("2026-08-19", 1, 0), ("2026-08-20", 0, 1)):
        at = day(today)
        assert await asked(held, reference, Fact.WITHIN_766, today=at) == within
        assert await asked(held, reference, Fact.BEYOND_766, today=at) == beyond
    assert await asked(held, reference, Fact.WITHIN_766, today=day("2026-07-31")) is None


async def test_handled_is_what_ended_and_what_is_open_by_any_traits(
    held: Books, reference: Reference
):
    for measure, on, amount, traits in (
        (81, "2026-08-05", 3, CITIZEN),
        (81, "2026-08-06", 4, CITIZEN | Trait.DIGITISED),
        (81, "2026-07-06", 99, CITIZEN | Trait.DIGITISED),
        (82, "2026-07-06", 5, BUSINESS | Trait.DIGITISED),
        (82, "2026-08-06", -2, BUSINESS | Trait.DIGITISED),
        (82, "2026-09-01", -1, BUSINESS | Trait.DIGITISED),
        (87, "2026-08-06", 1, BUSINESS | Trait.DIGITISED),
    ):
        await held.book(measure, "H56", day(on), amount, slot=int(traits))
    await held.folded()
    handled = Fact.HANDLED
    for term, expected in (
        (Term(fact=handled, having=CITIZEN), 7),
        (Term(fact=handled, having=Trait.DIGITISED), 7),
        (Term(fact=handled, having=Trait.DIGITISED, lacking=CITIZEN), 3),
        (Term(fact=handled, any_of=CITIZEN | BUSINESS), 10),
        (Term(fact=handled, having=CITIZEN | Trait.DIGITISED, channel=2, level=4), 4),
        (Term(fact=handled, having=CITIZEN, channel=1), 0),
        (Term(fact=Fact.CARRIED_OVER, having=BUSINESS), 5 + 1),
    ):
        assert await asked(held, reference, term) == expected, term


async def test_an_agency_stands_for_those_it_took_over_in_all_periods(
    held: Books, reference: Reference
):
    """Ha Nam (H25) and Nam Dinh (H41) went into Ninh Binh (H42) on 1/7/2025."""
    agencies = reference.agencies
    old = next(
        code for code in agencies.former("H56") + agencies.former("H05") if code != "H05"
    )
    heir = agencies.present(old)
    for agency in (old, f"{old}.07", f"{heir}.02"):
        await held.book(Measure.ACCEPTED, agency, day("2025-03-03"))
    await held.folded()
    assert await asked(held, reference, Fact.RECEIVED, heir, "2025-03") == 3
    # Who asks for the former province itself is told of it as it was.
    assert await asked(held, reference, Fact.RECEIVED, old, "2025-03") == 2


async def test_distinct_services_are_counted_once_each(held: Books, reference: Reference):
    for agency, procedure, channel, amount in (
        ("H56.04", "1.004194", 2, 1),
        ("H56.05", "1.004194", 2, 1),
        ("H26.01", "1.001193", 2, 1),
        ("H26.01", "2.000815", 1, 1),
        ("H26.02", "1.004222", 2, 1),
        ("H26.02", "1.004222", 2, -1),  # corrected: it was another procedure
    ):
        await held.book(
            Measure.ACCEPTED,
            agency,
            day("2026-08-03"),
            amount,
            procedure=procedure,
            channel=channel,
        )
    await held.folded()
    online = Term(fact=Fact.SERVICES_RECEIVED, channel=2)
    essential = Term(fact=Fact.SERVICES_RECEIVED, tag="essential-25", online=True)
    for _ in range(2):  # from the books, and then from what is kept of them
        assert await asked(held, reference, online) == 2
        assert await asked(held, reference, online, "H56") == 1
        assert await asked(held, reference, Fact.SERVICES_RECEIVED, "H26") == 2
        assert await asked(held, reference, Fact.SERVICES_RECEIVED, "H26+2.000815") == 1
        assert await asked(held, reference, essential) == 2  # not the certified copies
        assert await asked(held, reference, essential, period="2026-Q3") == 2
        assert await reading_book.follow(held.follower, 60) is False


async def test_before_a_source_goes_live_nobody_knows(held: Books, reference: Reference):
    await held.live("h56-onestop", datetime(2026, 8, 1, tzinfo=UTC), "H56")
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-03"))
    await held.folded()
    assert await asked(held, reference, Fact.RECEIVED, "H56", "2026-07") is None
    assert await asked(held, reference, Fact.RECEIVED, "H56", "2026-08") == 1
    assert await asked(held, reference, Fact.RECEIVED, "H26", "2026-08") is None
    assert await asked(held, reference, Fact.RECEIVED, "country", "2026-08") == 1
    assert await asked(held, reference, Fact.SOURCES, "H56", "2026-08") == 1
    assert await asked(held, reference, Fact.SOURCES, "H26", "2026-08") == 0
    assert await asked(held, reference, Fact.SOURCES_CONNECTED, "H56", "2026-08") is None


async def test_why_a_scope_is_silent_is_told_apart(held: Books, reference: Reference):
    """Registered and not live yet, registered by nobody, live and never heard of: three answers."""
    await held.live("h56-onestop", datetime(2026, 8, 1, tzinfo=UTC), "H56")
    await held.live("h48-onestop", datetime(2026, 8, 1, tzinfo=UTC), "H48")
    await held.live("h57-onestop", datetime(2026, 8, 1, tzinfo=UTC), "H57")
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-03"))
    await held.book(Measure.ACCEPTED, "H57", day("2026-08-04"))  # told in September
    await held.pool.executemany(
        "INSERT INTO connection_spell (source, since_ms, class) VALUES ($1, $2, $3)",
        [
            ("h56-onestop", at("2026-08-01 00:00"), "not_connected"),
            ("h56-onestop", at("2026-08-03 08:00"), "undetermined"),
            ("h48-onestop", at("2026-08-01 00:00"), "not_connected"),
            ("h57-onestop", at("2026-08-01 00:00"), "not_connected"),
            ("h57-onestop", at("2026-09-10 08:00"), "connected"),
        ],
    )
    await held.folded()

    async def silence(scope: str, period: str) -> Why | None:
        of = Scope.of(scope)
        reading = await read(
            held.pool,
            reference,
            [of],
            Period.of(period),
            [Term(fact=Fact.RECEIVED)],
            today=TODAY,
        )
        return reading.silence(of)

    assert await silence("H56", "2026-07") is Why.BEFORE_GO_LIVE
    assert await silence("H56", "2026-08") is None
    assert await silence("H56", "2026-08-02") is Why.SILENT
    assert await silence("H48", "2026-08") is Why.SILENT
    assert await silence("H57", "2026-08") is None
    assert await silence("H57", "2026-08-02") is Why.SILENT
    assert await silence("H26", "2026-08") is Why.NOT_CONNECTED
    assert await silence("H56", "2026-10") is Why.NOT_BEGUN
    assert await silence("country", "2026-08") is None


async def test_a_reading_at_a_cut_says_the_same_for_ever(held: Books, reference: Reference):
    with pytest.raises(NotKnown):
        await asked(held, reference, Fact.RECEIVED)
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-03"))
    then = await held.folded()
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-04"), 5)
    assert await asked(held, reference, Fact.RECEIVED) == 1  # not folded: not in a reading
    await held.folded()
    assert await asked(held, reference, Fact.RECEIVED) == 6
    assert await asked(held, reference, Fact.RECEIVED, cut=then) == 1


async def test_a_breakdown_adds_up_to_the_whole(held: Books, reference: Reference):
    received = Term(fact=Fact.RECEIVED)
    for agency, procedure, channel in (
        ("H56.04", "1.004194", 2),
        ("H56.05", "1.001193", 1),
        ("H56.05", "1.001193", 0),
    ):
        await held.book(
            Measure.ACCEPTED,
            agency,
            day("2026-08-03"),
            procedure=procedure,
            channel=channel,
        )
    await held.folded()
    expected = {
        By.PROCEDURE: {"1.004194": 1, "1.001193": 2},
        By.CHANNEL: {"2": 1, "1": 1, "3": 0, "0": 1},
        By.LEVEL: {"4": 3, "3": 0, "2": 0, "0": 0},
    }
    for by, parts in expected.items():
        found = await breakdown(
            held.pool, reference, Scope("H56"), AUGUST, [received], by, today=TODAY
        )
        assert {code: facts(received) for code, facts in found.items()} == parts
    parts_of = await breakdown(
        held.pool, reference, Scope("H56"), AUGUST, [received], By.PART, today=TODAY
    )
    counted = {code: facts(received) for code, facts in parts_of.items() if facts(received)}
    assert counted == {"H56.04": 1, "H56.05": 2}
    assert "H56.06" in parts_of  # listed, and nothing came


async def test_a_series_reads_periods_one_after_the_other(held: Books, reference: Reference):
    await held.book(Measure.IN_PROCESS, "H56", day("2026-06-10"), slot=day("2026-07-01"))
    await held.book(Measure.IN_PROCESS, "H56", day("2026-08-10"), -1, slot=day("2026-07-01"))
    await held.folded()
    country, term = Scope(), Term(fact=Fact.IN_PROCESS)
    readings = await series(
        held.pool,
        reference,
        [country],
        [Period.of(f"2026-{month}") for month in ("05", "06", "07", "08")],
        [term],
        today=TODAY,
    )
    assert [reading.facts(country)(term) for reading in readings] == [0, 1, 1, 0]


async def test_petitions_are_judged_at_the_end_of_the_period(held: Books, reference: Reference):
    policy, conduct = 1, 2
    ends = day("2026-08-31")
    for measure, on, slot in (
        (60, "2026-08-03", policy),
        (60, "2026-08-04", conduct),
        (60, "2026-08-05", conduct),
        (64, "2026-08-10", policy),  # answered in time
        (65, "2026-08-20", conduct),  # and late
        (69, "2026-08-05", ends + 1),  # open, its time runs out tomorrow
        (68, "2026-07-05", ends),  # open, and has run out
        (69, "2026-08-06", FIXED_IN_TIME),
        (71, "2026-08-03", day("2026-08-03")),  # disliked
        (72, "2026-08-05", ends + 1),  # will be late tomorrow
        (72, "2026-07-05", day("2026-08-05")),  # received before: of no petition of August
    ):
        await held.book(measure, "H56", day(on), slot=slot, procedure="", channel=0, level=0)
    for mark in (77, 77, 88):
        await held.book(73, "H56", day("2026-08-05"), slot=mark, procedure="")
    await held.book(73, "H56", day("2026-08-06"), -1, slot=88, procedure="")
    await held.folded()
    for fact, kind, expected in (
        (Fact.PETITIONS, "", 3),
        (Fact.PETITIONS, "conduct", 2),
        (Fact.PETITIONS_ON_TIME, "", 1 + 2),
        (Fact.PETITIONS_ON_TIME, "policy", 1),
        (Fact.PETITIONS_LATE, "", 1 + 1),
        (Fact.PETITIONS_LATE, "conduct", 1),
        (Fact.PETITIONS_SATISFIED, "", 3 - 1),
        (Fact.PETITIONS_SATISFIED, "conduct", 2),
        (Fact.COMPLAINTS, "", 1),
    ):
        term = Term(fact=fact, kind=kind)
        assert await asked(held, reference, term) == expected, term


async def test_a_sector_is_its_procedures_wherever_they_are_handled(
    held: Books, tmp_path: Path
):
    folder = tmp_path / "reference"
    shutil.copytree(ROOT / "deploy" / "reference", folder)
    catalogue = folder / "procedures" / "illustrative.csv"
    lines = catalogue.read_text("utf-8").splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("code,"))
    lines[head:] = [
        line + (",ministry" if place == 0 else ",G01" if line.startswith("1.0041") else ",")
        for place, line in enumerate(lines[head:])
    ]
    catalogue.write_text("\n".join(lines) + "\n", "utf-8")
    reference = load_reference(folder)
    for agency, procedure in (
        ("H56.04", "1.004194"),
        ("H26", "1.004194.H26"),
        ("H26", "1.001193"),
        ("G01.05", "1.001193"),
    ):
        await held.book(Measure.ACCEPTED, agency, day("2026-08-03"), procedure=procedure)
    await held.folded()
    assert await asked(held, reference, Fact.RECEIVED, "G01/sector") == 2
    assert await asked(held, reference, Fact.RECEIVED, "G01") == 1
    assert await asked(held, reference, Fact.RECEIVED, "country+1.004194") == 2
    assert await asked(held, reference, Fact.RECEIVED, "H26+1.004194") == 1
    assert await asked(held, reference, Fact.SERVICES, "G01/sector") == 1


async def test_what_is_claimed_is_of_exactly_that_scope_and_period(
    held: Books, reference: Reference
):
    async def claim(agency: str, numerator: int, revision: int = 0) -> None:
        figure = Figure(
            indicator="adults_online",
            agency=agency,
            from_day=AUGUST.first_day,
            to_day=AUGUST.last_day,
            source="s",
            survey="",
            revision=revision,
            arrived_ms=revision,
            numerator=numerator,
            denominator=100,
        )
        await state(held.pool, figure)

    await claim("H56", 40)
    then = await held.folded()
    await claim("H56", 41, 1)
    await claim("country", 7)
    await held.folded()
    claimed = Term(fact=Fact.CLAIM, claim="adults_online", part="numerator")
    of_all = Term(fact=Fact.CLAIM, claim="adults_online", part="denominator")
    assert await asked(held, reference, claimed, "H56") == 41
    assert await asked(held, reference, claimed, "H56", cut=then) == 40
    assert await asked(held, reference, of_all, "H56") == 100
    assert await asked(held, reference, claimed) == 7
    assert await asked(held, reference, claimed, cut=then) is None
    assert await asked(held, reference, claimed, "H26") is None
    assert await asked(held, reference, claimed, "H56/own") is None
    assert await asked(held, reference, claimed, "H56", "2026-07") is None


async def test_a_count_that_is_claimed_alone_is_one_side_of_a_share_and_never_both(
    held: Books, reference: Reference
):
    """2,731,000 adults are not 100 % of the adults."""
    figure = Figure(
        indicator="adult_population",
        agency="H56",
        from_day=AUGUST.first_day,
        to_day=AUGUST.last_day,
        source="s",
        survey="",
        revision=0,
        arrived_ms=0,
        value=Decimal(2_731_000),
    )
    await state(held.pool, figure)
    await held.folded()
    above, below = (
        Term(fact=Fact.CLAIM, claim="adult_population", part=part)
        for part in ("numerator", "denominator")
    )
    of = Scope.of("H56")

    both = await read(held.pool, reference, [of], AUGUST, [above, below], today=TODAY)

    assert [both.facts(of)(term) for term in (above, below)] == [None, None]
    assert await asked(held, reference, below, "H56") == 2_731_000


async def test_what_took_longer_than_it_may_is_asked_for_to_be_kept(
    held: Books, reference: Reference
):
    """Or whoever asks again would wait as long, for ever."""
    await held.book(Measure.ACCEPTED, "H56.04", day("2026-08-03"))
    await held.folded()
    hurried = await asyncpg.create_pool(
        held.dsn, min_size=0, max_size=1, server_settings={"statement_timeout": "200ms"}
    )
    async with hurried, held.pool.acquire() as another:
        async with another.transaction():
            await another.execute("LOCK TABLE balance_run IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(asyncpg.QueryCanceledError):
                await read(
                    hurried,
                    reference,
                    [Scope.of("H56")],
                    AUGUST,
                    [Term(fact=Fact.RECEIVED)],
                    today=TODAY,
                )
        assert await another.fetchval("SELECT count(*) FROM reading_sum") == 1
