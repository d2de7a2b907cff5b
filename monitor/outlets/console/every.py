"""Every page of the console, in the order of its navigation."""

from collections.abc import Callable
from datetime import datetime

from litestar.handlers import HTTPRouteHandler

from monitor.ledger.sessions import Sessions
from monitor.outlets.access import Access
from monitor.outlets.console import definitions, find, ops, sign, work
from monitor.outlets.console.frame import Frame
from monitor.outlets.console.live import Live
from monitor.outlets.console.now import Now
from monitor.outlets.console.page import Page


def pages(
    live: Live, access: Access, sessions: Sessions, now: Callable[[], datetime]
) -> tuple[Page, ...]:
    """What can be opened."""
    return (
        *Now(live).pages(),
        *work.PAGES,
        *ops.PAGES,
        *definitions.PAGES,
        *find.PAGES,
        *sign.pages(access, sessions, now),
    )


def handlers(frame: Frame, now: Callable[[], datetime]) -> list[HTTPRouteHandler]:
    """All addresses of the console."""
    live = Live(frame.desk, frame.aside, frame.sessions, now)
    frame.at_stop.append(live.end)
    found = pages(live, frame.access, frame.sessions, now)
    return [*frame.handlers(found), live.handler(frame)]
