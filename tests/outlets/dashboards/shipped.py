"""The dashboards as they are shipped, and their queries with variables filled in as Grafana does."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.servers.require import ROOT

FOLDER: Final = ROOT / "deploy" / "grafana" / "dashboards"
LEDGER: Final = {"type": "grafana-postgresql-datasource", "uid": "${ledger}"}
PROMETHEUS: Final = {"type": "prometheus", "uid": "${prometheus}"}
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)(\(\))?")

Values = Mapping[str, Sequence[str]]


def dashboards() -> dict[str, Any]:
    """Each by its uid."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    return {one["uid"]: one for one in found}


def panels(dashboard: Any) -> list[Any]:
    """Its panels, without the headings of rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of one panel."""

    dashboard: str
    panel: Any
    target: Any

    @property
    def name(self) -> str:
        return f"{self.dashboard}/{self.panel['id']:02}{self.target['refId']}"


def queries() -> Iterator[Asked]:
    """Every query of every panel of every dashboard."""
    for uid, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                yield Asked(uid, panel, target)


@dataclass(frozen=True, slots=True)
class Range:
    """The time that whoever looks has chosen."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> int:
        return int((self.until - self.since).total_seconds())


def sql(text: str, values: Values, over: Range) -> str:
    """As the PostgreSQL data source fills it in."""
    macros = {
        "__timeFrom": _quoted(over.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        "__timeTo": _quoted(over.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    }

    def fill(match: re.Match[str]) -> str:
        name, how, plain, call = match.groups()
        if plain in macros:
            assert call, f"{plain} is a macro: write {plain}()"
            return macros[plain]
        assert how == "sqlstring", f"{match[0]} would not be quoted"
        return ",".join(map(_quoted, values[name]))

    return _VARIABLE.sub(fill, text)


def promql(text: str, values: Values, over: Range) -> str:
    """As the Prometheus data source fills it in."""
    own = {"__rate_interval": "5m", "__interval": "5s", "__range": f"{over.seconds}s"}

    def fill(match: re.Match[str]) -> str:
        name, how, plain, call = match.groups()
        assert not how, f"{match[0]}: no format is expected"
        assert not call, f"{match[0]}: no macro is expected"
        said = name or plain
        if said in own:
            return own[said]
        escaped = [re.sub(r"([\\^$.*+?()[\]{}|])", r"\\\\\1", value) for value in values[said]]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    return _VARIABLE.sub(fill, text)


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
