"""What an endpoint is: its address, for whom, what it takes, what it gives."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from monitor.ledger.access import Role
from monitor.outlets.api.asked import Asked, Format, Json, Parameter
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.written import Answer

BASE: Final = "/api/v1"

EVERYBODY: Final = frozenset(Role)
WITH_FIGURES: Final = frozenset({Role.AGENCY, Role.NATIONAL, Role.ADMIN})


class Kept(StrEnum):
    """By whom an answer may be kept, and for how long without asking again."""

    SHARED = "public, max-age=60"  # by anybody, where no token was shown
    OWN = "private, no-cache"  # by the visitor, who asks each time whether it still holds
    NOT = "no-store"  # of single dossiers


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address."""

    path: str  # below `BASE`
    name: str
    summary: str
    says: str = ""
    tag: str
    open_to: frozenset[Role]
    kept: Kept = Kept.OWN
    parameters: tuple[Parameter, ...] = ()
    act: Callable[[Desk, Asked], Awaitable[Answer]]
    body: type[msgspec.Struct] | Json  # of the JSON answer, or its schema
    formats: tuple[Format, ...] = (Format.JSON, Format.CSV)
    problems: tuple[int, ...] = ()  # beside those of every endpoint
