"""Which cells count for which scopes, and which measures are summed for them."""

from monitor.domain.measures import Measure, hour_measure
from monitor.domain.objective import COUNTED, Indicator, Objectives, Scope, Slowing
from monitor.domain.service_level import Counted
from monitor.domain.view import Cell
from monitor.domain.watched import Asked, Eligible, How, Kept, Watched, asked_of
from tests.domain.test_objectives import objective
from tests.ledger.test_objective_book import BIRTH, LAND, WATCHED


def labels(cell: Cell) -> set[str]:
    return {WATCHED.scopes[number].label for number in WATCHED.places(cell)}


def cell(agency: str, procedure: str = LAND, channel: int = 2) -> Cell:
    return Cell(agency, "", procedure, channel, "", 4)


def test_a_cell_counts_for_the_country_its_province_its_unit_its_group_and_its_channel():
    of_h56 = {"country", "agency:H56"}
    online = {"channel:online"}
    land = {"group:land", "agency:H56,group:land"}
    assert labels(cell("H56.12")) == of_h56 | land | online | {"unit:H56.12"}
    assert labels(cell("H56.12.7", BIRTH)) == of_h56 | online | {"unit:H56.12"}
    assert labels(cell("H56.123", BIRTH, 1)) == of_h56
    assert labels(cell("H56", BIRTH, 0)) == of_h56
    assert labels(cell("H19", BIRTH, 1)) == {"country"}
    # A province's own form of a national procedure is the national one.
    assert "group:land" in labels(cell("H56.1", f"{LAND}.H56"))


def test_a_province_that_ended_counts_for_who_took_over():
    assert "agency:H42" in labels(cell("H25.03"))
    moved = Watched(objectives=WATCHED.objectives, heirs={"H19.03": "H56.12", "H19": "H56"})
    assert Scope(unit="H56.12") in {
        moved.scopes[number] for number in moved.places(cell("H19.03.1"))
    }


def test_a_verdict_is_asked_by_day_and_hour_and_a_stock_by_due_day():
    account = "on_time_06b"

    assert list(asked_of(account, COUNTED[Indicator.ON_TIME_06B])) == [
        Asked(account, Kept.GOOD, How.BY_DAY, Measure.EARLY_06B),
        Asked(account, Kept.GOOD_HOURS, How.BY_SLOT, hour_measure(Measure.EARLY_06B)),
        Asked(account, Kept.GOOD, How.BY_DAY, Measure.ON_TIME_06B),
        Asked(account, Kept.GOOD_HOURS, How.BY_SLOT, hour_measure(Measure.ON_TIME_06B)),
        Asked(account, Kept.BAD, How.BY_DAY, Measure.LATE_06B),
        Asked(account, Kept.BAD_HOURS, How.BY_SLOT, hour_measure(Measure.LATE_06B)),
        Asked(account, Kept.DUE_WHEN_DUE, How.BY_DUE, Measure.IN_PROCESS_06B),
    ]
    clocks = list(asked_of("acceptance_in_time", COUNTED[Indicator.ACCEPTANCE]))
    assert {asked.how for asked in clocks} == {How.BY_DAY}


def test_what_decides_where_a_cell_counts_makes_another_digest_and_a_target_none():
    same = Watched(
        objectives=WATCHED.objectives, agencies=WATCHED.agencies, heirs=WATCHED.heirs
    )
    other_group = Watched(
        objectives=Objectives(
            objectives=WATCHED.objectives.objectives,
            groups=(),
            slowing=Slowing(),
        ),
        agencies=WATCHED.agencies,
        heirs=WATCHED.heirs,
    )
    other_heirs = Watched(objectives=WATCHED.objectives, agencies=WATCHED.agencies)
    assert same.digest == WATCHED.digest
    assert len({WATCHED.digest, other_group.digest, other_heirs.digest}) == 3
    one, two = (Watched(objectives=Objectives(objectives=(objective(p),))) for p in (80, 90))
    assert one.digest == two.digest
    assert one.places(cell("H56.12")) == [0]  # the country, where no unit is watched


def test_services_are_counted_of_the_procedures_of_a_day():
    watched = Watched(
        objectives=Objectives(),
        eligible=(
            Eligible(0, None, full=True),
            Eligible(0, 100, full=False),
            Eligible(100, None, full=True),
            Eligible(0, None, full=False),
        ),
    )

    assert [watched.services(day) for day in (99, 100)] == [Counted(1, 2), Counted(2, 1)]
    assert (len(watched.pairs), len(watched.asked)) == (0, 0)
