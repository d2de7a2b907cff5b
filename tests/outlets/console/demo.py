"""A running `emc demo`, as whoever follows the README has it: small, and with what it prints."""

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer

from agents.variables import PREFIX
from monitor.ledger.access import Role
from tests.outlets.api.service import Here, Serve, now
from tests.servers.process import Server

DOSSIERS: Final = 2_000  # of two months: enough that somebody is worst
EVENTS_A_SECOND: Final = 10
SILENT: Final = "H37"  # whose system has fallen silent: nobody else tells of it
ROLES: Final = (Role.NATIONAL, Role.AGENCY, Role.ADMIN)  # of the tokens, as they are printed


class Demo(Serve):
    """`emc demo`, which says that it can be ended once everything is there."""

    def __init__(self, log: Path, folder: Path, *options: str) -> None:
        Server.__init__(
            self,
            "demo",
            [sys.executable, "-m", "monitor.cli", "demo", *options],
            log=log,
            ready=lambda server: "\nend " in server.said(),
            patience_s=120,
            environment={"TMPDIR": str(folder)},
        )
        self._environment = {
            name: value
            for name, value in self._environment.items()
            if not name.startswith(PREFIX)
        }

    def printed(self, what: str) -> list[str]:
        """What stands behind a word."""
        return re.findall(rf"^{what} +(\S+)", self.said(), re.MULTILINE)

    @property
    def url(self) -> str:
        [address] = self.printed("open in a browser")
        return address.removesuffix("/")

    @property
    def held(self) -> Mapping[str, str]:
        tokens = [*self.printed("sign in with"), *self.printed("or with")]
        return {role.value: token for role, token in zip(ROLES, tokens, strict=True)}


@contextmanager
def demo(
    dossiers: int = DOSSIERS, events_a_second: int = EVENTS_A_SECOND
) -> Iterator[tuple[Demo, Here]]:
    """Within the block; all that it keeps is gone afterwards."""
    # Short enough for a socket of PostgreSQL.
    with tempfile.TemporaryDirectory(prefix="emc-shown-") as name:
        options = ("--dossiers", str(dossiers), "--speed", str(events_a_second))
        found = Demo(Path(name) / "demo.log", Path(name), *options)
        found.start()
        try:
            [database] = found.printed("PostgreSQL")
            yield found, Here(found, database, found.held)
        finally:
            found.stop()


def accepted(number: int) -> tuple[bytes, bytes]:
    """Key and value of a dossier of the silent province that was accepted just now."""
    at = now()
    code = f"{SILENT}.101-{at:%y%m%d}-9{number:04}"
    said = {
        "specversion": "1.0",
        "id": f"{code}/1",
        "source": f"{SILENT}-onestop",
        "type": "dossier.state.v1",
        "time": at.isoformat(),
        "data": {
            "dossier": code,
            "procedure": "1.004873",
            "agency": f"{SILENT}.101",
            "state": 2,
            "channel": 2,
            "level": 4,
            "receipt_date": at.isoformat(),
            "due_at": (at + timedelta(days=7)).isoformat(),
            "sequence": 0,
        },
    }
    return code.encode(), json.dumps(said).encode()


async def produce(kafka: str, number: int) -> float:
    """One dossier is accepted; when it was handed to the producer, in seconds since 1970."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    try:
        key, value = accepted(number)
        at = now().timestamp()
        await producer.send_and_wait("emc.dossiers", value, key=key)
        return at
    finally:
        await producer.stop()
