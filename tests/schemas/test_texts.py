"""Texts that are remembered are few, whatever is sent, and read as before when all is forgotten."""

import pytest

from schemas import texts, times

REMEMBERED = [
    (texts.name, texts._NAMES, texts.MOST_REMEMBERED, "Bước {}", "Bước 7"),
    (texts.agency, texts._AGENCIES, texts.MOST_REMEMBERED, " h56.{}", "H56.7"),
    (texts.dossier, texts._DOSSIERS, texts.MOST_DOSSIERS, "H56.14-260803-{:06}", None),
]


@pytest.mark.parametrize(("read", "known", "most", "sent", "seventh"), REMEMBERED)
def test_names_that_a_source_makes_up_do_not_fill_the_memory(read, known, most, sent, seventh):
    more = ("field",) if seventh else ("office", "field")
    for number in range(most + 10):
        read(sent.format(number), *more)

    assert 0 < len(known) <= most
    assert read(sent.format(7), *more) == (seventh or sent.format(7))


def test_minutes_of_a_long_log_do_not_fill_the_memory():
    """Eleven days and nine hours have 16,380 minutes."""
    for day in range(1, 14):
        for minute in range(24 * 60):
            times.instant_ms(f"2026-08-{day:02}T{minute // 60:02}:{minute % 60:02}:00Z", "time")

    assert 0 < len(times._MINUTES_READ) <= times.MOST_MINUTES
    assert times.instant_ms("2026-08-03T01:12:31Z", "time") == 1_785_719_551_000
