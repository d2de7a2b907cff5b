"""The life cycle's tables are those of the approved page, which is kept by hand."""

import re
from pathlib import Path

from monitor.domain.event import State
from monitor.domain.lifecycle import (
    ACCEPTING,
    COMPLETING,
    HOLDERS,
    NO_STATE_RANK,
    PAUSING,
    RANK,
    RUNNING,
    STANDING,
    STOPS,
    TRANSITIONS,
    Holder,
    RuleName,
)
from monitor.outlets.lifecycle_page import diagram

PAGE = (Path(__file__).parents[2] / "docs/explanation/lifecycle.md").read_text("utf-8")


def table(heading, columns):
    """Rows of the first table after a heading, its head and rule left out."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert all(len(row) == columns for row in cells)
    return cells


def numbers(text):
    return {int(number) for number in re.findall(r"\d+", text)}


def test_the_transitions_are_the_approved_ones():
    approved = {
        None if before == "(nothing)" else int(before): numbers(following)
        for before, following in table("What may follow what", 2)
    }

    assert {before: set(following) for before, following in TRANSITIONS.items()} == approved


def test_the_holders_are_the_approved_ones():
    words = {holder.name.lower().replace("_", " "): holder for holder in Holder}
    approved = {
        int(state): words[held_by.split(";")[0]]
        for state, held_by, _ in table("Who holds it, and whose clock stops", 3)
    }

    assert dict(HOLDERS) == approved


def test_holders_keep_the_numbers_that_the_ledger_has():
    assert {holder.name: holder.value for holder in Holder} == {
        "NOBODY": 0,
        "RECEIVING_DESK": 1,
        "SETTLING_UNIT": 2,
        "CONSULTED_BODY": 3,
        "CITIZEN": 4,
        "CASHIER": 5,
    }


def test_what_stops_a_clock_is_as_approved():
    approved = {rule: set() for rule in RuleName}
    for state, _, stops in table("Who holds it, and whose clock stops", 3):
        for rule in re.findall(r"`(\w+)`", stops):
            approved[RuleName(rule)].add(int(state))

    assert {rule: set(states) for rule, states in STOPS.items()} == approved


def test_the_states_effects_are_the_pages():
    effects = {int(code): effect for code, *_, effect in table("The states", 4)}

    def those(word):
        return {State(code) for code, effect in effects.items() if word in effect}

    assert those("stands") == STANDING
    assert those("paused") == PAUSING
    assert those("accepts") - {State.SUPPLEMENT_REQUESTED} == ACCEPTING


def test_the_states_have_their_vietnamese_names():
    source = Path(__file__).parents[2] / "monitor/domain/event.py"
    said = dict(
        re.findall(r"= (\d+)  # ([^\n]+)", source.read_text("utf-8").split("Channel")[0])
    )

    assert {code: name for code, name, *_ in table("The states", 4)} == said


def test_the_drawing_is_made_from_the_table():
    assert diagram() in PAGE
    assert "    [*] --> s1\n" in diagram()
    assert "    s9 --> s4\n" in diagram()
    assert "s3 --> s" not in diagram()
    assert "    class s5,s6,s8 paused\n" in diagram()


def test_equal_instants_are_ordered_as_the_dictionary_says():
    assert sorted(range(11), key=RANK.__getitem__) == [0, 1, 2, 4, 5, 6, 8, 3, 7, 9, 10]
    assert len({*RANK, NO_STATE_RANK}) == 12  # no two are equal
    assert max(RANK) < NO_STATE_RANK


def test_these_states_run_and_these_complete_a_supplement():
    assert {2, 4, 5, 6, 8} == RUNNING
    assert {2, 4} == COMPLETING
