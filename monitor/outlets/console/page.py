"""What a page is: its address, for whom, what it takes; and a visit to one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, urlencode

from monitor.domain.zone import Zone
from monitor.ledger.access import Role
from monitor.outlets.access import Visitor
from monitor.outlets.api.asked import Parameter
from monitor.outlets.api.desk import Desk, InForce
from monitor.outlets.console import texts
from monitor.outlets.digest.words import Language

EVERYBODY: Final = frozenset(Role)
WITH_FIGURES: Final = frozenset({Role.AGENCY, Role.NATIONAL, Role.ADMIN})
OF_ALL: Final = frozenset({Role.NATIONAL, Role.ADMIN})
ADMINISTRATORS: Final = frozenset({Role.ADMIN})


class Kept(StrEnum):
    """By whom a page may be kept."""

    OWN = "private, no-cache"  # the visitor, who asks each time
    NOT = "no-store"  # of single dossiers, and of whatever has a secret in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody opens a page."""

    visitor: Visitor
    language: Language
    theme: str  # light, dark, or "": as the reader's system has it
    page: "Page"
    path: str
    said: Mapping[str, Any]  # values by parameter; None: nothing was said
    written: Mapping[str, str]  # the query's, as they were written
    form: Mapping[str, str] = field(default_factory=dict)  # of what was submitted
    csrf: str = ""
    cookie: str = field(default="", repr=False)  # of the sign-in
    unheard: bool = False  # whether secrets may be said on this connection
    now_ms: int = 0
    in_force: InForce

    def __getitem__(self, name: str) -> Any:
        return self.said[name]

    @property
    def zone(self) -> Zone:
        return self.in_force.policy.zone

    def t(self, key: str, **said: Any) -> str:
        """A text of the catalogue in the visitor's language."""
        return texts.text(key, self.language, **said)

    def one_of(self, vi: str, en: str) -> str:
        """That of two which is in the visitor's language."""
        return vi if self.language is Language.VIETNAMESE else en

    def url(self, path: str | None = None, /, **changes: Any) -> str:
        """The address of this page with other parameters (None: without), or of another page.

        The language and *as known then* go with the visitor wherever he goes.
        """
        said: dict[str, Any]
        if path is None:
            said = dict(self.written)
        else:
            kept = {name: self.written[name] for name in KEPT if name in self.written}
            said = dict(kept)
        said |= {name.rstrip("_"): value for name, value in changes.items()}
        query = urlencode(
            [(name, str(value)) for name, value in said.items() if value not in (None, "")],
            quote_via=quote,
            safe="/:,.",
        )
        where = self.path if path is None else path
        return f"{where}?{query}" if query else where


KEPT: Final = ("lang", "known_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A template and what it is filled with."""

    template: str
    values: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The same as CSV (`?format=csv`): one line a row, columns named for programs."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Bytes to be kept, as they are."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Go on at another address of ours (303)."""

    to: str
    signed_in: str | None = field(
        default=None, repr=False
    )  # the cookie to set; "": none any more


Shown = Drawn | Table | File | Elsewhere
Act = Callable[[Desk, Visit], Awaitable[Shown]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address. `title` is a key of the texts."""

    path: str
    name: str
    title: str
    open_to: frozenset[Role]
    act: Act
    parameters: tuple[Parameter, ...] = ()
    submit: Act | None = None  # what a form of the page does
    kept: Kept = Kept.OWN
    listed: bool = False  # in the navigation of those whom it is open to
