"""An agency's page: its official figures, what falls due there, and who is below it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from monitor.domain.indicator import Group
from monitor.domain.period import Period, Span
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger.balances import NotKnown
from monitor.ledger.official import NoSuch, Official
from monitor.ledger.reading_load import booked_codes
from monitor.outlets.api.asked import Parameter, an_agency, in_path, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import shown
from monitor.outlets.console.asked import WHEN
from monitor.outlets.console.page import WITH_FIGURES, Drawn, Kept, Page, Shown, Visit
from monitor.outlets.problem import Code, Problem
from monitor.reference.hierarchy import hierarchy

SETS: Final = ("emc", "qd766")
MOST: Final = 200  # dossiers listed


class Due(StrEnum):
    """When open dossiers fall due, as the ledger's view of them says it."""

    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    LATER = "later"
    NONE = "none"


AGENCY: Final = in_path(
    Parameter(
        name="agency",
        says="The agency, by its code.",
        read=an_agency,
        schema={"type": "string"},
        example="H56",
    )
)
DUE: Final = Parameter(
    name="due",
    says="Which open dossiers are listed.",
    read=one_of(Due),
    schema={"type": "string", "enum": list(Due)},
    example="tomorrow",
)

_COUNTS: Final = (
    "SELECT due, count(*) FROM grafana_open WHERE office = ANY($1::text[]) GROUP BY due"
)
_DOSSIERS: Final = (
    "SELECT token, office, procedure, state, due_at FROM grafana_open"
    " WHERE office = ANY($1::text[]) AND due = $2 ORDER BY due_at, token LIMIT $3"
)


async def act(desk: Desk, visit: Visit) -> Shown:
    """All of it; single dossiers only where they are asked for, and written down first."""
    code: str = visit["agency"]
    agencies = visit.in_force.agencies
    if code not in agencies:
        raise Problem(
            Code.NOT_FOUND,
            f"{code} is in no list of agencies",
            "look for it by its name: /find",
        )
    scope = Scope(code)
    await desk.admit(visit.visitor, scope)
    today = desk.today(visit.in_force.policy)
    period = visit["period"] or Period.holding(Span.MONTH, date_of(today))
    cards = await _cards(desk, visit, scope, period)
    due: Due | None = visit["due"]
    async with desk.pool.acquire() as connection:
        places = hierarchy(agencies, await booked_codes(connection))
        offices = sorted(places.holds(scope) | {code})
        counts = dict(await connection.fetch(_COUNTS, offices))
        listed: Sequence[Any] = []
        if due is not None:
            await desk.note(
                visit.visitor,
                f"/agencies/{code}?due={due}",
                dossiers=min(counts.get(due, 0), MOST),
            )
            listed = await connection.fetch(_DOSSIERS, offices, due.value, MOST)
    row = agencies.rows(code)[-1].value
    below = [one for one in agencies.at(today).items() if one[1].parent == code]
    return Drawn(
        template="agency.html",
        values={
            "code": code,
            "called": row.name,
            "period": period,
            "before": period.before,
            "cards": cards,
            "groups": [(card, _grouped(card)) for card in cards],
            "figure": lambda card, one: shown.of_figure(visit, card, one),
            "points": lambda card, one: shown.of_figure(visit, card, one, points=True),
            "counts": [
                (one, shown.counted(visit, counts.get(one.value, 0), visit.t(f"due.{one}")))
                for one in Due
            ],
            "due": due,
            "dossiers": listed,
            "more": due is not None and counts.get(due, 0) > len(listed),
            "below": sorted((unit.name, unit_code) for unit_code, unit in below),
            "office": lambda office: (
                agencies.rows(office)[-1].value.name if office in agencies else office
            ),
            "at": lambda instant: shown.when(visit, instant),
        },
    )


async def _cards(desk: Desk, visit: Visit, scope: Scope, period: Period) -> Sequence[Official]:
    found = []
    for set_id in SETS:
        try:
            found.append(
                await desk.officials.scorecard(
                    set_id, scope, period, known_at=visit["known_at"]
                )
            )
        except (NoSuch, NotKnown):
            continue  # no version of the set then, or nothing was known yet
    return found


def _grouped(card: Official) -> list[tuple[Group | None, list[Any]]]:
    """The figures of each group, in the set's order."""
    groups = {one.id: one for one in card.set.groups}
    found: dict[str, list[Any]] = {}
    for figure in card.scorecard.figures:
        found.setdefault(figure.indicator.group, []).append(figure)
    return [(groups.get(name), figures) for name, figures in found.items()]


PAGES: Final = (
    Page(
        path="/agencies/{agency}",
        name="agency",
        title="agency.title",
        open_to=WITH_FIGURES,
        parameters=(AGENCY, WHEN, DUE),
        act=act,
        kept=Kept.NOT,
    ),
)
