"""Signing in by a token, and out. A sign-in gives a new cookie each time; the old one ends."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from monitor.ledger.access import Role
from monitor.ledger.sessions import Sessions
from monitor.outlets.access import Access
from monitor.outlets.api.asked import LONGEST_VALUE, Parameter
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.page import (
    EVERYBODY,
    WITH_FIGURES,
    Drawn,
    Elsewhere,
    Kept,
    Page,
    Shown,
    Visit,
)
from monitor.outlets.problem import Code, Problem


def a_place(text: str) -> str:
    """An address of ours to go on at; whatever is another's is the first page."""
    return text if _OURS.fullmatch(text) else "/"


# Browsers leave out tabs and line ends, and take a backslash for a slash.
_OURS: Final = re.compile(r"/(?![/\\])[!-~]*")


NEXT = Parameter(
    name="next",
    says="Where to go on.",
    read=a_place,
    schema={"type": "string", "maxLength": LONGEST_VALUE * 4},
    example="/",
    longest=LONGEST_VALUE * 4,
)


def pages(access: Access, sessions: Sessions, now: Callable[[], datetime]) -> tuple[Page, ...]:
    """Both pages."""

    async def form(_desk: Desk, visit: Visit) -> Shown:
        return Drawn(
            template="sign_in.html", values={"wrong": "", "next": visit["next"] or "/"}
        )

    async def sign_in(_desk: Desk, visit: Visit) -> Shown:
        if not visit.unheard:
            raise Problem(
                Code.TLS_REQUIRED,
                "the token came over a connection that others can read",
                "have it revoked and another made, and sign in with https",
            )
        try:
            found = await access.by_token(
                visit.form.get("token", "").strip(), visit.visitor.address
            )
        except Problem as problem:
            wrong = visit.t("sign.wait" if problem.code is Code.RATE else "sign.wrong")
            values: dict[str, Any] = {
                "wrong": wrong,
                "next": a_place(visit.form.get("next", "/")),
            }
            return Drawn(template="sign_in.html", values=values, status=403)
        if visit.cookie:
            await sessions.end(visit.cookie)
        if found.token is None or found.role is Role.PUBLIC:
            return Elsewhere(to="/")
        cookie = await sessions.open(found.token, now())
        return Elsewhere(to=a_place(visit.form.get("next", "/")), signed_in=cookie)

    async def left(_desk: Desk, _visit: Visit) -> Shown:
        return Elsewhere(to="/")

    async def sign_out(_desk: Desk, visit: Visit) -> Shown:
        await sessions.end(visit.cookie)
        return Elsewhere(to="/", signed_in="")

    return (
        Page(
            path="/sign-in",
            name="sign-in",
            title="sign.title",
            open_to=EVERYBODY,
            parameters=(NEXT,),
            act=form,
            submit=sign_in,
            kept=Kept.NOT,
        ),
        Page(
            path="/sign-out",
            name="sign-out",
            title="app.sign_out",
            open_to=WITH_FIGURES,
            act=left,
            submit=sign_out,
            kept=Kept.NOT,
        ),
    )
