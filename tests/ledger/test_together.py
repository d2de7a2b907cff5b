"""Readings that do not wait for each other."""

import asyncio

import pytest

from monitor.ledger.balances import NotKnown
from monitor.ledger.together import Together


async def lasts(ended: asyncio.Event) -> None:
    """Until it is ended by somebody."""
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


async def test_they_are_under_way_at_once():
    met = asyncio.Barrier(2)

    async def meets(what: str) -> str:
        async with asyncio.timeout(5):
            await met.wait()
        return what

    async with Together() as together:
        one = together.create_task(meets("one"))
        other = together.create_task(meets("other"))

    assert (one.result(), other.result()) == ("one", "other")


async def test_who_fails_says_so_himself_and_the_others_are_ended():
    ended = asyncio.Event()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise NotKnown("there is no cut yet")

    async def both() -> None:
        async with Together() as together:
            together.create_task(lasts(ended))
            together.create_task(fails())

    with pytest.raises(NotKnown, match="no cut"):
        await both()
    assert ended.is_set()


async def test_what_fails_between_them_is_raised_as_it_is():
    async def fails() -> None:
        async with Together() as together:
            together.create_task(asyncio.sleep(60))
            raise NotKnown("there is no cut yet")

    with pytest.raises(NotKnown, match="no cut"):
        await fails()


async def test_whoever_stops_waiting_stops_all():
    ended = asyncio.Event()

    async def asks() -> None:
        async with Together() as together:
            together.create_task(lasts(ended))

    asking = asyncio.create_task(asks())
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set()
