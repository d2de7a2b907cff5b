"""What the ledger says of objectives, compared and nothing more: legal ones burn in working time.

Never a page: a budget of a month is no reason to get up. A unit's ticket is held back while its
agency's burns too, and an agency's while the country's does (the ladder, in Alertmanager).
"""

from functools import partial
from typing import Final

from monitor.outlets.rules.expressions import shown
from monitor.outlets.rules.services import DEGRADED
from monitor.outlets.rules.shape import About, Alert, Board, Group, Record, Severity

STATE: Final = "objective_scope:emc_objective_state:max"
_TERRITORY: Final = "(?:(?:country|agency:[^,]*|unit:[^,]*),?)?"

_ticket = partial(Alert, severity=Severity.TICKET, about=About.LEGAL, keeps="15m")


def objectives() -> list[Group]:
    """Objectives, then services that are degraded by the legal side."""
    rules: list[Record | Alert] = [
        Record(STATE, _ladder(shown("emc_objective_state"))),
        _ticket(
            name="ObjectiveBudgetSpent",
            # Where an objective has no [[alerts]] nobody asked to be told, and nothing burns.
            expr=f"{shown('emc_objective_budget_remaining_ratio')}\n{_in('spent')}\n"
            f"and on (objective, scope) {shown('emc_objective_burn_rate')}",
            lasts="10m",
            board=Board.OBJECTIVES,
            of="objective",
            summary="{{ $labels.objective }}, {{ $labels.scope }}: the budget is spent",
            summary_vi="Mục tiêu {{ $labels.objective }}, phạm vi {{ $labels.scope }}: đã dùng hết hạn mức sai lệch cho phép",
            description="{{ $value | humanizePercentage }} of the budget of {{ $labels.objective }} is"
            " left for {{ $labels.scope }} (good {{ with query (printf"
            " `max(emc_objective_ratio{objective=%q,scope=%q})` $labels.objective $labels.scope) }}{{"
            " . | first | value | humanizePercentage }}{{ else }}not known{{ end }}, target {{ with"
            " query (printf `max(emc_objective_target_ratio{objective=%q})` $labels.objective) }}{{ ."
            " | first | value | humanizePercentage }}{{ else }}not known{{ end }}). The objective of"
            " this window is missed unless figures are corrected.",
        ),
        _ticket(
            name="ObjectiveBurning",
            expr="max by (objective, scope)"
            f" ({shown('emc_objective_burn_rate')})\n{_in('burning')}",
            lasts="10m",
            board=Board.OBJECTIVES,
            of="objective",
            summary="{{ $labels.objective }}, {{ $labels.scope }}: the budget burns {{ $value | humanize"
            " }} times too fast",
            summary_vi="Mục tiêu {{ $labels.objective }}, phạm vi {{ $labels.scope }}: tốc độ vi phạm gấp"
            " {{ $value | humanize }} lần mức cho phép",
            description="In working time the budget burns up to {{ $value | humanize }} times as fast as"
            " it may. Left of it: {{ with query (printf"
            " `max(emc_objective_budget_remaining_ratio{objective=%q,scope=%q})` $labels.objective"
            " $labels.scope) }}{{ . | first | value | humanizePercentage }}{{ else }}not known{{ end"
            " }}.",
        ),
        Record(DEGRADED, f"{shown('emc_service_degraded')} == 1", {"kind": "procedure"}),
        _ticket(
            name="ServiceDegraded",
            expr=f"max by (agency, group) ({shown('emc_service_open_dossiers')})\n"
            f'and on (agency, group) {DEGRADED}{{kind="procedure"}}',
            lasts="15m",
            board=Board.AGENCY,
            of="agency",
            summary="{{ $labels.group }} at {{ $labels.agency }}: the backlog grows and dossiers take too"
            " long",
            summary_vi="{{ $labels.group }} tại {{ $labels.agency }}: hồ sơ tồn tăng và thời gian giải quyết"
            " vượt giới hạn",
            description="{{ $value }} dossiers of {{ $labels.group }} are open at {{ $labels.agency }}, more"
            " than before, and the median takes {{ with query (printf"
            ' `max(emc_service_working_time_seconds{agency=%q,group=%q,quantile="0.5"}) / 3600`'
            " $labels.agency $labels.group) }}{{ . | first | value | humanize }}{{ else }}an unknown"
            " number of{{ end }} working hours, beyond its limit of {{ with query (printf"
            " `max(emc_service_limit_seconds{agency=%q,group=%q}) / 3600` $labels.agency"
            " $labels.group) }}{{ . | first | value | humanize }}{{ else }}an unknown number of{{ end"
            " }}.",
        ),
    ]
    return [Group("emc-objectives", rules)]


def _in(state: str) -> str:
    """Only those in a state, with the labels of the ladder."""
    return (
        "* on (objective, scope) group_left (level, agency, unit, beside)"
        f' ({STATE}{{state="{state}"}} == 1)'
    )


def _ladder(expr: str) -> str:
    """A scope taken apart: how high it stands, whose it is, and what beside the territory it names."""
    steps = (
        ("level", "country", ".*"),
        ("level", "agency", "(?:.*,)?agency:.*"),
        ("level", "unit", "(?:.*,)?unit:.*"),
        ("agency", "$1", "(?:.*,)?(?:agency|unit):([^.,]+).*"),
        ("unit", "$1", "(?:.*,)?unit:([^,]+).*"),
        ("beside", "$1", f"{_TERRITORY}(.*)"),
    )
    for label, value, pattern in steps:
        expr = f'label_replace(\n{expr},\n"{label}", "{value}", "scope", "{pattern}")'
    return expr
