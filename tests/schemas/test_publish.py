"""The generated documents are current, valid, and say what decoding does."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from schemas import KINDS, Reason
from schemas.publish import documents, main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "schemas" / "examples"
# What a schema of JSON cannot say: absurd years, days that do not exist, blanks and NUL.
BEYOND_A_SCHEMA = {
    "time_out_of_range.year_1.json",
    "time_out_of_range.year_9999.json",
    "malformed_time.no_such_day.json",
    "invalid_code.blank_agency.json",
    "invalid_text.nul_in_key.json",
    "invalid_text.agency_without_a_name.json",
    "invalid_code.amended_to_a_blank_procedure.json",
    # Nor what one field has to do with another.
    "number_out_of_range.score_above_its_scale.json",
    "contradictory.two_limits_for_a_channel.json",
    "contradictory.ends_before_it_begins.json",
    "contradictory.agency_above_itself.json",
    "contradictory.succeeded_while_it_lasts.json",
    "contradictory.maintenance_that_ends_before_it_begins.json",
    "contradictory.chunk_beyond_the_last.json",
    "contradictory.state_of_a_payment.json",
    "contradictory.claimed_twice.json",
    "missing_field.claim_of_nothing.json",
    "contradictory.survey_that_ends_before_it_begins.json",
    "contradictory.not_issued_and_stated.json",
    "missing_field.denominator.json",
    "missing_field.external_claim_of_nothing.json",
    "invalid_text.survey_of_blanks.json",
}


def published(kind):
    return json.loads((ROOT / "schemas" / "json" / f"{kind}.json").read_bytes())


def test_the_published_documents_are_current():
    """Run `python -m schemas.publish` after a change of the types."""
    assert main(["--check"]) == 0


def test_the_check_names_what_is_stale_and_writing_mends_it(tmp_path, capsys):
    assert main(["--check", "--root", str(tmp_path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "stale: schemas/json/dossier.state.v1.json (python -m schemas.publish)"
    assert said[-3:] == [
        "stale: schemas/asyncapi.json (python -m schemas.publish)",
        "stale: docs/reference/events.md (python -m schemas.publish)",
        "stale: docs/reference/event-uses.md (python -m schemas.publish)",
    ]

    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0

    (tmp_path / "schemas/asyncapi.json").write_text("{}")
    capsys.readouterr()
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert (
        capsys.readouterr().out == "stale: schemas/asyncapi.json (python -m schemas.publish)\n"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_published_schema_is_a_schema(kind):
    Draft202012Validator.check_schema(published(kind))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_valid_example_keeps_the_schema(path):
    whole = json.loads(path.read_bytes())

    Draft202012Validator(published(whole["type"])).validate(whole)


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for path in (EXAMPLES / "invalid").glob("*.json")
        if not path.name.startswith(("not_json", "empty")) and path.name not in BEYOND_A_SCHEMA
    ),
    ids=lambda path: path.stem,
)
def test_an_invalid_example_breaks_the_schema(path):
    whole = json.loads(path.read_bytes())
    said = whole.get("type") if isinstance(whole, dict) else None
    validator = Draft202012Validator(published(said if said in KINDS else "dossier.state.v1"))

    assert not validator.is_valid(whole)


def every(node, key):
    """All values under `key`, at any depth."""
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == key and isinstance(inner, str):
                yield inner
            yield from every(inner, key)
    elif isinstance(node, list):
        for inner in node:
            yield from every(inner, key)


def test_the_asyncapi_document_has_what_its_specification_requires():
    document = json.loads((ROOT / "schemas" / "asyncapi.json").read_bytes())

    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    assert document["channels"]["emc.dossiers"]["address"] == "emc.dossiers"
    operation = document["operations"]["follow.emc.dossiers"]
    assert operation["action"] == "receive"
    assert operation["channel"] == {"$ref": "#/channels/emc.dossiers"}
    # Messages of an operation must be those of its channel, by reference to the channel.
    assert [reference["$ref"] for reference in operation["messages"]][:2] == [
        "#/channels/emc.dossiers/messages/dossier.state.v1",
        "#/channels/emc.dossiers/messages/dossier.state.v1.binary",
    ]
    binary = document["components"]["messages"]["dossier.state.v1.binary"]
    assert binary["headers"]["required"] == [
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"
    ]  # fmt: skip
    assert sorted(document["channels"]) == [
        "emc.catalogue", "emc.dossiers", "emc.petitions", "emc.signals"
    ]  # fmt: skip
    petitions = document["channels"]["emc.petitions"]["messages"]
    assert sorted(petitions) == ["petition.v1", "petition.v1.binary"]
    assert len(document["components"]["messages"]) == 44
    for message in document["components"]["messages"].values():
        assert {"name", "contentType", "headers", "payload"} <= message.keys()


def test_every_reference_in_the_asyncapi_document_leads_somewhere():
    document = json.loads((ROOT / "schemas" / "asyncapi.json").read_bytes())

    for reference in every(document, "$ref"):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_reference_page_explains_every_field(kind):
    page = documents()["docs/reference/events.md"]
    (_, section) = page.split(f"\n## {kind}\n")
    whole = published(kind)

    for definition in whole["$defs"].values():
        for name in definition.get("properties", {}):
            assert f"| `{name}` |" in section.partition("\n## ")[0]


def test_the_reference_page_explains_every_reason_and_every_topic():
    page = documents()["docs/reference/events.md"]

    for name in (*Reason, "emc.dossiers", "emc.petitions", "emc.signals", "emc.catalogue"):
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_an_event_is_in_its_example(kind):
    """The example is the page's: who reads it has seen all that can be said."""
    data = json.loads((EXAMPLES / f"{kind}.json").read_bytes())["data"]
    properties = published(kind)["properties"]["data"]["$ref"].rpartition("/")[2]

    absent = published(kind)["$defs"][properties]["properties"].keys() - data.keys()
    assert absent <= {"revision", "backfill"}
