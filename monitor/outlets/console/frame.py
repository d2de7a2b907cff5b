"""The console's frame: one way in and one way out for every page.

A request gets its visitor from its cookie, its language, its parameters; the page gets the headers that
keep it from being run, framed or read by anybody else. What goes wrong is a page too.
"""

import asyncio
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import asyncpg
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from monitor.domain.composition import Unanswerable
from monitor.ledger.access import Role
from monitor.ledger.balances import NotKnown
from monitor.ledger.ledger import AWAY
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.ledger.official import NoSuch
from monitor.ledger.sessions import Sessions
from monitor.outlets.access import Access, Rates, Visitor, address_of, refusal
from monitor.outlets.api.app import (
    LONGEST_QUERY,
    MOST_IN_HAND,
    log_fault,
    named,
    takes_gzip,
)
from monitor.outlets.api.aside import Aside
from monitor.outlets.api.asked import Format, read_all
from monitor.outlets.api.desk import Desk, InForce
from monitor.outlets.api.written import SMALL_BYTES, compressed
from monitor.outlets.console import assets, sheets
from monitor.outlets.console.asked import EVERYWHERE
from monitor.outlets.console.chart_process import DRAWS
from monitor.outlets.console.drawing import drawn
from monitor.outlets.console.page import (
    EVERYBODY,
    Drawn,
    Elsewhere,
    File,
    Page,
    Shown,
    Table,
    Visit,
)
from monitor.outlets.console.plainly import plainly
from monitor.outlets.digest.words import Language
from monitor.outlets.problem import Code, Problem
from monitor.reference.sets import ReadsDifferently

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
GUARD: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
LONGEST_FORM: Final = 8_192
A_YEAR: Final = 31_536_000
SECURE_COOKIE: Final = "__Host-emc"
PLAIN_COOKIE: Final = "emc"  # of this machine, over plain HTTP: browsers refuse the other there
LANGUAGE: Final = "emc_lang"
THEME: Final = "emc_theme"
PROBLEM: Final = Page(
    path="",
    name="problem",
    title="app.name",
    open_to=EVERYBODY,
    act=None,  # type: ignore[arg-type]  # never opened
)

_SAY = structlog.get_logger("emc.console")


class Frame:
    """Joins pages with who may open them."""

    def __init__(
        self,
        desk: Desk,
        access: Access,
        rates: Rates,
        aside: Aside,
        sessions: Sessions,
        *,
        now: Callable[[], datetime],
        patience_seconds: float,
    ) -> None:
        self.desk = desk
        self.access = access
        self.aside = aside
        self.sessions = sessions
        self._rates = rates
        self._now = now
        self._patience = patience_seconds
        self._in_hand = 0
        self._pages: Sequence[Page] = ()
        self.at_stop: list[Callable[[], None]] = []  # what lets go of whoever waits

    def handlers(self, pages: Sequence[Page]) -> list[HTTPRouteHandler]:
        self._pages = pages
        return [
            *(self._handler(one, ["GET", "HEAD"], submits=False) for one in pages),
            *(self._handler(one, ["POST"], submits=True) for one in pages if one.submit),
            self._static(),
        ]

    def _handler(self, page: Page, methods: list[Any], *, submits: bool) -> HTTPRouteHandler:
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            form = await _form(request) if submits else None
            return await self._framed(request, page, form)

        path = page.path.replace("}", ":str}")
        name = f"console-{page.name}{'-submit' if submits else ''}"
        return HTTPRouteHandler(path, http_method=methods, name=name, status_code=200)(answer)

    def _static(self) -> HTTPRouteHandler:
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            found = assets.by_address().get(request.path_params["name"])
            if found is None:
                return self.missing(request)
            return Response(
                found.body,
                headers={
                    **GUARD,
                    "content-type": found.content_type,
                    "cache-control": f"public, max-age={A_YEAR}, immutable",
                },
            )

        return HTTPRouteHandler(
            f"{assets.BASE}/{{name:str}}", http_method=["GET", "HEAD"], name="console-static"
        )(answer)

    # -- one request -------------------------------------------------------------------------------

    async def _framed(
        self, request: Request[Any, Any, Any], page: Page, form: bytes | None
    ) -> Response[bytes]:
        if self._in_hand >= MOST_IN_HAND:
            return self.said(
                request,
                Problem(
                    Code.BUSY, "too many questions are in hand", "ask again", retry_after=1
                ),
                page=page,
            )
        self._in_hand += 1
        DRAWS.begin()
        try:
            async with asyncio.timeout(self._patience):
                return await self.aside.do(self._answered(request, page, form))
        except Exception as error:  # noqa: BLE001 - of one request; what is no problem is logged
            return self.said(request, problem_of(request, error), page=page)
        finally:
            self._in_hand -= 1

    async def _answered(
        self, request: Request[Any, Any, Any], page: Page, form: bytes | None
    ) -> Response[bytes]:
        visitor, cookie = await self.visitor(request)
        try:
            return await self._opened(request, page, form, visitor, cookie)
        except Exception as error:  # noqa: BLE001 - as above; but now we know who asks
            return self.said(request, problem_of(request, error), visitor, page)

    async def _opened(
        self,
        request: Request[Any, Any, Any],
        page: Page,
        form: bytes | None,
        visitor: Visitor,
        cookie: str,
    ) -> Response[bytes]:
        if wait := self._rates.take(visitor.name or visitor.address):
            raise Problem(
                Code.RATE, "you ask faster than your rate", "ask more slowly", retry_after=wait
            )
        if visitor.role not in page.open_to:
            raise refusal(visitor, request.scope["path"])
        query = _query(request)
        if ("format", Format.JSON.value) in query:
            raise Problem(
                Code.NOT_ACCEPTABLE, "a page has no JSON", "ask /api/v1", parameter="format"
            )
        said, written = read_all((*page.parameters, *EVERYWHERE), request.path_params, query)
        if said["theme"] is not None:  # a wish of the reader's, no state of the page
            del written["theme"]
        visit = Visit(
            visitor=visitor,
            language=_language(request, said["lang"]),
            theme=str(said["theme"] or _theme(request)),
            page=page,
            path=request.scope["path"],
            said=said,
            written=written,
            csrf=_mask(_csrf(cookie)) if cookie else "",
            cookie=cookie,
            unheard=self.access.unheard(request),
            form={} if form is None else _submitted(form),
            now_ms=self.desk.now_ms(),
            in_force=await self.desk.in_force(),
        )
        if form is not None and page.submit is not None:
            _same_origin(request)
            if cookie and not hmac.compare_digest(
                _unmask(visit.form.get("csrf", "")), _csrf(cookie)
            ):
                raise Problem(
                    Code.NOT_YOURS,
                    "the form is not of this sign-in",
                    "open the page again and send it anew",
                )
            return await self._sent(request, visit, await page.submit(self.desk, visit))
        return await self._sent(request, visit, await page.act(self.desk, visit))

    async def visitor(self, request: Request[Any, Any, Any]) -> tuple[Visitor, str]:
        """Who asks, by the cookie that was set at the sign-in; and that."""
        address = address_of(request)
        cookie = request.cookies.get(cookie_name(request), "")
        found = await self.sessions.holder(cookie, self._now()) if cookie else None
        if found is None:
            return Visitor(role=Role.PUBLIC, address=address), ""
        return (
            Visitor(
                role=found.role,
                name=found.name,
                agency=found.agency,
                token=found.id,
                address=address,
            ),
            cookie,
        )

    async def _sent(
        self, request: Request[Any, Any, Any], visit: Visit, shown: Shown
    ) -> Response[bytes]:
        headers = {
            **guard(request),
            "cache-control": visit.page.kept.value,
            "vary": "cookie, accept-encoding",
        }
        body, status = b"", 200
        match shown:
            case Elsewhere():
                answer = Response(
                    b"",
                    status_code=303,
                    headers={**headers, "cache-control": "no-store", "location": shown.to},
                )
                if shown.signed_in == "":  # the next at this machine finds no page of it
                    answer.headers["clear-site-data"] = '"cache"'
                if shown.signed_in is not None:
                    _set_cookie(request, answer, cookie_name(request), shown.signed_in)
                return _remembered(request, answer, visit)
            case Table():
                body = sheets.as_csv(shown)
                headers["content-type"] = "text/csv; charset=utf-8; header=present"
                headers["content-disposition"] = f'attachment; filename="{shown.name}.csv"'
            case File():
                body = shown.content
                headers["content-type"] = shown.content_type
                headers["content-disposition"] = f'attachment; filename="{shown.name}"'
            case Drawn():
                body = drawn(shown.template, visit, self._pages, **shown.values)
                headers["content-type"] = "text/html; charset=utf-8"
                status = shown.status
        if len(body) > SMALL_BYTES and takes_gzip(request.headers.get("accept-encoding", "")):
            body = await compressed(body)
            headers["content-encoding"] = "gzip"
        return _remembered(request, Response(body, status_code=status, headers=headers), visit)

    # -- what goes wrong ---------------------------------------------------------------------------

    def said(
        self,
        request: Request[Any, Any, Any],
        problem: Problem,
        visitor: Visitor | None = None,
        page: Page = PROBLEM,
    ) -> Response[bytes]:
        """A problem as a page. Who has not signed in is told where to."""
        query = _query_as_far_as_it_goes(request)
        lang = dict(query).get("lang", "")
        visit = Visit(
            visitor=visitor or Visitor(role=Role.PUBLIC),
            language=_language(request, Language(lang) if lang in tuple(Language) else None),
            theme=_theme(request),
            page=page,
            path=request.scope["path"],
            said={"known_at": None},
            written={"lang": lang} if lang in tuple(Language) else {},
            in_force=InForce(self.desk.own, None, None),
        )
        plain = plainly(
            visit,
            problem,
            path=request.path_params,
            query=query,
            submitted=request.method == "POST",
        )
        status = 403 if problem.code is Code.NO_TOKEN else problem.code.status
        here = request.scope["path"]
        if asked := request.scope["query_string"].decode("ascii", "replace"):
            here = f"{here}?{asked}"
        body = drawn(
            "problem.html",
            visit,
            self._pages,
            gone_wrong=True,
            plain=plain,
            request=named(request),
            sign_in=f"/sign-in?next={quote(here, safe='/')}" if status == 403 else "",
        )
        headers = {
            name: value
            for name, value in problem.headers.items()
            if name in ("retry-after", "allow")
        }
        return Response(
            body,
            status_code=status,
            headers={
                **guard(request),
                **headers,
                "content-type": "text/html; charset=utf-8",
                "cache-control": "no-store",
            },
        )

    def missing(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """That there is no such page."""
        return self.said(
            request,
            Problem(
                Code.NOT_FOUND, "there is no such address", "search, or go to the first page"
            ),
        )

    def only_read(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """That nothing is sent to this address."""
        return self.said(
            request,
            Problem(
                Code.WRONG_METHOD,
                "this address is only read",
                "use GET or HEAD",
                headers={"allow": "GET, HEAD"},
            ),
        )


def problem_of(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """What is told of an error; one that nobody expected is logged."""
    match error:
        case Problem():
            return error
        case NoSuch():
            return _told(Code.NOT_FOUND, error)
        case NotKnown():
            return _told(Code.NOT_KNOWN, error)
        case Unanswerable():
            return _told(Code.WRONG_PARAMETER, error)
        case TimeoutError() | asyncpg.QueryCanceledError():
            return Problem(
                Code.TOO_SLOW,
                "there was no answer in time",
                "ask for less, or later",
                retry_after=10,
            )
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            return Problem(
                Code.NOT_SET_UP, "the ledger lacks the schema of this release", OWNER_MIGRATES
            )
        case asyncpg.InsufficientPrivilegeError():
            return Problem(
                Code.NOT_SET_UP,
                "the ledger does not let the console read this",
                "run deploy/postgresql/roles.sql, and let `emc serve` log in as a member of emc_server",
            )
        case ReadsDifferently():
            return Problem(Code.NOT_SET_UP, str(error), "run the release that booked it")
        case _ if isinstance(error, AWAY):
            _SAY.warning("the ledger does not answer", error=type(error).__name__)
            return Problem(
                Code.LEDGER_AWAY, "the ledger does not answer", "ask again", retry_after=5
            )
        case _:
            log_fault(request, error)
            return Problem(Code.FAULT, "a fault of ours", "tell us the request's name")


def _told(code: Code, error: Exception) -> Problem:
    detail, _, remedy = str(error).partition("; ")
    return Problem(code, detail, remedy or "look at what there is")


# -- headers, cookies, forms -------------------------------------------------------------------------


def guard(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Headers of every page."""
    headers = {**GUARD, "x-request-id": named(request)}
    if request.url.scheme == "https":
        headers["strict-transport-security"] = f"max-age={A_YEAR}"
    return headers


def cookie_name(request: Request[Any, Any, Any]) -> str:
    """Of the sign-in."""
    return SECURE_COOKIE if request.url.scheme == "https" else PLAIN_COOKIE


def _set_cookie(
    request: Request[Any, Any, Any], answer: Response[Any], name: str, value: str
) -> None:
    answer.set_cookie(
        key=name,
        value=value,
        max_age=None if value else 0,  # gone with the browser, long before it would be too old
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _remembered(
    request: Request[Any, Any, Any], answer: Response[bytes], visit: Visit
) -> Response[bytes]:
    """Language and theme, where they were chosen."""
    for name, key in ((LANGUAGE, "lang"), (THEME, "theme")):
        if visit.said.get(key) is not None:
            answer.set_cookie(
                key=name,
                value=str(visit.said[key]),
                max_age=A_YEAR,
                path="/",
                secure=request.url.scheme == "https",
                httponly=True,
                samesite="lax",
            )
    return answer


def _language(request: Request[Any, Any, Any], asked: Language | None) -> Language:
    """As asked for, else as chosen before, else Vietnamese."""
    known = request.cookies.get(LANGUAGE, "")
    return asked or (Language(known) if known in tuple(Language) else Language.VIETNAMESE)


def _theme(request: Request[Any, Any, Any]) -> str:
    known = request.cookies.get(THEME, "")
    return known if known in ("light", "dark") else ""


def _query_as_far_as_it_goes(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """For who is told that something is wrong, of which it may be the query."""
    raw: bytes = request.scope["query_string"][:LONGEST_QUERY]
    try:
        return parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=30)
    except ValueError:
        return []


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
            "encode what is not ASCII as UTF-8 in %XX",
        ) from None


async def _form(request: Request[Any, Any, Any]) -> bytes:
    """The body of a form that is not too long; longer ones are not read to their end."""
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > LONGEST_FORM:
            return b""
    return found


def _submitted(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=30))
    except ValueError:
        return {}


def _same_origin(request: Request[Any, Any, Any]) -> None:
    """Raises `Problem` unless a page of ours sends the form."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    own = urlsplit(origin).netloc == request.headers.get("host", "") and bool(origin)
    if not own or site not in (None, "same-origin"):
        raise Problem(
            Code.NOT_YOURS,
            "the form was sent by a page that is not ours",
            "open the page here and send it anew",
        )


def _csrf(cookie: str) -> bytes:
    """What forms of a sign-in carry: known to its own pages only."""
    return sha256(b"csrf\0" + cookie.encode()).digest()


def _mask(secret: bytes) -> str:
    """Different each time, so that a compressed page does not tell it bit by bit."""
    pad = os.urandom(len(secret))
    return urlsafe_b64encode(
        pad + bytes(a ^ b for a, b in zip(pad, secret, strict=True))
    ).decode()


def _unmask(text: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text)
    except ValueError:
        return b""
    half = len(raw) // 2
    return bytes(a ^ b for a, b in zip(raw[:half], raw[half : 2 * half], strict=True))
