"""How a case of an alert is written down, and how promtool reads it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# What every alert must show; a reason stands where one cannot apply.
KINDS: Final = (
    "firing",
    "not_firing",
    "resolving",
    "no_data",
    "idle_night",
    "tet",
    "low_volume",
    "replicas",
)
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "fresh": ("emc-fresh",),
    "monitor": ("emc-processes", "emc-ledger"),
    "connections": ("emc-connections",),
    "services": ("emc-services", "emc-budgets"),
    "objectives": ("emc-objectives",),
    "data": ("emc-data",),
    "digest": ("emc-digest",),
}
NIGHT: Final = 600  # minutes, from 17:00 to 03:00

Fires = list[dict[str, str]]  # the labels of each that fires, but those that all have


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Series as promtool has them, and at each time the alerts that fire."""

    says: str
    given: Mapping[str, str]
    at: Mapping[str, Fires]
    every: str = "1m"
    shows: Mapping[str, float] = field(default_factory=dict)  # expressions, at the last time


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert's cases. `texts` is what is said at the first time of the first firing case."""

    alert: str
    files: tuple[str, ...]
    labels: Mapping[str, str]
    texts: Mapping[str, str]
    firing: Case | Sequence[Case]
    not_firing: Case | Sequence[Case]
    resolving: Case | Sequence[Case]
    no_data: Case | Sequence[Case] | str
    idle_night: Case | Sequence[Case] | str
    tet: Case | Sequence[Case] | str
    low_volume: Case | Sequence[Case] | str
    replicas: Case | Sequence[Case] | str
    more: Sequence[Case] = field(default_factory=tuple)

    def cases(self) -> list[tuple[str, Case]]:
        found: list[tuple[str, Case]] = []
        for kind in (*KINDS, "more"):
            given = getattr(self, kind)
            if isinstance(given, str):
                continue
            cases = [given] if isinstance(given, Case) else given
            found += [(kind, case) for case in cases]
        return found


def series(name: str, *, instance: str = "a", job: str = "emc-ledger", **labels: str) -> str:
    """`class_` is `class`, and so on."""
    every = {"job": job, "instance": instance, **labels}
    inside = ",".join(f'{key.rstrip("_")}="{value}"' for key, value in every.items())
    return f"{name}{{{inside}}}"


def serve(until: int = NIGHT, instance: str = "a", minutes: int = 1) -> dict[str, str]:
    """An instance of emc serve that is scraped to that step."""
    step = 60 * minutes
    return {series("emc_snapshot_timestamp_seconds", instance=instance): f"0+{step}x{until}"}


def files(told: Told, *, texts: bool = True) -> dict[str, dict[str, Any]]:
    """Files of promtool by their name: one an interval of evaluation, since a file has one."""
    cases = told.cases()
    made = {}
    for every in sorted({case.every for _, case in cases}):
        end = "" if every == "1m" else f"-{every}"
        made[f"{kebab(told.alert)}{end}.yml"] = {
            "rule_files": [f"../rules/{name}.yml" for name in told.files],
            "evaluation_interval": every,
            # Without it, what is recorded may come after who reads it.
            "group_eval_order": [group for name in told.files for group in GROUPS[name]],
            "tests": [
                _test(told, kind, case, texts=texts and number == 0)
                for number, (kind, case) in enumerate(cases)
                if case.every == every
            ],
        }
    return made


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _test(told: Told, kind: str, case: Case, *, texts: bool) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{kind}: {case.says}",
        "interval": case.every,
        "input_series": [
            {"series": name, "values": values} for name, values in case.given.items()
        ],
    }
    if texts:
        first, fires = next(iter(case.at.items()))
        test["alert_rule_test"] = [
            {
                "alertname": told.alert,
                "eval_time": first,
                "exp_alerts": [
                    {"exp_labels": {**told.labels, **one}, "exp_annotations": dict(told.texts)}
                    for one in fires
                ],
            }
        ]
    test["promql_expr_test"] = [
        {
            "expr": f'ALERTS{{alertname="{told.alert}",alertstate="firing"}}',
            "eval_time": at,
            "exp_samples": [_sample(told, one) for one in fires],
        }
        for at, fires in case.at.items()
    ]
    test["promql_expr_test"] += [
        {
            "expr": f"sum({expr})",
            "eval_time": list(case.at)[-1],
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for expr, value in case.shows.items()
    ]
    return test


def _sample(told: Told, labels: Mapping[str, str]) -> dict[str, Any]:
    every = {
        "alertname": told.alert,
        "alertstate": "firing",
        **told.labels,
        **labels,
    }
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(every.items()))
    return {"labels": f"ALERTS{{{inside}}}", "value": 1}
