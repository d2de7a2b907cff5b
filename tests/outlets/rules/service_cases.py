"""Portals and interfaces: error budgets, by what is shipped in deploy/reference/objectives.

Availability 99.5 %: pages burn at 14.4 (7.2 %) over 1h and 5m, or at 6 (3 %) over 6h and 30m; the
ticket at 1 (0.5 %) over 3d and 6h. Latency 95 % within 2.5 s: 72 % over 1h and 5m; 15 % over 1d.
At least 100 requests in the long window, or 20 probes; and of them 10 that failed for a page, 5 for
a ticket. Pages are kept for 15 minutes, and tell the share of 30 minutes.
"""

from collections.abc import Iterable
from typing import Final

from tests.outlets.rules.case import Case, Fires, Told, series

FILES: Final = ("services",)
RUNBOOKS: Final = "https://emc.example.gov.vn/docs/how-to/alerts/"
BOARD: Final = "https://grafana.example.gov.vn/d/emc-services"
PORTAL: Final = "H56-portal"
SYSTEM: Final = "H56-onestop"
ROUTE: Final = "GET /dossiers/{code}"
INTERFACES: Final = {"portal": (PORTAL, "/"), "interface": (SYSTEM, ROUTE)}


def requests(
    kind: str, failed: str, good: str, instance: str = "a", **of: str
) -> dict[str, str]:
    source, interface = INTERFACES[kind]
    name = "emc_service_requests_total"
    every = {"instance": instance, "source": source, "interface": interface, **of}
    return {
        series(name, **every, answer="5xx"): failed,
        series(name, **every, answer="2xx"): good,
    }


def durations(kind: str, fast: str, every: str, instance: str = "a") -> dict[str, str]:
    source, interface = INTERFACES[kind]
    name = "emc_service_request_duration_seconds_bucket"
    of = {"instance": instance, "source": source, "interface": interface}
    return {series(name, **of, le="2.5"): fast, series(name, **of, le="+Inf"): every}


def probe(kind: str, success: str, duration: str = "") -> dict[str, str]:
    source, interface = INTERFACES[kind]
    of = {
        "job": f"emc-{kind}s",
        "instance": "https://example.gov.vn",
        "source": source,
        "interface": interface,
    }
    found = {series("probe_success", **of): success}
    if duration:
        found[series("probe_duration_seconds", **of)] = duration
    return found


def burning(kind: str, objective: str, measured: str, reason: str) -> Fires:
    source, interface = INTERFACES[kind]
    return [
        {
            "kind": kind,
            "source": source,
            "interface": interface,
            "objective": f"{kind}-{objective}",
            "measured": measured,
            "reason": f"{kind}_{reason}",
        }
    ]


def steps(counts: Iterable[int]) -> str:
    """A counter's values, one a minute."""
    return " ".join(map(str, counts))


# 12 requests an hour for six hours, all failing.
FEW: Final = steps(minute // 5 for minute in range(366))
NONE: Final = "0x366"
# Six in the first three minutes of each twenty, all failing, and then well again.
BURSTS: Final = steps(6 * (minute // 20) + min(2 * (minute % 20), 6) for minute in range(480))
# One in three minutes: 115 in six hours.
THIN: Final = steps(minute // 3 for minute in range(345))


def some(failed: int) -> str:
    """So many fail, one in ten minutes, up to the end of the six hours."""
    return steps(max(0, min(failed, failed - (344 - minute) // 10)) for minute in range(345))


def degraded(kind: str, alert: str, runbook: str, said: tuple[str, str, str]) -> Told:
    failing = burning(kind, "availability", "requests", "failing")
    summary, summary_vi, description = said
    # Five hours well, twenty minutes in which 4 of 10 fail, and well again.
    failed = "0x60 120+120x3 480x20"
    good = "0+300x60 18180+180x3 18720+300x20"
    tenth = requests(kind, "0+6x60", "0+54x60")
    return Told(
        alert=alert,
        files=FILES,
        labels={"severity": "page", "about": "technical"},
        texts={
            "summary": summary,
            "summary_vi": summary_vi,
            "description": description,
            "runbook_url": f"{RUNBOOKS}{runbook}.md",
            "dashboard_url": f"{BOARD}?var-source={INTERFACES[kind][0]}",
        },
        firing=(
            Case(says="one request in ten fails", given=tenth, at={"10m": failing}),
            Case(
                says="one in twenty fails: that burns 10 times, and six hours of it are too many",
                given=requests(kind, "0+3x60", "0+57x60"),
                at={"1h": failing},
            ),
            Case(
                says="four of five take longer than 2.5 s",
                given=durations(kind, "0+12x60", "0+60x60"),
                at={"10m": burning(kind, "latency", "requests", "slow")},
            ),
            Case(
                says="probes do not reach it",
                given=probe(kind, "0x60"),
                at={"30m": burning(kind, "availability", "probes", "unreached"), "10m": []},
            ),
            Case(
                says="probes wait for four seconds",
                given=probe(kind, "1x60", "4x60"),
                at={"30m": burning(kind, "latency", "probes", "slow")},
            ),
            Case(
                says="12 of 127 fail in six hours",
                given=requests(kind, some(12), THIN),
                at={"5h44m": failing},
            ),
            Case(
                says="all fail, in bursts with a quarter of an hour between: it is one page",
                given=requests(kind, BURSTS, "0x480"),
                at={f"{minute}m": failing for minute in range(420, 462, 3)},
            ),
            Case(
                says="a pause without a request, longer than the half hour that is asked",
                given=requests(kind, "0+6x60 360x40 360+6x20", "0+4x60 240x40 240+4x20"),
                at={"1h": failing, "1h10m": failing, "1h50m": failing},
            ),
        ),
        not_firing=(
            Case(
                says="one in fifty fails: that burns 4 times, and is a ticket",
                given=requests(kind, "0+1x60", "0+49x60"),
                at={"10m": [], "1h": []},
            ),
            Case(
                says="two thirds take longer: with 95 % that burns 13 times",
                given=durations(kind, "0+20x60", "0+60x60"),
                at={"1h": []},
            ),
            Case(
                says="three bad minutes in an hour",
                given=requests(kind, "0x57 6+6x2 18x10", "0+60x57 3474+54x2 3582+60x10"),
                at={"58m": [], "1h": []},
            ),
            Case(
                says="4 of 119 fail in six hours: a share, and no outage",
                given=requests(kind, some(4), THIN),
                at={"5h20m": [], "5h30m": [], "5h44m": []},
            ),
            Case(
                says="what is summed into other leaps as others come and go",
                given=requests(kind, "0+6x60", "0+54x60", interface="other"),
                at={"1h": []},
            ),
            Case(
                says="requests that it refuses (4xx) do not count against it",
                given={
                    series(
                        "emc_service_requests_total",
                        source=INTERFACES[kind][0],
                        interface=INTERFACES[kind][1],
                        answer="4xx",
                    ): "0+60x60"
                },
                at={"1h": []},
            ),
        ),
        resolving=Case(
            says="twenty bad minutes are over",
            every="5m",
            given=requests(kind, failed, good),
            at={"5h20m": failing, "5h30m": failing, "5h50m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=Case(
            says="no request for ten hours after a day with failures",
            every="5m",
            given=requests(kind, "500x120", "90000x120"),
            at={"5h": [], "10h": []},
        ),
        tet=Case(
            says="a day of Tết without a request, then the first morning with one failure in 100",
            every="5m",
            given=requests(kind, "500x288 503+3x20", "90000x288 90297+297x20"),
            at={"12h": [], "1d": [], "1d1h": []},
        ),
        low_volume=Case(
            says="12 requests an hour, and all fail: 72 in six hours are too few to judge by",
            given=requests(kind, FEW, NONE),
            at={"1h": [], "6h": []},
        ),
        replicas=(
            Case(
                says="both instances show the same requests: it is one alert",
                given=tenth | requests(kind, "0+6x60", "0+54x60", "b"),
                at={"10m": failing},
            ),
            *(
                [
                    Case(
                        says="72 requests shown by both are not 144",
                        given=requests(kind, FEW, NONE) | requests(kind, FEW, NONE, "b"),
                        at={"6h": []},
                    )
                ]
                if kind == "portal"
                else []
            ),
            Case(
                says="b is absent from minute 2 on",
                given=tenth | requests(kind, "0 6 stale", "0 54 stale", "b"),
                at={"10m": failing},
            ),
            Case(
                says="b lags by ten minutes and does not move: the rate of a stands",
                given=tenth | requests(kind, "0x60", "0x60", "b"),
                at={"10m": failing},
            ),
        ),
    )


RATIO: Final = "source_interface:emc_service_failures:ratio_rate"
SELECTED: Final = '{objective="portal-availability",measured="requests"}'
SPENDING: Final = burning("portal", "availability", "requests", "failing")

CASES: Final = (
    degraded(
        "portal",
        "PortalDegraded",
        "portal-degraded",
        (
            "The portal H56-portal fails its users (portal_failing)",
            "Cổng dịch vụ công H56-portal hoạt động không ổn định (portal_failing)",
            (
                "10% of the requests to / of H56-portal within 30 minutes were answered with 5xx or not"
                " in time (portal-availability). At this pace the budget of the month is gone within"
                " days."
            ),
        ),
    ),
    degraded(
        "interface",
        "InterfaceDegraded",
        "interface-degraded",
        (
            "The interface GET /dossiers/{code} of H56-onestop fails (interface_failing)",
            "Giao diện kết nối GET /dossiers/{code} của H56-onestop bị lỗi (interface_failing)",
            (
                "10% of the requests to GET /dossiers/{code} of H56-onestop within 30 minutes"
                " were answered with 5xx or not in time (interface-availability). At this pace the budget"
                " of the month is gone within days."
            ),
        ),
    ),
    Told(
        alert="ServiceBudgetBurning",
        files=FILES,
        labels={"severity": "ticket", "about": "technical"},
        texts={
            "summary": "/ of H56-portal spends its budget too fast (portal_failing)",
            "summary_vi": "/ của H56-portal lỗi nhiều hơn mức cho phép (portal_failing)",
            "description": "2% of the requests to / of H56-portal within 6 hours were answered with"
            " 5xx or not in time (portal-availability). If it goes on, what is promised for the"
            " month is missed.",
            "runbook_url": f"{RUNBOOKS}service-budget-burning.md",
            "dashboard_url": f"{BOARD}?var-source=H56-portal",
        },
        firing=(
            Case(
                says="one in fifty fails",
                given=requests("portal", "0+1x60", "0+49x60"),
                at={"30m": SPENDING},
            ),
            Case(
                says="one in five is slow",
                given=durations("portal", "0+48x60", "0+60x60"),
                at={"30m": burning("portal", "latency", "requests", "slow")},
            ),
        ),
        not_firing=(
            Case(
                says="four in a thousand fail",
                given=requests("portal", "0+1x60", "0+249x60"),
                at={"1h": []},
            ),
            Case(
                says="4 of 119 fail in six hours: so few are told to nobody",
                given=requests("portal", some(4), THIN),
                at={"5h44m": []},
            ),
            Case(
                says="one in ten is slow: with 95 % that burns 2 times",
                given=durations("portal", "0+54x60", "0+60x60"),
                at={"1h": []},
            ),
        ),
        resolving=Case(
            says="six hours without a failure",
            every="5m",
            given=requests("portal", "0+6x24 144x90", "0+294x24 7056+300x90"),
            at={"2h": SPENDING, "6h": SPENDING, "8h30m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=Case(
            says="no request for ten hours",
            every="5m",
            given=requests("portal", "500x120", "90000x120"),
            at={"5h": [], "10h": []},
        ),
        tet=Case(
            says="three days of Tết without a request",
            every="5m",
            given=requests("portal", "500x870", "90000x870"),
            at={"1d": [], "3d": []},
        ),
        low_volume=Case(
            says="12 requests an hour for six hours, all failing: 72 are too few",
            given=requests("portal", FEW, NONE),
            at={"1h": [], "6h": []},
        ),
        replicas=(
            Case(
                says="both instances show the same: it is one alert",
                given=requests("portal", "0+1x60", "0+49x60")
                | requests("portal", "0+1x60", "0+49x60", "b"),
                at={"30m": SPENDING},
            ),
            Case(
                says="b is absent",
                given=requests("portal", "0+1x60", "0+49x60")
                | requests("portal", "0 stale", "0 stale", "b"),
                at={"30m": SPENDING},
            ),
        ),
        more=(
            Case(
                says="the office-hours trap: 0.30 % of the requests fail, and the mean of"
                " the ratios is 7 %",
                given=requests(
                    "portal",
                    # 4 hours of 100 requests a minute with 1 failure in 1000, then 8 hours of 1 a
                    # minute with 5 failures in 48: 24 of 24,000, and 50 of 480.
                    steps(
                        minute // 10 if minute <= 240 else 24 + (minute - 240) * 5 // 48
                        for minute in range(721)
                    ),
                    steps(
                        minute * 100 - minute // 10
                        if minute <= 240
                        else 24_000 + minute - 240 - 24 - (minute - 240) * 5 // 48
                        for minute in range(721)
                    ),
                ),
                at={"4h": [], "12h": []},
                shows={
                    f"round(1e4 * {RATIO}3d{SELECTED})": 30,  # hundredths of a percent
                    f"round(1e2 * avg_over_time({RATIO}5m{SELECTED}[12h]))": 7,  # percent
                },
            ),
        ),
    ),
)
