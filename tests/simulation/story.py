"""What is sent in a history: a few dossiers with all that goes wrong in them, and garbage.

What was sent says by itself what must be booked, whatever happens on the way.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from monitor.domain.fold import fold
from monitor.domain.identity import content, settled
from monitor.domain.policy import Policy
from monitor.domain.post import Entries, post
from monitor.ledger.unit import Partition
from schemas.encode import encode
from schemas.event import (
    Amended,
    Canonical,
    DocumentsAttached,
    PaymentMade,
    PaymentRequested,
    Rated,
    Reopened,
    Rescheduled,
    ResultIssued,
    StateChanged,
    SupplementReceived,
    SyncAcknowledged,
    Voided,
)
from tests.simulation.broker import Written

START_MS: Final = 1_785_719_551_000
HOUR_MS: Final = 3_600_000
AGENCIES: Final = ("H56.14", "H56.21", "G09")
PROCEDURES: Final = ("1.004194", "2.000889")
LIVES: Final = (
    (1, 2, 4, 9, 10),
    (2, 4, 5, 4, 9, 10),
    (1, 3),
    (2, 4, 6, 4, 9),
    (1, 2, 4, 8, 4, 7),
    (2, 4),
    (2, 9, 10),
)
GARBAGE: Final = (
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b'{"specversion":"1.0","type":"dossier.state.v9"}',
)


@dataclass(slots=True)
class Known:
    """What there is to know of a dossier: each content of each identity, first arrival each."""

    said: dict[tuple[str, str], list[Canonical]] = field(default_factory=dict)
    duplicates: int = 0

    def hear(self, event: Canonical) -> None:
        contents = self.said.setdefault((event.source, event.id), [])
        for number, other in enumerate(contents):
            if content(other) == content(event):
                self.duplicates += 1
                if event.arrival_ms < other.arrival_ms:
                    contents[number] = event
                return
        contents.append(event)

    @property
    def events(self) -> list[Canonical]:
        return [event for contents in self.said.values() for event in contents]

    def entries(self, policy: Policy) -> Entries:
        return post(fold(settled(self.events), policy.portals), policy)


@dataclass
class Story:
    """All records in the order of sending, and what they come to."""

    records: list[tuple[Partition, Written]] = field(default_factory=list)
    dossiers: dict[str, Known] = field(default_factory=dict)
    garbage: set[tuple[Partition, int]] = field(default_factory=set)

    def counts(self) -> Counter[str]:
        """Records by what must become of them."""
        known = self.dossiers.values()
        contents = [len(said) for dossier in known for said in dossier.said.values()]
        return Counter(
            counted=sum(contents),
            restated=sum(contents) - len(contents),
            duplicate=sum(dossier.duplicates for dossier in known),
            refused=len(self.garbage),
        )


def tell(rng: random.Random, partitions: list[Partition], dossiers: int) -> Story:
    """A story for these partitions."""
    repeated, garbled, disordered, elsewhere = (rng.choice((0.0, 0.1, 0.4)) for _ in range(4))
    lives = [_life(rng, number) for number in range(dossiers)]
    sent: list[tuple[float, Partition, Canonical | bytes]] = []
    for life in lives:
        home = rng.choice(partitions)
        begins = rng.random()
        for number, event in enumerate(life):
            at = begins + number * 0.2
            if rng.random() < disordered:
                at += rng.uniform(-1, 1)
            copies = [event]
            while rng.random() < repeated:
                copies.append(_again(rng, event))
            for copy in copies:
                there = rng.choice(partitions) if rng.random() < elsewhere else home
                sent.append((at, there, copy))
                at += rng.random() * 0.5
                if rng.random() < garbled:
                    sent.append((at, there, _garbage(rng, event)))
    sent.sort(key=lambda one: one[0])
    story = Story()
    ends: Counter[Partition] = Counter()
    for _, here, said in sent:
        offset = ends[here]
        ends[here] += 1
        if isinstance(said, bytes):
            value, key = said, None
            story.garbage.add((here, offset))
        else:
            value, key = encode(said), said.dossier.encode()
            story.dossiers.setdefault(said.dossier, Known()).hear(said)
        story.records.append((here, Written(offset, START_MS + offset, key, value)))
    return story


def _life(rng: random.Random, number: int) -> list[Canonical]:
    agency = rng.choice(AGENCIES)
    dossier = f"{agency}-260803-{number:04}"
    source = f"urn:emc:{agency}"
    at_ms = START_MS - rng.randrange(90 * 24) * HOUR_MS
    due_ms = at_ms + rng.randrange(1, 200) * HOUR_MS
    events: list[Canonical] = []

    def who(**more: Any) -> dict[str, Any]:
        said = source if rng.random() < 0.9 else "urn:emc:portal"
        return {
            "dossier": dossier,
            "source": said,
            "id": f"{len(events)}",
            "claimed_ms": at_ms,
            "arrival_ms": at_ms + rng.randrange(0, 3 * HOUR_MS, 1000),
            "backfill": rng.random() < 0.05,
            **more,
        }

    procedure, channel = rng.choice(PROCEDURES), rng.randrange(4)
    for state in rng.choice(LIVES):
        at_ms += rng.randrange(1, 30 * HOUR_MS, 1000)
        events.append(
            StateChanged(
                **who(),
                state=state,
                procedure=procedure,
                agency=agency,
                channel=channel,
                level=rng.choice((0, 3, 4)),
                due_ms=due_ms if state == 2 and rng.random() < 0.8 else None,
            )
        )
        aside = rng.random()
        if aside < 0.05:
            events.append(Rescheduled(**who(), due_ms=due_ms + 48 * HOUR_MS))
        elif aside < 0.10:
            events.append(Amended(**who(), procedure=PROCEDURES[0], channel=1))
        elif aside < 0.15:
            events.append(Voided(**who(), target=f"{rng.randrange(len(events) + 1)}"))
        elif aside < 0.18:
            events.append(Reopened(**who(), agency=agency))
        elif aside < 0.22:
            events.append(_told(rng, who()))
        elif aside < 0.25:
            events.append(SupplementReceived(**who()))
    return events


def _told(rng: random.Random, who: dict[str, Any]) -> Canonical:
    """What official figures are counted by, and no state tells."""
    number = rng.randrange(6)
    if number == 0:
        return Rated(**who, score=rng.randint(1, 5))
    if number == 1:
        return PaymentRequested(**who, amount=rng.choice((0, 50_000)))
    if number == 2:
        return PaymentMade(**who, form=rng.randrange(4))
    if number == 3:
        return ResultIssued(**who, electronic=rng.random() < 0.5, paper=rng.random() < 0.5)
    if number == 4:
        return DocumentsAttached(**who, components=2, digitised=rng.randrange(3))
    return SyncAcknowledged(**who, target="dvcqg", code=rng.choice((0, 3, -3)))


def _again(rng: random.Random, event: Canonical) -> Canonical:
    """The same once more, or what its source says instead."""
    change: dict[str, Any] = {"arrival_ms": event.arrival_ms + rng.randrange(-2, 3) * 60_000}
    if rng.random() < 0.4:
        change["claimed_ms"] = event.claimed_ms + rng.randrange(-30, 30) * HOUR_MS
        change["revision"] = event.revision + rng.randrange(0, 3)
    return msgspec.structs.replace(event, **change)


def _garbage(rng: random.Random, event: Canonical) -> bytes:
    if rng.random() < 0.5:
        return rng.choice(GARBAGE)
    value = encode(event)
    return value[: rng.randrange(len(value))]
