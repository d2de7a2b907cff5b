"""When somebody is told, and where links lead, from `alerts.toml`; ours, where it is not there.

Prometheus and Alertmanager go by it, no figure does: `emc rules` writes their files from it.
"""

import re
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from monitor.reference.complaints import Complaints
from monitor.reference.toml import TomlFile, read_toml

ALERTS: Final = "alerts.toml"
_MAIL: Final = re.compile(r"[^\s@,;]+@[^\s@,;]+")
_MAILS: Final = ("sender", "page_mail", "ticket_mail", "digest_mail")

_Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
_Percent = Annotated[float, msgspec.Meta(gt=0, le=100)]
_Factor = Annotated[float, msgspec.Meta(gt=0, le=1000)]


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
    certificate_days: _Number = 14


class Connected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When connections are not well, beyond what connections.toml says."""

    many_percent: _Percent = 25
    many_least: _Number = 5
    not_connected_hours: _Number = 24


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
    secrets: str = "/etc/alertmanager/secrets/"
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
    links: Links = Links()
    monitor: Own = Own()
    connections: Connected = Connected()
    data: Data = Data()
    receivers: Receivers = Receivers()


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


def begins_an_address(text: str) -> bool:
    """Whether a browser goes there: http or https, and a host."""
    try:
        found = urlsplit(text)
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.hostname)


def _check(file: TomlFile, said: AlertsFile) -> None:
    links, receivers = said.links, said.receivers
    for key, url in (
        ("links.runbooks", links.runbooks),
        ("links.dashboards", links.dashboards),
        ("receivers.page_url", receivers.page_url),
    ):
        if not begins_an_address(url):
            file.complain(key, f"{url!r} is no address", "begin with https:// or http://")
    for key in _MAILS:
        mail = getattr(receivers, key)
        # Several with commas between, and names beside them, are Alertmanager's as well.
        if not all(
            _MAIL.fullmatch(address) for _, address in getaddresses([mail]) or [("", "")]
        ):
            file.complain(
                f"receivers.{key}",
                f"{mail!r} is no mail address",
                "write one as oncall@example.gov.vn",
            )
    try:
        re.compile(said.portal_sources)
    except re.error as error:
        file.complain("portal_sources", f"no pattern ({error})", "write one as (.+-)?portal")
