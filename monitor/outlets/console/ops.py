"""Pages of connections, objectives, and of quarantine and ledger."""

from typing import Final

from monitor.outlets.console import connections
from monitor.outlets.console.page import Page

PAGES: Final[tuple[Page, ...]] = connections.PAGES
