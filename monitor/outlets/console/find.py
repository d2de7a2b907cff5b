"""Search: an agency or a procedure by name or code, a dossier by its code."""

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from monitor.ledger.tokens import is_token
from monitor.outlets.api.asked import Parameter, an_agency
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.page import EVERYBODY, Drawn, Elsewhere, Page, Shown, Visit
from monitor.outlets.digest.words import Language

MOST: Final = 50
# As senders write them, more or less: letters, digits and marks, with a figure in it.
_DOSSIER: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z./_-]{8,64}")

Q: Final = Parameter(
    name="q",
    says="What is looked for.",
    read=str.strip,
    schema={"type": "string", "maxLength": 200},
    example="Thanh Hóa",
    usual="",
)


def plain(text: str) -> str:
    """Without diacritics and case: people type as their keyboard lets them."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one)).replace("đ", "d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Something with a code and a name, as it is looked for: without diacritics, made once."""

    code: str
    name: str
    text: str  # code and name
    begins: str  # the name

    @classmethod
    def of(cls, code: str, name: str) -> "Listed":
        return cls(code=code, name=name, text=plain(f"{code} {name}"), begins=plain(name))


# A nation has some ten thousand of both, and to take the marks off them takes a tenth of a second.
_REMEMBERED: Final = 4  # sets of reference files, in either language


class Lists:
    """Agencies and procedures of the reference files in force."""

    def __init__(self) -> None:
        self._known: OrderedDict[
            tuple[str, Language], tuple[tuple[Listed, ...], tuple[Listed, ...]]
        ] = OrderedDict()

    def of(self, visit: Visit) -> tuple[tuple[Listed, ...], tuple[Listed, ...]]:
        """Both."""
        key = visit.in_force.hash, visit.language
        if key not in self._known:
            self._known[key] = _agencies(visit), _procedures(visit)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]


def _agencies(visit: Visit) -> tuple[Listed, ...]:
    agencies = visit.in_force.agencies
    return tuple(
        Listed.of(code, agencies.rows(code)[-1].value.name) for code in agencies.codes()
    )


def _procedures(visit: Visit) -> tuple[Listed, ...]:
    if visit.in_force.reference is None:
        return ()
    rows = {row.value.code: row.value for row in visit.in_force.reference.procedures.rows()}
    return tuple(
        Listed.of(code, visit.one_of(one.name_vi, one.name_en or one.name_vi))
        for code, one in rows.items()
    )


LISTS: Final = Lists()


async def act(_desk: Desk, visit: Visit) -> Shown:
    """Goes straight to what is named by its code; else lists what has all the words."""
    asked: str = visit["q"]
    agencies = visit.in_force.agencies
    found: list[tuple[str, str]] = []
    procedures: list[tuple[str, str]] = []
    if asked:
        if not visit.visitor.anonymous and _a_procedure(visit, asked):
            return Elsewhere(to=visit.url(f"/procedures/{asked}"))
        try:
            code = an_agency(asked)
        except ValueError:
            code = ""
        if code and code in agencies:
            return Elsewhere(to=visit.url(f"/agencies/{code}"))
        listed, catalogue = LISTS.of(visit)
        procedures = matching(asked, catalogue)
        found = matching(asked, listed)
        dossier = is_token(asked) or (
            _DOSSIER.fullmatch(asked) and not found and not procedures
        )
        if dossier and not visit.visitor.anonymous:
            return Elsewhere(to=visit.url(f"/dossiers/{asked}"))
    places = visit.in_force.places
    return Drawn(
        template="find.html",
        values={
            "q": asked,
            "agencies": found[:MOST],
            "procedures": procedures[:MOST],
            "may_open": lambda code: visit.visitor.may_see(code, places),
            "status": 200,
        },
    )


def matching(asked: str, among: Iterable[Listed]) -> list[tuple[str, str]]:
    """Those whose code or name has all the words, names that begin so first."""
    words = plain(asked).split()
    hits = [
        (not one.begins.startswith(words[0]), len(one.name), one.code, one.name)
        for one in among
        if all(word in one.text for word in words)
    ]
    return [(code, name) for _, _, code, name in sorted(hits)]


def _a_procedure(visit: Visit, asked: str) -> bool:
    """Whether it is the code of a procedure of the catalogue, at any time."""
    reference = visit.in_force.reference
    return reference is not None and any(
        row.value.code == asked for row in reference.procedures.rows()
    )


PAGES: tuple[Page, ...] = (
    Page(
        path="/find",
        name="find",
        title="find.title",
        open_to=EVERYBODY,
        parameters=(Q,),
        act=act,
    ),
)
