"""Who is let in, and what each other one is told."""

import asyncio
import json
import re
import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agents.register import new_token, token_hash
from tests.gateway.raw import Raw, head
from tests.gateway.service import BATCH, STRUCTURED, Stage, event, now, stage

ONE = json.dumps(event())


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "code"),
    [
        ("/v1/events", {"content-type": STRUCTURED}, "{", 400, "refused"),
        ("/v1/events", {"content-type": STRUCTURED}, "", 400, "refused"),
        ("/v1/events", {"content-type": BATCH}, "{}", 400, "malformed"),
        ("/v1/events", {"content-type": BATCH}, "[1,", 400, "malformed"),
        ("/v1/events?verdicts=some", {"content-type": BATCH}, "[]", 400, "malformed"),
        ("/v1/events", {"content-type": "text/plain"}, ONE, 415, "wrong_media"),
        ("/v1/events", {"content-type": "application/json"}, ONE, 415, "wrong_media"),
        (
            "/v1/events",
            {"content-type": STRUCTURED + "; charset=utf-16"},
            ONE,
            415,
            "wrong_media",
        ),
        (
            "/v1/events",
            {"content-type": "application/cloudevents+xml"},
            ONE,
            415,
            "wrong_media",
        ),
        (
            "/v1/events",
            {"content-type": BATCH, "content-encoding": "br"},
            "[]",
            415,
            "wrong_media",
        ),
        (
            "/v1/events",
            {"content-type": BATCH, "content-encoding": "gzip"},
            "no gzip",
            400,
            "malformed",
        ),
        ("/v1/events", {"content-type": BATCH}, "[" + "1," * 10_000 + "1]", 413, "too_large"),
        ("/v1/events", {"content-type": BATCH}, " " * 5_000_000, 413, "too_large"),
        ("/v1/events", {"content-type": BATCH, "authorization": ""}, "[]", 401, "no_token"),
        (
            "/v1/events",
            {"content-type": BATCH, "authorization": "Basic x"},
            "[]",
            401,
            "no_token",
        ),
        (
            "/v1/events",
            {"content-type": BATCH, "authorization": "Bearer emc_nobodys"},
            "[]",
            401,
            "unknown_token",
        ),
        ("/v2/events", {}, "", 404, "not_found"),
    ],
)
async def test_what_cannot_be_done_says_why(here, path, headers, body, status, code):
    async with here.client() as client:
        answer = await client.post(path, content=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_another_method_is_told_the_right_one(here):
    async with here.client() as client:
        answer = await client.get("/v1/events")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_request_keeps_the_name_that_its_caller_gave_it(here):
    async with here.client() as client:
        named = await client.post(
            "/v1/events", content="x", headers={"x-request-id": "0f0e0d0c-0b0a-0908"}
        )
        # A number of a person, and what is no name at all, must not come into a log.
        others = [
            await client.post("/v1/events", content="x", headers={"x-request-id": name})
            for name in ("079203001234", "with blanks in it, and long")
        ]

    assert named.json()["request"] == "0f0e0d0c-0b0a-0908"
    assert named.headers["x-request-id"] == "0f0e0d0c-0b0a-0908"
    assert "0f0e0d0c-0b0a-0908" in here.gateway.said()
    assert "079203001234" not in here.gateway.said()
    for other in others:
        assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]{8}", other.headers["x-request-id"])


async def test_a_token_is_taken_from_when_it_is_valid_until_it_ends(here):
    old, new = here.token, new_token()
    async with here.sources() as sources:
        at = now()
        await sources.admit(
            here.source,
            token_hash(new),
            valid_from=at,
            others_until=at + timedelta(seconds=6),
            who="test",
        )

        async def both() -> tuple[int, int]:
            answers = []
            for token in (old, new):
                async with here.client(token) as client:
                    sent = await client.post(
                        "/v1/events", content="[]", headers={"content-type": BATCH}
                    )
                    answers.append(sent.status_code)
            return answers[0], answers[1]

        async with asyncio.timeout(20):
            while await both() != (202, 202):
                await asyncio.sleep(0.1)
            while await both() != (401, 202):
                await asyncio.sleep(0.1)
            source = await sources.find(here.source)
            assert source is not None
            [_, latest] = source.credentials
            assert await sources.dismiss(here.source, latest.id, at=now(), who="test")
            while await both() != (401, 401):
                await asyncio.sleep(0.1)
            # The tests that follow need one again.
            await sources.admit(here.source, token_hash(old + "x"), valid_from=at, who="test")
            object.__setattr__(here, "token", old + "x")
            while (await both())[1] == 401 and not await _let_in(here):
                await asyncio.sleep(0.1)


async def _let_in(here: Stage) -> bool:
    async with here.client() as client:
        sent = await client.post("/v1/events", content="[]", headers={"content-type": BATCH})
    return sent.status_code == 202


async def test_a_token_of_nobody_is_noted_without_being_kept(here):
    async with here.client("emc_knock-knock") as client:
        await client.post("/v1/events", content="[]", headers={"content-type": BATCH})

    [knocked] = await here.soon(
        "SELECT * FROM unknown_source WHERE said = $1",
        token_hash("emc_knock-knock").hex()[:8],
    )
    assert (knocked["via"], knocked["address"], knocked["records"]) == (
        "token",
        "127.0.0.1",
        1,
    )
    assert "knock-knock" not in here.gateway.said()


async def test_who_comes_through_an_unknown_proxy_is_not_on_this_machine(here):
    """A proxy beside us, that nobody told us of, brings in the clear what it got from anywhere."""
    async with here.client() as client:
        answer = await client.post(
            "/v1/events",
            content="[]",
            headers={"content-type": BATCH, "x-forwarded-for": "203.0.113.9"},
        )

    assert (answer.status_code, answer.json()["code"]) == (403, "tls_required")


async def test_a_trusted_proxy_tells_how_it_was_called(tansu, database, tmp_path):
    async with stage(
        tansu.bootstrap, database, tmp_path, kafka_idempotent="0", gateway_proxies="127.0.0.0/8"
    ) as here:
        statuses = {}
        for proto in ("http", "https"):
            async with here.client() as client:
                answer = await client.post(
                    "/v1/events",
                    content="[]",
                    headers={
                        "content-type": BATCH,
                        "x-forwarded-for": "198.51.100.1, 203.0.113.9",
                        "x-forwarded-proto": proto,
                    },
                )
            statuses[proto] = answer.status_code

    assert statuses == {"http": 403, "https": 202}


async def test_over_tls_a_token_is_taken_from_anywhere(tansu, database, tmp_path):
    certificate, key = _certificate(tmp_path)
    async with stage(
        tansu.bootstrap,
        database,
        tmp_path,
        wait=False,
        kafka_idempotent="0",
        gateway_tls_certificate=str(certificate),
        gateway_tls_key=str(key),
    ) as here:
        assert here.gateway.url.startswith("https://")
        trust = ssl.create_default_context(cafile=str(certificate))
        async with asyncio.timeout(30), here.client(verify=trust) as client:
            headers = {"content-type": STRUCTURED, "x-forwarded-for": "203.0.113.9"}
            while (await client.get("/-/ready")).status_code != 200:
                await asyncio.sleep(0.1)
            answer = await client.post("/v1/events", content=ONE, headers=headers)

    assert answer.status_code == 202


def _certificate(folder: Path) -> tuple[Path, Path]:
    """For this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(_loopback())]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "gateway.pem", folder / "gateway.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _loopback() -> Any:

    return ip_address("127.0.0.1")


@pytest.mark.parametrize(
    "offer",
    [
        "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEA\r\nUpgrade: h2c\r\n",
        "upgrade: websocket\r\nconnection: upgrade\r\n",
    ],
)
async def test_an_offer_of_another_protocol_is_passed_over_and_the_body_is_read(here, offer):
    """As the JDK's client makes it with each first request."""
    body = json.dumps(event(77, note="\r\nupgrade: h2c\r\n"))
    request = head(here, STRUCTURED, len(body)).replace("\r\n\r\n", f"\r\n{offer}\r\n")

    async with Raw.to(here) as caller:
        await caller.say(request + body)
        answer = await caller.hear()
        while not answer.endswith(b"}"):
            answer += await caller.hear()

    assert answer.startswith(b"HTTP/1.1 202 ")
    assert answer.endswith(b'{"verdict":"accepted"}')
