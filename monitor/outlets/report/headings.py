"""What every report says of itself: by which set, of whom, of when, as known when."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, assert_never

from monitor.domain.indicator import IndicatorSet, Standing
from monitor.domain.period import Period, Span
from monitor.domain.scope import Reach
from monitor.domain.zone import Zone, date_of
from monitor.ledger.official import About, Known
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.said import (
    BASES,
    SIGNS,
    STANDINGS,
    Said,
    day,
    moment,
    same,
    source,
)
from monitor.outlets.report.sheet import Line

_VI, _EN = Language.VIETNAMESE, Language.ENGLISH


def title(indicators: IndicatorSet) -> Said:
    return Said(indicators.title_vi, indicators.title_en)


def lines(indicators: IndicatorSet, period: Period, known: Known) -> list[Line]:
    """Where figures come from; the same for every report of the same set, period and cut."""
    zone = Zone(known.zone)
    basis = BASES[indicators.basis.value]
    return [
        Line(
            title=words.SET,
            said=same(f"{indicators.id}, {indicators.version} ({indicators.hash[:16]})"),
        ),
        Line(title=words.OWNER, said=same(indicators.owner)),
        Line(title=words.SOURCE, said=source(indicators)),
        Line(title=words.BASIS, said=basis),
        Line(title=words.PERIOD, said=of_period(period)),
        Line(title=words.AS_OF, said=of_day(min(known.as_of_day, period.last_day))),
        Line(
            title=words.CUT,
            said=Said(
                f"số {known.cut}, lúc {moment(known.sealed_at, zone, _VI)} ({known.zone})",
                f"number {known.cut}, {moment(known.sealed_at, zone, _EN)} ({known.zone})",
            ),
        ),
        Line(
            title=words.POLICY,
            said=Said(
                f"kỳ áp dụng {known.epoch}, phiên bản quy tắc {known.rules}",
                f"epoch {known.epoch}, rules version {known.rules}",
            ),
        ),
        Line(title=words.REFERENCE, said=same(known.reference or "–")),
    ]


def of_scope(about: About) -> Said:
    """Name and code; of one procedure, whose name it then is, the agency's code alone."""
    code, procedure = about.scope.agency, about.scope.procedure
    if not code:
        named = Said("Cả nước", "The country")
    elif procedure:
        named = same(code)
    elif about.name:
        named = same(f"{about.name} ({code})")
    else:
        named = Said(f"{code}{UNLISTED.vi}", f"{code}{UNLISTED.en}")
    reach = _REACHES[about.scope.reach]
    named = Said(f"{named.vi}{reach.vi}", f"{named.en}{reach.en}")
    if not procedure:
        return named
    said = f"{procedure} {about.name}".strip()
    return Said(f"{named.vi}, thủ tục {said}", f"{named.en}, procedure {said}")


# Behind the code of a unit that no file names.
UNLISTED: Final = Said(" (chưa có trong danh mục)", " (not listed)")
_REACHES: Final = {
    Reach.ALL: Said("", ""),
    Reach.OWN: Said(", riêng cơ quan", ", its own"),
    Reach.SECTOR: Said(", theo ngành dọc", ", its sector"),
}


def of_period(period: Period) -> Said:
    """As people say it: tháng 8 năm 2026, August 2026."""
    first, last = date_of(period.first_day), date_of(period.last_day)
    year = first.year
    match period.span:
        case Span.DAY:
            return Said(f"ngày {day(first, _VI)}", day(first, _EN))
        case Span.MONTH:
            named = Said(
                f"tháng {first.month} năm {year}", f"{_MONTHS[first.month - 1]} {year}"
            )
        case Span.QUARTER:
            which = last.month // 3
            named = Said(f"quý {_ROMAN[which - 1]} năm {year}", f"quarter {which} of {year}")
        case Span.HALF:
            which = last.month // 6
            named = Said(
                f"6 tháng {('đầu', 'cuối')[which - 1]} năm {year}",
                f"{('first', 'second')[which - 1]} half of {year}",
            )
        case Span.YEAR:
            named = Said(f"năm {year}", str(year))
        case _:
            assert_never(period.span)
    return Said(
        f"{named.vi} (từ {day(first, _VI)} đến {day(last, _VI)})",
        f"{named.en} ({day(first, _EN)} to {day(last, _EN)})",
    )


def in_short(period: Period) -> Said:
    """The same where there is little room: tháng 8/2026, August 2026."""
    first, last = date_of(period.first_day), date_of(period.last_day)
    year = first.year
    match period.span:
        case Span.DAY:
            return Said(day(first, _VI), day(first, _EN))
        case Span.MONTH:
            return Said(f"tháng {first.month}/{year}", f"{_MONTHS[first.month - 1]} {year}")
        case Span.QUARTER:
            which = last.month // 3
            return Said(f"quý {_ROMAN[which - 1]}/{year}", f"quarter {which} of {year}")
        case Span.HALF:
            which = last.month // 6
            return Said(
                f"6 tháng {('đầu', 'cuối')[which - 1]} năm {year}",
                f"{('first', 'second')[which - 1]} half of {year}",
            )
        case Span.YEAR:
            return Said(f"năm {year}", str(year))
        case _:
            assert_never(period.span)


def of_day(number: int) -> Said:
    found = date_of(number)
    return Said(day(found, _VI), day(found, _EN))


def legend(standings: Sequence[Standing]) -> Said:
    """What the signs mean that stand in the place of numbers; 0 is a number."""
    used = [one for one in SIGNS if one in standings]
    return Said(
        "; ".join(f"{SIGNS[one]} {STANDINGS[one].vi}" for one in used),
        "; ".join(f"{SIGNS[one]} {STANDINGS[one].en}" for one in used),
    )


def plain(value: Fraction) -> int | float:
    """For people: 80 and 2.5."""
    return int(value) if value.denominator == 1 else float(value)


_ROMAN = ("I", "II", "III", "IV")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
