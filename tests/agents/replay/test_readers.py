"""Rows come out of every format whole or with the reason why not, and memory stays small."""

import gzip
import subprocess
import sys
import tracemalloc

import pytest

from agents.replay.mapping import Broken, Csv
from agents.replay.readers import LogFile, Unread, csv_header, guarded, ndjson_rows, xes_rows


def csv_of(path, form=None):
    with LogFile(path) as log:
        header, rows = csv_header(log, form or Csv())
        return header, list(guarded(log, rows))


def of(path, reader):
    with LogFile(path) as log:
        return list(guarded(log, reader(log)))


@pytest.fixture
def log(tmp_path):
    def write(content):
        path = tmp_path / "log.csv"
        path.write_bytes(content)
        return path

    return write


def test_gzip_is_told_by_content_and_not_by_name(log):
    plain, packed = b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n")

    assert (
        csv_of(log(plain)) == csv_of(log(packed)) == (["a", "b"], [(2, {"a": "1", "b": "2"})])
    )


def test_a_torn_gzip_stream_is_told_in_one_line(log):
    rows = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(20_000))

    with pytest.raises(Broken, match=r"log.csv: its gzip stream is torn after line \d+; fetch"):
        csv_of(log(gzip.compress(rows)[:-2000]))


def test_what_excel_writes_is_read(log):
    content = '\ufeffmã;tên\r\n1;"a;\r\nb"\r\n\r\n2;\r\n'.encode()

    header, rows = csv_of(log(content), Csv(delimiter=";"))

    assert header == ["mã", "tên"]
    assert rows == [(2, {"mã": "1", "tên": "a;\r\nb"}), (5, {"mã": "2", "tên": ""})]


def test_utf_16_and_a_log_without_header_are_read(log):
    content = "1\tx\n".encode("utf-16")

    _, rows = csv_of(log(content), Csv(delimiter="\t", encoding="utf-16", header=("n", "t")))

    assert rows == [(1, {"n": "1", "t": "x"})]


def test_a_row_that_cannot_be_read_is_refused_and_the_next_one_is_read(log):
    _, rows = csv_of(log(b"a,b\n1\n1,2,3\n\xff,2\n3,4\n"))

    assert rows == [
        (2, Unread("has 1 fields where the header has 2")),
        (3, Unread("has 3 fields where the header has 2")),
        (4, Unread("has bytes that are not utf-8")),
        (5, {"a": "3", "b": "4"}),
    ]


def test_undecodable_bytes_are_replaced_where_the_mapping_says_so(log):
    _, rows = csv_of(log(b"a,b\n\xff,2\n"), Csv(errors="replace"))

    assert rows == [(2, {"a": "\ufffd", "b": "2"})]


def test_a_line_without_end_takes_no_memory(log):
    path = log(gzip.compress(b"a,b\n" + b"x" * 120_000_000 + b"\n1,2\n", 1))

    tracemalloc.start()
    _, rows = csv_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert rows == [
        (2, Unread("is longer than 16777216 characters")),
        (3, {"a": "1", "b": "2"}),
    ]
    assert peak < 100_000_000


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_csv_log_is_told_in_one_line(log, content):
    with pytest.raises(
        Broken, match="is empty; a CSV log starts with the names of its columns"
    ):
        csv_of(log(content))


def test_nested_objects_are_named_with_dots(log):
    content = b'{"a":{"b":{"c":1.5}},"d":[1,"x"],"e":null,"f":true}\n\n[]\n{"a":\n{}\n'

    assert of(log(content), ndjson_rows) == [
        (1, {"d": '[1,"x"]', "e": "", "f": "true", "a.b.c": "1.5"}),
        (3, Unread("is no JSON object")),
        (4, Unread("is no JSON object")),
        (5, {}),
    ]


XES = b"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <global scope="event"><string key="concept:name" value="unknown"/></global>
  <string key="source" value="x"/>
  <trace>
    <string key="concept:name" value="c1"><string key="nested" value="no"/></string>
    <date key="end" value="2026-03-01T00:00:00Z"/>
    <event>
      <string key="concept:name" value="first"><string key="nested" value="no"/></string>
    </event>
    <event><string key="concept:name" value="second"/></event>
  </trace>
  <trace>
    <string key="concept:name" value="c2"/>
    <event><string key="concept:name" value="third &amp; last"/></event>
  </trace>
</log>
"""


def test_xes_events_carry_the_attributes_of_their_trace(log):
    end = "2026-03-01T00:00:00Z"

    assert of(log(XES), xes_rows) == [
        (8, {"case:concept:name": "c1", "case:end": end, "concept:name": "first"}),
        (11, {"case:concept:name": "c1", "case:end": end, "concept:name": "second"}),
        (15, {"case:concept:name": "c2", "concept:name": "third & last"}),
    ]


def test_a_doctype_in_xes_is_refused_before_it_can_expand(log):
    bomb = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><log>&b;</log>'

    with pytest.raises(Broken, match=r"log.csv:1: declares a doctype, which XES does not need"):
        of(log(bomb), xes_rows)


def test_xes_that_ends_in_the_middle_is_told_in_one_line(log):
    with pytest.raises(Broken, match=r"log.csv:\d+: is not XML: "):
        of(log(XES[:-40]), xes_rows)


COUNTS_EVENTS = """
import sys, tracemalloc
from pathlib import Path
from agents.replay.readers import LogFile, xes_rows

tracemalloc.start()
with LogFile(Path(sys.argv[1])) as opened:
    print(sum(1 for _ in xes_rows(opened)), tracemalloc.get_traced_memory()[1])
"""


def test_memory_does_not_grow_with_an_xes_log(tmp_path):
    trace = (
        b'<trace><string key="n" value="%d"/>' + b'<event><int key="k" value="1"/></event>' * 20
    )
    path = tmp_path / "log.xes"
    with path.open("wb") as file:
        file.write(b"<log>")
        for number in range(5_000):
            file.write(trace % number + b"</trace>\n")
        file.write(b"</log>")

    # In a process of its own: what threads of earlier tests allocate meanwhile would be counted too.
    done = subprocess.run(
        [sys.executable, "-c", COUNTS_EVENTS, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    events, peak = map(int, done.stdout.split())

    assert events == 100_000
    assert peak < 8_000_000
