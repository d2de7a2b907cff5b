"""The keys of the edge: constant within a year, another one the next, and never in a message."""

from base64 import b64encode

import pytest

from agents.keys import Keys
from agents.settings import SettingRefused, Settings

ONE = b64encode(b"1" * 32).decode()
TWO = b64encode(b"2" * 32).decode()
BOTH = f"k1:2026:{ONE}, k2:2027:{TWO}"


def test_an_applicant_is_the_same_all_year_and_another_the_next():
    keys = Keys.of(BOTH)

    assert keys.applicant("citizen:079203001234", 2026) == (
        "k1.2026:5ea2799d9e549b4261707e0be3aa9fd5"
    )
    assert keys.applicant("citizen:079203001234", 2027).startswith("k2.2027:")
    assert keys.applicant("citizen:079203001234", 2026) != keys.applicant(
        "card:079203001", 2026
    )


def test_a_new_key_leaves_the_years_before_it_as_they_were():
    """Rotation: what was hashed last year is hashed so again when it is sent again."""
    before, after = Keys.of(f"k1:2026:{ONE}"), Keys.of(BOTH)

    for year in (2025, 2026):
        assert before.applicant("x", year) == after.applicant("x", year)
    assert before.applicant("x", 2027) != after.applicant("x", 2027)
    assert before.token("x") == after.token("x")


def test_the_same_key_hashes_another_year_otherwise():
    """So that nobody can be followed where the key has not been changed."""
    keys = Keys.of(f"k1:2026:{ONE}")

    a, b = keys.applicant("x", 2026), keys.applicant("x", 2027)

    assert a.partition(":")[2] != b.partition(":")[2]


def test_a_token_has_no_digit_that_could_be_taken_for_a_number():
    token = Keys.of(BOTH).token("079203001234")

    assert token[0] == "~"
    assert len(token) == 25
    assert not any(character.isdigit() for character in token)


def test_the_single_key_of_before_stands_for_all_years():
    keys = Keys.of("", "secret")

    assert keys.applicant("x", 1999).startswith("k0.1999:")
    assert keys.applicant("x", 2030).startswith("k0.2030:")


def test_other_keys_may_follow_the_single_one():
    alone, followed = Keys.of("", "secret"), Keys.of(f"k0:1990:,k2:2027:{TWO}", "secret")

    assert followed.applicant("x", 2026) == alone.applicant("x", 2026)
    assert followed.token("x") == alone.token("x")
    assert followed.applicant("x", 2027) == Keys.of(BOTH).applicant("x", 2027)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "there is no key"),
        ("k1", "key 1 has no id and year"),
        (f"k1:26:{ONE}", "key 1 has no id and year"),
        (f"k1:2026:{ONE},K2:2027:{TWO}", "key 2 has no id and year"),
        ("k1:2026:c2hvcnQ=", "the secret of key k1 is not one"),
        ("k1:2026:", "the secret of key k1 is not one"),
        ("k1:2026:Nguyễn", "the secret of key k1 is not one"),
        (f"k1:2026:{ONE},k1:2027:{TWO}", "two keys have the same id"),
        (f"k1:2026:{ONE},k2:2026:{TWO}", "two keys begin in the same year"),
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(text, complaint):
    settings = Settings(applicant_keys=text)

    with pytest.raises(SettingRefused, match=complaint) as refused:
        settings.keys()

    for secret in (ONE, TWO, "c2hvcnQ", "Nguyễn"):
        assert secret not in str(refused.value)
