"""Series are rationed: sums stay exact, whatever systems send."""

from collections.abc import Mapping
from dataclasses import replace

from prometheus_client.core import Metric as Family

from monitor.ledger.figures import Bin, DueBy, Flow, Sides, Snapshot, Stock
from monitor.ledger.unit import TallyKey
from monitor.outlets.metrics import families
from monitor.outlets.names import Part
from monitor.outlets.series import Place, Places

ACCEPTED, IN_PROCESS = 2, 12


def snapshot(
    flows: Mapping[Flow, Sides] | None = None,
    tallies: Mapping[TallyKey, int] | None = None,
    stock: Mapping[Stock, int] | None = None,
    consumed: Mapping[Bin, Sides] | None = None,
) -> Snapshot:
    return Snapshot(
        now_ms=0,
        flows=flows or {},
        consumed=consumed or {},
        open=stock or {},
        tallies=tallies or {},
        positions={},
    )


def values(made: list[Family], name: str) -> dict[tuple[str, ...], float]:
    """Samples by their label values, the labels in alphabetical order."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in made
        for sample in family.samples
        if sample.name == name
    }


def test_the_biggest_agencies_have_labels_and_the_rest_is_summed() -> None:
    sizes = {"H01": 7, "H02": 900, "H03": 5, "H04": 80}
    flows = {Flow(ACCEPTED, agency, 2, 4, 0): Sides(n, 1) for agency, n in sizes.items()}
    stock = {Stock(IN_PROCESS, agency, 2, 4, DueBy.LATER): 10 for agency in sizes}
    bins = {Bin(agency, 105): Sides(3, 0) for agency in sizes}
    places = Places(agencies=2)

    made = families(snapshot(flows, stock=stock, consumed=bins), places)

    # Labels: agency, channel, class, level.
    assert values(made, "emc_dossiers_accepted_credit_total") == {
        ("H02", "online", "live", "4"): 900,
        ("H04", "online", "live", "4"): 80,
        ("other", "other", "live", "other"): 12,
    }
    assert values(made, "emc_dossiers_accepted_debit_total") == {
        ("H02", "online", "live", "4"): 1,
        ("H04", "online", "live", "4"): 1,
        ("other", "other", "live", "other"): 2,
    }
    assert values(made, "emc_dossiers_open_due")["other", "later"] == 20
    assert values(made, "emc_dossiers_open")["other", "other", "other", "in_process"] == 20
    buckets = values(made, "emc_dossier_deadline_consumed_ratio_credit_bucket")
    assert buckets["other", "+Inf"] == 6
    assert values(made, "emc_snapshot_summed_into_other")["agencies",] == 2


def test_a_label_once_shown_is_kept_when_others_outgrow_it() -> None:
    """Else its counter would end, and the sum of the others would leap."""
    places = Places(agencies=1)
    families(snapshot({Flow(ACCEPTED, "H01", 2, 4, 0): Sides(1, 0)}), places)

    made = families(
        snapshot(
            {
                Flow(ACCEPTED, "H01", 2, 4, 0): Sides(1, 0),
                Flow(ACCEPTED, "H02", 2, 4, 0): Sides(99, 0),
            }
        ),
        places,
    )

    assert values(made, "emc_dossiers_accepted_credit_total") == {
        ("H01", "online", "live", "4"): 1,
        ("other", "other", "live", "other"): 99,
    }


def test_sources_beyond_the_limit_are_summed_with_their_reasons() -> None:
    tallies = {
        TallyKey("counted", "big", ""): 50,
        TallyKey("counted", "small", ""): 2,
        TallyKey("refused", "small", "empty"): 1,
        TallyKey("refused", "tiny", "empty"): 2,
        TallyKey("refused", "", "not_json"): 9,
    }
    places = Places(sources=2)

    made = families(snapshot(tallies=tallies), places)

    # Labels: outcome, source; then reason, source.
    assert values(made, "emc_records_total") == {
        ("counted", "big"): 50,
        ("duplicate", "big"): 0,
        ("refused", "big"): 0,
        ("counted", "unsaid"): 0,
        ("duplicate", "unsaid"): 0,
        ("refused", "unsaid"): 9,
        ("counted", "other"): 2,
        ("duplicate", "other"): 0,
        ("refused", "other"): 3,
    }
    assert values(made, "emc_records_refused_total") == {
        ("empty", "other"): 3,
        ("not_json", "unsaid"): 9,
    }
    assert values(made, "emc_snapshot_summed_into_other")["sources",] == 2


def test_who_calls_itself_other_is_summed_with_the_others() -> None:
    tallies = {TallyKey("counted", "other", ""): 5, TallyKey("counted", "small", ""): 2}

    made = families(snapshot(tallies=tallies), Places(sources=1))

    assert values(made, "emc_records_total")["counted", "other"] == 7


def test_what_is_sent_without_channel_and_level_is_unsaid() -> None:
    made = families(snapshot({Flow(ACCEPTED, "H56", 0, 0, 1): Sides(3, 0)}), Places())

    assert values(made, "emc_dossiers_accepted_credit_total") == {
        ("H56", "unsaid", "late", "unsaid"): 3
    }


def test_past_the_budget_an_agency_is_shown_without_channel_and_level() -> None:
    places = Places(budget=680)

    found = [
        places.flow("H56", channel, level, 0) for channel in range(4) for level in (2, 3, 4)
    ]
    found += [places.flow("H57", channel, 4, 0) for channel in range(4)]
    found += [places.flow(f"H{number}", 2, 4, 0) for number in range(58, 98)]

    assert found[0] == Place("H56", "unsaid", "2")
    assert found[12:16] == [
        Place("H57", "unsaid", "4"),
        Place("H57", "direct", "4"),
        Place("H57", "online", "4"),
        Place("H57", "other", "other"),
    ]
    assert found[16] == Place("H58", "other", "other")
    assert found[-1] == Place("other", "other", "other")
    assert places.turned_away[Part.FLOWS] == 41


def test_the_budget_holds_against_whoever_sends_what_he_likes() -> None:
    """Thousands of agencies and sources with every channel, level, class and reason."""
    agencies = [f"X{number}" for number in range(1_500)]
    classes = range(4)
    flows = {
        Flow(ACCEPTED, agency, channel, level, booking_class): Sides(10, 3)
        for agency in agencies
        for channel in range(4)
        for level in (0, 2, 3, 4)
        for booking_class in classes
    }
    stock = {
        Stock(IN_PROCESS, agency, channel, 4, due): 1
        for agency in agencies
        for channel in range(4)
        for due in DueBy
    }
    tallies = {
        TallyKey("refused", f"source {number}", f"reason {reason}"): 1
        for number in range(1_000)
        for reason in range(18)
    }
    places = Places(budget=5_000)

    first = families(snapshot(dict(list(flows.items())[:200]), stock=stock), places)
    made = families(snapshot(flows, tallies, stock), places)

    accepted = values(made, "emc_dossiers_accepted_credit_total")
    assert sum(accepted.values()) == 10 * 1_500 * 64
    assert sum(values(made, "emc_dossiers_open").values()) == 1_500 * 20
    assert sum(values(made, "emc_records_refused_total").values()) == 18_000
    assert sum(len(family.samples) for family in made) <= 5_000
    assert set(values(first, "emc_dossiers_accepted_credit_total")) <= set(accepted)


def test_verdicts_of_the_law_are_shown_by_agency_alone() -> None:
    on_time_766, refused = 30, 3
    flows = {
        Flow(on_time_766, "H56", 2, 4, 0): Sides(5, 1),
        Flow(on_time_766, "H56", 1, 3, 0): Sides(2, 0),
        Flow(on_time_766, "H56", 1, 3, 1): Sides(7, 0),
        Flow(refused, "H56", 2, 4, 0): Sides(3, 0),
    }

    made = families(snapshot(flows), Places())

    assert values(made, "emc_dossiers_on_time_766_credit_total") == {
        ("H56", "live"): 7,
        ("H56", "late"): 7,
    }
    assert values(made, "emc_dossiers_on_time_766_debit_total") == {
        ("H56", "live"): 1,
        ("H56", "late"): 0,
    }
    assert values(made, "emc_dossiers_refused_credit_total") == {
        ("H56", "live"): 3,
        ("H56", "late"): 0,
    }


def test_what_is_no_longer_there_gives_its_room_to_others() -> None:
    places = Places(sources=1)
    families(snapshot(tallies={TallyKey("counted", "gone", ""): 9}), places)
    families(snapshot(), places)

    made = families(snapshot(tallies={TallyKey("counted", "new", ""): 2}), places)

    assert values(made, "emc_records_total")["counted", "new"] == 2


def test_the_series_of_a_source_that_was_revoked_long_ago_end() -> None:
    tallies = {TallyKey("counted", "gone", ""): 9, TallyKey("counted", "here", ""): 2}
    small = {TallyKey("counted", "small", ""): 1}
    places = Places(sources=2)
    families(snapshot(tallies={**tallies, **small}), places)

    retired = replace(
        snapshot(tallies={**tallies, **small}), retired=frozenset({"gone", "small"})
    )
    made = families(retired, places)

    counted = values(made, "emc_records_total")
    assert {source for _, source in counted} == {"here", "other"}
    # Which it was summed into before it was revoked: the counter of the others does not fall.
    assert counted["counted", "other"] == 1


def test_what_was_summed_into_other_stays_there_when_there_is_room_again() -> None:
    """Else the counter of the others would fall."""
    places = Places(sources=1)
    small = {TallyKey("counted", "small", ""): 2}
    families(snapshot(tallies={TallyKey("counted", "big", ""): 9, **small}), places)
    families(snapshot(tallies=small), places)

    made = families(snapshot(tallies=small), places)

    assert values(made, "emc_records_total")["counted", "other"] == 2
    assert values(made, "emc_snapshot_summed_into_other")["sources",] == 1
