"""Official figures on /metrics: of the month under way, of the country, ministries and provinces.

Read from what a worker evaluates once a minute (`agents.evaluating`), so that all instances show
the same. Few of many: all of them are on the API, in reports and in the ledger.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from monitor.ledger.official_now import ALL, Evaluated, Round
from monitor.outlets.names import AGENCIES, Metric, Part, Type
from monitor.outlets.series import Places

# By set: those that ranks and targets are about.
INDICATORS: Final = {
    "emc": ("full_process_dossier_share", "online_share", "identity_share"),
    "qd766": ("2.1", "3.6", "4.1"),
}
_SCOPES: Final = AGENCIES + 1
_SIDES: Final = sum(map(len, INDICATORS.values()))

_OF_A_SIDE: Final = (
    " of an official indicator, of the month under way, as last evaluated. `scope` is `country` or"
    " the code of a ministry or province with all below it. Not there where nobody knows it: no"
    " figure is 0 for that. Definitions: docs/reference/indicators.md."
)
NUMERATOR: Final = Metric(
    name="emc_indicator_numerator",
    type=Type.GAUGE,
    labels=("set", "indicator", "scope"),
    meaning="The numerator" + _OF_A_SIDE,
    series="scope × indicator shown",
    typical=_SCOPES * _SIDES,
)
DENOMINATOR: Final = Metric(
    name="emc_indicator_denominator",
    type=Type.GAUGE,
    labels=("set", "indicator", "scope"),
    meaning="The denominator" + _OF_A_SIDE,
    series="scope × indicator shown",
    typical=_SCOPES * _SIDES,
)
POINTS: Final = Metric(
    name="emc_score_points",
    type=Type.GAUGE,
    labels=("set", "scope"),
    meaning="Points of a set for the month under way, of those indicators whose points are known."
    " Compare with `emc_score_known_points`, never with 100 alone.",
    series="scope",
    typical=_SCOPES,
)
KNOWN_POINTS: Final = Metric(
    name="emc_score_known_points",
    type=Type.GAUGE,
    labels=("set", "scope"),
    meaning="The points that these indicators could have had.",
    series="scope",
    typical=_SCOPES,
)
EVALUATED: Final = Metric(
    name="emc_indicators_evaluated_timestamp_seconds",
    type=Type.GAUGE,
    meaning="When a worker evaluated official figures last. None before the first time, and where"
    " there are no reference files.",
)
SEALED: Final = Metric(
    name="emc_indicators_cut_timestamp_seconds",
    type=Type.GAUGE,
    meaning="As of when official figures are: the time of the cut that they were evaluated at.",
)

METRICS: Final = (NUMERATOR, DENOMINATOR, POINTS, KNOWN_POINTS, EVALUATED, SEALED)
_OF_A_SCOPE: Final = 2 * _SIDES + 2


def families(
    figures: Sequence[Evaluated], last: Round | None, places: Places
) -> Iterable[Family]:
    """All metrics of `METRICS`, filled; a scope that finds no place is not shown."""
    made = {metric: GaugeMetricFamily(metric.name, metric.help) for metric in METRICS}

    def add(metric: Metric, value: float | None, *labels: str) -> None:
        if value is not None:
            named = dict(zip(metric.labels, labels, strict=True))
            made[metric].add_sample(metric.name, named, value)

    for one in figures:
        if not _shown(one) or not places.room(Part.OFFICIAL, one.scope, _OF_A_SCOPE):
            continue
        if one.indicator == ALL:
            add(POINTS, _number(one.score), one.set_id, one.scope)
            add(KNOWN_POINTS, _number(one.most), one.set_id, one.scope)
        else:
            add(NUMERATOR, one.numerator, one.set_id, one.indicator, one.scope)
            add(DENOMINATOR, one.denominator, one.set_id, one.indicator, one.scope)
    if last is not None:
        add(EVALUATED, last.evaluated_ms / 1000)
        add(SEALED, last.sealed_ms / 1000)
    return made.values()


def _shown(one: Evaluated) -> bool:
    return one.indicator in INDICATORS.get(one.set_id, ()) or (
        one.indicator == ALL and one.set_id in INDICATORS
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
