"""A caller that does what no client library would: one socket, and bytes at its own pace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from tests.gateway.service import Stage


@dataclass(frozen=True, slots=True)
class Raw:
    """A connection to the gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def to(cls, here: Stage) -> AsyncIterator[Self]:
        host, _, port = here.gateway.url.removeprefix("http://").partition(":")
        connection = cls(*await asyncio.open_connection(host, int(port)))
        try:
            yield connection
        finally:
            connection.writer.close()

    async def say(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def hear(self, within_s: float = 30) -> bytes:
        """The next bytes; none once the gateway has closed the connection."""
        async with asyncio.timeout(within_s):
            try:
                return await self.reader.read(65_536)
            except ConnectionResetError:
                return b""


def head(here: Stage, media: str, length: int) -> str:
    """The headers of a request whose body is still to come."""
    return (
        f"POST /v1/events HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {here.token}\r\n"
        f"content-type: {media}\r\ncontent-length: {length}\r\n\r\n"
    )
