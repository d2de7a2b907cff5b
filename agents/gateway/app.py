"""The gateway's parts joined: register, edge, writer, door, endpoints, server."""

import asyncio
import gc
import secrets
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import structlog
import uvicorn

from agents.edge import Edge
from agents.gateway.caller import Gatekeeper, networks
from agents.gateway.certificate import UNUSABLE, Certificate, keep_fresh
from agents.gateway.door import Door
from agents.gateway.health import GatewayHealth
from agents.gateway.intake import Intake
from agents.gateway.limits import Budget, Pace
from agents.gateway.protocol import BoundedProtocol
from agents.gateway.refusals import Refusals
from agents.gateway.routes import build_app
from agents.gateway.writer import Writer
from agents.keys import Keys
from agents.quarantine import Quarantine, Seal
from agents.register import Register
from agents.settings import SettingRefused, Settings
from agents.trouble import of_ledger
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.sources import Sources
from monitor.ledger.turned_away import TurnedAway

LAST_ANSWERS_SECONDS: Final = 15  # for requests under way when the gateway ends
KEEP_ALIVE_SECONDS: Final = 75
LOOK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 2.0
CONNECTIONS: Final = 2  # to the ledger: one reads the register, one writes what was refused
CLOSE_SECONDS: Final = 2.0
MB: Final = 1024 * 1024


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and says when it answers."""

    def __init__(self, config: uvicorn.Config, answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._answers = answers

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._answers()


async def answer(
    settings: Settings,
    health: GatewayHealth,
    *,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """Answer until `stop` is set; `ready` is told the address.

    Neither Kafka nor the ledger needs to be there at the start: until they are, requests are
    answered with what is missing. Raises `SettingRefused`, or `OSError` when the port is taken.
    """
    gatekeeper, keys, seal, certificate = _read(settings)
    # What is loaded by now is never garbage, so that nobody needs to walk it again. The collector
    # stays on: connections that come and go leave cycles behind.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    listener = _listen(settings.listening(), settings.gateway_port)
    topics = settings.topics()
    writer = Writer(
        settings.brokers().client(),
        topics=list(topics.values()),
        idempotent=bool(settings.kafka_idempotent),
        most_bytes=settings.gateway_memory_mb * MB,
        patience_s=settings.gateway_patience_seconds,
    )
    budget = Budget(settings.gateway_memory_mb * MB)
    async with (
        _ledger(settings) as pool,
        _fresh(Register(Sources(pool), now=_now)) as register,
        writer.running(),
    ):
        refusals = Refusals(
            TurnedAway(pool),
            Quarantine(seal, quota=settings.quarantine_quota),
            health,
            instance=secrets.randbelow(2**31),
        )
        edge = Edge(lambda: register.snapshot, keys, settings.days(), topics=topics)
        intake = Intake(
            edge=edge,
            writer=writer,
            refusals=refusals,
            pace=Pace(time.monotonic),
            health=health,
            now_ms=lambda: time.time_ns() // 1_000_000,
            default_rate=settings.gateway_rate,
        )
        door = Door(
            register=register,
            gatekeeper=gatekeeper,
            intake=intake,
            budget=budget,
            health=health,
            largest=settings.gateway_request_bytes,
            largest_stream=settings.gateway_stream_bytes,
            most_requests=settings.gateway_requests,
            now=_now,
        )
        scheme = "https" if certificate else "http"
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(
            build_app(door),
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
            ssl_certfile=settings.gateway_tls_certificate or None,
            ssl_keyfile=settings.gateway_tls_key or None,
        )
        config.load()
        server = _Server(config, answers=lambda: ready(f"{scheme}://{host}:{port}"))

        async def end() -> None:
            await stop.wait()
            health.pulse.stopping()
            server.should_exit = True

        async with refusals.running(), asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(end())
            looking = tasks.create_task(_look(door, writer, register, budget, health))
            beating = tasks.create_task(health.pulse.beat())
            aside = [ending, looking, beating]
            if certificate is not None and config.ssl is not None:
                fresh = keep_fresh(
                    certificate,
                    config.ssl,
                    brisk=bool(settings.brisk),
                    valid_until=health.show_certificate,
                )
                aside.append(tasks.create_task(fresh))
            try:
                await server.serve(sockets=[listener])
            finally:
                for task in aside:
                    task.cancel()
                listener.close()


def _read(settings: Settings) -> tuple[Gatekeeper, Keys, Seal | None, Certificate | None]:
    """What is made of settings alone. Raises `SettingRefused`."""
    say = structlog.get_logger("emc.gateway")
    try:
        trusted = networks(settings.gateway_proxies)
    except ValueError:
        raise SettingRefused(
            f"EMC_GATEWAY_PROXIES is {settings.gateway_proxies!r}; it must be addresses or ranges,"
            " comma-separated, as 10.0.0.0/8"
        ) from None
    keys = settings.keys()
    try:
        seal = Seal.from_text(settings.quarantine_key) if settings.quarantine_key else None
    except ValueError as error:
        raise SettingRefused(f"EMC_QUARANTINE_KEY: {error}") from None
    if seal is None:
        say.warning("EMC_QUARANTINE_KEY is not set: refused events are kept without bytes")
    certificate = _certificate(settings)
    if settings.gateway_plain:
        say.warning("EMC_GATEWAY_PLAIN is set: tokens are taken over connections in the clear")
    gatekeeper = Gatekeeper(trusted, plain_allowed=bool(settings.gateway_plain))
    return gatekeeper, keys, seal, certificate


def _certificate(settings: Settings) -> Certificate | None:
    """One that can be used, or none where plain HTTP is spoken."""
    certificate, key = settings.gateway_tls_certificate, settings.gateway_tls_key
    if bool(certificate) != bool(key):
        raise SettingRefused(
            "EMC_GATEWAY_TLS_CERTIFICATE and EMC_GATEWAY_TLS_KEY are set together or not at all"
        )
    if not certificate:
        return None
    found = Certificate(certificate, key)
    try:
        found.load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    except UNUSABLE as error:
        raise SettingRefused(
            f"EMC_GATEWAY_TLS_CERTIFICATE={certificate} cannot be used with EMC_GATEWAY_TLS_KEY={key}"
            f" ({error}); give PEM files, the chain and the key of its first certificate"
        ) from None
    return found


@asynccontextmanager
async def _ledger(settings: Settings) -> "AsyncIterator[asyncpg.Pool[Any]]":
    """Connections to the ledger, none of which is made before the first question."""
    pool = await asyncpg.create_pool(
        settings.database, min_size=0, max_size=CONNECTIONS, command_timeout=10, timeout=5
    )
    try:
        yield pool
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), CLOSE_SECONDS)


@asynccontextmanager
async def _fresh(register: Register) -> AsyncIterator[Register]:
    """The register, known as soon as the ledger answers."""

    async def keep() -> None:
        told = False
        while True:
            try:
                async with register:
                    await asyncio.Event().wait()
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                if not told:
                    structlog.get_logger("emc.gateway").warning(
                        "the register cannot be read; nobody is let in yet",
                        error=of_ledger(error),
                    )
                told = True
            await asyncio.sleep(AGAIN_SECONDS)

    keeping = asyncio.create_task(keep())
    try:
        yield register
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _look(
    door: Door, writer: Writer, register: Register, budget: Budget, health: GatewayHealth
) -> None:
    """What probes and gauges show."""
    while True:
        why = writer.away()
        if register.refreshed_at is None:
            why = "the register of sources is not known yet"
        health.pulse.tell_gateway(why)
        health.in_flight.set(door.requests_open())
        health.held.labels("bodies").set(budget.held)
        health.held.labels("records").set(writer.bytes)
        health.register_age.set(register.age_seconds())
        await asyncio.sleep(LOOK_SECONDS)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the shell


def _listen(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=1024)
