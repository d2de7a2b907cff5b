"""What events have in common, between the wire and the canonical structs, both ways."""

from typing import Literal, Protocol, TypedDict

from msgspec import Struct

from schemas import fields, texts
from schemas.cloudevents import Envelope
from schemas.event import Noted
from schemas.times import instant_ms, rfc3339, within_range


class AboutDossier(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the data of every event about a dossier has that is no state."""

    dossier: fields.DossierCode
    revision: fields.Revision | None = None
    sequence: fields.Sequence | None = None
    backfill: fields.Backfill | None = None


class Ordered(Protocol):
    """What stands in an order, and may be told again."""

    @property
    def revision(self) -> int | None: ...
    @property
    def sequence(self) -> int | None: ...
    @property
    def backfill(self) -> bool | None: ...


class Sent(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def claimed_ms(self) -> int: ...
    @property
    def arrival_ms(self) -> int: ...


class Marked(Sent, Protocol):
    @property
    def trial(self) -> bool: ...
    @property
    def stamped(self) -> int: ...


class Attributes(TypedDict):
    """Of the envelope, read."""

    source: str
    id: str
    claimed_ms: int
    arrival_ms: int


class Order(TypedDict):
    revision: int
    sequence: int
    backfill: bool


class About(Attributes, Order):
    dossier: str
    trial: bool
    stamped: int


class Outside(TypedDict):
    """Of the envelope, as it travels."""

    specversion: Literal["1.0"]
    id: str
    source: str
    time: str
    arrival: str
    datacontenttype: str


class OutsideDossier(Outside):
    """And what the edge has marked."""

    trial: bool | None
    stamped: int | None


class SaidOrder(TypedDict):
    revision: int | None
    sequence: int | None
    backfill: bool | None


class SaidAbout(SaidOrder):
    dossier: str


def attributes(event: Envelope, record_time_ms: int) -> Attributes:
    return {
        "source": texts.text(event.source, "source"),
        "id": texts.text(event.id, "id"),
        "claimed_ms": instant_ms(event.time, "time"),
        "arrival_ms": within_range(record_time_ms, "record timestamp")
        if event.arrival is None
        else instant_ms(event.arrival, "arrival"),
    }


def order(data: Ordered) -> Order:
    return {
        "revision": data.revision or 0,
        "sequence": -1 if data.sequence is None else data.sequence,
        "backfill": data.backfill is True,
    }


def about(event: Envelope, data: AboutDossier, record_time_ms: int) -> About:
    return {
        **attributes(event, record_time_ms),
        **order(data),
        "dossier": texts.dossier(data.dossier, event.source, "data.dossier"),
        "trial": event.trial is True,
        "stamped": event.stamped or 0,
    }


def outside(event: Sent) -> Outside:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "time": rfc3339(event.claimed_ms),
        "arrival": rfc3339(event.arrival_ms),
        "datacontenttype": "application/json",
    }


def outside_dossier(event: Marked) -> OutsideDossier:
    return {**outside(event), "trial": event.trial or None, "stamped": event.stamped or None}


def said_order(revision: int, sequence: int, backfill: bool) -> SaidOrder:
    return {
        "revision": revision or None,
        "sequence": None if sequence < 0 else sequence,
        "backfill": backfill or None,
    }


def said_about(event: Noted) -> SaidAbout:
    return {
        "dossier": event.dossier,
        **said_order(event.revision, event.sequence, event.backfill),
    }


def instant_or_none(text: str | None, field: str) -> int | None:
    return None if text is None else instant_ms(text, field)


def said_instant(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
