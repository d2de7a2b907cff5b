"""Numbers as pages have them: written in the reader's language, with what they mean a click away.

Null, 0, not applicable, no data and too few are different answers and look different.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from monitor.domain import indicator_words
from monitor.domain.indicator import Figure, Standing, Unit
from monitor.domain.period import Period
from monitor.domain.zone import date_of
from monitor.ledger.official import Known, Official
from monitor.outlets.console.page import Visit
from monitor.outlets.console.texts import text
from monitor.outlets.digest.words import Language
from monitor.outlets.report import said, words
from monitor.outlets.report.headings import in_short


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a number is: lines of name and text, and where its set tells more."""

    title: str
    lines: Iterable[tuple[str, str]]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Lines that are written when they are read: of a page's figures most are only sorted by."""

    write: Callable[[], Iterable[tuple[str, str]]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.write())


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number, or why there is none. Macro `number` draws it."""

    text: str
    unit: str = ""
    standing: Standing = Standing.NUMBER
    meaning: Meaning | None = None
    live: str = ""  # by which /live changes it in open pages
    value: int | Decimal | None = None  # for order and for CSV

    @property
    def known(self) -> bool:
        return self.standing is Standing.NUMBER


def number(visit: Visit, value: int | Decimal | None, *, signed: bool = False) -> str:
    """1.234,5 in Vietnamese, 1,234.5 in English; the sign of null where there is none."""
    if value is None:
        return said.SIGNS[Standing.NULL]
    return said.number(value, visit.language, signed=signed)


def of_figure(
    visit: Visit, official: Official, figure: Figure, *, points: bool = False
) -> Number:
    """An official figure, or its points."""
    one = figure.indicator
    value = figure.score if points else figure.shown
    unit = said.same("")
    if not points:
        unit = said.Said(*indicator_words.UNITS[one.unit])
    known = value is not None and (points or figure.standing is Standing.NUMBER)
    standing = Standing.NUMBER if known else figure.standing
    if standing is Standing.NUMBER and value is None:
        standing = Standing.NULL
    return Number(
        text=number(visit, value) if known else said.SIGNS[standing],
        unit=unit.of(visit.language) if known else "",
        standing=standing,
        value=value,
        meaning=meaning(visit, official, figure),
    )


def meaning(visit: Visit, official: Official, figure: Figure) -> Meaning:
    """Name, numerator, denominator, rule, basis, as of, watermark."""
    one = figure.indicator
    return Meaning(
        title=visit.one_of(one.name_vi, one.name_en),
        lines=Later(lambda: _lines(visit, official, figure)),
        more=visit.url(f"/definitions/{official.set.id}") + f"#{one.id}",
    )


def _lines(visit: Visit, official: Official, figure: Figure) -> Iterable[tuple[str, str]]:
    one, language = figure.indicator, visit.language
    formula = indicator_words.formula(one)
    lines = [(visit.t("meaning.what"), visit.one_of(one.definition_vi, one.definition_en))]
    if figure.standing is not Standing.NUMBER:
        lines.append(
            (visit.t("meaning.standing"), said.STANDINGS[figure.standing].of(language))
        )
    if figure.reason is not None:
        lines.append(
            (visit.t("meaning.reason"), visit.one_of(*indicator_words.reason(figure.reason)))
        )
    if one.denominator:
        parts = f"{number(visit, figure.numerator)} / {number(visit, figure.denominator)}"
        lines.append((visit.t("meaning.parts"), parts))
    if one.times:
        factor = number(visit, figure.factor_percent)
        lines.append((words.FACTOR.of(language), f"{factor} % ({one.times})"))
    lines.append((visit.t("meaning.rule"), visit.one_of(*formula)))
    if figure.most is not None:
        points = f"{number(visit, figure.score)} / {number(visit, figure.most)}"
        lines.append((words.SCORE.of(language), points))
    basis = said.BASES[str(one.basis)].of(language)
    source = visit.one_of(*said.source(one))
    if one.reverse_engineered:
        source = f"{source}; {words.REVERSE.of(language)}"
    return [
        *lines,
        (words.BASIS.of(language), f"{basis}: {source}" if source else basis),
        (words.SET.of(language), f"{official.set.id} {official.set.version}"),
        (words.PERIOD.of(language), span(visit, official.period)),
        *as_of(visit, official.known),
    ]


def as_of(visit: Visit, known: Known) -> list[tuple[str, str]]:
    """As of when, and by which numbers of the journal and which files."""
    return [*_as_of(visit.language, visit.zone.name, known)]


@lru_cache(maxsize=64)  # the same at most numbers of a page
def _as_of(language: Language, zone: str, known: Known) -> Sequence[tuple[str, str]]:
    reference = known.reference[:12] or "–"
    sealed = known.sealed_at.astimezone(_zone(zone))
    return (
        (words.AS_OF.of(language), said.day(date_of(known.as_of_day), language)),
        (text("meaning.known", language), f"{_written(sealed, language)} (#{known.cut})"),
        (text("meaning.policy", language), f"{known.epoch}, {reference}"),
    )


def counted(
    visit: Visit,
    value: int | Decimal | None,
    title: str,
    *lines: tuple[str, str],
    later: Callable[[], Iterable[tuple[str, str]]] | None = None,
    unit: str = "",
    live: str = "",
    standing: Standing | None = None,
) -> Number:
    """A number of the page's own, with lines that say what it is; or what will write them."""
    stands = standing or (Standing.NULL if value is None else Standing.NUMBER)
    return Number(
        text=number(visit, value) if stands is Standing.NUMBER else said.SIGNS[stands],
        unit=unit if stands is Standing.NUMBER else "",
        standing=stands,
        value=value,
        meaning=Meaning(title=title, lines=Later(later) if later else lines),
        live=live,
    )


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def instant(visit: Visit, at: datetime | int) -> datetime:
    """In the policy's zone."""
    if isinstance(at, int):
        at = datetime.fromtimestamp(at / 1000, UTC)
    return at.astimezone(_zone(visit.zone.name))


def when(visit: Visit, at: datetime | int | None) -> str:
    """A time as people write it."""
    if at is None:
        return said.EMPTY
    return _written(instant(visit, at), visit.language)


def _written(local: datetime, language: Language) -> str:
    return f"{said.day(local.date(), language)} {local:%H:%M:%S}"


def day(visit: Visit, at: date | int | None) -> str:
    """A day as people write it."""
    if at is None:
        return said.EMPTY
    return said.day(date_of(at) if isinstance(at, int) else at, visit.language)


def span(visit: Visit, period: Period) -> str:
    """A period in as few words as a heading has room for."""
    return in_short(period).of(visit.language)


MINUTE: Final = 60_000


def ago(visit: Visit, at_ms: int | None) -> str:
    """How long since, in the largest unit that is whole."""
    return said.EMPTY if at_ms is None else lasting(visit, visit.now_ms - at_ms)


def lasting(visit: Visit, ms: int) -> str:
    """A span of time in one or two words."""
    minutes = max(0, ms) // MINUTE
    if not minutes:
        return visit.t("time.moment")
    for unit, size in (("days", 1440), ("hours", 60)):
        if minutes >= size * (2 if unit == "days" else 1):
            return visit.t(f"time.{unit}", n=number(visit, minutes // size))
    return visit.t("time.minutes", n=number(visit, minutes))


PERCENT: Final = Unit.PERCENT
