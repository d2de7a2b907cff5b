"""Releases over the API: open to everybody, the same bytes for ever, and nothing beside them."""

import asyncio
from pathlib import Path

import asyncpg

from monitor.ledger import releases
from monitor.ledger.migrate import migrate
from monitor.ledger.releases import as_csv, as_json
from tests.ledger.test_releasing import Books, day
from tests.outlets.api.service import Here, here


async def released(dsn: str) -> dict[str, tuple[bytes, bytes]]:
    """Some days of the table `received` made; the files of each by its day."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        books = Books(connection)
        await books.month("2026-05-04", "2026-06-05")
        await books.cut("2026-06-08T07:00:00")
        await books.make("2026-06-08T08:00:00")
        found = await releases.listed(connection, "received")
        made = {}
        for one in found:
            release = await releases.read(connection, "received", one.last_day)
            assert release is not None
            name = next(
                text
                for text in (f"2026-06-{number:02d}" for number in range(1, 6))
                if day(text) == one.last_day
            )
            made[name] = (as_json(release), as_csv(release))
        return made
    finally:
        await connection.close()


async def shown(api: Here, path: str, role: str = "") -> list[str]:
    """Every page of a list, as the days that releases end on."""
    found: list[str] = []
    following: str | None = path
    while following is not None:
        answer = await api.get(following, role)
        assert answer.status_code == 200, answer.text
        found += [one["last_day"] for one in answer.json()["releases"]]
        following = answer.json()["next"]
    return found


async def test_everybody_reads_the_same_release(database: str, tmp_path: Path):
    made = await released(database)
    assert len(made) >= 3
    async with here(database, tmp_path, fill=()) as api:
        tables = (await api.get("releases")).json()["tables"]
        days = await shown(api, "releases/received?limit=2")
        on = days[0]
        answers = [
            await api.get(f"releases/received/{on}", role)
            for role in ("", "public", "agency", "national")
        ]
        table = await api.get(f"releases/received/{on}?format=csv")
        again = await api.get(
            f"releases/received/{on}", if_none_match=answers[0].headers["etag"]
        )
        month = await api.get("releases/received/2026-06")
        none = await asyncio.gather(
            api.get("releases/received/2026-05-04"),
            api.get("releases/nothing"),
            api.get("releases/nothing/2026-06"),
            api.get("releases/received/2026-13"),
        )

    assert [one["table"] for one in tables] == ["received"]
    assert days == sorted(made, reverse=True), "newest first, each once"
    assert {one.content for one in answers} == {made[on][0]}
    assert answers[0].headers["cache-control"] == "public, max-age=60"
    assert table.content == made[on][1]
    assert (again.status_code, again.content) == (304, b"")
    assert len(month.json()["sum_of"]) == len(made)
    assert "suppressed" in {cell["standing"] for cell in month.json()["cells"]}
    assert [one.status_code for one in none] == [404, 404, 404, 400]
