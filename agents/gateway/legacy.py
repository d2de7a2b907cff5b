"""Endpoints for systems that nobody will change: TrackingMCDT, and those of the National Portal.

They answer in the envelope that the caller knows (`error_code`, `message`); what a message becomes
is in `schemas.tracking` and `schemas.onestop`, and in docs/reference/legacy.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, NoReturn

from agents.gateway.answer import ENCODE, Code, Problem, Reply
from agents.gateway.door import Visit
from agents.gateway.intake import AWAY_RETRY_SECONDS, Message, Verdict
from monitor.domain.zone import Zone
from monitor.ledger.sources import Source
from schemas import onestop, tracking
from schemas.event import Canonical
from schemas.lenient import Said
from schemas.onestop import Request, Teller
from schemas.refusal import Reason, Refused, Unreadable
from schemas.tracking import Hide

LARGEST_TRACKED: Final = 64 * 1024  # bytes of a message of one dossier
MOST_ERRORS: Final = 50  # that are told one by one

TAKEN: Final = "0"
PARTLY: Final = "3"
REFUSED: Final = "-3"
# A defect of a source: its client takes nothing but this for success.
REPLIES_00: Final = "replies-00"

_zone: Final = lru_cache(maxsize=64)(Zone)


async def tracking_mcdt(visit: Visit) -> Reply:
    """One message of one dossier. The sender is known by its number and its address."""
    visit.intake.check()
    body = await visit.open_body(LARGEST_TRACKED).whole()
    try:
        said = tracking.opened(body)
        site_id = said.number("SiteId")
    except Unreadable as error:
        # Whose it is nobody knows, so it is nobody's to look after.
        raise _unreadable(error) from None
    source = _known(visit, site_id)
    visit.intake.admit_rate(source, 1)

    def make(arrival_ms: int, source: Source, hide: Hide) -> Iterable[Canonical]:
        return tracking.events(
            tracking.read(said),
            source=source.code,
            owner=source.owner,
            hide=hide,
            arrival_ms=arrival_ms,
        )

    [verdict] = await visit.intake.take_made(source, [Message(make, lambda: body)])
    if isinstance(verdict, Refused):
        return _reply(400, REFUSED, _why(verdict))
    _check([verdict])
    return _reply(200, _success(source), "")


class OneStop:
    """Dossiers or steps of them; the service is in the address, or in the body."""

    def __init__(self, service: str = "") -> None:
        self._service = service

    async def __call__(self, visit: Visit) -> Reply:
        query = {name.lower(): said for name, said in visit.query().items()}
        source = _known(visit, _number(query.get("siteid", "")))
        visit.intake.check()
        body = await visit.open_body().whole()
        try:
            request = onestop.read(body, self._service, query.get("isupdating", ""))
        except Unreadable as error:
            visit.intake.admit_rate(source, 1)
            lost = Message(partial(_raise, error), lambda: body)
            await visit.intake.take_made(source, [lost])
            raise _unreadable(error) from None
        visit.intake.admit_rate(source, len(request.items))
        verdicts = await visit.intake.take_made(
            source, [_message(request, item) for item in request.items]
        )
        _check(verdicts)
        return _summed(source, verdicts)


def in_its_envelope(problem: Problem, request: str) -> Reply:
    """A problem as these callers read it; its status and headers stay."""
    reply = problem.reply(request)
    told = f"{problem.code.title}: {problem.detail}" if problem.detail else problem.code.title
    return Reply(
        reply.status,
        ENCODE({"error_code": REFUSED, "message": told, "request": request}),
        headers=reply.headers,
    )


def _known(visit: Visit, site_id: int | None) -> Source:
    """By its token if it brings one, else by its number and address."""
    return (
        visit.identify() if b"authorization" in visit.headers else visit.identify_site(site_id)
    )


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _message(request: Request, item: Said) -> Message:
    def make(arrival_ms: int, source: Source, hide: Hide) -> Iterable[Canonical]:
        teller = Teller(
            source=source.code,
            owner=source.owner,
            zone=_zone(source.zone),
            quirks=source.quirks,
            hide=hide,
        )
        return onestop.events(request, item, teller, arrival_ms)

    return Message(make, lambda: ENCODE(item.raw))


def _raise(error: Unreadable, *_: object) -> NoReturn:
    raise error


def _check(verdicts: Sequence[Verdict]) -> None:
    """Raises `Problem` if anything that was let in is not in Kafka."""
    if any(not isinstance(one, Refused) and not one.accepted for one in verdicts):
        raise Problem(
            Code.KAFKA_AWAY,
            "Kafka did not acknowledge in time: send it again",
            retry_after=AWAY_RETRY_SECONDS,
        )


def _summed(source: Source, verdicts: Sequence[Verdict]) -> Reply:
    refused = [(place, one) for place, one in enumerate(verdicts) if isinstance(one, Refused)]
    if not refused:
        return _reply(200, _success(source), "")
    errors = [
        {"place": place, "field": one.detail, "reason": one.reason}
        for place, one in refused[:MOST_ERRORS]
    ]
    return _reply(
        200,
        REFUSED if len(refused) == len(verdicts) else PARTLY,
        f"{len(refused)} of {len(verdicts)} refused; the first: {_why(refused[0][1])}",
        {"errors": errors},
    )


def _success(source: Source) -> str:
    return "00" if REPLIES_00 in source.quirks else TAKEN


def _unreadable(error: Unreadable) -> Problem:
    code = Code.TOO_LARGE if error.reason is Reason.TOO_LARGE else Code.MALFORMED
    return Problem(code, _why(Refused(error.reason, error.detail)))


def _why(refused: Refused) -> str:
    """The place and the reason, never what was sent."""
    return f"{refused.detail}: {refused.reason.meaning}"


def _reply(
    status: int, code: str, message: str, more: Mapping[str, Any] | None = None
) -> Reply:
    return Reply(status, ENCODE({"error_code": code, "message": message, **(more or {})}))


def paths() -> dict[str, Any]:
    """The endpoints as OpenAPI has them."""
    body = {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": ["object", "array"]}},
            "*/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }

    def told(description: str) -> dict[str, Any]:
        return {
            "description": description,
            "content": {"application/json": {"schema": _ENVELOPE}},
        }

    site = [
        {
            "name": "SiteId",
            "in": "query",
            "description": "Without a token: the number of the source in the register.",
            "schema": {"type": "integer"},
        },
        {
            "name": "isUpdating",
            "in": "query",
            "description": "Where the body does not say it.",
            "schema": {"type": "string", "enum": ["True", "False"]},
        },
    ]
    answers = {
        "200": told("Taken: `0`. `3`: some of it refused; `-3`: all of it."),
        "400": told("It cannot be read, or, of one message, it is refused."),
        "403": told("No source has this SiteId at this address."),
        "413": told("Too large."),
        "429": told("Faster than the source may send."),
        "503": told("Kafka cannot take it now: send it again after Retry-After."),
    }

    def post(id_: str, summary: str, parameters: list[Any]) -> dict[str, Any]:
        return {
            "post": {
                "operationId": id_,
                "summary": summary,
                "description": "Field by field: docs/reference/legacy.md. Whatever content type.",
                "security": [{}, {"token": []}],
                "parameters": parameters,
                "requestBody": body,
                "responses": answers,
            }
        }

    return {
        "/TrackingMCDT": post("trackingMCDT", "A change of a dossier's state.", []),
        "/onestop": post(
            "onestop", "Either of the two below, with `service` in the body.", site
        ),
        f"/onestop/{onestop.DOSSIER}": post("dongBoHoSoMC", "Dossiers as they are now.", site),
        f"/onestop/{onestop.PROGRESS}": post("capNhatTienDoHoSoMC", "Steps of dossiers.", site),
    }


_ENVELOPE: Final = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {
        "error_code": {"type": "string", "enum": ["0", "00", "3", "-3"]},
        "message": {"type": "string"},
        "request": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "place": {"type": "integer"},
                    "field": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}
