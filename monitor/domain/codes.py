"""National codes of dossiers, agencies and procedures, each brought to one spelling.

Formats: DOMAIN.md §3.3 (Circular 01/2018/TT-VPCP Art. 19, Decision 20/2020/QĐ-TTg Art. 4,
Circular 04/2025/TT-VPCP). Nothing here raises: a code that is not national is kept as sent,
without the blanks around it.
"""

import re
from functools import lru_cache
from typing import Final

# What copying out of web pages and spreadsheets leaves in codes: every blank of Unicode, and
# the characters that have no width at all.
_BLANKS: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\xad\u200b\u200c\u200d\u2060\ufeff"
)
_NO_BLANKS: Final = dict.fromkeys(map(ord, _BLANKS))

_LONGEST_AGENCY: Final = 35  # Decision 20/2020/QĐ-TTg Art. 4
_LONGEST_KEPT: Final = (
    64  # nothing longer is remembered: the caches stay small whatever is sent
)

# Digits are [0-9] on purpose: \d would take the digits of every script for national ones.
_AGENCY: Final = re.compile(r"[A-Y][0-9]{2}(?:\.[0-9A-Z]+)*")
_OLD_AGENCY: Final = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}")
_DOSSIER: Final = re.compile(
    r"([0-9A-Z.]{3,35})"
    r"(-[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-[0-9]{4,10})"  # -YYMMDD-[AA]XXXX
)
_PROCEDURE: Final = re.compile(r"([0-9]\.[0-9]{6})((?:\.[0-9A-Z]+)*\.[A-Y][0-9]{2})?")


def dossier_key(code: str, source: str) -> str:
    """The key of a dossier: its national code in one spelling, else `source|code`.

    The first "|" of a key ends the source ("|" and "%" in a source are written %7C and %25),
    so that no two sources share a key. A key given again is returned as it is.
    """
    match = _DOSSIER.fullmatch(code) or _DOSSIER.fullmatch(_compact(code))
    if match:
        sent, rest = match.groups()
        if agency := _national_agency(sent):
            return match.string if agency == sent else agency + rest
    scope = source.strip(_BLANKS).replace("%", "%25").replace("|", "%7C") + "|"
    stripped = code.strip(_BLANKS)
    return stripped if stripped.startswith(scope) else scope + stripped


def agency_code(code: str) -> str:
    """The agency, level 1 first: `000.00.16.H56` and `h56.16` are both `H56.16`."""
    return _known_agency(code) if len(code) <= _LONGEST_KEPT else _agency(code)


def level1(agency: str) -> str:
    """The ministry or province an agency belongs to; a code that is not national is its own."""
    code = agency_code(agency)
    return code[:3] if _AGENCY.fullmatch(code) and len(code) <= _LONGEST_AGENCY else code


def procedure_code(code: str) -> str:
    """The procedure, `d.dddddd` with the suffix of a province's own (`1.012753.H19`).

    Of the older long form (`1.004194.000.00.00.H56`, unverified) the all-zero groups before
    the agency are dropped.
    """
    return _known_procedure(code) if len(code) <= _LONGEST_KEPT else _procedure(code)


def _compact(code: str) -> str:
    # Upper case of ASCII only: the dotless ı of another alphabet would become an I.
    compact = code.translate(_NO_BLANKS)
    return compact.upper() if compact.isascii() else ""


@lru_cache(maxsize=8192)  # only reached with what matched, at most 35 characters
def _national_agency(compact: str) -> str:
    """The national agency in one spelling, "" for anything else."""
    if _OLD_AGENCY.fullmatch(compact):
        groups = compact.split(".")[::-1]
    elif _AGENCY.fullmatch(compact):
        groups = compact.split(".")
    else:
        return ""
    # An all-zero group at the low end says that there is no unit at that level: the old order
    # pads with them, and so do systems that only turned the old order round.
    while not groups[-1].strip("0"):
        groups.pop()
    return ".".join(groups)


def _agency(code: str) -> str:
    compact = _compact(code)
    national = _national_agency(compact) if len(compact) <= _LONGEST_AGENCY else ""
    return national or code.strip(_BLANKS)


def _procedure(code: str) -> str:
    match = _PROCEDURE.fullmatch(_compact(code))
    if not match:
        return code.strip(_BLANKS)
    groups = (match[2] or "").split(".")[1:]
    while groups and not groups[0].strip("0"):
        groups.pop(0)
    return ".".join([match[1], *groups])


_known_agency: Final = lru_cache(maxsize=8192)(_agency)
_known_procedure: Final = lru_cache(maxsize=8192)(_procedure)
