"""Under which policy a worker books: the active one of the ledger, whatever its own files say."""

from dataclasses import dataclass

import structlog

from monitor.domain.policy import RULES_VERSION, Policy
from monitor.ledger.policies import ActivePolicy, OtherRules, Policies
from monitor.reference.sets import ReferenceSet, policy_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy, and the epoch in which it rules."""

    epoch: int
    policy: Policy


class Stands:
    """Looks up the active policy, and reads its reference set when it is another one."""

    def __init__(
        self,
        policies: Policies,
        own: ReferenceSet,
        policy: Policy,
        rules: int = RULES_VERSION,
    ) -> None:
        self._policies = policies
        self._rules = rules  # of this release
        self._own = own
        self._read: tuple[str, Policy] = (own.hash, policy)  # the set last read
        self._said = 0  # the epoch last told of
        self._say = structlog.get_logger("emc.policy")

    async def now(self) -> Standing:
        """The active policy; ours, if the ledger has none yet.

        Raises `OtherRules` or `ReadsDifferently` when this release cannot book under it.
        """
        active = await self._policies.register(self._own)
        _check(active, self._rules)
        if active.reference != self._read[0]:
            stored = await self._policies.load(active.reference)
            self._read = (active.reference, policy_of(stored))
        if active.epoch != self._said:
            self._said = active.epoch
            self._say.info(
                "booking under the active policy",
                epoch=active.epoch,
                rules=active.rules,
                reference=active.reference,
            )
            if active.reference != self._own.hash:
                self._say.warning(
                    "EMC_REFERENCE is not the reference set that is active in the ledger;"
                    " run `emc recompute` to change to it",
                    ours=self._own.hash,
                    active=active.reference,
                )
        return Standing(active.epoch, self._read[1])


def _check(active: ActivePolicy, own: int) -> None:
    if active.rules == own:
        return
    remedy = (
        "install the release that has it"
        if active.rules > own
        else "run `emc recompute` with this release to raise the ledger to it, or go on with the"
        " release that has the ledger's until then"
    )
    raise OtherRules(
        f"the ledger books under rules version {active.rules} (epoch {active.epoch}), and this"
        f" release has rules version {own}: it books nothing; {remedy}"
    )
