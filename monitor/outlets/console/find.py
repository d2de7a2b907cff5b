"""Search: an agency or a procedure by name or code, a dossier by its code."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from monitor.outlets.api.asked import Parameter, an_agency
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.page import EVERYBODY, Drawn, Elsewhere, Page, Shown, Visit

MOST: Final = 50
# As senders write them, more or less: letters, digits and marks, with a figure in it.
_DOSSIER: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z./_-]{8,64}")
_TOKEN: Final = re.compile(r"[0-9]{20}")

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


async def act(_desk: Desk, visit: Visit) -> Shown:
    """Goes straight to what is named by its code; else lists what has all the words."""
    asked: str = visit["q"]
    agencies = visit.in_force.agencies
    reference = visit.in_force.reference
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
        if reference is not None:
            rows = {row.value.code: row.value for row in reference.procedures.rows()}
            procedures = matching(
                asked,
                (
                    (code, visit.one_of(one.name_vi, one.name_en or one.name_vi))
                    for code, one in rows.items()
                ),
            )
        found = matching(
            asked,
            ((code, agencies.rows(code)[-1].value.name) for code in agencies.codes()),
        )
        dossier = _TOKEN.fullmatch(asked) or (
            _DOSSIER.fullmatch(asked) and not found and not procedures
        )
        if dossier and not visit.visitor.anonymous:
            return Elsewhere(to=visit.url(f"/dossiers/{asked}"))
    return Drawn(
        template="find.html",
        values={
            "q": asked,
            "agencies": found[:MOST],
            "procedures": procedures[:MOST],
            "status": 200,
        },
    )


def matching(asked: str, named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those whose code or name has all the words, names that begin so first."""
    words = plain(asked).split()
    hits = []
    for code, name in named:
        text = plain(f"{code} {name}")
        if all(word in text for word in words):
            hits.append((not plain(name).startswith(words[0]), len(name), code, name))
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
