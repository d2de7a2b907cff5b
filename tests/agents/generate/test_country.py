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
