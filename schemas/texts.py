"""Texts and codes on the wire: checked, trimmed, normalised, and remembered where it pays.

Codes of procedures and agencies and names of units and steps are few and come again and again;
of dossiers those are remembered that were spoken of last.
"""

import re
from typing import Final

from monitor.domain import codes
from schemas.refusal import Reason, Unreadable

# PostgreSQL stores no NUL, UTF-8 no lone surrogate, and no code or name has any of the others.
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# A key sent again is taken as it is, so it fits where a code does.
LONGEST_KEY: Final = 256
# A keyed hash as it is written: hexadecimal or base 64, perhaps the name of its key before it.
# Identity numbers, tax codes, telephones, and cards of health insurance have 9 to 15 characters.
HASH: Final = re.compile(r"[A-Za-z0-9+/=_:.-]{16,}")
MOST_REMEMBERED: Final = 16_384
MOST_DOSSIERS: Final = 65_536  # some ten megabytes; an open dossier is spoken of again soon
# What has been read, by what was sent: a plain look-up costs a third of `lru_cache`.
_NAMES: Final[dict[str, str]] = {}
_PROCEDURES: Final[dict[str, str]] = {}
_AGENCIES: Final[dict[str, str]] = {}
_DOSSIERS: Final[dict[str, str]] = {}
_SOURCES: Final[dict[str, str]] = {}
LINES: Final = str.maketrans("\t\n\r", "   ")


def text(value: str, field: str) -> str:
    """`value` as it is, if it can be kept."""
    if value.isprintable() or not CONTROL.search(value):
        return value
    raise Unreadable(Reason.INVALID_TEXT, field)


def source(value: str, field: str) -> str:
    """One text for each source, which every state of every dossier at hand speaks of."""
    return _SOURCES.get(value) or _remembered(_SOURCES, value, text(value, field))


def applicant(value: str, field: str) -> str:
    """A keyed hash; "" for what may be the number, the name or the address of a person.

    Whoever sends one of those has done so already; here it is neither kept nor a reason to lose
    the life cycle of a dossier.
    """
    if HASH.fullmatch(value):
        return value
    text(value, field)
    return ""


def name(value: str, field: str) -> str:
    """A name written by people: line breaks and tabs are spaces, those at the ends are cut."""
    known = _NAMES.get(value)
    if known is None:
        known = _remembered(_NAMES, value, text(value.translate(LINES).strip(), field))
    return known


def required_name(value: str, field: str) -> str:
    found = name(value, field)
    if not found:
        raise Unreadable(Reason.INVALID_TEXT, field)
    return found


def dossier(code: str, source: str, field: str) -> str:
    known = _DOSSIERS.get(code)
    if known is not None:
        return known
    key = codes.dossier_key(code, source)
    if len(key) > LONGEST_KEY or key.endswith("|") or not key.isprintable():
        return _scoped(key, field)
    if key == code and "|" not in key:  # a national code, whoever sends it
        if len(_DOSSIERS) >= MOST_DOSSIERS:
            _DOSSIERS.clear()
        _DOSSIERS[key] = key
    return key


def procedure(code: str, field: str) -> str:
    return _PROCEDURES.get(code) or _remembered(
        _PROCEDURES, code, _code(codes.procedure_code(code), field)
    )


def agency(code: str, field: str) -> str:
    return _AGENCIES.get(code) or _remembered(
        _AGENCIES, code, _code(codes.agency_code(code), field)
    )


def _remembered(texts: dict[str, str], said: str, found: str) -> str:
    if len(texts) >= MOST_REMEMBERED:  # a source that makes them up must not fill the memory
        texts.clear()
    texts[said] = found
    return found


def _scoped(key: str, field: str) -> str:
    # The first | ends the source; nothing behind it means that the code was blank.
    if len(key) > LONGEST_KEY or not key.partition("|")[2]:
        raise Unreadable(Reason.INVALID_CODE, field)
    return _code(key, field)


def _code(code: str, field: str) -> str:
    # What the national spelling takes out, a line break at the end, does no harm before.
    if not code or CONTROL.search(code):
        raise Unreadable(Reason.INVALID_CODE, field)
    return code
