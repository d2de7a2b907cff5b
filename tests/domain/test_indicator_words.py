"""Formulas and reasons in words are what is evaluated, in both languages."""

from fractions import Fraction

import pytest

from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import IfZero, Indicator, Reason, Score, Scoring, Unit, Why
from monitor.domain.indicator_words import (
    FACTS,
    KINDS,
    UNITS,
    Said,
    formula,
    plain,
    points,
    reason,
    term,
    zero_rule,
)
from monitor.domain.period import Span
from monitor.domain.traits import Trait
from tests.domain.test_indicator import CLAIMED, ONLINE, RECEIVED, REPORTED, SYNCED, indicator


def test_every_fact_kind_unit_and_reason_has_words():
    assert list(FACTS) == list(Fact)
    assert all(said.vi and said.en for table in (FACTS, KINDS) for said in table.values())
    assert len(UNITS) == len(Unit)
    for why in Why:
        assert all(reason(Reason(why, "X")))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (RECEIVED, Said("hồ sơ tiếp nhận trong kỳ", "dossiers received in the period")),
        (CLAIMED, Said("tử số được công bố (trust)", "numerator stated (trust)")),
        (
            Term(fact=Fact.SERVICES, level=4, online=True, tag="essential-25"),
            Said(
                "thủ tục hành chính trong danh mục cuối kỳ (toàn trình; trực tuyến; 25 dịch vụ công thiết yếu)",
                "procedures of the catalogue at its end (full-process; online services; the 25 essential services)",
            ),
        ),
        (
            Term(
                fact=Fact.RECEIVED,
                channel=2,
                having=Trait.SYNCED,
                lacking=Trait.FEE_ZERO,
                any_of=Trait.PAID_NATIONAL | Trait.PAID_LOCAL,
            ),
            Said(
                "hồ sơ tiếp nhận trong kỳ (nộp trực tuyến; đã đồng bộ lên Cổng Dịch vụ công quốc"
                " gia; trừ phí, lệ phí bằng 0; thanh toán trên Cổng Dịch vụ công quốc gia hoặc"
                " thanh toán trên hệ thống của bộ, tỉnh)",
                "dossiers received in the period (submitted online; the national portal has taken"
                " it over; not: fees were asked for, and every one is 0; paid on the national"
                " portal or paid on the ministry's or province's own system)",
            ),
        ),
        (
            Term(fact=Fact.PETITIONS, kind="policy"),
            Said(
                "phản ánh, kiến nghị tiếp nhận trong kỳ (về cơ chế, chính sách, thủ tục)",
                "petitions received in the period (about policies and procedures)",
            ),
        ),
    ],
)
def test_a_term_in_words(one: Term, said: Said):
    assert term(one) == said


def of(**said: object) -> Indicator:
    return indicator("i", **said)


@pytest.mark.parametrize(
    ("one", "english"),
    [
        (
            of(),
            "[dossiers received in the period (submitted online)] / [dossiers received in the period]",
        ),
        (
            of(
                numerator=(
                    Term(fact=Fact.EARLY_06B, sign=2),
                    Term(fact=Fact.ON_TIME_06B),
                    Term(fact=Fact.LATE_06B, sign=-1),
                ),
                denominator=(),
            ),
            "2 × dossiers early (06b) + dossiers on time (06b) − dossiers late (06b)",
        ),
        (
            of(
                numerator=(Term(fact=Fact.LATE, sign=-1),),
                or_if_larger=(REPORTED,),
                times="1.4",
            ),
            (
                "[− dossiers late by the due sent] / [the larger of [dossiers received in the"
                " period] and [denominator stated (reported)]] × [1.4]"
            ),
        ),
    ],
)
def test_a_formula_in_words(one: Indicator, english: str):
    assert formula(one).en == english


def test_a_formula_is_the_same_in_vietnamese():
    one = of(numerator=(SYNCED, ONLINE), or_if_larger=(REPORTED,))

    assert formula(one).vi == (
        "[hồ sơ tiếp nhận trong kỳ (đã đồng bộ lên Cổng Dịch vụ công quốc gia) + hồ sơ tiếp nhận"
        " trong kỳ (nộp trực tuyến)] / [số lớn hơn trong [hồ sơ tiếp nhận trong kỳ] và [mẫu số"
        " được công bố (reported)]]"
    )


def test_what_0_means_in_words():
    assert zero_rule(of()) == ("không có giá trị", "no value")
    assert zero_rule(of(if_zero=IfZero.LAST_YEAR, last_year={Span.MONTH: 12})) == (
        "lấy một phần mẫu số của năm trước (tháng: 1/12)",
        "a part of last year's denominator stands in (month: 1/12)",
    )


@pytest.mark.parametrize(
    ("rule", "more", "vi", "en"),
    [
        (Scoring.NONE, {}, "", ""),
        (Scoring.SHARE, {}, "6 × tỷ lệ", "6 × ratio"),
        (
            Scoring.CAPPED,
            {"threshold": Fraction(9, 10)},
            "6 × tỷ lệ / 90 %, tối đa 6",
            "6 × ratio / 90 %, at most 6",
        ),
        (Scoring.VALUE, {}, "giá trị, tối đa 6", "the value, at most 6"),
        (
            Scoring.STEPS,
            {"steps": ((Fraction(1), Fraction(2)), (Fraction(3, 20), Fraction(1)))},
            "2 điểm từ 100 %; 1 điểm từ 15 %",
            "2 points from 100 % on; 1 point from 15 % on",
        ),
    ],
)
def test_points_in_words(rule: Scoring, more: dict[str, object], vi: str, en: str):
    score = Score(rule=rule, most=Fraction(6), **more)  # type: ignore[arg-type]

    assert points(of(score=score)) == (vi, en)


def test_a_reason_in_words():
    assert reason(Reason(Why.BELOW_MINIMUM, "30")) == (
        "quá ít, cần ít nhất 30",
        "too few, at least 30 are asked for",
    )


@pytest.mark.parametrize(
    ("what", "vi", "en"),
    [
        (
            "claim population (denominator)",
            "chưa có số liệu: mẫu số do cơ quan khác cung cấp",
            "not known: the denominator, which others state",
        ),
        (
            "agencies[kind=commune]",
            "chưa có số liệu: cơ quan trực thuộc (cấp xã)",
            "not known: agencies below (communes)",
        ),
        (
            "received_in_period[channel=online, level=4]",
            "chưa có số liệu: hồ sơ tiếp nhận trong kỳ (nộp trực tuyến; toàn trình)",
            "not known: dossiers received in the period (submitted online; full-process)",
        ),
    ],
)
def test_a_reason_has_no_words_of_machines(what: str, vi: str, en: str):
    assert reason(Reason(Why.UNKNOWN, what)) == Said(vi, en)


def test_a_reason_calls_a_fact_by_its_name_in_either_language():
    assert reason(Reason(Why.UNKNOWN, "sources")) == (
        "chưa có số liệu: hệ thống nguồn trong danh bạ",
        "not known: registered sources",
    )


@pytest.mark.parametrize(
    ("value", "text"), [(Fraction(9, 10), "0.9"), (Fraction(80), "80"), (Fraction(0), "0")]
)
def test_numbers_are_written_as_people_do(value: Fraction, text: str):
    assert plain(value) == text
