"""What may be shown in clear: codes, and nothing that may be the number, the address or the name of a person."""

import re
import string
from typing import Final

# Nine digits in a row, three or more groups of three or four as telephones and cards are written,
# and the sign of an e-mail address.
IDENTIFIER: Final = re.compile(r"[0-9]{9}|[0-9]{3,4}(?:[ .-][0-9]{3,4}){2}|@")
_CODE: Final = re.compile(r"[A-Za-z0-9._:/#+=-]{1,128}")
_NO_DIGITS: Final = str.maketrans("", "", string.digits)
_NO_LETTERS: Final = str.maketrans("", "", string.ascii_letters)
# National codes, whose groups are short: the formats themselves would admit any number in them.
_GROUPS: Final = r"(?:\.(?:[A-Z]{0,4}[0-9][0-9A-Z]{0,4}|[A-Z]{1,4}))*"
_AGENCY: Final = re.compile(r"[A-Y][0-9]{2}" + _GROUPS)
_PROCEDURE: Final = re.compile(r"[0-9]\.[0-9]{6}" + _GROUPS)


def is_code(text: str) -> bool:
    """Whether it looks like a code, and like nobody's number or name.

    ASCII without blanks, at least as many digits as letters, and no identifier in it.
    """
    if not _CODE.fullmatch(text) or IDENTIFIER.search(text):
        return False
    rest = len(text.translate(_NO_DIGITS))  # all but digits
    digits = len(text) - rest
    return rest <= digits or len(text) - len(text.translate(_NO_LETTERS)) <= digits


def is_agency(code: str) -> bool:
    """Whether it has the form of a national code, with groups too short for a number."""
    return len(code) <= 35 and bool(_AGENCY.fullmatch(code)) and not IDENTIFIER.search(code)


def is_procedure(code: str) -> bool:
    """Whether it has the form of a national code of a procedure, with groups as short."""
    return (
        len(code) <= 64
        and bool(_PROCEDURE.fullmatch(code))
        and not IDENTIFIER.search(code.partition(".")[2][6:])
    )
