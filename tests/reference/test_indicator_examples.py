"""Every indicator that we ship, worked out by hand: a number, nothing to measure, something unknown.

Facts are written as reasons name them. What an example leaves out nobody knows, so that an
indicator that asked for anything else would have no number.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import pytest

from monitor.domain.facts import Facts
from monitor.domain.indicator import Kind, Scorecard, Standing, Why, evaluate, written
from monitor.domain.period import Span
from monitor.reference.indicators import load_sets
from tests.servers.require import ROOT

SETS = {one.set.id: one.set for one in load_sets(ROOT / "deploy" / "reference")}
HOUR = 3_600_000


def facts(given: Mapping[str, int | None]) -> Facts:
    return lambda term: given.get(written(term))


def scorecard(
    name: str, given: Mapping[str, int | None], *, kind: Kind = Kind.PROVINCE, **more: object
) -> Scorecard:
    asked = {"span": Span.MONTH, "one_procedure": True} | more
    return evaluate(SETS[name], kind, facts(given), **asked)  # type: ignore[arg-type]


class Example(NamedTuple):
    indicator: str
    given: Mapping[str, int | None]
    shown: str
    score: str | None = None
    # Where every fact is 0: what is shown and scored; None: null.
    zero: tuple[str | None, str | None] = (None, None)


R = "received_in_period"
H = "handled_in_period"
S = "services"
PAID = "any_of=paid_national+paid_local"


def of_claim(name: str, numerator: int, denominator: int) -> dict[str, int | None]:
    return {f"claim {name} (numerator)": numerator, f"claim {name} (denominator)": denominator}


# late 3 + 2, disliked 4, complained about 1: 100 - 10 of 100.
SATISFIED = {
    H: 100, "late_766": 3, "beyond_766": 2, f"{H}[having=disliked]": 4, "complaints_of_dossiers": 1,
}  # fmt: skip
WORKED = {"processing_worked_ms": 90 * HOUR, "timed": 7}  # 12.857142… hours
ELAPSED = {"processing_elapsed_ms": 120 * HOUR, "timed": 7}  # 17.142… hours, 0.714285… days

EXAMPLES = {
    "emc": [
        # Hà Nam in 2024, as published.
        Example(
            "full_process_dossier_share",
            {f"{R}[channel=online, level=4]": 115_665, R: 168_746},
            "68.54",
        ),
        Example("online_share", {f"{R}[channel=online]": 1, R: 3}, "33.33"),
        Example("full_process_service_share", {f"{S}[level=4]": 5, S: 8}, "62.50"),
        Example(
            "full_process_service_share_eligible",
            {f"{S}[level=4, having=eligible]": 48, f"{S}[having=eligible]": 100},
            "48.00",
        ),
        Example(
            "services_with_dossiers_share",
            {"services_received[channel=online, online]": 406, f"{S}[online]": 1968},
            "20.63",
        ),
        Example("paid_online_share", {f"{R}[{PAID}]": 2, R: 3}, "66.67"),
        Example(
            "paid_direct_share",
            {f"{R}[having=paid_direct, lacking=paid_national+paid_local]": 1, R: 8},
            "12.50",
        ),
        Example(
            "not_paid_share",
            {f"{R}[lacking=paid_national+paid_local+paid_direct]": 5, R: 8},
            "62.50",
        ),
        Example("citizen_share", {f"{R}[having=citizen]": 7, R: 9}, "77.78"),
        Example("business_share", {f"{R}[having=business]": 1, R: 9}, "11.11"),
        Example(
            "other_user_share", {f"{R}[any_of=state_agency+organisation]": 1, R: 16}, "6.25"
        ),
        Example(
            "unsaid_user_share",
            {f"{R}[lacking=citizen+business+state_agency+organisation]": 1, R: 1_000},
            "0.10",
        ),
        Example(
            "identity_share",
            {f"{R}[having=citizen+identity]": 199, f"{R}[having=citizen]": 200},
            "99.50",
        ),
        Example("identity_share_all", {f"{R}[having=identity]": 199, R: 400}, "49.75"),
    ],
    "decree-224-19": [
        Example("full_process_service_share", {f"{S}[level=4]": 5, S: 8}, "62.50"),
        Example("online_share", {f"{R}[channel=online]": 2, R: 3}, "66.67"),
        Example(
            "full_process_dossier_share", {f"{R}[channel=online, level=4]": 1, R: 6}, "16.67"
        ),
        Example("automation", of_claim("automation", 12, 40), "30.00"),
        Example("mean_working_time", WORKED, "12.86"),
        Example("mean_elapsed_time", ELAPSED, "0.71"),
        Example("settled_on_time", {"on_time_766": 9, "late_766": 3}, "75.00"),
        Example("settled_on_first_due", {"on_time_first_due": 5, "late_first_due": 3}, "62.50"),
        Example("satisfaction_766", SATISFIED, "90.00", zero=("0.00", None)),
        Example("satisfaction_rated", {"ratings_satisfied": 25, "ratings": 30}, "83.33"),
        Example("satisfaction_response_rate", {"ratings": 30, "completed": 480}, "6.25"),
        Example("satisfaction_survey", of_claim("satisfaction_survey", 930, 1000), "93.00"),
        Example("proactive_level", of_claim("proactive_level", 3, 8), "37.50"),
    ],
    "qd766": [
        Example("1.1", of_claim("procedures_announced_on_time", 45, 50), "90.00", "5.40"),
        Example("1.2", of_claim("procedures_published_on_time", 1, 3), "33.33", "1.33"),
        Example("1.3", of_claim("procedures_full_content", 7, 8), "87.50", "1.75"),
        # The national reporting system knows more than we received: 100 counts.
        Example(
            "1.4",
            {
                f"{R}[having=synced]": 75,
                R: 90,
                "claim national_report_received (denominator)": 100,
            },
            "75.00",
            "4.50",
            zero=("0.00", "0.00"),
        ),
        # Phú Thọ, August 2026, of those with a verdict: 144,625 of 184,513.
        Example(
            "2.1",
            {
                "on_time_766": 130_000,
                "within_766": 14_625,
                "late_766": 35_000,
                "beyond_766": 4_888,
                "no_deadline_766": 3,
                "clock_uncertain_766": 4,
            },
            "78.38",
            "15.68",
            zero=("0.00", "0.00"),
        ),
        Example("2.2", {"worked_received_ms": 84 * HOUR, "timed_received": 3}, "3.50"),
        Example("2.2-hours", {"worked_received_ms": 84 * HOUR, "timed_received": 3}, "28.00"),
        Example("2.2-days", {"elapsed_received_ms": 84 * HOUR, "timed_received": 3}, "1.17"),
        Example("3.1", {f"{S}[online]": 60, S: 100}, "60.00", "1.50"),
        Example(
            "3.2",
            {"services_received[channel=online, online]": 406, f"{S}[online]": 1968},
            "20.63",
            "0.83",
        ),
        # (20 + 10) of 100, of which three quarters are synchronised: 22.5 %.
        Example(
            "3.3",
            {
                f"{R}[channel=online, lacking=document_result]": 20,
                f"{R}[channel=online, having=document_result+electronic_result]": 10,
                R: 100,
                f"{R}[having=synced]": 75,
                "claim national_report_received (denominator)": 100,
            },
            "22.50",
            "2.70",
        ),
        Example(
            "3-alt",
            {f"{R}[channel=online, level=4, having=eligible]": 3, f"{R}[having=eligible]": 8},
            "37.50",
        ),
        Example(
            "3.5",
            {
                "services_received[having=fee_bearing+fee_asked]": 3,
                f"{S}[having=fee_bearing]": 10,
            },
            "30.00",
            "0.75",
            zero=("0.00", "0.00"),
        ),
        Example(
            "3.5b",
            {
                f"services_received[having=fee_bearing, {PAID}]": 9,
                f"{S}[having=fee_bearing]": 10,
            },
            "90.00",
            "2.00",
            zero=("0.00", "0.00"),
        ),
        # Phú Thọ, August 2026: 82,913 of 98,459.
        Example(
            "3.6",
            {
                f"{R}[having=fee_bearing, lacking=fee_zero, {PAID}]": 82_913,
                f"{R}[having=fee_bearing, lacking=fee_zero]": 98_459,
            },
            "84.21",
            "5.05",
            zero=("0.00", "0.00"),
        ),
        Example(
            "4.1",
            {
                f"{H}[having=document_result+electronic_result]": 2,
                f"{H}[having=document_result]": 3,
            },
            "66.67",
            "4.00",
        ),
        Example(
            "4.2",
            {
                f"{H}[having=digitised, lacking=document_result]": 10,
                f"{H}[having=document_result+electronic_result+digitised]": 30,
                H: 100,
            },
            "40.00",
            "1.60",
        ),
        Example(
            "4-copy",
            {
                "claim communes_certified_copies (numerator)": 90,
                "agencies[kind=commune]": 120,
            },
            "75.00",
            "1.50",
        ),
        Example("4.3", {f"{H}[having=reused]": 6, H: 10}, "60.00", "1.50"),
        Example(
            "4.4",
            {
                f"{H}[having=national_store]": 5,
                f"{H}[having=electronic_result+synced, lacking=national_store]": 15,
                H: 80,
            },
            "25.00",
            "1.00",
        ),
        Example("4.5a", of_claim("procedures_population_data", 40, 50), "80.00", "1.60"),
        Example(
            "4.5b",
            {f"{H}[any_of=national_store+population+verified]": 1, H: 8},
            "12.50",
            "0.25",
        ),
        Example(
            "5.1-policy",
            {"petitions_received[kind=policy]": 200, "petitions_received": 247},
            "80.97",
        ),
        Example(
            "5.1-conduct",
            {"petitions_received[kind=conduct]": 40, "petitions_received": 247},
            "16.19",
        ),
        # Phú Thọ, August 2026: 182 of 247.
        Example(
            "5.2",
            {"petitions_on_time": 182, "petitions_late": 65},
            "73.68",
            "4.42",
            zero=(None, "6.00"),
        ),
        Example(
            "5.3",
            {"petitions_satisfied": 3, "petitions_received": 4},
            "75.00",
            "4.50",
            zero=(None, "6.00"),
        ),
        Example("5.4", SATISFIED, "90.00", "6.00", zero=("0.00", "0.00")),
    ],
    "report-06b": [
        Example("carried_over", {"carried_over": 30}, "30", zero=("0", None)),
        Example("received_online", {f"{R}[channel=online]": 70}, "70", zero=("0", None)),
        Example(
            "received_direct_postal",
            {R: 100, f"{R}[channel=online]": 70},
            "30",
            zero=("0", None),
        ),
        Example("handed_net", {"handed_net": -4}, "-4", zero=("0", None)),
        Example(
            "received_total",
            {"carried_over": 30, R: 100, "handed_net": -4},
            "126",
            zero=("0", None),
        ),
        Example("processed_early", {"early_06b": 50}, "50", zero=("0", None)),
        Example("processed_on_time", {"on_time_06b": 20}, "20", zero=("0", None)),
        Example("processed_late", {"late_06b": 5}, "5", zero=("0", None)),
        Example(
            "processed_unjudged",
            {"no_deadline_06b": 1, "clock_uncertain": 2},
            "3",
            zero=("0", None),
        ),
        Example("processed_total", {"completed": 78}, "78", zero=("0", None)),
        Example("in_process_within", {"within_06b": 25}, "25", zero=("0", None)),
        Example("in_process_beyond", {"beyond_06b": 8}, "8", zero=("0", None)),
        Example("in_process_total", {"in_process": 33}, "33", zero=("0", None)),
        Example("paused", {"paused": 9}, "9", zero=("0", None)),
        Example("returned", {"returned": 6}, "6", zero=("0", None)),
    ],
    "targets": [
        Example(
            "full_process_services",
            {f"{S}[level=4, having=eligible]": 48, f"{S}[having=eligible]": 100},
            "48.00",
        ),
        Example(
            "essential_25",
            {
                "services_received[channel=online, level=4, tag=essential-25]": 21,
                f"{S}[tag=essential-25]": 25,
            },
            "84.00",
        ),
        Example(
            "essential_53",
            {
                "services_received[channel=online, level=4, tag=essential-53]": 53,
                f"{S}[tag=essential-53]": 53,
            },
            "100.00",
        ),
        Example(
            "priority_30",
            {
                "services_received[channel=online, level=4, tag=priority-30]": 20,
                f"{S}[tag=priority-30]": 30,
            },
            "66.67",
        ),
        Example("adults_online", of_claim("adult_population", 30, 80), "37.50"),
        Example("online_share", {f"{R}[channel=online]": 747, R: 1000}, "74.70"),
        Example("satisfaction_2024", of_claim("satisfaction_survey", 930, 1000), "93.00"),
        Example("satisfaction_2026", of_claim("satisfaction_survey", 930, 1000), "93.00"),
        Example("satisfaction_766", SATISFIED, "90.00", zero=("0.00", None)),
        Example("satisfaction_rated", {"ratings_satisfied": 27, "ratings": 40}, "67.50"),
        Example("identity_share_all", {f"{R}[having=identity]": 199, R: 200}, "99.50"),
        Example(
            "identity_share",
            {f"{R}[having=citizen+identity]": 99, f"{R}[having=citizen]": 120},
            "82.50",
        ),
        Example("systems_connected", {"sources_connected": 67, "sources": 83}, "80.72"),
        Example(
            "reporting_systems_connected",
            of_claim("reporting_systems_connected", 1, 2),
            "50.00",
        ),
    ],
    "circular-01-2018": [
        # 2 * 486 + 400 points of 963 dossiers: 1.4247…
        Example(
            "1",
            {
                "early_06b": 486,
                "on_time_06b": 400,
                "late_06b": 77,
                "no_deadline_06b": 1,
                "clock_uncertain": 2,
            },
            "1.4",
            "1.4",
        ),
        Example("2", of_claim("c01_unit_time", 175, 100), "1.8", "1.8"),
        Example("3", of_claim("c01_contacts", 160, 100), "1.6", "1.6"),
        Example("4", of_claim("c01_bodies", 100, 100), "1.0", "1.0"),
        Example("5", of_claim("c01_one_stop", 12, 10), "1.2", "1.2"),
        Example("6", of_claim("c01_publicity", 20, 10), "2.0", "2.0"),
        Example("7", of_claim("c01_attitude", 5, 100), "0.1", "0.1"),
        Example(
            "8",
            {"petitions_on_time": 90, "petitions_late": 10},
            "90.00",
            "1.0",
            zero=(None, "2.0"),
        ),
        Example("9", {f"{R}[channel=online]": 30, R: 100}, "30.00", "2.0"),
    ],
}
CASES = [(name, example) for name, examples in EXAMPLES.items() for example in examples]
cases = pytest.mark.parametrize(
    ("name", "example"), CASES, ids=[f"{name}:{one.indicator}" for name, one in CASES]
)


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_every_shipped_indicator_has_an_example():
    assert {name: [one.indicator for one in found] for name, found in EXAMPLES.items()} == {
        name: [one.id for one in found.indicators] for name, found in SETS.items()
    }


@cases
def test_a_figure_is_what_one_works_out_by_hand(name: str, example: Example):
    figure = scorecard(name, example.given).figure(example.indicator)

    assert figure.standing is Standing.NUMBER
    assert str(figure.shown) == example.shown
    assert (None if figure.score is None else str(figure.score)) == example.score


@cases
def test_nothing_to_measure_is_what_its_rule_says(name: str, example: Example):
    """Zero, null or full marks; there was no last year either."""
    figure = scorecard(name, dict.fromkeys(example.given, 0)).figure(example.indicator)

    shown, score = example.zero
    assert (figure.shown, figure.score) == (decimal(shown), decimal(score))
    assert figure.standing is (Standing.NULL if shown is None else Standing.NUMBER)
    assert figure.denominator in (0, None)


@cases
def test_what_nobody_knows_is_null_and_is_named(name: str, example: Example):
    for fact in example.given:
        figure = scorecard(name, {**example.given, fact: None}).figure(example.indicator)
        assert figure.reason is not None or fact in {
            "no_deadline_766", "clock_uncertain_766", "no_deadline_06b", "clock_uncertain"
        }, fact  # fmt: skip
        if figure.reason is None:
            assert figure.excluded is None, "what was left out is not known"
        elif figure.reason.why is Why.LARGER_UNKNOWN:
            assert fact == "claim national_report_received (denominator)"
        elif figure.reason.why is Why.DEPENDS:
            assert (figure.standing, figure.reason.what) == (Standing.NULL, "1.4")
            assert fact == f"{R}[having=synced]"
        elif figure.reason.why is Why.METHOD_NOT_ISSUED:
            assert example.indicator in {"automation", "proactive_level"}
            assert figure.standing is Standing.NOT_APPLICABLE
        else:
            assert figure.reason.why is Why.UNKNOWN
            assert (figure.standing, figure.reason.what) == (Standing.NULL, fact)
        assert figure.standing is Standing.NUMBER or figure.shown is figure.score is None
