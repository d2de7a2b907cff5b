"""What a rule is made of: recordings and alerts, in groups, in files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from monitor.reference.alerts import Links

_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Severity(StrEnum):
    """Who is told, and when: Alertmanager routes by it."""

    PAGE = "page"  # somebody gets up
    TICKET = "ticket"  # somebody looks in office hours
    DIGEST = "digest"  # once a working day, an agency about its own dossiers
    MUTE = "mute"  # nobody: it silences others


class About(StrEnum):
    """What an alert is about; causes inhibit by it, and maintenance mutes by it."""

    MONITOR = "monitor"
    CONNECTION = "connection"
    TECHNICAL = "technical"
    DATA = "data"
    LEGAL = "legal"
    MAINTENANCE = "maintenance"


class Board(StrEnum):
    """The dashboards that an alert leads to, by uid."""

    AGENCY = "emc-agency"
    STEPS = "emc-steps"
    DUE = "emc-due"
    SERVICES = "emc-services"
    CONNECTIONS = "emc-connections"
    OBJECTIVES = "emc-objectives"
    MONITOR = "emc-monitor"


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule; `level:metric:operations` where it has a level."""

    name: str
    expr: str
    labels: dict[str, str] = field(default_factory=dict)

    def written(self, _: Links) -> dict[str, Any]:
        labels = {"labels": self.labels} if self.labels else {}
        return {"record": self.name, "expr": self.expr, **labels}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule. `lasts` is Prometheus's `for`; `keeps` bridges a gap in the scrapes."""

    name: str
    severity: Severity
    about: About
    expr: str
    lasts: str = ""
    keeps: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    summary: str
    summary_vi: str
    description: str
    description_vi: str = ""
    board: Board
    of: str = ""  # the label that the dashboard's variable is set by

    @property
    def page(self) -> str:
        """The runbook's name."""
        return _CAPITAL.sub("-", self.name).lower()

    def written(self, links: Links) -> dict[str, Any]:
        lasts = {"for": self.lasts} if self.lasts else {}
        keeps = {"keep_firing_for": self.keeps} if self.keeps else {}
        variable = f"?var-{self.of}={{{{ $labels.{self.of} }}}}" if self.of else ""
        vietnamese = {"description_vi": self.description_vi} if self.description_vi else {}
        return {
            "alert": self.name,
            "expr": self.expr,
            **lasts,
            **keeps,
            "labels": {"severity": str(self.severity), "about": str(self.about), **self.labels},
            "annotations": {
                "summary": self.summary,
                "summary_vi": self.summary_vi,
                "description": self.description,
                **vietnamese,
                "runbook_url": f"{links.runbooks}{self.page}{links.runbooks_end}",
                "dashboard_url": f"{links.dashboards}{self.board}{variable}",
            },
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other, by an interval of their own if it is said."""

    name: str
    rules: Sequence[Record | Alert]
    interval: str = ""

    def written(self, links: Links) -> dict[str, Any]:
        interval = {"interval": self.interval} if self.interval else {}
        rules = [rule.written(links) for rule in self.rules]
        return {"name": self.name, **interval, "rules": rules}
