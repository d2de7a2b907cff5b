"""emc serve stops at once, also while pages are open live."""

import asyncio
import time
from pathlib import Path

from tests.outlets.api.service import Here, Serve


async def test_a_page_that_is_open_live_holds_no_stop_up(console: Here, tmp_path: Path) -> None:
    """Else each would be cut off after the seconds that last answers have, with a fault in the log."""
    serve = Serve({"EMC_DATABASE": console.database}, tmp_path / "serve.log")
    await asyncio.to_thread(serve.start)
    try:
        async with Here(serve, console.database, console.held).client() as client:
            await client.post(
                "/sign-in", data={"token": console.held["admin"]}, headers={"origin": serve.url}
            )
            async with client.stream("GET", "/live") as live:
                lines = live.aiter_lines()
                assert await anext(lines) == "retry: 2000"
                began = time.monotonic()
                stopping = asyncio.create_task(asyncio.to_thread(serve.stop))
                async for _ in lines:
                    pass
                await stopping
    finally:
        await asyncio.to_thread(serve.stop)

    assert time.monotonic() - began < 4
    assert "Traceback" not in (tmp_path / "serve.log").read_text("utf-8")
