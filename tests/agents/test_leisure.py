"""The collector is off while the worker folds, and memory stays flat nevertheless."""

import asyncio
import gc
import platform
import resource
import weakref

import pytest

from agents import leisure


class Ring:
    def __init__(self):
        self.itself = self


async def test_the_collector_is_off_within_and_on_again_afterwards():
    async with leisure.collecting_at_leisure():
        assert not gc.isenabled()

    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


async def test_cycles_are_collected_after_a_while(monkeypatch):
    monkeypatch.setattr(leisure, "FULL_SECONDS", 0.01)
    gone = asyncio.Event()
    async with leisure.collecting_at_leisure():
        watch = weakref.ref(Ring(), lambda _: gone.set())

        await asyncio.wait_for(gone.wait(), 10)
        assert watch() is None


async def test_cycles_that_outlived_a_collection_are_found_by_another(monkeypatch):
    monkeypatch.setattr(leisure, "FULL_SECONDS", 0.01)
    gone = asyncio.Event()
    async with leisure.collecting_at_leisure():
        ring = Ring()
        watch = weakref.ref(ring, lambda _: gone.set())
        await asyncio.sleep(0.05)
        del ring

        await asyncio.wait_for(gone.wait(), 10)
        assert watch() is None


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is asked")
async def test_large_blocks_are_kept_for_the_next_one():
    async with leisure.collecting_at_leisure():
        faults = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            _ = [b"x" * (8 * 1024 * 1024) for _ in range(4)]  # 8,192 pages
            del _
            faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

    assert faults[-1] < 1000
