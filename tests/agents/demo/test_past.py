"""What the demo has behind it when it is opened, and what of it is told late."""

import json
from datetime import date

from agents.demo.hearts import BEAT_MS, SILENT, SILENT_MS, beats, is_silent
from agents.demo.past import Past, heard, last_month
from agents.generate.model import Record

NOW = 1_800_000_000_000


def record(key: str, at_ms: int, source: str = "H29-onestop") -> Record:
    said = {"source": source, "data": {"dossier": key, "backfill": True}}
    return Record(key, json.dumps(said, separators=(",", ":")).encode(), at_ms)


def test_the_month_before_is_found_at_the_turn_of_a_year():
    assert last_month(date(2027, 1, 31)) == date(2026, 12, 1)
    assert last_month(date(2026, 3, 1)) == date(2026, 2, 1)


def test_every_twentieth_dossier_of_last_month_is_withheld_whole_and_the_present_begins_where_it_ends():
    keys = [f"H29.01-261005-{number:04}" for number in range(1, 41)]
    others = ["H29.01-261102-0001", "H56.01-261005-0020"]
    told = [record(key, at) for at in (1, 2) for key in [*keys, *others]]
    later = [record("H29.01-261128-0001", NOW + 5), record("H29.01-261128-0002", NOW + 9)]
    past = Past(iter([*told, *later]), NOW, date(2026, 10, 1), lambda _: False)

    before = [one.key for one in past.past()]

    assert {one.key for one in past.late} == {keys[19], keys[39]}
    assert len(past.late) == 4
    assert len(before) == len(told) - 4
    assert set(others) <= set(before)
    assert [one.at_ms for one in past.present()] == [NOW + 5, NOW + 9]


def test_what_is_told_late_is_news_of_now():
    late = heard(record("H29.01-261005-0020", 7), NOW)

    assert (late.at_ms, json.loads(late.value)["data"]) == (NOW, {"dossier": late.key})
    assert heard(record("H29.01-261005-0020", 7)).at_ms == 7


def test_a_system_that_fell_silent_sends_neither_dossiers_nor_heartbeats_any_more():
    before, after = NOW - SILENT_MS, NOW - SILENT_MS + 1
    assert [
        is_silent(record("H37-261128-0001", at, SILENT), NOW) for at in (before, after)
    ] == [
        False,
        True,
    ]
    assert not is_silent(record("H29-261128-0001", after), NOW)

    given = []
    for beat in beats(("H29-onestop", SILENT), NOW):
        if beat.timestamp_ms > NOW:
            break
        given.append(beat)
    last = {one.key.decode(): one.timestamp_ms for one in given}
    assert NOW - last["H29-onestop"] <= BEAT_MS
    assert SILENT_MS <= NOW - last[SILENT] <= SILENT_MS + 2 * BEAT_MS
