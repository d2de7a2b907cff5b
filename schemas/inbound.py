"""What may come in, but never leaves the edge: events with two fields that no other topic has.

`applicant_id` is an identity number in clear, for systems that cannot hash; `stated_by` says who
makes the statement. Both are read, used, and gone. Each kind of `KINDS` has them as far as they
make sense for it, a later one too.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from schemas.cloudevents import Envelope
from schemas.decode import Reader
from schemas.kinds import KINDS, Kind

ApplicantId = Annotated[
    str,
    Meta(
        max_length=64,
        description="Identity number of the applicant in clear: 12 digits of a citizen, 9 of the "
        "former card, or a tax code of 10 or 13. Hashed at the edge, and written nowhere; "
        "`applicant_key` and `identity_attached` then follow from it.",
        examples=["079203001234"],
    ),
]
StatedBy = Annotated[
    str,
    Meta(
        max_length=128,
        description="Code of the agency that makes the statement, where it is neither `agency` "
        "nor the one in the dossier's code. Checked against the mandates of the source, "
        "and written nowhere.",
        examples=["G15.03"],
    ),
]
ONLY_INBOUND: Final = {"applicant_id": ApplicantId, "stated_by": StatedBy}
# Only kinds that are about somebody else than the source itself.
_ABOUT_OTHERS: Final = ("dossier", "petition", "agency")


def _optional(name: str) -> Any:
    return name, ONLY_INBOUND[name] | None, None


def _inbound(kind: Kind) -> type[Envelope]:
    said = kind.data.__struct_fields__
    more: list[Any] = []
    if "applicant_key" in said:
        more.append(_optional("applicant_id"))
    if any(field in said for field in _ABOUT_OTHERS):
        more.append(_optional("stated_by"))
    data = msgspec.defstruct(
        kind.data.__name__,
        more,
        bases=(kind.data,),
        module=__name__,
        namespace={"__doc__": kind.data.__doc__},
        frozen=True,
        kw_only=True,
        gc=False,
        omit_defaults=True,
    )
    event: Any = msgspec.defstruct(
        kind.event.__name__,
        [("data", data)],
        bases=(kind.event,),
        module=__name__,
        namespace={"__doc__": kind.event.__doc__},
        tag=kind.type,
        frozen=True,
        kw_only=True,
        gc=False,
        omit_defaults=True,
    )
    return event  # type: ignore[no-any-return]  # made of the envelope of its kind


INBOUND: Final[Mapping[str, type[Envelope]]] = {
    type_: _inbound(kind) for type_, kind in KINDS.items()
}
KIND_OF: Final[Mapping[type[Envelope], Kind]] = {
    INBOUND[type_]: kind for type_, kind in KINDS.items()
}


def data_of(event: type[Envelope]) -> type[Struct]:
    """The struct of an event's data."""
    [found] = (field.type for field in msgspec.structs.fields(event) if field.name == "data")
    return found  # type: ignore[no-any-return]  # msgspec types no fields


def inbound_reader() -> Reader:
    """Reads any event as it comes in."""
    return Reader(
        INBOUND,
        {type_: msgspec.json.Decoder(data_of(event)) for type_, event in INBOUND.items()},
    )
