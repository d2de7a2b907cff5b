"""What a system says of itself, without an envelope: heartbeat, maintenance, claims.

The body is the `data` of an event; type, id and time are ours to add. The same can be sent as a
CloudEvent to /v1/events; this is for a line of shell, a cron job, a spreadsheet.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from agents.gateway.answer import ENCODE, Code, Problem, Reply
from agents.gateway.binding import media_type
from agents.gateway.codes import CodeList, list_form
from agents.gateway.door import Visit
from agents.gateway.intake import Letter, Posted, Verdict
from agents.gateway.verdicts import single
from schemas.refusal import Refused

HEARTBEAT: Final = "source.heartbeat.v1"
MAINTENANCE: Final = "source.maintenance.v1"
RECONCILIATION: Final = "reconciliation.claim.v1"
EXTERNAL: Final = "external.claim.v1"

LARGEST_LIST: Final = 16 * 1024 * 1024  # bytes, inflated: some 700,000 codes
CODES_A_CHUNK: Final = 2_000
BYTES_A_CHUNK: Final = 40 * 1024  # with its envelope, and longer spellings, it stays a record

_RAW: Final = msgspec.json.Decoder(msgspec.Raw)
_PLACE: Final = re.compile(r"data\.codes\[([0-9]+)\]")
_KEY: Final = re.compile(rb"[\x21-\x7e]{1,64}")


@dataclass(frozen=True, slots=True)
class Said:
    """An endpoint that makes one event of a type from the body of a request.

    `again`: the same words said again are another event, as with heartbeats. Otherwise a request
    that is repeated makes the same event.
    """

    type: str
    again: bool = False

    async def __call__(self, visit: Visit) -> Reply:
        source = visit.identify()
        visit.intake.check()
        if media_type(visit.headers) != "application/json":
            raise Problem(Code.WRONG_MEDIA, "content-type is application/json")
        visit.intake.admit_rate(source, 1)
        body = await visit.open_body().whole()
        try:
            data = _RAW.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Problem(Code.MALFORMED, "the body is no JSON") from None
        told = f"{visit.request} {visit.now}".encode() if self.again else body
        [verdict] = await visit.intake.take(
            source, [_letter(visit, self.type, _name(told), data)]
        )
        return single(_without_data(verdict))


async def reconciliation(visit: Visit) -> Reply:
    """Counts as JSON; or a list of codes as text, CSV or lines of JSON, for the day in the query.

    A list is one claim, however many records it takes; nothing of it is written unless all is
    right, and the whole of it can be sent again under the same name.
    """
    form = list_form(visit.headers)
    if form is None:
        return await Said(RECONCILIATION)(visit)
    source = visit.identify()
    visit.intake.check()
    query = visit.query()
    if "day" not in query:
        raise Problem(Code.MALFORMED, "the query needs day=YYYY-MM-DD")
    day = query["day"]
    codes = CodeList(form)
    body = visit.open_body(LARGEST_LIST)
    async for piece in body.parts():
        body.hold(len(piece))
        codes.feed(piece)
    codes.end()
    claim = query.get("claim") or f"{day}.{visit.now:%Y%m%dT%H%M%S}"
    starts: list[int] = []
    letters: list[Letter] = []
    parts = list(_parts(codes.codes))
    for number, (start, part) in enumerate(parts, 1):
        starts.append(start)
        data = {
            "day": day,
            "claim": claim,
            "chunk": number,
            "chunks": len(parts),
            "codes": part,
        }
        letters.append(_letter(visit, RECONCILIATION, f"{claim}.{number}", data))
    visit.intake.admit_rate(source, len(letters))
    verdicts = await visit.intake.take(source, letters, together=True)
    told: dict[str, Any] = {"claim": claim, "codes": len(codes.codes), "records": len(letters)}
    for start, verdict in zip(starts, verdicts, strict=True):
        if isinstance(verdict, Refused):
            place = _PLACE.match(verdict.detail)
            if place is not None:
                told["line"] = codes.lines[start + int(place[1])]
            return single(_without_data(verdict), told)
    unwritten = [one for one in verdicts if isinstance(one, Posted) and not one.accepted]
    return single(unwritten[0] if unwritten else verdicts[0], told)


def _name(told: bytes) -> str:
    """An id that follows from what is told, in digits: letters might be somebody's name."""
    digits = f"{int.from_bytes(sha256(told).digest()) % 10**32:032}"
    return ":".join(digits[at : at + 4] for at in range(0, 32, 4))


def _parts(codes: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Where each part of the list begins, and the part; of an empty list one empty part."""
    start, size = 0, 0
    for place, code in enumerate(codes):
        length = len(code.encode()) + 8
        if place - start >= CODES_A_CHUNK or size + length > BYTES_A_CHUNK:
            yield start, codes[start:place]
            start, size = place, 0
        size += length
    yield start, codes[start:]


def _without_data(verdict: Verdict) -> Verdict:
    """Names the field as it is called in the body."""
    if isinstance(verdict, Refused):
        return Refused(verdict.reason, verdict.detail.removeprefix("data."))
    return verdict


def _letter(visit: Visit, type_: str, name: str, data: Any) -> Letter:
    """An event of the caller's; `idempotency-key` names it, if it is there."""
    key = visit.headers.get(b"idempotency-key", b"")
    return Letter(
        ENCODE(
            {
                "specversion": "1.0",
                "type": type_,
                "id": key.decode() if _KEY.fullmatch(key) else name,
                "source": visit.source.code if visit.source is not None else "",
                "time": visit.now.isoformat(),
                "data": data,
            }
        )
    )
