"""Texts of the console's pages for connections, objectives, quarantine and ledger: key, Vietnamese, English."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {}
