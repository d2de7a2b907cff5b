"""Indicator sets from `indicators/*.toml`: what ministries and the government read, as its owner defines it.

They move no entry, so they are no part of the policy: a change asks for no recompute. Which version
was known when is kept in the ledger (`indicator_set`), so that a report for an old cut reads as it did.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, NamedTuple

import msgspec

from monitor.domain.composition import Unanswerable, made_of
from monitor.domain.deadlines import Basis
from monitor.domain.deadlines import Unit as LimitUnit
from monitor.domain.event import Channel
from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import (
    TOTAL,
    UNSCORED,
    Band,
    Check,
    Direction,
    Group,
    IfZero,
    Indicator,
    IndicatorSet,
    Kind,
    Score,
    Scoring,
    Target,
    Unit,
    VolumeClass,
)
from monitor.domain.period import Span
from monitor.domain.traits import Trait
from monitor.domain.zone import day_number
from monitor.reference.agencies import AgencyKind
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.procedures import Tag
from monitor.reference.table import Row
from monitor.reference.toml import TomlFile, read_toml
from monitor.reference.typed import FIRST_DATE
from monitor.reference.validity import in_turn

INDICATORS: Final = "indicators"
DECIMALS: Final = 2  # of what is not a count, where the file does not say
MOST_DECIMALS: Final = 6

_STEM: Final = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)(?:@[a-z0-9][a-z0-9.-]*)?")
_NAME: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_HASH_DIGITS: Final = 16
_TRAITS: Final[Mapping[str, Trait]] = {
    trait.name.lower(): trait for trait in Trait if trait.name
}

# What a term may be narrowed by, besides what its accounts tell.
_OF_SERVICES: Final = frozenset({Fact.SERVICES, Fact.SERVICES_RECEIVED})
_OF_PETITIONS: Final = frozenset(
    {Fact.PETITIONS, Fact.PETITIONS_ON_TIME, Fact.PETITIONS_LATE, Fact.PETITIONS_SATISFIED}
)
_WITHOUT_CHANNEL: Final = (
    _OF_PETITIONS
    | {Fact.COMPLAINTS, Fact.SERVICES, Fact.SOURCES, Fact.SOURCES_CONNECTED}
    | {Fact.AGENCIES, Fact.CLAIM}
)


class TermRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact, narrowed."""

    fact: Fact
    sign: Literal[1, 2, -1] = 1
    channel: Literal["", "direct", "online", "postal"] = ""
    level: Literal[0, 2, 3, 4] = 0
    having: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    tag: Tag | None = None
    online: bool = False
    kind: str = ""
    claim: str = ""
    part: Literal["", "numerator", "denominator"] = ""


class GroupRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    name_vi: str
    name_en: str


class IndicatorRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One indicator."""

    id: str
    group: str = ""
    name_vi: str
    name_en: str
    definition_vi: str
    definition_en: str
    source: str = ""
    source_vi: str = ""
    basis: Basis | None = None
    numerator: tuple[TermRow, ...]
    denominator: tuple[TermRow, ...] = ()
    or_if_larger: tuple[TermRow, ...] = ()
    times: str = ""
    excluded: tuple[TermRow, ...] = ()
    if_zero: IfZero = IfZero.NULL
    last_year_month: int = 0
    last_year_quarter: int = 0
    last_year_half: int = 0
    last_year_year: int = 0
    unit: Unit = Unit.PERCENT
    decimals: int | None = None
    scoring: Scoring = Scoring.NONE
    points: float = 0
    threshold: float | None = None
    steps: tuple[tuple[float, float], ...] = ()
    kinds: tuple[Kind, ...] = ()
    one_procedure: bool = False
    limit_unit: LimitUnit | None = None
    direction: Direction = Direction.UP
    target: float | None = None
    target_due: date | None = None
    target_source: str = ""
    target_source_vi: str = ""
    target_basis: Basis | None = None
    minimum: int = 0
    listed: int = 0
    method_issued: bool = True
    reverse_engineered: bool = False
    beside: tuple[str, ...] = ()
    note_vi: str = ""
    note_en: str = ""


class BandRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verdict on a total."""

    least: float
    id: str
    name_vi: str
    name_en: str
    basis: Basis


class CheckRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two sums that must be equal."""

    id: str
    name_vi: str
    name_en: str
    left: tuple[TermRow, ...]
    right: tuple[TermRow, ...]


class VolumeRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agencies with at least so many dossiers."""

    id: str
    least: int


class IndicatorsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `indicators/`. Its name is the set's, up to an `@`."""

    version: str
    title_vi: str
    title_en: str
    owner: str
    source: str
    source_vi: str = ""
    basis: Basis
    valid_from: date = FIRST_DATE
    valid_until: date | None = None
    kinds: tuple[Kind, ...] = ()
    full_marks_for: tuple[Kind, ...] = ()
    score_decimals: int = 2
    bands_of: float = 100
    band_from: float = 0
    ranked_by: str = ""
    rank_minimum: int = 0
    groups: tuple[GroupRow, ...] = ()
    indicators: tuple[IndicatorRow, ...]
    bands: tuple[BandRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    volume_classes: tuple[VolumeRow, ...] = ()


class StoredSet(NamedTuple):
    """A set as its file says it: what the ledger keeps."""

    name: str  # of the file, with its ending
    text: str
    set: IndicatorSet


def load_sets(folder: Path) -> list[StoredSet]:
    """A folder's sets, by name and from when they are valid; `Unusable` with every complaint."""
    complaints = Complaints()
    return complaints.settled(read_sets(folder, complaints))


def read_sets(folder: Path, complaints: Complaints) -> list[StoredSet]:
    """Those that fit, after every complaint about the others."""
    found = []
    rows: defaultdict[str, list[Row[IndicatorsFile]]] = defaultdict(list)
    for path in sorted((folder / INDICATORS).glob("*.toml")):
        read = read_toml(path, IndicatorsFile, complaints)
        if read is None:
            continue
        file, said = read
        before = len(complaints)
        made = _Reader(file, said).indicators()
        if len(complaints) == before:
            found.append(StoredSet(path.name, file.text, made))
            rows[made.id].append(Row(path, file.line("valid_from"), said))
    in_turn({f"the set {name}": held for name, held in rows.items()}, complaints)
    return sorted(found, key=lambda one: (one.set.id, one.set.valid_from))


@lru_cache(maxsize=64)  # asked for each report, of the same few
def set_from(name: str, text: str) -> IndicatorSet:
    """A stored set. Raises `Unusable` where this release does not understand it any more."""
    with TemporaryDirectory(prefix="emc-indicators-") as folder:
        path = Path(folder, name)
        path.write_text(text, "utf-8")
        complaints = Complaints()
        read = read_toml(path, IndicatorsFile, complaints)
        if read is None:
            return complaints.settled(None)
        return complaints.settled(_Reader(*read).indicators())


class _Reader:
    """Reads one file; what is wrong with it is complained of."""

    def __init__(self, file: TomlFile, said: IndicatorsFile) -> None:
        self._file = file
        self._said = said
        self._groups = [group.id for group in said.groups]
        self._known: list[str] = []

    def indicators(self) -> IndicatorSet:
        file, said = self._file, self._said
        stem = _STEM.fullmatch(file.path.stem)
        if stem is None:
            file.complain(
                "",
                f"{file.path.stem!r} is no name of a set",
                "write lower case: qd766.toml, or qd766@2027.toml for a later version",
            )
        for key in ("version", "title_vi", "title_en", "owner", "source"):
            if not getattr(said, key).strip():
                file.complain(key, f"`{key}` is empty", "write it")
        self._once("groups", self._groups)
        self._once("indicators", [row.id for row in said.indicators])
        self._once("bands", [row.id for row in said.bands])
        self._once("checks", [row.id for row in said.checks])
        self._once("volume_classes", [row.id.lower() for row in said.volume_classes])
        if not said.indicators:
            file.complain("", "no indicator", "add [[indicators]]")
        indicators = tuple(self._indicator(n, row) for n, row in enumerate(said.indicators))
        for place, row in enumerate(said.indicators):
            for name in row.beside:
                if name not in self._known:
                    self._unknown(f"indicators[{place}].beside", "indicator", name, self._known)
        return IndicatorSet(
            id=stem[1] if stem else file.path.stem,
            version=said.version,
            hash=hashlib.sha256(file.text.encode()).hexdigest()[:_HASH_DIGITS],
            title_vi=said.title_vi,
            title_en=said.title_en,
            owner=said.owner,
            source=said.source,
            source_vi=said.source_vi,
            basis=said.basis,
            valid_from=day_number(said.valid_from),
            valid_until=None if said.valid_until is None else day_number(said.valid_until),
            indicators=indicators,
            groups=tuple(
                Group(id=row.id, name_vi=row.name_vi, name_en=row.name_en)
                for row in said.groups
            ),
            bands=self._bands(),
            bands_of=_exact(said.bands_of),
            band_from=_exact(said.band_from),
            checks=tuple(
                Check(
                    id=row.id,
                    name_vi=row.name_vi,
                    name_en=row.name_en,
                    left=self._terms(f"checks[{place}].left", row.left),
                    right=self._terms(f"checks[{place}].right", row.right),
                )
                for place, row in enumerate(said.checks)
            ),
            full_marks_for=frozenset(said.full_marks_for),
            score_decimals=said.score_decimals,
            ranked_by=self._ranked_by(),
            rank_minimum=said.rank_minimum,
            volume_classes=self._volume_classes(),
        )

    def _once(self, table: str, names: Iterable[str]) -> None:
        seen = set()
        for place, name in enumerate(names):
            if not _NAME.fullmatch(name):
                self._file.complain(
                    f"{table}[{place}].id",
                    f"{name!r} is no id",
                    "write lower case: online_share",
                )
            if name in seen:
                self._file.complain(
                    f"{table}[{place}].id", f"{name} stands twice", "rename or remove one"
                )
            seen.add(name)

    def _indicator(self, place: int, row: IndicatorRow) -> Indicator:
        where = f"indicators[{place}]"
        self._check_texts(where, row)
        self._check_quotient(where, row)
        if row.group and row.group not in self._groups:
            self._unknown(f"{where}.group", "group", row.group, self._groups)
        if row.times and row.times not in self._known:
            self._file.complain(
                f"{where}.times",
                f"no indicator {row.times} stands before {row.id}",
                "write one that does: it is evaluated first",
            )
        made = Indicator(
            id=row.id,
            group=row.group,
            name_vi=row.name_vi,
            name_en=row.name_en,
            definition_vi=row.definition_vi,
            definition_en=row.definition_en,
            source=row.source or self._said.source,
            # One that a row names itself is not told in the words of its file's.
            source_vi=row.source_vi or ("" if row.source else self._said.source_vi),
            basis=row.basis or self._said.basis,
            numerator=self._terms(f"{where}.numerator", row.numerator),
            denominator=self._terms(f"{where}.denominator", row.denominator),
            or_if_larger=self._terms(f"{where}.or_if_larger", row.or_if_larger),
            times=row.times,
            excluded=self._terms(f"{where}.excluded", row.excluded),
            if_zero=row.if_zero,
            last_year=self._last_year(where, row),
            unit=row.unit,
            decimals=self._decimals(where, row),
            score=self._score(where, row),
            kinds=frozenset(row.kinds or self._said.kinds or Kind),
            one_procedure=row.one_procedure,
            limit_unit=row.limit_unit,
            direction=row.direction,
            target=self._target(where, row),
            minimum=row.minimum,
            listed=row.listed,
            method_issued=row.method_issued,
            reverse_engineered=row.reverse_engineered,
            beside=row.beside,
            note_vi=row.note_vi,
            note_en=row.note_en,
        )
        self._known.append(row.id)
        return made

    def _check_texts(self, where: str, row: IndicatorRow) -> None:
        for key in ("name_vi", "name_en", "definition_vi", "definition_en"):
            if not getattr(row, key).strip():
                self._file.complain(
                    f"{where}.{key}",
                    f"`{key}` of {row.id} is empty",
                    "write it, in both languages",
                )

    def _check_quotient(self, where: str, row: IndicatorRow) -> None:
        complain = self._file.complain
        if not row.numerator:
            complain(f"{where}.numerator", f"{row.id} counts nothing", "name a fact")
        if (row.unit is Unit.COUNT) is bool(row.denominator):
            complain(
                f"{where}.denominator",
                f"{row.id} is a {row.unit} with{'' if row.denominator else 'out'} a denominator",
                "remove it" if row.denominator else 'name one, or write unit = "count"',
            )
        for key in ("minimum", "listed"):
            if getattr(row, key) < 0:
                complain(f"{where}.{key}", f"a {key} below 0", "write 0 or more")
        if row.or_if_larger and not row.denominator:
            complain(
                f"{where}.or_if_larger",
                "larger than no denominator",
                "name a denominator first",
            )

    def _decimals(self, where: str, row: IndicatorRow) -> int:
        if row.decimals is None:
            return 0 if row.unit is Unit.COUNT else DECIMALS
        if not 0 <= row.decimals <= MOST_DECIMALS:
            self._file.complain(
                f"{where}.decimals",
                f"{row.decimals} decimals",
                f"write 0 to {MOST_DECIMALS}",
            )
        return row.decimals

    # -- terms ----------------------------------------------------------------------------------

    def _terms(self, where: str, rows: Iterable[TermRow]) -> tuple[Term, ...]:
        return tuple(self._term(where, row) for row in rows)

    def _term(self, where: str, row: TermRow) -> Term:
        fact = row.fact
        claims = fact is Fact.CLAIM
        if claims != bool(row.claim) or claims != bool(row.part):
            self._file.complain(
                where,
                f"{fact} names {'no ' if claims else 'a '}claim or part",
                'write claim = "NAME", part = "numerator"' if claims else "remove it",
            )
        for asked, allowed, word in (
            (row.channel, fact not in _WITHOUT_CHANNEL, "channel"),
            (row.level, fact not in _WITHOUT_CHANNEL or fact is Fact.SERVICES, "level"),
            (row.tag, fact in _OF_SERVICES, "tag"),
            (row.online, fact in _OF_SERVICES, "online"),
            (row.kind, fact in _OF_PETITIONS or fact is Fact.AGENCIES, "kind"),
        ):
            if asked and not allowed:
                self._file.complain(
                    where, f"{fact} is not narrowed by {word}", f"remove {word}"
                )
        if fact is Fact.AGENCIES and row.kind not in set(AgencyKind):
            self._unknown(where, "kind of agency", row.kind, list(AgencyKind))
        made = Term(
            fact=fact,
            sign=row.sign,
            channel=Channel[row.channel.upper()] if row.channel else 0,
            level=row.level,
            having=self._traits(where, row.having),
            lacking=self._traits(where, row.lacking),
            any_of=self._traits(where, row.any_of),
            tag=row.tag or "",
            online=row.online,
            kind=row.kind,
            claim=row.claim,
            part=row.part,
        )
        try:
            made_of(made)
        except Unanswerable as error:
            self._file.complain(where, str(error), "name another fact, or narrow it otherwise")
        return made

    def _traits(self, where: str, names: Iterable[str]) -> Trait:
        found = Trait(0)
        for name in names:
            if name in _TRAITS:
                found |= _TRAITS[name]
            else:
                self._unknown(where, "trait", name, _TRAITS)
        return found

    def _unknown(self, where: str, what: str, name: str, known: Iterable[str]) -> None:
        meant = nearest(name, known)
        self._file.complain(
            where,
            f"unknown {what} {name!r}",
            f"write {meant}" if meant else f"add the {what}, or correct its name",
        )

    # -- points, targets, bands -----------------------------------------------------------------

    def _last_year(self, where: str, row: IndicatorRow) -> Mapping[Span, int] | None:
        parts = {
            Span.MONTH: row.last_year_month,
            Span.QUARTER: row.last_year_quarter,
            Span.HALF: row.last_year_half,
            Span.YEAR: row.last_year_year,
        }
        written = {span: part for span, part in parts.items() if part}
        if bool(written) != (row.if_zero is IfZero.LAST_YEAR):
            self._file.complain(
                f"{where}.if_zero",
                f"{row.id} has {'' if written else 'no '}parts of last year, and if_zero is {row.if_zero}",
                "remove them" if written else "write last_year_month = 12 and so on",
            )
        if any(part < 0 for part in written.values()):
            self._file.complain(where, "a part of last year below 0", "write 12 for a month")
        return written or None

    def _score(self, where: str, row: IndicatorRow) -> Score:
        rule = row.scoring
        complain = self._file.complain
        if (rule is Scoring.NONE) is (row.points > 0) or row.points < 0:
            complain(
                f"{where}.points",
                f"{row.points:g} points by the rule {rule}",
                "write points above 0 and a rule, or neither",
            )
        if (rule is Scoring.CAPPED) is (row.threshold is None):
            complain(
                f"{where}.threshold",
                f"the rule {rule} with{'out' if row.threshold is None else ''} a threshold",
                "write from which ratio all points are given, as 0.8, or remove it",
            )
        if row.threshold is not None and not 0 < row.threshold <= 1:
            complain(
                f"{where}.threshold", f"a threshold of {row.threshold:g}", "write 0.01 to 1"
            )
        if (rule is Scoring.STEPS) is not bool(row.steps):
            complain(
                f"{where}.steps",
                f"the rule {rule} with{'' if row.steps else 'out'} steps",
                'write steps = [[RATIO, POINTS], ...] with scoring = "steps", or neither',
            )
        if rule is Scoring.NONE:
            if row.if_zero is IfZero.FULL_MARKS:
                complain(f"{where}.if_zero", "full marks of no points", "write another rule")
            return UNSCORED
        return Score(
            rule=rule,
            most=_exact(row.points),
            threshold=_exact(row.threshold) if row.threshold else Fraction(1),
            steps=tuple((_exact(least), _exact(points)) for least, points in row.steps),
        )

    def _target(self, where: str, row: IndicatorRow) -> Target | None:
        if row.target is None:
            if row.target_due or row.target_source or row.target_basis:
                self._file.complain(
                    where, "a target's date or source, and no target", "add target"
                )
            return None
        return Target(
            value=_exact(row.target),
            due_day=None if row.target_due is None else day_number(row.target_due),
            source=row.target_source or row.source or self._said.source,
            source_vi=row.target_source_vi
            or ("" if row.target_source else row.source_vi)
            or ("" if row.target_source or row.source else self._said.source_vi),
            basis=row.target_basis or row.basis or self._said.basis,
        )

    def _ranked_by(self) -> str:
        asked = self._said.ranked_by
        scored = any(row.points for row in self._said.indicators)
        known = [*self._known, *([TOTAL] if scored else [])]
        if asked and asked not in known:
            self._unknown("ranked_by", "indicator", asked, known)
        return asked or next(iter(self._known), "")

    def _volume_classes(self) -> tuple[VolumeClass, ...]:
        rows = self._said.volume_classes
        self._descending("volume_classes", [row.least for row in rows])
        if rows and rows[-1].least:
            self._file.complain(
                f"volume_classes[{len(rows) - 1}].least",
                f"agencies with fewer than {rows[-1].least} dossiers are in no class",
                "write 0 in the last one",
            )
        return tuple(VolumeClass(row.id, row.least) for row in rows)

    def _descending(self, table: str, least: Sequence[float]) -> None:
        for place in range(1, len(least)):
            if least[place] >= least[place - 1]:
                self._file.complain(
                    f"{table}[{place}].least",
                    f"{least[place]:g} is not below {least[place - 1]:g}, the one before",
                    "write the highest first",
                )

    def _bands(self) -> tuple[Band, ...]:
        rows = self._said.bands
        self._descending("bands", [row.least for row in rows])
        return tuple(
            Band(
                least=_exact(row.least),
                id=row.id,
                name_vi=row.name_vi,
                name_en=row.name_en,
                basis=row.basis,
            )
            for row in rows
        )


def _exact(number: float) -> Fraction:
    """As it is written: 0.9 is nine tenths."""
    return Fraction(str(number))
