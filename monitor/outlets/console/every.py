"""Every page of the console, in the order of its navigation."""

from collections.abc import Callable
from datetime import datetime

from litestar.handlers import HTTPRouteHandler

from monitor.outlets.console import definitions, find, ops, sign, work
from monitor.outlets.console.frame import Frame
from monitor.outlets.console.live import Live
from monitor.outlets.console.now import Now


def handlers(frame: Frame, now: Callable[[], datetime]) -> list[HTTPRouteHandler]:
    """All addresses of the console."""
    live = Live(frame.desk, frame.aside)
    pages = (
        *Now(live).pages(),
        *work.PAGES,
        *ops.PAGES,
        *definitions.PAGES,
        *find.PAGES,
        *sign.pages(frame.access, frame.sessions, now),
    )
    return [*frame.handlers(pages), live.handler(frame)]
