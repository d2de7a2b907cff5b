"""What became of each dossier and each petition, from the raw events alone.

Written from MEASURES.md §1 to §6 and DOMAIN.md §2, slow and obvious on purpose, and importing
nothing of ours: one source a dossier, no revisions and no time in the future, which the generator does
not make, are taken as given.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.official.office import Office, day_of, midnight

WORK = {2, 4, 5, 6, 8}
PAUSES = {5, 6, 8}
HOLDING = {3, 7, 10}  # until a void or a reopening
UNDONE = {3, 7, 9, 10}  # by a reopening
ACCEPTING = {2, 4, 6, 8, 9, 10}
RANK = {state: place for place, state in enumerate((0, 1, 2, 4, 5, 6, 8, 3, 7, 9, 10))}
NO_STATE = 99
EVER = 1 << 62

Event = dict[str, Any]


def ms_of(text: str) -> int:
    if len(text) == 10:  # a bare date is its 00:00
        text += "T00:00:00+07:00"
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass
class Stay:
    """An open dossier with one holder and in one class."""

    from_ms: int
    to_ms: int
    agency: str
    paused: bool


@dataclass
class Life:
    """A dossier that was received or boarded."""

    code: str
    procedure: str
    channel: int
    level: int
    receipt_ms: int
    boarded_ms: int | None
    receiver: str
    traits: dict[str, bool]
    end_ms: int | None = None
    completed: bool = False
    settler: str = ""
    stopped_ms: int | None = None  # the 8 that it stands in
    stays: list[Stay] = field(default_factory=list)
    hands: list[tuple[int, str, str]] = field(default_factory=list)  # when, from, to
    dues: list[tuple[int, int]] = field(default_factory=list)  # made, due
    limit_ms: int | None = None
    requests: list[tuple[int, int | None]] = field(default_factory=list)  # asked, completed
    closed: list[int] = field(default_factory=list)  # when each ended, completed or not
    earlier_ms: int = 0  # completed supplements before a snapshot
    earlier: int = 0
    pauses: list[tuple[int, int]] = field(default_factory=list)
    rated_ms: int | None = None
    satisfied: bool = False

    @property
    def in_ms(self) -> int:
        """From when on it is in figures."""
        return self.receipt_ms if self.boarded_ms is None else self.boarded_ms

    # -- verdicts of what has ended -------------------------------------------------------------

    def last_due(self, ms: int) -> int | None:
        made = [due for at, due in self.dues if at <= ms]
        return made[-1] if made else None

    def supplements(self, ms: int) -> int:
        """Time of completed ones up to an instant."""
        return self.earlier_ms + sum(
            done - asked for asked, done in self.requests if done is not None and done <= ms
        )

    def asked(self, ms: int) -> int:
        return self.earlier + sum(asked <= ms for asked, _ in self.requests)

    def on_time_766(self) -> tuple[int, str, str] | None:
        """When it ended under that rule, who had it, and how; None while it is open."""
        end_ms = self.end_ms if self.end_ms is not None else self.stopped_ms
        if end_ms is None:
            return None
        agency = self.settler if self.end_ms is not None else self.holder(end_ms)
        due = self._due_766(end_ms)
        # Formula 2.1 makes a second request late before it looks for a due date.
        if self.asked(end_ms) > 1:
            return end_ms, agency, "late_766"
        if due is None:
            return end_ms, agency, "no_deadline_766"
        late = end_ms - self.supplements(end_ms) > due
        return end_ms, agency, "late_766" if late else "on_time_766"

    def open_766(self, ms: int) -> str:
        """Of one open under that rule at an instant that is 24:00 of a day."""
        before = ms - 1  # what is made before the period's end counts
        due = self._due_766(before)
        if self.asked(before) > 1:
            return "beyond_766"
        if due is None:
            return "no_deadline_766"
        now = ms
        for place, (asked, _) in enumerate(self.requests):
            if asked <= before and self.closed[place] > before:
                now = asked  # pending: judged by when it was asked for
        return "within_766" if now - self.supplements(before) <= due else "beyond_766"

    def _due_766(self, ms: int) -> int | None:
        sent = self.last_due(ms)
        return self.limit_ms if sent is None else sent

    def on_time_06b(self, office: Office) -> str:
        assert self.end_ms is not None
        due = self._due_06b(self.end_ms, office)
        if due is None:
            return "no_deadline_06b"
        end, due = day_of(self.end_ms), day_of(due)
        return "early_06b" if end < due else "on_time_06b" if end == due else "late_06b"

    def open_06b(self, ms: int, office: Office) -> str:
        due = self._due_06b(ms - 1, office)
        if due is None:
            return ""
        return "within_06b" if midnight(day_of(due)) >= ms else "beyond_06b"

    def _due_06b(self, ms: int, office: Office) -> int | None:
        sent = self.last_due(ms)
        if sent is not None or self.limit_ms is None:
            return sent
        # Ours, moved by what was worked while it was paused.
        paused = sum(
            office.worked(until) - office.worked(since)
            for since, until in self.pauses
            if until <= ms
        )
        return (
            office.after_work(office.worked(self.limit_ms) + paused)
            if paused
            else self.limit_ms
        )

    def on_time_first_due(self) -> str:
        assert self.end_ms is not None
        due = self.dues[0][1] if self.dues else self.limit_ms
        if due is None:
            return ""
        in_time = self.end_ms - self.supplements(self.end_ms) <= due
        return "on_time_first_due" if in_time else "late_first_due"

    def on_time(self) -> str:
        assert self.end_ms is not None
        due = self.last_due(self.end_ms)
        if due is None:
            return ""
        return "on_time" if self.end_ms <= due else "late"

    def holder(self, ms: int) -> str:
        return next(s.agency for s in self.stays if s.from_ms <= ms < s.to_ms)


def read(lines: Iterable[bytes]) -> dict[str, list[Event]]:
    """Events by dossier, each once, without those that never happened, in order."""
    told: dict[str, dict[tuple[str, str], Event]] = defaultdict(dict)
    for line in lines:
        event = json.loads(line)
        event["at"] = ms_of(event["time"])
        key = event["data"].get("petition") or event["data"]["dossier"]
        identity = event["source"], event["id"]
        before = told[key].setdefault(identity, event)
        assert before["data"] == event["data"]
        before["arrival"] = min(before["arrival"], event["arrival"])
    found = {}
    for key, events in told.items():
        voided = {
            (source, event["data"]["target"])
            for (source, _), event in events.items()
            if event["type"] == "dossier.voided.v1"
        }
        found[key] = sorted(
            (event for identity, event in events.items() if identity not in voided), key=_order
        )
    return found


def _order(event: Event) -> tuple[int, int, int, bytes, bytes]:
    data = event["data"]
    state = event["type"] == "dossier.state.v1"
    return (
        event["at"],
        data.get("sequence", -1),
        RANK[data["state"]] if state else NO_STATE,
        event["source"].encode(),
        event["id"].encode(),
    )


def lives(
    dossiers: Mapping[str, Sequence[Event]], catalogue: "Catalogue", office: Office
) -> list[Life]:
    """Those that were received or boarded."""
    found = (life(code, events, catalogue, office) for code, events in dossiers.items())
    return [one for one in found if one is not None]


@dataclass
class Row:
    """A row of the catalogue."""

    by: list[str]
    level: int
    limit: dict[int, str]  # by channel
    flags: dict[str, bool]
    tags: set[str]
    first: int
    until: int


class Catalogue:
    """By procedure and day."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        self.rows = rows

    def on(self, procedure: str, day: int) -> Row | None:
        return next((r for r in self.rows.get(procedure, ()) if r.first <= day < r.until), None)


def life(
    code: str, events: Sequence[Event], catalogue: Catalogue, office: Office
) -> Life | None:
    states = _standing(events)
    snapshot = next((e for e in events if e["type"] == "dossier.snapshot.v1"), None)
    first = snapshot or next((e for e in states if _accepts(e)), None)
    if first is None:
        return None
    at = states.index(first) if snapshot is None else -1
    said = _said(events)
    receipt_ms = _receipt(first)
    receiver = first["data"]["agency"]
    moved = {receiver: said.get("agency", receiver)}  # what an amendment puts right
    row = catalogue.on(said["procedure"], day_of(receipt_ms))
    found = Life(
        code=code,
        procedure=said["procedure"],
        channel=said.get("channel", 0),
        level=row.level if row else said.get("level", 0),
        receipt_ms=receipt_ms,
        boarded_ms=None if snapshot is None else snapshot["at"],
        receiver=moved[receiver],
        traits=_traits(events, states, at, said, row),
    )
    if row is not None:
        found.limit_ms = office.due(receipt_ms, row.limit[found.channel])
    if snapshot is not None:
        found.earlier_ms = snapshot["data"].get("paused_ms", 0)
        found.earlier = snapshot["data"].get("supplements", 0)
    way = [first, *states[at + 1 :]]
    _end(found, way, moved)
    _stays(found, way, moved)
    _requests(found, way)
    found.dues = [
        (event["at"], ms_of(event["data"]["due_at"]))
        for event in events
        if event["data"].get("due_at")
        and (event in way or event["type"] == "dossier.rescheduled.v1")
    ]
    _rating(found, events)
    return found


def _standing(events: Sequence[Event]) -> list[Event]:
    """The states that have an effect, without those a reopening undid."""
    found: list[Event] = []
    shut = False
    for event in events:
        if event["type"] == "dossier.reopened.v1":
            found = [e for e in found if e["data"]["state"] not in UNDONE]
            shut = False
        if event["type"] == "dossier.state.v1" and not shut:
            found.append(event)
            shut = event["data"]["state"] in HOLDING
    return found


def _accepts(event: Event) -> bool:
    data = event["data"]
    return data["state"] in ACCEPTING or (data["state"] == 5 and bool(data.get("receipt_date")))


def _receipt(event: Event) -> int:
    data = event["data"]
    if event["type"] == "dossier.snapshot.v1":
        return ms_of(data["accepted_at"])
    text = data.get("receipt_date")
    if text and ms_of(text) <= ms_of(event["arrival"]) + 5 * 60_000:
        return ms_of(text)
    return int(event["at"])


def _said(events: Sequence[Event]) -> dict[str, Any]:
    """What stands of the attributes: the last word, and amendments above all others."""
    said: dict[str, Any] = {}
    names = ("procedure", "channel", "level", "applicant_type")
    for event in events:
        if event["type"] in ("dossier.state.v1", "dossier.snapshot.v1"):
            said |= {name: event["data"][name] for name in names if name in event["data"]}
    for event in events:
        if event["type"] == "dossier.amended.v1":
            said |= {k: v for k, v in event["data"].items() if k != "dossier"}
    return said


def _end(found: Life, way: Sequence[Event], moved: Mapping[str, str]) -> None:
    states = [event["data"]["state"] for event in way]
    last = max((n for n, state in enumerate(states) if state in WORK), default=-1)
    for wanted, completed in ((9, True), (10, True), (7, False), (3, False)):
        place = next((n for n in range(last + 1, len(way)) if states[n] == wanted), None)
        if place is not None:
            found.end_ms = max(way[place]["at"], found.receipt_ms)
            found.completed = completed
            found.settler = _agency(way[place], moved)
            return
    if last >= 0 and states[last] == 8:
        while last and states[last - 1] == 8:
            last -= 1
        found.stopped_ms = way[last]["at"]


def _agency(event: Event, moved: Mapping[str, str]) -> str:
    said: str = event["data"]["agency"]
    return moved.get(said, said)


def _stays(found: Life, way: Sequence[Event], moved: Mapping[str, str]) -> None:
    until = EVER if found.end_ms is None else found.end_ms
    from_ms, agency = found.in_ms, _agency(way[0], moved)
    paused = way[0]["data"]["state"] in PAUSES
    pause_ms = from_ms if paused else None
    for event in way[1:]:
        at, state = event["at"], event["data"]["state"]
        if at > until:
            break
        next_agency = _agency(event, moved)
        next_paused = state in PAUSES if state in WORK else paused
        if (next_agency, next_paused) != (agency, paused):
            found.stays.append(Stay(from_ms, at, agency, paused))
            if next_agency != agency:
                found.hands.append((at, agency, next_agency))
            if next_paused and pause_ms is None:
                pause_ms = at
            if not next_paused and pause_ms is not None:
                found.pauses.append((pause_ms, at))
                pause_ms = None
            from_ms, agency, paused = at, next_agency, next_paused
        if at == until and state in (9, 10, 7, 3):
            break
    found.stays.append(Stay(from_ms, until, agency, paused))


def _requests(found: Life, way: Sequence[Event]) -> None:
    asked: int | None = None
    for event in way:
        at, state = event["at"], event["data"]["state"]
        if state == 5:
            asked = at if asked is None else asked
        elif asked is not None and state not in (0, 1):
            found.requests.append((asked, at if state in (2, 4) else None))
            found.closed.append(at)
            asked = None
    if asked is not None:
        found.requests.append((asked, None))
        found.closed.append(EVER)


def _traits(
    events: Sequence[Event],
    states: Sequence[Event],
    accepted: int,
    said: Mapping[str, Any],
    row: Row | None,
) -> dict[str, bool]:
    by: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        by[event["type"]].append(event["data"])
    amounts = [data["amount"] for data in by["dossier.payment.requested.v1"]]
    forms = {data.get("form") for data in by["dossier.payment.made.v1"]}
    results = by["dossier.result.issued.v1"]
    papers = by["dossier.documents.v1"]
    components = papers[-1]["components"] if papers else []
    verified = [
        p["identity_verified"] for p in papers if p.get("identity_verified") is not None
    ]
    acknowledged = any(
        ack["target"] == "dvcqg" and ack["code"] == 0 for ack in by["dossier.sync.ack.v1"]
    )
    ratings = by["dossier.rated.v1"]
    # As attached at acceptance: what was said by then, and not what came later.
    by_then = [
        e["data"]["identity_attached"]
        for e in states[: accepted + 1]
        if e["data"].get("identity_attached") is not None
    ]
    flags = row.flags if row else {}
    type_ = said.get("applicant_type", 0)
    return {
        "citizen": type_ == 1,
        "business": type_ == 2,
        "state_agency": type_ == 3,
        "organisation": type_ == 4,
        "identity": bool(by_then) and by_then[-1],
        "eligible": flags.get("eligible", False),
        "fee_bearing": flags.get("fee", False),
        "document_result": flags.get("document_result", False),
        "bundled": flags.get("bundled", False),
        "listed": row is not None,
        "fee_asked": any(amounts),
        "fee_zero": bool(amounts) and not any(amounts),
        "paid_national": 1 in forms,
        "paid_local": 2 in forms,
        "paid_direct": 3 in forms,
        "electronic_result": any(result.get("electronic") for result in results),
        "paper_result": any(result.get("paper") for result in results),
        "digitised": any(part.get("digitised") for part in components),
        "reused": any(part.get("reused") for part in components),
        "national_store": any(part.get("from_national_store") for part in components),
        "population": any(part.get("population_linked") for part in components),
        "verified": bool(verified) and verified[-1],
        "synced": acknowledged,
        "disliked": bool(ratings)
        and 5 * ratings[-1]["score"] <= 2 * ratings[-1].get("scale", 5),
    }


def _rating(found: Life, events: Sequence[Event]) -> None:
    ratings = [event for event in events if event["type"] == "dossier.rated.v1"]
    if ratings:
        last = ratings[-1]
        found.rated_ms = max(last["at"], found.in_ms)
        found.satisfied = 5 * last["data"]["score"] >= 4 * last["data"].get("scale", 5)


# -- petitions ----------------------------------------------------------------------------------


@dataclass
class Petition:
    """A petition that was received."""

    code: str
    agency: str
    procedure: str
    about: str
    dossier: str
    received: int  # days
    settled: int | None  # answered or refused
    late_from: int  # from 24:00 of this day on it is late; EVER: never
    waits: list[tuple[int, int]]  # for a supplement: asked, come
    unsatisfied: bool  # disliked or repeated


def petitions(told: Mapping[str, Sequence[Event]], office: Office) -> list[Petition]:
    return [_petition(code, events, office) for code, events in told.items()]


def _petition(code: str, events: Sequence[Event], office: Office) -> Petition:
    said: dict[str, Any] = {}
    first: dict[str, int] = {}
    for event in events:
        said |= event["data"]
        first.setdefault(event["data"]["state"], event["at"])
    received = day_of(first["received"])
    settled = min(
        (first[s] for s in ("refused", "answered", "published") if s in first), default=None
    )
    start, asked = first["received"], first.get("supplement_requested")
    waits: list[tuple[int, int]] = []
    if asked is not None and (settled is None or asked < settled):
        came = first.get("supplement_received")
        waits = [(day_of(asked), EVER if came is None else day_of(came))]
        if came is not None and came >= asked and (settled is None or came <= settled):
            start = came

    def over(day: int, n: int) -> int:
        """The first day that is too late for something to be done in n working days."""
        return office.nth_day(day, n + 1)

    late_from = EVER
    if asked is not None and day_of(asked) >= over(received, 5):
        late_from = min(late_from, day_of(asked))
    if "refused" in first and day_of(first["refused"]) >= over(day_of(start), 2):
        late_from = min(late_from, day_of(first["refused"]))
    runs_out = over(day_of(start), 15)
    # While a supplement is waited for the clock stands; it starts again when that comes.
    waiting = bool(waits) and waits[0][1] == EVER
    if settled is not None and day_of(settled) >= runs_out:
        late_from = min(late_from, day_of(settled) if waiting else runs_out)
    if settled is None and not waiting:
        late_from = min(late_from, runs_out)
    if "published" in first and "answered" in first:
        answered = day_of(first["answered"])
        # On the day of the answer, for 5.2 and 5.3 alike (docs/reference/measures.md).
        if day_of(first["published"]) >= over(answered, 2):
            late_from = min(late_from, answered)
    return Petition(
        code=code,
        agency=said["agency"],
        procedure=said.get("procedure", ""),
        about=said.get("class", ""),
        dossier=said.get("dossier", ""),
        received=received,
        settled=None if settled is None else day_of(settled),
        late_from=late_from,
        waits=waits,
        unsatisfied=said.get("dislikes", 0) > said.get("likes", 0)
        or bool(said.get("repeated")),
    )
