"""What a dossier's view books: the entries whose sums are the figures (ARCHITECTURE.md §2.1)."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from monitor.domain.applicants import reference
from monitor.domain.clocks import timed
from monitor.domain.event import ApplicantType, Channel, Level, State
from monitor.domain.hours import hours_of
from monitor.domain.lifecycle import RUNNING, RuleName
from monitor.domain.measures import (
    CONSUMED_BOUNDS,
    NO_SLOT,
    WORKED_BOUNDS,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.policy import Policy, Precision
from monitor.domain.reckoning import Judgement, Reckoning, Verdict
from monitor.domain.view import NOWHERE, Cell, Outcome, Place, View
from monitor.domain.warning import Noted, QualityWarning


class Account(NamedTuple):
    """Where an amount is booked: a measure and its dimensions, a day, and a slot.

    The slot is the day it falls due for stocks, the bin for times, the number for warnings, the
    hour for what is booked by the hour. For applicants see `applicants`.
    """

    measure: int
    cell: Cell
    day: int  # days since 1970-01-01 in the policy's zone
    slot: int = NO_SLOT


Entries = dict[Account, int]

_Stock = tuple[int, Place, int]  # of an open dossier: measure, who holds it, slot

_AT_DEADLINE: Final = CONSUMED_BOUNDS.index(1000)

_VERDICTS: Final = {
    (RuleName.R766, Verdict.ON_TIME): Measure.ON_TIME_766,
    (RuleName.R766, Verdict.LATE): Measure.LATE_766,
    (RuleName.R766, Verdict.NO_DEADLINE): Measure.NO_DEADLINE_766,
    (RuleName.R06B, Verdict.EARLY): Measure.EARLY_06B,
    (RuleName.R06B, Verdict.ON_TIME): Measure.ON_TIME_06B,
    (RuleName.R06B, Verdict.LATE): Measure.LATE_06B,
    (RuleName.R06B, Verdict.NO_DEADLINE): Measure.NO_DEADLINE_06B,
    (RuleName.FIRST_DUE, Verdict.ON_TIME): Measure.ON_TIME_FIRST_DUE,
    (RuleName.FIRST_DUE, Verdict.LATE): Measure.LATE_FIRST_DUE,
    (RuleName.FIRST_DUE, Verdict.NO_DEADLINE): Measure.NO_DEADLINE_FIRST_DUE,
}


def post(view: View, policy: Policy) -> Entries:
    """All entries of a dossier. Amounts are counts or milliseconds, never 0."""
    entries: Entries = {}
    if policy.legal is None:
        _post_plain(entries, view, policy)
        return entries
    warnings = list(view.warnings)
    if view.accepted_ms is None:
        _post_plain(entries, view, policy)
    else:
        reckoning = Reckoning.of(view, policy.zone, policy.legal)
        warnings.extend(oddities(reckoning))
        procedure = reckoning.procedure
        if procedure is not None and procedure.level != view.level:
            # The catalogue's level on the receipt day stands; the one sent is only warned about.
            view = replace(view, level=procedure.level)
            reckoning = replace(reckoning, view=view)
        _post_plain(entries, view, policy)
        post_legal(entries, reckoning)
        entries.update(list(hours_of(entries, reckoning)))
        if (referred := reference(view, policy.zone)) is not None:
            entries[Account(*referred)] = 1
        timed: Entries = {}
        try:
            post_clocks(timed, reckoning)
        except ValueError:
            # An instant beyond the calendar: nothing is timed.
            warnings.append(
                Noted(
                    QualityWarning.BEYOND_CALENDAR, accepting_source(view), view.began_ms or 0
                )
            )
        else:
            entries.update(timed)
    agency = view.receiver.agency
    for warning, source, at_ms in warnings:
        cell = Cell(agency, "", "", 0, "", 0, source=source)
        _add(entries, Account(Measure.WARNED, cell, policy.zone.day(at_ms), warning))
    return entries


def _add(entries: Entries, account: Account, amount: int = 1) -> None:
    entries[account] = entries.get(account, 0) + amount


# -- the plain measures ----------------------------------------------------------------------


def _post_plain(entries: Entries, view: View, policy: Policy) -> None:
    day = policy.zone.day
    if view.submitted_ms is not None:
        to = view.cell(view.submitted_to)
        entries[Account(Measure.SUBMITTED, to, day(view.submitted_ms))] = 1
    accepted_ms = view.accepted_ms
    if accepted_ms is None:
        outcome = view.outcome
        if outcome is Outcome.REFUSED or outcome is Outcome.WITHDRAWN_UNACCEPTED:
            refused = outcome is Outcome.REFUSED
            measure = Measure.REFUSED if refused else Measure.WITHDRAWN_UNACCEPTED
            entries[Account(measure, view.cell(view.settler), day(view.standing_ms))] = 1
        return

    received_by = view.cell(view.receiver)
    if view.boarded_ms is None:
        entries[Account(Measure.ACCEPTED, received_by, day(accepted_ms))] = 1
    else:
        entries[Account(Measure.BOARDED, received_by, day(view.boarded_ms))] = 1
    end_ms = view.end_ms
    if end_ms is not None:
        settled_by = view.cell(view.settler)
        ended = day(end_ms)
        if view.processed_ms is None and view.standing != State.HANDED_OVER:
            entries[Account(Measure.RETURNED, settled_by, ended)] = 1
        else:
            entries[Account(Measure.COMPLETED, settled_by, ended)] = 1
            _post_time_taken(entries, view, policy, Account(0, settled_by, ended))
        if view.standing == State.HANDED_OVER:
            at = day(max(view.standing_ms, accepted_ms))
            entries[Account(Measure.HANDED_OVER, settled_by, at)] = 1
    _post_stock(
        entries,
        view,
        policy,
        (Measure.IN_PROCESS, Measure.PAUSED),
        end_ms,
        lambda at: _day_or_none(view.due_at(at), policy),
    )


def _day_or_none(ms: int | None, policy: Policy) -> int:
    return NO_SLOT if ms is None else policy.zone.day(ms)


def _post_time_taken(entries: Entries, view: View, policy: Policy, at: Account) -> None:
    accepted_ms, end_ms = view.accepted_ms or 0, view.end_ms or 0
    if end_ms > accepted_ms:
        entries[at._replace(measure=Measure.PROCESSING_TIME)] = end_ms - accepted_ms
    due_ms = view.due_ms
    if due_ms is None:
        entries[at._replace(measure=Measure.NO_DEADLINE)] = 1
        return
    if policy.precision is Precision.DATE:
        day = policy.zone.day
        taken, allowed = at.day - day(accepted_ms), day(due_ms) - day(accepted_ms)
    else:
        taken, allowed = end_ms - accepted_ms, due_ms - accepted_ms
    verdict = Measure.ON_TIME if taken <= allowed else Measure.LATE
    entries[at._replace(measure=verdict)] = 1
    measure = Measure.DEADLINE_CONSUMED + consumed_bin(taken, allowed)
    entries[at._replace(measure=measure)] = 1


def consumed_bin(taken: int, allowed: int) -> int:
    """The histogram's bin for a time taken of a time allowed, both in the same unit.

    Where nothing was allowed, what is on time has consumed all of it, and what is late has
    consumed more than any bound.
    """
    if allowed > 0:
        permille = -(-taken * 1000 // allowed)  # rounded up: a bound is not passed by a hair
        return bisect_left(CONSUMED_BOUNDS, permille)
    return _AT_DEADLINE if taken <= allowed else len(CONSUMED_BOUNDS)


# -- stocks ------------------------------------------------------------------------------------


def _post_stock(
    entries: Entries,
    view: View,
    policy: Policy,
    measures: tuple[Measure, Measure],
    end_ms: int | None,
    slot: Callable[[int], int],
) -> None:
    """Movements of an open stock: from where a day found the dossier to where it left it.

    `slot` tells on which day the dossier falls due by the stock's rule, as it stood then.
    """
    day = policy.zone.day
    left: dict[int, _Stock | None] = {}  # by day, where it left the dossier; in order of days
    for at_ms, place, paused in _stretches(view, end_ms):
        left[day(at_ms)] = measures[paused], place, slot(at_ms)
    if end_ms is not None:
        left[day(end_ms)] = None
    before: _Stock | None = None
    for on, here in left.items():
        if here == before:
            continue
        if before is not None:
            measure, place, due_day = before
            entries[Account(measure, view.cell(place), on, due_day)] = -1
        if here is not None:
            measure, place, due_day = here
            entries[Account(measure, view.cell(place), on, due_day)] = 1
        before = here


def _stretches(view: View, end_ms: int | None) -> Iterator[tuple[int, Place, bool]]:
    """Who holds an open dossier and whether it is paused, at every instant anything changes.

    Changes are new stints, due dates made, supplements asked for and ended; and a move within a
    stint, because a 6 that becomes an 8 ends a pause, by which a due date of ours moves.
    """
    stints = view.stints
    began_ms = stints[0].from_ms
    instants = {stint.from_ms for stint in stints}
    instants.update(move.at_ms for move in view.moves)
    instants.update(made.made_ms for made in view.dues)
    for supplement in view.supplements:
        instants.add(supplement.asked_ms)
        if supplement.ended_ms is not None:
            instants.add(supplement.ended_ms)
    position = 0
    for at_ms in sorted(instants):
        if at_ms < began_ms or (end_ms is not None and at_ms > end_ms):
            continue
        while position + 1 < len(stints) and stints[position + 1].from_ms <= at_ms:
            position += 1
        yield at_ms, stints[position].place, stints[position].paused


# -- the law's measures ----------------------------------------------------------------------


def post_legal(entries: Entries, reckoning: Reckoning) -> None:
    view, zone = reckoning.view, reckoning.zone
    day = zone.day
    for judgement in (
        reckoning.judge_766(),
        reckoning.judge_06b(),
        reckoning.judge_first_due(),
    ):
        if judgement is not None:
            _post_verdict(entries, reckoning, judgement)
    policy = Policy(zone)
    end_ms = view.end_ms
    for measures, until_ms, slot in (
        (
            (Measure.IN_PROCESS_766, Measure.PAUSED_766),
            reckoning.end_766_ms,
            reckoning.slot_766,
        ),
        ((Measure.IN_PROCESS_06B, Measure.PAUSED_06B), end_ms, reckoning.slot_06b),
        (
            (Measure.IN_PROCESS_FIRST_DUE, Measure.PAUSED_FIRST_DUE),
            end_ms,
            reckoning.slot_first_due,
        ),
    ):
        _post_stock(entries, view, policy, measures, until_ms, slot)
    for supplement in reckoning.requests:
        cell = view.cell(supplement.place)
        _add(entries, Account(Measure.SUPPLEMENT_REQUESTS, cell, day(supplement.asked_ms)))
    _post_hand_offs(entries, reckoning)
    _post_reschedulings(entries, reckoning)
    first_ms = view.first_due_at(end_ms)
    if first_ms is not None and reckoning.own is not None:
        sent, own = day(first_ms), day(reckoning.own.due_ms)
        if sent == own:
            measure = Measure.DUE_EQUAL
        else:
            measure = Measure.DUE_EARLIER if sent < own else Measure.DUE_LATER
        at = Account(measure, view.cell(view.receiver), day(view.began_ms or 0))
        _add(entries, at)


def _post_verdict(entries: Entries, reckoning: Reckoning, judgement: Judgement) -> None:
    """A verdict is booked on the day of the end, not of the end less supplements."""
    view = reckoning.view
    end_ms = reckoning.end_766_ms if judgement.rule is RuleName.R766 else view.end_ms
    place = view.settler if view.end_ms is not None else view.holder
    measure = _VERDICTS[judgement.rule, judgement.verdict]
    day = reckoning.zone.day(end_ms or 0)
    _add(entries, Account(measure, view.cell(place), day))


def _post_hand_offs(entries: Entries, reckoning: Reckoning) -> None:
    """-1 and +1 of a hand-off on its day: the table by settlement shows in less out."""
    view, day = reckoning.view, reckoning.zone.day
    place = view.receiver
    for move in view.moves[view.opened_at :]:
        if move.state not in RUNNING or move.place == place:
            continue
        on = day(max(move.at_ms, view.began_ms or 0))
        _add(entries, Account(Measure.HANDED_OUT, view.cell(place), on))
        _add(entries, Account(Measure.HANDED_IN, view.cell(move.place), on))
        place = move.place
    if view.end_ms is not None and view.settler not in (place, NOWHERE):
        on = day(view.end_ms)
        _add(entries, Account(Measure.HANDED_OUT, view.cell(place), on))
        _add(entries, Account(Measure.HANDED_IN, view.cell(view.settler), on))


def _post_reschedulings(entries: Entries, reckoning: Reckoning) -> None:
    view, day = reckoning.view, reckoning.zone.day
    for rescheduling in view.reschedulings:
        cell = view.cell(view.receiver)
        on = day(rescheduling.at_ms)
        _add(entries, Account(Measure.RESCHEDULED, cell, on))
        if reckoning.put_off_late(rescheduling):
            _add(entries, Account(Measure.LATE_RESCHEDULES, cell, on))


def post_clocks(entries: Entries, reckoning: Reckoning) -> None:
    view, zone, calendar = reckoning.view, reckoning.zone, reckoning.calendar
    for clock, from_ms, until_ms, place, limit_ms, step, holder in timed(reckoning):
        cell = view.cell(place)
        if clock is Clock.STEP:
            cell = cell._replace(step=step, holder=holder)
        booked_ms = view.accepted_ms or 0 if clock is Clock.ACCEPTANCE else until_ms
        at = Account(0, cell, zone.day(booked_ms))
        worked = calendar.worked_ms(from_ms, until_ms)
        if until_ms > from_ms:
            _add(
                entries,
                at._replace(measure=clock_measure(clock, Part.ELAPSED)),
                until_ms - from_ms,
            )
        if worked:
            _add(entries, at._replace(measure=clock_measure(clock, Part.WORKED)), worked)
        in_bin = at._replace(slot=bisect_left(WORKED_BOUNDS, worked))
        _add(entries, in_bin._replace(measure=clock_measure(clock, Part.WORKED_BINS)))
        if limit_ms is None:
            continue
        within = until_ms <= limit_ms
        part = Part.WITHIN if within else Part.BEYOND
        _add(entries, at._replace(measure=clock_measure(clock, part)))
        if clock is Clock.SYNC:  # bound by the wall clock
            share = consumed_bin(until_ms - from_ms, limit_ms - from_ms)
        else:
            share = consumed_bin(worked, calendar.worked_ms(from_ms, limit_ms))
        if not within:  # by the instant, though no more was worked: after the close it fell due
            share = max(share, CONSUMED_BOUNDS.index(1000) + 1)
        _add(
            entries,
            at._replace(measure=clock_measure(clock, Part.LIMIT_BINS), slot=share),
        )


# -- warnings that need the law --------------------------------------------------------------


def oddities(reckoning: Reckoning) -> Iterator[Noted]:
    """What is odd about an accepted dossier as a whole; what one event shows, `fold` noted."""
    view = reckoning.view
    source = accepting_source(view)
    if view.boarded_ms is None:
        yield from _odd_at_reception(reckoning, source, view.accepted_ms or 0)
    for supplement in reckoning.requests[1:]:
        yield Noted(QualityWarning.SECOND_SUPPLEMENT, source, supplement.asked_ms)
    yield from _odd_reschedulings(reckoning)
    if view.end_ms is not None:
        yield from _odd_at_end(view, source, view.end_ms)
        if reckoning.backdated:
            yield Noted(QualityWarning.BACKDATED_END, source, view.end_ms)


def accepting_source(view: View) -> str:
    """Whose dossier it is: the source that accepted it."""
    accepting = view.moves[view.opened_at : view.opened_at + 1]
    return accepting[0].source if accepting else view.source


def _odd_reschedulings(reckoning: Reckoning) -> Iterator[Noted]:
    for number, rescheduling in enumerate(reckoning.view.reschedulings):
        if number:
            yield Noted(
                QualityWarning.RESCHEDULED_AGAIN, rescheduling.source, rescheduling.at_ms
            )
        if reckoning.put_off_late(rescheduling):
            yield Noted(
                QualityWarning.RESCHEDULED_LATE, rescheduling.source, rescheduling.at_ms
            )
        if not rescheduling.apology:
            yield Noted(QualityWarning.NO_APOLOGY, rescheduling.source, rescheduling.at_ms)


def _odd_at_end(view: View, source: str, end_ms: int) -> Iterator[Noted]:
    ended_ms = view.standing_ms if view.processed_ms is None else view.processed_ms
    if ended_ms < end_ms:  # the end was booked on the receipt
        yield Noted(QualityWarning.END_BEFORE_RECEIPT, source, end_ms)
    if view.outcome is Outcome.COMPLETED:
        if view.processed_ms is None:
            yield Noted(QualityWarning.END_WITHOUT_PROCESSED, source, end_ms)
        due_ms = view.due_ms
        if due_ms is not None and due_ms // 1000 == ended_ms // 1000:
            yield Noted(QualityWarning.END_EQUALS_DUE, source, end_ms)
    for made in view.dues:
        if made.made_ms > end_ms:
            yield Noted(QualityWarning.DUE_AFTER_END, source, made.made_ms)


def _odd_at_reception(reckoning: Reckoning, source: str, accepted_ms: int) -> Iterator[Noted]:
    view, zone = reckoning.view, reckoning.zone
    procedure = reckoning.procedure
    if procedure is None:
        yield Noted(QualityWarning.UNKNOWN_PROCEDURE, source, accepted_ms)
    elif view.level and view.level != procedure.level:
        yield Noted(QualityWarning.LEVEL_DIFFERS, source, accepted_ms)
    if not reckoning.legal.agency_known(view.receiver.agency, zone.day(accepted_ms)):
        yield Noted(QualityWarning.UNKNOWN_AGENCY, source, accepted_ms)
    first_ms = view.first_due_at(view.end_ms)
    own = reckoning.own
    if first_ms is not None and own is not None and zone.day(first_ms) != zone.day(own.due_ms):
        yield Noted(QualityWarning.DUE_DIFFERS, source, accepted_ms)
    if view.channel == Channel.ONLINE and view.level == Level.INFORMATION:
        yield Noted(QualityWarning.INFORMATION_ONLY_ONLINE, source, accepted_ms)
    if view.applicant_type == ApplicantType.CITIZEN and view.identity_attached is False:
        yield Noted(QualityWarning.IDENTITY_MISSING, source, accepted_ms)
