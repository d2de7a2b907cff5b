"""Definitions: every set of indicators in force, written from the sets themselves. Open to everybody."""

from monitor.domain import indicator_words
from monitor.domain.indicator import Indicator, IndicatorSet
from monitor.domain.period import Period, Span
from monitor.domain.zone import date_of
from monitor.ledger.indicator_sets import valid_in
from monitor.outlets.api.asked import Parameter, a_name, in_path
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.asked import WHEN
from monitor.outlets.console.page import EVERYBODY, Drawn, Page, Shown, Visit
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report import said

SET = in_path(
    Parameter(name="set", says="A set.", read=a_name, schema={"type": "string"}, example="emc")
)


def _period(desk: Desk, visit: Visit) -> Period:
    today = date_of(desk.today(visit.in_force.policy))
    found: Period = visit["period"] or Period.holding(Span.MONTH, today)
    return found


async def every(desk: Desk, visit: Visit) -> Shown:
    """The sets, and what signs stand for."""
    period = _period(desk, visit)
    there = await desk.officials.sets(visit["known_at"])
    sets = [one for versions in there.values() if (one := valid_in(versions, period))]
    signs = [
        (sign, said.STANDINGS[standing].of(visit.language))
        for standing, sign in said.SIGNS.items()
    ]
    return Drawn(template="definitions.html", values={"sets": sets, "signs": signs})


async def one_set(desk: Desk, visit: Visit) -> Shown:
    """A set's indicators, each with an address of its own (#id)."""
    there = await desk.officials.sets(visit["known_at"])
    found = valid_in(there.get(visit["set"], ()), _period(desk, visit))
    if found is None:
        raise Problem(
            Code.NOT_FOUND,
            f"there is no set {visit['set']!r}",
            f"there are {', '.join(sorted(there)) or 'none'}",
        )
    return Drawn(
        template="definition.html",
        values={
            "set": found,
            "source": said.source(found).of(visit.language),
            "groups": [
                (
                    group,
                    [
                        _said(visit, found, one)
                        for one in found.indicators
                        if one.group == group.id
                    ],
                )
                for group in found.groups
            ],
        },
    )


def _said(visit: Visit, of: IndicatorSet, one: Indicator) -> dict[str, object]:
    basis = said.BASES[str(one.basis)].of(visit.language)
    source = visit.one_of(*said.source(one))
    lines = [
        (visit.t("meaning.rule"), visit.one_of(*indicator_words.formula(one))),
        (
            visit.t("definitions.zero"),
            visit.one_of(*indicator_words.zero_rule(one)) if one.denominator else "",
        ),
        (visit.t("definitions.points"), visit.one_of(*indicator_words.points(one))),
        (
            visit.t("definitions.for"),
            ""
            if len(one.kinds) == len(indicator_words.KINDS)
            else ", ".join(
                visit.one_of(*indicator_words.KINDS[kind]) for kind in sorted(one.kinds)
            ),
        ),
        (visit.t("meaning.basis"), f"{basis}: {source}" if source else basis),
        (visit.t("definitions.note"), visit.one_of(one.note_vi, one.note_en)),
    ]
    return {
        "id": one.id,
        "name": visit.one_of(one.name_vi, one.name_en),
        "definition": visit.one_of(one.definition_vi, one.definition_en),
        "lines": [(name, text) for name, text in lines if text],
        "not_issued": not one.method_issued,
        "set": of.id,
    }


PAGES: tuple[Page, ...] = (
    Page(
        path="/definitions",
        name="definitions",
        title="definitions.title",
        open_to=EVERYBODY,
        parameters=(WHEN,),
        act=every,
        listed=True,
    ),
    Page(
        path="/definitions/{set}",
        name="definition",
        title="definitions.title",
        open_to=EVERYBODY,
        parameters=(SET, WHEN),
        act=one_set,
    ),
)
