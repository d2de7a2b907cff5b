"""What a period's figures were when it was closed, what they are now, and which dossiers lie between."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from monitor.domain.composition import Unanswerable, made_of
from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import Indicator
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger import published
from monitor.ledger.between import Moved
from monitor.ledger.official import Change, Difference, NoSuch
from monitor.outlets import changed
from monitor.outlets.api.asked import AFTER, Parameter, a_name
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.figures import SIDE
from monitor.outlets.console import shown
from monitor.outlets.console.chosen import (
    CHOICES,
    SET,
    THEN,
    choices,
    closing,
    period_of,
    scope_of,
    valid,
)
from monitor.outlets.console.page import WITH_FIGURES, Drawn, Kept, Page, Shown, Visit
from monitor.outlets.console.shown import Number
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report import differences, words
from monitor.outlets.report.headings import of_scope

INDICATOR: Final = Parameter(
    name="indicator",
    says="Whose dossiers are listed.",
    read=a_name,
    schema={"type": "string"},
    example="full_process_dossier_share",
)
NO_DOSSIERS: Final = frozenset(
    {
        Fact.PETITIONS, Fact.PETITIONS_ON_TIME, Fact.PETITIONS_LATE, Fact.PETITIONS_SATISFIED,
        Fact.COMPLAINTS, Fact.CLAIM, Fact.AGENCIES, Fact.ELAPSED, Fact.WORKED,
        Fact.ELAPSED_RECEIVED, Fact.WORKED_RECEIVED,
    }
)  # fmt: skip


async def act(desk: Desk, visit: Visit) -> Shown:
    """The figures at both cuts; dossiers only where they are asked for, and written down first."""
    period = period_of(desk, visit, over=True)
    if visit["indicator"] is not None:
        await _admitted(desk, visit)
    scope = await scope_of(desk, visit)
    common: dict[str, Any] = choices(desk, visit, scope, period, await valid(desk, visit))
    then = visit["then"]
    closed = await closing(desk, period, visit.zone)
    if then is None:
        if closed is None:
            return Drawn(
                template="difference_none.html",
                values={
                    **common,
                    "set_id": visit["set"],
                    "over": period.last_day < common["today"],
                },
            )
        then = closed[0]
    now = await desk.officials.ground(visit["known_at"])
    found = await desk.officials.difference(
        visit["set"], scope, period, then=then, now=now.cut.seq
    )
    listed = None
    indicator: str | None = visit["indicator"]
    change = None
    if indicator is not None:
        change = next((one for one in found.changes if one.indicator.id == indicator), None)
        if change is None:
            raise NoSuch(
                f"the set {found.after.set.id} has no indicator {indicator!r};"
                f" there are {', '.join(found.after.set.by_id)}"
            )
        listed = await _dossiers(desk, visit, scope, period, found, change)
    later_than_closing = (
        visit["then"] is None
        and closed is not None
        and visit.zone.day(int(closed[1].timestamp() * 1000)) > period.last_day + 1
    )
    changes = [one for one in found.changes if not one.same]
    return Drawn(
        template="difference.html",
        values={
            **common,
            "difference": found,
            "set": found.after.set,
            "about": of_scope(found.after.about).of(visit.language),
            "changed": changes,
            "same": [one for one in found.changes if one.same],
            "before": lambda one: _side(visit, found.before, one.before),
            "after": lambda one: _side(visit, found.after, one.after),
            "apart": apart,
            "score_apart": _score_apart,
            "why": lambda one: differences.why(one).of(visit.language),
            "has_dossiers": lambda one, side: bool(counted(getattr(one.indicator, side))),
            "causes": [words.CAUSES[one].of(visit.language) for one in found.causes],
            "booked": [
                (
                    words.CLASSES[name].of(visit.language) if name in words.CLASSES else name,
                    moved,
                )
                for name, moved in found.booked.items()
                if moved.came or moved.went
            ],
            "late_closing": later_than_closing,
            "closing": visit["then"] is None,
            "reports": await _published(desk, visit, scope, period),
            "change": change,
            "side": visit["side"],
            "behind": listed,
            "words": {name: getattr(words, name).of(visit.language) for name in _WORDS},
        },
    )


_WORDS: Final = (
    "INDICATOR", "BEFORE", "AFTER", "CHANGE", "NUMERATOR", "DENOMINATOR", "VALUE", "CAME", "WENT",
    "WHY", "NO_CAUSE", "UNCHANGED", "SCORE",
)  # fmt: skip


async def _admitted(desk: Desk, visit: Visit) -> None:
    """A look at dossiers that is refused is written down too."""
    try:
        await scope_of(desk, visit)
    except Problem as problem:
        if problem.code is Code.NOT_YOURS:
            await desk.note(visit.visitor, visit.url(), status=403)
        raise


def _side(visit: Visit, official: Any, figure: Any) -> Number | None:
    return None if figure is None else shown.of_figure(visit, official, figure)


def apart(one: Change) -> Decimal | None:
    """How much a figure has changed, where it was a number at both."""
    if one.before is None or one.after is None:
        return None
    if one.before.shown is None or one.after.shown is None:
        return None
    return one.after.shown - one.before.shown


def _score_apart(one: Change) -> Decimal | None:
    if one.before is None or one.after is None:
        return None
    if one.before.score is None or one.after.score is None:
        return None
    return one.after.score - one.before.score


def counted(terms: Sequence[Term]) -> list[Term]:
    """Those that dossiers are behind."""
    found = []
    for term in terms:
        try:
            if term.fact not in NO_DOSSIERS and made_of(term):
                found.append(term)
        except Unanswerable:
            continue
    return found


async def _dossiers(
    desk: Desk, visit: Visit, scope: Scope, period: Period, found: Difference, change: Change
) -> dict[str, Any]:
    """A page of dossiers behind a change. Written down before it returns."""
    side: str = visit["side"]
    indicator: Indicator = change.indicator
    terms = counted(getattr(indicator, side))
    moved: Moved | None = getattr(change, side)
    if not terms:
        raise Problem(
            Code.WRONG_PARAMETER,
            "no dossiers are behind this number",
            "it comes from the catalogue, the register, petitions or a claim, or the indicator has no"
            " such side",
            parameter="indicator",
        )
    try:
        page = await changed.dossiers(
            desk,
            scope,
            period,
            terms,
            await desk.officials.ground(found.before.known.cut),
            await desk.officials.ground(found.after.known.cut),
            following=visit["after"],
            until=None if moved is None or visit["after"] else (moved.came, moved.went),
        )
    except ValueError:
        raise Problem(
            Code.WRONG_PARAMETER,
            "it was not given out by this ledger",
            "leave it out to begin anew",
            parameter="after",
        ) from None
    rows = []
    for one in page.dossiers:
        token = await desk.token(one.key)
        rows.append((one.key if visit.visitor.sees_codes else token, token, one))
    # Before anything of it leaves.
    await desk.note(visit.visitor, visit.url(), dossiers=len(rows))
    return {
        "rows": rows,
        "page": page,
        "moved": moved,
        "next": None
        if page.following is None
        else visit.url(after=page.following, then=found.before.known.cut),
        "explains": moved is not None and (page.added, page.taken) == (moved.came, moved.went),
        "first": visit["after"] is None,
    }


async def _published(
    desk: Desk, visit: Visit, scope: Scope, period: Period
) -> list[tuple[int, int, datetime]]:
    """Reports of the same that were published: number, cut, when."""
    entries = await published.listed(desk.pool, indicators=visit["set"], last=200)
    return [
        (one.id, one.cut, one.published_at)
        for one in entries
        if one.period == str(period) and one.scope == str(scope)
    ]


PAGES: Final = (
    Page(
        path="/differences/{set}",
        name="difference",
        title="difference.title",
        open_to=WITH_FIGURES,
        parameters=(SET, *CHOICES, THEN, INDICATOR, SIDE, AFTER),
        act=act,
        kept=Kept.NOT,
    ),
)
