"""The page for those who read the API, tried on a running service."""

import asyncio
import shutil

import pytest

from monitor.ledger.migrate import migrate
from tests.docs.pages import environment, missing, steps, typed
from tests.outlets.api.service import Here
from tests.servers.require import absent

PAGE = "docs/how-to/read-the-api.md"


@pytest.fixture(autouse=True)
def curl() -> None:
    if shutil.which("curl") is None:
        absent("curl", "apt-get install curl")


async def test_the_api_answers_as_the_page_says(api: Here, tmp_path):
    around = environment(tmp_path, TOKEN=api.held["agency"])
    found = steps(PAGE, "api")

    for step in found:
        command = step.command.replace("http://127.0.0.1:8080", api.serve.url)
        said = await asyncio.to_thread(typed, command, tmp_path, around, within_s=60)

        assert missing(step.shown, said) == [], said
    assert len(found) == 7


async def test_tokens_are_given_out_as_the_page_says(database: str, tmp_path):
    await migrate(database)
    around = environment(tmp_path, EMC_DATABASE=database)
    found = steps(PAGE, "access")

    for step in found:
        said = await asyncio.to_thread(typed, step.command, tmp_path, around, within_s=60)

        assert missing(step.shown, said) == [], said
    assert len(found) == 4
