"""What agencies and surveys of the invented country state, and no event tells: a month, all at once."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any, Final, TypeAlias

from agents.generate.country import PER_MILLE, Country
from agents.generate.office import CALENDAR_DAY_MS, ZONE_MS, local_time

TYPE: Final = "external.claim.v1"
_EPOCH: Final = date(1970, 1, 1).toordinal()
_SIX_MS: Final = 6 * 3_600_000
_Statement: TypeAlias = dict[str, Any]


def claims(
    rng: Random, country: Country, dossiers: int, first: date, last: date
) -> Iterator[tuple[int, str, _Statement]]:
    """Of every authority for every month that lies whole in these days, on the day after it."""
    number = 0
    days = (last - first).days + 1
    month = first if first.day == 1 else _next(first)
    while (following := _next(month)) <= last + timedelta(days=1):
        at_ms = (following.toordinal() - _EPOCH) * CALENDAR_DAY_MS - ZONE_MS + _SIX_MS
        until = following - timedelta(days=1)
        for code in (*country.provinces, *country.ministries):
            received = dossiers * country.weights[code] // sum(country.weights.values())
            received = received * (following - month).days // days
            for said in _month(rng, country, code, month, received):
                number += 1
                statement = {
                    "specversion": "1.0",
                    "id": f"claim-{number}",
                    "source": f"{code}-onestop",
                    "type": TYPE,
                    "time": local_time(at_ms),
                    "datacontenttype": "application/json",
                    "data": said | {"from": month.isoformat(), "to": until.isoformat()},
                }
                yield at_ms, f"{code}-onestop", statement
        month = following


def _next(day: date) -> date:
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])


def _month(
    rng: Random, country: Country, code: str, month: date, received: int
) -> Iterator[dict[str, Any]]:
    report = {"agency": code, "survey": f"Báo cáo tháng {month.month}/{month.year}"}
    survey = {"agency": code, "survey": f"Khảo sát hài lòng tháng {month.month}/{month.year}"}
    procedures = 1_200 + int(rng.random() * 900)
    announced = 5 + int(rng.random() * 60)
    for indicator, of in (
        ("procedures_announced_on_time", announced),
        ("procedures_published_on_time", announced),
        ("procedures_full_content", procedures),
        ("communes_certified_copies", country.communes.get(code, 0)),
        ("procedures_population_data", procedures // 3),
        ("adult_population", 200_000 + int(rng.random() * 2_000_000)),
    ):
        if of:
            yield report | _counted(rng, indicator, of, country.claims[indicator])
    # What the national reporting system has: not quite what the portal has.
    reported = received * (970 + int(rng.random() * 40)) // PER_MILLE
    yield report | {
        "indicator": "national_report_received",
        "numerator": reported,
        "denominator": reported,
    }
    asked = 300 + int(rng.random() * 1_500)
    satisfied = _counted(
        rng, "satisfaction_survey", asked, country.claims["satisfaction_survey"]
    )
    yield survey | satisfied | {"respondents": asked}
    for indicator in ("automation", "proactive_level"):
        yield {
            "indicator": indicator,
            "agency": code,
            "survey": "Nghị định 224/2026/NĐ-CP",
            "not_issued": True,
        }


def _counted(rng: Random, indicator: str, of: int, share: int) -> dict[str, Any]:
    """About so many per mille of these, never more than all."""
    near = min(share + int(rng.random() * 80) - 40, PER_MILLE)
    return {"indicator": indicator, "numerator": of * near // PER_MILLE, "denominator": of}
