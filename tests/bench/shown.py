"""`python -m tests.bench.shown`: from an event produced to Kafka to a number on an open page.

A real `emc demo` and a real Chromium. One dossier after the other is accepted in a province of which
nobody else tells; until it stands in the ledger, and until the open page shows it, is measured.
Once at the demo's own pace, once beside a moderate flow. Without `--times` it is over in two minutes.

--times N       default 30
--rates N,M     events a second that come besides; default 20,50
--json FILE     the same figures for a machine
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaProducer
from playwright.async_api import Page, async_playwright

from tests.outlets.api.service import Here
from tests.outlets.console.demo import SILENT, Demo, accepted, demo
from tests.servers.require import require

LOOK_SECONDS: Final = 0.004  # between two looks whether it is booked
PAUSE_SECONDS: Final = (0.4, 5.0)  # before the next: the poll rests, or does not
SETTLE_SECONDS: Final = 20.0  # for the connections of the past to be judged, and so on
# Resolves with the time when the number is there.
_WATCH: Final = """([name, text]) => new Promise(seen => {
    const place = document.querySelector(`[data-live='${name}']`)
    const look = () => place.textContent === text && (watching.disconnect(), seen(Date.now()))
    const watching = new MutationObserver(look)
    watching.observe(place, {childList: true, characterData: true, subtree: true})
    look()
})"""


@dataclass(frozen=True, slots=True)
class Shown:
    """In milliseconds from the producer, one an event."""

    rate: int
    booked: list[float]
    seen: list[float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shown")
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument(
        "--rates", type=lambda said: list(map(int, said.split(","))), default=[20, 50]
    )
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    found = []
    for rate in asked.rates:
        with demo(events_a_second=rate) as (running, here):
            found.append(asyncio.run(_measure(running, here, rate, asked.times)))
        for what, times in (
            ("in the ledger", found[-1].booked),
            ("on the page", found[-1].seen),
        ):
            print(f"beside {rate:>3} events/s  {what:<14}{_said(times)}", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    return 0


def _said(times: list[float]) -> str:
    cuts = quantiles(times, n=20, method="inclusive")
    return f"p50 {cuts[9]:5.0f} ms   p95 {cuts[18]:5.0f} ms   max {max(times):5.0f} ms"


async def _measure(running: Demo, here: Here, rate: int, times: int) -> Shown:
    [kafka] = running.printed("Kafka")
    pauses = Random(1)
    found = Shown(rate, [], [])
    async with (
        async_playwright() as driver,
        asyncpg.create_pool(here.database, min_size=1, max_size=1) as pool,
    ):
        browser = await driver.chromium.launch(
            executable_path=require("chromium"), args=["--no-sandbox"]
        )
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
        await producer.start()
        try:
            page = await _opened(await browser.new_page(), here)
            await asyncio.sleep(SETTLE_SECONDS)
            for number in range(times + 1):
                booked, seen = await _one(page, producer, pool, number)
                if number:  # the first may have to wait for connections
                    found.booked.append(booked)
                    found.seen.append(seen)
                await asyncio.sleep(pauses.uniform(*PAUSE_SECONDS) if number % 3 == 0 else 0.4)
        finally:
            await producer.stop()
            await browser.close()
    return found


async def _opened(page: Page, here: Here) -> Page:
    await page.goto(here.serve.url + "/sign-in")
    await page.fill("#token", here.held["national"])
    await page.click("form.stacked button")
    await page.wait_for_selector("#fresh.on")
    return page


async def _one(
    page: Page, producer: AIOKafkaProducer, pool: Any, number: int
) -> tuple[float, float]:
    """Until it is in the ledger, and until it is on the page."""
    name = f"{SILENT}.open"
    now = int(await page.inner_text(f"[data-live='{name}']"))
    seeing = asyncio.create_task(page.evaluate(_WATCH, [name, str(now + 1)]))
    await asyncio.sleep(0.05)  # it watches
    key, value = accepted(number)
    sent = time.time()
    await producer.send("emc.dossiers", value, key=key)
    while not await pool.fetchval(
        "SELECT EXISTS (SELECT FROM dossier WHERE key = $1)", key.decode()
    ):
        await asyncio.sleep(LOOK_SECONDS)
    booked = time.time()
    return (booked - sent) * 1000, await asyncio.wait_for(seeing, 30) - sent * 1000


if __name__ == "__main__":
    sys.exit(main())
