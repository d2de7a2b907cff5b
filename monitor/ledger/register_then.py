"""The register of sources as it was known at a time: who had gone live, and for whom they spoke."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from monitor.domain.mandate import Mandate
from monitor.domain.scope import Reach, Scope
from monitor.domain.zone import Zone, day_number
from monitor.ledger.sources import Status
from monitor.reference.hierarchy import Hierarchy


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What matters of a source for official figures."""

    code: str
    live_from: int | None = None  # day
    live_until: int | None = None  # the first day on which it is revoked
    mandates: tuple[Mandate, ...] = ()

    def live(self, day: int) -> bool:
        """Whether it is live on a day."""
        return self.was_live(day) and (self.live_until is None or day < self.live_until)

    def was_live(self, day: int) -> bool:
        """Whether it has gone live by a day, if it was revoked since or not."""
        return self.live_from is not None and self.live_from <= day

    def speaks_for(self, scope: Scope, hierarchy: Hierarchy) -> bool:
        """Whether any of what the scope holds is for it to say."""
        if not scope.agency or scope.reach is Reach.SECTOR:
            return bool(self.mandates)
        agencies = hierarchy.agencies
        meant = (scope.agency, *agencies.former(scope.agency))
        return any(
            any(mandate.reaches(code) for code in meant)
            or (scope.reach is Reach.ALL and scope.agency in hierarchy.above(mandate.agency))
            for mandate in self.mandates
        )


_HISTORY: Final = (
    "SELECT source, at, change FROM source_history WHERE $1::timestamptz IS NULL OR at <= $1"
    " ORDER BY id"
)


async def register_then(connection: Any, at: datetime | None, zone: Zone) -> list[Registered]:
    """Every source as the register's history has it up to a time, by code."""
    found: dict[str, Registered] = {}
    for code, changed_at, change in await connection.fetch(_HISTORY, at):
        known = found.get(code, Registered(code=code))
        day = zone.day(int(changed_at.timestamp() * 1000))
        found[code] = _changed(known, json.loads(change), day)
    return [found[code] for code in sorted(found)]


def _changed(known: Registered, change: dict[str, Any], day: int) -> Registered:
    if "go_live" in change:
        said = change["go_live"][1]
        known = replace(
            known, live_from=None if said is None else day_number(date.fromisoformat(said))
        )
    if "mandates" in change:
        known = replace(
            known, mandates=tuple(Mandate(**each) for each in change["mandates"][1])
        )
    if "status" in change:
        revoked = change["status"][1] == Status.REVOKED
        known = replace(known, live_until=day if revoked else None)
    return known


def heard(register: Iterable[Registered], scope: Scope, day: int, hierarchy: Hierarchy) -> bool:
    """Whether anybody has spoken for a scope by a day. An empty register tells nothing: then yes."""
    sources = list(register)
    return not sources or any(
        source.was_live(day) and source.speaks_for(scope, hierarchy) for source in sources
    )
