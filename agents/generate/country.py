"""Who handles what in the invented country: `country.toml`, read once, ready to draw from."""

import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Any, Final, Generic, Self, TypeVar

T = TypeVar("T")
PER_MILLE: Final = 1_000
COMMUNE: Final = "commune"
SHAPES: Final = ("2024",)  # other countries than that of today
FULL: Final = 4  # the level of service
_COMMUNE_SHARE: Final = 700  # per mille of a province's dossiers that go to a commune


def seeded(seed: int | str) -> Random:
    """The one source of chance. Only its `random()` is used: it is the same in every Python."""
    return Random(seed)  # noqa: S311 - nothing here is secret


class Draw(Generic[T]):
    """Draws one of `values`, each as often as its weight says."""

    __slots__ = ("_last", "_sums", "_total", "_values")

    def __init__(self, values: Sequence[T], weights: Sequence[int]) -> None:
        self._values = tuple(values)
        self._sums = tuple(accumulate(weights))
        self._total = self._sums[-1]
        self._last = len(self._values) - 1

    def __call__(self, rng: Random) -> T:
        # Integers only, but for `random()` itself, so that a seed means the same everywhere.
        return self._values[
            min(bisect_right(self._sums, int(rng.random() * self._total)), self._last)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Who has a dossier at each step, by the names of one kind of body."""

    counter: str
    expert: str
    leader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many of a thousand processed dossiers end early, on the due day and late."""

    early: int
    on_time: int
    late: int

    def with_late(self, per_cent: int) -> Self:
        """The same, with more or fewer late ones at the cost of the others."""
        late = min(self.late * per_cent // 100, PER_MILLE)
        early = (PER_MILLE - late) * self.early // max(self.early + self.on_time, 1)
        return type(self)(early=early, on_time=PER_MILLE - late - early, late=late)


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A row of the catalogue. `limit` is None for a procedure without a deadline."""

    code: str
    name: str
    by: str
    level: int
    weight: int
    business: int
    limit: int | None = None
    unit: str = ""
    fee: int = 0  # đồng
    document: bool = True  # its result is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A province or a ministry, with what is needed to open a dossier there."""

    code: str
    name: str
    source: str
    receipt_is_date: bool
    procedures: Draw[Procedure]
    agencies: Mapping[str, Draw[str]]  # by the procedure's `by`
    full_share: int | None  # of 10,000 received dossiers, full-process ones; None: as drawn
    full_procedures: Draw[Procedure]
    other_procedures: Draw[Procedure]
    counter: Outcome  # by the way a dossier came
    partial: Outcome
    full: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """All authorities and what they have in common."""

    provinces: tuple[str, ...]
    ministries: tuple[str, ...]
    direct: Draw[Authority]
    online: Draw[Authority]
    postal: Draw[Authority]
    channel_weights: tuple[int, int, int]  # direct, online, postal
    desks: Mapping[str, Desks]  # by "commune", "department", "ministry"
    steps: Mapping[str, str]
    in_process: tuple[str, ...]
    life: Mapping[str, int]
    beside: Mapping[str, int]
    petitions: Mapping[str, int]
    claims: Mapping[str, int]
    weights: Mapping[str, int]  # dossiers by authority, relative to each other
    communes: Mapping[str, int]  # how many a province has

    def desks_of(self, procedure: Procedure) -> Desks:
        if procedure.by == COMMUNE:
            return self.desks[COMMUNE]
        return self.desks["ministry" if procedure.by.startswith("G") else "department"]


@cache
def load(shape: str = "", only: str = "") -> Country:
    """The country of `country.toml`, which is package data: a mistake in it is a bug.

    With a shape its provinces and ministries are those of `country-SHAPE.toml`; with `only` there
    is that authority alone. Raises `ValueError` where there is no such.
    """
    document = _document("country.toml")
    if shape:
        if shape not in SHAPES:
            raise ValueError(f"there is no shape {shape!r}: {', '.join(SHAPES)}")
        document |= _document(f"country-{shape}.toml")
    provinces, ministries = (
        [row for row in document[kind] if only in ("", row["code"])]
        for kind in ("provinces", "ministries")
    )
    rows = [*provinces, *ministries]
    if not rows:
        raise ValueError(f"there is no authority {only!r}: a province H56 or a ministry G01")
    procedures = [Procedure(**row) for row in document["procedures"]]
    outcomes = {way: Outcome(**shares) for way, shares in document["outcome"].items()}
    departments = tuple(document["departments"])
    authorities = [_authority(row, procedures, departments, outcomes) for row in rows]
    online = [row["weight"] * row["online"] for row in rows]
    postal = [row["weight"] * row["postal"] for row in rows]
    direct = [
        row["weight"] * PER_MILLE - by_web - by_post
        for row, by_web, by_post in zip(rows, online, postal, strict=True)
    ]
    steps = dict(document["steps"])
    in_process = tuple(steps.pop("in_process"))
    return Country(
        provinces=tuple(row["code"] for row in provinces),
        ministries=tuple(row["code"] for row in ministries),
        direct=Draw(authorities, direct),
        online=Draw(authorities, online),
        postal=Draw(authorities, postal),
        channel_weights=(sum(direct), sum(online), sum(postal)),
        desks={kind: Desks(**names) for kind, names in document["desks"].items()},
        steps=steps,
        in_process=in_process,
        life=document["life"],
        beside=document["beside"],
        petitions=document["petitions"],
        claims=document["claims"],
        weights={row["code"]: row["weight"] for row in rows},
        communes={row["code"]: row["communes"] for row in provinces},
    )


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text("utf-8"))


def _authority(
    row: Mapping[str, Any],
    procedures: Sequence[Procedure],
    departments: Sequence[str],
    outcomes: Mapping[str, Outcome],
) -> Authority:
    code = row["code"]
    ministry = "divisions" in row
    if ministry:
        handled = {code, *row.get("also", ())}
        own = [p for p in procedures if handled & {p.by, p.code}]
        divisions = [f"{code}.{n:02d}" for n in range(1, row["divisions"] + 1)]
        # Also those that its row names and the catalogue gives to another.
        draw = Draw(divisions, range(len(divisions), 0, -1))
        agencies = {procedure.by: draw for procedure in own}
        weights = [procedure.weight for procedure in own]
    else:
        own = [p for p in procedures if p.by == COMMUNE or p.by in departments]
        # The biggest commune has some nine times the dossiers of the smallest (Phu Tho: 340 to
        # 3,000 a month).
        communes = [f"{code}.{100 + n}" for n in range(1, row["communes"] + 1)]
        few = max(len(communes) // 8, 1)
        agencies = {COMMUNE: Draw(communes, range(len(communes) + few, few, -1))}
        agencies |= {number: Draw((f"{code}.{number}",), (1,)) for number in departments}
        at_commune = sum(p.weight for p in own if p.by == COMMUNE)
        at_department = sum(p.weight for p in own if p.by != COMMUNE)
        weights = [
            p.weight * _COMMUNE_SHARE * at_department
            if p.by == COMMUNE
            else p.weight * (PER_MILLE - _COMMUNE_SHARE) * at_commune
            for p in own
        ]
    full = [procedure.level == FULL for procedure in own]
    return Authority(
        code=code,
        name=row["name"],
        source=f"{code}-onestop",
        receipt_is_date=row.get("receipt") == "date",
        procedures=Draw(own, weights),
        agencies=agencies,
        full_share=row.get("full"),
        full_procedures=Draw(own, [w * f for w, f in zip(weights, full, strict=True)]),
        other_procedures=Draw(own, [w * (not f) for w, f in zip(weights, full, strict=True)]),
        counter=outcomes["counter"].with_late(row["late"]),
        partial=outcomes["partial"].with_late(row["late"]),
        full=outcomes["full"].with_late(row["late"]),
    )
