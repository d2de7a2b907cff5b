"""Working time, and what falls due: metrics by which alerts keep office hours and digests go out."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from monitor.domain.forecast import WITHIN
from monitor.domain.measures import Basis
from monitor.domain.worktime import NATIONAL, Worktime
from monitor.ledger.dues import AgencyDues
from monitor.ledger.figures import Snapshot
from monitor.outlets.names import AGENCIES, Metric, Part, Type
from monitor.outlets.series import Places

CALENDARS: Final = 5  # of the nation that series are reckoned for
WHEN: Final = ("overdue", "today", "in_1", "in_2")

_OF_A_CALENDAR: Final = (
    f" `{NATIONAL}` is the calendar of all agencies but those that have hours of their own, whose"
    " code names theirs. None without reference files."
)

WORKING_TIME: Final = Metric(
    name="emc_working_time",
    type=Type.GAUGE,
    labels=("calendar",),
    meaning="1 within the working hours of a calendar, make-up days included, else 0."
    + _OF_A_CALENDAR,
    series="calendar",
    typical=CALENDARS,
    basis=Basis.LAW,
)
WORKING_DAY: Final = Metric(
    name="emc_working_day",
    type=Type.GAUGE,
    labels=("calendar",),
    meaning="1 on a day on which a calendar works, from midnight to midnight, else 0.",
    series="calendar",
    typical=CALENDARS,
    basis=Basis.LAW,
)
DIGEST_TIME: Final = Metric(
    name="emc_digest_time",
    type=Type.GAUGE,
    labels=("calendar",),
    meaning="1 from 07:30 to 07:59 of a working day, in which digests go out, else 0.",
    series="calendar",
    typical=CALENDARS,
    basis=Basis.ASSUMPTION,
)
DUE: Final = Metric(
    name="emc_agency_dossiers_due",
    type=Type.GAUGE,
    labels=("agency", "when"),
    meaning="Open dossiers of an agency and all below it, paused ones included, by the last due"
    " date sent: overdue, falling due later today, by the end of the first working day after"
    " today, or of the second. What falls due on a day off counts with the working day after it.",
    series="agency × when",
    typical=AGENCIES * len(WHEN),
    basis=Basis.PLAIN,
)
EXPECTED: Final = Metric(
    name="emc_agency_dossiers_expected_overdue",
    type=Type.GAUGE,
    labels=("agency", "within"),
    meaning="How many dossiers are expected to be open and overdue one, three and five working days"
    " after today began, at the present pace: a forecast (docs/explanation/forecast.md says how"
    " good). None where nothing is known to expect it from.",
    series="agency × within",
    typical=AGENCIES * len(WITHIN),
    basis=Basis.ASSUMPTION,
)
PACE: Final = Metric(
    name="emc_agency_pace_dossiers_per_working_day",
    type=Type.GAUGE,
    labels=("agency",),
    meaning="Dossiers completed or returned a working day, over the last ten working days before"
    " today, or over those since anything was heard; none before these are three.",
    series="agency",
    typical=AGENCIES,
    basis=Basis.PLAIN,
)
JUDGED: Final = Metric(
    name="emc_dues_judged_timestamp_seconds",
    type=Type.GAUGE,
    meaning="When it was last judged what falls due, which a worker does once a minute. None"
    " before it was.",
)

_OF_CALENDARS: Final = (WORKING_TIME, WORKING_DAY, DIGEST_TIME)
METRICS: Final = (*_OF_CALENDARS, DUE, EXPECTED, PACE, JUDGED)
_OF_AN_AGENCY: Final = len(WHEN) + len(WITHIN) + 1  # series


def families(snapshot: Snapshot, places: Places) -> Iterable[Family]:
    """All metrics of `METRICS`, filled; what finds no place is not shown."""
    made = {metric: GaugeMetricFamily(metric.name, metric.help) for metric in METRICS}
    for metric, labels, value in (
        *_of_calendars(snapshot.worktimes, places),
        *_of_agencies(snapshot.dues, places),
    ):
        named = dict(zip(metric.labels, labels, strict=True))
        made[metric].add_sample(metric.name, named, value)
    return made.values()


_Sample = tuple[Metric, tuple[str, ...], float]


def _of_calendars(worktimes: Iterable[Worktime], places: Places) -> Iterator[_Sample]:
    for time in worktimes:
        if places.room(Part.CALENDARS, time.calendar, len(_OF_CALENDARS)):
            yield WORKING_TIME, (time.calendar,), time.working
            yield WORKING_DAY, (time.calendar,), time.working_day
            yield DIGEST_TIME, (time.calendar,), time.digest


def _of_agencies(dues: Sequence[AgencyDues], places: Places) -> Iterator[_Sample]:
    for judged in dues:
        if not places.room(Part.DUES, judged.agency, _OF_AN_AGENCY):
            continue
        due = (judged.overdue, judged.today, judged.in_1, judged.in_2)
        expected = (judged.expected_1, judged.expected_3, judged.expected_5)
        for when, dossiers in zip(WHEN, due, strict=True):
            yield DUE, (judged.agency, when), dossiers
        for within, dossiers_then in zip(WITHIN, expected, strict=True):
            if dossiers_then is not None:
                yield EXPECTED, (judged.agency, str(within)), dossiers_then
        if judged.pace is not None:
            yield PACE, (judged.agency,), judged.pace
    if dues:
        yield JUDGED, (), min(judged.judged_ms for judged in dues) / 1000
