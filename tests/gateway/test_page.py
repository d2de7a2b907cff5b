"""The page for those who send over HTTP, tried on a running gateway."""

import asyncio
import shutil

import pytest

from tests.docs.pages import environment, missing, save_files, steps, typed
from tests.servers.require import absent

PAGE = "docs/how-to/send-over-http.md"


@pytest.fixture(autouse=True)
def curl() -> None:
    if shutil.which("curl") is None:
        absent("curl", "apt-get install curl")


async def test_the_gateway_answers_as_the_page_says(here, tmp_path):
    save_files(PAGE, tmp_path)
    around = environment(tmp_path, TOKEN=here.token)
    found = steps(PAGE, "gateway")

    for step in found:
        command = step.command.replace("http://127.0.0.1:8081", here.gateway.url)
        said = await asyncio.to_thread(typed, command, tmp_path, around, within_s=60)

        assert missing(step.shown, said) == [], said
    assert len(found) == 10
