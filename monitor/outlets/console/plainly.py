"""What went wrong, in plain words of the reader's language: what is so, and what to do.

The API's own sentences, in English and for programmers, stand below it for whoever reports a fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from monitor.outlets.console import texts
from monitor.outlets.console.page import Visit
from monitor.outlets.problem import Code, Problem

LONGEST: Final = 60  # of what was asked for, repeated to its reader

# What a page is about, where what it was asked for is not there; others are of sets of indicators.
_LISTS: Final[Mapping[str, str]] = {
    "connection": "/connections",
    "objective": "/objectives",
    "scorecard": "/scorecards",
    "ranking": "/scorecards",
    "difference": "/scorecards",
    "report": "/scorecards",
    "definition": "/definitions",
}
# What makes a page long to read.
_LARGE: Final = frozenset({"period", "rows", "each", "times", "why"})
_SEARCHED: Final = frozenset({"agency", "procedure", "dossier"})
_AGAIN: Final = frozenset({Code.TOO_SLOW, Code.LEDGER_AWAY, Code.BUSY, Code.RATE, Code.FAULT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plainly:
    """A problem as people are told it."""

    heading: str
    says: str
    links: Sequence[tuple[str, str]]  # where to go on: address, text
    detail: str = ""


def plainly(
    visit: Visit,
    problem: Problem,
    *,
    path: Mapping[str, Any],
    query: Sequence[tuple[str, str]],
    submitted: bool,
) -> Plainly:
    """`visit.page` is the page that was asked for; `path` what stood in its places."""
    code, page = problem.code, visit.page.name
    asked = next(iter(path.values()), "")
    key, said = f"problem.{code.value}.says", {"agency": visit.visitor.agency}
    links: list[tuple[str, str]] = []
    match code:
        case Code.WRONG_PARAMETER:
            return _wrong(visit, problem, path, query)
        case Code.NOT_FOUND if problem.parameter == "scope":
            said["asked"] = _short(dict(query).get("scope", ""))
            key = "problem.not_found.scope"
            links.append((visit.url("/find"), visit.t("problem.find")))
        case Code.NOT_FOUND if page in _SEARCHED:
            said["asked"] = _short(str(asked))
            key = f"problem.not_found.{page}"
            links.append((visit.url("/find"), visit.t("problem.find")))
        case Code.NOT_FOUND if page in _LISTS:
            key = f"problem.not_found.{page if page in ('connection', 'objective') else 'set'}"
            said["asked"] = _short(str(asked))
            links.append((visit.url(_LISTS[page]), visit.t("problem.list")))
        case Code.NOT_KNOWN:
            links.append((_without(visit, query, "known_at", "then"), visit.t("problem.now")))
        case Code.NOT_YOURS if submitted:
            key = "problem.not_yours.form"
        case Code.NOT_YOURS if visit.visitor.agency:
            key = f"problem.not_yours.{'ranking' if page == 'ranking' else 'agency'}"
            own = f"/agencies/{visit.visitor.agency}"
            links.append((visit.url(own), visit.t("problem.own")))
        case Code.NO_TOKEN if not visit.visitor.anonymous:
            key = "problem.not_yours.says"
        case _ if code in _AGAIN and not submitted:
            links += _again(visit, code, query)
    return Plainly(
        heading=_heading(visit, problem),
        says=visit.t(key, **said),
        links=links,
        detail=_detail(visit, problem),
    )


def _again(visit: Visit, code: Code, query: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same; and less of it, where it was too much to read."""
    links = [(_without(visit, query), visit.t("problem.again"))]
    if code is Code.TOO_SLOW and any(name in _LARGE for name, _ in query):
        links.append((_without(visit, query, *_LARGE), visit.t("problem.less")))
    return links


def _heading(visit: Visit, problem: Problem) -> str:
    special = f"problem.{problem.code.value}.{visit.page.name}.heading"
    return visit.t(special if special in texts.ALL else f"problem.{problem.code.value}")


def _wrong(
    visit: Visit, problem: Problem, path: Mapping[str, Any], query: Sequence[tuple[str, str]]
) -> Plainly:
    """Which part of the address cannot be read, how it is written, and the page without it."""
    name = problem.parameter
    given = [value for one, value in query if one == name] or [str(path.get(name, ""))]
    known = name in {one.name for one in visit.page.parameters} | {"lang", "theme", "known_at"}
    if not name:
        says = visit.t("problem.wrong_parameter.says")
    elif known or given[0]:
        says = visit.t("problem.wrong_parameter.value", name=name, asked=_short(given[0]))
    else:
        says = visit.t("problem.wrong_parameter.name", name=name)
    if (hint := f"problem.hint.{name}") in texts.ALL:
        says = f"{says} {visit.t(hint)}"
    links = []
    if name not in path:
        links.append((_without(visit, query, name), visit.t("problem.without")))
    return Plainly(
        heading=_heading(visit, problem), says=says, links=links, detail=_detail(visit, problem)
    )


def _detail(visit: Visit, problem: Problem) -> str:
    """What goes on within is not for everybody; who sets a service up has no token yet."""
    hidden = problem.code.status >= 500 and problem.code is not Code.NOT_SET_UP
    if hidden and visit.visitor.anonymous:
        return ""
    named = f" ({problem.parameter})" if problem.parameter else ""
    return f"{problem.detail}{named}; {problem.remedy}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _without(visit: Visit, query: Sequence[tuple[str, str]], *names: str) -> str:
    """This address without some of its parameters, for which a page has a usual value."""
    left = [(one, value) for one, value in query if one not in names]
    where = quote(visit.path)
    return f"{where}?{urlencode(left)}" if left else where
