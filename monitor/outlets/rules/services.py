"""When portals and interfaces fail, by error budgets: fast burning pages, slow burning is a ticket.

Rates are summed and divided, never averaged as ratios: an hour with ten requests weighs what ten
requests weigh. Each instance's rate comes first; a budget burns only while enough requests failed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from monitor.outlets.rules.expressions import WITHOUT, percent, rate
from monitor.outlets.rules.shape import About, Alert, Board, Group, Record, Severity
from monitor.reference.alerts import AlertsFile, Burn, Service, minutes

STEP_SECONDS: Final = 60  # between two evaluations: what a recorded rate stands for
EVENTS: Final = "source_interface:emc_service_events:rate5m"
FAILURES: Final = "source_interface:emc_service_failures:rate5m"
RATIO: Final = "source_interface:emc_service_failures:ratio_rate"
DEGRADED: Final = "emc:service_degraded"
BURNING: Final = "emc:service_budget_burning"
REQUESTS: Final = "emc_service_requests_total"
DURATIONS: Final = "emc_service_request_duration_seconds_bucket"
# What is said of a failure, of the word behind the kind in `reason`.
REASONS: Final = {"answered": "unanswered", "fast": "slow", "reached": "unreached"}


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of portals or of interfaces."""

    kind: str
    objective: str
    percent: float
    events: str
    failures: str

    @property
    def labels(self) -> dict[str, str]:
        return {"kind": self.kind, "objective": self.objective}

    @property
    def selector(self) -> str:
        return f'{{kind="{self.kind}",objective="{self.objective}"}}'


def services(said: AlertsFile) -> list[Group]:
    """Counted each minute; slow budgets, whose windows are long, every five."""
    promises = [
        *_promises("portal", said.portals, said),
        *_promises("interface", said.interfaces, said),
    ]
    pages = [burn for burn in said.burns if burn.page]
    tickets = [burn for burn in said.burns if not burn.page]
    soon = _windows(pages)
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
                *(_burns(DEGRADED, one, pages, said.least_failures) for one in promises),
                *_degraded(pages),
            ],
            interval=f"{STEP_SECONDS}s",
        ),
        Group(
            "emc-budgets",
            [
                *(_ratio(window) for window in _windows(tickets) if window not in soon),
                *(_burns(BURNING, one, tickets, said.least_failures) for one in promises),
                *_burning(tickets),
            ],
            interval="5m",
        ),
    ]


def _promises(kind: str, service: Service, said: AlertsFile) -> Iterable[Promise]:
    matches = "=~" if kind == "portal" else "!~"
    of = f'source{matches}"{said.portal_sources}"'
    probes = f'probe_success{{job="emc-{kind}s"}}[5m]'
    bound = f"{float(service.within_seconds)}"

    def total(expr: str) -> str:
        return f"sum by (source, interface) ({expr})"

    every = f'rate({DURATIONS}{{{of},le="+Inf"}}[5m])'
    within = f'rate({DURATIONS}{{{of},le="{bound}"}}[5m])'
    requests = total(rate(f"{REQUESTS}{{{of}}}", "5m"))
    failed = total(rate(f'{REQUESTS}{{{of},answer=~"5xx|timeout"}}', "5m"))
    yield Promise(kind, "answered", service.answered, requests, f"{failed}\nor 0 * {requests}")
    yield Promise(
        kind,
        "fast",
        service.fast,
        total(f"{WITHOUT} ({every})"),
        # Of one instance both: those of two would not lie at the same instant.
        total(f"{WITHOUT} ({every} - ignoring (le) {within})"),
    )
    yield Promise(
        kind,
        "reached",
        service.reached,
        f"sum by (source, interface) (count_over_time({probes})) / 300",
        "sum by (source, interface)"
        f" (count_over_time({probes}) - sum_over_time({probes})) / 300",
    )


def _windows(burns: Iterable[Burn]) -> list[str]:
    """The windows of these, the shortest first."""
    found = {window for burn in burns for window in (burn.long, burn.short)}
    return sorted(found, key=lambda window: minutes(window) or 0)


def _ratio(window: str) -> Record:
    if window == "5m":
        return Record(f"{RATIO}5m", f"{FAILURES} / ({EVENTS} > 0)")
    return Record(
        f"{RATIO}{window}",
        f"sum_over_time({FAILURES}[{window}]) / (sum_over_time({EVENTS}[{window}]) > 0)",
    )


def _burns(name: str, promise: Promise, burns: Iterable[Burn], least: int) -> Record:
    """1 while the budget of a promise burns by one of these."""
    conditions = []
    for burn in burns:
        share = percent(burn.factor * (100 - promise.percent))
        conditions.append(
            f"  {RATIO}{burn.long}{promise.selector} > {share}\n"
            f"  and {RATIO}{burn.short}{promise.selector} > {share}\n"
            f"  and {STEP_SECONDS} * sum_over_time({FAILURES}{promise.selector}[{burn.long}])"
            f" >= {least}"
        )
    either = "\n  or\n".join(conditions)
    labels = dict(promise.labels)
    if name == DEGRADED:
        labels["reason"] = f"{promise.kind}_{REASONS[promise.objective]}"
    return Record(name, f"group by (source, interface) (\n{either}\n)", labels)


_page = partial(
    Alert,
    severity=Severity.PAGE,
    about=About.TECHNICAL,
    board=Board.SERVICES,
    of="source",
)

_NUMBERS: Final = (
    "{{ if eq $labels.objective `answered` }}were answered with 5xx or not in time{{ else if eq"
    " $labels.objective `fast` }}took too long{{ else }}did not reach it (probes){{ end }}"
)


def _told(window: str, record: str, kind: str = "") -> str:
    selector = f'{{kind="{kind}"}}' if kind else ""
    return (
        f"{RATIO}{window}{selector}\n"
        f"and on (source, interface, kind, objective) {record}{selector}"
    )


def _degraded(pages: list[Burn]) -> list[Alert]:
    if not pages:
        return []
    window = pages[0].long
    return [
        _page(
            name="PortalDegraded",
            expr=_told(window, DEGRADED, "portal"),
            summary="The portal {{ $labels.source }} fails its users ({{ $labels.objective }})",
            summary_vi="Cổng dịch vụ công {{ $labels.source }} hoạt động không ổn định"
            " ({{ $labels.objective }})",
            description="{{ $value | humanizePercentage }} of the requests of "
            f"{window}"
            " to {{ $labels.interface }} of {{ $labels.source }} "
            f"{_NUMBERS}. At this pace the budget of the month is gone within days.",
        ),
        _page(
            name="InterfaceDegraded",
            expr=_told(window, DEGRADED, "interface"),
            summary="The interface {{ $labels.interface }} of {{ $labels.source }} fails"
            " ({{ $labels.objective }})",
            summary_vi="Giao diện {{ $labels.interface }} của hệ thống {{ $labels.source }} bị lỗi"
            " ({{ $labels.objective }})",
            description="{{ $value | humanizePercentage }} of the requests of "
            f"{window}"
            " to {{ $labels.interface }} of {{ $labels.source }} "
            f"{_NUMBERS}. At this pace the budget of the month is gone within days.",
        ),
    ]


def _burning(tickets: list[Burn]) -> list[Alert]:
    if not tickets:
        return []
    window = tickets[0].long
    return [
        Alert(
            name="ServiceBudgetBurning",
            severity=Severity.TICKET,
            about=About.TECHNICAL,
            board=Board.SERVICES,
            of="source",
            expr=_told(window, BURNING),
            summary="{{ $labels.interface }} of {{ $labels.source }} spends its budget too fast"
            " ({{ $labels.objective }})",
            summary_vi="{{ $labels.interface }} của {{ $labels.source }} lỗi nhiều hơn mức cho phép"
            " ({{ $labels.objective }})",
            description="{{ $value | humanizePercentage }} of the requests of "
            f"{window}"
            " to {{ $labels.interface }} of {{ $labels.source }} "
            f"{_NUMBERS}. If it goes on, what is promised for the month is missed.",
        )
    ]
