"""Garbage is looked for while nobody waits for an answer."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from monitor.outlets import serve
from monitor.outlets.api.aside import Aside


class Ring:
    """Refers to itself: no count of references frees it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As it was, afterwards."""
    monkeypatch.setattr(serve, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(serve, "YOUNG", 1)
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def collecting_with(aside: Aside, ring: Ring) -> "asyncio.Task[None]":
    """A collector under way, that has once found this ring alive."""
    task = asyncio.create_task(serve._collect(aside))
    while gc.get_count()[0] >= 700 or not any(one is ring for one in gc.get_objects(2)):
        await asyncio.sleep(0.01)
    return task


async def test_what_goes_on_for_long_holds_nothing_up(collector: None):
    """As what tells open pages: else nothing would be collected for as long as one is open."""
    with Aside("test") as aside:
        lasting = asyncio.create_task(aside.beside(asyncio.sleep(60)))
        collecting = asyncio.create_task(serve._collect(aside))
        left = weakref.ref(Ring())
        async with asyncio.timeout(5):
            while left() is not None:
                await asyncio.sleep(0.01)
        for task in (lasting, collecting):
            task.cancel()


async def test_what_has_outlived_a_young_collection_is_found_by_a_full_one(
    collector: None, monkeypatch: pytest.MonkeyPatch
):
    ring = Ring()
    left = weakref.ref(ring)
    with Aside("test") as aside:
        async with asyncio.timeout(20):
            task = await collecting_with(aside, ring)
            del ring
            await asyncio.sleep(0.1)
            assert left() is not None  # the old are left in peace
            task.cancel()

            monkeypatch.setattr(serve, "LOADED_SECONDS", 0)
            monkeypatch.setattr(serve, "COLLECTION_SECONDS", 0.05)
            monkeypatch.setattr(serve, "THAW_SECONDS", 0.1)
            task = asyncio.create_task(serve._collect(aside))
            while left() is not None:
                await asyncio.sleep(0.01)
        task.cancel()


async def test_what_is_there_when_all_is_loaded_is_not_gone_through_until_it_is_thawed(
    collector: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(serve, "LOADED_SECONDS", 0)
    monkeypatch.setattr(serve, "COLLECTION_SECONDS", 0.05)
    ring = Ring()
    left = weakref.ref(ring)
    with Aside("test") as aside:
        task = asyncio.create_task(serve._collect(aside))
        async with asyncio.timeout(20):
            while not gc.get_freeze_count():
                await asyncio.sleep(0.01)
            del ring
            await asyncio.sleep(0.3)
            assert left() is not None
        task.cancel()


async def test_the_young_are_collected_once_the_last_answer_is_given(collector: None):
    done = asyncio.Event()

    async def answering() -> None:
        while not done.is_set():
            await asyncio.sleep(0.01)

    with Aside("test") as aside:
        answer = asyncio.create_task(aside.do(answering()))
        await asyncio.sleep(0)
        collecting = asyncio.create_task(serve._collect(aside))
        left = weakref.ref(Ring())
        await asyncio.sleep(0.1)
        assert left() is not None

        done.set()
        await answer
        assert aside.under_way == 0
        async with asyncio.timeout(5):
            while left() is not None:
                await asyncio.sleep(0.01)
        collecting.cancel()
        with suppress(asyncio.CancelledError):
            await collecting
