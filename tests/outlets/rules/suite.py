"""All cases of all alerts, as files that promtool reads."""

import os
from typing import Final

from monitor.outlets.rules.yaml import yaml
from tests.outlets.rules import (
    connection_cases,
    legal_cases,
    monitor_cases,
    service_cases,
)
from tests.outlets.rules.case import Told, files
from tests.servers.require import ROOT

FOLDER: Final = ROOT / "deploy" / "prometheus" / "tests"
# For promtool, which evaluates for minutes what takes some megabytes: it need not tidy up so often.
AROUND: Final = {**os.environ, "GOGC": "400"}
HEAD: Final = "# Written by `make rules` from tests/outlets/rules. Do not edit.\n\n"


def every() -> tuple[Told, ...]:
    return (
        *connection_cases.CASES,
        *monitor_cases.CASES,
        *service_cases.CASES,
        *legal_cases.CASES,
    )


def written() -> dict[str, str]:
    return {name: HEAD + yaml(made) for told in every() for name, made in files(told).items()}
