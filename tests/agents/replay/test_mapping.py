"""A mapping is read whole, or refused in one line that says where, why and what to do."""

import pytest

from agents.replay.mapping import Broken, keys, parse

GOOD = """\
source = "permits"
format = "csv"
layout = "cases"
zone = "Asia/Ho_Chi_Minh"

[case]
dossier = "number"
opened = "received"
closed = "finished"

[constants]
procedure = "permit"
agency = "H26"
"""


def test_a_plain_mapping_is_read_with_its_defaults():
    mapping = parse(GOOD, "log.toml").mapping

    assert mapping.source == "permits"
    assert mapping.case.opened == "received"
    assert mapping.csv.delimiter == ","
    assert mapping.precision == "instant"
    assert mapping.cut is None


def test_a_cut_without_offset_is_local_time_of_the_zone():
    file = parse("cut = 2026-03-13T12:00:00\n" + GOOD, "log.toml")

    assert file.cut_ms == 1_773_378_000_000  # 05:00 UTC


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("source =", "sauce ="), "log.toml:1: unknown key sauce; did you mean source?"),
        (
            ("closed =", "close ="),
            "log.toml:9: unknown key case.close; did you mean case.closed?",
        ),
        (
            ("[case]", 'dossier = "number"\n[case]'),
            "log.toml:6: unknown key dossier; did you mean case.dossier?",
        ),
        (("[constants]", "[qqqqq]"), "log.toml:11: unknown key qqqqq; remove it"),
        (
            ('dossier = "number"', ""),
            "log.toml:6: the key case.dossier is missing; add the key case.dossier",
        ),
        (
            ('source = "permits"\n', ""),
            "log.toml: the key source is missing; add the key source",
        ),
        (
            ('"csv"', '"xls"'),
            (
                "log.toml:2: format: invalid enum value 'xls'; "
                "see format in docs/reference/mapping.md"
            ),
        ),
        (
            ('"received"', "3"),
            (
                "log.toml:8: case.opened: expected str, got int; "
                "see case.opened in docs/reference/mapping.md"
            ),
        ),
        (
            ("Asia/Ho_Chi_Minh", "Asia/Hanoi"),
            "log.toml:4: unknown zone 'Asia/Hanoi'; use an IANA name such as Asia/Ho_Chi_Minh",
        ),
        (
            ('opened = "received"\n', ""),
            "log.toml:6: layout cases needs case.opened; name the column",
        ),
        (
            ("[constants]", '[event]\ntime = "at"\n[constants]'),
            "log.toml:11: layout cases has no [event]; move its columns to [case]",
        ),
        (
            ('"cases"', '"events"'),
            "log.toml: the table [event] is missing; add the table [event]",
        ),
        (
            ('agency = "H26"', ""),
            (
                "log.toml:11: nothing says the agency; "
                "name a column in case.agency or a text in constants.agency"
            ),
        ),
        (
            ("[case]", 'required = ["case.closd"]\n[case]'),
            "log.toml:6: no column is mapped to 'case.closd'; did you mean case.closed?",
        ),
        (
            ("[case]", '[times]\nformats = ["dd/mm/yyyy"]\n[case]'),
            (
                "log.toml:7: unknown time format 'dd/mm/yyyy'; "
                "use iso, epoch_s, epoch_ms or a strptime pattern such as %d/%m/%Y %H:%M"
            ),
        ),
        (
            ("[case]", '[times]\nformats = ["%H:%M"]\n[case]'),
            "log.toml:7: '%H:%M' leaves the day open; name year, month and day",
        ),
        (
            ("[case]", '[csv]\ndelimiter = ";;"\n[case]'),
            "log.toml:7: ';;' is not one character; give one",
        ),
        (
            ("[case]", '[csv]\nencoding = "utf-9"\n[case]'),
            (
                "log.toml:7: unknown encoding 'utf-9'; "
                "use a name such as utf-8, utf-16, latin-1 or cp1258"
            ),
        ),
        (
            ("[constants]", '[values.channel]\n"web" = 2\n[constants]'),
            "log.toml:11: no column is mapped to case.channel; map it or drop the table",
        ),
        (
            ("agency =", "channel = 4\nagency ="),
            (
                "log.toml:13: constants.channel: expected int <= 3; "
                "see constants.channel in docs/reference/mapping.md"
            ),
        ),
        (
            ("source =", "source = = "),
            "log.toml:1: is not TOML: Invalid value; correct the line",
        ),
        (
            ("[case]", "cut = 1026-01-01T00:00:00Z\n[case]"),
            "log.toml:6: cut lies outside 1990-2100; correct it",
        ),
    ],
)
def test_a_broken_mapping_is_one_line_with_place_reason_and_remedy(change, line):
    with pytest.raises(Broken) as broken:
        parse(GOOD.replace(change[0], change[1], 1), "log.toml")

    assert str(broken.value) == line


def test_no_key_is_named_twice():
    assert len(set(keys())) == len(list(keys()))
