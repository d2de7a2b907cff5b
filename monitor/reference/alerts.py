"""When somebody is told, and where links lead, from `alerts.toml`; ours, where it is not there.

Prometheus and Alertmanager go by it, no figure does: `emc rules` writes their files from it.
"""

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec

from monitor.reference.complaints import Complaints
from monitor.reference.toml import TomlFile, read_toml

ALERTS: Final = "alerts.toml"

_Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
_Percent = Annotated[float, msgspec.Meta(gt=0, le=100)]
_Factor = Annotated[float, msgspec.Meta(gt=0, le=1000)]

_WINDOW: Final = re.compile(r"([1-9][0-9]*)([mhd])")
_MINUTES: Final = {"m": 1, "h": 60, "d": 1440}
SHORTEST_MINUTES: Final = 5  # the window that rates are taken over; no window is shorter


class Links(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an alert leads: both begin an address."""

    runbooks: str = "https://emc.example.gov.vn/docs/how-to/alerts/"
    runbooks_end: str = ".md"
    dashboards: str = "https://grafana.example.gov.vn/d/"


class Own(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the monitor itself is not well."""

    scrape_seconds: _Number = 15
    fresh_seconds: _Number = 120
    lag_seconds: _Number = 300
    balances_behind_seconds: _Number = 600
    judged_seconds: _Number = 600
    waiting_bookings: _Number = 10_000
    quarantine_records: _Number = 10_000
    reconciled_days: _Number = 8


class Connected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When connections are not well, beyond what connections.toml says."""

    many_percent: _Percent = 25
    many_least: _Number = 5
    not_connected_hours: _Number = 24


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is promised of a portal or an interface: percent of requests, and of probes."""

    answered: _Percent = 99
    fast: _Percent = 95
    within_seconds: _Factor = 2.5
    reached: _Percent = 99


class Burn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A budget is burnt by so many times its pace, in a long window and still in a short one."""

    page: bool
    factor: _Factor
    long: str
    short: str


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When what sources send is not well: of a day, and at least so many."""

    refused_percent: _Percent = 5
    refused_least: _Number = 20
    backdated_percent: _Percent = 5
    backdated_least: _Number = 20
    slow_step_factor: _Factor = 2
    slow_step_dossiers: _Number = 30
    slow_step_peers: _Number = 5
    slow_step_hours: _Number = 4


class Receivers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom Alertmanager tells. Credentials lie in files of its own machine."""

    smarthost: str = "smtp.example.gov.vn:587"
    sender: str = "emc-monitor@example.gov.vn"
    user: str = "emc-monitor"
    secrets: str = "/etc/alertmanager/secrets/"  # noqa: S105 - a folder
    page_url: str = "https://oncall.example.gov.vn/alertmanager"
    page_mail: str = "oncall@example.gov.vn"
    ticket_mail: str = "operations@example.gov.vn"
    # {agency} becomes the agency's code.
    digest_mail: str = "{agency}@example.gov.vn"


class AlertsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it is written down; what it leaves out stays as shipped."""

    # Which sources are portals, of those that tell of requests: a pattern of Prometheus.
    portal_sources: str = "(.+-)?portal"
    blackbox: str = "blackbox:9115"
    least_failures: _Number = 10
    links: Links = Links()
    monitor: Own = Own()
    connections: Connected = Connected()
    portals: Service = Service()
    interfaces: Service = Service(within_seconds=5)
    burns: tuple[Burn, ...] = (
        Burn(page=True, factor=14.4, long="1h", short="5m"),
        Burn(page=True, factor=6, long="6h", short="30m"),
        Burn(page=False, factor=3, long="1d", short="2h"),
        Burn(page=False, factor=1, long="3d", short="6h"),
    )
    data: Data = Data()
    receivers: Receivers = Receivers()


def minutes(window: str) -> int | None:
    """How long a window is; None if it is not written as one."""
    found = _WINDOW.fullmatch(window)
    return int(found[1]) * _MINUTES[found[2]] if found else None


def read_alerts(folder: Path, complaints: Complaints) -> AlertsFile:
    """What a folder's file says, if it is there."""
    path = folder / ALERTS
    if not path.exists():
        return AlertsFile()
    read = read_toml(path, AlertsFile, complaints)
    if read is None:
        return AlertsFile()
    file, said = read
    _check(file, said)
    return said


def load_alerts(folder: Path | None) -> AlertsFile:
    """The same; ours without a folder. Raises `Unusable`."""
    if folder is None:
        return AlertsFile()
    complaints = Complaints()
    return complaints.settled(read_alerts(folder, complaints))


def _check(file: TomlFile, said: AlertsFile) -> None:
    try:
        re.compile(said.portal_sources)
    except re.error as error:
        file.complain("portal_sources", f"no pattern ({error})", "write one as (.+-)?portal")
    for place, burn in enumerate(said.burns):
        _check_windows(file, place, burn)
    for table, service in (("portals", said.portals), ("interfaces", said.interfaces)):
        for name in ("answered", "fast", "reached"):
            _check_target(file, f"{table}.{name}", getattr(service, name), said.burns)


def _check_windows(file: TomlFile, place: int, burn: Burn) -> None:
    long, short = minutes(burn.long), minutes(burn.short)
    for name, found in (("long", long), ("short", short)):
        if found is None or found < SHORTEST_MINUTES:
            file.complain(
                f"burns[{place}].{name}",
                "no window of five minutes or more",
                'write one as "5m", "6h" or "3d"',
            )
    if long and short and short >= long:
        file.complain(
            f"burns[{place}].short",
            "not shorter than the long window",
            "make it a twelfth of the long one",
        )


def _check_target(file: TomlFile, where: str, target: float, burns: tuple[Burn, ...]) -> None:
    """A ratio cannot exceed 100 %: what would have to is never seen."""
    budget = 100 - target
    if budget <= 0:
        file.complain(
            where,
            "of 100 % there is no budget, and every failure would alert",
            "promise less than 100",
        )
        return
    for burn in burns:
        if burn.factor * budget >= 100:
            file.complain(
                where,
                f"at {target:g} % a burn rate of {burn.factor:g} would be {burn.factor * budget:g} % of"
                " all requests, and cannot fire",
                f"promise more than {100 - 100 / burn.factor:.2f} %, or make the factor of [[burns]]"
                f" less than {100 / budget:g}",
            )
