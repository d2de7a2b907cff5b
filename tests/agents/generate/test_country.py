"""The package data is whole and of the national forms."""

import re
import tomllib
from collections import Counter
from importlib.resources import files

from agents.generate.country import Draw, Outcome, load, seeded

DOCUMENT = tomllib.loads((files("agents.generate") / "country.toml").read_text("utf-8"))


def test_there_are_34_provinces_and_20_ministries():
    assert len(set(load().provinces)) == 34
    assert len(set(load().ministries)) == 20


def test_codes_have_the_national_forms():
    procedures = [row["code"] for row in DOCUMENT["procedures"]]

    assert all(re.fullmatch(r"H\d\d", code) for code in load().provinces)
    assert all(re.fullmatch(r"G\d\d", code) for code in load().ministries)
    assert all(re.fullmatch(r"\d\.\d{6}", code) for code in procedures)
    assert len(set(procedures)) == len(procedures) >= 40


def test_every_procedure_has_someone_who_handles_it_and_a_known_limit():
    handlers = {"commune", *DOCUMENT["departments"], *load().ministries}
    units = Counter(row.get("unit") for row in DOCUMENT["procedures"])

    assert {row["by"] for row in DOCUMENT["procedures"]} == handlers - {"01"}
    assert set(units) == {"working_days", "days", "hours", None}
    assert units[None] == 2
    assert {row["level"] for row in DOCUMENT["procedures"]} == {3, 4}


def test_the_communes_are_as_many_as_the_country_has():
    assert sum(row["communes"] for row in DOCUMENT["provinces"]) == 3_321


def test_outcomes_add_up():
    for shares in DOCUMENT["outcome"].values():
        assert sum(shares.values()) == 1_000


def test_more_late_dossiers_are_fewer_others():
    mixed = Outcome(early=500, on_time=400, late=100).with_late(280)

    assert mixed == Outcome(early=400, on_time=320, late=280)


def test_a_draw_follows_its_weights():
    draw = Draw(("often", "never", "seldom"), (9, 0, 1))
    rng = seeded("draw")
    drawn = Counter(draw(rng) for _ in range(2_000))

    assert 150 < drawn["seldom"] < 250
    assert drawn["never"] == 0


def test_the_country_of_2024_has_63_provinces_and_the_published_shares():
    """Eight of 83 above half, fifteen below a tenth, the two big cities among them."""
    document = tomllib.loads(
        (files("agents.generate") / "country-2024.toml").read_text("utf-8")
    )
    rows = [*document["provinces"], *document["ministries"]]
    full = {row["code"]: row["full"] for row in rows}

    assert len(document["provinces"]) == 63
    assert len(document["ministries"]) == 20
    assert len(full) == 83
    assert [full[code] for code in ("G02", "G05", "G15")] == [8349, 7844, 7766]
    assert [full[code] for code in ("H25", "H17", "H22", "H40")] == [6854, 5889, 5576, 5296]
    assert sum(share > 5000 for share in full.values()) == 8
    assert sum(share < 1000 for share in full.values()) == 15
    assert full["H26"] < 1000
    assert full["H29"] < 1000


def test_each_authority_of_2024_has_procedures_of_either_kind_and_enough_online():
    """Or its share could not be reached."""
    document = tomllib.loads(
        (files("agents.generate") / "country-2024.toml").read_text("utf-8")
    )
    levels = {row["code"]: row["level"] for row in DOCUMENT["procedures"]}
    own: dict[str, set[int]] = {}
    for row in DOCUMENT["procedures"]:
        own.setdefault(row["by"], set()).add(row["level"])
    for row in document["ministries"]:
        found = own[row["code"]] | {levels[code] for code in row.get("also", ())}
        assert found == {3, 4}, row["code"]
    for row in [*document["provinces"], *document["ministries"]]:
        assert row["online"] * 10 > row["full"] + 300, row["code"]


def test_one_authority_alone_is_the_country_then():
    country = load("", "H57")

    assert country.provinces == ("H57",)
    assert country.ministries == ()
    assert country.direct(seeded(1)).code == "H57"
    assert country.communes == {"H57": 40}
