"""Clients that others have written: the CloudEvents SDK, and curl."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from tests.gateway.service import STRUCTURED, event, lines, on_topic
from tests.servers.require import absent


@pytest.mark.parametrize("to_http", [to_structured_event, to_binary_event])
async def test_the_sdk_of_cloudevents_delivers(here, to_http):
    number = 301 if to_http is to_structured_event else 302
    said = event(number)
    message = to_http(
        CloudEvent(
            {
                "id": said["id"],
                "source": said["source"],
                "type": said["type"],
                "specversion": "1.0",
                "time": datetime(2026, 8, 3, 1, 12, 31, tzinfo=UTC),
                "datacontenttype": "application/json",
            },
            said["data"],
        )
    )

    async with here.client() as client:
        answer = await client.post(
            "/v1/events", content=message.body, headers=dict(message.headers)
        )

    assert answer.status_code == 202, answer.text
    ids = {json.loads(one.value)["id"] for one in await on_topic(here.bootstrap, here.topic)}
    assert f"{number:08d}" in ids


@pytest.fixture
def curl() -> str:
    found = shutil.which("curl")
    if found is None:
        absent("curl", "apt-get install curl")
    return found


def test_plain_curl_delivers(here, curl, tmp_path):
    body = tmp_path / "events.ndjson"
    body.write_bytes(lines([event(number) for number in range(310, 320)]))

    def send(*arguments: str) -> Any:
        done = subprocess.run(
            [curl, "-sS", "-H", f"Authorization: Bearer {here.token}", *arguments],
            capture_output=True,
            check=True,
            timeout=30,
        )
        return json.loads(done.stdout)

    one = send(
        "-H", f"Content-Type: {STRUCTURED}", "-d", json.dumps(event(303)),
        f"{here.gateway.url}/v1/events",
    )  # fmt: skip
    many = send(
        "-H", "Content-Type: application/x-ndjson", "--data-binary", f"@{body}",
        f"{here.gateway.url}/v1/events",
    )  # fmt: skip

    assert one == {"verdict": "accepted"}
    assert (many["received"], many["accepted"]) == (10, 10)
    assert httpx.get(f"{here.gateway.url}/-/ready").text == "events are taken\n"
