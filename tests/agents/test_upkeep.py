"""Archiving beside the work: a little at a time, and in the end everything."""

import asyncio
from contextlib import suppress

import pytest

from agents import upkeep
from agents.upkeep import archive_beside
from monitor.ledger.forms import PLAIN
from tests.agents.test_archive import YEARS_LATER, ask, filled, filled_once, forms, kept
from tests.whole.ledger_checks import PLAIN as PLAIN_POLICY
from tests.whole.until import until

__all__ = ["filled", "filled_once"]  # fixtures


async def test_all_that_has_ended_is_archived_a_few_at_a_time(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(upkeep, "MOST", 20)
    before = await kept(filled)
    [(finished,)] = await ask(
        filled, "SELECT count(*) FROM dossier WHERE outcome IN (2, 3, 6, 7)"
    )

    beside = asyncio.create_task(
        archive_beside(filled, PLAIN_POLICY, after_days=30, now_ms=lambda: YEARS_LATER)
    )

    async def all_done() -> bool:
        found = await forms(filled)
        return bool(found.total() - found[PLAIN] == finished)

    try:
        await until(all_done, within_s=30)
    finally:
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside
    assert await kept(filled) == before
    assert len(await ask(filled, "SELECT number FROM dictionary")) < 5


async def test_a_ledger_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "PAUSE_SECONDS", 0.001)
    beside = asyncio.create_task(
        archive_beside(
            "postgresql://127.0.0.1:1/none",
            PLAIN_POLICY,
            after_days=30,
            now_ms=lambda: YEARS_LATER,
        )
    )

    await asyncio.sleep(0.1)

    assert not beside.done()
    beside.cancel()
