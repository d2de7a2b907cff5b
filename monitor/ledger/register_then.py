"""The register of sources as it was known at a time: who had gone live, and for whom they spoke."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from monitor.domain.indicator import Why
from monitor.domain.mandate import EVERYWHERE, Mandate
from monitor.domain.scope import Reach, Scope
from monitor.domain.zone import Zone, day_number
from monitor.ledger.follower import Cut
from monitor.ledger.remembered import Remembered
from monitor.ledger.sources import Status
from monitor.reference.agencies import Agencies
from monitor.reference.hierarchy import Hierarchy


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What matters of a source for official figures."""

    code: str
    trial: bool = False
    live_from: int | None = None  # day
    live_until: int | None = None  # the first day on which it is revoked
    mandates: tuple[Mandate, ...] = ()

    def live(self, day: int) -> bool:
        """Whether it is live on a day."""
        return self.was_live(day) and (self.live_until is None or day < self.live_until)

    def was_live(self, day: int) -> bool:
        """Whether it has gone live by a day, if it was revoked since or not."""
        return not self.trial and self.live_from is not None and self.live_from <= day


@dataclass(frozen=True)
class Register:
    """All sources, as they were known at a time, and the agencies for which they speak."""

    sources: tuple[Registered, ...]
    # By day and by who was never heard, of the agencies that they were told by.
    _voices: dict[tuple[int, frozenset[str]], tuple[Agencies, tuple["_Voices", ...]]] = field(
        default_factory=dict, compare=False
    )

    def silence(
        self,
        scope: Scope,
        day: int,
        hierarchy: Hierarchy,
        unheard: frozenset[str] = frozenset(),
    ) -> Why | None:
        """Why nobody who speaks for a scope was heard by a day; None where somebody was.

        `unheard`: sources of which nothing had ever come by then. An empty register tells nothing
        of who is heard: then all are.
        """
        if not self.sources:
            return None
        spoke, live, registered = self._of(day, hierarchy, unheard)
        if spoke.reach(scope, hierarchy):
            return None
        if live.reach(scope, hierarchy):
            return Why.SILENT
        if registered.reach(scope, hierarchy):
            return Why.BEFORE_GO_LIVE
        return Why.NOT_CONNECTED

    def _of(
        self, day: int, hierarchy: Hierarchy, unheard: frozenset[str]
    ) -> tuple["_Voices", ...]:
        """Of those that were heard, that had gone live, and that are registered."""
        agencies, voices = self._voices.get((day, unheard), (None, ()))
        if agencies is hierarchy.agencies:
            return voices
        live = [one for one in self.sources if one.was_live(day)]
        voices = tuple(
            _Voices.of([mandate for one in sources for mandate in one.mandates], hierarchy)
            for sources in (
                [one for one in live if one.code not in unheard],
                live,
                self.sources,
            )
        )
        self._voices[day, unheard] = hierarchy.agencies, voices
        return voices

    def live(self, scope: Scope, day: int, hierarchy: Hierarchy) -> list[str]:
        """The sources that are live on a day and speak for a scope."""
        return [
            source.code
            for source in self.sources
            if source.live(day)
            and _Voices.of(source.mandates, hierarchy).reach(scope, hierarchy)
        ]


class _Voices(NamedTuple):
    """For whom some mandates speak."""

    everywhere: bool
    letters: frozenset[str]  # of whole kinds of agencies
    codes: frozenset[str]
    above: frozenset[str]  # agencies of which a part is spoken for

    @classmethod
    def of(cls, mandates: Collection[Mandate], hierarchy: Hierarchy) -> "_Voices":
        said = {mandate.agency for mandate in mandates}
        codes = frozenset(code for code in said if len(code) > 1)
        return cls(
            EVERYWHERE in said,
            frozenset(code for code in said if len(code) == 1) - {EVERYWHERE},
            codes,
            frozenset(above for code in codes for above in hierarchy.above(code)),
        )

    def reach(self, scope: Scope, hierarchy: Hierarchy) -> bool:
        """Whether a scope, one that it took over, something above or something below is meant."""
        if self.everywhere:
            return True
        if not scope.agency or scope.reach is Reach.SECTOR:
            return bool(self.letters or self.codes)
        if scope.reach is Reach.ALL and scope.agency in self.above:
            return True
        for code in (scope.agency, *hierarchy.agencies.former(scope.agency)):
            if code[:1] in self.letters and code[1:3].isdigit():
                return True
            at = code
            while at:
                if at in self.codes:
                    return True
                at = at.rpartition(".")[0]
        return False


_HISTORY: Final = (
    "SELECT source, at, change FROM source_history WHERE $1::timestamptz IS NULL OR at <= $1"
    " ORDER BY id"
)


_CHANGES: Final = (
    "SELECT count(*) FROM source_history WHERE $1::timestamptz IS NULL OR at <= $1"
)
# Nothing is ever changed in the history, only added: how much there is tells one from another.
_last_read: Remembered[Register] = Remembered()


async def register_then(
    pool: Any, connection: Any, at: datetime | None, zone: Zone
) -> Register:
    """Every source as the register's history has it up to a time, by code."""
    changes: int = await connection.fetchval(_CHANGES, at)
    known = _last_read.get(pool, changes)
    if known is not None:
        return known
    found: dict[str, Registered] = {}
    for code, changed_at, change in await connection.fetch(_HISTORY, at):
        source = found.get(code, Registered(code=code))
        day = zone.day(int(changed_at.timestamp() * 1000))
        found[code] = _changed(source, json.loads(change), day)
    return _last_read.keep(
        pool, changes, Register(tuple(found[code] for code in sorted(found)))
    )


def _changed(known: Registered, change: dict[str, Any], day: int) -> Registered:
    if "go_live" in change:
        said = change["go_live"][1]
        known = replace(
            known, live_from=None if said is None else day_number(date.fromisoformat(said))
        )
    if "mandates" in change:
        mandates = tuple(Mandate(**each) for each in change["mandates"][1])
        known = replace(known, mandates=mandates)
    if "status" in change:
        status = Status(change["status"][1])
        known = replace(
            known,
            trial=status is Status.TRIAL,
            live_until=day if status is Status.REVOKED else None,
        )
    return known


# `not_connected` is a source of which nothing came since its go-live, or for thirty days: one that
# was ever of another class was heard (MEASURES: connection of a source).
# Each by the index that begins with it: there may be thousands of spells of each.
_SPOKE: Final = """
    WITH RECURSIVE known AS (
        (SELECT source FROM connection_spell ORDER BY source LIMIT 1)
        UNION ALL
        SELECT (SELECT spell.source FROM connection_spell AS spell
                WHERE spell.source > known.source ORDER BY spell.source LIMIT 1)
        FROM known WHERE known.source IS NOT NULL
    )
    SELECT source, (
        SELECT spell.since_ms FROM connection_spell AS spell
        WHERE spell.source = known.source AND spell.since_ms <= $1
          AND spell.class <> 'not_connected'
        ORDER BY spell.since_ms LIMIT 1
    ) AS first_ms
    FROM known
    WHERE EXISTS (
        SELECT FROM connection_spell AS spell
        WHERE spell.source = known.source AND spell.since_ms <= $1
    )
"""


async def spoke_by(connection: Any, cut: Cut) -> dict[str, int | None]:
    """When each source that was ever judged by a cut was first heard; None: never yet."""
    at_ms = int(cut.read_at.timestamp() * 1000)
    return {row["source"]: row["first_ms"] for row in await connection.fetch(_SPOKE, at_ms)}
