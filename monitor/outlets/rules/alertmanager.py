"""Whom Alertmanager tells: routes by severity, causes before symptoms, tickets in office hours."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from monitor.domain.calendar import WorkCalendar
from monitor.domain.zone import date_of, day_number
from monitor.reference.alerts import Receivers

_WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_MINUTE_MS: Final = 60_000
# Causes in the monitor itself, and what of others is then only a symptom.
BLIND: Final = "ExporterStale|WorkerDown"
BACK: Final = f"{BLIND}|LedgerBehind"  # figures have gone back: what rests on them is not so
UNSEEN: Final = f"{BLIND}|GatewayDown|GatewayFailing|IngestDown|WorkerLagging|ConnectionsStale"


def alertmanager(said: Receivers, calendar: WorkCalendar) -> dict[str, Any]:
    """alertmanager.yml."""
    return {
        "global": {
            "smtp_smarthost": said.smarthost,
            "smtp_from": said.sender,
            "smtp_auth_username": said.user,
            "smtp_auth_password_file": f"{said.secrets}smtp-password",
        },
        "route": _routes(),
        "inhibit_rules": _inhibitions(),
        "receivers": _receivers(said),
        "time_intervals": [
            {"name": "office_hours", "time_intervals": _office_hours(calendar)},
            *_days(calendar),
        ],
    }


def _routes() -> dict[str, Any]:
    """A ticket falls through to the bottom, so that no alert is told to nobody by mistake."""
    return {
        "receiver": "ticket",
        "group_by": ["alertname", "agency", "source", "objective"],
        "group_wait": "2m",
        "group_interval": "30m",
        # Shorter than a night and longer than an office day: once a day, in the morning. An end
        # at night is not told and not noted; what begins again by morning would count as told.
        "repeat_interval": "12h",
        # Outside office hours a ticket waits; it is sent in the morning if it still holds.
        "routes": [
            {
                "receiver": "page",
                "matchers": ['severity="page"'],
                # Fifty portals that fail together are one page.
                "group_by": ["alertname"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
            },
            {
                "receiver": "digest",
                "matchers": ['severity="digest"'],
                "group_by": ["agency"],
                # It fires for half an hour: told at its beginning, forgotten before the next day.
                "group_wait": "30s",
                "group_interval": "1h",
                "repeat_interval": "12h",
            },
            {"receiver": "nobody", "matchers": ['severity="mute"']},
            {
                "receiver": "ticket",
                "matchers": ['severity="ticket"'],
                "active_time_intervals": ["office_hours", "make_up_days"],
                "mute_time_intervals": ["holidays"],
            },
        ],
    }


def _inhibitions() -> list[dict[str, Any]]:
    """Causes before symptoms."""
    return [
        # Nothing is booked, or shown, or not all: what is said of dossiers and objectives is old.
        # Probes go past the ledger, and still hold.
        _inhibit(
            [f'alertname=~"{BACK}"'],
            ['about=~"data|legal"', 'severity=~"page|ticket"'],
        ),
        _inhibit([f'alertname=~"{BACK}"'], ['about="technical"', 'measured!="probes"']),
        # Sources seem silent because we do not take in what they send.
        _inhibit([f'alertname=~"{UNSEEN}"'], ['about="connection"']),
        _inhibit(
            ['alertname="ExporterStale"'],
            [
                'alertname=~"BalancesBehind|ConnectionsStale|ObjectivesStale|QuarantineLimitReached"'
            ],
        ),
        _inhibit(
            ['alertname=~"WorkerDown|WorkerRestarting"'],
            ['alertname=~"BalancesBehind|WorkerLagging|ConnectionsStale|ObjectivesStale"'],
        ),
        _inhibit(['alertname="IngestDown"'], ['alertname=~"ConnectionsStale|TopicUnread"']),
        # One page for a country, not one a source.
        _inhibit(['alertname="ManySourcesInterrupted"'], ['alertname="SourceInterrupted"']),
        # The ladder of what burns: country, agency, unit. A budget that is spent is always told.
        _inhibit(
            ['alertname="ObjectiveBurning"', 'level="country"'],
            ['alertname="ObjectiveBurning"', 'level=~"agency|unit"'],
            ["objective", "beside"],
        ),
        _inhibit(
            ['alertname="ObjectiveBurning"', 'level="agency"'],
            ['alertname="ObjectiveBurning"', 'level="unit"'],
            ["objective", "beside", "agency"],
        ),
        _inhibit(
            ['alertname=~"PortalDegraded|InterfaceDegraded"'],
            ['alertname="ServiceBudgetBurning"'],
            ["source", "interface", "objective", "measured"],
        ),
        # Maintenance mutes what is said of a connection and its technical service, and nothing legal
        # (MEASURES.md §8).
        _inhibit(
            ['alertname="SourceInMaintenance"'],
            ['about=~"connection|technical"'],
            ["source"],
        ),
    ]


def _inhibit(
    causes: list[str], symptoms: list[str], equal: Iterable[str] = ()
) -> dict[str, Any]:
    same = {"equal": list(equal)} if equal else {}
    return {"source_matchers": causes, "target_matchers": symptoms, **same}


def _receivers(said: Receivers) -> list[dict[str, Any]]:
    hook = {
        "url": said.page_url,
        "send_resolved": True,
        "http_config": {
            "authorization": {"type": "Bearer", "credentials_file": f"{said.secrets}page-token"}
        },
    }
    agency = "{{ .GroupLabels.agency }}"
    return [
        {
            "name": "page",
            "webhook_configs": [hook],
            "email_configs": [_mail(said.page_mail, "{{ .GroupLabels.alertname }}")],
        },
        {
            "name": "ticket",
            "email_configs": [
                _mail(
                    said.ticket_mail, "{{ .GroupLabels.alertname }} {{ .GroupLabels.agency }}"
                )
            ],
        },
        {
            "name": "digest",
            "email_configs": [
                {
                    **_mail(said.digest_mail.replace("{agency}", agency), ""),
                    "send_resolved": False,
                    "headers": {
                        "Subject": "{{ range .Alerts }}{{ .Annotations.summary_vi }}{{ end }}"
                    },
                    "html": "",
                    "text": "{{ range .Alerts }}{{ .Annotations.description_vi }}\n\n{{"
                    " .Annotations.description }}\n\n{{ .Annotations.dashboard_url }}{{ end }}",
                }
            ],
        },
        {"name": "nobody"},
    ]


def _mail(to: str, about: str) -> dict[str, Any]:
    return {
        "to": to,
        "send_resolved": True,
        "headers": {"Subject": f"[{{{{ .Status | toUpper }}}}] {about}"},
        "html": "",
        "text": "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.summary_vi }}\n{{"
        " .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{"
        " .Annotations.dashboard_url }}\n\n{{ end }}",
    }


def _office_hours(calendar: WorkCalendar) -> list[dict[str, Any]]:
    """From the first session's opening to the last one's close, by weekday."""
    week = calendar.weeks[-1][1]
    return [
        {
            "location": calendar.zone.name,
            "weekdays": [_WEEKDAYS[place]],
            "times": [_times(sessions)],
        }
        for place, sessions in enumerate(week.days)
        if sessions
    ]


def _times(sessions: Any) -> dict[str, str]:
    return {"start_time": _clock(sessions[0][0]), "end_time": _clock(sessions[-1][1])}


def _clock(ms: int) -> str:
    return f"{ms // _MINUTE_MS // 60:02}:{ms // _MINUTE_MS % 60:02}"


def _days(calendar: WorkCalendar) -> list[dict[str, Any]]:
    """Days off on which one would work, and the other way round: this file knows no lunar year.

    Of the years whose holidays are announced last, and of the next one as the library has it.
    """
    last = min(date_of(calendar.announced_until).year, date_of(calendar.last_day).year - 1)
    off, worked = [], []
    day = date(last, 1, 1)
    week = calendar.weeks[-1][1]
    while day.year <= last + 1:
        usual = bool(week.days[day.weekday()])
        works = calendar.is_working_day(day_number(day))
        if usual and not works:
            off.append(day)
        elif works and not usual:
            worked.append(day)
        day += timedelta(days=1)
    place = {"location": calendar.zone.name}
    made = [_times(week.make_up)] if week.make_up else []
    return [
        {
            "name": "holidays",
            "time_intervals": [{**place, **days} for days in _by_month(off)],
        },
        {
            "name": "make_up_days",
            "time_intervals": [{**place, **days, "times": made} for days in _by_month(worked)],
        },
    ]


def _by_month(days: Iterable[date]) -> Iterable[Mapping[str, Any]]:
    for (year, month), found in groupby(days, key=lambda day: (day.year, day.month)):
        yield {
            "years": [str(year)],
            "months": [str(month)],
            "days_of_month": [str(day.day) for day in found],
        }
