"""A dossier's page: what `emc explain` tells, as a timeline; who looks is written down first."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from monitor.outlets.api.asked import Format
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.dossiers import DOSSIER, looked_at
from monitor.outlets.console import shown, story, worst
from monitor.outlets.console.page import (
    WITH_FIGURES,
    Drawn,
    Elsewhere,
    Kept,
    Page,
    Shown,
    Table,
    Visit,
)

_COLUMNS: Final = (
    "effective", "arrival", "source", "id", "kind", "effect", "outcome", "agency", "unit",
)  # fmt: skip


async def act(desk: Desk, visit: Visit) -> Shown:
    """From its first event to the figures that it counts in."""
    if visit["known_at"] is not None:  # a dossier is told as the ledger has it now
        return Elsewhere(to=visit.url(known_at=None))
    token, told = await looked_at(desk, visit.visitor, visit["dossier"], below="/dossiers")
    if visit["format"] is Format.CSV:
        return _table(token, told)
    return page(visit, token, told)


def page(visit: Visit, token: str, told: Mapping[str, Any]) -> Drawn:
    """What is told, in the reader's words."""
    one = story.verdict(told)
    held = story.stays(visit, told)
    procedure = told["procedure"]
    return Drawn(
        template="dossier.html",
        values={
            "token": token,
            "told": told,
            "ledger": told["ledger"],
            "code": told["dossier"].rpartition("|")[2],
            "called": worst.called(visit, procedure) if procedure else "",
            "verdict": one,
            "stands": None if one is None else story.headline(visit, one),
            "because": [] if one is None else story.because(visit, told, one, held),
            "held": held,
            "lines": story.lines(visit, told, one["due"] if one is not None else None),
            "measure": lambda name: story.measure(visit, name),
            "place": lambda place: story.place_of(visit, place),
            "at": lambda text: shown.when(visit, story.instant(text)),
            "on": lambda text: shown.day(
                visit, None if text is None else date.fromisoformat(text)
            ),
            "span": lambda ms: "–" if ms is None else shown.lasting(visit, ms),
        },
    )


def _table(token: str, told: Mapping[str, Any]) -> Table:
    """The story, a statement a row."""
    rows = []
    for one in told["story"]:
        place = one["place"] or {"agency": None, "unit": None}
        flat = {**one, **place}
        rows.append([flat[name] for name in _COLUMNS])
    return Table(name=f"dossier-{token}", columns=_COLUMNS, rows=rows)


PAGES: Final = (
    Page(
        path="/dossiers/{dossier}",
        name="dossier",
        title="dossier.title",
        open_to=WITH_FIGURES,
        parameters=(DOSSIER,),
        act=act,
        kept=Kept.NOT,
    ),
)
