"""Identity numbers: which text is one, and which only fills the field.

Formats: DOMAIN.md §3.2, §3.3. The twelve digits of a citizen (CCCD), the nine of the card before
(CMND), the ten of a business, and its thirteen with a branch (tax code). Check digits and what
single places mean are not relied upon: their rules were not found in a source.
"""

import re
from enum import Enum
from typing import Final

_SEPARATORS: Final = str.maketrans("", "", " .-")
_TAX: Final = re.compile(r"[0-9]{10}-?[0-9]{3}")
_ASCENDING: Final = "01234567890123456789"
_DESCENDING: Final = _ASCENDING[::-1]


class Identity(Enum):
    """What an identity number is of."""

    CITIZEN = "citizen"
    CARD = "card"  # nine digits: a person, not the personal number
    BUSINESS = "business"
    PLACEHOLDER = "placeholder"  # 000000001, one digit over and over: nobody
    NONE = "none"  # no number of any form


_FORMS: Final = {12: Identity.CITIZEN, 9: Identity.CARD, 10: Identity.BUSINESS}


def identity_number(text: str) -> tuple[Identity, str]:
    """What a text is, and its digits as everybody writes them; "" for what is nobody's."""
    digits = text
    if not (text.isdigit() and text.isascii()):
        digits = text.strip().translate(_SEPARATORS)
        if not (digits.isdigit() and digits.isascii()):
            return Identity.NONE, ""
    found = _FORMS.get(len(digits))
    if found is None:
        if not _TAX.fullmatch(digits):
            return (Identity.PLACEHOLDER if _fills(digits) else Identity.NONE), ""
        found = Identity.BUSINESS
    return (Identity.PLACEHOLDER, "") if _fills(digits) else (found, digits)


def _fills(digits: str) -> bool:
    """One digit over and over, zeros before a short number, or a row of the keyboard."""
    return (
        digits.count(digits[0]) == len(digits)
        or not digits[:-2].strip("0")
        or digits in _ASCENDING
        or digits in _DESCENDING
    )
