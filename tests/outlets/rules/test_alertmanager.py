"""Who is told of what: routes by amtool, causes and mutes by a real Alertmanager."""

import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.outlets.rules.files import alerts, load, made
from monitor.outlets.rules.yaml import yaml
from tests.servers.alertmanager import Alertmanager, Inbox, MakesAlertmanager
from tests.servers.require import ROOT, require

DEPLOY = ROOT / "deploy"
SHIPPED = DEPLOY / "alertmanager" / "alertmanager.yml"
SAID = load(DEPLOY / "reference")
INTERRUPTED = {"alertname": "SourceInterrupted", "severity": "page", "about": "connection"}
PORTAL = {
    "alertname": "PortalDegraded",
    "severity": "page",
    "about": "technical",
    "interface": "/",
    "kind": "portal",
    "objective": "portal-availability",
    "measured": "requests",
}
BURNING = {
    "alertname": "ObjectiveBurning",
    "severity": "ticket",
    "about": "legal",
    "objective": "on-time-766",
}
DIGEST = {"alertname": "AgencyDigest", "severity": "digest", "about": "legal"}
MONITOR = {"severity": "page", "about": "monitor"}


def told_here(inbox: Inbox, folder: Path) -> Path:
    """The routes as shipped, in seconds, at any time of the day; each receiver is a webhook here."""
    configuration: dict[str, Any] = made(SAID, pace=30)["alertmanager/alertmanager.yml"]
    configuration.pop("global")
    for route in configuration["route"]["routes"]:
        route.pop("active_time_intervals", None)
        route.pop("mute_time_intervals", None)
    configuration["receivers"] = [
        {"name": one["name"], "webhook_configs": [{"url": f"{inbox.url}/{one['name']}"}]}
        if one["name"] != "nobody"
        else one
        for one in configuration["receivers"]
    ]
    path = folder / "alertmanager.yml"
    path.write_text(yaml(configuration), "utf-8")
    return path


def soon(found: Callable[[], object], expected: object, within_s: float = 15) -> None:
    until = time.monotonic() + within_s
    while (last := found()) != expected and time.monotonic() < until:
        time.sleep(0.1)
    assert last == expected


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [require("amtool"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_configuration_is_one() -> None:
    done = amtool("check-config", str(SHIPPED))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "WorkerDown", "severity": "page"}, "page"),
        ({"alertname": "StepStuck", "severity": "ticket", "agency": "H56"}, "ticket"),
        ({"alertname": "AgencyDigest", "severity": "digest", "agency": "H56"}, "digest"),
        ({"alertname": "SourceInMaintenance", "severity": "mute", "source": "s"}, "nobody"),
        ({"alertname": "SomebodysOwn"}, "ticket"),
    ],
)
def test_an_alert_goes_to_its_receiver(labels: Mapping[str, str], receiver: str) -> None:
    given = [f"{name}={value}" for name, value in labels.items()]

    done = amtool(
        "config",
        "routes",
        "test",
        f"--config.file={SHIPPED}",
        f"--verify.receivers={receiver}",
        *given,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_receiver_of_its_own_severity() -> None:
    of = {"page": "page", "ticket": "ticket", "digest": "digest", "mute": "nobody"}

    for alert in alerts(SAID).values():
        done = amtool(
            "config",
            "routes",
            "test",
            f"--config.file={SHIPPED}",
            f"--verify.receivers={of[alert.severity.value]}",
            f"alertname={alert.name}",
            f"severity={alert.severity}",
            f"about={alert.about}",
        )
        assert done.returncode == 0, (alert.name, done.stdout)


def test_no_credential_stands_in_the_configuration() -> None:
    text = SHIPPED.read_text("utf-8")

    assert "smtp_auth_password_file" in text
    assert "credentials_file" in text
    for word in ("smtp_auth_password:", "credentials:", "password:"):
        assert word not in text


def test_a_ticket_that_begins_again_overnight_is_told_in_the_morning_and_once_a_day() -> None:
    """An end at night is neither told nor noted: what was told counts as told until it is repeated."""
    configuration = made(SAID)["alertmanager/alertmanager.yml"]
    (hours,) = {
        tuple(one["times"][0].values())
        for interval in configuration["time_intervals"]
        if interval["name"] == "office_hours"
        for one in interval["time_intervals"]
    }
    opens, closes = (int(clock[:2]) + int(clock[3:]) / 60 for clock in hours)
    (ticket,) = (one for one in configuration["route"]["routes"] if one["receiver"] == "ticket")
    repeats = ticket.get("repeat_interval", configuration["route"]["repeat_interval"])

    assert repeats.endswith("h")
    assert closes - opens < int(repeats[:-1]) < 24 - (closes - opens)


def test_tickets_keep_the_office_s_days_also_those_of_the_lunar_year() -> None:
    intervals = {
        one["name"]: one["time_intervals"]
        for one in made(SAID)["alertmanager/alertmanager.yml"]["time_intervals"]
    }

    def days(name: str) -> set[date]:
        return {
            date(int(year), int(month), int(day))
            for one in intervals[name]
            for year in one["years"]
            for month in one["months"]
            for day in one["days_of_month"]
        }

    assert [one["weekdays"] for one in intervals["office_hours"]] == [
        ["monday"],
        ["tuesday"],
        ["wednesday"],
        ["thursday"],
        ["friday"],
    ]
    assert {
        (one["location"], *one["times"][0].values()) for one in intervals["office_hours"]
    } == {("Asia/Ho_Chi_Minh", "07:00", "17:00")}
    # Tết 2026 is on 17 February: its eve, and four days.
    assert {date(2026, 2, day) for day in (16, 17, 18, 19, 20)} <= days("holidays")
    assert {date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 2)} <= days(
        "holidays"
    )
    assert date(2026, 2, 23) not in days("holidays")
    assert date(2026, 8, 22) in days("make_up_days")  # a Saturday, worked for 31 August


@pytest.mark.slow
def test_causes_hold_back_their_symptoms_and_maintenance_mutes_nothing_legal(
    alertmanager: MakesAlertmanager, inbox: Inbox, tmp_path: Path
) -> None:
    server = alertmanager(told_here(inbox, tmp_path))

    held = held_back(
        server,
        causes=[
            {"alertname": "SourceInMaintenance", "severity": "mute", "source": "away"},
        ],
        symptoms=[
            {**INTERRUPTED, "source": "away"},
            {**INTERRUPTED, "source": "other"},
            {**PORTAL, "source": "away"},
            {**PORTAL, "source": "away", "measured": "probes", "interface": "/probed"},
            {**BURNING, "source": "away", "scope": "agency:H56", "level": "agency"},
            {**BURNING, "alertname": "DossiersBackdated", "about": "data", "source": "away"},
            {
                "alertname": "MaintenanceShortNotice",
                "severity": "ticket",
                "about": "maintenance",
                "source": "away",
            },
        ],
    )
    assert held == {
        "SourceInterrupted away",
        "PortalDegraded away /",
        "PortalDegraded away /probed",
    }

    many = {"alertname": "ManySourcesInterrupted", **MONITOR, "about": "connection"}
    assert held_back(
        server,
        causes=[many],
        symptoms=[{**INTERRUPTED, "source": "one"}, {**INTERRUPTED, "source": "two"}],
    ) == {"SourceInterrupted one", "SourceInterrupted two"}

    assert held_back(
        server,
        causes=[{"alertname": "WorkerDown", **MONITOR}],
        symptoms=[
            {**INTERRUPTED, "source": "s"},
            {**BURNING, "scope": "country", "level": "country"},
            {**PORTAL, "source": "p", "interface": "/"},
            {**PORTAL, "source": "p", "interface": "/probed", "measured": "probes"},
            {**DIGEST, "agency": "H56"},
            {"alertname": "LedgerDrift", **MONITOR},
            {"alertname": "WorkerLagging", **MONITOR},
        ],
    ) == {
        "SourceInterrupted s",
        "ObjectiveBurning country",
        "PortalDegraded p /",
        "WorkerLagging",
    }

    # Bookings were lost: figures are wrong for a while, and sources are silent all the same.
    assert held_back(
        server,
        causes=[{"alertname": "LedgerBehind", **MONITOR}],
        symptoms=[
            {**INTERRUPTED, "source": "s"},
            {**BURNING, "scope": "country", "level": "country"},
            {**PORTAL, "source": "p", "interface": "/"},
            {**PORTAL, "source": "p", "interface": "/probed", "measured": "probes"},
        ],
    ) == {"ObjectiveBurning country", "PortalDegraded p /"}

    assert held_back(
        server,
        causes=[
            {**BURNING, "scope": "country", "level": "country"},
            {
                **BURNING,
                "objective": "on-time-06b",
                "scope": "agency:H56",
                "level": "agency",
                "agency": "H56",
            },
        ],
        symptoms=[
            {**BURNING, "scope": "agency:H26", "level": "agency", "agency": "H26"},
            {
                **BURNING,
                "alertname": "ObjectiveBudgetSpent",
                "scope": "agency:H30",
                "level": "agency",
                "agency": "H30",
            },
            {**BURNING, "scope": "unit:H26.3", "level": "unit", "agency": "H26"},
            {
                **BURNING,
                "scope": "agency:H26,group:land",
                "level": "agency",
                "agency": "H26",
                "beside": "group:land",
            },
            {
                **BURNING,
                "objective": "on-time-06b",
                "scope": "unit:H56.12",
                "level": "unit",
                "agency": "H56",
            },
            {
                **BURNING,
                "objective": "on-time-06b",
                "scope": "unit:H30.1",
                "level": "unit",
                "agency": "H30",
            },
        ],
    ) == {
        "ObjectiveBurning agency:H26",
        "ObjectiveBurning unit:H26.3",
        "ObjectiveBurning unit:H56.12",
    }


def held_back(
    server: Alertmanager,
    *,
    causes: list[dict[str, str]],
    symptoms: list[dict[str, str]],
) -> set[str]:
    """Which of these Alertmanager suppresses; all of them have ended afterwards."""
    server.post(causes)
    server.post(symptoms)
    number = len(causes) + len(symptoms)
    # It says what is suppressed once a group has been looked at.
    until = time.monotonic() + 20
    held: set[str] = set()
    while time.monotonic() < until:
        time.sleep(0.5)
        states = server.states()
        assert len(states) <= number, states
        if len(states) == number and "unprocessed" not in states.values():
            found = {name for name, state in states.items() if state == "suppressed"}
            if found and found == held:
                break
            held = found
    server.post([*causes, *symptoms], endsAt="2026-01-01T00:00:00Z")
    soon(server.states, {})
    return held


@pytest.mark.slow
def test_a_bad_week_of_3000_communes_pages_nobody_and_writes_one_digest_an_agency(
    alertmanager: MakesAlertmanager, inbox: Inbox, tmp_path: Path
) -> None:
    server = alertmanager(told_here(inbox, tmp_path))
    communes = [
        {
            **BURNING,
            "scope": f"unit:H{province:02}.{unit}",
            "level": "unit",
            "agency": f"H{province:02}",
        }
        for province in range(1, 35)
        for unit in range(1, 89)
    ]
    assert len(communes) == 2_992

    server.post(communes)
    server.post([{**DIGEST, "agency": f"H{province:02}"} for province in range(1, 35)])

    def messages() -> tuple[int, int, int]:
        return tuple(
            sum(to == receiver for to, _ in inbox.messages)
            for receiver in ("page", "ticket", "digest")
        )  # type: ignore[return-value]  # of three

    soon(messages, (0, 34, 34), within_s=30)
    # Posted again and again, as Prometheus does, it is not told again.
    for _ in range(3):
        server.post([{**DIGEST, "agency": f"H{province:02}"} for province in range(1, 35)])
        time.sleep(1)
    assert messages()[::2] == (0, 34)


@pytest.mark.slow
def test_the_digest_of_the_next_day_is_told_again(
    alertmanager: MakesAlertmanager, inbox: Inbox, tmp_path: Path
) -> None:
    """A day is two minutes shorter here, and a group is forgotten after some seconds."""
    configuration = told_here(inbox, tmp_path)
    text = configuration.read_text("utf-8")
    assert 'group_interval: "120s"' in text
    configuration.write_text(text.replace('group_interval: "120s"', 'group_interval: "2s"'))
    server = alertmanager(configuration)
    today = [{**DIGEST, "agency": "H56"}]

    server.post(today)
    soon(lambda: inbox.messages, [("digest", ["AgencyDigest H56"])])
    server.post(today, endsAt="2026-01-01T00:00:00Z")
    time.sleep(5)
    server.post(today)

    soon(lambda: inbox.messages, [("digest", ["AgencyDigest H56"])] * 2)
