"""Texts of the console's pages for agencies, procedures, dossiers and scorecards: key, Vietnamese, English."""

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {}
