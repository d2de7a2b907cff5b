"""Kafka and PostgreSQL that speak TLS and ask for passwords: every process gets in, nobody else."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from agents.kafka import Kafka, Security
from agents.settings_check import check
from agents.topics import missing_topics
from agents.trouble import of_brokers, of_ledger
from tests.gateway.service import STRUCTURED, Gateway, event
from tests.servers.certificates import Authority
from tests.servers.kafka import KafkaCluster
from tests.servers.postgres_tls import PASSWORD, tls_postgres
from tests.servers.require import ROOT, require_postgres
from tests.whole.service import KEY, Worker

pytestmark = pytest.mark.slow

SECRET = "a-secret-of-Kafka's"


@dataclass(frozen=True)
class Place:
    """Servers that let in who is known, and one file of settings for all that is ours."""

    folder: Path
    brokers: str
    database: str  # without parameters
    authority: Authority
    settings: Mapping[str, str]

    def environment(self, **changed: str) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name[:4] != "EMC_"}
        more = {f"EMC_{name.upper()}": value for name, value in changed.items()}
        return own | dict(self.settings) | more

    def emc(self, *words: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "monitor.cli", *words],
            env=self.environment(**changed),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def member(self, role: str) -> dict[str, str]:
        """How a process logs in that is not the owner."""
        address = self.settings["EMC_DATABASE"].replace("//emc@", f"//emc_{role}_login@")
        secret = str(self.folder / f"{role}_database_password")
        return {"database": address, "database_password_file": secret}

    def make_members(self) -> None:
        """As compose does it: roles, then who logs in, with passwords from files."""
        for role in ("worker", "edge", "reader", "registrar", "grafana"):
            secret = self.folder / f"{role}_database_password"
            secret.write_text(f"it's {role}'s\n")
            secret.chmod(0o600)
        logins = self.folder / "logins.sql"
        shipped = (ROOT / "deploy/compose/logins.sql").read_text()
        logins.write_text(shipped.replace("/run/secrets", str(self.folder)))
        for _ in range(2):  # an upgrade does it again
            subprocess.run(
                [
                    *(require_postgres() / "psql", "-XqAt", "-1", "-v", "ON_ERROR_STOP=1"),
                    *("-f", ROOT / "deploy/postgresql/roles.sql", "-f", logins),
                    f"{self.database}?sslmode=verify-full&sslrootcert={self.authority.file}",
                ],
                env=os.environ | {"PGPASSWORD": PASSWORD},
                check=True,
                timeout=60,
            )

    def ledger(self, query: str) -> Any:
        async def found() -> Any:
            connection = await asyncpg.connect(
                f"{self.database}?sslmode=verify-full&sslrootcert={self.authority.file}",
                password=PASSWORD,
            )
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        return asyncio.run(found())


@pytest.fixture
def place(kafka_cluster: Callable[..., KafkaCluster], tmp_path: Path) -> Iterator[Place]:
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("servers")
    ours = authority.issue("emc")
    with ExitStack() as stack:
        database = stack.enter_context(tls_postgres(pair))
        cluster = kafka_cluster(nodes=1, closed=(pair, authority, {"emc": SECRET}))
        secrets = {"kafka": SECRET, "database": PASSWORD, "quarantine": KEY, "keys": "k1:2026:"}
        secrets["keys"] += KEY
        for name, secret in secrets.items():
            (tmp_path / name).write_text(f"{secret}\n")
            (tmp_path / name).chmod(0o600)
        settings = {
            "EMC_KAFKA": cluster.guarded,
            "EMC_KAFKA_SECURITY": "sasl_ssl",
            "EMC_KAFKA_USER": "emc",
            "EMC_KAFKA_PASSWORD_FILE": str(tmp_path / "kafka"),
            "EMC_KAFKA_CA": str(authority.file),
            "EMC_KAFKA_CERTIFICATE": str(ours.certificate),
            "EMC_KAFKA_KEY": str(ours.key),
            "EMC_DATABASE": f"{database}?sslmode=verify-full&sslrootcert={authority.file}",
            "EMC_DATABASE_PASSWORD_FILE": str(tmp_path / "database"),
            "EMC_QUARANTINE_KEY_FILE": str(tmp_path / "quarantine"),
            "EMC_APPLICANT_KEYS_FILE": str(tmp_path / "keys"),
            "EMC_BRISK": "1",
            "EMC_WORKER_METRICS_PORT": "0",
            "EMC_INGEST_METRICS_PORT": "0",
            "EMC_GATEWAY_PORT": "0",
            "EMC_GATEWAY_METRICS_PORT": "0",
        }
        yield Place(tmp_path, cluster.guarded, database, authority, settings)


def test_every_process_gets_in_and_the_wrong_ones_are_told_what_to_mend(place: Place):
    file = place.folder / "emc.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in place.settings.items()))
    assert check(file) == []

    topics = place.emc("topics", "--partitions", "2")
    assert topics.stdout.splitlines() == [
        "emc.dossiers: made",
        "emc.petitions: made",
        "emc.signals: made",
        "emc.catalogue: made",
        "emc.indicators: made",
    ]
    assert "applied 0001_ledger" in place.emc("migrate").stdout
    place.make_members()
    added = place.emc(
        "source", "add", "H56-onestop", "--name", "H56", "--owner", "H56", "--mandate", "H56",
        "--token", "--topic", "--json", **place.member("registrar"),
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    token = json.loads(added.stdout)["entered"][0]["token"]
    log = place.folder / "log.ndjson"
    log.write_text(json.dumps(event(1)) + "\n")
    member = place.member("worker")
    with (
        running(place, "worker", **member) as worker,
        running(place, "ingest", **member) as ingest,
    ):
        gateway = Gateway(
            place.environment(**place.member("edge")), place.folder / "gateway.log"
        )
        gateway.start()
        try:
            posted = _post(gateway.url, token)
            replayed = place.emc("replay", str(log))
        finally:
            gateway.stop()
        assert (posted, replayed.returncode) == (202, 0), replayed.stderr
        _until(lambda: place.ledger("SELECT sum(amount) FROM tally WHERE name = 'counted'"), 2)
        shown = place.emc("position", "show", "--json")
        for process in (worker, ingest, gateway):
            assert "runs with" in process.said()
            assert "Traceback" not in process.said()
        place.ledger("ALTER ROLE emc_worker_login PASSWORD 'another'")
        place.ledger(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE usename = 'emc_worker_login'"
        )
        for process in (worker, ingest):
            assert process.ended(30) == 1
            assert "turns us away: password authentication failed" in process.said()
    assert (shown.returncode, '"emc.dossiers"' in shown.stdout) == (0, True), shown.stderr
    for process in (worker, ingest, gateway):
        assert not any(secret in process.said() for secret in (SECRET, PASSWORD, KEY))

    (place.folder / "wrong").write_text("a guess")
    stranger = str(Authority(place.folder / "stranger").file)
    for words, changed, complaint in (
        (
            ("worker",),
            {"kafka_password_file": str(place.folder / "wrong")},
            "EMC_KAFKA_USER or EMC_KAFKA_PASSWORD_FILE is not what the broker has",
        ),
        (
            ("position", "show"),
            {"kafka_ca": stranger},
            "EMC_KAFKA_CA must name the PEM file of who signed the broker's certificate",
        ),
        (
            ("position", "show"),
            {"database_password_file": str(place.folder / "wrong")},
            "EMC_DATABASE_PASSWORD_FILE names the file with it",
        ),
        (
            ("worker",),
            {"database": f"{place.database}?sslmode=verify-full&sslrootcert={stranger}"},
            "sslrootcert in EMC_DATABASE must name the PEM file of who signed the server's",
        ),
    ):
        done = place.emc(*words, **changed)
        assert (done.returncode, complaint in done.stderr) == (1, True), done.stderr
        assert "Traceback" not in done.stderr
    asyncio.run(_others_are_told_what_to_mend(place))


async def _others_are_told_what_to_mend(place: Place) -> None:
    for changed, complaint in (
        (
            {"security": Security.SSL, "user": "", "password": ""},
            "may not be what the listener",
        ),
        ({"bootstrap": "127.0.0.1:1"}, "nothing listens there"),
        (
            {"bootstrap": place.brokers.replace("127.0.0.1", "localhost")},
            "name the host as its",
        ),
    ):
        said: dict[str, Any] = {
            "bootstrap": place.brokers,
            "security": Security.SASL_SSL,
            "user": "emc",
            "password": SECRET,
            "ca": str(place.authority.file),
            **changed,
        }
        kafka = Kafka(**said)
        with pytest.raises(Exception) as failed:  # noqa: PT011 - which one is the client's affair
            await missing_topics(kafka, ["emc.dossiers"])
        assert complaint in await of_brokers(kafka.client(), failed.value)
    plain = Kafka(bootstrap=place.brokers)
    with pytest.raises(Exception) as failed:  # noqa: PT011
        await asyncio.wait_for(missing_topics(plain, ["emc.dossiers"]), 10)
    assert "see EMC_KAFKA_SECURITY" in await of_brokers(plain.client(), failed.value)

    by_name = place.database.replace("127.0.0.1", "localhost")
    for address, complaint in (
        (f"{by_name}?sslmode=verify-full&sslrootcert={place.authority.file}", "name the host"),
        (f"{place.database}?sslmode=disable", "pg_hba.conf says who may come how"),
        (f"{place.database}x?sslmode=require", "createdb makes it"),
    ):
        with pytest.raises((asyncpg.PostgresError, OSError)) as refused:
            await asyncpg.connect(address, password=PASSWORD)
        assert complaint in of_ledger(refused.value)


def running(place: Place, what: str, **changed: str) -> Any:
    process = Worker(
        place.environment(**changed), place.folder / f"{what}.log", ("monitor.cli", what)
    )
    return _Running(process)


class _Running:
    def __init__(self, process: Worker) -> None:
        self._process = process

    def __enter__(self) -> Worker:
        self._process.start()
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.running:
            self._process.stop()


def _post(url: str, token: str) -> int:
    headers = {"authorization": f"Bearer {token}", "content-type": STRUCTURED}
    status = 0

    def accepted() -> bool:
        nonlocal status
        try:
            answer = httpx.post(
                f"{url}/v1/events", content=json.dumps(event(2)), headers=headers
            )
        except httpx.HTTPError:
            return False
        status = answer.status_code
        return status != 503

    _until(accepted, True)
    return status


def _until(look: Callable[[], Any], wanted: Any, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while (found := look()) != wanted:
        assert time.monotonic() < deadline, f"{found} and not {wanted}"
        time.sleep(0.1)
