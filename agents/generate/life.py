"""What will happen to one dossier: its whole way is drawn when it is submitted.

Every way stays within the table of transitions (DOMAIN.md §3.1). Whether a dossier ends early, on
its due day or late is drawn first, and its steps are laid out to make that so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from agents.generate.country import PER_MILLE, Country, Desks, Outcome, Procedure
from agents.generate.office import DAY, Clock

DIRECT: Final = 1
ONLINE: Final = 2
POSTAL: Final = 3

_SECOND_MS: Final = 1_000


class Step(NamedTuple):
    """A dossier reaches a state. `due_ms` is what the system says from then on."""

    at_ms: int
    state: int
    desk: str
    name: str
    due_ms: int | None


class _Planned(NamedTuple):
    axis: int
    state: int
    desk: str
    name: str
    shift: int  # working days by which pauses have moved the due date


def way(
    rng: Random,
    *,
    country: Country,
    clock: Clock,
    procedure: Procedure,
    outcome: Outcome,
    channel: int,
    submitted_ms: int,
) -> list[Step]:
    """The steps of a dossier in the order of time."""
    names = country.steps
    desks = country.desks_of(procedure)
    steps: list[Step] = []
    accepted_ms: int | None = submitted_ms
    if channel == ONLINE:
        steps, accepted_ms = _before_acceptance(rng, country, clock, desks, submitted_ms)
    if accepted_ms is None:
        return steps
    due_ms = clock.due(accepted_ms, procedure)
    start = clock.axis(accepted_ms)
    due = None if due_ms is None else max(clock.axis(due_ms), start)
    end, in_time = _end(rng, start, due, outcome)
    steps.append(Step(accepted_ms, 2, desks.counter, names["accepted"], due_ms))
    latest_ms = accepted_ms
    for planned in _after_acceptance(
        rng, country, desks, start=start, end=end, channel=channel
    ):
        if due_ms is None or due is None:
            moved_ms = None
        elif planned.shift:
            moved_ms = _whole_second(clock.instant(due + planned.shift * DAY))
        else:
            moved_ms = due_ms
        at_ms = clock.instant(planned.axis)
        if planned.state == 9 and moved_ms is not None:
            at_ms = _kept(at_ms, moved_ms, in_time=in_time)
        latest_ms = max(at_ms, latest_ms)
        steps.append(Step(latest_ms, planned.state, planned.desk, planned.name, moved_ms))
    return steps


def _before_acceptance(
    rng: Random, country: Country, clock: Clock, desks: Desks, submitted_ms: int
) -> tuple[list[Step], int | None]:
    """An online dossier until someone accepts it; no instant if nobody does."""
    names, life = country.steps, country.life
    steps = [Step(submitted_ms, 1, desks.counter, names["submitted"], None)]
    # Mostly within the 8 working hours that practice allows.
    at = clock.axis(submitted_ms) + _up_to(rng, DAY)
    answered_ms = max(clock.instant(at), submitted_ms + 60 * _SECOND_MS)
    lot = _lot(rng)
    if lot < life["refused"]:
        steps.append(Step(answered_ms, 3, desks.counter, names["refused"], None))
        return steps, None
    lot -= life["refused"]
    if lot < life["withdrawn_unaccepted"]:
        steps.append(Step(answered_ms, 7, desks.counter, names["withdrawn"], None))
        return steps, None
    lot -= life["withdrawn_unaccepted"]
    if lot < life["supplement_unaccepted"]:
        steps.append(Step(answered_ms, 5, desks.counter, names["supplement"], None))
        at += DAY + _up_to(rng, 5 * DAY)
        again_ms = max(clock.instant(at), answered_ms)
        steps.append(Step(again_ms, 1, desks.counter, names["submitted"], None))
        answered_ms = max(clock.instant(at + _up_to(rng, DAY)), again_ms)
    return steps, answered_ms


def _end(rng: Random, start: int, due: int | None, outcome: Outcome) -> tuple[int, bool]:
    """When the processing ends, were there no pauses; and whether that is in time."""
    if due is None:
        return start + DAY // 4 + int(rng.random() * 10 * DAY), True
    lot = _lot(rng)
    if lot < outcome.late:
        # Half of them by less than two and a half days, a few by weeks.
        luck = rng.random()
        return due + DAY // 500 + int(20 * DAY * luck * luck * luck), False
    morning = due - due % DAY  # of the due day
    if morning <= start:  # due on the day of acceptance
        return start + int((due - start) * (0.1 + 0.9 * rng.random())), True
    if lot < outcome.late + outcome.early:
        return start + int((morning - start) * (0.1 + 0.9 * rng.random())), True
    return morning + int((due - morning) * rng.random()), True


@dataclass(slots=True)
class _Plan:
    """Steps in process, which pauses push towards a later end."""

    steps: list[_Planned]
    end: int
    shift: int = 0
    free: int = 1  # nothing may be put in before this step: a pause ends there

    def somewhere(self, rng: Random) -> tuple[int, int]:
        """Before which of the steps something interrupts them, and when."""
        here = self.free + int(rng.random() * (len(self.steps) - self.free + 1))
        before = self.steps[here - 1].axis
        after = self.steps[here].axis if here < len(self.steps) else self.end
        return here, before + (after - before) // 2

    def add(self, after: int, state: int, desk: str, name: str) -> None:
        """One step more, so long after the end, which it becomes."""
        self.end += after
        self.steps.append(_Planned(self.end, state, desk, name, self.shift))

    def leave(self, rng: Random, state: int, desk: str, name: str) -> None:
        """What was to follow is dropped for this step, which becomes the end."""
        here, at = self.somewhere(rng)
        self.steps[here:] = [_Planned(at, state, desk, name, self.shift)]
        self.end = at

    def pause(self, rng: Random, days: int, stop: tuple[int, str, str], resume: str) -> None:
        """A pause of whole working days, by which all that follows moves."""
        here, at = self.somewhere(rng)
        later = self.steps[here:]
        after = later[0].axis if later else self.end
        state, desk, name = stop
        pause, moved = days * DAY, self.shift + days
        self.steps[here:] = [
            _Planned(at, state, desk, name, self.shift),
            _Planned(at + (after - at) // 2 + pause, 4, desk, resume, moved),
            *(step._replace(axis=step.axis + pause, shift=moved) for step in later),
        ]
        self.end += pause
        self.shift = moved
        self.free = here + 2


def _after_acceptance(
    rng: Random, country: Country, desks: Desks, *, start: int, end: int, channel: int
) -> list[_Planned]:
    names, life = country.steps, country.life
    holders = (desks.counter, desks.expert, desks.leader, desks.counter)
    turns = 1 + int(rng.random() * 3.2)  # mostly one to three
    span = end - start
    plan = _Plan(
        [
            _Planned(
                start + int(span * (turn + 0.8 * rng.random()) / (turns + 1)),
                4,
                holders[turn],
                country.in_process[turn],
                0,
            )
            for turn in range(turns)
        ],
        end,
    )
    if _interrupted(rng, plan, names, life, desks):
        return plan.steps
    plan.add(0, 9, desks.leader, names["processed"])
    if _lot(rng) < life["recalled"]:
        plan.add(DAY // 10 + _up_to(rng, DAY), 4, desks.expert, names["resumed"])
        plan.add(DAY // 10 + _up_to(rng, DAY), 9, desks.leader, names["processed"])
    if _lot(rng) >= life["not_handed_over"]:
        # An electronic result goes out at once, a paper waits to be fetched.
        longest = DAY // 8 if channel == ONLINE else 3 * DAY
        plan.add(DAY // 100 + _up_to(rng, longest), 10, desks.counter, names["handed_over"])
    return plan.steps


def _interrupted(
    rng: Random, plan: _Plan, names: Mapping[str, str], life: Mapping[str, int], desks: Desks
) -> bool:
    """Puts into the plan what holds the dossier up; True if it is never processed then."""
    match _incident(rng, life):
        case "withdrawn":
            plan.leave(rng, 7, desks.counter, names["withdrawn"])
            return True
        case "supplement":
            asked = (5, desks.expert, names["supplement"])
            for _ in range(2 if _lot(rng) < life["second_supplement"] else 1):
                if _lot(rng) < life["supplement_never_came"]:
                    plan.leave(rng, *asked)
                    plan.add(10 * DAY, 3, desks.counter, names["returned"])
                    return True
                plan.pause(rng, 1 + _up_to(rng, 10), asked, names["resumed"])
        case "payment":
            fee = (6, desks.counter, names["payment"])
            plan.pause(rng, int(rng.random() * 3), fee, names["resumed"])
        case "stopped":
            stop = (8, desks.leader, names["stopped"])
            luck = _lot(rng)
            if luck >= 2 * life["stopped_returned"]:
                plan.pause(rng, 3 + _up_to(rng, 12), stop, names["resumed"])
                return False
            plan.leave(rng, *stop)
            if luck < life["stopped_returned"]:
                plan.add((1 + _up_to(rng, 10)) * DAY, 3, desks.counter, names["returned"])
            return True
        case _:
            pass
    return False


def _incident(rng: Random, life: Mapping[str, int]) -> str:
    lot = _lot(rng)
    for incident in ("withdrawn", "supplement", "payment", "stopped"):
        if lot < life[incident]:
            return incident
        lot -= life[incident]
    return ""


def _lot(rng: Random) -> int:
    return int(rng.random() * PER_MILLE)


def _up_to(rng: Random, most: int) -> int:
    """Less than `most`, and mostly much less."""
    luck = rng.random()
    return int(most * luck * luck)


def _kept(at_ms: int, due_ms: int, *, in_time: bool) -> int:
    """The end, with rounding to whole seconds not allowed to change what it is."""
    if not in_time:
        return max(at_ms, due_ms + _SECOND_MS)
    return min(at_ms, due_ms) if at_ms - due_ms < _SECOND_MS else at_ms


def _whole_second(ms: int) -> int:
    return (ms + _SECOND_MS // 2) // _SECOND_MS * _SECOND_MS
