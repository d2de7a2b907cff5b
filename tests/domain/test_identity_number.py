"""Which text is an identity number: what is nobody's must not count as somebody's."""

import pytest

from monitor.domain.identity_number import Identity, identity_number


@pytest.mark.parametrize(
    ("text", "identity", "digits"),
    [
        ("079203001234", Identity.CITIZEN, "079203001234"),
        (" 079 203 001 234 ", Identity.CITIZEN, "079203001234"),
        ("079.203.001.234", Identity.CITIZEN, "079203001234"),
        ("271234567", Identity.CARD, "271234567"),
        ("0101234567", Identity.BUSINESS, "0101234567"),
        ("0101234567-001", Identity.BUSINESS, "0101234567001"),
        ("0101234567001", Identity.BUSINESS, "0101234567001"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(text, identity, digits):
    assert identity_number(text) == (identity, digits)


@pytest.mark.parametrize(
    "text",
    [
        "000000001",
        "000000000000",
        "111111111",
        "999999999999",
        "000000000012",
        "123456789",
        "0123456789",
        "012345678901",
        "987654321",
        "0",
        "0000",
    ],
)
def test_what_only_fills_the_field_is_nobodys(text):
    assert identity_number(text) == (Identity.PLACEHOLDER, "")


@pytest.mark.parametrize(
    "text", ["", "Nguyễn Văn An", "07920300123", "GD4010123456789", "٠٧٩٢٠٣٠٠١٢٣٤"]
)
def test_what_has_the_form_of_no_number_is_none(text):
    assert identity_number(text)[1] == ""


def test_thirteen_digits_are_a_business_with_its_branch():
    """Not a person's number with a digit too many: those have no form of thirteen."""
    assert identity_number("0792030012345")[0] is Identity.BUSINESS
