"""What pages of official figures let their reader choose: a set, a scope, a period, and when it was known."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from monitor.domain.period import Period, Span
from monitor.domain.scope import COUNTRY, NoScope, Scope
from monitor.domain.zone import date_of
from monitor.ledger.indicator_sets import valid_in
from monitor.ledger.official import Ranked, ranked_of
from monitor.outlets.api.asked import Parameter, a_name, in_path
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.asked import WHEN, a_moment
from monitor.outlets.console.find import LISTS, matching
from monitor.outlets.console.page import Visit
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report.headings import of_period

SET: Final = in_path(
    Parameter(
        name="set",
        says="A set of indicators.",
        read=a_name,
        schema={"type": "string"},
        example="emc",
    )
)
SCOPE: Final = Parameter(
    name="scope",
    says="Whom it is about: country, an agency by code or by a part of its name, G01/sector, H56+1.004194.",
    read=str.strip,
    schema={"type": "string", "maxLength": 200},
    example="H56",
    usual="",
)


def a_cut_or_moment(text: str) -> datetime | int | None:
    """A cut's number, or an instant; without an offset it is Vietnam's."""
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isdigit() and len(text) < 19 else a_moment(text)


THEN: Final = Parameter(
    name="then",
    says="The earlier time, or a cut's number; left out, when the period was over.",
    read=a_cut_or_moment,
    schema={"type": "string"},
    example="2026-09-05T08:00",
)
CHOICES: Final = (SCOPE, WHEN)


def period_of(desk: Desk, visit: Visit, *, over: bool = False) -> Period:
    """As asked for; else the month it is, or the last that is over."""
    asked: Period | None = visit["period"]
    if asked is not None:
        return asked
    current = Period.holding(Span.MONTH, date_of(desk.today(visit.in_force.policy)))
    return current.before if over else current


async def scope_of(desk: Desk, visit: Visit) -> Scope:
    """As asked for, by code or by name; else the visitor's own. Raises `Problem` where it is not open."""
    scope = _scope(visit)
    await desk.admit(visit.visitor, scope)
    return scope


def _scope(visit: Visit) -> Scope:
    asked: str = visit["scope"]
    own = Scope(visit.visitor.agency)
    if not asked:
        return own
    agencies = visit.in_force.agencies
    try:
        found = Scope.of(asked)
    except NoScope:
        found = None
    if found is not None and (not found.agency or agencies.rows(found.agency)):
        return found
    listed, _ = LISTS.of(visit)
    named = matching(asked, listed)
    if named:
        return Scope(named[0][0])
    if found is not None and asked[:1].isalpha() and any(one.isdigit() for one in asked):
        return found  # a unit that no file lists: official figures know whether there is such
    raise Problem(
        Code.NOT_FOUND,
        f"no agency is called {asked!r}",
        "write a part of its name, its code, or country",
        parameter="scope",
    )


def scopes(visit: Visit) -> Sequence[tuple[str, str]]:
    """Those that are offered to choose from, by code."""
    agencies = visit.in_force.agencies
    own = visit.visitor.agency
    there = agencies.at(agencies_day(visit)).items()
    if own:
        listed = [(code, one.name) for code, one in there if own in (code, one.parent)]
    else:
        listed = [(code, one.name) for code, one in there if not one.parent]
    listed.sort(key=lambda one: one[1])
    return listed if own else [(COUNTRY, visit.t("scores.country")), *listed]


def agencies_day(visit: Visit) -> int:
    """The day it is."""
    return visit.zone.day(visit.now_ms)


def spans(period: Period, today: int) -> list[tuple[Span, Period]]:
    """The period of each length that this one, or as much of it as there is, ends in."""
    day = date_of(min(period.last_day, max(period.first_day, today)))
    return [(span, Period.holding(span, day)) for span in Span]


def after(period: Period) -> Period:
    """The next of the same length."""
    return Period.holding(period.span, date_of(period.last_day) + timedelta(days=1))


_REMEMBERED: Final = 64  # periods of the reference files in force
_kinds: OrderedDict[tuple[str, int], tuple[Ranked, ...]] = OrderedDict()


def kinds(visit: Visit, period: Period) -> tuple[Ranked, ...]:
    """Of whom there are rankings: of a kind that the files list nobody of there is none."""
    reference = visit.in_force.reference
    if reference is None:
        return tuple(Ranked)
    key = visit.in_force.hash, period.last_day
    if key not in _kinds:
        _kinds[key] = tuple(one for one in Ranked if ranked_of(one, period, reference))
        if len(_kinds) > _REMEMBERED:
            _kinds.popitem(last=False)
    return _kinds[key]


Leads = Callable[[Period], bool]


async def valid(desk: Desk, visit: Visit) -> Leads:
    """In which periods the set that is asked for is valid: elsewhere its pages lead nowhere."""
    versions = (await desk.officials.sets(visit["known_at"])).get(visit["set"], ())
    return lambda period: valid_in(versions, period) is not None


def choices(
    desk: Desk, visit: Visit, scope: Scope, period: Period, leads: Leads = lambda _: True
) -> dict[str, Any]:
    """What the macro `chooser` draws; no link to a period that `leads` nowhere."""
    today = desk.today(visit.in_force.policy)
    later = after(period)
    return {
        "scope": scope,
        "scopes": scopes(visit),
        "period": period,
        "period_said": of_period(period).of(visit.language),
        "spans": [
            (span, one) for span, one in spans(period, today) if one == period or leads(one)
        ],
        "earlier": period.before if leads(period.before) else None,
        "later": later if later.first_day <= today and leads(later) else None,
        "today": today,
    }


async def closing(desk: Desk, period: Period, zone: Any) -> tuple[int, datetime] | None:
    """The first cut that was published when a period was over: what the ledger's closings are of."""
    end = datetime.fromtimestamp(zone.start_of(period.last_day + 1) / 1000, UTC)
    row = await desk.pool.fetchrow(
        "SELECT seq, sealed_at FROM cut WHERE sealed_at >= $1 ORDER BY sealed_at, seq LIMIT 1",
        end,
    )
    return None if row is None else (row["seq"], row["sealed_at"])
