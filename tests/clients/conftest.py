"""A gateway that the tests of the client kit may take down, and the kit as an integrator has it."""

import sys
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.gateway.service import Stage, stage

CLIENTS = Path(__file__).resolve().parents[2] / "deploy" / "clients"


@pytest.fixture
async def here(tansu, database, tmp_path) -> AsyncIterator[Stage]:
    async with stage(tansu.bootstrap, database, tmp_path, kafka_idempotent="0") as found:
        yield found


@pytest.fixture
def kit(monkeypatch) -> Iterator[Path]:
    """The folder of the Python clients, on the path as beside a program."""
    folder = CLIENTS / "python"
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("emc_emitter", "emc_relay"):
        sys.modules.pop(name, None)


@pytest.fixture
def emitter(kit, monkeypatch) -> ModuleType:
    found = import_module("emc_emitter")
    monkeypatch.setattr(found, "FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(found, "LONGEST_PAUSE_SECONDS", 0.5)
    return found
