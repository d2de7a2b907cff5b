"""Pages of connections, objectives, and of quarantine and ledger."""

from typing import Final

from monitor.outlets.console import books, connections, objectives
from monitor.outlets.console.page import Page

PAGES: Final[tuple[Page, ...]] = (*connections.PAGES, *objectives.PAGES, *books.PAGES)
