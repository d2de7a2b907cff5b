"""All figures of a page are of one cut, and pages that are open hold nothing up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from monitor.ledger import official
from monitor.outlets import serve
from monitor.outlets.api.aside import Aside
from tests.outlets.api.service import POLICY, Here


@asynccontextmanager
async def signed_in(here: Here) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the government, at a service in this process, which can be looked into."""
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve.serve(
            dsn=here.database, policy=POLICY, host="127.0.0.1", port=0, stop=stop,
            ready=port.set_result,
        )
    )  # fmt: skip
    url = f"http://127.0.0.1:{await port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            answer = await client.post(
                "/sign-in", data={"token": here.held["national"]}, headers={"origin": url}
            )
            assert answer.status_code == 303
            yield client
    finally:
        stop.set()
        await serving


@pytest.mark.parametrize(
    ("path", "readings"),
    [
        ("/agencies/H56", 4),  # months, units, procedures, a scorecard
        ("/procedures/1.004194", 2),  # months, agencies
        ("/scorecards/report-06b?scope=H56&each=procedure", 3),  # the set, it again, procedures
    ],
)
async def test_all_that_a_page_reads_is_of_the_cut_that_it_found_first(
    path: str, readings: int, console: Here, monkeypatch: pytest.MonkeyPatch
):
    asked: list[Any] = []  # the very cuts: each that is looked up anew is another one

    def told(read: Any) -> Any:
        async def reads(*given: Any, cut: Any, **named: Any) -> Any:
            asked.append(cut)
            return await read(*given, cut=cut, **named)

        return reads

    for name in ("series", "breakdown"):
        monkeypatch.setattr(official, name, told(getattr(official, name)))
    async with signed_in(console) as client:
        assert (await client.get(path)).status_code == 200

    assert len(asked) == readings
    assert all(one is asked[0] for one in asked)


async def test_a_page_that_is_open_live_is_no_answer_under_way(
    console: Here, monkeypatch: pytest.MonkeyPatch
):
    """Else garbage would be collected at no moment for as long as any is open."""
    made: list[Aside] = []

    def kept(name: str) -> Aside:
        made.append(Aside(name))
        return made[0]

    monkeypatch.setattr(serve, "Aside", kept)
    async with signed_in(console) as client, client.stream("GET", "/live") as live:
        assert live.status_code == 200
        async for line in live.aiter_lines():
            if line.startswith("data:"):
                break
        assert made[0].under_way == 0
