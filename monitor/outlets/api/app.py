"""The API's frame: one way in and one way out for every endpoint.

A request is named, its visitor known, its rate and its place among those in hand looked at, its address
read; the answer gets its format, its tag and the headers that keep it from being read as anything else.
Of what a visitor shows nothing gets into a log.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final
from urllib.parse import parse_qsl

import asyncpg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from monitor.ledger.ledger import AWAY
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.outlets.access import Access, Rates, refusal
from monitor.outlets.api import openapi, page
from monitor.outlets.api.aside import Aside
from monitor.outlets.api.asked import FORMAT, Asked, Format, read_all
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.endpoint import BASE, Endpoint, Kept
from monitor.outlets.api.written import (
    CONTENT_TYPE,
    SMALL_BYTES,
    Answer,
    chosen,
    compressed,
    matches,
    tag,
)
from monitor.outlets.problem import PROBLEM_JSON, Code, Problem
from monitor.reference.sets import ReadsDifferently

LONGEST_QUERY: Final = 2_000
MOST_IN_HAND: Final = 64
VARY: Final = "accept, accept-encoding, authorization"
# An answer is data: nobody is to run it, frame it, or take it for something else.
GUARD: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}

_SAY = structlog.get_logger("emc.api")


class Frame:
    """Joins endpoints with who may use them, and has their description at hand."""

    def __init__(
        self, desk: Desk, access: Access, rates: Rates, aside: Aside, patience: float
    ) -> None:
        self._desk = desk
        self._aside = aside
        self._patience = patience  # seconds
        self._access = access
        self._rates = rates
        self._in_hand = 0

    def handlers(self, endpoints: Sequence[Endpoint]) -> list[HTTPRouteHandler]:
        described = openapi.text(endpoints).encode()
        shown = page.page(endpoints).encode()
        return [
            *(self._handler(one) for one in endpoints),
            self._fixed(f"{BASE}/openapi.json", described, "application/json", {}),
            self._fixed(
                f"{BASE}/docs",
                shown,
                "text/html; charset=utf-8",
                {"content-security-policy": page.POLICY},
            ),
        ]

    def _fixed(
        self, path: str, body: bytes, content_type: str, headers: Mapping[str, str]
    ) -> HTTPRouteHandler:
        """What is the same for everybody as long as the process runs."""
        tag_ = tag(body, compressed=False)

        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            shown = {
                **guard(request),
                "content-type": content_type,
                "cache-control": Kept.SHARED.value,
                "etag": tag_,
                **headers,
            }
            if matches(request.headers.get("if-none-match", ""), tag_):
                return Response(b"", status_code=304, headers=shown)
            return Response(body, headers=shown)

        return HTTPRouteHandler(path, http_method=["GET", "HEAD"])(answer)

    def _handler(self, endpoint: Endpoint) -> HTTPRouteHandler:
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            return await self._framed(request, endpoint)

        path = (BASE + endpoint.path).replace("}", ":str}")
        return HTTPRouteHandler(path, http_method=["GET", "HEAD"], name=endpoint.name)(answer)

    async def _framed(
        self, request: Request[Any, Any, Any], endpoint: Endpoint
    ) -> Response[bytes]:
        if self._in_hand >= MOST_IN_HAND:
            return said(
                request,
                Problem(
                    Code.BUSY, "too many questions are in hand", "ask again", retry_after=1
                ),
            )
        self._in_hand += 1
        try:
            async with asyncio.timeout(self._patience):
                return await self._aside.do(self._answered(endpoint, request))
        except Problem as problem:
            return said(request, problem)
        except (TimeoutError, asyncpg.QueryCanceledError):
            return said(request, self._too_slow())
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return said(request, _not_set_up("the schema of this release", OWNER_MIGRATES))
        except asyncpg.InsufficientPrivilegeError:
            return said(
                request,
                _not_set_up(
                    "the rights that the API needs",
                    "run deploy/postgresql/roles.sql, and let `emc serve` log in as a member of"
                    " emc_server",
                ),
            )
        except ReadsDifferently as error:
            return said(request, _not_set_up("files that this release can read", str(error)))
        except AWAY as error:
            _SAY.warning("the ledger does not answer", error=type(error).__name__)
            return said(
                request,
                Problem(
                    Code.LEDGER_AWAY, "the ledger does not answer", "ask again", retry_after=5
                ),
            )
        finally:
            self._in_hand -= 1

    def _too_slow(self) -> Problem:
        return Problem(
            Code.TOO_SLOW,
            f"there was no answer within {self._patience:.0f} s",
            "ask for a shorter period, fewer at once, or again later",
            retry_after=10,
        )

    async def _answered(
        self, endpoint: Endpoint, request: Request[Any, Any, Any]
    ) -> Response[bytes]:
        visitor = await self._access.visitor(request)
        if wait := self._rates.take(visitor.name or visitor.address):
            raise Problem(
                Code.RATE,
                "you ask faster than your rate",
                "ask more slowly, or for more at once",
                retry_after=wait,
            )
        if visitor.role not in endpoint.open_to:
            raise refusal(visitor, BASE + endpoint.path)
        parameters = (*endpoint.parameters, FORMAT)
        values, written = read_all(parameters, request.path_params, _query(request))
        format_ = chosen(request.headers.get("accept", ""), values["format"], endpoint.formats)
        asked = Asked(visitor=visitor, path=request.scope["path"], said=values, written=written)
        answer = await endpoint.act(self._desk, asked)
        kept = endpoint.kept
        if kept is Kept.SHARED and not visitor.anonymous:
            kept = Kept.OWN
        return await _sent(request, endpoint, answer, format_, kept)


async def _sent(
    request: Request[Any, Any, Any],
    endpoint: Endpoint,
    answer: Answer,
    format_: Format,
    kept: Kept,
) -> Response[bytes]:
    body = answer.json if format_ is Format.JSON else answer.csv()
    small = len(body) < SMALL_BYTES
    squeeze = not small and takes_gzip(request.headers.get("accept-encoding", ""))
    headers = {
        **guard(request),
        "content-type": CONTENT_TYPE[format_],
        "cache-control": kept.value,
        "vary": VARY,
    }
    if kept is not Kept.NOT:
        headers["etag"] = tag(body, compressed=squeeze)
        if matches(request.headers.get("if-none-match", ""), headers["etag"]):
            headers.pop("content-type")
            return Response(b"", status_code=304, headers=headers)
    if format_ is Format.CSV:
        headers["content-disposition"] = f'attachment; filename="{endpoint.name}.csv"'
    if answer.next is not None:
        headers["link"] = f'<{answer.next}>; rel="next"'
    if squeeze:
        body = await compressed(body)
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers)


def guard(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Headers of every answer."""
    headers = {**GUARD, "x-request-id": named(request)}
    if request.url.scheme == "https":
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


def named(request: Request[Any, Any, Any]) -> str:
    """The request's name in the log."""
    state: dict[str, Any] = request.scope["state"]
    if "emc_request" not in state:
        state["emc_request"] = secrets.token_hex(8)
    name: str = state["emc_request"]
    return name


def said(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """A problem as an answer."""
    return Response(
        problem.body(named(request)),
        status_code=problem.code.status,
        headers={
            **guard(request),
            "content-type": PROBLEM_JSON,
            "cache-control": "no-store",
            **problem.headers,
        },
    )


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """What was raised before an endpoint was found, or is a fault of ours."""
    if not request.scope["path"].startswith("/api/"):
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 500:
            _log_fault(request, error)
        return Response(
            f"{error.detail if isinstance(error, HTTPException) else 'a fault of ours'}\n",
            status_code=status,
            headers={"content-type": "text/plain; charset=utf-8", **GUARD},
        )
    if isinstance(error, HTTPException) and error.status_code == 404:
        return said(
            request,
            Problem(Code.NOT_FOUND, "there is no such address", f"{BASE} lists them all"),
        )
    if isinstance(error, HTTPException) and error.status_code == 405:
        return said(
            request,
            Problem(
                Code.WRONG_METHOD,
                "this address is only read",
                "use GET or HEAD",
                headers={"allow": "GET, HEAD"},
            ),
        )
    _log_fault(request, error)
    return said(request, Problem(Code.FAULT, "a fault of ours", "tell us the request's name"))


def _log_fault(request: Request[Any, Any, Any], error: Exception) -> None:
    # Where and of which kind. Not the address, which may hold a dossier's code; nor the error's words
    # and the values around it, among which is what the visitor showed.
    places = [
        f"{Path(one.filename).name}:{one.lineno}" for one in extract_tb(error.__traceback__)
    ]
    _SAY.error(
        "a request failed",
        request=named(request),
        error=type(error).__name__,
        at=" > ".join(places[-6:]),
    )


def _query(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    raw: bytes = request.scope["query_string"]
    if len(raw) > LONGEST_QUERY:
        raise Problem(
            Code.TOO_LONG,
            f"the query has {len(raw):,} bytes",
            f"ask in at most {LONGEST_QUERY:,}",
        )
    try:
        return parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=30
        )
    except ValueError:
        raise Problem(
            Code.WRONG_PARAMETER,
            "the query cannot be read",
            "encode what is not ASCII as UTF-8 in %XX, and give at most 30 parameters",
        ) from None


def _not_set_up(lacks: str, remedy: str) -> Problem:
    return Problem(Code.NOT_SET_UP, f"the ledger lacks {lacks}", remedy)


def takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.split(",")[:20]:
        name, _, weight = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
