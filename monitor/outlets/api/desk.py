"""What every endpoint stands on: the ledger, the reference files in force, tokens, the book of looks."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import asyncpg

from monitor.domain.policy import Policy
from monitor.domain.scope import Scope
from monitor.ledger import tokens
from monitor.ledger.access import Look, Passes, Role
from monitor.ledger.balances import NotKnown
from monitor.ledger.ledger import Ledger
from monitor.ledger.official import Officials
from monitor.ledger.policies import ActivePolicy, active, load
from monitor.ledger.readings import places
from monitor.ledger.recalled import NotFound
from monitor.outlets.access import Visitor, refusal
from monitor.outlets.problem import Code, Problem
from monitor.reference.agencies import Agencies
from monitor.reference.hierarchy import Hierarchy, hierarchy
from monitor.reference.policy import Reference
from monitor.reference.sets import PLAIN, ReadsDifferently, policy_of, reference_of, showing

NO_AGENCIES: Final = Agencies({})
MOST_POLICIES: Final = 4
MOST_TOKENS: Final = 200_000  # of dossiers that were listed: looked up without reading all keys


@dataclass(frozen=True, slots=True)
class InForce:
    """By what is booked now."""

    policy: Policy
    active: ActivePolicy | None
    reference: Reference | None  # None: the ledger goes by no files

    @property
    def agencies(self) -> Agencies:
        return self.reference.agencies if self.reference else NO_AGENCIES

    @property
    def places(self) -> Hierarchy:
        """Who is below whom; of what is booked it knows nothing."""
        return hierarchy(self.agencies, ())

    @property
    def hash(self) -> str:
        return self.active.reference if self.active else ""

    @property
    def epoch(self) -> int | None:
        return self.active.epoch if self.active else None


class Desk:
    """The ledger as the API reads it. `pool` only reads; `passes` also writes looks down."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        passes: Passes,
        *,
        own: Policy,
        now_ms: Callable[[], int],
    ) -> None:
        self.pool = pool
        self.passes = passes
        self.ledger = Ledger(pool)
        self.officials = Officials(pool)
        self.now_ms = now_ms
        self.own = own
        self._read_last: tuple[str, Policy, Reference | None] | None = None
        self._secret: bytes | None = None
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._policies: OrderedDict[str, Policy] = OrderedDict()

    async def in_force(self) -> InForce:
        """By what is booked now; files are read anew only when they are others."""
        found = await active(self.pool)
        if found is None:
            return InForce(self.own, None, None)
        if self._read_last is None or self._read_last[0] != found.reference:
            stored = await load(self.pool, found.reference)
            # In a thread: a tenth of a second for a nation's files.
            policy = await asyncio.to_thread(showing, stored)
            reference = None
            if PLAIN not in stored.files:
                reference = await asyncio.to_thread(reference_of, stored)
            self._read_last = (found.reference, policy, reference)
        return InForce(self._read_last[1], found, self._read_last[2])

    async def policy_of(self, hash_: str) -> Policy:
        """The policy of a reference set, as it was booked by. Raises `Problem`."""
        known = self._policies.get(hash_)
        if known is None:
            stored = await load(self.pool, hash_)
            try:
                known = await asyncio.to_thread(policy_of, stored)
            except ReadsDifferently as error:
                raise Problem(
                    Code.NOT_SET_UP,
                    f"the dossier was booked by files that this release reads differently: {error}",
                    "run the release that booked it, or book every dossier anew",
                ) from None
            self._policies[hash_] = known
            if len(self._policies) > MOST_POLICIES:
                self._policies.popitem(last=False)
        return known

    def today(self, policy: Policy) -> int:
        """The day it is, in the policy's zone."""
        return policy.zone.day(self.now_ms())

    async def secret(self) -> bytes:
        """What tokens of dossiers are made with."""
        if self._secret is None:
            self._secret = await tokens.secret(self.pool)
        return self._secret

    async def token(self, key: str) -> str:
        """The token of a dossier, and that it was shown: it will be asked for."""
        token = tokens.token(await self.secret(), key)
        self._keys[token] = key
        if len(self._keys) > MOST_TOKENS:
            self._keys.popitem(last=False)
        return token

    def key_of_token(self, token: str) -> str | None:
        """The key of a token that was shown lately."""
        return self._keys.get(token)

    async def admits(self, visitor: Visitor, scope: Scope) -> bool:
        """Whether figures of a scope are open to a visitor."""
        return visitor.sees_all or visitor.may_enter(scope, await self.places())

    async def places(self) -> Hierarchy:
        """Who is below whom, of all that is booked: by the files that figures go by."""
        try:
            agencies = (await self.officials.ground(None)).reference.agencies
        except NotKnown:
            agencies = (await self.in_force()).agencies
        return await places(self.pool, agencies)

    async def admit(self, visitor: Visitor, scope: Scope) -> None:
        """Raises `Problem` where they are not."""
        if not await self.admits(visitor, scope):
            raise refusal(visitor, str(scope))

    async def note(
        self, visitor: Visitor, asked: str, *, status: int = 200, dossiers: int = 0
    ) -> None:
        """Write down that somebody looks at dossiers, before he sees them."""
        await self.passes.note(
            Look(
                token=visitor.token,
                who=visitor.name,
                role=visitor.role,
                agency=visitor.agency,
                asked=asked[:500],
                address=visitor.address,
                status=status,
                rows=dossiers,
            )
        )

    async def refuse(self, visitor: Visitor, what: str, asked: str) -> Problem:
        """The refusal of a look, which is written down too."""
        await self.note(visitor, asked, status=403)
        return refusal(visitor, what)

    async def not_found(
        self, visitor: Visitor, what: str, asked: str, error: NotFound
    ) -> Problem:
        """That there is no such dossier. An agency is not told whether another has it."""
        if visitor.role is Role.AGENCY:
            return await self.refuse(visitor, what, asked)
        await self.note(visitor, asked, status=404)
        return Problem(Code.NOT_FOUND, str(error), "check the code, or the token")


def pseudonym(secret: bytes, text: str) -> str:
    """What stands for a text that may hold a code, such as the id of a statement."""
    return sha256(secret + b"\0" + text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
