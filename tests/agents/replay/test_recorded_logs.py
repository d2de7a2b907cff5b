"""The logs we have, whole: figures counted by hand from the files, not by this code."""

import pytest

from tests.agents.replay.runs import run
from tests.servers.require import ROOT, require_data

MAPPINGS = ROOT / "deploy" / "mappings"


def coselog(**options):
    log = require_data("coselog_receipt/receipt.csv.gz")
    return run(log, MAPPINGS / "coselog_receipt.toml", **options).result


def test_the_permit_log_is_judged_by_its_end_dates_to_the_instant():
    result = coselog()
    dossiers, by = result["dossiers"], result["by"]

    assert (result["records"], result["refused"], result["duplicates"]) == (8577, 0, 0)
    assert (dossiers["received"], dossiers["completed"], dossiers["open"]) == (1434, 1329, 105)
    assert (dossiers["on_time"], dossiers["late"]) == (952, 377)
    assert result["warnings"] == {"end before receipt": 2}
    assert {name: of["received"] for name, of in by["sub_channel"].items()} == {
        "Desk": 109,
        "Intern": 1,
        "Internet": 1250,
        "Post": 53,
        "e-mail": 21,
    }
    assert {code: of["received"] for code, of in by["channel"].items()} == {
        "1": 110,
        "2": 1271,
        "3": 53,
    }


def test_by_date_fewer_dossiers_of_the_permit_log_are_late():
    dossiers = coselog(precision="date")["dossiers"]

    assert (dossiers["on_time"], dossiers["late"]) == (1020, 309)


def test_the_permit_log_as_of_an_earlier_day_knows_nothing_of_what_followed():
    dossiers = coselog(as_of="2011-07-01T00:00:00+02:00")["dossiers"]

    assert (dossiers["received"], dossiers["completed"], dossiers["on_time"]) == (939, 711, 511)
    assert (dossiers["open"], dossiers["open_overdue"]) == (228, 44)


@pytest.mark.parametrize(
    ("log", "mapping", "records"),
    [
        ("DomesticDeclarations", "domestic_declarations", 55_628),
        ("InternationalDeclarations", "international_declarations", 70_727),
        ("PermitLog", "permit_log", 81_092),
        ("PrepaidTravelCost", "prepaid_travel_cost", 17_507),
        ("RequestForPayment", "request_for_payment", 36_072),
    ],
)
def test_nothing_of_the_declaration_logs_is_lost(log, mapping, records):
    path = require_data(f"bpic2020/{log}.csv.gz")

    result = run(path, MAPPINGS / f"bpic2020_{mapping}.toml").result

    assert result["records"] == records
    assert (result["refused"], result["duplicates"]) == (0, 0)
    assert result["warnings"] == {}
    dossiers = result["dossiers"]
    assert dossiers["received"] == dossiers["completed"] + dossiers["open"]
    assert dossiers["no_deadline"] == dossiers["completed"] > 0


def test_nothing_of_the_service_requests_is_lost():
    path = require_data("nyc311_sample/nyc311_2023_sample_slim.csv.gz")

    result = run(path, MAPPINGS / "nyc311_sample.toml").result

    assert (result["records"], result["refused"], result["duplicates"]) == (4999, 0, 0)
    assert result["dossiers"]["received"] == 4999
    assert result["dossiers"]["open"] == 545
    assert result["warnings"] == {"end before receipt": 2}
    assert {name: of["received"] for name, of in result["by"]["sub_channel"].items()} == {
        "MOBILE": 727,
        "ONLINE": 2099,
        "PHONE": 1589,
        "UNKNOWN": 584,
    }
