"""Working time, and what falls due: metrics by which alerts keep office hours and digests go out."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from monitor.domain.measures import Basis
from monitor.domain.worktime import NATIONAL
from monitor.ledger.figures import Snapshot
from monitor.outlets.names import AGENCIES, Metric, Type

MOST_CALENDARS: Final = (
    50  # of agencies that have hours of their own; those beyond are not shown
)
CALENDARS: Final = 5  # of the nation that series are reckoned for
WHEN: Final = ("overdue", "today", "in_1", "in_2")
WITHIN: Final = (1, 3, 5)  # working days

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
    meaning="How many dossiers are expected to be open and overdue at the end of the first, third"
    " and fifth working day after today, at the present pace: a forecast"
    " (docs/explanation/forecast.md says how good). None where the pace is not known.",
    series="agency × within",
    typical=AGENCIES * len(WITHIN),
    basis=Basis.ASSUMPTION,
)
PACE: Final = Metric(
    name="emc_agency_pace_dossiers_per_working_day",
    type=Type.GAUGE,
    labels=("agency",),
    meaning="Dossiers completed or returned a working day, over the last ten working days before"
    " today, or over those since the first dossier; none before there are three.",
    series="agency",
    typical=AGENCIES,
    basis=Basis.PLAIN,
)
METRICS: Final = (WORKING_TIME, WORKING_DAY, DIGEST_TIME, DUE, EXPECTED, PACE)


def families(snapshot: Snapshot) -> Iterable[Family]:
    """All metrics of `METRICS`, filled."""
    made = {metric: GaugeMetricFamily(metric.name, metric.help) for metric in METRICS}

    def add(metric: Metric, labels: Iterable[str], value: float) -> None:
        made[metric].add_sample(
            metric.name, dict(zip(metric.labels, labels, strict=True)), value
        )

    for time in snapshot.worktimes[: MOST_CALENDARS + 1]:
        add(WORKING_TIME, (time.calendar,), time.working)
        add(WORKING_DAY, (time.calendar,), time.working_day)
        add(DIGEST_TIME, (time.calendar,), time.digest)
    return made.values()
