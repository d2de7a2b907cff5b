"""Policies in the ledger: stored reference sets, and under which of them is booked.

A policy is a rules version and a reference set; each time one begins to rule is an epoch. A
booking holds a lock shared while it reads the epoch and until it has ended; whoever activates a
policy holds it alone. So nobody books under a policy that is no longer active.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from monitor.domain.policy import RULES_VERSION, Policy
from monitor.ledger import locks
from monitor.ledger.unit import DossierRow
from monitor.reference.sets import ReadsDifferently, ReferenceSet, showing, shown

# The advisory lock of bookings and activations; the function `policy_in_force` knows it too.
POLICY_LOCK: Final = locks.POLICY

NO_EPOCH: Final = 0  # of rows of before epochs were kept, and of a ledger without a policy


class PolicyChanged(Exception):
    """Another policy is active than the one the unit was made under; nothing was booked."""


class OtherRules(Exception):
    """The active policy's rules version is not that of this release; the text says the remedy."""


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """The policy under which is booked now."""

    epoch: int
    rules: int
    reference: str  # hash of its reference set


@dataclass(frozen=True, slots=True)
class Under:
    """A booking of a dossier, and the policy that it was made under."""

    version: int
    epoch: int  # `NO_EPOCH` for rows of before epochs were kept
    rules: int
    reference: str  # hash; the active policy's for such rows, "" where there is none


class Policies:
    """The policies of one ledger."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def active(self) -> ActivePolicy | None:
        """The policy in force, if one was ever registered."""
        return await active(self._pool)

    async def of(self, dossier: str) -> Under | None:
        """Under which policy a dossier is booked, merged after a recompute or not."""
        row = await self._pool.fetchrow(
            "SELECT booked_now.version, booked_now.epoch, coalesce(policy.rules, dossier.rules),"
            "       coalesce(policy.reference, active.reference, '')"
            " FROM booked_now JOIN dossier USING (key)"
            " LEFT JOIN policy ON policy.epoch = booked_now.epoch"
            " LEFT JOIN policy AS active ON active.state = 'active'"
            " WHERE key = $1",
            dossier,
        )
        return None if row is None else Under(*row)

    async def register(self, reference: ReferenceSet) -> ActivePolicy:
        """Store a reference set, and make it active if the ledger has no policy yet.

        Returns the active policy, which need not be the one registered.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await store(connection, reference)
            if (known := await active(connection)) is not None:
                await _show_what_an_earlier_release_stored(connection, known)
                return known
            await connection.execute("SELECT pg_advisory_xact_lock($1)", POLICY_LOCK)
            # Asked again: somebody else may have registered while we waited.
            if (known := await active(connection)) is not None:
                return known
            row = await connection.fetchrow(
                "INSERT INTO policy (epoch, rules, reference, state, activated_at)"
                " SELECT coalesce(max(epoch), 0) + 1, $1, $2, 'active', clock_timestamp()"
                " FROM policy RETURNING epoch, rules, reference",
                RULES_VERSION,
                reference.hash,
            )
            return ActivePolicy(*row)

    async def load(self, hash_: str) -> ReferenceSet:
        """A stored reference set; `LookupError` if there is none of that hash."""
        return await load(self._pool, hash_)


class Ruling:
    """The policy in force, for those who show what was booked; read anew only when it is another.

    `own` is for a ledger that has no policy yet.
    """

    def __init__(self, own: Policy) -> None:
        self._own = own
        self._read_last: tuple[str, Policy] = ("", own)

    async def now(self, connection: Any) -> tuple[ActivePolicy | None, Policy]:
        """As a connection sees it, within its transaction if it is in one.

        Raises `ReadsDifferently` where this release cannot read its reference set.
        """
        found = await active(connection)
        if found is None:
            return None, self._own
        if found.reference != self._read_last[0]:
            stored = await load(connection, found.reference)
            # In a thread: a tenth of a second for a nation's files.
            self._read_last = (found.reference, await asyncio.to_thread(showing, stored))
        return found, self._read_last[1]


async def active(source: Any) -> ActivePolicy | None:
    """The policy in force, as a connection sees it, within its transaction if it is in one."""
    row = await source.fetchrow(
        "SELECT epoch, rules, reference FROM policy WHERE state = 'active'"
    )
    return None if row is None else ActivePolicy(*row)


async def load(source: Any, hash_: str) -> ReferenceSet:
    """A stored reference set, through a pool or a connection; `LookupError` if there is none."""
    rows = await source.fetch(
        "SELECT path, content FROM reference_file WHERE reference = $1 ORDER BY path", hash_
    )
    if not rows:
        raise LookupError(f"the ledger has no reference set {hash_}")
    return ReferenceSet(hash_, {row["path"]: row["content"] for row in rows})


async def store(connection: Any, reference: ReferenceSet) -> None:
    """Keep a reference set, known from now on unless it was known before."""
    new = await connection.fetchval(
        "INSERT INTO reference_set (hash) VALUES ($1) ON CONFLICT DO NOTHING RETURNING hash",
        reference.hash,
    )
    if new is not None:
        await connection.executemany(
            "INSERT INTO reference_file (reference, path, content) VALUES ($1, $2, $3)",
            [(reference.hash, path, content) for path, content in reference.files.items()],
        )
        with suppress(ReadsDifferently):  # what cannot be shown is stored all the same
            await _show(connection, reference)


async def _show(connection: Any, reference: ReferenceSet) -> None:
    """Tell queries what they need of a set, and do nothing where they have been told."""
    said = await asyncio.to_thread(shown, reference)
    new = await connection.fetchval(
        "INSERT INTO reference_shown (reference, zone, by_date) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING reference",
        reference.hash,
        said.zone,
        said.by_date,
    )
    if new is not None:
        await connection.executemany(
            "INSERT INTO reference_agency (reference, code, present, name)"
            " VALUES ($1, $2, $3, $4)",
            [(reference.hash, *agency) for agency in said.agencies],
        )


async def _show_what_an_earlier_release_stored(connection: Any, known: ActivePolicy) -> None:
    there = "SELECT EXISTS (SELECT FROM reference_shown WHERE reference = $1)"
    if not await connection.fetchval(there, known.reference):
        with suppress(ReadsDifferently):  # said by whoever goes by that policy
            await _show(connection, await load(connection, known.reference))


async def touch(connection: Any, dossiers: Collection[DossierRow]) -> None:
    """Have a recompute come to these dossiers again: they are booked while it is under way."""
    await connection.execute(
        "INSERT INTO touched (key) SELECT unnest($1::text[])", [row.key for row in dossiers]
    )
