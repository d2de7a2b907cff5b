"""Texts in Vietnamese and in English, and numbers as either language writes them."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from monitor.domain.indicator import Figure, Indicator, Kind, Standing, Unit, Why
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
        "chưa có dữ liệu (chưa kết nối, hoặc trước ngày vận hành)",
        "no data (not connected, or before go-live)",
    ),
    Standing.TOO_FEW: Said("quá ít hồ sơ để kết luận", "too few to tell"),
}
WHYS: Final = {
    Why.NOTHING_TO_MEASURE: Said("mẫu số bằng 0", "the denominator is 0"),
    Why.NOTHING_COUNTS_ZERO: Said(
        "mẫu số bằng 0, theo quy tắc tính là 0", "the denominator is 0, by rule it counts as 0"
    ),
    Why.NOTHING_FULL_MARKS: Said(
        "mẫu số bằng 0, theo quy tắc được điểm tối đa",
        "the denominator is 0, by rule full marks are given",
    ),
    Why.LAST_YEARS: Said(
        "mẫu số bằng 0, thay bằng phần của năm trước",
        "the denominator is 0, a part of last year's stands in",
    ),
    Why.NO_LAST_YEAR: Said(
        "mẫu số bằng 0 và năm trước không có số liệu",
        "the denominator is 0, and there is no last year",
    ),
    Why.UNKNOWN: Said("chưa rõ", "not known"),
    Why.DEPENDS: Said(
        "phụ thuộc chỉ số không tính được", "depends on an indicator without a ratio"
    ),
    Why.METHOD_NOT_ISSUED: Said(
        "chưa ban hành phương pháp tính", "the method has not been issued"
    ),
    Why.NOT_OF_THIS_KIND: Said(
        "không áp dụng cho loại cơ quan này", "not for this kind of agency"
    ),
    Why.NOT_OF_THIS_KIND_FULL_MARKS: Said(
        "không áp dụng cho loại cơ quan này, được tính điểm tối đa",
        "not for this kind of agency, full marks are given",
    ),
    Why.ONE_PROCEDURE_ONLY: Said(
        "chỉ tính cho từng thủ tục hành chính", "of one procedure only"
    ),
    Why.BEFORE_GO_LIVE: Said("trước ngày hệ thống vận hành", "before the system went live"),
    Why.NOT_CONNECTED: Said("hệ thống chưa kết nối", "the system is not connected"),
    Why.BELOW_MINIMUM: Said("ít hơn mức tối thiểu", "fewer than the minimum"),
    Why.LARGER_UNKNOWN: Said(
        "chưa rõ số có thể lớn hơn mẫu số",
        "what may be larger than the denominator is not known",
    ),
    Why.LIST_INCOMPLETE: Said(
        "danh mục chưa đủ so với danh sách", "the catalogue has fewer than the list"
    ),
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
UNITS: Final = {
    Unit.PERCENT: same("%"),
    Unit.COUNT: same(""),
    Unit.POINTS: Said("điểm", "points"),
    Unit.HOURS: Said("giờ", "hours"),
    Unit.DAYS: Said("ngày", "days"),
    Unit.WORKING_HOURS: Said("giờ làm việc", "working hours"),
    Unit.WORKING_DAYS: Said("ngày làm việc", "working days"),
}
BASES: Final = {
    "law": Said("quy định pháp luật", "law"),
    "practice": Said("thực tiễn", "practice"),
    "assumption": Said("giả định", "assumption"),
    "plain": Said("quy tắc đơn giản", "plain"),
}
IF_ZERO: Final = {
    "null": Said("không tính được tỷ lệ", "no ratio"),
    "zero": Said("tính là 0", "counts as 0"),
    "full_marks": Said("điểm tối đa", "full marks"),
    "last_year": Said("lấy phần của năm trước", "a part of last year's"),
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


def reason(figure: Figure) -> Said | None:
    """Why a figure is not a plain quotient."""
    if figure.reason is None:
        return None
    said = WHYS[figure.reason.why]
    what = figure.reason.what
    if not what:
        return said
    if (claim := _CLAIM.fullmatch(what)) is not None:
        side = {"numerator": "tử số", "denominator": "mẫu số"}.get(claim[2], claim[2])
        return Said(
            f"{said.vi}: số liệu được cung cấp {claim[1]} ({side})", f"{said.en}: {what}"
        )
    return Said(f"{said.vi}: {what}", f"{said.en}: {what}")


_CLAIM: Final = re.compile(r"claim (\S+) \((\w+)\)")
