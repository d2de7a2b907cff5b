"""What the law's rules make of a dossier's view: limit, due dates, verdicts (MEASURES.md §5)."""

from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import HOUR_MS, Limit, Pause, due, suspended
from monitor.domain.deadlines import Due as OwnDue
from monitor.domain.event import State
from monitor.domain.lifecycle import RuleName
from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    FIXED_UNCERTAIN,
    NO_SLOT,
    Clock,
)
from monitor.domain.policy import Legal, Policy, Precision
from monitor.domain.procedure import Procedure
from monitor.domain.view import Rescheduling, Supplement, View
from monitor.domain.zone import Zone


class Verdict(StrEnum):
    """How a dossier stands by a rule."""

    EARLY = "early"  # 06b only: on an earlier day than it is due
    ON_TIME = "on_time"
    LATE = "late"
    NO_DEADLINE = "no_deadline"  # no due date and no limit: in no ratio
    CLOCK_UNCERTAIN = "clock_uncertain"  # nobody knows how long it took: in no ratio either


class Judgement(NamedTuple):
    """A verdict with what it rests on."""

    rule: RuleName
    verdict: Verdict
    end_ms: int  # as the rule counts it, supplements taken off
    due_ms: int | None


class Reckoning:
    """A view under the law's side of a policy. Everything here is a question to be asked.

    It is of the view as it was when the reckoning was made: that is done for every posting.
    """

    __slots__ = (
        "calendar",
        "end_ms",
        "legal",
        "limit",
        "own",
        "procedure",
        "requests",
        "view",
        "zone",
    )

    def __init__(
        self,
        view: View,
        zone: Zone,
        legal: Legal,
        *,
        calendar: WorkCalendar,
        procedure: Procedure | None,
        limit: Limit | None,
        own: OwnDue | None,
    ) -> None:
        self.view = view
        self.zone = zone
        self.legal = legal
        self.calendar = calendar
        self.procedure = procedure
        self.limit = limit
        self.own = own  # receipt + limit, without any pause
        self.end_ms = view.end_ms
        # Supplement requests from acceptance, or the snapshot, to the end.
        self.requests: list[Supplement] = []
        if view.supplements:
            began_ms = view.began_ms or 0
            self.requests = [
                s for s in view.supplements if s.asked_ms >= began_ms and not s.after_end
            ]

    @classmethod
    def of(cls, view: View, zone: Zone, legal: Legal) -> "Reckoning":
        """For an accepted dossier. An ended one uses the decisions known by its end."""
        accepted_ms = view.accepted_ms
        if accepted_ms is None:
            raise ValueError("a dossier that is not accepted has nothing to reckon")
        end_ms = view.end_ms
        agency = view.receiver.agency
        if end_ms is None:
            calendar = legal.calendars.calendar(agency)
        else:
            calendar = legal.calendars.calendar_known_at(zone.day(end_ms), agency)
        procedure = legal.catalogue.on(view.procedure, zone.day(accepted_ms))
        limit = procedure.limit(view.channel) if procedure else None
        own = None
        if limit is not None:
            try:
                start_ms = accepted_ms
                if procedure is not None and procedure.forward_moves_due:
                    start_ms = counted_from(accepted_ms, calendar, zone, legal)
                own = due(start_ms, limit, calendar)
            except ValueError:  # it lies beyond the calendar: no deadline that we could count
                own = None
        return cls(
            view,
            zone,
            legal,
            calendar=calendar,
            procedure=procedure,
            limit=limit,
            own=own,
        )

    # -- what the rules are made of --------------------------------------------------------

    @property
    def stopped_ms(self) -> int | None:
        """Since when an open dossier stands in 8, which ends it under the 766 rule only."""
        moves = self.view.moves
        if not moves or moves[-1].state != _STOPPED:
            return None
        stopped_ms, place = 0, moves[-1].place
        for move in reversed(moves):
            # An 8 that is repeated is no new one, but at another unit: the dossier was handed on,
            # and the unit before has it no more, neither open nor ended.
            if move.state != _STOPPED or move.place != place:
                break
            stopped_ms = move.at_ms
        return max(stopped_ms, self.view.began_ms or 0)

    @property
    def end_766_ms(self) -> int | None:
        """The end as the 766 rule has it: the 9, else the 10, else 7, 3 or the standing 8."""
        end_ms = self.end_ms
        return self.stopped_ms if end_ms is None else end_ms

    @property
    def backdated(self) -> bool:
        """Whether the end was claimed for more than a working day before it arrived."""
        end_ms, told_ms = self.end_ms, self.view.end_told_ms
        if end_ms is None or told_ms is None or told_ms <= end_ms:
            return False
        try:
            return self.calendar.worked_ms(end_ms, told_ms) > WORKING_DAY_MS
        except ValueError:  # one of them lies beyond the calendar
            return False

    def supplemented_ms(self, rule: RuleName, until_ms: int) -> int:
        """Elapsed time of supplement requests completed by then, if they stop the rule's clock."""
        earlier_ms = self.view.earlier_pauses_ms
        if not earlier_ms and not self.requests:
            return 0
        if _SUPPLEMENT_REQUESTED not in self.legal.stops[rule]:
            return 0
        return earlier_ms + sum(
            s.ended_ms - s.asked_ms
            for s in self.requests
            if s.completed and s.ended_ms is not None and s.ended_ms <= until_ms
        )

    def pauses(self, rule: RuleName, at_ms: int) -> list[Pause]:
        """What stops a rule's clock up to an instant; open ones have no end."""
        stops = self.legal.stops[rule]
        pauses = []
        if _SUPPLEMENT_REQUESTED in stops:
            for s in self.requests:
                if s.asked_ms > at_ms:
                    continue
                if s.ended_ms is None or s.ended_ms > at_ms:
                    pauses.append(Pause(s.asked_ms, None))
                elif s.completed:
                    pauses.append(Pause(s.asked_ms, s.ended_ms))
        moves = self.view.moves
        for place, move in enumerate(moves):
            if move.state == _SUPPLEMENT_REQUESTED or move.state not in stops:
                continue
            if move.at_ms > at_ms:
                break
            # A state that is said again is the same pause: it is over with another one.
            until = next((m.at_ms for m in moves[place:] if m.state != move.state), None)
            pauses.append(Pause(move.at_ms, None if until is None or until > at_ms else until))
        return pauses

    def own_due_ms(self, rule: RuleName, at_ms: int) -> int | None:
        """Our due date, moved by the pauses up to an instant; None while it is unknown."""
        if self.own is None or self.limit is None:
            return None
        pauses = self.pauses(rule, at_ms)
        if not pauses:
            return self.own.due_ms
        try:
            moved = suspended(
                self.legal.strategy, self.own, pauses, limit=self.limit, calendar=self.calendar
            )
        except ValueError:  # beyond the calendar
            return None
        return None if moved is None else moved.due_ms

    # -- due dates by rule -----------------------------------------------------------------

    def due_06b_ms(self, at_ms: int) -> int | None:
        """The last due date sent by then, never moved by us; else ours, moved by its pauses."""
        sent = self.view.due_at(at_ms)
        return self.own_due_ms(_R06B, at_ms) if sent is None else sent

    def due_766_ms(self, at_ms: int) -> int | None:
        """The last due date sent by then, else receipt plus the procedure's limit."""
        sent = self.view.due_at(at_ms)
        if sent is not None:
            return sent
        return None if self.own is None else self.own.due_ms

    def first_due_ms(self, at_ms: int) -> int | None:
        """The first due date sent by then, no rescheduling; else receipt plus limit."""
        sent = self.view.first_due_at(at_ms)
        if sent is not None:
            return sent
        return None if self.own is None else self.own.due_ms

    def put_off_late(self, rescheduling: Rescheduling) -> bool:
        """Whether a new due date was made at or after the one then in force."""
        in_force = self.due_06b_ms(rescheduling.at_ms - 1)
        return in_force is not None and rescheduling.at_ms >= in_force

    # -- verdicts --------------------------------------------------------------------------

    def judge_766(self) -> Judgement | None:
        """End less completed supplements against the due date; a second request is late.

        None while the dossier is in process: then its slot tells (`slot_766`).
        """
        end_ms = self.end_766_ms
        if end_ms is None:
            return None
        due_ms = self.due_766_ms(end_ms)
        net_ms = end_ms - self.supplemented_ms(_R766, end_ms)
        asked = len(self.requests)
        if self.end_ms is None:  # none that came after the standing 8, which ends them
            asked = sum(s.ended_ms is not None and s.ended_ms <= end_ms for s in self.requests)
        if self.view.uncertain(end_ms):
            verdict = _CLOCK_UNCERTAIN
        elif asked + self.view.earlier_supplements > 1:
            verdict = _LATE
        elif due_ms is None:
            verdict = _NO_DEADLINE
        else:
            verdict = _ON_TIME if net_ms <= due_ms else _LATE
        return Judgement(_R766, verdict, net_ms, due_ms)

    def judge_06b(self) -> Judgement | None:
        """By local dates, of processed dossiers: early, on time, late."""
        end_ms = self.end_ms
        if end_ms is None or not self.view.completed:
            return None
        due_ms = self.due_06b_ms(end_ms)
        if self.view.uncertain(end_ms):
            return Judgement(_R06B, _CLOCK_UNCERTAIN, end_ms, due_ms)
        if due_ms is None:
            return Judgement(_R06B, _NO_DEADLINE, end_ms, None)
        ended, due_day = self.zone.day(end_ms), self.zone.day(due_ms)
        verdict = _EARLY if ended < due_day else _LATE if ended > due_day else _ON_TIME
        return Judgement(_R06B, verdict, end_ms, due_ms)

    def judge_first_due(self) -> Judgement | None:
        """End less completed supplements against the first due date: no rescheduling counts."""
        end_ms = self.end_ms
        if end_ms is None or not self.view.completed:
            return None
        due_ms = self.first_due_ms(end_ms)
        net_ms = end_ms - self.supplemented_ms(_FIRST_DUE, end_ms)
        if self.view.uncertain(end_ms):
            return Judgement(_FIRST_DUE, _CLOCK_UNCERTAIN, net_ms, due_ms)
        if due_ms is None:
            return Judgement(_FIRST_DUE, _NO_DEADLINE, net_ms, None)
        verdict = _ON_TIME if net_ms <= due_ms else _LATE
        return Judgement(_FIRST_DUE, verdict, net_ms, due_ms)

    # -- slots of the open stock: on which day a dossier falls due, as it stood then ---------

    def slot_06b(self, at_ms: int) -> int:
        """The day the 06b rule's due date lies on."""
        if self.view.uncertain(at_ms):
            return FIXED_UNCERTAIN
        return self._slot(self.due_06b_ms(at_ms))

    def slot_first_due(self, at_ms: int) -> int:
        """The day the first due date lies on."""
        if self.view.uncertain(at_ms):
            return FIXED_UNCERTAIN
        return self._slot(self.first_due_ms(at_ms))

    def slot_766(self, at_ms: int) -> int:
        """The day of the due date plus completed supplements; waiting ones are fixed."""
        if self.view.uncertain(at_ms):
            return FIXED_UNCERTAIN
        asked = self.requests and [s for s in self.requests if s.asked_ms <= at_ms]
        if len(asked) + self.view.earlier_supplements > 1:
            return FIXED_LATE
        due_ms = self.due_766_ms(at_ms)
        if due_ms is None:
            return NO_SLOT
        extended = due_ms + self.supplemented_ms(_R766, at_ms)
        if asked and (asked[-1].ended_ms is None or asked[-1].ended_ms > at_ms):
            return FIXED_IN_TIME if asked[-1].asked_ms <= extended else FIXED_LATE
        return self.zone.day(extended)

    def _slot(self, due_ms: int | None) -> int:
        return NO_SLOT if due_ms is None else self.zone.day(due_ms)


_STOPPED: Final = int(State.STOPPED)
_SUPPLEMENT_REQUESTED: Final = int(State.SUPPLEMENT_REQUESTED)
_R766: Final = RuleName.R766
_R06B: Final = RuleName.R06B
_FIRST_DUE: Final = RuleName.FIRST_DUE
_EARLY: Final = Verdict.EARLY
_ON_TIME: Final = Verdict.ON_TIME
_LATE: Final = Verdict.LATE
_NO_DEADLINE: Final = Verdict.NO_DEADLINE
_CLOCK_UNCERTAIN: Final = Verdict.CLOCK_UNCERTAIN

WORKING_DAY_MS: Final = 8 * HOUR_MS  # practice: provincial engine, DOMAIN.md §3.4


def counted_from(accepted_ms: int, calendar: WorkCalendar, zone: Zone, legal: Legal) -> int:
    """What is received after the forwarding rule's cut-off counts from the next working day.

    For the procedures that say so only (law: Decree 63/2024 Art. 7: after 15:00).
    """
    day = zone.day(accepted_ms)
    limit = legal.limits(Clock.FORWARD, day)
    if limit is None or limit.cut_off_ms is None:
        return accepted_ms
    if not calendar.is_working_day(day) or zone.ms_of_day(accepted_ms) <= limit.cut_off_ms:
        return accepted_ms
    return calendar.next_opening(zone.start_of(calendar.next_working_day(day + 1)))


def judge_plain(view: View, policy: Policy) -> Judgement | None:
    """End against the last due date sent, completed dossiers only; no working time."""
    end_ms = view.end_ms
    if end_ms is None or not view.completed:
        return None
    due_ms = view.due_at(end_ms)
    if view.uncertain(end_ms):
        return Judgement(RuleName.PLAIN, Verdict.CLOCK_UNCERTAIN, end_ms, due_ms)
    if due_ms is None:
        return Judgement(RuleName.PLAIN, Verdict.NO_DEADLINE, end_ms, None)
    if policy.precision is Precision.DATE:
        in_time = policy.zone.day(end_ms) <= policy.zone.day(due_ms)
    else:
        in_time = end_ms <= due_ms
    verdict = Verdict.ON_TIME if in_time else Verdict.LATE
    return Judgement(RuleName.PLAIN, verdict, end_ms, due_ms)
