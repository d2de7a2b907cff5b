"""The law's side of a dossier a second time, from the dictionary alone: slow and plain.

Written from MEASURES.md §1 to §5 and §7 and DOMAIN.md §2.3, §3.1 and §3.4, before the fold and
the reckoning were read. Nothing is kept up to date here: every question looks at all events
again, and working time is walked day by day.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from monitor.domain.event import Kind
from monitor.domain.identity import content_hash
from monitor.domain.procedure import Procedure

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
AHEAD = 7 * HOUR  # Asia/Ho_Chi_Minh has no clock changes

ID, TIME, UNCERTAIN = 1, 2, 4  # what the edge stamps

STATE_RANK = [0, 1, 2, 4, 5, 6, 8, 3, 7, 9, 10]
RUNNING = (2, 4, 5, 6, 8)


def day_of(ms):
    return (ms + AHEAD) // DAY


def midnight(day):
    return day * DAY - AHEAD


# --- Working time, by walking ---------------------------------------------------------------


@dataclass
class Office:
    """An office with the usual hours (DOMAIN.md §3.4)."""

    off: set[int]
    make_up: set[int]
    makeup_days_count: bool = True
    hours: tuple[tuple[int, int], ...] = (
        (7 * HOUR, 11 * HOUR + 30 * MINUTE),
        (13 * HOUR + 30 * MINUTE, 17 * HOUR),
    )

    def works(self, day):
        if self.makeup_days_count and day in self.make_up:
            return True
        weekday = (date(1970, 1, 1) + timedelta(days=day)).weekday()
        return day not in self.off and weekday < 5

    def sessions(self, day):
        if not self.works(day):
            return []
        return [(midnight(day) + opens, midnight(day) + closes) for opens, closes in self.hours]

    def worked(self, begin, end):
        total = 0
        for day in range(day_of(begin), day_of(end) + 1):
            for opens, closes in self.sessions(day):
                total += max(0, min(end, closes) - max(begin, opens))
        return total

    def opening(self, ms):
        """The instant itself in office hours, else the next opening."""
        day = day_of(ms)
        while True:
            for opens, closes in self.sessions(day):
                if ms < closes:
                    return max(ms, opens)
            day += 1

    def after(self, ms, worked):
        """When so much has been worked."""
        if worked == 0:
            return ms
        day = day_of(ms)
        while True:
            for opens, closes in self.sessions(day):
                here = max(0, closes - max(ms, opens))
                if worked <= here:
                    return max(ms, opens) + worked
                worked -= here
            day += 1

    def close(self, day):
        return self.sessions(day)[-1][1]

    def working_day_from(self, day):
        while not self.works(day):
            day += 1
        return day

    def due(self, receipt, limit):
        """MEASURES.md §5, below the table; DOMAIN.md §3.4."""
        start = self.opening(receipt)
        if limit.unit == "hours":
            return self.after(start, limit.n * HOUR)
        if limit.unit == "calendar_days":
            return self.close(self.working_day_from(day_of(start) + limit.n))
        day = day_of(start)
        for _ in range(limit.n):
            day = self.working_day_from(day + 1)
        return self.close(day)


@dataclass
class Decision:
    """Days that a government decision makes free or working; known from 00:00 of its date."""

    known: int
    off: set[int] = field(default_factory=set)
    make_up: set[int] = field(default_factory=set)


@dataclass
class Rules:
    """By what a dossier is measured."""

    decisions: list[Decision]
    rows: list[Procedure]
    strategy: str = "shift"
    precision: str = "instant"
    portals: frozenset[str] = frozenset()
    makeup_days_count: bool = True

    def office(self, known_by=None):
        said = [d for d in self.decisions if known_by is None or d.known <= known_by]
        return Office(
            set().union(*(d.off for d in said)),
            set().union(*(d.make_up for d in said)),
            self.makeup_days_count,
        )

    def row(self, procedure, day):
        for row in self.rows:
            begun = row.code == procedure and row.valid_from <= day
            if begun and (row.valid_until is None or day < row.valid_until):
                return row
        return None


# --- From events to what counts (MEASURES.md §1 to §3) --------------------------------------


def effective(event):
    ahead = event.claimed_ms > event.arrival_ms + 5 * MINUTE
    return event.arrival_ms if ahead else event.claimed_ms


def order(event):
    rank = STATE_RANK.index(event.state) if is_state(event) else 99
    return (
        effective(event),
        event.sequence,
        rank,
        event.source.encode(),
        event.id.encode(),
    )


def said_once(events):
    """Of each identity the content that stands, with its earliest arrival."""
    groups = {}
    for event in events:
        groups.setdefault((event.source, event.id), []).append(event)
    stands = []
    for group in groups.values():
        best = max(group, key=lambda e: (e.revision, claimed(e), content_hash(e)))
        same = [e for e in group if content_hash(e) == content_hash(best)]
        live = [e for e in same if not e.trial] or same
        stands.append(min(live, key=lambda e: e.arrival_ms))
    return stands


def claimed(event):
    """What the source claims; nothing where the edge stamped the time."""
    return 0 if event.stamped & TIME else event.claimed_ms


def off_trial(events):
    """Where a live source speaks, one on trial is not heard."""
    live = {e.source for e in events if not e.trial}
    return [e for e in events if e.source in live or not live]


def without_repeats(events, repeat_ms):
    """Of what came without an id, an equal one soon after is the same one sent again."""
    kept = []
    for event in events:
        mine = [e for e in kept if e.source == event.source and e.stamped & ID]
        if (
            event.stamped & ID
            and mine
            and content_hash(mine[-1]) == content_hash(event)
            and effective(event) <= effective(mine[-1]) + repeat_ms
        ):
            continue
        kept.append(event)
    return kept


def unvoided(events):
    voided = {(e.source, e.target) for e in events if e.kind is Kind.VOIDED}
    return [e for e in events if e.kind is Kind.VOIDED or (e.source, e.id) not in voided]


def is_state(event):
    """A snapshot says a state too, and counts as one in order and authority."""
    return event.kind in (Kind.STATE, Kind.SNAPSHOT)


def accepts(event):
    if event.kind is not Kind.STATE:
        return event.kind is Kind.SNAPSHOT
    return event.state in (2, 4, 6, 8, 9, 10) or (
        event.state == 5 and event.receipt_ms is not None
    )


def heard(events, portals):
    """In order, what the authority says and what others may say beside it (§1)."""
    events = sorted(unvoided(off_trial(said_once(events))), key=order)
    events = without_repeats(events, 10 * MINUTE)
    states = [e for e in events if is_state(e)]
    offices = [e for e in states if e.source not in portals] or states
    # What a source's own 3, 7 or 10 shuts out it has not said (§3).
    sources = {e.source for e in states}
    lasts = {
        id(e)
        for source in sources
        for e in shut([e for e in events if e.kind is Kind.REOPENED or e.source == source])
    }
    accepting = [e for e in offices if accepts(e) and id(e) in lasts]
    if not accepting:
        return events
    authority = accepting[0].source
    own = [e for e in states if e.source == authority and id(e) in lasts]
    counts = []
    for event in events:
        if is_state(event) and event.source != authority:
            if id(event) not in lasts or event.state in {e.state for e in own}:
                continue
            if event.state in (3, 7, 9, 10) and any(order(e) > order(event) for e in own):
                continue
        counts.append(event)
    return counts


def shut(events):
    """Without what a standing 3, 7 or 10 shuts out; that holds until `reopened`."""
    kept, held = [], False
    for event in events:
        if event.kind is Kind.REOPENED:
            held = False
        if is_state(event) and held:
            continue
        if event.kind is Kind.STATE and event.state in (3, 7, 10):
            held = True
        kept.append(event)
    return kept


def undone_by(reopened, events):
    return [
        e
        for e in events
        if e.kind is Kind.STATE and e.state in (3, 7, 9, 10) and order(e) < order(reopened)
    ]


@dataclass
class Request:
    asked: int
    order: tuple[object, ...]
    ended: int | None = None
    completed: bool = False


@dataclass
class Pause:
    begin: int
    end: int | None
    state: int


class Truth:
    """One dossier; every attribute is worked out from all of its events."""

    # None before acceptance, or while there is no end.
    accepting: Any
    accepted: Any
    boarded: Any
    end: Any
    end_766: Any
    end_event: Any
    outcome: Any

    def __init__(self, events, rules):
        self.rules = rules
        heard_events = heard(events, rules.portals)
        self.trial = bool(events) and all(e.trial for e in said_once(events))
        doubted = [effective(e) for e in shut(heard_events) if e.stamped & UNCERTAIN]
        self.uncertain = doubted[0] if doubted else None  # from when on
        self.amendments = [e for e in heard_events if e.kind is Kind.AMENDED]
        said = shut([e for e in heard_events if e.kind is not Kind.VOIDED])
        boarding = next((e for e in said if accepts(e)), None)
        # A snapshot of what is accepted already says nothing new.
        said = [e for e in said if e.kind is not Kind.SNAPSHOT or e is boarding]
        self.undone = []
        for reopened in (e for e in said if e.kind is Kind.REOPENED):
            self.undone += undone_by(reopened, said)
        self.said = said
        self.events = [e for e in said if not any(e is u for u in self.undone)]
        self.states = [e for e in self.events if e.kind is Kind.STATE]
        self._accept()
        self._end()
        self.office = rules.office(None if self.end is None else day_of(self.end))
        self._requests()
        self._limit()

    def amended(self, name):
        said = [getattr(a, name) for a in self.amendments]
        said = (
            [s for s in said if s not in ("", 0, None)]
            if name != "unit"
            else [s for s in said if s is not None]
        )
        return said[-1] if said else None

    # Acceptance (§4)

    def _accept(self):
        self.accepted = self.boarded = self.accepting = None
        self.at_accepting = None  # its place in order
        for event in self.said:  # a dossier accepted by a 9 that is undone stays accepted
            if event.kind is Kind.SNAPSHOT:
                self.accepting, self.boarded = event, effective(event)
                self.accepted = event.accepted_ms
            elif accepts(event):
                self.accepting, self.accepted = event, effective(event)
                receipt = event.receipt_ms
                if receipt is not None and receipt <= event.arrival_ms + 5 * MINUTE:
                    self.accepted = receipt
            else:
                continue
            break
        if self.accepting is not None:
            for event in self.amendments:
                receipt = event.receipt_ms
                if receipt is not None and receipt <= event.arrival_ms + 5 * MINUTE:
                    self.accepted = receipt
        if self.accepting is not None:
            self.at_accepting = order(self.accepting)
        ones = [effective(e) for e in self.states if e.state == 1]
        self.submitted = ones[0] if ones else None

    @property
    def after_acceptance(self):
        """Events from the accepting one on."""
        if self.accepting is None:
            return []
        return [e for e in self.events if order(e) >= self.at_accepting]

    # End (§3)

    def _end(self):  # noqa: PLR0912 - one line of the rule after another
        self.end = self.end_766 = self.outcome = self.handed_over = self.end_event = None
        codes = [e.state for e in self.states]
        if self.accepting is None:
            if 3 in codes:
                self.outcome = "refused"
            elif 7 in codes:
                self.outcome = "withdrawn_unaccepted"
            elif 1 in codes or 5 in codes:
                self.outcome = "waiting_acceptance"
            else:
                self.outcome = "none"
            return
        nines = []
        for event in self.after_acceptance:
            if event.kind is Kind.REOPENED or (
                event.kind is Kind.STATE and event.state in RUNNING
            ):
                nines = []
            elif event.kind is Kind.STATE and event.state == 9:
                nines.append(event)
        last = {c: [e for e in self.states if e.state == c] for c in (3, 7, 10)}
        self.handed_over = effective(last[10][0]) if last[10] else None
        for found, outcome in [
            (nines, "completed"),
            (last[10], "completed"),
            (last[7], "returned"),
            (last[3], "returned"),
        ]:
            if found:
                self.end_event, self.outcome = found[0], outcome
                self.end = max(self.accepted, effective(found[0]))
                self.end_766 = self.end
                return
        begun = where = None  # the 8 it stands in, from its first word at a unit on
        for event in self.after_acceptance:
            state = self._running_state(event)
            if state == 8 and (begun is None or self.place(event) != where):
                begun, self.order_of_8 = effective(event), order(event)
                where = self.place(event)
            elif state in (2, 4, 5, 6):
                begun = None
        self.end_766 = None if begun is None else max(self.accepted, begun)
        self.stands_in_8 = begun is not None
        self.outcome = "paused" if self._last_running(None) in (5, 6, 8) else "in_process"

    stands_in_8 = False

    @staticmethod
    def _running_state(event):
        if event.kind in (Kind.STATE, Kind.SNAPSHOT) and event.state in RUNNING:
            return event.state
        return None

    def _last_running(self, before):
        """Last of {2,4,5,6,8} before an instant; from the receipt on, what accepted it."""
        last = self._running_state(self.accepting)
        for event in self.after_acceptance:
            if before is None or effective(event) < before:
                last = self._running_state(event) or last
        return last

    # Supplements (§3) and pauses (§5)

    def _requests(self):
        """Entries into 5, and `supplement.requested` outside it, from the receipt on."""
        self.requests, self.pauses = [], []
        last = None
        for event in self.events:
            at = effective(event)
            pending = self.requests and self.requests[-1].ended is None
            if not is_state(event):
                if self._is_over(event):
                    continue
                if event.kind is Kind.SUPPLEMENT_REQUESTED and last != 5 and not pending:
                    self.requests.append(Request(at, order=order(event)))
                if event.kind is Kind.SUPPLEMENT_RECEIVED and pending:
                    self.requests[-1].ended, self.requests[-1].completed = at, True
                continue
            if event.state == 0:
                continue
            if event.state == 1 and self.at_accepting and order(event) > self.at_accepting:
                continue  # 0 and 1 change nothing
            if event.state == 5 and last != 5 and not pending:
                self.requests.append(Request(at, order=order(event)))
            if pending and event.state != 5:
                self.requests[-1].ended = at
                self.requests[-1].completed = event.state in (2, 4)
            last = event.state
        self.all_requests = self.requests
        begun = self.boarded if self.boarded is not None else self.accepted
        self.requests = [r for r in self.requests if begun is not None and r.asked >= begun]
        self._pauses()

    def _pauses(self):
        """6 and 8 pause while they are the last of {2,4,5,6,8}, as the dossier is `paused`."""
        for event in self.after_acceptance:
            state = self._running_state(event)
            if self.end_event is not None and order(event) > order(self.end_event):
                break
            if state is None:
                continue
            if self.pauses and self.pauses[-1].end is None and state != self.pauses[-1].state:
                self.pauses[-1].end = effective(event)
            if state in (6, 8) and not (self.pauses and self.pauses[-1].end is None):
                self.pauses.append(Pause(effective(event), None, state))
        if self.end_event is not None and self.pauses and self.pauses[-1].end is None:
            self.pauses[-1].end = effective(self.end_event)

    def _is_over(self, event):
        """Whether the dossier has ended before an event, whose request is then none."""
        return self.end_event is not None and order(event) > order(self.end_event)

    def completed_ms(self, before=None):
        """Elapsed time of completed supplements, known before an instant."""
        total = sum(
            (r.ended or 0) - r.asked
            for r in self.requests
            if r.completed and (before is None or r.ended < before)
        )
        if self.boarded is not None and self.accepting.kind is Kind.SNAPSHOT:
            total += self.accepting.paused_ms
        return total

    def asked(self, before=None):
        earlier = self.accepting.supplements if self.boarded is not None else 0
        return earlier + sum(before is None or r.asked < before for r in self.requests)

    # Dues (§5)

    def dues(self, before=None):
        """Dues sent, in order: (made, due, whether it put off another)."""
        made = []
        for event in self.said:  # a due date that an undone 10 brought was made all the same
            if event.kind in (Kind.STATE, Kind.SNAPSHOT, Kind.RESCHEDULED):
                if event.due_ms is None or (before is not None and effective(event) >= before):
                    continue
                again = event.kind is Kind.RESCHEDULED
                if again or not made or made[-1][1] != event.due_ms:  # else it only repeats
                    made.append((effective(event), event.due_ms, again))
        return made

    def last_due(self, before=None):
        dues = self.dues(before)
        return dues[-1][1] if dues else None

    def first_due(self, before=None):
        dues = [due for _, due, again in self.dues(before) if not again]
        return dues[0] if dues else None

    def _limit(self):
        self.limit = self.row = self.own_due = None
        if self.accepting is None:
            return
        self.procedure = self.amended("procedure") or self.accepting.procedure
        self.channel = (
            self.amended("channel") or self.accepting.channel or self._said("channel")
        )
        self.row = self.rules.row(self.procedure, day_of(self.accepted))
        if self.row is not None:
            self.limit = self.row.limits.get(self.channel) or self.row.limits.get(0)
        if self.limit is not None:
            start = self.accepted
            late = start > midnight(day_of(start)) + 15 * HOUR
            if self.row.forward_moves_due and late and self.office.works(day_of(start)):
                start = midnight(self.office.working_day_from(day_of(start) + 1))
            self.own_due = self.office.due(start, self.limit)

    def _said(self, name):
        """What the first state that says anything of it says."""
        said = [getattr(e, name) for e in self.said if is_state(e)]
        return next((s for s in said if s), 0)

    def stops(self, before=None):
        """What stops the clock of 06b: [begin, end or None], as known before an instant."""
        found: list[tuple[int, int | None]] = []
        for r in self.requests:
            if before is not None and r.asked >= before:
                continue
            if r.ended is None or (before is not None and r.ended >= before):
                found.append((r.asked, None))
            elif r.completed:
                found.append((r.asked, r.ended))
        for p in self.pauses:
            if before is not None and p.begin >= before:
                continue
            open_still = p.end is None or (before is not None and p.end >= before)
            found.append((p.begin, None if open_still else p.end))
        return found

    def due_06b(self, before=None):
        """The last due sent, else ours after the pauses; None: none (also: not yet known)."""
        sent = self.last_due(before)
        if sent is not None or self.own_due is None:
            return sent
        stops = self.stops(before)
        if self.rules.strategy == "restart":
            if any(end is None for _, end in stops):
                return None
            if not stops:
                return self.own_due
            return self.office.due(max(end for _, end in stops), self.limit)
        moments = merged([(b, e) for b, e in stops if e is not None])
        if self.rules.strategy == "subtract":
            return self.own_due + sum(e - b for b, e in moments)
        paused = sum(self.office.worked(b, e) for b, e in moments)
        return self.office.after(self.own_due, paused) if paused else self.own_due

    # Verdicts (§5)

    def doubtful(self, end):
        """Whether nobody knows how long it took until its end."""
        return self.uncertain is not None and self.uncertain <= end

    def verdict_plain(self):
        if self.outcome != "completed":
            return None
        if self.doubtful(self.end):
            return "clock_uncertain"
        due = self.last_due(self.end + 1)
        if due is None:
            return "no_deadline"
        if self.rules.precision == "date":
            return "on_time" if day_of(self.end) <= day_of(due) else "late"
        return "on_time" if self.end <= due else "late"

    def verdict_766(self):
        if self.end_766 is None:
            return None
        if self.doubtful(self.end_766):
            return "clock_uncertain"
        by = self.end_766 + 1
        due = self.last_due(by)
        due = self.own_due if due is None else due
        standing_8 = self.end is None
        asked = [r for r in self.requests if not standing_8 or r.order < self.order_of_8]
        earlier = self.accepting.supplements if self.boarded is not None else 0
        if len(asked) + earlier > 1:
            return "late"
        if due is None:
            return "no_deadline"
        return "on_time" if self.end_766 - self.completed_ms(by) <= due else "late"

    def verdict_06b(self):
        if self.outcome != "completed":
            return None
        if self.doubtful(self.end):
            return "clock_uncertain"
        due = self.due_06b(self.end + 1)
        if due is None:
            return "no_deadline"
        end, due = day_of(self.end), day_of(due)
        return "early" if end < due else "on_time" if end == due else "late"

    def verdict_first_due(self):
        if self.outcome != "completed":
            return None
        if self.doubtful(self.end):
            return "clock_uncertain"
        due = self.first_due(self.end + 1)
        due = self.own_due if due is None else due
        if due is None:
            return "no_deadline"
        return "on_time" if self.end - self.completed_ms(self.end + 1) <= due else "late"

    # Stocks (§4, §7): how it stood at the end of a day, in the present view

    def stood(self, day, rule):
        """(class, slot) at the end of a day; None: not open."""
        at = midnight(day + 1)
        end = self.end_766 if rule == "766" else self.end
        begun = self.accepted if self.boarded is None else self.boarded
        if begun is None or begun >= at or (end is not None and end < at):
            return None
        paused = self._last_running(at) in (5, 6, 8)
        return ("paused" if paused else "in_process", self._slot(at, rule))

    def _slot(self, at, rule):
        if rule != "plain" and self.uncertain is not None and self.uncertain < at:
            return "uncertain"
        if rule == "plain":
            due = self.last_due(at)
        elif rule == "06b":
            due = self.due_06b(at)
        elif rule == "first_due":
            due = self.first_due(at)
            due = self.own_due if due is None else due
        else:
            return self._slot_766(at)
        return None if due is None else day_of(due)

    def _slot_766(self, at):
        due = self.last_due(at)
        due = self.own_due if due is None else due
        if self.asked(at) > 1:
            return "late"
        if due is None:
            return None
        off = self.completed_ms(at)
        for r in self.requests:
            if r.asked < at and (r.ended is None or r.ended >= at):
                return "in_time" if r.asked - off <= due else "late"
        return day_of(due + off)

    # Places (§3)

    def place(self, event):
        """Where an event is, corrected: the amended agency replaces the one that received."""
        agency, unit = event.agency, event.unit
        if agency != self.accepting.agency:
            return agency, unit
        amended_unit = self.amended("unit")
        if unit == self.accepting.unit and amended_unit is not None:
            unit = amended_unit
        return self.amended("agency") or agency, unit

    def holders(self, before=None):
        """(from when, place) from acceptance to the end, one for each hand-off."""
        if self.accepting is None:
            return []
        begun = self.accepted if self.boarded is None else self.boarded
        path = [(begun, self.place(self.accepting))]
        for event in self.after_acceptance:
            if self._is_over(event):
                break
            if self._running_state(event) is None and event is not self.end_event:
                continue
            if self.place(event) != path[-1][1]:
                path.append((max(begun, effective(event)), self.place(event)))
        return [step for step in path if before is None or step[0] < before]

    def stood_at(self, day):
        """Who held it at the end of a day at which it was open."""
        return self.holders(midnight(day + 1))[-1][1]

    # What official figures are counted by (§6; DOMAIN.md §2.2)

    def begun(self):
        return self.accepted if self.boarded is None else self.boarded

    def rating(self):
        """(when, 1 to 5) of the last rating; what lies between two steps is nearer to 3."""
        ratings = [e for e in self.said if e.kind is Kind.RATED]
        if not ratings:
            return None
        last = ratings[-1]
        fifths = Fraction(5 * last.score, last.scale)
        steps = range(1, 6)
        if fifths >= 4:
            step = max(n for n in steps if n <= fifths)
        elif fifths <= 2:
            step = min(n for n in steps if n >= fifths)
        else:
            step = 3
        return effective(last), step

    def traits(self):
        """Their names."""
        who = (
            self.amended("applicant_type")
            or self.accepting.applicant_type
            or self._said("applicant_type")
        )
        names = {["", "CITIZEN", "BUSINESS", "STATE_AGENCY", "ORGANISATION"][who]}
        rating = self.rating()
        holds = {
            "IDENTITY": self._identity(),
            "LISTED": self.row is not None,
            "ELIGIBLE": self.row is not None and self.row.eligible,
            "FEE_BEARING": self.row is not None and self.row.fee,
            "DOCUMENT_RESULT": self.row is not None and self.row.document_result,
            "BUNDLED": self.row is not None and self.row.bundled,
            "DISLIKED": rating is not None and rating[1] <= 2,
            "SYNCED": any(
                (e.target, e.code) == ("dvcqg", 0) for e in self._of(Kind.SYNC_ACKNOWLEDGED)
            ),
        }
        fees = [e.amount for e in self._of(Kind.PAYMENT_REQUESTED)]
        holds["FEE_ASKED"] = any(fees)
        holds["FEE_ZERO"] = bool(fees) and not any(fees)
        forms = {e.form for e in self._of(Kind.PAYMENT_MADE)}
        for number, form in enumerate(("PAID_NATIONAL", "PAID_LOCAL", "PAID_DIRECT"), start=1):
            holds[form] = number in forms
        results = self._of(Kind.RESULT_ISSUED)
        holds["ELECTRONIC_RESULT"] = any(e.electronic for e in results)
        holds["PAPER_RESULT"] = any(e.paper for e in results)
        for last in self._of(Kind.DOCUMENTS_ATTACHED)[-1:]:
            holds["DIGITISED"] = last.digitised > 0
            holds["REUSED"] = last.reused > 0
            holds["NATIONAL_STORE"] = last.national_store > 0
            holds["POPULATION"] = last.population > 0
        verified = [e.identity_verified for e in self._of(Kind.DOCUMENTS_ATTACHED)]
        verified = [said for said in verified if said is not None]
        holds["VERIFIED"] = bool(verified) and verified[-1]
        return (names | {name for name, held in holds.items() if held}) - {""}

    def _of(self, kind):
        return [e for e in self.said if e.kind is kind]

    def _identity(self):
        """As attached at acceptance: what accepts it says so, else the first word before it."""
        words = [e.identity_attached for e in self.amendments]
        words = [said for said in words if said is not None]
        if words:
            return words[-1]
        if self.accepting.kind is Kind.STATE and self.accepting.identity_attached is not None:
            return self.accepting.identity_attached
        for event in self.said:
            if order(event) >= self.at_accepting:
                return False
            if event.kind is Kind.STATE and event.identity_attached is not None:
                return event.identity_attached
        return False

    # Clocks (§5): elapsed and working time, and whether it was within its limit

    def clocks(self):
        """(name, from, until, within or None) of what has come to its end before any doubt."""
        if self.accepting is None:
            return []
        return [
            each
            for each in self._all_clocks()
            if self.uncertain is None or each[2] < self.uncertain
        ]

    def _all_clocks(self):
        office, found = self.office, []
        begun = self.accepted if self.boarded is None else self.boarded
        if self.boarded is None:
            if self.submitted is not None and self.submitted <= self.accepted:
                worked = office.worked(self.submitted, self.accepted)
                found.append(("acceptance", self.submitted, self.accepted, worked <= 8 * HOUR))
            found += self._desk()
        for r in self.all_requests:
            if r.completed:
                found.append(("supplement", r.asked, r.ended, None))
        if self.outcome == "completed":
            due = self.due_06b(self.end + 1)
            within = None if due is None else self.end <= due
            found.append(("processing", self.accepted, self.end, within))
            if self.handed_over is not None and self.end_event.state == 9:
                found.append(("handover", self.end, max(self.end, self.handed_over), None))
        for p in self.pauses:
            if p.end is not None and p.end >= begun:
                name = "payment" if p.state == 6 else "stopped"
                found.append((name, max(begun, p.begin), p.end, None))
        return found

    def _desk(self):
        """What the receiving desk has to do in time (Decree 61/2018 Art. 18, 19(4))."""
        office, found = self.office, []
        fours = [effective(e) for e in self.events if is_state(e) and e.state == 4]
        day = day_of(self.accepted)
        if fours and fours[0] >= self.accepted:
            early = self.accepted <= midnight(day) + 15 * HOUR
            if office.works(day) and early:
                by = office.close(day)
            else:  # the first working hour of the next working day
                by = office.sessions(office.working_day_from(day + 1))[0][0] + HOUR
            found.append(("forward", self.accepted, fours[0], fours[0] <= by))
        if self.requests and (not fours or self.requests[0].asked <= fours[0]):
            for _ in range(3):
                day = office.working_day_from(day + 1)
            asked = self.requests[0].asked
            found.append(("request", self.accepted, asked, asked <= office.close(day)))
        return found


def merged(intervals):
    found = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
