"""When portals and interfaces fail, by error budgets: fast burning pages, slow burning is a ticket.

What must be kept, and how fast a budget may burn, is said by the technical objectives. Rates are
summed and divided, never averaged as ratios: a night with ten requests weighs what ten requests
weigh. Each instance's rate comes first; too few requests to judge by burn nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from monitor.domain.objective import Indicator, Objective, Side, Span
from monitor.domain.objective import Severity as Burns
from monitor.outlets.rules.expressions import WITHOUT, number, rate
from monitor.outlets.rules.shape import About, Alert, Board, Group, Record, Severity

STEP_SECONDS: Final = 60  # between two evaluations: what a recorded rate stands for
EVENTS: Final = "source_interface:emc_service_events:rate5m"
FAILURES: Final = "source_interface:emc_service_failures:rate5m"
RATIO: Final = "source_interface:emc_service_failures:ratio_rate"
DEGRADED: Final = "emc:service_degraded"
BURNING: Final = "emc:service_budget_burning"
REQUESTS: Final = "emc_service_requests_total"
DURATIONS: Final = "emc_service_request_duration_seconds_bucket"
# Probes come evenly, day and night: few are enough, and none is somebody's odd request.
LEAST_PROBES: Final = 20
# Four failures of a hundred in a night are a share, and no outage: so many must have failed too.
LEAST_FAILURES: Final = {Burns.PAGE: 10, Burns.TICKET: 5}
# With little traffic the short window is empty now and then: that is no recovery.
KEEPS_MINUTES: Final = 15
SLACK_MINUTES: Final = 5
SHORTEST: Final = Span(5, "m")
SAID: Final = Span(6, "h")  # the window whose share a ticket tells

_KINDS: Final = {
    Indicator.PORTAL_AVAILABILITY: "portal",
    Indicator.PORTAL_LATENCY: "portal",
    Indicator.INTERFACE_AVAILABILITY: "interface",
    Indicator.INTERFACE_LATENCY: "interface",
}
_SLOW: Final = frozenset({Indicator.PORTAL_LATENCY, Indicator.INTERFACE_LATENCY})


@dataclass(frozen=True, slots=True)
class Promise:
    """An objective as it is measured in one way."""

    objective: Objective
    measured: str  # requests or probes
    events: str
    failures: str

    @property
    def kind(self) -> str:
        return _KINDS[self.objective.indicator]

    @property
    def budget(self) -> float:
        """The share that may fail, by the target in force."""
        return 1 - self.objective.targets[-1].ratio

    @property
    def least(self) -> int:
        """So many in the long window are enough to judge."""
        least = self.objective.minimum
        return min(least, LEAST_PROBES) if self.measured == "probes" else least

    @property
    def labels(self) -> dict[str, str]:
        return {
            "kind": self.kind,
            "objective": self.objective.name,
            "measured": self.measured,
        }

    @property
    def selector(self) -> str:
        return f'{{objective="{self.objective.name}",measured="{self.measured}"}}'

    @property
    def reason(self) -> str:
        if self.objective.indicator in _SLOW:
            return f"{self.kind}_slow"
        return f"{self.kind}_{'unreached' if self.measured == 'probes' else 'failing'}"


def services(objectives: Sequence[Objective], portal_sources: str) -> list[Group]:
    """Counted each minute; slow budgets, whose windows are long, every five."""
    promises = [
        promise
        for one in objectives
        for promise in _measured(one, portal_sources)
        if one.alerts
    ]
    soon = _spans(promises, Burns.PAGE, SHORTEST)
    told = _longest_short(objectives)
    late = [span for span in _spans(promises, Burns.TICKET, SAID) if span not in soon]
    rates = [
        record
        for promise in promises
        for record in (
            Record(EVENTS, promise.events, promise.labels),
            Record(FAILURES, promise.failures, promise.labels),
        )
    ]
    return [
        Group(
            "emc-services",
            [
                *rates,
                *map(_ratio, soon),
                *_burns(DEGRADED, promises, Burns.PAGE),
                *_degraded(told),
            ],
            interval=f"{STEP_SECONDS}s",
        ),
        Group(
            "emc-budgets",
            [*map(_ratio, late), *_burns(BURNING, promises, Burns.TICKET), *_burning()],
            interval="5m",
        ),
    ]


def _measured(objective: Objective, portal_sources: str) -> Iterable[Promise]:
    """By what systems tell of requests, and by probes from outside."""
    kind = _KINDS[objective.indicator]
    # What is summed into other changes its members, and leaps or falls as they come and go.
    of = (
        f'source{"=~" if kind == "portal" else "!~"}"{portal_sources}"'
        ',source!="other",interface!="other"'
    )
    probed = f'{{job="emc-{kind}s"}}'
    probes = _total(f"count_over_time(probe_success{probed}[5m])")
    if objective.indicator in _SLOW:
        within = (objective.limit_ms or 0) / 1000
        every = f'rate({DURATIONS}{{{of},le="+Inf"}}[5m])'
        fast = f'rate({DURATIONS}{{{of},le="{within}"}}[5m])'
        yield Promise(
            objective,
            "requests",
            _total(f"{WITHOUT} ({every})"),
            # Of one instance both: those of two would not lie at the same instant.
            _total(f"{WITHOUT} ({every} - ignoring (le) {fast})"),
        )
        slow = f"(probe_duration_seconds{probed} > bool {within:g})[5m:30s]"
        share = f"avg_over_time({slow})"
        failed = _total(f"{share} * count_over_time(probe_success{probed}[5m])")
        yield Promise(objective, "probes", f"{probes} / 300", f"{failed} / 300")
        return
    requests = _total(rate(f"{REQUESTS}{{{of}}}", "5m"))
    answered = _total(rate(f'{REQUESTS}{{{of},answer=~"5xx|timeout"}}', "5m"))
    yield Promise(objective, "requests", requests, f"{answered}\nor 0 * {requests}")
    reached = _total(f"sum_over_time(probe_success{probed}[5m])")
    yield Promise(objective, "probes", f"{probes} / 300", f"({probes} - {reached}) / 300")


def _total(expr: str) -> str:
    return f"sum by (source, interface) ({expr})"


def _spans(promises: Iterable[Promise], severity: Burns, said: Span) -> list[Span]:
    """The windows of these, the shortest first."""
    found = {said} | {
        span
        for promise in promises
        for alert in promise.objective.alerts
        if alert.severity is severity
        for span in (alert.long, alert.short)
    }
    return sorted(found, key=lambda span: span.ms(Side.TECHNICAL))


def _ratio(span: Span) -> Record:
    name = f"{RATIO}{span.label}"
    if span == SHORTEST:
        return Record(name, f"{FAILURES} / ({EVENTS} > 0)")
    over = f"[{span.label}]"
    return Record(
        name, f"sum_over_time({FAILURES}{over}) / (sum_over_time({EVENTS}{over}) > 0)"
    )


def _burns(name: str, promises: Iterable[Promise], severity: Burns) -> Iterable[Record]:
    """1 while the budget of a promise burns by one of its alerts."""
    for promise in promises:
        conditions = []
        of = promise.selector
        for alert in promise.objective.alerts:
            if alert.severity is not severity:
                continue
            share = number(alert.burn * promise.budget)
            conditions.append(
                f"  {RATIO}{alert.long.label}{of} > {share}\n"
                f"  and {RATIO}{alert.short.label}{of} > {share}\n"
                f"  and {STEP_SECONDS} * sum_over_time({EVENTS}{of}[{alert.long.label}])"
                f" >= {promise.least}\n"
                f"  and {STEP_SECONDS} * sum_over_time({FAILURES}{of}[{alert.long.label}])"
                f" >= {LEAST_FAILURES[severity]}"
            )
        if conditions:
            either = "\n  or\n".join(conditions)
            yield Record(
                name,
                f"group by (source, interface) (\n{either}\n)",
                {**promise.labels, "reason": promise.reason},
            )


_technical = partial(Alert, about=About.TECHNICAL, board=Board.SERVICES, of="source")
_FAILED: Final = (
    "{{ if match `_slow$` $labels.reason }}took too long{{ else if match `_unreached$`"
    " $labels.reason }}did not reach it{{ else }}were answered with 5xx or not in time{{ end }}"
)
_SHARE: Final = (
    "{{ $value | humanizePercentage }} of the {{ $labels.measured }} to {{ $labels.interface }} of"
    " {{ $labels.source }} within "
)


def _now(window: Span, record: str, kind: str = "") -> str:
    """What burns, with the share of failures in a window as value."""
    selector = f'{{kind="{kind}"}}' if kind else ""
    return (
        f"{RATIO}{window.label}\n"
        "* on (source, interface, kind, objective, measured) group_left (reason)\n"
        f"{record}{selector}"
    )


def _longest_short(objectives: Iterable[Objective]) -> Span:
    """The shortest window that holds a request whenever anything pages, by whichever alert."""
    found = [
        alert.short
        for objective in objectives
        for alert in objective.alerts
        if alert.severity is Burns.PAGE
    ]
    return max(found, key=_minutes, default=SHORTEST)


def _minutes(span: Span) -> int:
    return span.ms(Side.TECHNICAL) // 60_000


def lingers(objectives: Iterable[Objective]) -> str:
    """For how long a page may still stand after the last failure, and a little."""
    window = _minutes(_longest_short(objectives)) + _minutes(SHORTEST)
    return f"{window + KEEPS_MINUTES + SLACK_MINUTES}m"


def _degraded(told: Span) -> list[Alert]:
    """The value is of a window that always is there: the shortest one is empty at times."""
    within = f"{_SHARE}{_minutes(told)} minutes {_FAILED} ({{{{ $labels.objective }}}})."
    pace = " At this pace the budget of the month is gone within days."
    return [
        _technical(
            name="PortalDegraded",
            severity=Severity.PAGE,
            expr=_now(told, DEGRADED, "portal"),
            keeps=f"{KEEPS_MINUTES}m",
            summary="The portal {{ $labels.source }} fails its users ({{ $labels.reason }})",
            summary_vi="Cổng dịch vụ công {{ $labels.source }} hoạt động không ổn định"
            " ({{ $labels.reason }})",
            description=within + pace,
        ),
        _technical(
            name="InterfaceDegraded",
            severity=Severity.PAGE,
            expr=_now(told, DEGRADED, "interface"),
            keeps=f"{KEEPS_MINUTES}m",
            summary="The interface {{ $labels.interface }} of {{ $labels.source }} fails"
            " ({{ $labels.reason }})",
            summary_vi="Giao diện kết nối {{ $labels.interface }} của {{ $labels.source }} bị lỗi"
            " ({{ $labels.reason }})",
            description=within + pace,
        ),
    ]


def _burning() -> list[Alert]:
    return [
        _technical(
            name="ServiceBudgetBurning",
            severity=Severity.TICKET,
            expr=_now(SAID, BURNING),
            summary="{{ $labels.interface }} of {{ $labels.source }} spends its budget too fast"
            " ({{ $labels.reason }})",
            summary_vi="{{ $labels.interface }} của {{ $labels.source }} lỗi nhiều hơn mức cho phép"
            " ({{ $labels.reason }})",
            description=f"{_SHARE}6 hours {_FAILED} ({{{{ $labels.objective }}}}). If it goes on,"
            " what is promised for the month is missed.",
        )
    ]
