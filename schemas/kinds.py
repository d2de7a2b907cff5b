"""The kinds of events: one line here and one struct elsewhere make a new one known everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from schemas.cloudevents import Envelope
from schemas.dossier import DossierState, DossierStateData, dossier_state, state_changed
from schemas.event import Canonical, StateChanged

DOSSIERS: Final = "emc.dossiers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one CloudEvents `type` is read, written and published."""

    topic: str
    event: type[Envelope]  # what travels in structured mode; its tag is the CloudEvents type
    data: type[Struct]  # what travels in binary mode
    canonical: type[Struct]  # what the domain folds
    read: Callable[[Any, int, Callable[[str, str], int]], Canonical]
    write: Callable[[Any], Envelope]

    @property
    def type(self) -> str:
        return str(self.event.__struct_config__.tag)


KINDS: Final[Mapping[str, Kind]] = {
    kind.type: kind
    for kind in (
        Kind(topic=DOSSIERS, event=DossierState, data=DossierStateData,
             canonical=StateChanged, read=state_changed, write=dossier_state),
    )
}  # fmt: skip
