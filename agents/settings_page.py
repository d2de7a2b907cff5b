"""docs/reference/settings.md, written from the fields of `Settings` and the comments behind them."""

import inspect
import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, get_type_hints

from agents.settings import Settings

_FIELD: Final = re.compile(r"^    (?P<name>\w+): .+? = .+?  # (?P<meaning>.+)$", re.MULTILINE)

_HEAD: Final = """\
# Settings

<!-- Written by `emc docs` from agents/settings.py. Do not edit. -->

A process reads its settings once, at its start, from environment variables. A value of the wrong
type ends it with one line that names the variable, and exit status 2; an unknown variable is
ignored. They are for the processes that run on; `emc replay` takes `EMC_KAFKA`, `EMC_TOPIC` and
`EMC_APPLICANT_KEY` from them, and `emc demo` sets what its processes need itself.

| variable | default | type | meaning |
|---|---|---|---|
"""

_TAIL: Final = """
`EMC_ZONE`, `EMC_PRECISION` and `EMC_REFERENCE` decide what is booked and how it is shown in a ledger that has no
policy yet: the first worker stores them there. From then on workers, `emc serve`, `emc explain`, `emc reconcile` and
`emc archive` go by the policy that is active in the ledger, and only `emc recompute` makes another one active; the
zone cannot be changed. With `EMC_REFERENCE`, zone and precision are those of its `policy.toml`, and the two variables
are not looked at.

`EMC_QUARANTINE_KEY`: `head -c 32 /dev/urandom | base64` makes one. Keep it where the ledger's backups
are not; without it nobody reads what is in quarantine, you included.

`EMC_APPLICANT_KEYS`: the keys under which `emc ingest` and `emc gateway` hash identity numbers, each from a calendar
year on: `k1:2026:<base64>,k2:2027:<base64>`. `head -c 32 /dev/urandom | base64` makes a secret. Every process of the
edge has the same; how a year gets a new one is told in [rotate keys](../how-to/rotate-keys.md). With
`EMC_APPLICANT_KEY` alone that one key, whose id is then `k0`, stands for all years.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One variable as the page shows it."""

    variable: str
    default: str
    type: str
    meaning: str


def settings() -> list[Setting]:
    """All settings in their order. Raises ValueError for a field without a comment behind it."""
    meanings = {
        found["name"]: found["meaning"]
        for found in _FIELD.finditer(inspect.getsource(Settings))
    }
    if silent := [field.name for field in fields(Settings) if field.name not in meanings]:
        raise ValueError(f"no comment says what these settings mean: {', '.join(silent)}")
    types = get_type_hints(Settings)
    return [
        Setting(
            variable=f"EMC_{field.name.upper()}",
            default=str(field.default),
            type=_type(types[field.name]),
            meaning=meanings[field.name],
        )
        for field in fields(Settings)
    ]


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(map(_row, settings())) + _TAIL


def _type(type_: type) -> str:
    if issubclass(type_, StrEnum):
        return " or ".join(f"`{choice}`" for choice in type_)
    return {int: "whole number", str: "text"}[type_]


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "empty"
    meaning = setting.meaning.replace("|", "\\|")
    return f"| `{setting.variable}` | {default} | {setting.type} | {meaning} |\n"
