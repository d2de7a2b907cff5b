"""Weeks in which nobody is to be told anything, or nobody is to be woken, held against the real rules."""

import os
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.calendar import WorkCalendar
from monitor.domain.mandate import Mandate
from monitor.ledger.sources import Source, Status
from monitor.reference.policy import load_policy
from schemas.event import Signal, Snapshot, StateChanged
from tests.servers.require import ROOT
from tests.whole import calm
from tests.whole.calm import LOOKED_FROM, LOOKED_UNTIL
from tests.whole.fates import HOUR, MINUTE, ZONE, at
from tests.whole.virtual import Tape, Virtual, complaints, told, virtual

pytestmark = pytest.mark.slow

REFERENCE = ROOT / "deploy" / "reference"


def national() -> WorkCalendar:
    legal = load_policy(REFERENCE).legal
    assert legal is not None
    return legal.calendars.calendar()


def sources() -> list[Source]:
    return [
        Source(
            code=f"{agency}-onestop",
            name=agency,
            owner=agency,
            status=Status.LIVE,
            go_live=calm.ON_BOARD if agency == "H14" else date(2026, 1, 12),
            mandates=(Mandate(agency),),
        )
        for agency in calm.SYSTEMS
    ]


def looks() -> list[int]:
    """When somebody looks, for two hours each time; with EMC_LONG each hour of the three weeks."""
    if os.environ.get("EMC_LONG"):
        return list(range(LOOKED_FROM + 8 * HOUR, LOOKED_UNTIL, HOUR))
    return [
        at(2, 9, 9),  # an ordinary Monday
        at(2, 13, 17, 30),  # the last evening before Tết
        at(2, 18, 10),  # in its midst
        at(2, 22, 20),
        at(2, 24, 9),  # one comes on board
        at(2, 26, 14),  # one is away, as announced
        at(2, 28, 10),  # and back
    ]


async def seen(
    service: Virtual, sent: Sequence[StateChanged | Snapshot | Signal], times: Sequence[int]
) -> Tape:
    """What scrapes at these times show, of what had arrived by then."""
    arrivals = [event.arrival_ms for event in sent]
    tape, heard = Tape(), 0
    for look in times:
        until = bisect_left(arrivals, look)
        service.now = look
        await service.hear(sent[heard:until])
        heard = until
        tape.note(look, await service.shown(look))
    return tape


async def test_three_quiet_weeks_with_tet_a_maintenance_and_a_new_system_tell_nobody_anything(
    database: str, tmp_path: Path, promtool: str
) -> None:
    calendar = national()
    story = calm.story(calendar)
    sent = sorted([*story.events, *story.signals], key=lambda event: event.arrival_ms)

    async with virtual(database, REFERENCE, sources(), LOOKED_FROM) as service:
        tape = await seen(service, sent, looks())
    whole = bool(os.environ.get("EMC_LONG"))
    for part in [tape] if whole else tape.alone():
        end = LOOKED_UNTIL if whole else part.looks[0] + 2 * HOUR
        samples = part.samples(end)
        nobody: dict[str, list[dict[str, Any]]] = {told("page|ticket", samples): []}
        assert complaints(promtool, part.written(end), samples, tmp_path, nobody) == ""

    # Or nothing would have been shown at all.
    last = {name: value for (name, labels), value in tape.last().items() if not labels}
    assert last["emc_snapshot_series"] > 500
    classes = [dict(labels) for (name, labels) in tape.last() if "source_class" in name]
    assert {one["class"] for one in classes} == {"connected"}
    assert len(classes) == len(calm.SYSTEMS)


async def test_it_would_have_been_told_that_a_system_is_silent(
    database: str, tmp_path: Path, promtool: str
) -> None:
    """The same weeks, and one that beats each half hour stops on a Tuesday at ten."""
    calendar = national()
    story = calm.story(calendar)
    gone = at(2, 10, 10)
    sent = sorted(
        (
            event
            for event in [*story.events, *story.signals]
            if event.source != "H26-onestop" or event.arrival_ms < gone
        ),
        key=lambda event: event.arrival_ms,
    )
    times = [at(2, 10, hour) for hour in (8, 9, 10, 11, 12, 13)]

    async with virtual(database, REFERENCE, sources(), LOOKED_FROM) as service:
        tape = await seen(service, sent, times)
    end = at(2, 10, 14)
    samples = tape.samples(end)

    labels = 'alertname="SourceInterrupted",severity="page",source="H26-onestop"'
    assert complaints(
        promtool,
        tape.written(end),
        samples,
        tmp_path,
        {told("page|ticket", samples): [{"labels": f"{{{labels}}}", "value": 1}]},
    ) == ""  # fmt: skip


PROVINCES = 34
COMMUNES = 89  # of a province: 3,026 in all


def bad_week(calendar: WorkCalendar, provinces: Sequence[str]) -> list[StateChanged]:
    """Each commune has taken a dossier in the week before; all fall due, and none is settled."""
    found = []
    for place, province in enumerate(provinces):
        for number in range(COMMUNES):
            accepted = at(5, 11, 8) + (place * COMMUNES + number) * 1_000
            due = calendar.close_of(calendar.add_working_days(ZONE.day(at(5, 15)), number % 5))
            code = f"{province}.{101 + number}-260511-0001"
            found.append(
                StateChanged(
                    code, f"{province}-onestop", "1", accepted, accepted + 500, 2, "1.004873",
                    f"{province}.{101 + number}", step="Tiếp nhận hồ sơ", channel=2, level=4,
                    receipt_ms=accepted, due_ms=due, applicant_type=1, identity_attached=True,
                )
            )  # fmt: skip
    return found


async def test_a_bad_week_of_three_thousand_communes_wakes_nobody_and_each_province_gets_a_digest(
    database: str, tmp_path: Path, promtool: str
) -> None:
    calendar = national()
    policy = load_policy(REFERENCE)
    assert policy.legal is not None
    provinces = [f"H{n:02}" for n in range(1, 65)]
    provinces = [code for code in provinces if policy.present(code) == code][:PROVINCES]
    monday = at(5, 18)
    # In the half hour of the digest on three mornings, and on the last of them after it.
    mornings = [monday + day * 24 * HOUR + 450 * MINUTE for day in (0, 2, 4)]

    async with virtual(database, REFERENCE, (), monday) as service:
        week = bad_week(calendar, provinces)
        tape = await seen(service, week, [*mornings, mornings[-1] + HOUR])

    digests = 'count by (agency) (ALERTS{alertname="AgencyDigest",alertstate="firing"})'
    each = [{"labels": f'{{agency="{code}"}}', "value": 1} for code in provinces]
    for part in tape.alone():
        morning = part.looks[0] in mornings
        end = part.looks[0] + (30 * MINUTE if morning else 2 * HOUR)
        samples = part.samples(end)
        expected = {told("page", samples): [], digests: each if morning else []}
        assert complaints(promtool, part.written(end), samples, tmp_path, expected) == ""
    assert len(provinces) * COMMUNES > 3_000
