"""What crosses the wire: typed events, and refusals that say why."""

from schemas.decode import Decoder, decode
from schemas.encode import encode, key
from schemas.event import AnyEvent, Canonical, Catalogued, Signal, StateChanged
from schemas.kinds import CATALOGUE, DOSSIERS, KINDS, PETITIONS, SIGNALS, TOPICS, Topic
from schemas.refusal import Reason, Refused

__all__ = [
    "CATALOGUE",
    "DOSSIERS",
    "KINDS",
    "PETITIONS",
    "SIGNALS",
    "TOPICS",
    "AnyEvent",
    "Canonical",
    "Catalogued",
    "Decoder",
    "Reason",
    "Refused",
    "Signal",
    "StateChanged",
    "Topic",
    "decode",
    "encode",
    "key",
]
