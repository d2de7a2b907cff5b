"""docs/reference/settings.md, written from the fields of `Settings` and the comments behind them."""

import inspect
import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from agents.settings import Settings
from agents.variables import Variable, variables

_FIELD: Final = re.compile(r"^    (?P<name>\w+): .+? = .+?  # (?P<meaning>.+)$", re.MULTILINE)

_HEAD: Final = """\
# Settings

<!-- Written by `emc docs` from agents/settings.py. Do not edit. -->

A process reads its settings once, at its start, from environment variables, and logs those that are
not as they come (`runs with`), secrets masked. A value of the wrong type ends it with one line that
names the variable, and exit status 2; a variable that looks like a misspelt one is warned of. They are for the processes that run on; `emc replay` takes `EMC_KAFKA`, `EMC_TOPIC` and
`EMC_APPLICANT_KEY` from them, and `emc demo` sets what its processes need itself.

| variable | default | type | meaning |
|---|---|---|---|
"""

_TAIL: Final = """
**Secrets from files.** Where the table shows a second name that ends in `_FILE`, that variable names a file whose one line is
the value, as orchestrators mount secrets; set one of the two. What stands in the environment itself is seen by every child of the
process and in every crash report.

**A file of settings** has one `NAME=value` a line, without quotes, as `EnvironmentFile=` of systemd, `env_file:` of compose and `envs:` of
kustomize read it alike. `emc check --settings FILE` holds one against this page: names that are none (and the nearest that is one), wrong
types, what does not go together, certificates and keys that cannot be used, secrets that everybody may read, and the reference
files that it names.

**PostgreSQL with TLS** is said in the address, as everywhere: `postgresql://emc@db/emc?sslmode=verify-full&sslrootcert=/etc/emc/db-ca.pem`,
with `sslcert` and `sslkey` where the server asks for a certificate. `verify-full` is what proves that it is the server; the password is in
`EMC_DATABASE_PASSWORD_FILE`.

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
    defaults = {field.name: str(field.default) for field in fields(Settings)}
    return [
        Setting(
            variable=one.name,
            default=defaults[one.field],
            type=_type(one),
            meaning=meanings[one.field],
        )
        for one in variables(Settings)
    ]


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(map(_row, settings())) + _TAIL


def _type(one: Variable) -> str:
    if issubclass(one.type, StrEnum):
        return " or ".join(f"`{choice}`" for choice in one.type)
    return f"{one.expected}, or `{one.file}`" if one.hidden else one.expected


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "empty"
    meaning = setting.meaning.replace("|", "\\|")
    return f"| `{setting.variable}` | {default} | {setting.type} | {meaning} |\n"
