"""Whatever is done beside a loop ends with it."""

import asyncio

import pytest

from monitor.outlets.api.aside import Aside


async def test_what_goes_on_for_long_is_ended_and_whoever_awaits_it_is_told():
    """As what tells open pages, when the service is stopped."""
    ended = []

    async def goes_on() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append(True)

    with Aside("test") as aside:
        awaiting = asyncio.create_task(aside.beside(goes_on()))
        await aside.do(asyncio.sleep(0.05))

    assert ended == [True]
    done, _ = await asyncio.wait([awaiting], timeout=5)
    assert done == {awaiting}
    with pytest.raises(asyncio.CancelledError):
        await awaiting
