"""Latency metrics as they are scraped, and how their series begin, overflow and end."""

from collections.abc import Mapping

import asyncpg
import pytest

from monitor.ledger.figures import Sides, Snapshot
from monitor.ledger.latencies import PROCESSING, STEP, Latency, Warned
from monitor.ledger.migrate import migrate
from monitor.ledger.requests import FRESH_MS, Requested
from monitor.outlets import latency
from monitor.outlets.metrics import families
from monitor.outlets.series import Places
from tests.outlets.test_series import values
from tests.outlets.test_serve import serving


def snapshot(
    *asked: Requested,
    latencies: tuple[Latency, ...] = (),
    warned: Mapping[Warned, Sides] | None = None,
) -> Snapshot:
    return Snapshot(
        now_ms=0, flows={}, consumed={}, open={}, tallies={}, positions={}, requests=asked,
        latencies=latencies, warned=warned or {},
    )  # fmt: skip


def requested(
    interface: str = "/a", answer: str = "2xx", bin_: int = 1, number: int = 1,
    *, source: str = "portal", fresh: bool = True,
) -> Requested:  # fmt: skip
    return Requested(source, interface, answer, bin_, number, 200 * number, fresh)


def test_requests_are_counted_by_answer_and_their_durations_in_buckets() -> None:
    made = families(
        snapshot(requested(number=3), requested(bin_=4), requested(answer="timeout", bin_=8)),
        Places(),
    )

    # Labels: answer, interface, source.
    assert values(made, "emc_service_requests_total") == {
        ("2xx", "/a", "portal"): 4,
        ("3xx", "/a", "portal"): 0,
        ("4xx", "/a", "portal"): 0,
        ("5xx", "/a", "portal"): 0,
        ("timeout", "/a", "portal"): 1,
    }
    buckets = values(made, "emc_service_request_duration_seconds_bucket")
    assert {le: value for (_, le, _), value in buckets.items()} == {
        "0.1": 0, "0.25": 3, "0.5": 3, "1.0": 3, "2.5": 4, "5.0": 4, "10.0": 4, "30.0": 4,
        "+Inf": 5,
    }  # fmt: skip
    assert values(made, "emc_service_request_duration_seconds_count") == {("/a", "portal"): 5}
    assert values(made, "emc_service_request_duration_seconds_sum") == {("/a", "portal"): 1.0}


def test_an_interface_that_is_no_longer_asked_ends_and_goes_on_where_it_was() -> None:
    places = Places()
    families(snapshot(requested(number=3)), places)

    gone = families(snapshot(requested(number=3, fresh=False)), places)
    back = families(snapshot(requested(number=4)), places)

    assert values(gone, "emc_service_requests_total") == {}
    assert values(back, "emc_service_requests_total")["2xx", "/a", "portal"] == 4


def test_an_old_interface_that_was_summed_into_others_stays_in_them() -> None:
    """Else the counter of the others would fall."""
    places = Places(sources=1)
    small = requested(source="small", number=2)
    families(snapshot(requested(number=9), small), places)

    made = families(snapshot(requested(number=9), small._replace(fresh=False)), places)

    assert values(made, "emc_service_requests_total")["2xx", "other", "other"] == 2


def test_interfaces_without_a_place_are_others_of_their_source() -> None:
    many = [requested(f"/{n}", number=100 - n) for n in range(60)]
    places = Places(budget=1_200)

    made = families(snapshot(*many, requested("other", number=1)), places)

    counted = values(made, "emc_service_requests_total")
    assert sum(counted.values()) == sum(range(41, 101)) + 1
    assert sum(len(family.samples) for family in made) <= 1_200
    assert values(made, "emc_snapshot_summed_into_other")["interfaces",] > 0
    again = families(snapshot(*many, requested("other", number=1)), places)
    assert values(again, "emc_service_requests_total") == counted


def test_quantiles_are_shown_by_step_and_agency() -> None:
    made = families(
        snapshot(
            latencies=(
                Latency(STEP, "H56", "Thẩm định", 20, 67_082, 3_600_000),
                Latency(PROCESSING, "H56", "", 4, 90_000, 120_000),
            )
        ),
        Places(),
    )

    # Labels: agency, quantile, step.
    assert values(made, "emc_step_working_seconds") == {
        ("H56", "0.5", "Thẩm định"): 67.082,
        ("H56", "0.95", "Thẩm định"): 3600.0,
    }
    assert values(made, "emc_step_dossiers") == {("H56", "Thẩm định"): 20}
    assert values(made, "emc_processing_working_seconds") == {
        ("H56", "0.5"): 90.0,
        ("H56", "0.95"): 120.0,
    }


def test_quantiles_of_agencies_without_a_label_are_not_shown() -> None:
    """They cannot be summed, and the others' would be taken for one agency's."""
    latencies = (
        Latency(STEP, "H56", "a", 20, 1, 1),
        Latency(STEP, "H57", "a", 10, 1, 1),
        Latency(STEP, "H58", "a", 5, 1, 1),
    )

    made = families(snapshot(latencies=latencies), Places(agencies=1))

    assert values(made, "emc_step_dossiers") == {("H56", "a"): 20}


def test_warnings_are_named_and_have_two_sides() -> None:
    warned = {
        Warned("H56", 8, 0): Sides(5, 1),
        Warned("H57", 8, 2): Sides(2, 0),
        Warned("H57", 900, 0): Sides(1, 0),
    }

    made = families(snapshot(warned=warned), Places(agencies=1))

    # Labels: agency, class, warning.
    assert values(made, "emc_dossiers_warned_credit_total") == {
        ("H56", "live", "backdated_end"): 5,
        ("H56", "late", "backdated_end"): 0,
        ("other", "live", "backdated_end"): 0,
        ("other", "late", "backdated_end"): 0,
        ("other", "backfill", "backdated_end"): 2,
        ("other", "live", "unsaid"): 1,
    }
    assert values(made, "emc_dossiers_warned_debit_total")["H56", "live", "backdated_end"] == 1


def test_backdated_ends_are_shown_from_0_so_that_the_first_are_seen_to_come() -> None:
    """`increase` does not see the value with which a series begins."""
    warned = {Warned("H56", 3, 0): Sides(1, 0)}

    made = families(snapshot(warned=warned), Places())

    assert values(made, "emc_dossiers_warned_credit_total") == {
        ("H56", "live", "future_time"): 1,
        ("H56", "live", "backdated_end"): 0,
        ("H56", "late", "backdated_end"): 0,
    }


def test_a_limit_of_objectives_is_a_bound_of_the_histogram() -> None:
    assert "2.5" in latency.BOUNDS


async def test_the_ledger_is_shown(database: str) -> None:
    await migrate(database)
    connection = await asyncpg.connect(database)
    now = await connection.fetchval("SELECT (extract(epoch FROM now()) * 1000)::int8")
    for interface, last in (("/a", now - 1), ("/old", now - FRESH_MS - 60_000)):
        await connection.execute(
            "INSERT INTO request VALUES ('portal', $1, false, 0, '5xx', 3, 2, 1500, $2)",
            interface,
            last,
        )
    await connection.execute(
        "INSERT INTO latency VALUES ($1, 'H56', 'a', 5, 60000, 90000)", STEP
    )
    await connection.execute("INSERT INTO latency_judged VALUES ($1, 20000)", now)
    await connection.execute("INSERT INTO warned VALUES ('H56', 3, 1, 7, 2)")
    await connection.close()

    async with serving(database) as service:
        found = await service.scrape()

    shown = {
        (name.removeprefix("emc_"), *sorted(labels)): value
        for (name, labels), value in found.items()
        if name.startswith(("emc_service_request", "emc_step", "emc_dossiers_warned"))
        and value
        and dict(labels).get("le", "1.0") == "1.0"
    }
    portal = (("interface", "/a"), ("source", "portal"))
    assert shown == {
        ("service_requests_total", ("answer", "5xx"), *portal): 2,
        ("service_request_duration_seconds_bucket", portal[0], ("le", "1.0"), portal[1]): 2,
        ("service_request_duration_seconds_count", *portal): 2,
        ("service_request_duration_seconds_sum", *portal): 1.5,
        ("step_dossiers", ("agency", "H56"), ("step", "a")): 5,
        ("step_working_seconds", ("agency", "H56"), ("quantile", "0.5"), ("step", "a")): 60,
        ("step_working_seconds", ("agency", "H56"), ("quantile", "0.95"), ("step", "a")): 90,
        ("dossiers_warned_credit_total", ("agency", "H56"), ("class", "late"),
         ("warning", "future_time")): 7,
        ("dossiers_warned_debit_total", ("agency", "H56"), ("class", "late"),
         ("warning", "future_time")): 2,
    }  # fmt: skip
    judged = found["emc_latencies_judged_timestamp_seconds", frozenset()]
    assert judged == pytest.approx(now / 1000)
