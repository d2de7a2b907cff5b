"""Claims: figures that no event tells, stated by an agency, a survey or a portal.

They stand beside what is counted and are never added to it, nor does one overwrite another: every
word is kept, and read as it stands now or as it stood at a cut. An official value of an indicator
that is also computed here is a claim under a name of its own (`official`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from monitor.domain.scope import COUNTRY, Scope

OFFICIAL: Final = "official"
TOTAL: Final = "total"  # in the place of an indicator: the score of a whole set
PERCENT: Final = "percent"  # what is claimed is the share and not the score
POINTS: Final = "points"  # unit of a score


def official(set_id: str, indicator: str, *, percent: bool = False) -> str:
    """The name of an official value: `official:qd766:2.1`, a score in points, or its share."""
    return ":".join((OFFICIAL, set_id, indicator, *((PERCENT,) if percent else ())))


def agency_of(scope: Scope) -> str | None:
    """Under which agency a claim about a scope stands; None: nobody can claim for such a one."""
    if scope.procedure or scope.reach is not scope.reach.ALL:
        return None
    return scope.agency or COUNTRY


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What is claimed of an indicator, an agency and a period, both days included."""

    indicator: str
    agency: str
    from_day: int
    to_day: int
    source: str
    survey: str  # or the report, decision or page that says so
    revision: int
    arrived_ms: int
    numerator: int | None = None
    denominator: int | None = None
    value: Decimal | None = None
    unit: str = ""
    respondents: int | None = None
    not_issued: bool = False  # the method is not issued: not applicable, and never 0

    def part(self, part: str) -> int | None:
        """Its numerator or denominator; of what is claimed as one whole number, that number."""
        said = self.numerator if part == "numerator" else self.denominator
        if said is not None or self.value is None or self.unit or self.value % 1:
            return said
        return int(self.value) if self.numerator is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Figure):
    """One as the ledger has it: in every cut from this number of the journal on."""

    seq: int


_FIGURE: Final = tuple(one.name for one in fields(Figure))
_COLUMNS: Final = (*_FIGURE, "seq")
_SAID: Final = _FIGURE[_FIGURE.index("numerator") :]
_KEY: Final = ("indicator", "agency", "from_day", "to_day", "source", "survey")

_TYPES: Final = {
    "int8": ("revision", "arrived_ms", "numerator", "denominator", "respondents"),
    "int4": ("from_day", "to_day"),
    "numeric": ("value",),
    "boolean": ("not_issued",),
}
_TYPE_OF: Final = {name: type_ for type_, names in _TYPES.items() for name in names}


def _given(*names: str) -> list[str]:
    return [f"${_FIGURE.index(name) + 1}::{_TYPE_OF.get(name, 'text')}" for name in names]


def _are(*names: str) -> str:
    return " AND ".join(
        f"{name} = {given}" for name, given in zip(names, _given(*names), strict=True)
    )


_STATE: Final = f"""
    INSERT INTO external_claim ({", ".join(_FIGURE)})
    SELECT {", ".join(_given(*_FIGURE))}
    WHERE NOT EXISTS (
        SELECT FROM (
            SELECT {", ".join(_SAID)} FROM external_claim WHERE {_are(*_KEY, "revision")}
            ORDER BY arrived_ms DESC, seq DESC LIMIT 1
        ) AS held
        WHERE ({", ".join(f"held.{name}" for name in _SAID)})
              IS NOT DISTINCT FROM ({", ".join(_given(*_SAID))})
    )
"""  # noqa: S608 - our constants


async def state(connection: Any, figure: Figure) -> bool:
    """Keep a stated figure; False where the one that stands says the same already."""
    done = await connection.execute(_STATE, *(getattr(figure, name) for name in _FIGURE))
    return bool(done == "INSERT 0 1")


async def standing(
    connection: Any,
    *,
    indicators: Collection[str] | None = None,
    agencies: Collection[str] | None = None,
    first_day: int | None = None,
    last_day: int | None = None,
    cut: int | None = None,
) -> list[Claim]:
    """The claims that stand, one for each source and survey that claims; the first is `the_one`'s.

    Days select the claims that are of exactly this period. `cut` is the number of a cut: as known
    then. Of one figure the higher revision stands, then the later arrival.
    """
    rows = await connection.fetch(
        f"""
        SELECT DISTINCT ON ({", ".join(_KEY)}) {", ".join(_COLUMNS)}
        FROM external_claim
        WHERE ($1::text[] IS NULL OR indicator = ANY($1))
          AND ($2::text[] IS NULL OR agency = ANY($2))
          AND ($3::int4 IS NULL OR from_day = $3)
          AND ($4::int4 IS NULL OR to_day = $4)
          AND ($5::int8 IS NULL OR seq <= $5)
        ORDER BY {", ".join(_KEY)}, revision DESC, arrived_ms DESC, seq DESC
        """,  # noqa: S608 - our constants
        None if indicators is None else list(indicators),
        None if agencies is None else list(agencies),
        first_day,
        last_day,
        cut,
    )
    claims = [Claim(**dict(row)) for row in rows]
    return sorted(claims, key=lambda claim: (_of(claim), _precedence(claim)))


Of = tuple[str, str, int, int]  # indicator, agency, first day, last day


def _of(claim: Claim) -> Of:
    return claim.indicator, claim.agency, claim.from_day, claim.to_day


def _precedence(claim: Claim) -> tuple[int, str, str]:
    return -claim.arrived_ms, claim.source, claim.survey


def the_one(claims: Iterable[Claim]) -> dict[Of, Claim]:
    """Of each figure the claim that arrived last, whoever makes it, for what asks for one number.

    Others stand beside it, with their names: whoever shows one shows who says so (assumption).
    """
    chosen: dict[Of, Claim] = {}
    for claim in sorted(claims, key=_precedence):
        chosen.setdefault(_of(claim), claim)
    return chosen


async def next_revision(connection: Any, figure: Figure) -> int:
    """A revision above all that this source has claimed of this figure in this survey."""
    found: int = await connection.fetchval(
        "SELECT coalesce(max(revision) + 1, 0) FROM external_claim WHERE "  # noqa: S608 - our constants
        + _are(*_KEY),
        *(getattr(figure, name) for name in _KEY),
    )
    return found


def says(figure: Figure) -> tuple[object, ...]:
    """What a claim says; two that say the same of the same are one."""
    return tuple(getattr(figure, name) for name in _SAID)


def key_of(figure: Figure) -> tuple[object, ...]:
    """All that names a claim: figure, source and survey."""
    return tuple(getattr(figure, name) for name in _KEY)
