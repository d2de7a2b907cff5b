"""The addresses of the gateway. What other modules answer is mounted here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, asgi, get
from litestar.exceptions import HTTPException

from agents.gateway import legacy, openapi
from agents.gateway.answer import Code, Problem, Reply
from agents.gateway.door import ASGI, Act, Door
from agents.gateway.events import events
from agents.gateway.signals import EXTERNAL, HEARTBEAT, MAINTENANCE, Said, reconciliation
from schemas import onestop


@dataclass(frozen=True, slots=True)
class Route:
    """An address, its name in metrics, and what answers there."""

    path: str
    name: str
    act: Act
    problem: Callable[[Problem, str], Reply] = Problem.reply


ROUTES: Final = (
    Route("/v1/events", "events", events),
    Route("/v1/heartbeat", "heartbeat", Said(HEARTBEAT, again=True)),
    Route("/v1/maintenance", "maintenance", Said(MAINTENANCE)),
    Route("/v1/reconciliation", "reconciliation", reconciliation),
    Route("/v1/claims", "claims", Said(EXTERNAL)),
    Route("/TrackingMCDT", "tracking", legacy.tracking_mcdt, legacy.in_its_envelope),
    Route("/onestop", "onestop", legacy.OneStop(), legacy.in_its_envelope),
    *(
        Route(f"/onestop/{service}", "onestop", legacy.OneStop(service), legacy.in_its_envelope)
        for service in (onestop.DOSSIER, onestop.PROGRESS)
    ),
)


def build_app(door: Door) -> ASGI:
    """The web application: endpoints that all share the door, and what says how it fares."""
    pulse = door.health.pulse
    answers = {
        route.path: door.endpoint(route.name, route.act, problem=route.problem)
        for route in ROUTES
    }
    described = openapi.text(legacy.paths())

    @get("/-/healthy", media_type=MediaType.TEXT)
    async def healthy() -> Response[str]:
        return _probe(*pulse.healthy())

    @get("/-/ready", media_type=MediaType.TEXT)
    async def ready() -> Response[str]:
        return _probe(*pulse.ready())

    @get("/v1/openapi.json")
    async def described_() -> Response[str]:
        return Response(described, headers={"content-type": "application/json"})

    web = Litestar(
        [
            healthy,
            ready,
            described_,
            *(asgi(path, copy_scope=False)(answer) for path, answer in answers.items()),
        ],
        openapi_config=None,
        logging_config=None,
        exception_handlers={HTTPException: _problem},
    )
    hot = answers["/v1/events"]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # The one that is called thousands of times a second: finding its way through the
        # framework costs more than reading an event.
        if scope["type"] == "http" and scope["path"] == "/v1/events":
            await hot(scope, receive, send)
        else:
            await web(scope, receive, send)

    return app


def _problem(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    code = {404: Code.NOT_FOUND, 405: Code.WRONG_METHOD}.get(error.status_code, Code.FAULT)
    reply = Problem(code).reply("")
    headers = {**(error.headers or {}), "content-type": reply.media.decode()}
    return Response(reply.body, status_code=code.status, headers=headers)


def _probe(good: bool, text: str) -> Response[str]:
    return Response(
        f"{text}\n",
        status_code=200 if good else 503,
        media_type=MediaType.TEXT,
        headers={"cache-control": "no-store"},
    )
