"""A certificate that was renewed is shown to who comes next, and nobody is cut off."""

import asyncio
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from tests.gateway.service import STRUCTURED, Stage, event, stage
from tests.servers.certificates import Authority


async def shown(here: Stage, trust: ssl.SSLContext) -> int:
    """The serial number of the certificate that a new connection is shown."""
    port = int(here.gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    del reader
    return x509.load_der_x509_certificate(found).serial_number


async def shows(here: Stage, trust: ssl.SSLContext, serial: int) -> None:
    async with asyncio.timeout(10):
        while await shown(here, trust) != serial:
            await asyncio.sleep(0.1)


async def test_a_renewed_certificate_is_shown_and_open_connections_go_on(
    tansu, database, tmp_path: Path
):
    authority = Authority(tmp_path / "ca")
    pair = authority.issue("gateway", serial=11)
    trust = ssl.create_default_context(cafile=str(authority.file))
    async with stage(
        tansu.bootstrap,
        database,
        tmp_path,
        wait=False,
        kafka_idempotent="0",
        gateway_tls_certificate=str(pair.certificate),
        gateway_tls_key=str(pair.key),
        brisk="1",
    ) as here:
        assert await shown(here, trust) == 11
        only_one = httpx.Limits(max_connections=1)
        async with here.client(verify=trust, limits=only_one) as client, asyncio.timeout(40):
            while (await client.get("/-/ready")).status_code != 200:
                await asyncio.sleep(0.1)
            before = (await client.get("/-/ready")).extensions["network_stream"]
            mine = before.get_extra_info("client_addr")

            authority.issue("gateway", serial=12, days=30)
            await shows(here, trust, 12)

            answer = await client.post(
                "/v1/events",
                content=json.dumps(event()),
                headers={"content-type": STRUCTURED},
            )
            after = answer.extensions["network_stream"]
            assert (answer.status_code, after.get_extra_info("client_addr")) == (202, mine)
        until = await here.sample("emc_gateway_certificate_valid_until_timestamp_seconds")
        left = datetime.fromtimestamp(until, UTC) - datetime.now(UTC)  # noqa: TID251
        assert left.days in (29, 30)

        pair.key.write_text("no key")
        async with asyncio.timeout(10):
            while "the one before it is shown on" not in here.gateway.said():
                await asyncio.sleep(0.1)
        assert await shown(here, trust) == 12
        authority.issue("gateway", serial=13)
        await shows(here, trust, 13)


@pytest.mark.parametrize("broken", ["certificate", "key"])
async def test_without_a_certificate_that_can_be_used_it_does_not_start(
    tansu, database, tmp_path: Path, broken: str
):
    pair = Authority(tmp_path / "ca").issue("gateway")
    getattr(pair, broken).write_text("nothing of the kind")

    with pytest.raises(
        Exception, match=r"ended while starting(?s:.*)EMC_GATEWAY_TLS"
    ) as failed:
        async with stage(
            tansu.bootstrap,
            database,
            tmp_path,
            gateway_tls_certificate=str(pair.certificate),
            gateway_tls_key=str(pair.key),
        ):
            pass
    assert "cannot be used with" in str(failed.value)
    assert "Traceback" not in str(failed.value)
