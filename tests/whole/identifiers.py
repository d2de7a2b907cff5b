"""What tells who a person is, in the forms that people write it, planted in every field there is.

All of it is invented; the needles are the forms in which it must not come out anywhere.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.inbound import INBOUND, data_of
from tests.servers.require import ROOT

PLANTED: Final[Mapping[str, str]] = {
    "citizen": "079203001234",
    "citizen in groups": "079 203 001 235",
    "citizen with dots": "079.203.001.236",
    "card": "271234567",
    "tax code": "0312345678",
    "tax code of a branch": "0312345678-001",
    "telephone": "0912345678",
    "telephone abroad": "+84912345679",
    "telephone in groups": "0912.345.670",
    "e-mail": "an.nguyen@example.vn",
    "name": "Nguyễn Văn An",
    "name in capitals": "TRẦN THỊ BÌNH",
    "name without marks": "Le Van Cuong",
    "name in one word": "LeVanCuong",
    "name decomposed": unicodedata.normalize("NFD", "Phạm Hữu Đức"),
    "health insurance": "GD4010123456789",
    "address": "12 Lê Lợi, phường Bến Nghé",
    "number in a text": "công dân 079203001237 nộp",
}
NUMBER: Final = 79203001238  # where only a number fits
NEW_FIELDS: Final = ("applicant_name", "phone", "User", "note")


@dataclass(frozen=True, slots=True)
class Plant:
    """An inbound record with something planted in one place."""

    type: str
    field: str
    what: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def needles() -> dict[str, list[bytes]]:
    """The bytes that must not come out, by what they are."""
    found = {}
    for what, said in PLANTED.items():
        forms = {said, unicodedata.normalize("NFC", said), unicodedata.normalize("NFD", said)}
        digits = "".join(filter(str.isdigit, said))
        if len(digits) >= 9:
            forms.add(digits)
        found[what] = sorted(
            {form.encode() for form in forms}
            | {json.dumps(form)[1:-1].encode() for form in forms}
        )
    return found


def seen_in(content: bytes) -> set[str]:
    """What of all that was planted is in these bytes."""
    return {what for what, forms in NEEDLES.items() if any(form in content for form in forms)}


NEEDLES: Final = needles()


def example(type_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (ROOT / "schemas" / "examples" / f"{type_}.json").read_bytes()
    )
    return found


def fields_of(type_: str) -> Iterator[tuple[str, Any]]:
    """Every field of the data as it travels, with its type."""
    for field in msgspec.structs.fields(data_of(INBOUND[type_])):
        yield field.encode_name, field.type


def plants(source: str) -> Iterator[Plant]:
    """One record for each field of each kind and each thing that can be planted there."""
    number = 0
    for type_ in INBOUND:
        for what, said in PLANTED.items():
            for field, event in _planted(type_, said):
                number += 1
                event.setdefault("id", f"{number}")
                if field != "dossier" and "dossier" in event["data"]:
                    # Each its own, or one dossier would hear all of it.
                    event["data"]["dossier"] = f"H56.14-260803-{number:05}"
                yield Plant(type_, field, what, _wire({"source": source, **event}))
            yield _with_headers(type_, what, said, source)
            yield _in_binary_mode(type_, what, said, source)


def _planted(type_: str, said: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example with this in one place after another."""

    def fresh() -> dict[str, Any]:
        event = example(type_)
        for field in ("id", "source", "arrival"):
            event.pop(field, None)
        return event

    for field in ("id", "source", "time", "arrival", "subject", "datacontenttype", "trial"):
        yield f"({field})", {**fresh(), field: said}
    yield "(long fraction)", {**fresh(), "time": _fraction(said)}
    for field, _ in fields_of(type_):
        event = fresh()
        before = event["data"].get(field)
        event["data"][field] = [said] if isinstance(before, list) else said
        yield field, event
        event = fresh()
        event["data"][field] = {said: said}
        yield f"{field} as an object", event
    for field in NEW_FIELDS:
        event = fresh()
        event["data"][field] = said
        yield field, event
    event = fresh()
    event["data"][said] = said
    yield "(a key)", event
    yield "(a key outside)", {**fresh(), said: said}


def _with_headers(type_: str, what: str, said: str, source: str) -> Plant:
    value = _wire({**example(type_), "source": source})
    return Plant(type_, "(headers)", what, value, (("x-user", said.encode()), (said, b"1")))


def _in_binary_mode(type_: str, what: str, said: str, source: str) -> Plant:
    event = example(type_)
    headers = {
        "ce_specversion": "1.0",
        "ce_type": type_,
        "ce_id": said,
        "ce_source": source,
        "ce_time": event["time"],
        "ce_subject": said,
    }
    return Plant(
        type_,
        "(ce_id)",
        what,
        _wire(event["data"]),
        tuple((name, value.encode()) for name, value in headers.items()),
    )


def _fraction(said: str) -> str:
    digits = "".join(filter(str.isdigit, said)) or "5"
    return f"2026-08-03T08:12:31.{digits}+07:00"


def _wire(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()
