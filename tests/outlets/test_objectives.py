"""Objectives and services on /metrics: what was judged, as ratios, budgets, burn rates and states."""

from prometheus_client.core import Metric as Family

from monitor.domain.service_level import Counted
from monitor.ledger.objectives import InForce, Judged, Service, Stands
from monitor.outlets.objectives import families
from monitor.outlets.series import Places

MINUTE = 60_000
ON_TIME = InForce("on-time", "on_time_766", "month", "national", "VPCP", "assumption", 9_000)
WHOLE = InForce("asked-in-time", "supplement_request_in_time", "month", "national", "VPCP", "law",
                10_000)  # fmt: skip


def shown(judged: Judged, budget: int = 20_000) -> dict[tuple[str, ...], float]:
    made: list[Family] = list(families(judged, Places(budget)))
    return {
        (sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in made
        for sample in family.samples
    }


def stands(objective: str, scope: str, state: str, counted: Counted, **back: Counted) -> Stands:
    return Stands(objective, scope, state, MINUTE, 2 * MINUTE, 20_000, counted, back, "")


def test_an_objective_is_shown_with_its_ratio_budget_burn_rates_and_state():
    judged = Judged(
        objectives=(ON_TIME,),
        standings=(
            stands("on-time", "agency:H56", "burning", Counted(76, 4), **{"1d": Counted(5, 5)}),
        ),
    )

    assert shown(judged) == {
        ("emc_objective_info", "basis=assumption", "calendar=national", "indicator=on_time_766",
         "objective=on-time", "owner=VPCP", "window=month"): 1,
        ("emc_objective_target_ratio", "objective=on-time"): 0.9,
        ("emc_objective_ratio", "objective=on-time", "scope=agency:H56"): 0.95,
        ("emc_objective_events", "objective=on-time", "outcome=good", "scope=agency:H56"): 76,
        ("emc_objective_events", "objective=on-time", "outcome=bad", "scope=agency:H56"): 4,
        # 8 of 80 may be bad.
        ("emc_objective_budget_remaining_ratio", "objective=on-time", "scope=agency:H56"): 0.5,
        ("emc_objective_burn_rate", "objective=on-time", "scope=agency:H56", "window=1d"): 5.0,
        ("emc_objective_state", "objective=on-time", "scope=agency:H56", "state=burning"): 1,
        ("emc_objectives_judged_timestamp_seconds",): 120.0,
    }  # fmt: skip


def test_where_nothing_counts_or_nothing_may_be_bad_there_is_no_number():
    judged = Judged(
        objectives=(ON_TIME, WHOLE),
        standings=(
            stands("on-time", "country", "idle", Counted(), **{"1d": Counted()}),
            stands("asked-in-time", "country", "spent", Counted(99, 1)),
        ),
    )

    found = {
        (key[0].removeprefix("emc_objective_"), key[1].removeprefix("objective="))
        for key in shown(judged)
        if "scope=country" in key
    }

    assert found == {
        ("events", "on-time"),
        ("state", "on-time"),
        ("ratio", "asked-in-time"),
        ("events", "asked-in-time"),
        ("state", "asked-in-time"),
    }


def test_a_service_is_degraded_well_or_not_said_to_be():
    def service(agency: str, state: str, median_ms: int | None, *reasons: str) -> Service:
        counts = (90, 60, 25) if median_ms else (3, 3, 1)
        return Service(agency, "land", state, reasons, 0, MINUTE, *counts, median_ms, 7_200_000)

    judged = Judged(
        services=(
            service("H56", "degraded", 9_000_000, "backlog_and_slow"),
            service("H19", "well", 3_600_000),
            service("H26", "too_few", None),
        )
    )

    found = shown(judged)

    assert {key[1:]: v for key, v in found.items() if key[0] == "emc_service_degraded"} == {
        ("agency=H56", "group=land", "reason=backlog_and_slow"): 1,
        ("agency=H19", "group=land", "reason=backlog_and_slow"): 0,
    }
    times = {
        key[1:]: v for key, v in found.items() if key[0] == "emc_service_working_time_seconds"
    }
    assert times == {
        ("agency=H56", "group=land", "quantile=0.5"): 9_000,
        ("agency=H19", "group=land", "quantile=0.5"): 3_600,
    }
    assert found["emc_service_open_dossiers", "agency=H26", "group=land"] == 3
    assert found["emc_service_limit_seconds", "agency=H26", "group=land"] == 7_200


def test_what_finds_no_place_is_left_out_whole():
    judged = Judged(
        objectives=(ON_TIME,),
        standings=tuple(
            stands("on-time", f"agency:H{number:03}", "good", Counted(9, 1))
            for number in range(400)
        ),
    )

    ratios = [key for key in shown(judged, 2_000) if key[0] == "emc_objective_ratio"]

    assert 0 < len(ratios) < 400
    states = [key for key in shown(judged, 2_000) if key[0] == "emc_objective_state"]
    assert len(states) == len(ratios)
