"""What `emc replay` says of small logs, counted by hand."""

import gzip
import json
import random

import pytest

from agents.replay import offline
from agents.replay.command import opened
from schemas.event import StateChanged
from tests.agents.replay.runs import run, written

CASES = """\
source = "permits"
format = "csv"
layout = "cases"
zone = "Asia/Ho_Chi_Minh"
[case]
dossier = "no"
opened = "in"
due = "due"
closed = "out"
[constants]
procedure = "1.004194"
agency = "H26"
"""

EVENTS = """\
source = "permits"
format = "csv"
layout = "events"
zone = "Asia/Ho_Chi_Minh"
[case]
dossier = "no"
[event]
time = "at"
activity = "what"
[constants]
procedure = "1.004194"
agency = "H26"
"""

REPEATED = """\
source = "permits"
format = "csv"
layout = "events"
zone = "Asia/Ho_Chi_Minh"
[case]
dossier = "no"
opened = "in"
due = "due"
closed = "out"
[event]
time = "at"
activity = "what"
[constants]
procedure = "1.004194"
agency = "H26"
[values.state]
"*" = 0
"""


def counts(received=0, completed=0, on_time=0, late=0, no_deadline=0, **rest):
    zero = {"returned": 0, "open": 0, "open_overdue": 0}
    return {
        "received": received,
        "completed": completed,
        "on_time": on_time,
        "late": late,
        "no_deadline": no_deadline,
    } | {**zero, **rest}


def test_an_end_at_its_due_instant_is_on_time_and_a_millisecond_later_is_late(tmp_path):
    log = (
        "no,in,due,out\n"
        "1,2026-03-02T08:00+07:00,2026-03-03T17:00+07:00,2026-03-03T17:00+07:00\n"
        "2,2026-03-02T08:00+07:00,2026-03-03T17:00+07:00,2026-03-03T17:00:00.001+07:00\n"
    )
    paths = written(tmp_path, log, CASES)

    instant = run(*paths).result["dossiers"]
    by_date = run(*paths, precision="date").result["dossiers"]

    assert instant == counts(received=2, completed=2, on_time=1, late=1)
    assert by_date == counts(received=2, completed=2, on_time=2)


def test_columns_of_a_case_repeated_on_its_rows_are_no_duplicates(tmp_path):
    log = (
        "no,in,due,out,at,what\n"
        "1,2026-03-02 08:00,2026-03-09 17:00,2026-03-06 10:00,2026-03-02 08:05,registered\n"
        "1,2026-03-02 08:00,2026-03-09 17:00,2026-03-06 10:00,2026-03-03 09:00,checked\n"
        "1,2026-03-02 08:00,2026-03-09 17:00,2026-03-06 10:00,2026-03-08 09:00,archived\n"
        "1,2026-03-02 08:00,2026-03-09 17:00,2026-03-06 10:00,2026-03-08 09:00,archived\n"
    )

    result = run(*written(tmp_path, log, REPEATED)).result

    assert (result["records"], result["refused"], result["duplicates"]) == (4, 0, 1)
    assert result["dossiers"] == counts(received=1, completed=1, on_time=1)
    assert result["warnings"] == {}


def test_an_end_before_the_receipt_is_booked_on_the_receipt_with_a_warning(tmp_path):
    log = (
        "no,in,due,out,at,what\n"
        "1,2026-03-02 08:00,2026-03-01 17:00,2026-03-01 10:00,2026-03-02 08:05,a\n"
        "1,2026-03-02 08:00,2026-03-01 17:00,2026-03-01 10:00,2026-03-02 08:06,b\n"
    )
    paths = written(tmp_path, log, REPEATED)

    result = run(*paths).result
    before = run(*paths, as_of="2026-03-01T12:00:00+07:00").result

    assert result["dossiers"] == counts(received=1, completed=1, late=1)
    assert result["warnings"] == {"end before receipt": 1}
    assert before["dossiers"] == counts()
    assert before["not_received"] == 1


def test_as_of_leaves_out_what_happened_later_and_shows_what_was_overdue(tmp_path):
    log = (
        "no,in,due,out\n"
        "1,2026-03-02 08:00,2026-03-04 17:00,2026-03-06 10:00\n"
        "2,2026-03-02 08:00,2026-03-05 17:00,2026-03-04 10:00\n"
        "3,2026-03-05 08:00,2026-03-09 17:00,\n"
        "4,2026-03-06 08:00,,\n"
    )
    paths = written(tmp_path, log, CASES)

    now = run(*paths).result
    then = run(*paths, as_of="2026-03-05T08:00:00+07:00").result

    assert now["as_of"] == "2026-03-06T10:00:00.000+07:00"
    assert now["dossiers"] == counts(received=4, completed=2, on_time=1, late=1, open=2)
    assert then["dossiers"] == counts(
        received=3, completed=1, on_time=1, open=2, open_overdue=1
    )


def test_on_its_due_day_an_open_dossier_is_overdue_by_the_instant_but_not_by_date(tmp_path):
    paths = written(tmp_path, "no,in,due,out\n1,2026-03-02,2026-03-04 11:30,\n", CASES)
    noon = "2026-03-04T12:00:00+07:00"

    assert run(*paths, as_of=noon).result["dossiers"]["open_overdue"] == 1
    assert run(*paths, as_of=noon, precision="date").result["dossiers"]["open_overdue"] == 0


def test_the_cut_of_the_mapping_is_the_default_as_of(tmp_path):
    log = "no,in,due,out\n1,2026-03-02,2026-03-04,2026-03-06\n"
    paths = written(tmp_path, log, "cut = 2026-03-05T00:00:00\n" + CASES)

    result = run(*paths).result

    assert result["as_of"] == "2026-03-05T00:00:00.000+07:00"
    assert result["dossiers"] == counts(received=1, open=1, open_overdue=1)


def test_a_log_of_the_future_is_measured_as_it_says(tmp_path):
    log = "no,in,due,out\n1,2099-03-02,2099-03-09,2099-03-06\n2,2099-03-02,2099-03-03,\n"

    result = run(*written(tmp_path, log, CASES)).result

    assert result["as_of"] == "2099-03-06T00:00:00.000+07:00"
    assert result["dossiers"] == counts(
        received=2, completed=1, on_time=1, open=1, open_overdue=1
    )


def test_a_log_of_states_is_followed_through_reopening_and_return(tmp_path):
    log = (
        "no,at,what\n"
        "1,2026-03-02 08:00,2\n1,2026-03-03 08:00,9\n1,2026-03-04 08:00,4\n"
        "2,2026-03-02 08:00,2\n2,2026-03-03 08:00,7\n2,2026-03-04 08:00,9\n"
        "3,2026-03-02 08:00,1\n3,2026-03-03 08:00,3\n"
        "4,2026-03-02 08:00,9\n"
        "5,2026-03-02 08:00,0\n"
    )

    result = run(*written(tmp_path, log, EVENTS)).result

    assert result["dossiers"] == counts(
        received=3, completed=1, no_deadline=1, returned=1, open=1
    )
    assert result["not_received"] == 2


def test_an_unreadable_required_cell_refuses_and_an_optional_one_warns(tmp_path):
    log = (
        "no,in,due,out\n"
        ",2026-03-02,,\n"
        "2,,,\n"
        "3,yesterday,,\n"
        "4,2026-03-02,tomorrow,2026-03-03\n"
        "5,0001-01-01,,\n"
        "6,2026-03-02,9999-12-31,\n"
    )
    rejects = tmp_path / "rejects.ndjson"

    result = run(*written(tmp_path, log, CASES), rejects=rejects).result

    assert (result["records"], result["refused"]) == (6, 4)
    assert result["dossiers"] == counts(received=2, completed=1, no_deadline=1, open=1)
    assert result["warnings"] == {
        "case.due is not a time by iso": 1,
        "case.due lies outside 1990-2100": 1,
    }
    assert [json.loads(line) for line in rejects.read_text().splitlines()] == [
        {"line": 2, "reason": "case.dossier is empty"},
        {"line": 3, "reason": "case.opened is empty"},
        {"line": 4, "reason": "case.opened is not a time by iso"},
        {"line": 6, "reason": "case.opened lies outside 1990-2100"},
    ]


def test_a_required_column_of_the_mapping_refuses_too(tmp_path):
    mapping = 'required = ["case.due"]\n' + CASES

    result = run(*written(tmp_path, "no,in,due,out\n1,2026-03-02,,\n", mapping)).result

    assert result["refusals"] == {"case.due is empty": 1}


def test_what_a_worker_would_refuse_is_refused_here(tmp_path):
    mapping = CASES.replace('closed = "out"', 'closed = "out"\nid = "id"')
    log = "no,in,due,out,id\n" + "9" * 5000 + ",2026-03-02,,,1\na\x01b,2026-03-02,,,2\n"

    result = run(*written(tmp_path, log, mapping)).result

    assert (result["records"], result["refused"]) == (2, 2)
    assert result["refusals"] == {"data.dossier: invalid_code": 2}


def test_an_unknown_column_is_one_line_and_status_2(tmp_path):
    paths = written(tmp_path, "no,in,dew,out\n1,2026-03-02,,\n", CASES)

    failed = run(*paths)

    assert failed.status == 2
    assert failed.said == (
        f"{paths[1]}:8: case.due names the column 'due', which log lacks; did you mean 'dew'?\n"
    )


def test_an_unknown_column_of_ndjson_is_told_too_unless_it_is_sparse(tmp_path):
    mapping = CASES.replace('"csv"', '"ndjson"')
    log = '{"no":1,"in":"2026-03-02","due":"2026-03-03"}\n'

    failed = run(*written(tmp_path, log, mapping))
    sparse = run(*written(tmp_path, log, 'sparse = ["case.closed"]\n' + mapping))

    assert failed.status == 2
    assert "case.closed names the column 'out', which log lacks" in failed.said
    assert sparse.status == 0
    assert sparse.result["dossiers"] == counts(received=1, open=1)


def test_a_column_that_is_there_twice_is_one_line_and_status_2(tmp_path):
    failed = run(*written(tmp_path, "no,in,due,out,in\n", CASES))

    assert failed.status == 2
    assert "log has 2 columns 'in'" in failed.said


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ({"precision": "hour"}, "--precision: no precision 'hour'; date or instant\n"),
        (
            {"as_of": "noon"},
            "--as-of: 'noon' is not a time by iso; write it as 2026-08-03T17:00:00+07:00\n",
        ),
    ],
)
def test_an_option_that_cannot_be_read_is_one_line_and_status_2(tmp_path, option, line):
    failed = run(*written(tmp_path, "no,in,due,out\n", CASES), **option)

    assert (failed.status, failed.said) == (2, line)


def test_a_log_with_a_header_only_is_all_zero(tmp_path):
    result = run(*written(tmp_path, "no,in,due,out\n", CASES)).result

    assert result["records"] == 0
    assert result["as_of"] is None
    assert result["dossiers"] == counts()


def test_with_ids_equal_content_is_a_duplicate_and_a_higher_revision_stands(tmp_path):
    mapping = EVENTS.replace(
        'activity = "what"', 'activity = "what"\nid = "id"\nrevision = "rev"'
    )
    log = (
        "no,at,what,id,rev,note\n"
        "1,2026-03-02,2,a,0,x\n"
        "1,2026-03-02,2,a,0,another note\n"
        "1,2026-03-03,9,b,0,\n"
        "1,2026-03-03,7,b,1,\n"
        "2,2026-03-02,2,a,0,ids are of their dossier\n"
    )

    result = run(*written(tmp_path, log, mapping)).result

    assert (result["records"], result["duplicates"]) == (5, 1)
    assert result["dossiers"] == counts(received=2, returned=1, open=1)
    assert result["warnings"] == {"one identity, several contents": 1}


def test_applicants_and_pseudonyms_leave_only_their_keyed_hash(tmp_path):
    mapping = 'pseudonymise = ["who"]\n' + CASES.replace(
        'closed = "out"', 'closed = "out"\napplicant = ["name", "birth"]\nunit = "who"'
    )
    log = "no,in,due,out,who,name,birth\n1,2026-03-02,,,Official Minh,Ann  Lee,1990\n"
    paths = written(tmp_path, log, mapping)
    spilled = []

    for key in (b"secret", b"secret", b"other"):
        with opened(paths[0], paths[1], None, key=key, backfill=True) as job:
            events = [row.event for row in job.stream.rows()]
            spilled += [event for event in events if isinstance(event, StateChanged)]

    first, again, other = spilled
    assert (first.applicant_key, first.unit) == (again.applicant_key, again.unit)
    assert len({first.applicant_key, other.applicant_key, first.unit, other.unit}) == 4
    assert "Minh" not in repr(first)
    assert "Lee" not in repr(first)


def test_the_order_of_rows_and_the_size_of_files_change_nothing(tmp_path, monkeypatch):
    rows = [
        f"{case},2026-03-{day:02} 08:00,{state}"
        for case in range(300)
        for day, state in ((2, 2), (3 + case % 5, 4), (9 + case % 7, 9 if case % 3 else 5))
    ]
    whole = run(*written(tmp_path, "\n".join(["no,at,what", *rows, rows[7]]) + "\n", EVENTS))
    random.Random(7).shuffle(rows)
    monkeypatch.setattr(offline, "LARGEST_FILE", 500)

    shuffled = run(*written(tmp_path, "\n".join(["no,at,what", rows[0], *rows]) + "\n", EVENTS))

    assert whole.result == shuffled.result
    assert whole.result["duplicates"] == 1
    assert whole.result["dossiers"] == counts(
        received=300, completed=200, no_deadline=200, open=100
    )


def test_a_log_of_cloudevents_needs_no_mapping(tmp_path):
    data = {
        "dossier": "H26.14-260302-0001",
        "procedure": "1.004194",
        "agency": "H26.14",
        "state": 2,
        "channel": 2,
        "due_at": "2026-03-05T17:00:00+07:00",
    }
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "H26-onestop",
        "type": "dossier.state.v1",
        "time": "2026-03-02T08:00:00+07:00",
        "data": data,
    }
    done = event | {"id": "2", "time": "2026-03-05T17:00:00+07:00", "data": data | {"state": 9}}
    portal = event | {"source": "portal"}  # the same id of another source is another event
    lines = [json.dumps(one) for one in (event, portal, done, done)] + [
        '{"specversion":"1.0"',
        "[]",
    ]
    log = tmp_path / "events"
    log.write_bytes(gzip.compress("\n".join(lines).encode()))

    result = run(log, None).result

    assert (result["records"], result["refused"], result["duplicates"]) == (6, 2, 1)
    assert result["refusals"] == {"value: not_json": 1, "value: wrong_type": 1}
    assert result["dossiers"] == counts(received=1, completed=1, on_time=1)
    assert result["by"]["channel"].keys() == {"2"}
    assert result["by"]["agency"].keys() == {"H26.14"}


def test_a_log_that_is_none_of_ours_hints_at_the_mapping(tmp_path):
    log, _ = written(tmp_path, "no,in,due,out\n1,2026-03-02,,\n", CASES)

    said = run(log, None).said

    assert said.splitlines() == [
        "refused: value: not_json (1)",
        "refused: value: wrong_type (1)",
        "no record is an event of ours; another kind of log needs --mapping",
    ]
