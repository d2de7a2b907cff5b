"""Statements of a system, as the edge and the fold take them, held against the rules."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from agents.conformance import rules
from agents.conformance.rules import Rule, Weight
from agents.edge import Admitted, Edge, Notice
from monitor.domain.explain import explain
from monitor.domain.identity import content_hash
from monitor.domain.policy import Policy
from monitor.domain.view import Outcome
from monitor.domain.warning import MEANINGS
from monitor.ledger.sources import Source
from schemas.decode import Decoder, Headers
from schemas.event import AnyEvent, StateChanged
from schemas.refusal import Refused, Unreadable
from schemas.times import instant_ms

PLACES_SHOWN: Final = 3
LATE_MS: Final = 3_600_000
ENDED: Final = frozenset({Outcome.COMPLETED, Outcome.RETURNED})


@dataclass(frozen=True, slots=True)
class Statement:
    """A record as the system has sent it."""

    place: str  # where a person finds it: the line, or partition and offset
    value: bytes | None
    headers: Headers
    arrival_ms: int | None  # None: not known, as in a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that something falls short of."""

    rule: Rule
    field: str
    count: int
    of: int  # of how many that it was asked of
    places: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether the system does not conform because of it."""
        return self.rule.weight is Weight.MUST and (
            self.count * 1000 > self.rule.forgiven_permille * self.of
        )


@dataclass(slots=True)
class Tally:
    """Where a rule was broken."""

    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, place: str) -> None:
        self.count += 1
        if len(self.places) < PLACES_SHOWN:
            self.places.append(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    source: str
    statements: int
    admitted: int
    dossiers: int
    ended: int
    kinds: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]

    @property
    def conforms(self) -> bool:
        """Whether no rule is broken that must be kept."""
        return not any(finding.breaks for finding in self.findings)


class Examination:
    """Takes statements, one by one; `report` says what they fall short of."""

    def __init__(
        self, source: Source, edge: Edge, policy: Policy, *, unasked: Collection[Notice] = ()
    ) -> None:
        """`unasked` is what the edge may notice without it being the system's affair."""
        self._source = source
        self._unasked = frozenset(unasked)
        self._edge = edge
        self._policy = policy
        self._decoder: Decoder[AnyEvent] = Decoder(policy.zone)
        self._statements = 0
        self._kinds: Counter[str] = Counter()
        self._broken: dict[tuple[Rule, str], Tally] = {}
        self._asked: Counter[Rule] = Counter()
        self._dossiers: dict[str, list[tuple[Any, str]]] = {}
        self._units: set[str] = set()
        self._procedures: set[str] = set()

    def take(self, said: Statement, now_ms: int) -> None:
        """One statement. Where its arrival is not known, it came at once, and not after now."""
        self._statements += 1
        arrival_ms = (
            _told_ms(said.value, now_ms) if said.arrival_ms is None else said.arrival_ms
        )
        found = self._edge.admit(self._source.code, said.value, said.headers, arrival_ms)
        if isinstance(found, Refused):
            self._break(rules.refusal(found.reason), found.detail, said.place)
            return
        self._admitted(found, said, arrival_ms)

    def _admitted(self, found: Admitted, said: Statement, arrival_ms: int) -> None:
        for notice in sorted(set(found.notices) - self._unasked):
            self._break(rules.notice(notice), "", said.place)
        self._kinds[found.type] += 1
        event = self._decoder.decode(found.value, record_time_ms=arrival_ms)
        if isinstance(event, Refused):
            raise TypeError(f"the edge wrote what cannot be read: {event}")
        if said.arrival_ms is not None:
            self._asked[rules.SLOW] += 1
            late = arrival_ms - event.claimed_ms > LATE_MS
            if late and not getattr(event, "backfill", False):
                self._break(rules.SLOW, "time", said.place)
        for name, seen in (("agency", self._units), ("unit", self._units)):
            seen.add(getattr(event, name, "") or "")
        self._procedures.add(getattr(event, "procedure", "") or "")
        if dossier := getattr(event, "dossier", ""):
            self._dossiers.setdefault(dossier, []).append((event, said.place))
        if isinstance(event, StateChanged):
            for rule in rules.STATING:
                self._ask(rule, event, said.place)

    def report(self) -> Report:
        """What was found, the worst first."""
        ended = sum(self._live(told) for told in self._dossiers.values())
        if len(self._dossiers) < rules.ENOUGH_DOSSIERS or not ended:
            self._break(rules.ENOUGH, "", f"{len(self._dossiers)} dossiers, {ended} ended")
        self._expectations()
        findings = [
            Finding(
                rule=rule,
                field=name,
                count=tally.count,
                of=self._asked[rule] or self._statements,
                places=tuple(tally.places),
            )
            for (rule, name), tally in self._broken.items()
        ]
        weights = list(Weight)
        findings.sort(
            key=lambda each: (not each.breaks, weights.index(each.rule.weight), -each.count)
        )
        return Report(
            source=self._source.code,
            statements=self._statements,
            admitted=sum(self._kinds.values()),
            dossiers=len(self._dossiers),
            ended=ended,
            kinds=tuple(sorted(self._kinds.items())),
            findings=tuple(findings),
        )

    def _live(self, told: list[tuple[Any, str]]) -> bool:
        """One dossier's life; whether it has ended."""
        places = {event.id: place for event, place in reversed(told)}
        self._identities(told)
        life = explain((event for event, _ in told), self._policy)
        for warning in MEANINGS:
            self._asked[rules.warning(warning)] += 1
        for warned in set(life.warnings):
            place = places.get(warned.id, life.dossier)
            self._break(rules.warning(warned.warning), "", place)
        accepting = min(
            (event for event, _ in told if _accepts(event)),
            key=lambda event: event.claimed_ms,
            default=None,
        )
        if accepting is not None:
            for rule in rules.ACCEPTING:
                self._ask(rule, accepting, places[accepting.id])
        return life.outcome in ENDED

    def _identities(self, told: list[tuple[Any, str]]) -> None:
        contents: dict[str, set[bytes]] = {}
        for event, place in told:
            self._asked[rules.TOLD_AGAIN] += 1
            self._asked[rules.SAME_IDENTITY] += 1
            known = contents.setdefault(event.id, set())
            said = content_hash(event)
            if said in known:
                self._break(rules.TOLD_AGAIN, "id", place)
            elif known and not event.revision:
                self._break(rules.SAME_IDENTITY, "id", place)
            known.add(said)

    def _expectations(self) -> None:
        for each in self._source.expectations:
            asked = (
                (rules.EXPECTED_KIND, each.kind, self._kinds),
                (rules.EXPECTED_UNIT, each.unit, self._units),
                (rules.EXPECTED_PROCEDURE, each.procedure, self._procedures),
            )
            for rule, wanted, seen in asked:
                if wanted:
                    self._asked[rule] += 1
                    if wanted not in seen:
                        self._break(rule, wanted, "")

    def _ask(self, rule: Rule, event: Any, place: str) -> None:
        self._asked[rule] += 1
        name = rule.code.removeprefix("no_")
        said = getattr(event, _CANONICAL.get(name, name))
        # "no" is an answer.
        if said is None or (said in ("", 0) and said is not False):
            self._break(rule, f"data.{name}", place)

    def _break(self, rule: Rule, name: str, place: str) -> None:
        self._broken.setdefault((rule, name), Tally()).add(place)


_CANONICAL: Final = {"receipt_date": "receipt_ms", "due_at": "due_ms"}


class _Told(msgspec.Struct):
    time: str


_TOLD: Final = msgspec.json.Decoder(_Told)


def _told_ms(value: bytes | None, now_ms: int) -> int:
    """The claimed time of a statement; now, where it says none or a later one."""
    try:
        return min(now_ms, instant_ms(_TOLD.decode(value or b"").time, "time"))
    except (msgspec.MsgspecError, Unreadable, UnicodeDecodeError):
        return now_ms


def _accepts(event: Any) -> bool:
    return isinstance(event, StateChanged) and event.state in (2, 4, 6, 8, 9, 10)
