"""Formulas, rules and reasons of official figures in words, Vietnamese and English.

Written from the set itself, so that what a page says of an indicator is what is evaluated.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from monitor.domain.deadlines import Unit as LimitUnit
from monitor.domain.event import Channel, Level
from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import IfZero, Indicator, Kind, Reason, Scoring, Unit, Why
from monitor.domain.period import Span
from monitor.domain.traits import MEANINGS, Trait

NOTHING: Final = Fraction(0)


class Said(NamedTuple):
    """The same in both languages."""

    vi: str
    en: str


FACTS: Final[Mapping[Fact, Said]] = {
    Fact.RECEIVED: Said("hồ sơ tiếp nhận trong kỳ", "dossiers received in the period"),
    Fact.BOARDED: Said("hồ sơ có sẵn được đưa vào trong kỳ", "dossiers boarded in the period"),
    Fact.HANDLED: Said("hồ sơ tiếp nhận và xử lý trong kỳ", "dossiers handled in the period"),
    Fact.COMPLETED: Said("hồ sơ xử lý xong trong kỳ", "dossiers completed in the period"),
    Fact.RETURNED: Said("hồ sơ trả lại trong kỳ", "dossiers returned in the period"),
    Fact.IN_PROCESS: Said("hồ sơ đang xử lý cuối kỳ", "dossiers in process at its end"),
    Fact.PAUSED: Said("hồ sơ tạm dừng cuối kỳ", "dossiers paused at its end"),
    Fact.CARRIED_OVER: Said("hồ sơ kỳ trước chuyển qua", "dossiers carried over"),
    Fact.HANDED_NET: Said(
        "hồ sơ nhận chuyển đến trừ chuyển đi", "dossiers handed in less handed out"
    ),
    Fact.ON_TIME_766: Said("hồ sơ kết thúc đúng hạn (766)", "dossiers ended on time (766)"),
    Fact.LATE_766: Said("hồ sơ kết thúc quá hạn (766)", "dossiers ended late (766)"),
    Fact.WITHIN_766: Said(
        "hồ sơ đang xử lý trong hạn (766)", "dossiers open within their limit (766)"
    ),
    Fact.BEYOND_766: Said(
        "hồ sơ đang xử lý quá hạn (766)", "dossiers open beyond their limit (766)"
    ),
    Fact.NO_DEADLINE_766: Said("hồ sơ không có hạn (766)", "dossiers without a limit (766)"),
    Fact.UNCERTAIN_766: Said(
        "hồ sơ không rõ thời điểm (766)", "dossiers of uncertain times (766)"
    ),
    Fact.EARLY_06B: Said("hồ sơ giải quyết trước hạn (06b)", "dossiers early (06b)"),
    Fact.ON_TIME_06B: Said("hồ sơ giải quyết đúng hạn (06b)", "dossiers on time (06b)"),
    Fact.LATE_06B: Said("hồ sơ giải quyết quá hạn (06b)", "dossiers late (06b)"),
    Fact.NO_DEADLINE_06B: Said("hồ sơ không có hạn (06b)", "dossiers without a limit (06b)"),
    Fact.UNCERTAIN: Said("hồ sơ không rõ thời điểm", "dossiers of uncertain times"),
    Fact.WITHIN_06B: Said(
        "hồ sơ đang xử lý trong hạn (06b)", "dossiers in process within their limit (06b)"
    ),
    Fact.BEYOND_06B: Said(
        "hồ sơ đang xử lý quá hạn (06b)", "dossiers in process beyond their limit (06b)"
    ),
    Fact.ON_TIME_FIRST_DUE: Said(
        "hồ sơ xong đúng ngày hẹn đầu tiên", "dossiers completed by the first due date"
    ),
    Fact.LATE_FIRST_DUE: Said(
        "hồ sơ xong sau ngày hẹn đầu tiên", "dossiers completed after the first due date"
    ),
    Fact.ON_TIME: Said("hồ sơ xong đúng hạn được gửi", "dossiers on time by the due sent"),
    Fact.LATE: Said("hồ sơ xong quá hạn được gửi", "dossiers late by the due sent"),
    Fact.TIMED: Said("hồ sơ xử lý xong được đo thời gian", "completed dossiers that are timed"),
    Fact.ELAPSED: Said("thời gian thực tế xử lý (ms)", "their elapsed time (ms)"),
    Fact.WORKED: Said("thời gian làm việc xử lý (ms)", "their working time (ms)"),
    Fact.TIMED_RECEIVED: Said(
        "hồ sơ tiếp nhận trong kỳ đã xong được đo thời gian",
        "dossiers received in the period, completed and timed",
    ),
    Fact.ELAPSED_RECEIVED: Said(
        "thời gian thực tế xử lý của chúng (ms)", "the elapsed time of those (ms)"
    ),
    Fact.WORKED_RECEIVED: Said(
        "thời gian làm việc xử lý của chúng (ms)", "the working time of those (ms)"
    ),
    Fact.RATINGS: Said("hồ sơ được đánh giá trong kỳ", "dossiers rated in the period"),
    Fact.RATINGS_SATISFIED: Said(
        "hồ sơ được đánh giá từ 4 trên 5 điểm", "dossiers rated 4 of 5 or better"
    ),
    Fact.PETITIONS: Said(
        "phản ánh, kiến nghị tiếp nhận trong kỳ", "petitions received in the period"
    ),
    Fact.PETITIONS_ON_TIME: Said(
        "phản ánh, kiến nghị xử lý đúng hạn", "petitions handled on time"
    ),
    Fact.PETITIONS_LATE: Said("phản ánh, kiến nghị xử lý quá hạn", "petitions handled late"),
    Fact.PETITIONS_SATISFIED: Said(
        "phản ánh, kiến nghị được xử lý hài lòng", "petitions handled satisfyingly"
    ),
    Fact.COMPLAINTS: Said("hồ sơ bị phản ánh, kiến nghị", "dossiers complained about"),
    Fact.SERVICES: Said(
        "thủ tục hành chính trong danh mục cuối kỳ", "procedures of the catalogue at its end"
    ),
    Fact.SERVICES_RECEIVED: Said(
        "thủ tục hành chính có hồ sơ tiếp nhận", "procedures with a dossier received"
    ),
    Fact.SOURCES: Said("hệ thống nguồn trong danh bạ", "registered sources"),
    Fact.SOURCES_CONNECTED: Said("hệ thống nguồn đang kết nối", "sources connected"),
    Fact.AGENCIES: Said("cơ quan trực thuộc", "agencies below"),
    Fact.CLAIM: Said("số liệu công bố", "stated"),
}

_CHANNELS: Final[Mapping[int, Said]] = {
    Channel.DIRECT: Said("nộp trực tiếp", "at the desk"),
    Channel.ONLINE: Said("nộp trực tuyến", "submitted online"),
    Channel.POSTAL: Said("nộp qua bưu chính", "by post"),
}
_LEVELS: Final[Mapping[int, Said]] = {
    Level.INFORMATION: Said("chỉ cung cấp thông tin", "information only"),
    Level.PARTIAL: Said("một phần", "partial"),
    Level.FULL: Said("toàn trình", "full-process"),
}
KINDS: Final[Mapping[Kind, Said]] = {
    Kind.COUNTRY: Said("cả nước", "the country"),
    Kind.MINISTRY: Said("bộ, cơ quan ngang bộ", "ministries"),
    Kind.PROVINCE: Said("tỉnh, thành phố", "provinces"),
    Kind.DEPARTMENT: Said("sở, ban, ngành", "departments"),
    Kind.DIVISION: Said("đơn vị thuộc bộ", "divisions of ministries"),
    Kind.DISTRICT: Said("cấp huyện", "districts"),
    Kind.COMMUNE: Said("cấp xã", "communes"),
    Kind.CENTRE: Said("trung tâm, đơn vị khác", "centres and other units"),
}
# What agencies and petitions are narrowed to.
_KINDS: Final[Mapping[str, Said]] = {
    **{one.value: said for one, said in KINDS.items()},
    "policy": Said("về cơ chế, chính sách, thủ tục", "about policies and procedures"),
    "conduct": Said("về hành vi cán bộ, công chức", "about the conduct of officials"),
}
# National lists, by the tags of the catalogue.
LISTS: Final[Mapping[str, Said]] = {
    "essential-25": Said("25 dịch vụ công thiết yếu", "the 25 essential services"),
    "essential-53": Said("53 dịch vụ công thiết yếu", "the 53 essential services"),
    "priority-30": Said("30 dịch vụ công ưu tiên", "the 30 priority services"),
}
UNITS: Final[Mapping[Unit, Said]] = {
    Unit.PERCENT: Said("%", "%"),
    Unit.COUNT: Said("", ""),
    Unit.POINTS: Said("điểm", "points"),
    Unit.HOURS: Said("giờ", "hours"),
    Unit.DAYS: Said("ngày", "days"),
    Unit.WORKING_HOURS: Said("giờ làm việc", "working hours"),
    Unit.WORKING_DAYS: Said("ngày làm việc", "working days"),
}
_ZERO: Final[Mapping[IfZero, Said]] = {
    IfZero.NULL: Said("không có giá trị", "no value"),
    IfZero.ZERO: Said("bằng 0", "0"),
    IfZero.FULL_MARKS: Said("đạt điểm tối đa, không có tỷ lệ", "all points, and no share"),
    IfZero.LAST_YEAR: Said(
        "lấy một phần mẫu số của năm trước", "a part of last year's denominator stands in"
    ),
}
_SPANS: Final[Mapping[Span, Said]] = {
    Span.DAY: Said("ngày", "day"),
    Span.MONTH: Said("tháng", "month"),
    Span.QUARTER: Said("quý", "quarter"),
    Span.HALF: Said("6 tháng", "half a year"),
    Span.YEAR: Said("năm", "year"),
}
_REASONS: Final[Mapping[Why, Said]] = {
    Why.NOTHING_TO_MEASURE: Said("không phát sinh", "nothing to measure"),
    Why.NOTHING_COUNTS_ZERO: Said(
        "không phát sinh, tính bằng 0", "nothing to measure, which counts as 0"
    ),
    Why.NOTHING_FULL_MARKS: Said(
        "không phát sinh, đạt điểm tối đa", "nothing to measure, which gives all points"
    ),
    Why.LAST_YEARS: Said(
        "không phát sinh, mẫu số lấy theo năm trước: {}",
        "nothing to measure, last year stands in: {}",
    ),
    Why.NO_LAST_YEAR: Said(
        "không phát sinh và không có số liệu năm trước, tính bằng 0",
        "nothing to measure and no last year, which counts as 0",
    ),
    Why.UNKNOWN: Said("chưa có số liệu: {}", "not known: {}"),
    Why.DEPENDS: Said(
        "phụ thuộc chỉ số {} chưa có giá trị", "depends on {}, which has no value"
    ),
    Why.METHOD_NOT_ISSUED: Said("phương pháp tính chưa được ban hành", "no method is issued"),
    Why.NOT_OF_THIS_KIND: Said(
        "không áp dụng cho loại cơ quan này", "not for this kind of agency"
    ),
    Why.NOT_OF_THIS_KIND_FULL_MARKS: Said(
        "không áp dụng cho loại cơ quan này, đạt điểm tối đa",
        "not for this kind of agency, which gives all points",
    ),
    Why.ONE_PROCEDURE_ONLY: Said(
        "chỉ tính cho một thủ tục", "only where one procedure is asked for"
    ),
    Why.BEFORE_GO_LIVE: Said(
        "đã đăng ký, chưa đến ngày kết nối chính thức", "registered, before go-live"
    ),
    Why.NOT_CONNECTED: Said(
        "chưa kết nối: không có hệ thống nguồn nào được đăng ký",
        "not connected: no source is registered for it",
    ),
    Why.SILENT: Said(
        "đã kết nối nhưng chưa gửi dữ liệu nào", "connected, and nothing was ever sent"
    ),
    Why.NOT_BEGUN: Said("kỳ báo cáo chưa bắt đầu", "the period has not begun"),
    Why.BELOW_MINIMUM: Said("quá ít, cần ít nhất {}", "too few, at least {} are asked for"),
    Why.LARGER_UNKNOWN: Said(
        "mẫu số thứ hai chưa có số liệu: {}", "the other denominator is not known: {}"
    ),
    Why.SHARE_STATED: Said(
        "chỉ công bố tỷ lệ, không có tử số và mẫu số", "the share alone was stated"
    ),
    Why.LIST_INCOMPLETE: Said(
        "danh mục chưa đủ {} dịch vụ", "the catalogue has fewer than the {} of the list"
    ),
    Why.OTHER_UNIT: Said(
        "thời hạn giải quyết của thủ tục tính bằng {}", "the procedure's limit is in {}"
    ),
}
_NAMED: Final[Mapping[str, Said]] = {fact.value: said for fact, said in FACTS.items()}
_LIMIT_UNITS: Final[Mapping[str, Said]] = {
    LimitUnit.HOURS: Said("giờ làm việc", "working hours"),
    LimitUnit.CALENDAR_DAYS: Said("ngày", "days of the calendar"),
    LimitUnit.WORKING_DAYS: Said("ngày làm việc", "working days"),
}
_PARTS: Final[Mapping[str, Said]] = {
    "numerator": Said("tử số", "numerator"),
    "denominator": Said("mẫu số", "denominator"),
    "value": Said("tỷ lệ", "share"),
}


def term(one: Term) -> Said:
    """A fact with all that narrows it, without its sign."""
    if one.fact is Fact.CLAIM:
        part = _PARTS[one.part]
        return Said(f"{part.vi} được công bố ({one.claim})", f"{part.en} stated ({one.claim})")
    narrowed = [*_narrowed(one)]
    fact = FACTS[one.fact]
    if not narrowed:
        return fact
    return Said(
        f"{fact.vi} ({'; '.join(each.vi for each in narrowed)})",
        f"{fact.en} ({'; '.join(each.en for each in narrowed)})",
    )


def _narrowed(one: Term) -> Iterable[Said]:
    if one.channel:
        yield _CHANNELS[one.channel]
    if one.level:
        yield _LEVELS[one.level]
    if one.online:
        yield Said("trực tuyến", "online services")
    for each in _meanings(one.having):
        yield each
    for each in _meanings(one.lacking):
        yield Said(f"trừ {each.vi}", f"not: {each.en}")
    if one.any_of:
        found = [*_meanings(one.any_of)]
        yield Said(
            " hoặc ".join(each.vi for each in found), " or ".join(each.en for each in found)
        )
    if one.tag:
        yield LISTS.get(one.tag, Said(one.tag, one.tag))
    if one.kind:
        yield _KINDS.get(one.kind, Said(one.kind, one.kind))


def _meanings(traits: Trait) -> Iterable[Said]:
    for trait, meaning in MEANINGS.items():
        if trait in traits:
            yield Said(meaning.vi, meaning.en)


def formula(one: Indicator) -> Said:
    """The quotient, with all that is done to it."""
    above = _side(one.numerator)
    if not one.denominator:
        return above
    below = _side(one.denominator)
    if one.or_if_larger:
        other = _side(one.or_if_larger)
        below = Said(
            f"số lớn hơn trong [{below.vi}] và [{other.vi}]",
            f"the larger of [{below.en}] and [{other.en}]",
        )
    times = f" × [{one.times}]" if one.times else ""
    return Said(f"[{above.vi}] / [{below.vi}]{times}", f"[{above.en}] / [{below.en}]{times}")


@lru_cache(maxsize=2048)  # a page says the same few at each of its numbers
def _side(terms: tuple[Term, ...]) -> Said:
    vi = en = ""
    for one in terms:
        joined = ("" if not vi else " + ") if one.sign > 0 else "− " if not vi else " − "
        often = f"{one.sign} × " if one.sign > 1 else ""
        said = term(one)
        vi, en = f"{vi}{joined}{often}{said.vi}", f"{en}{joined}{often}{said.en}"
    return Said(vi, en)


def zero_rule(one: Indicator) -> Said:
    """What it is where the denominator is 0."""
    said = _ZERO[one.if_zero]
    if not one.last_year:
        return said
    parts = [(_SPANS[span], part) for span, part in one.last_year.items()]
    vi = ", ".join(f"{span.vi}: 1/{part}" for span, part in parts)
    en = ", ".join(f"{span.en}: 1/{part}" for span, part in parts)
    return Said(f"{said.vi} ({vi})", f"{said.en} ({en})")


def points(one: Indicator) -> Said:
    """How a ratio becomes points; empty where it does not."""
    most = plain(one.score.most)
    match one.score.rule:
        case Scoring.NONE:
            return Said("", "")
        case Scoring.CAPPED:
            least = plain(one.score.threshold * 100)
            return Said(
                f"{most} × tỷ lệ / {least} %, tối đa {most}",
                f"{most} × ratio / {least} %, at most {most}",
            )
        case Scoring.STEPS:
            steps = [(plain(least * 100), plain(of)) for least, of in one.score.steps]
            return Said(
                "; ".join(f"{of} điểm từ {least} %" for least, of in steps),
                "; ".join(
                    f"{of} {'point' if of == '1' else 'points'} from {least} % on"
                    for least, of in steps
                ),
            )
        case Scoring.VALUE:
            return Said(f"giá trị, tối đa {most}", f"the value, at most {most}")
        case _:
            return Said(f"{most} × tỷ lệ", f"{most} × ratio")


def reason(one: Reason) -> Said:
    """Why a figure is not a plain number, or what to know of it."""
    said = _REASONS[one.why]
    if claim := _CLAIM.fullmatch(one.what):
        # Its name is for whoever imports it: the formula has it, and what programs read.
        part = _PARTS[claim[1]]
        what = Said(f"{part.vi} do cơ quan khác cung cấp", f"the {part.en}, which others state")
    else:
        fact, _, narrowed = one.what.partition("[")
        what = _NAMED.get(fact) or _LIMIT_UNITS.get(fact) or Said(fact, fact)
        if narrowed:
            parts = [_narrowing(each) for each in narrowed.removesuffix("]").split(", ")]
            what = Said(
                f"{what.vi} ({'; '.join(each.vi for each in parts)})",
                f"{what.en} ({'; '.join(each.en for each in parts)})",
            )
    return Said(said.vi.format(what.vi), said.en.format(what.en))


_CLAIM: Final = re.compile(r"claim \S+ \((\w+)\)")


def _narrowing(text: str) -> Said:
    """`kind=commune` in words; as files write it where there are none."""
    return _NARROWINGS.get(text) or Said(text, text)


_NARROWINGS: Final[Mapping[str, Said]] = {
    "online": Said("trực tuyến", "online services"),
    **{f"channel={Channel(one).name.lower()}": said for one, said in _CHANNELS.items()},
    **{f"level={int(one)}": said for one, said in _LEVELS.items()},
    **{f"kind={one}": said for one, said in _KINDS.items()},
    **{f"tag={one}": said for one, said in LISTS.items()},
}


def plain(value: Fraction) -> str:
    """A decimal fraction as people write it: 0.9, 80."""
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"
