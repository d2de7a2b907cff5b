"""Parts of a page are read at once, and none holds a connection while it waits for another."""

import asyncio
from itertools import pairwise
from pathlib import Path

from monitor.ledger.access import Role
from tests.outlets.api.service import Here, Serve
from tests.outlets.console.test_pages import visited


async def test_every_page_can_do_with_one_connection_also_when_many_are_opened(
    console: Here, tmp_path: Path
):
    """Whoever had one and wanted a second would wait for ever."""
    settings = {"EMC_DATABASE": console.database, "EMC_API_CONNECTIONS": "1"}
    serve = Serve(settings, tmp_path / "serve.log")
    await asyncio.to_thread(serve.start)
    try:
        async with Here(serve, console.database, console.held).client() as admin:
            signed_in = await admin.post(
                "/sign-in", data={"token": console.held["admin"]}, headers={"origin": serve.url}
            )
            assert signed_in.status_code == 303
            paths = await asyncio.to_thread(visited, console, Role.ADMIN)
            paths = [path for path in paths if not path.startswith("/sign-")]
            for both in pairwise(paths):
                answers = await asyncio.gather(*map(admin.get, both))
                for path, answer in zip(both, answers, strict=True):
                    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    finally:
        await asyncio.to_thread(serve.stop)
