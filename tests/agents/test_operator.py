"""How commands of operators end: what is said of a ledger that is away, or not migrated."""

import asyncpg
import pytest

from agents.operator import FOUND, INTERRUPTED, run

REST = "; what was done until now is done, and the same command goes on with the rest\n"


async def away() -> int:
    raise ConnectionRefusedError(111, "Connection refused")


async def interrupted() -> int:
    raise KeyboardInterrupt


async def no_schema() -> int:
    raise asyncpg.UndefinedTableError


def test_only_what_writes_is_said_to_be_done_in_part(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(away, name="emc digest", reads=True) == FOUND
    assert run(interrupted, name="emc digest", reads=True) == INTERRUPTED

    said = capsys.readouterr().err
    assert said.startswith("emc digest: the ledger at EMC_DATABASE does not answer: ")
    assert said.endswith("\nemc digest: interrupted\n")
    assert "the rest" not in said

    assert run(away, name="emc quarantine") == FOUND
    assert capsys.readouterr().err.endswith(REST)
    assert run(interrupted, name="emc quarantine") == INTERRUPTED
    assert capsys.readouterr().err == f"emc quarantine: interrupted{REST}"


def test_who_owns_the_tables_is_asked_to_migrate(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(no_schema, name="emc digest") == FOUND

    assert capsys.readouterr().err == (
        "emc digest: the ledger at EMC_DATABASE has not the schema of this release; run `emc"
        " migrate` as the role that owns the ledger, then deploy/postgresql/roles.sql\n"
    )
