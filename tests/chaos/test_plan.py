"""A seed draws a run, whole and always the same."""

from collections import Counter

import pytest

import agents.sheet
from agents.sheet import Sheet
from monitor.domain.measures import Measure
from monitor.domain.view import Cell
from monitor.ledger.unit import BookingClass
from tests.agents.test_sheet import heard
from tests.chaos.load import RecountWithVoids, drawn
from tests.chaos.plan import CLOCK_STEPS_MS, Kind, draw
from tests.chaos.points import POINTS, POSTING, Gone, found
from tests.chaos.teeth import REMOVALS, _edit
from tests.chaos.worker import be_an_earlier_release
from tests.domain.strategies import INSTANT, at, said


def test_a_seed_draws_the_same_plan_again_and_another_seed_another():
    assert draw(7, 60) == draw(7, 60)
    assert str(draw(7, 60)) == str(draw(7, 60))
    assert draw(7, 60) != draw(8, 60)


def test_a_hundred_seeds_draw_every_kind_of_fault_and_every_point():
    faults = [fault for seed in range(100) for fault in draw(seed, 60).faults]

    assert {fault.kind for fault in faults} == set(Kind)
    assert {fault.label for fault in faults} == {"", *POINTS}
    assert {fault.step_ms for fault in faults} == {0, *CLOCK_STEPS_MS}


def test_faults_can_be_restricted_to_some_kinds():
    plan = draw(7, 60, kinds=[Kind.KILL, Kind.BROKER], brokers=3)

    assert {fault.kind for fault in plan.faults} == {Kind.KILL, Kind.BROKER}
    assert plan.brokers == 3


def test_the_load_of_a_seed_is_the_same_and_has_everything_that_can_be_wrong():
    records = list(drawn(3, 300))

    assert records == list(drawn(3, 300))
    kinds = Counter(record.kind for record in records)
    assert min(kinds["late"], kinds["duplicate"], kinds["broken"]) > 0
    assert any(b'"revision": 1' in record.value for record in records)
    assert any(b"dossier.voided.v1" in record.value for record in records)


def test_the_recount_leaves_out_what_is_voided_and_counts_the_void():
    [received, processed] = [
        b'{"specversion":"1.0","id":"%d","source":"H56-onestop","type":"dossier.state.v1",'
        b'"time":"2026-08-03T0%d:00:00+07:00","data":{"dossier":"H56.14-260803-0001",'
        b'"procedure":"1.004194","agency":"H56.14","state":%d}}' % said
        for said in ((1, 8, 2), (2, 9, 9))
    ]
    void = (
        b'{"specversion":"1.0","id":"3","source":"H56-onestop","type":"dossier.voided.v1",'
        b'"time":"2026-08-03T10:00:00+07:00","data":{"dossier":"H56.14-260803-0001",'
        b'"target":"2"}}'
    )
    count = RecountWithVoids()

    accepted = [count.add(value, 1_785_719_551_000) for value in (void, received, processed)]
    again = count.add(void, 1_785_719_551_000)
    bad = count.add(b"{}", 1_785_719_551_000)

    assert (accepted, again, bad) == ([True, True, True], True, False)
    result = count.result()
    assert (result.records, result.counted, result.duplicates, result.refused) == (5, 3, 1, 1)
    assert (result.totals.accepted, result.totals.completed, result.totals.in_process) == (
        1,
        0,
        1,
    )


@pytest.mark.parametrize("label", POINTS)
def test_every_point_is_in_the_service(label: str):
    assert callable(found(POINTS[label].target)[2])


def test_an_earlier_release_books_all_but_what_is_submitted(monkeypatch: pytest.MonkeyPatch):
    holder, name, posting = found(POSTING)
    monkeypatch.setattr(holder, name, posting)  # put back at the end
    online = [said(1, at(1), channel=2, level=4), said(2, at(3), channel=2, level=4)]
    cell = Cell("H56.14", "", "1.004194", 2, "", 4)
    measures = []

    for release in ("this", "earlier"):
        if release == "earlier":
            be_an_earlier_release()
        sheet = Sheet({cell: 7}, {7: cell})
        sheet.post(heard(*online), INSTANT, int(BookingClass.LIVE))
        measures.append({entry[0] for entry in sheet.journal[BookingClass.LIVE]})

    assert measures[0] - measures[1] == {Measure.SUBMITTED}
    assert Measure.ACCEPTED in measures[1]


def test_what_is_compiled_cannot_be_put_aside(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agents.sheet, "__file__", "sheet.cpython-311.so")

    with pytest.raises(Gone, match=r"agents\.sheet is compiled.*make pure"):
        found(POSTING)


def test_a_removal_that_finds_nothing_to_remove_says_so():
    assert set(REMOVALS)
    with pytest.raises(Gone, match=r"no longer says 'nowhere' once; see tests/chaos/teeth\.py"):
        _edit("monitor.ledger.ledger:_move_positions", "nowhere", "")
    with pytest.raises(Gone, match=r"agents\.dossiers:DossierDesk\._nowhere is no more"):
        found("agents.dossiers:DossierDesk._nowhere")
