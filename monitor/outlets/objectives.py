"""Objectives and services on /metrics: targets, ratios, budgets, burn rates, one state each.

Read from what a worker judges once a minute, so that all instances show the same.
"""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from monitor.domain.degraded import BACKLOG_AND_SLOW, Condition
from monitor.domain.objective import WHOLE
from monitor.ledger.objectives import Judged, Stands
from monitor.outlets.names import AGENCIES, Metric, Part, Type
from monitor.outlets.series import Places

OBJECTIVES: Final = 11  # of the shipped files: legal ones, ...
SCOPES: Final = 187  # ... the scopes of all of them ...
SPANS: Final = 356  # ... their burn windows ...
GROUPS: Final = 4  # ... and groups of procedures

_STANDING_SERIES: Final = 5  # besides a burn rate for each window
_SERVICE_SERIES: Final = 4

Add = Callable[[Metric, Iterable[str], float | None], None]

_OF_A_SCOPE: Final = (
    " `scope` is `country`, `agency:H56`, `unit:H56.12`, `group:land`, `channel:online`, or several"
    " of them with commas: as the objective's file says."
)

INFO: Final = Metric(
    name="emc_objective_info",
    type=Type.INFO,
    labels=("objective", "indicator", "window", "calendar", "owner", "basis"),
    meaning="Legal objectives in force, as their files say: what is counted, over which window, by"
    " whose calendar, who answers for it, and how sure the target is.",
    series="objective",
    typical=OBJECTIVES,
)
TARGET: Final = Metric(
    name="emc_objective_target_ratio",
    type=Type.GAUGE,
    labels=("objective",),
    meaning="How much must be good today.",
    series="objective",
    typical=OBJECTIVES,
)
RATIO: Final = Metric(
    name="emc_objective_ratio",
    type=Type.GAUGE,
    labels=("objective", "scope"),
    meaning="Good of good and bad events in the window so far; what is open and overdue counts as"
    " bad from the day after it fell due. None where nothing counts." + _OF_A_SCOPE,
    series="objective × scope",
    typical=SCOPES,
)
EVENTS: Final = Metric(
    name="emc_objective_events",
    type=Type.GAUGE,
    labels=("objective", "scope", "outcome"),
    meaning="Events in the window so far by `outcome`, `good` or `bad`, corrections taken off.",
    series="objective × scope × 2",
    typical=SCOPES * 2,
)
BUDGET: Final = Metric(
    name="emc_objective_budget_remaining_ratio",
    type=Type.GAUGE,
    labels=("objective", "scope"),
    meaning="What is left of the bad events that the target allows for the events so far: 1 is"
    " untouched, 0 spent, negative overspent. None where nothing counts or nothing may be bad.",
    series="objective × scope",
    typical=SCOPES,
)
BURN: Final = Metric(
    name="emc_objective_burn_rate",
    type=Type.GAUGE,
    labels=("objective", "scope", "window"),
    meaning="How many times as fast as the budget bears events turn bad, over the last hours or"
    " days of working time: 1 spends just the budget. None where nothing counts. It stands still"
    " while nobody works.",
    series="objective × scope × burn window",
    typical=SPANS,
)
STATE: Final = Metric(
    name="emc_objective_state",
    type=Type.GAUGE,
    labels=("objective", "scope", "state"),
    meaning="1 for the one state that holds: `no_data` (nobody is connected that would tell), `idle`"
    " (nothing to judge), `too_few` (under the minimum), `good`, `burning` (both windows of an alert,"
    " with the minimum of events, and surely), `spent` (below the target).",
    series="objective × scope",
    typical=SCOPES,
)
JUDGED: Final = Metric(
    name="emc_objectives_judged_timestamp_seconds",
    type=Type.GAUGE,
    meaning="When objectives and services were judged, which one worker does once a minute. None"
    " before the first time, and where there are no objectives.",
)
OPEN: Final = Metric(
    name="emc_service_open_dossiers",
    type=Type.GAUGE,
    labels=("agency", "group"),
    meaning="Open dossiers of a group of procedures, paused ones included, in the balances.",
    series="agency × group",
    typical=AGENCIES * GROUPS,
)
WORKING_TIME: Final = Metric(
    name="emc_service_working_time_seconds",
    type=Type.GAUGE,
    labels=("agency", "group", "quantile"),
    meaning="Working time from acceptance to end of the dossiers completed in the recent working"
    " days (`recent_days` of groups.toml): the median, from bins, wrong by less than an eighth. None"
    " where fewer were completed than `minimum`.",
    series="agency × group",
    typical=AGENCIES * GROUPS,
)
LIMIT: Final = Metric(
    name="emc_service_limit_seconds",
    type=Type.GAUGE,
    labels=("agency", "group"),
    meaning="Beyond which the median working time of a group is slow, as groups.toml says.",
    series="agency × group with a limit",
    typical=AGENCIES * GROUPS,
)
DEGRADED: Final = Metric(
    name="emc_service_degraded",
    type=Type.GAUGE,
    labels=("agency", "group", "reason"),
    meaning=f"1 where a service is degraded, else 0; the legal reason is `{BACKLOG_AND_SLOW}`: the"
    " backlog has grown over the recent working days and the median working time lies beyond the"
    " limit. None where too few were completed to say.",
    series="agency × group",
    typical=AGENCIES * GROUPS,
)

METRICS: Final = (
    INFO,
    TARGET,
    RATIO,
    EVENTS,
    BUDGET,
    BURN,
    STATE,
    JUDGED,
    OPEN,
    WORKING_TIME,
    LIMIT,
    DEGRADED,
)


def families(judged: Judged, places: Places) -> Iterable[Family]:
    """All metrics of `METRICS`, filled; what finds no place is not shown, as nothing can be summed."""
    made = {
        metric: Family(metric.name.removesuffix("_info"), metric.help, "info")
        if metric.type is Type.INFO
        else GaugeMetricFamily(metric.name, metric.help)
        for metric in METRICS
    }

    def add(metric: Metric, labels: Iterable[str], value: float | None) -> None:
        if value is not None:
            made[metric].add_sample(
                metric.name, dict(zip(metric.labels, labels, strict=True)), value
            )

    targets = {}
    for each in judged.objectives:
        targets[each.objective] = each.target
        add(
            INFO,
            (
                each.objective,
                each.indicator,
                each.period,
                each.calendar,
                each.owner,
                each.basis,
            ),
            1,
        )
        add(TARGET, (each.objective,), each.target / WHOLE)
    for standing in judged.standings:
        target = targets.get(standing.objective)
        key = (standing.objective, standing.scope)
        needed = _STANDING_SERIES + len(standing.back)
        if target is not None and places.room(Part.OBJECTIVES, key, needed):
            _add_standing(add, standing, target)
    for service in judged.services:
        here = (service.agency, service.group)
        if not places.room(Part.SERVICES, here, _SERVICE_SERIES):
            continue
        add(OPEN, here, service.open)
        add(LIMIT, here, _seconds(service.limit_ms))
        add(WORKING_TIME, (*here, "0.5"), _seconds(service.median_ms))
        if service.state != Condition.TOO_FEW:
            add(DEGRADED, (*here, BACKLOG_AND_SLOW), BACKLOG_AND_SLOW in service.reasons)
    times = [each.judged_ms for each in judged.standings]
    times += [each.judged_ms for each in judged.services]
    add(JUDGED, (), _seconds(min(times, default=None)))
    return made.values()


def _add_standing(add: Add, standing: Stands, target: int) -> None:
    here = (standing.objective, standing.scope)
    counted = standing.counted
    add(RATIO, here, counted.ratio)
    add(EVENTS, (*here, "good"), counted.good)
    add(EVENTS, (*here, "bad"), counted.bad)
    add(BUDGET, here, counted.budget_left(target))
    for label, back in standing.back.items():
        add(BURN, (*here, label), back.burn(target))
    add(STATE, (*here, standing.state), 1)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
