"""Refused records that came in by the edge go through it again before they are measured.

What a source sent may hold an identity number, name another source, or speak for somebody for
whom it has no mandate: what the edge has refused must not come in behind it.
"""

from dataclasses import replace
from typing import Final

import asyncpg

from agents.edge import Edge
from agents.keys import Keys
from agents.register import Snapshot
from agents.retry import Original, Unsendable
from monitor.domain.zone import Zone
from monitor.ledger.quarantine import Kept
from monitor.ledger.sources import INBOUND, Sources
from schemas.kinds import DOSSIERS, PETITIONS
from schemas.refusal import Refused

OVER_HTTP: Final = "http"  # the topic, in quarantine, of what the gateway refused


async def edge_at(dsn: str, keys: Keys, zone: Zone) -> Edge:
    """The edge, as the register of this ledger stands now."""
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1, command_timeout=60) as pool:
        snapshot = Snapshot(tuple(await Sources(pool).all()), 0)
    return Edge(lambda: snapshot, keys, zone)


def sender(kept: Kept) -> str | None:
    """Who sent it, by topic or token; None for a record of a canonical topic."""
    topic = kept.partition.topic
    if topic.startswith(INBOUND):
        return topic.removeprefix(INBOUND)
    return kept.source if topic == OVER_HTTP else None


def enter(source: str, record: Original, edge: Edge) -> Original | Refused:
    """The canonical record, or why it is refused again.

    Raises `Unsendable` for one that is measured by nothing that sends records back.
    """
    found = edge.admit(source, record.value, record.headers, record.timestamp)
    if isinstance(found, Refused):
        return found
    if found.topic not in (DOSSIERS.name, PETITIONS.name):
        raise Unsendable(f"it belongs on {found.topic}: have its source send it again")
    return replace(record, key=found.key, value=found.value, headers=())
