"""Texts in Vietnamese and in English, and numbers as either language writes them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from monitor.domain import indicator_words
from monitor.domain.indicator import (
    Figure,
    Indicator,
    IndicatorSet,
    Kind,
    Standing,
    Target,
)
from monitor.domain.zone import Zone, date_of
from monitor.outlets.digest.words import Language

EMPTY: Final = "–"


class Said(NamedTuple):
    """One text in both languages."""

    vi: str
    en: str

    def of(self, language: Language) -> str:
        return self.vi if language is Language.VIETNAMESE else self.en


def same(text: str) -> Said:
    """A code, a name, a number: the same in both."""
    return Said(text, text)


# The signs of Vietnam's statistical yearbooks where there are any: "-" nothing of the kind,
# "..." not collected. None of them is 0.
SIGNS: Final = {
    Standing.NULL: EMPTY,
    Standing.NOT_APPLICABLE: "×",
    Standing.NO_DATA: "…",
    Standing.TOO_FEW: "(*)",
}
STANDINGS: Final = {
    Standing.NUMBER: Said("có số liệu", "a number"),
    Standing.NULL: Said(
        "không tính được tỷ lệ (không phát sinh, hoặc chưa rõ); không phải là 0",
        "no ratio (nothing to measure, or not known); not 0",
    ),
    Standing.NOT_APPLICABLE: Said("không áp dụng", "not applicable"),
    Standing.NO_DATA: Said(
        "chưa có dữ liệu (chưa kết nối, chưa đến ngày kết nối chính thức, chưa gửi dữ liệu nào, hoặc"
        " kỳ báo cáo chưa bắt đầu)",
        "no data (not connected, before go-live, nothing ever sent, or a period not begun)",
    ),
    Standing.TOO_FEW: Said("quá ít hồ sơ để kết luận", "too few to tell"),
}
KINDS: Final = {
    Kind.COUNTRY: Said("cả nước", "country"),
    Kind.MINISTRY: Said("bộ, ngành", "ministry or body"),
    Kind.PROVINCE: Said("tỉnh, thành phố", "province"),
    Kind.DEPARTMENT: Said("sở, ban, ngành", "department"),
    Kind.DIVISION: Said("cục, vụ", "division"),
    Kind.DISTRICT: Said("huyện", "district"),
    Kind.COMMUNE: Said("xã, phường, đặc khu", "commune"),
    Kind.CENTRE: Said("trung tâm, đơn vị", "centre or unit"),
}
BASES: Final = {
    "law": Said("quy định pháp luật", "law"),
    "practice": Said("thực tiễn", "practice"),
    "assumption": Said("giả định", "assumption"),
    "plain": Said("quy tắc đơn giản", "plain"),
}
# What stands in a place: a number, a text, or why there is none; None where nothing belongs.
Value = int | Decimal | str | Said | Standing | None


def number(value: int | Decimal, language: Language, *, signed: bool = False) -> str:
    """1.234,50 in Vietnamese, 1,234.50 in English; with a plus sign where asked."""
    text = f"{value:+,}" if signed and value else f"{value:,}"
    if language is Language.VIETNAMESE:
        text = text.translate(_SWAPPED)
    return text.replace("-", "−")


_SWAPPED: Final = str.maketrans(",.", ".,")


def shown(value: Value, language: Language, *, signed: bool = False) -> str:
    """Any value as people read it."""
    match value:
        case None:
            return ""
        case Standing():
            return SIGNS[value]
        case Said():
            return value.of(language)
        case str():
            return value
        case _:
            return number(value, language, signed=signed)


def day(value: date, language: Language) -> str:
    return value.strftime("%d/%m/%Y" if language is Language.VIETNAMESE else "%Y-%m-%d")


def moment(at: datetime, zone: Zone, language: Language) -> str:
    """An instant by the clocks of a zone."""
    ms = int(at.timestamp() * 1000)
    clock = zone.ms_of_day(ms) // 1000
    return (
        f"{day(date_of(zone.day(ms)), language)}"
        f" {clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
    )


def name(indicator: Indicator) -> Said:
    return Said(indicator.name_vi, indicator.name_en)


def definition(indicator: Indicator) -> Said:
    return Said(indicator.definition_vi, indicator.definition_en)


def source(one: Indicator | IndicatorSet | Target) -> Said:
    """The text that it is from."""
    return Said(one.source_vi or one.source, one.source)


def unit(indicator: Indicator) -> Said:
    return Said(*indicator_words.UNITS[indicator.unit])


def formula(indicator: Indicator) -> Said:
    return Said(*indicator_words.formula(indicator))


def zero_rule(indicator: Indicator) -> Said | None:
    """Of a count there is none."""
    return Said(*indicator_words.zero_rule(indicator)) if indicator.denominator else None


def points(indicator: Indicator) -> Said:
    return Said(*indicator_words.points(indicator))


def reason(figure: Figure) -> Said | None:
    """Why a figure is not a plain quotient."""
    return None if figure.reason is None else Said(*indicator_words.reason(figure.reason))
