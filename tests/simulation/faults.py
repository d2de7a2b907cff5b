"""What the simulation must notice: the worker or its ledger with one safeguard taken away."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from agents import standing
from agents.dossiers import DossierDesk
from agents.shelf import Dossier
from monitor.domain.fold import fold
from monitor.domain.identity import Repeat, settled
from monitor.domain.post import post
from monitor.ledger.packing import pack_entries
from monitor.ledger.unit import Unit
from schemas.event import Canonical
from schemas.packed import unpack_events
from tests.simulation.wire import Server


@dataclass(frozen=True)
class Fault:
    """A safeguard that is missing: on the server, in the desk, or in the code they share."""

    meaning: str = "nothing is missing"
    server: Callable[[Server], None] = lambda _: None
    desk: type[DossierDesk] = DossierDesk
    code: Callable[[], AbstractContextManager[None]] = nullcontext


NONE: Final = Fault()


def _without_versions(server: Server) -> None:
    server.ledger.checks_versions = False


def _without_positions(server: Server) -> None:
    server.ledger.checks_positions = False


def _position_apart(server: Server) -> None:
    server.position_apart = True


def _without_epochs(server: Server) -> None:
    server.ledger.checks_epochs = False


def _without_notes(server: Server) -> None:
    server.ledger.notes_touched = False


@contextmanager
def _without_rules() -> Iterator[None]:
    with patch.object(standing, "_check", lambda *_: None):
        yield


@contextmanager
def _without_dedup() -> Iterator[None]:
    hear = Dossier.hear

    def hear_everything(dossier: Dossier, event: Canonical) -> Repeat | None:
        found = hear(dossier, event)
        if found is not Repeat.DUPLICATE:
            return found
        dossier.spread_out().events.append(event)
        return None

    with patch.object(Dossier, "hear", hear_everything):
        yield


class RecomputingDesk(DossierDesk):
    """Takes differences against what the old events come to under today's policy."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._booked_events: dict[str, bytes] = {}

    async def _fetch(self, keys: Collection[str]) -> set[str]:
        retired = await super()._fetch(keys)
        for key in set(keys) - retired:
            self._booked_events[key] = self._shelf[key].events
        return retired

    async def _seal(self) -> Unit:
        for key in self._hearing.touched:
            events = settled(unpack_events(self._booked_events[key]))
            entries = post(fold(events, self._policy.portals), self._policy)
            numbers = await self._ledger.number({account.cell for account in entries})
            self._shelf[key].booked = pack_entries(
                {
                    (measure, numbers[cell], day, slot): amount
                    for (measure, cell, day, slot), amount in entries.items()
                }
            )
        unit = await super()._seal()
        for row in unit.dossiers:
            self._booked_events[row.key] = row.events
        return unit


FAULTS: Final[Mapping[str, Fault]] = {
    "versions": Fault("the version of a dossier is not checked", server=_without_versions),
    "positions": Fault("the position of a partition is not checked", server=_without_positions),
    "epochs": Fault("the epoch of a unit is not checked", server=_without_epochs),
    "rules": Fault("a release books under other rules than its own", code=_without_rules),
    "touched": Fault("a recompute is not told what is booked meanwhile", server=_without_notes),
    "apart": Fault("the position is written outside the transaction", server=_position_apart),
    "duplicates": Fault("duplicates are not recognised", code=_without_dedup),
    "recomputed": Fault(
        "differences are taken against a recomputed view", desk=RecomputingDesk
    ),
}
