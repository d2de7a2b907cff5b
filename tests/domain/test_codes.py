"""Codes of dossiers, agencies and procedures."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.domain.codes import agency_code, dossier_key, level1, procedure_code

SPACES = st.sampled_from(["", " ", "\t", "\n", "\xa0", "\u3000", "\u200b", "\ufeff"])
MX = st.builds("{}{:02}".format, st.sampled_from("AGHKY"), st.integers(0, 99))
TAIL = st.builds(
    "-{:02}{:02}{:02}-{:04}".format,
    st.integers(0, 99),
    st.integers(1, 12),
    st.integers(1, 31),
    st.one_of(st.integers(0, 9999), st.integers(10_000, 9_999_999_999)),
)
ANYTHING = st.one_of(
    st.text(),
    st.text(alphabet="HhGz|%.-0149６ıſ \xa0\u200b"),
    st.from_regex(r"[0-9A-Z.]{1,40}-[0-9]{6}-[0-9]{3,11}", fullmatch=True),
    st.from_regex(r"[0-9a-zA-Z]{3}(\.0{1,3}|\.[0-9]{2}){0,14}", fullmatch=True),
    st.from_regex(r"[0-9]\.[0-9]{6}(\.[0-9A-Z]{2,3}){0,5}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("H56.14-240823-0001", "H56.14-240823-0001"),
        ("H56-240823-0001", "H56-240823-0001"),
        ("000.00.16.H56-240823-0001", "H56.16-240823-0001"),  # Circular 01/2018 Art. 19
        ("000.00.00.H56-240823-0001", "H56-240823-0001"),
        ("000.07.16.H56-240823-0001", "H56.16.07-240823-0001"),
        ("012.00.16.H56-240823-0001", "H56.16.00.012-240823-0001"),  # only leading zeros go
        ("H56.16.00.000-240823-0001", "H56.16-240823-0001"),  # the old order, turned round
        ("G01.899.102-260125-120001", "G01.899.102-260125-120001"),  # Circular 04/2025
        (" h56.14-240823-0001\n", "H56.14-240823-0001"),
        ("H56 .14 - 240823 - 0001", "H56.14-240823-0001"),
        ("\u200bH56.14-240823-0001\xa0", "H56.14-240823-0001"),
    ],
)
def test_a_national_dossier_code_has_one_spelling(code, key):
    assert dossier_key(code, "any") == key


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("HS-17 b", "s|HS-17 b"),  # case and blanks inside are the foreign system's own
        ("  HS-17\u3000", "s|HS-17"),
        ("H56.14-240823-001", "s|H56.14-240823-001"),  # sequence too short
        ("H56.14-241323-0001", "s|H56.14-241323-0001"),  # no such month
        ("H56.14-240832-0001", "s|H56.14-240832-0001"),  # no such day
        ("Z01.14-240823-0001", "s|Z01.14-240823-0001"),  # Z is no level 1
        ("H56..14-240823-0001", "s|H56..14-240823-0001"),
        ("H56.-240823-0001", "s|H56.-240823-0001"),
        ("Ｈ56.14-240823-0001", "s|Ｈ56.14-240823-0001"),  # full-width H
        ("H56.14-24082３-0001", "s|H56.14-24082３-0001"),  # full-width 3
        ("H56.1ı-240823-0001", "s|H56.1ı-240823-0001"),  # its upper case is an I
        ("00.00.16.H56-240823-0001", "s|00.00.16.H56-240823-0001"),
        ("H56." + "A" * 31 + "-240823-0001", "H56." + "A" * 31 + "-240823-0001"),  # 35
        ("H56." + "A" * 32 + "-240823-0001", "s|H56." + "A" * 32 + "-240823-0001"),  # 36
        ("", "s|"),
    ],
)
def test_any_other_dossier_code_is_scoped_by_its_source(code, key):
    assert dossier_key(code, "s") == key


def test_a_bar_in_a_source_or_a_code_lets_no_two_dossiers_meet():
    assert dossier_key("b|c", "a") == "a|b|c"
    assert dossier_key("c", "a|b") == "a%7Cb|c"
    assert dossier_key("c", "a%7Cb") == "a%257Cb|c"


@given(ANYTHING, ANYTHING)
@example("s|x", "s")
@example("", " s")
@example("|", "")
def test_a_key_given_again_stays_the_same(code, source):
    key = dossier_key(code, source)

    assert dossier_key(key, source) == key


@given(ANYTHING, st.text(alphabet="ab|%"), st.text(alphabet="ab|%"))
def test_one_foreign_code_of_two_sources_makes_two_keys(code, one, other):
    national = "|" not in (key := dossier_key(code, one))
    # A code that already begins with the name of a source is taken for a key of that source.
    named = {dossier_key("", one), dossier_key("", other)}

    same = key == dossier_key(code, other)

    assert same == (national or one == other) or any(code.startswith(name) for name in named)


@given(MX, st.tuples(*[st.integers(0, 9)] * 3), TAIL, SPACES)
def test_both_orders_of_one_dossier_code_meet_in_one_key(mx, groups, tail, space):
    v, z, y = groups
    old = f"{v:03}.{z:02}.{y:02}.{mx}{tail}"
    turned = f"{mx}.{y:02}.{z:02}.{v:03}{tail}"

    key = dossier_key(old, "portal")

    assert key == dossier_key(turned, "desk")
    assert key == dossier_key(space + old.lower().replace("-", f"-{space}"), "desk")
    assert key.startswith(mx)
    assert key.endswith(tail)
    assert level1(key.split("-")[0]) == mx


@pytest.mark.parametrize(
    ("code", "agency"),
    [
        ("H56.14", "H56.14"),
        ("h56 . 14 ", "H56.14"),
        ("000.00.16.H56", "H56.16"),
        ("000.00.00.g22", "G22"),
        ("H56.00.000", "H56"),
        ("H56.00.14", "H56.00.14"),
        ("0101234567", "0101234567"),  # a business: its tax number
        (" Sở Tư pháp ", "Sở Tư pháp"),
        ("z01.abc", "z01.abc"),
        ("H56" + " " * 80 + ".14", "H56.14"),
        ("H56" + ".00" * 11, "H56" + ".00" * 11),  # 36 characters
        ("H5６", "H5６"),
        ("", ""),
    ],
)
def test_an_agency_code_has_one_spelling(code, agency):
    assert agency_code(code) == agency


@pytest.mark.parametrize(
    ("agency", "first"),
    [
        ("H56.14", "H56"),
        ("H56", "H56"),
        ("000.00.16.H56", "H56"),
        ("h56.14", "H56"),
        ("0101234567", "0101234567"),
        ("Sở Tư pháp", "Sở Tư pháp"),
        ("Z01.5", "Z01.5"),
        ("H56" + ".00" * 11, "H56" + ".00" * 11),
        ("", ""),
    ],
)
def test_level_1_is_the_first_group_of_a_national_agency_only(agency, first):
    assert level1(agency) == first


@pytest.mark.parametrize(
    ("code", "procedure"),
    [
        ("1.004194", "1.004194"),
        (" 2.000815\xa0", "2.000815"),
        ("1.012753.h19", "1.012753.H19"),
        ("1.004194.000.00.00.H56", "1.004194.H56"),
        ("1.004194.000.00.16.H56", "1.004194.16.H56"),
        ("1.0041940", "1.0041940"),
        ("1.004194.", "1.004194."),
        ("thủ tục 1", "thủ tục 1"),
        (" T-5 b ", "T-5 b"),
        (" " * 80 + "1.004194", "1.004194"),
        ("1.00419４", "1.00419４"),
        ("", ""),
    ],
)
def test_a_procedure_code_has_one_spelling(code, procedure):
    assert procedure_code(code) == procedure


@given(ANYTHING)
@example("H56" + ".00" * 11)
@example("H56." + "0" * 40)
def test_codes_given_again_stay_the_same(code):
    agency, first, procedure = agency_code(code), level1(code), procedure_code(code)

    assert agency_code(agency) == agency
    assert level1(first) == first
    assert level1(agency) == first
    assert procedure_code(procedure) == procedure


@given(st.text(alphabet=st.characters(), max_size=200))
@example("\ud800")
@example("\x00")
@example("H56" + ".0" * 100_000)
def test_no_code_is_refused(code):
    assert isinstance(dossier_key(code, code), str)
    assert isinstance(agency_code(code), str)
    assert isinstance(level1(code), str)
    assert isinstance(procedure_code(code), str)
