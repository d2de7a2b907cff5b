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
