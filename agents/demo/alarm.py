"""The service, Prometheus and Alertmanager joined, and a bell at the end of every route."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agents.demo.bell import Bell, Ring
from agents.demo.service import Running
from agents.demo.watch import Tools, Watch, page, watching


@dataclass(frozen=True, slots=True)
class Alarm:
    """Who watches, and what has rung."""

    watch: Watch
    bell: Bell

    async def addresses(self) -> list[tuple[str, str]]:
        """Where to look, or what to type where there is no page."""
        watch = self.watch
        return [
            ("Prometheus", await asyncio.to_thread(alerts_page, watch.prometheus)),
            ("Alertmanager", await asyncio.to_thread(alerts_told, watch.alertmanager)),
        ]


@asynccontextmanager
async def set_alarm(
    service: Running, tools: Tools, files: Mapping[str, Any], pace: int = 1
) -> AsyncIterator[Alarm]:
    """Within the block Prometheus scrapes the service, and alerts are told to the bell."""
    targets = {
        "serve": _host(service.address),
        "worker": _host(service.worker_metrics),
        "ingest": _host(service.ingest_metrics),
    }
    async with (
        Bell.hung(now_ms) as bell,
        watching(tools, files, targets, bell.url, service.folder, pace) as watch,
    ):
        yield Alarm(watch, bell)


def alerts_page(prometheus: str) -> str:
    """Its page of alerts. Debian's package has the classic pages only, which stand elsewhere."""
    pages = [f"{prometheus}/alerts", f"{prometheus}/classic/alerts"]
    return next((url for url in pages if page(url)), pages[0])


def alerts_told(alertmanager: str) -> str:
    """Its page, which is a program in the browser; Debian's package has a text in its place."""
    if "<script" in page(alertmanager):
        return alertmanager
    return f"amtool --alertmanager.url={alertmanager} alert"


def told_of(ring: Ring, begins_ms: int = 0) -> str:
    """An alert as it is printed; with the time since an incident began, if one has."""
    word = "ALERT" if ring.firing else "resolved"
    since = (ring.came_ms - begins_ms) / 1000
    when = f" ({since:.0f} s after it began)" if begins_ms and since >= 0 else ""
    return f"{word} {ring.name} [{ring.severity}] {ring.summary}{when}"


def now_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def _host(url: str) -> str:
    return url.removeprefix("http://").removesuffix("/metrics")
