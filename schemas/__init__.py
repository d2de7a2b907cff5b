"""What crosses the wire: typed events, and refusals that say why."""

from schemas.decode import Decoder, decode
from schemas.encode import encode
from schemas.event import Canonical, StateChanged
from schemas.kinds import DOSSIERS, KINDS
from schemas.refusal import Reason, Refused

__all__ = [
    "DOSSIERS",
    "KINDS",
    "Canonical",
    "Decoder",
    "Reason",
    "Refused",
    "StateChanged",
    "decode",
    "encode",
]
