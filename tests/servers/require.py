"""What a test needs of the machine: found, or skipped with the command that installs it.

This is the only place that skips. Where EMC_NO_SKIP is set, as on the build machine, a skip is a
failure, so that a green run there has run everything.
"""

import os
import platform
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

INSTALLED_BY: Final[Mapping[str, str]] = {
    "alertmanager": "apt-get install prometheus-alertmanager",
    "amtool": "apt-get install prometheus-alertmanager",
    "blackbox_exporter": "apt-get install prometheus-blackbox-exporter",
    "chromium": "apt-get install chromium",
    "gcc": "apt-get install gcc libc6-dev python3-dev",
    "git": "apt-get install git",
    "ip": "apt-get install iproute2",
    "java": "apt-get install openjdk-17-jre-headless",
    "kcat": "apt-get install kcat",
    "make": "apt-get install make",
    "mcs": "apt-get install mono-mcs",
    "mono": "apt-get install mono-runtime libmono-system-net-http4.0-cil",
    "openssl": "apt-get install openssl",
    "prometheus": "apt-get install prometheus",
    "promtool": "apt-get install prometheus",
    "systemd-analyze": "apt-get install systemd",
}

# Debian names some of them otherwise, and keeps some where only root's path looks.
ALSO_CALLED: Final[Mapping[str, str]] = {
    "alertmanager": "prometheus-alertmanager",
    "blackbox_exporter": "prometheus-blackbox-exporter",
}
SEARCH_PATH: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

# The one skip that EMC_NO_SKIP allows: the recorded logs are not ours to hand out.
NO_DATA: Final = "EMC_DATA names no folder of recorded logs"


def nothing_may_be_skipped() -> bool:
    return bool(os.environ.get("EMC_NO_SKIP"))


def absent(what: str, install: str) -> NoReturn:
    reason = f"{what} is not here; install it with: {install}"
    if nothing_may_be_skipped():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def require(tool: str) -> str:
    """The path of an executable that the test needs."""
    install = INSTALLED_BY[tool]
    for name in (tool, ALSO_CALLED.get(tool, tool)):
        if found := shutil.which(name, path=SEARCH_PATH):
            return found
    absent(tool, install)


def require_postgres() -> Path:
    """The folder of a PostgreSQL's programs, as Debian lays it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        absent("PostgreSQL with TLS", "apt-get install postgresql")
    return found[-1].parent


def require_deploy_tool(tool: str) -> str:
    """One of the programs that look at what is in deploy/, as `make deploy-tools` leaves them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = cache / "emc-monitor" / "deploy-tools" / "bin" / tool
    if not found.is_file():
        absent(tool, "make deploy-tools")
    return str(found)


def require_glibc() -> None:
    if platform.libc_ver()[0] != "glibc":
        absent("glibc", "a system that has it")


def kafka_version() -> str:
    pom = (ROOT / "deploy" / "kafka" / "pom.xml").read_text()
    match = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom)
    assert match, "deploy/kafka/pom.xml names no kafka.version"
    return match[1]


def require_kafka_jars() -> Path:
    """The folder of Apache Kafka's jars, as `make kafka-jars` leaves it."""
    version = kafka_version()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    jars = cache / "emc-monitor" / f"kafka-{version}"
    if chosen := os.environ.get("EMC_KAFKA_JARS"):
        jars = Path(chosen)
    if not (jars / f"kafka_2.13-{version}.jar").is_file():
        absent(f"Apache Kafka {version}", "make kafka-jars")
    return jars


def require_data(name: str) -> Path:
    """A recorded log below EMC_DATA. No folder: skipped everywhere. A folder without it: a failure."""
    folder = os.environ.get("EMC_DATA")
    if not folder:
        pytest.skip(NO_DATA)
    path = Path(folder) / name
    assert path.exists(), f"EMC_DATA is set and has no {name}"
    return path
