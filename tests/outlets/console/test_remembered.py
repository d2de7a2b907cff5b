"""Answers of a moment ago."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from monitor.outlets.console.remembered import Remembered


class Maker:
    def __init__(self) -> None:
        self.numbers: Iterator[int] = count(1)
        self.fails = False

    async def __call__(self) -> int:
        await asyncio.sleep(0.01)
        if self.fails:
            raise OSError("away")
        return next(self.numbers)


async def test_those_who_ask_at_once_share_one_answer() -> None:
    make, kept = Maker(), Remembered(60)
    assert await asyncio.gather(*(kept.get("a", make) for _ in range(20))) == [1] * 20
    assert await kept.get("b", make) == 2
    assert await kept.get("a", make) == 1


async def test_an_answer_that_has_aged_is_given_while_the_next_is_made() -> None:
    make, kept = Maker(), Remembered(0)
    assert await kept.get("a", make) == 1
    await asyncio.sleep(0.001)
    assert await kept.get("a", make) == 1
    await asyncio.sleep(0.05)
    assert await kept.get("a", make) == 2


async def test_a_failure_is_not_kept_and_takes_no_answer_away() -> None:
    make, kept = Maker(), Remembered(0)
    make.fails = True
    with pytest.raises(OSError, match="away"):
        await kept.get("a", make)
    make.fails = False
    assert await kept.get("a", make) == 1
    make.fails = True
    await asyncio.sleep(0.001)
    assert await kept.get("a", make) == 1
    await asyncio.sleep(0.05)
    assert await kept.get("a", make) == 1
