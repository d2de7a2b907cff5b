"""What the gateway understands and answers, as an OpenAPI 3.1 document.

Written here and not derived from handlers: what matters to a client, several content types on one
address and which status asks for what, no signature says. Schemas of events and their data are
those of `schemas`.
"""

import inspect
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from agents.edge import Notice
from agents.gateway.answer import Code
from agents.gateway.binding import BATCH_TYPE, LINES_TYPE, MOST_IN_A_BATCH
from agents.gateway.bulk import MOST_SHOWN
from agents.gateway.signals import EXTERNAL, HEARTBEAT, MAINTENANCE, RECONCILIATION
from agents.gateway.writer import Outcome
from monitor import __version__
from schemas.cloudevents import CONTENT_TYPE
from schemas.decode import LARGEST_BYTES
from schemas.inbound import INBOUND, data_of
from schemas.refusal import Reason

PATH: Final = "docs/reference/openapi.json"
Json = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
# Which problems every endpoint may answer with, beside those of a single status.
_EVERY: Final = (400, 401, 403, 405, 408, 413, 415, 429, 500, 503)
_ADVICE: Final = {
    202: "Accepted: everything that was sent is in Kafka.",
    200: "Read the verdicts: some events are refused, and sending them again changes nothing.",
    400: "Mend what was sent; again as it is it will be refused again.",
    401: "Send a token that the register has, and that is valid now.",
    403: "Call with TLS: a token that others can read is not taken.",
    405: "Another method is for this address.",
    408: "The body came too slowly.",
    413: "Send less at once, or a stream of lines.",
    415: "Send another content type or encoding; the answer says which.",
    429: "Again after Retry-After: the source sends faster than its rate.",
    500: "A fault of ours; what was sent may be accepted or not. Again, with the same ids.",
    503: "Again after Retry-After, with the same ids: Kafka or the gateway cannot take it now.",
}

EXAMPLE: Final[Json] = {
    "specversion": "1.0",
    "type": "dossier.state.v1",
    "source": "H56-onestop",
    "id": "a1b2",
    "time": "2026-08-03T08:12:31+07:00",
    "data": {
        "dossier": "H56.14-260803-0001",
        "state": 2,
        "procedure": "1.004194",
        "agency": "H56.14",
    },
}


def text(more: Mapping[str, Json] | None = None) -> str:
    """The document as JSON; `more` are paths that other modules answer."""
    encoded = msgspec.json.encode(document(more or {}))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def document(more: Mapping[str, Json]) -> Json:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "emc-monitor gateway",
            "version": __version__,
            "summary": "Events of procedure-handling systems, over HTTP.",
            "description": "An answer of the 200s is given once Kafka has what was accepted. Whoever"
            " gets no answer, or one of the 500s, sends again with the same event ids: what is told"
            " twice is counted once.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {**_paths(), **more},
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token that `emc source` gave out for the source.",
                }
            },
            "headers": {
                "RetryAfter": {
                    "description": "Seconds to wait before trying again.",
                    "schema": {"type": "integer", "minimum": 1},
                },
                "RequestId": {
                    "description": "Names the request in the gateway's log; the caller's own"
                    " X-Request-Id if it sent one of 16 to 64 letters, digits and hyphens.",
                    "schema": {"type": "string"},
                },
            },
            "schemas": {**_events(), **_answers()},
        },
    }


def _paths() -> dict[str, Json]:
    return {
        "/v1/events": {"post": _post_events()},
        "/v1/heartbeat": {
            "post": _post_data(
                HEARTBEAT, "heartbeat", "The system is alive.", {"interval_seconds": 60}
            )
        },
        "/v1/maintenance": {
            "post": _post_data(
                MAINTENANCE,
                "maintenance",
                "The system will be away.",
                {
                    "window": "2026-08-15.1",
                    "from": "2026-08-15T18:00:00+07:00",
                    "to": "2026-08-16T06:00:00+07:00",
                    "reason": "upgrade",
                },
            )
        },
        "/v1/reconciliation": {"post": _post_reconciliation()},
        "/v1/claims": {
            "post": _post_data(
                EXTERNAL,
                "claim",
                "A figure that no event tells.",
                {
                    "indicator": "adult_population",
                    "survey": "Niên giám thống kê 2025",
                    "agency": "H56",
                    "from": "2026-01-01",
                    "to": "2026-06-30",
                    "value": "2731000",
                },
            )
        },
        "/v1/openapi.json": {
            "get": {
                "operationId": "describe",
                "summary": "This document.",
                "security": [],
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
        "/-/healthy": {"get": _probe("healthy", "Whether the process answers.")},
        "/-/ready": {"get": _probe("ready", "Whether events can be taken now.")},
    }


def _post_events() -> Json:
    one = {"$ref": f"{_SCHEMAS}Event"}
    return {
        "operationId": "send",
        "summary": "Send events.",
        "description": "CloudEvents 1.0, by content type: one in structured mode, one in binary mode"
        " (attributes in `ce-` headers), a batch, or a stream of lines of any length. Batches and"
        f" streams may be gzip. An event has at most {LARGEST_BYTES:,} bytes, a batch at most"
        f" {MOST_IN_A_BATCH:,} events. The source is whose the token is; what the event says of it"
        " is not believed.",
        "parameters": [
            {
                "name": "verdicts",
                "in": "query",
                "description": "Of a batch: every verdict, or only those that are not plainly"
                " accepted.",
                "schema": {"type": "string", "enum": ["all", "others"], "default": "all"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                CONTENT_TYPE: {"schema": one, "example": EXAMPLE},
                BATCH_TYPE: {
                    "schema": {"type": "array", "items": one, "maxItems": MOST_IN_A_BATCH},
                    "example": [EXAMPLE],
                },
                LINES_TYPE: {
                    "schema": {"type": "string", "description": "An event a line."},
                    "example": msgspec.json.encode(EXAMPLE).decode() + "\n",
                },
                "application/json": {
                    "schema": {"type": "object"},
                    "example": EXAMPLE["data"],
                },
            },
        },
        "responses": {
            "202": _answer(202, {"anyOf": _refs("Accepted", "Verdicts")}),
            "200": _answer(200, *_refs("Verdicts")),
            **_problems(),
        },
    }


def _post_data(type_: str, name: str, summary: str, example: Json) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Becomes an event of type `{type_}`; its id follows from the body, or is the"
        " `Idempotency-Key`, so that a request that is repeated says nothing new.",
        "parameters": [_key()],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{_SCHEMAS}{data_of(INBOUND[type_]).__name__}"},
                    "example": example,
                }
            },
        },
        "responses": {"202": _answer(202, *_refs("Accepted")), **_problems()},
    }


def _post_reconciliation() -> Json:
    described = _post_data(
        RECONCILIATION,
        "reconcile",
        "What the source itself has counted for a day.",
        {
            "day": "2026-08-03",
            "claim": "2026-08-03.1",
            "counts": [{"type": "dossier.state.v1", "state": 2, "count": 212}],
        },
    )
    described["description"] += (
        " As text, CSV or lines of JSON: the list of codes of the day's dossiers, however long,"
        " taken as a whole or not at all. The day is then in the query."
    )
    described["parameters"] += [
        {
            "name": "day",
            "in": "query",
            "description": "Of a list: its day.",
            "schema": {"type": "string", "format": "date"},
        },
        {
            "name": "claim",
            "in": "query",
            "description": "Of a list: its name; the same again replaces nothing.",
            "schema": {"type": "string"},
        },
    ]
    codes = {"type": "string", "description": "A code a line."}
    described["requestBody"]["content"] |= {
        "text/plain": {"schema": codes, "example": "H56.14-260803-0001\n"},
        "text/csv": {"schema": codes, "example": "dossier\nH56.14-260803-0001\n"},
        LINES_TYPE: {"schema": codes, "example": '"H56.14-260803-0001"\n'},
    }
    return described


def _key() -> Json:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Becomes the event's id.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"},
    }


def _probe(name: str, summary: str) -> Json:
    said = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {
            "200": {"description": "It does.", **said},
            "503": {"description": "It does not; the text says why.", **said},
        },
    }


def _answer(status: int, schema: Json) -> Json:
    return {
        "description": _ADVICE[status],
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": {"application/json": {"schema": schema}},
    }


def _problems() -> Json:
    found = {}
    for status in _EVERY:
        headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if status in (429, 503):
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        found[str(status)] = {
            "description": _ADVICE[status],
            "headers": headers,
            "content": {"application/problem+json": {"schema": _refs("Problem")[0]}},
        }
    return found


def _refs(*names: str) -> list[Json]:
    return [{"$ref": f"{_SCHEMAS}{name}"} for name in names]


def _answers() -> dict[str, Json]:
    counted = {"type": "integer", "minimum": 0}
    notices = {
        "type": "array",
        "items": {"type": "string", "enum": [notice.value for notice in Notice]},
        "description": "What was noticed in an event that is accepted: "
        + " ".join(f"`{notice}`: {notice.meaning}" for notice in Notice),
    }
    verdict = {
        "type": "string",
        "enum": ["accepted", "refused", Outcome.NOT_WRITTEN.value, Outcome.UNKNOWN.value],
        "description": "`not_written`: it is not in Kafka; `unknown`: it may be. Both are sent"
        " again, with the same id.",
    }
    reason = {
        "type": "string",
        "enum": [reason.value for reason in Reason],
        "description": "Why it is refused; docs/reference/events.md has the meaning of each.",
    }
    field = {
        "type": "string",
        "description": "The place of what is wrong. Never the value.",
        "examples": ["data.state"],
    }
    summed = {
        "received": counted,
        "accepted": counted,
        "refused": counted,
        "unwritten": counted,
        "verdicts": {"type": "array", "items": {"$ref": f"{_SCHEMAS}Verdict"}},
        "verdicts_left_out": {
            **counted,
            "description": f"Of a stream: how many more there are than the first {MOST_SHOWN:,}.",
        },
    }
    one = {"verdict": verdict, "reason": reason, "field": field, "notices": notices}
    claim = {
        "claim": {"type": "string", "description": "The name of the claim."},
        "codes": {**counted, "description": "How many codes the list has."},
        "records": {**counted, "description": "How many events the list became."},
    }
    return {
        "Accepted": {
            "type": "object",
            "required": ["verdict"],
            "properties": {"verdict": {"const": "accepted"}, "notices": notices, **claim},
            "additionalProperties": False,
        },
        "Verdict": {
            "type": "object",
            "required": ["verdict"],
            "properties": {
                "place": {**counted, "description": "In the batch, from 0."},
                "line": {"type": "integer", "minimum": 1, "description": "Of the stream."},
                **one,
            },
            "additionalProperties": False,
        },
        "Verdicts": {
            "type": "object",
            "required": ["received", "accepted", "refused", "unwritten", "verdicts"],
            "properties": summed,
            "additionalProperties": False,
        },
        "Problem": {
            "type": "object",
            "description": "RFC 9457; `code` is the word to act upon.",
            "required": ["status", "title", "code", "request"],
            "properties": {
                "status": {"type": "integer"},
                "title": {"type": "string"},
                "code": {"type": "string", "enum": [code.value for code in Code]},
                "detail": {"type": "string"},
                "request": {"type": "string"},
                **one,
                **claim,
                **summed,
                "line": {"type": "integer", "description": "The line that is wrong."},
                "resume_from_line": {
                    "type": "integer",
                    "description": "Of a stream: all lines before it are done with.",
                },
            },
            "additionalProperties": False,
        },
    }


def _events() -> dict[str, Json]:
    _, components = msgspec.json.schema_components(
        list(INBOUND.values()), ref_template=_SCHEMAS + "{name}"
    )
    for component in components.values():
        component["description"] = inspect.cleandoc(component.get("description", ""))
    names = {type_: f"{_SCHEMAS}{event.__name__}" for type_, event in INBOUND.items()}
    return {
        "Event": {
            "oneOf": [{"$ref": name} for name in names.values()],
            "discriminator": {"propertyName": "type", "mapping": names},
        },
        **components,
    }
