"""The API as an OpenAPI 3.1 document, made of the endpoints that answer it."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from monitor import __version__
from monitor.ledger.access import Role
from monitor.outlets.api import documents
from monitor.outlets.api.asked import FORMAT, Format, Json, Parameter
from monitor.outlets.api.endpoint import BASE, Endpoint, Kept
from monitor.outlets.api.shapes import ProblemDocument
from monitor.outlets.api.written import MEDIA
from monitor.outlets.problem import PROBLEM_JSON, Code

PATH: Final = "docs/reference/api.json"
_SCHEMAS: Final = "#/components/schemas/"
_PROBLEM: Final = f"{_SCHEMAS}ProblemDocument"

_SAID_OF: Final[Mapping[int, str]] = {
    304: "What you have still holds.",
    400: "A parameter is not what it should be; the answer names it, the reason and the remedy.",
    401: "It is not public, or the token is not valid now.",
    403: "It is not for your role, or not of your agency; or the token came over a connection that"
    " others can read.",
    404: "There is nothing here, or what was known then is not kept.",
    406: "The answer has no such format.",
    414: "The query is too long.",
    429: "You ask faster than your rate, or many tokens from your address opened nothing.",
    500: "A fault of ours.",
    503: "The ledger does not answer, too much is in hand, or the answer took too long.",
}
_EVERY: Final = (400, 401, 403, 406, 414, 429, 500, 503)
_AGAIN: Final = (429, 503)

TAGS: Final[Mapping[str, str]] = {
    "about": "What there is, and as whom you see it.",
    "definitions": "What every number means.",
    "catalogue": "Agencies and procedures, as the reference files in force have them.",
    "releases": "What is published, each day: small counts are suppressed.",
    "figures": "Official figures: scorecards, rankings, facts, series, breakdowns.",
    "dossiers": "The dossiers behind a number; every look is written down.",
}


def text(endpoints: Sequence[Endpoint]) -> str:
    """The document as JSON."""
    encoded = msgspec.json.encode(document(endpoints))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def document(endpoints: Sequence[Endpoint]) -> Json:
    """The document."""
    used = {one.tag for one in endpoints}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "emc-monitor API",
            "version": __version__,
            "summary": "Official figures of public administration, and what they are made of.",
            "description": "Read only. Every number comes with its definition, what it is a quotient"
            " of, and as of which cut of the ledger it is known; the same cut and the same version of"
            " a set give the same bytes. A number that is missing says why in `standing`: null is"
            " never 0. JSON or CSV by `Accept` or `format`. An answer's `ETag` changes if and only if"
            " the answer does. Pages follow one another by `next`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": name, "description": says} for name, says in TAGS.items() if name in used
        ],
        "paths": {
            **{BASE + one.path: {"get": _operation(one)} for one in endpoints},
            f"{BASE}/openapi.json": {"get": _describe()},
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token that `emc access add` gave out. Its role says what is"
                    " open: " + "; ".join(f"{role}: {_ROLES[role]}" for role in Role) + ".",
                }
            },
            "headers": {
                "RetryAfter": {
                    "description": "Seconds to wait before asking again.",
                    "schema": {"type": "integer", "minimum": 1},
                },
                "RequestId": {
                    "description": "Names the request in the service's log.",
                    "schema": {"type": "string"},
                },
                "ETag": {
                    "description": "Strong: the same for the same bytes. Send it as If-None-Match.",
                    "schema": {"type": "string"},
                },
                "Link": {
                    "description": 'The page that follows, as `<…>; rel="next"`.',
                    "schema": {"type": "string"},
                },
            },
            "schemas": _schemas(endpoints),
        },
    }


_ROLES: Final[Mapping[Role, str]] = {
    Role.PUBLIC: "definitions, catalogue, releases, as without a token",
    Role.AGENCY: "all figures of an agency and what is below it, its dossiers by their codes,"
    " rankings of all",
    Role.NATIONAL: "all figures, dossiers by their tokens",
    Role.ADMIN: "all figures, dossiers by their codes",
}


def _operation(one: Endpoint) -> Json:
    public = Role.PUBLIC in one.open_to
    said = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [one.tag],
        "parameters": [_parameter(each) for each in (*one.parameters, FORMAT)],
        "security": [{}, {"token": []}] if public else [{"token": []}],
        "x-roles": sorted(one.open_to),
        "responses": _responses(one),
    }
    if one.says:
        said["description"] = one.says
    return said


def _parameter(one: Parameter) -> Json:
    return {
        "name": one.name,
        "in": "path" if one.in_path else "query",
        "description": one.says,
        "required": one.required,
        "schema": one.schema,
        "example": one.example,
    }


def _responses(one: Endpoint) -> Json:
    body: Json = (
        one.body if isinstance(one.body, dict) else {"$ref": f"{_SCHEMAS}{one.body.__name__}"}
    )
    schemas: Mapping[Format, Json] = {Format.JSON: body, Format.CSV: {"type": "string"}}
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    answers: Json = {
        "200": {
            "description": one.summary,
            "headers": headers,
            "content": {MEDIA[each]: {"schema": schemas[each]} for each in one.formats},
        }
    }
    if one.kept is not Kept.NOT:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        answers["304"] = {"description": _SAID_OF[304]}
    if any(each.name == "after" for each in one.parameters):
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    for status in sorted({*_EVERY, *one.problems}):
        answers[str(status)] = _problem(status)
    return answers


def _problem(status: int) -> Json:
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in _AGAIN:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    return {
        "description": _SAID_OF[status],
        "headers": headers,
        "content": {PROBLEM_JSON: {"schema": {"$ref": _PROBLEM}}},
    }


def _describe() -> Json:
    return {
        "operationId": "describe",
        "summary": "This document.",
        "tags": ["about"],
        "security": [{}],
        "responses": {
            "200": {
                "description": "OpenAPI 3.1",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }


def _schemas(endpoints: Sequence[Endpoint]) -> Json:
    bodies: list[type[msgspec.Struct]] = [ProblemDocument]
    bodies += [one.body for one in endpoints if not isinstance(one.body, dict)]
    _, components = msgspec.json.schema_components(
        list(dict.fromkeys(bodies)), ref_template=_SCHEMAS + "{name}"
    )
    # As it is written: numbers of so many decimals, no texts.
    found: dict[str, Any] = {
        name: _numbers(component) for name, component in sorted(components.items())
    }
    for component in found.values():
        if "description" in component:
            component["description"] = inspect.cleandoc(component["description"])
        component["additionalProperties"] = False
    found |= documents.SCHEMAS
    found["ProblemDocument"]["properties"]["code"]["enum"] = [code.value for code in Code]
    return found


def _numbers(schema: Any) -> Any:
    match schema:
        case {"type": "string", "format": "decimal"}:
            return {"type": "number"}
        case dict():
            return {name: _numbers(inner) for name, inner in schema.items()}
        case list():
            return [_numbers(inner) for inner in schema]
        case _:
            return schema
