"""The Python emitter: what it was given is on the topic, whatever dies in between."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest

from tests.gateway.service import event, on_topic


def told(number: int) -> dict[str, Any]:
    data: dict[str, Any] = event(number)["data"]
    return data


async def ids_on_topic(here) -> Counter[str]:
    found = await on_topic(here.bootstrap, here.topic)
    return Counter(json.loads(one.value)["id"] for one in found)


async def test_what_is_emitted_is_on_the_topic_and_gone_from_the_outbox(
    here, emitter, tmp_path
):
    with emitter.Emitter(
        str(tmp_path / "outbox.db"), f"{here.gateway.url}/v1/events", token=here.token
    ) as one:
        for number in range(1, 1_201):  # more than two batches
            one.emit("dossier.state.v1", told(number), id=f"{number:08d}")

        assert await asyncio.to_thread(one.flush, 20)
        assert (one.status.waiting, one.status.refused) == (0, 0)

    assert await ids_on_topic(here) == {f"{number:08d}": 1 for number in range(1, 1_201)}


async def test_an_outage_of_the_gateway_holds_nobody_up_and_loses_nothing(
    here, emitter, tmp_path
):
    path = str(tmp_path / "outbox.db")
    url = f"{here.gateway.url}/v1/events"
    await asyncio.to_thread(here.gateway.kill)

    with emitter.Emitter(path, url, token=here.token) as one:
        began = time.monotonic()
        for number in range(1, 301):
            one.emit("dossier.state.v1", told(number), id=f"{number:08d}")
        took = time.monotonic() - began
        assert not await asyncio.to_thread(one.flush, 0.5)
        assert one.status.waiting == 300
        # No speed is promised here: only that nobody waits for a network that is not there.
        assert took < emitter.TIMEOUT_SECONDS
        one.close(0.0)

    # Another process of the same program, another day; and the gateway is back, elsewhere.
    await asyncio.to_thread(here.gateway.start)
    await here.ready()
    with emitter.Emitter(path, f"{here.gateway.url}/v1/events", token=here.token) as one:
        assert await asyncio.to_thread(one.flush, 20)

    assert await ids_on_topic(here) == {f"{number:08d}": 1 for number in range(1, 301)}


async def test_a_program_killed_while_it_emits_loses_nothing_that_emit_returned_for(
    here, kit, tmp_path
):
    program = (
        "import sys\n"
        "from emc_emitter import Emitter\n"
        f"one = Emitter({str(tmp_path / 'outbox.db')!r}, {here.gateway.url + '/v1/events'!r},"
        f" token={here.token!r})\n"
        "for number in range(1, 100_000):\n"
        f"    one.emit('dossier.state.v1', {told(1)!r}, id=f'{{number:08d}}')\n"
        "    print(number, flush=True)\n"
    )
    emitting = subprocess.Popen(  # noqa: ASYNC220 - begins at once
        [sys.executable, "-c", program], cwd=kit, stdout=subprocess.PIPE, text=True
    )
    assert emitting.stdout is not None
    for line in emitting.stdout:
        if int(line) >= 700:
            emitting.send_signal(signal.SIGKILL)
            break
    returned = [int(line) for line in emitting.stdout] or [700]
    emitting.stdout.close()
    emitting.wait()

    sent = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "emc_emitter.py", "send", str(tmp_path / "outbox.db"),
         f"{here.gateway.url}/v1/events"],
        cwd=kit, env={"EMC_TOKEN": here.token}, timeout=60, check=False, capture_output=True,
    )  # fmt: skip

    assert sent.returncode == 0, sent.stderr
    found = await ids_on_topic(here)
    expected = {f"{number:08d}" for number in range(1, returned[-1] + 1)}
    assert expected - found.keys() == set()


async def test_a_refused_event_is_kept_with_its_reason_and_the_others_go_on(
    here, emitter, tmp_path, capsys
):
    path = str(tmp_path / "outbox.db")
    with emitter.Emitter(path, f"{here.gateway.url}/v1/events", token=here.token) as one:
        one.emit("dossier.state.v1", told(1), id="00000001")
        one.emit("dossier.state.v1", {**told(2), "state": 11}, id="00000002")
        one.emit("dossier.state.v1", told(3), id="00000003")
        assert await asyncio.to_thread(one.flush, 20)

    assert emitter.main(["status", path]) == 1
    assert capsys.readouterr().out.startswith("0 waiting, 1 refused")
    assert emitter.main(["refused", path]) == 0
    [line] = capsys.readouterr().out.splitlines()
    refused = json.loads(line)
    assert (refused["reason"], refused["field"]) == ("unknown_state", "data.state")
    assert refused["event"]["id"] == "00000002"
    assert set(await ids_on_topic(here)) == {"00000001", "00000003"}


async def test_two_processes_share_an_outbox_and_each_event_goes_once(here, emitter, tmp_path):
    path, url = str(tmp_path / "outbox.db"), f"{here.gateway.url}/v1/events"
    with (
        emitter.Emitter(path, url, token=here.token) as one,
        emitter.Emitter(path, url, token=here.token) as other,
    ):
        for number in range(1, 201):
            (one, other)[number % 2].emit("dossier.state.v1", told(number), id=f"{number:08d}")
        assert await asyncio.to_thread(one.flush, 20)

    assert await ids_on_topic(here) == {f"{number:08d}": 1 for number in range(1, 201)}


async def test_a_wrong_token_leaves_everything_in_the_outbox(here, emitter, tmp_path):
    with emitter.Emitter(
        str(tmp_path / "outbox.db"), f"{here.gateway.url}/v1/events", token="nobody's"
    ) as one:
        one.emit("dossier.state.v1", told(1))
        assert not await asyncio.to_thread(one.flush, 0.5)
        assert (one.status.waiting, one.status.refused) == (1, 0)
        one.close(0.0)


def test_a_full_outbox_says_so_at_once(emitter, tmp_path):
    outbox = emitter.Outbox(str(tmp_path / "outbox.db"), most_bytes=100_000)
    outbox.put([b"x" * 5_000] * 10)
    with pytest.raises(emitter.OutboxFull, match="100,000 bytes"):
        outbox.put([b"x" * 5_000] * 10)
    kept = outbox.status().waiting
    outbox.close()

    assert kept == 10


def test_what_is_no_event_is_refused_where_it_is_made(emitter, tmp_path):
    outbox = str(tmp_path / "outbox.db")
    with emitter.Emitter(outbox, "http://127.0.0.1:9/v1/events", token="t") as one:
        with pytest.raises(emitter.NotAnEvent, match="no JSON"):
            one.emit("dossier.state.v1", {"state": object()})
        with pytest.raises(emitter.NotAnEvent, match="bytes"):
            one.emit("dossier.state.v1", {"note": "x" * 70_000})
        assert one.status.waiting == 0
    with pytest.raises(ValueError, match="write https://HOST/v1/events"):
        emitter.Gateway("emc.example", "t")
