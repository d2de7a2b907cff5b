"""Callers that are slow, greedy or gone, and a gateway that is asked to end."""

import asyncio
import json
import time

import httpx
import pytest

from tests.gateway.raw import Raw, head
from tests.gateway.service import BATCH, LINES, STRUCTURED, event, lines, on_topic, stage

ONE = json.dumps(event(7)).encode()


@pytest.mark.slow
async def test_who_holds_a_connection_open_for_nothing_is_cut_off(here):
    """Each of them waits ten seconds, all at once; meanwhile others are served."""
    began = time.monotonic()
    async with (
        Raw.to(here) as silent,
        Raw.to(here) as in_the_headers,
        Raw.to(here) as in_the_body,
        Raw.to(here) as after_the_answer,
        Raw.to(here) as trickling,
    ):
        await in_the_headers.say("POST /v1/events HTTP/1.1\r\nhost: g\r\nx-a: ")
        await in_the_body.say(head(here, STRUCTURED, len(ONE)) + ONE[:40].decode())
        await after_the_answer.say(head(here, "text/plain", 1_000_000) + "no end")
        refused = await after_the_answer.hear()
        while not refused.endswith(b"}"):
            refused += await after_the_answer.hear()
        await trickling.say(head(here, LINES, 100_000))
        drops = asyncio.create_task(trickle(trickling))

        async with here.client() as client:
            served = await client.post(
                "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
            )
        ends = await asyncio.gather(
            *(one.hear() for one in (silent, in_the_headers, after_the_answer, in_the_body)),
            trickling.hear(),
        )
        drops.cancel()

    assert served.status_code == 202
    assert b" 415 " in refused
    assert ends[:3] == [b"", b"", b""]
    for end in ends[3:]:
        assert end.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in end
    assert 8 < time.monotonic() - began < 25


async def trickle(into: Raw) -> None:
    while True:
        await into.say("{")
        await asyncio.sleep(0.1)


async def test_headers_without_end_are_too_large(here):
    async with Raw.to(here) as endless:
        await endless.say("POST /v1/events HTTP/1.1\r\nhost: g\r\n")
        await endless.say("x-a: b\r\n" * 10_000)
        answer = await endless.hear()

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_half_a_body_makes_no_event(here):
    async with Raw.to(here) as half:
        await half.say(head(here, BATCH, 10_000) + json.dumps([event(8)])[:-1])

    async with here.client() as client:
        gone = 0.0
        while not gone:
            await asyncio.sleep(0.05)
            gone = await here.sample("emc_gateway_requests_total", status="gone")
        answer = await client.post(
            "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
        )

    assert answer.status_code == 202
    ids = {json.loads(one.value)["id"] for one in await on_topic(here.bootstrap, here.topic)}
    assert "00000008" not in ids


async def test_of_a_cut_stream_the_whole_lines_are_taken(here):
    """Nobody is there to be told; sent again they are the same events."""
    async with Raw.to(here) as cut:
        await cut.say(head(here, LINES, 10_000_000))
        await cut.say(lines([event(number) for number in range(20_000, 21_000)]))
        await asyncio.sleep(0.5)

    ids = {json.loads(one.value)["id"] for one in await on_topic(here.bootstrap, here.topic)}
    assert "00020000" in ids


async def test_who_sends_faster_than_his_rate_is_told_when_to_come_again(
    tansu, database, tmp_path
):
    said = {"rate_per_second": 20}
    async with (
        stage(tansu.bootstrap, database, tmp_path, source=said, kafka_idempotent="0") as here,
        here.client() as client,
    ):
        # Five seconds' worth at once, and what is too much is owed.
        first = await client.post(
            "/v1/events",
            json=[event(number) for number in range(110)],
            headers={"content-type": BATCH},
        )
        second = await client.post(
            "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
        )
        await asyncio.sleep(float(second.headers["retry-after"]))
        third = await client.post(
            "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
        )
        began = time.monotonic()
        stream = await client.post(
            "/v1/events",
            content=lines([event(number) for number in range(40)]),
            headers={"content-type": LINES},
        )
        after = await client.post(
            "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
        )

    assert (first.status_code, first.json()["accepted"]) == (202, 110)
    assert (second.status_code, second.json()["code"]) == (429, "rate")
    assert second.headers["retry-after"] == "1"
    assert third.status_code == 202
    # A stream is held back, not refused half-way.
    assert stream.status_code == 202
    assert after.status_code == 429
    assert time.monotonic() - began < 20


async def test_what_would_fill_the_memory_is_answered_with_come_again(
    tansu, database, tmp_path
):
    """Bodies that are on their way hold what they said they would be, and no more is taken on."""
    async with (
        stage(
            tansu.bootstrap,
            database,
            tmp_path,
            kafka_idempotent="0",
            gateway_memory_mb="1",
            gateway_requests="3",
        ) as here,
        here.client() as client,
        Raw.to(here) as large,
        Raw.to(here) as other,
    ):
        half = b"[" + b" " * 700_000
        await large.say(head(here, BATCH, 1_000_000).encode() + half)
        await other.say(head(here, BATCH, 1_000_000).encode() + half)
        busy = await other.hear()
        # A small one still finds room.
        small = await client.post(
            "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
        )
        async with Raw.to(here) as second, Raw.to(here) as third:
            for one in (second, third):
                await one.say(head(here, STRUCTURED, 100))
            await asyncio.sleep(0.3)
            crowded = await client.post(
                "/v1/events", content=ONE, headers={"content-type": STRUCTURED}
            )
        await large.say(b" " * (1_000_000 - len(half) - 1) + b"]")
        done = await large.hear()

    assert b" 503 " in busy
    assert b"retry-after: 1" in busy
    assert small.status_code == 202
    assert (crowded.status_code, crowded.json()["code"]) == (503, "busy")
    assert crowded.headers["retry-after"] == "1"
    assert b" 202 " in done


async def test_asked_to_end_it_answers_what_is_under_way_and_takes_nothing_new(
    tansu, database, tmp_path
):
    async with stage(tansu.bootstrap, database, tmp_path, kafka_idempotent="0") as here:
        async with Raw.to(here) as under_way:
            await under_way.say(head(here, STRUCTURED, len(ONE)) + ONE[:40].decode())
            await asyncio.sleep(0.3)
            here.gateway.ask_to_end()
            await asyncio.sleep(0.5)
            with pytest.raises(httpx.ConnectError):
                async with here.client() as client:
                    await client.get("/-/healthy")
            await under_way.say(ONE[40:])
            answer = await under_way.hear()
        await asyncio.to_thread(here.gateway.succeed, 30)

        ids = [
            json.loads(one.value)["id"] for one in await on_topic(here.bootstrap, here.topic)
        ]

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert ids == ["00000007"]
