"""A scorecard made by hand, with one figure of each standing, and the same with others beside it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from monitor.domain.deadlines import Basis
from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import (
    Band,
    Check,
    Checked,
    Figure,
    Group,
    Indicator,
    IndicatorSet,
    Kind,
    Reason,
    Score,
    Scorecard,
    Scoring,
    Standing,
    Sum,
    Target,
    Why,
)
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger.official import About, Known, Official, Published

ONLINE = Term(fact=Fact.RECEIVED, channel=2)
ALL = Term(fact=Fact.RECEIVED)
TWENTY = Score(rule=Scoring.SHARE, most=Fraction(20))
KNOWN = Known(
    cut=7_001,
    sealed_at=datetime(2026, 9, 1, 1, 2, 3, 456_789, tzinfo=UTC),
    as_of_day=20_697,  # 1 September 2026
    reference="0123456789abcdef",
    epoch=3,
    rules=6,
    zone="Asia/Ho_Chi_Minh",
)


def indicator(code: str, **fields: Any) -> Indicator:
    return Indicator(
        **{
            "id": code,
            "group": "a",
            "name_vi": f"Tỷ lệ {code}",
            "name_en": f"Share {code}",
            "definition_vi": "Hồ sơ nộp trực tuyến trên tổng số hồ sơ.",
            "definition_en": "Dossiers submitted online, of all.",
            "source": "Decision 766",
            "basis": Basis.PRACTICE,
            "numerator": (ONLINE,),
            "denominator": (ALL,),
        }
        | fields
    )


NUMBER = indicator(
    "1.1",
    score=TWENTY,
    target=Target(value=Fraction(80), due_day=20_818, source="Notice 344", basis=Basis.LAW),
)
ZERO = indicator("1.2", name_vi='=HYPERLINK("http://a.example")', score=TWENTY)
NULL = indicator("1.3", score=TWENTY)
NOT_OURS = indicator("1.4")
SILENT = indicator("1.5", score=TWENTY)
FEW = indicator("1.6", minimum=30)
SET = IndicatorSet(
    id="tried",
    version="2026.1",
    hash="ab" * 32,
    title_vi="Bộ chỉ số <thử> & nghiệm",
    title_en="A set <tried> & tested",
    owner="Văn phòng Chính phủ",
    source="Quyết định 766/QĐ-TTg",
    basis=Basis.PRACTICE,
    valid_from=0,
    valid_until=None,
    indicators=(NUMBER, ZERO, NULL, NOT_OURS, SILENT, FEW),
    groups=(Group(id="a", name_vi="Nhóm một", name_en="Group one"),),
    bands=(
        Band(
            least=Fraction(50), id="fair", name_vi="trung bình", name_en="fair", basis=Basis.LAW
        ),
    ),
    checks=(
        Check(id="c", name_vi="Nhận bằng trả", name_en="In is out", left=(ALL,), right=(ALL,)),
    ),
)
SUM = Sum(
    total=Decimal("13.71"),
    out_of=Decimal("40.00"),
    empty=Decimal(20),
    unknown=Decimal(20),
    stated=Decimal("85.00"),
)
CARD = Scorecard(
    set=SET,
    kind=Kind.PROVINCE,
    figures=(
        Figure(
            indicator=NUMBER,
            standing=Standing.NUMBER,
            numerator=115_665,
            denominator=168_746,
            ratio=Fraction(115_665, 168_746),
            shown=Decimal("68.54"),
            score=Decimal("13.71"),
            most=Decimal("20.00"),
            distance=Decimal("-11.46"),
        ),
        Figure(
            indicator=ZERO,
            standing=Standing.NUMBER,
            numerator=0,
            denominator=168_746,
            ratio=Fraction(0),
            shown=Decimal("0.00"),
            score=Decimal("0.00"),
            most=Decimal("20.00"),
        ),
        Figure(
            indicator=NULL,
            standing=Standing.NULL,
            numerator=0,
            denominator=0,
            most=Decimal("20.00"),
            reason=Reason(Why.NOTHING_TO_MEASURE),
        ),
        Figure(
            indicator=NOT_OURS,
            standing=Standing.NOT_APPLICABLE,
            reason=Reason(Why.NOT_OF_THIS_KIND),
        ),
        Figure(
            indicator=SILENT,
            standing=Standing.NO_DATA,
            most=Decimal("20.00"),
            reason=Reason(Why.BEFORE_GO_LIVE),
        ),
        Figure(
            indicator=FEW,
            standing=Standing.TOO_FEW,
            numerator=3,
            denominator=9,
            reason=Reason(Why.BELOW_MINIMUM, "30"),
        ),
    ),
    groups={"a": SUM},
    sum=SUM,
    band=None,
    checked=(Checked(SET.checks[0], 5, 4),),
)
BEFORE = replace(
    CARD, figures=(replace(CARD.figures[0], shown=Decimal("66.04")), *CARD.figures[1:])
)
OFFICIAL = Official(
    before=BEFORE,
    about=About(Scope("H24"), Kind.PROVINCE, "Hà Nam"),
    period=Period.of("2026-08"),
    known=KNOWN,
    scorecard=CARD,
    published={
        "1.1": Published(Decimal("13.50"), "points", None, None, "dvcqg", "", not_issued=False)
    },
)
