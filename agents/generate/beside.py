"""What comes beside a dossier's states: papers, fees, results, ratings, answers, corrections.

It is drawn when the dossier's way is known, and from a stream of its own: the ways of a seed are the
same with it and without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from agents.generate.country import COMMUNE, PER_MILLE, Authority, Procedure
from agents.generate.life import ONLINE, Step
from agents.generate.office import local_time

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS

_ORGANISATION: Final = 4
_STATE_AGENCY: Final = 3
_CITIZEN: Final = 1
_PLACEHOLDER: Final = 32  # what the edge notes where a placeholder came for an identity number
_NATIONAL, _LOCAL, _AT_THE_COUNTER = 1, 2, 3  # DuocThanhToanTrucTuyen
_TAKEN, _NOT_TAKEN = 0, 3  # what the national portal answers

_AWAY: Final = "08"  # the department of land and environment, to which communes hand off


class Aside(NamedTuple):
    """A statement that follows a step of the way, so long after it."""

    step: int
    after_ms: int
    type: str
    data: dict[str, Any]


@dataclass(slots=True)
class Beside:
    """All of one dossier."""

    said: dict[str, Any] = field(default_factory=dict)  # what its states say from the first on
    later: dict[int, dict[str, Any]] = field(default_factory=dict)  # and from a step on
    stamped: int = 0
    asides: list[Aside] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)  # the way, if longer than it was

    def at(self, step: int, after_ms: int, type_: str, **data: object) -> int:
        """Adds a statement; its number, by which a later one can undo it."""
        self.asides.append(Aside(step, after_ms, f"dossier.{type_}.v1", data))
        return len(self.asides)


class Draws:
    """Chance by the names of shares, in per mille."""

    def __init__(self, rng: Random, shares: Mapping[str, int]) -> None:
        self._rng = rng
        self._shares = shares

    def hit(self, name: str) -> bool:
        return int(self._rng.random() * PER_MILLE) < self._shares[name]

    def one(self, *names: str) -> str:
        """One of these, as often as its share says; "" for what is left of a thousand."""
        lot = int(self._rng.random() * PER_MILLE)
        for name in names:
            if lot < self._shares[name]:
                return name
            lot -= self._shares[name]
        return ""

    def up_to(self, most: int) -> int:
        """Less than `most`, and mostly much less."""
        luck = self._rng.random()
        return int(most * luck * luck)

    def below(self, number: int) -> int:
        return int(self._rng.random() * number)


def beside(
    draws: Draws,
    *,
    authority: Authority,
    procedure: Procedure,
    content: Mapping[str, Any],
    steps: Sequence[Step],
    names: Mapping[str, str],
    lasting: Callable[[int], int],
) -> Beside:
    """What comes beside these steps of a dossier, which says this content at its first."""
    found = Beside(steps=list(steps))
    accepted = _first(steps, 2)
    _applicant(draws, found, content, accepted)
    online = content["channel"] == ONLINE
    if online or accepted is not None:
        _papers(draws, found, online=online, step=0)
    if accepted is None:
        return found
    _acknowledged(draws, found, accepted)
    _fees(draws, found, procedure, online=online, accepted=accepted)
    _handed_off(draws, found, authority, content, accepted)
    _corrected(draws, found, authority, content, accepted)
    if draws.hit("unpromised"):
        found.steps[:] = [step._replace(due_ms=None) for step in found.steps]
    _put_off(draws, found, accepted, lasting)
    _reopened(draws, found, names, lasting)
    processed = _last(found.steps, 9)
    if processed is not None:
        _result(draws, found, procedure, online=online, step=processed)
        _acknowledged(draws, found, processed)
    handed_over = _last(found.steps, 10)
    if handed_over is not None:
        _rated(draws, found, handed_over)
    return found


def _first(steps: Sequence[Step], state: int) -> int | None:
    return next((n for n, step in enumerate(steps) if step.state == state), None)


def _last(steps: Sequence[Step], state: int) -> int | None:
    return next((n for n in reversed(range(len(steps))) if steps[n].state == state), None)


def _applicant(
    draws: Draws, found: Beside, content: Mapping[str, Any], accepted: int | None
) -> None:
    if content["applicant_type"] != _CITIZEN:
        other = draws.one("organisation", "state_agency")
        if other:
            found.said["applicant_type"] = (
                _ORGANISATION if other == "organisation" else _STATE_AGENCY
            )
        return
    match draws.one("placeholder", "identity_later"):
        case "placeholder":
            found.said["identity_attached"] = False
            found.stamped = _PLACEHOLDER
        case "identity_later":
            found.said["identity_attached"] = False
            if accepted is not None:
                found.later[accepted + 1] = {"identity_attached": True}
        case _:
            pass


def _papers(draws: Draws, found: Beside, *, online: bool, step: int) -> None:
    if not draws.hit("papers"):
        return
    way = "online" if online else "counter"
    found.at(step, 0, "documents", **_list(draws, way))
    if draws.hit("papers_again"):
        # The desk digitises what lay on it, or drops what was not wanted: the last list stands.
        step = min(step + 1, len(found.steps) - 1)
        found.at(step, 5 * _MINUTE_MS, "documents", **_list(draws, way))


def _list(draws: Draws, way: str) -> dict[str, Any]:
    components: list[dict[str, bool]] = [{} for _ in range(1 + draws.below(4))]
    for name, share in (
        ("digitised", f"digitised_{way}"),
        ("reused", "reused"),
        ("from_national_store", "national_store"),
        ("population_linked", "population"),
    ):
        if draws.hit(share):
            components[draws.below(len(components))][name] = True
    said: dict[str, Any] = {"components": components}
    if draws.hit("verified_said"):
        said["identity_verified"] = draws.hit(f"verified_{way}")
    return said


def _acknowledged(draws: Draws, found: Beside, step: int) -> None:
    soon = 1_000 + draws.up_to(12 * _MINUTE_MS)
    said = {"target": "dvcqg"}  # sent when the step was taken
    match draws.one("synced", "sync_refused"):
        case "synced":
            found.at(step, soon, "sync.ack", **said, code=_TAKEN)
        case "sync_refused":
            found.at(step, soon, "sync.ack", **said, code=_NOT_TAKEN)
            if draws.hit("synced_again"):
                found.at(step, soon + 2 * _HOUR_MS, "sync.ack", **said, code=_TAKEN)
        case _:
            pass
    if draws.hit("emc_answered"):
        found.at(step, soon, "sync.ack", target="emc", code=_TAKEN)


def _fees(
    draws: Draws, found: Beside, procedure: Procedure, *, online: bool, accepted: int
) -> None:
    asked = _first(found.steps, 6)
    if procedure.fee:
        amount = 0 if draws.hit("fee_zero") else procedure.fee
    elif draws.hit("fee_unlisted"):  # asked for what the catalogue says is free
        amount = 20_000
    else:
        return
    if not draws.hit("fee_said"):
        return
    at = accepted if asked is None else asked
    found.at(at, 0, "payment.requested", amount=amount)
    if amount and draws.hit("fee_in_parts"):
        found.at(at, _MINUTE_MS, "payment.requested", amount=0)  # a second fee, remitted
    form = {
        "paid_national": _NATIONAL,
        "paid_local": _LOCAL,
        "paid_counter": _AT_THE_COUNTER,
    }
    way = "online" if online else "counter"
    how = draws.one(*(f"{name}_{way}" for name in form))
    if not amount or not how or (asked is not None and asked + 1 >= len(found.steps)):
        return
    code = form[how.rpartition("_")[0]]
    # Where the dossier waited for it, it goes on when it is paid.
    step, after_ms = (
        (accepted, draws.up_to(20 * _MINUTE_MS)) if asked is None else (asked + 1, 0)
    )
    if draws.hit("paid_wrongly"):
        # In another form by mistake, which is taken back.
        wrong = found.at(step, after_ms, "payment.made", amount=amount, form=4 - code)
        found.at(step, after_ms + _HOUR_MS, "voided", target=wrong)
        after_ms += _HOUR_MS
    found.at(step, after_ms, "payment.made", amount=amount, form=code)


def _handed_off(
    draws: Draws,
    found: Beside,
    authority: Authority,
    content: Mapping[str, Any],
    accepted: int,
) -> None:
    """From a commune to a department, or the other way, while it is worked on."""
    works = [n for n, s in enumerate(found.steps) if n > accepted and s.state == 4]
    if COMMUNE not in authority.agencies or not works or not draws.hit("handed_off"):
        return
    agency = content["agency"]
    there = f"{authority.code}.{_AWAY}"
    if agency == there:
        return
    first = works[draws.below(len(works))]
    found.later.setdefault(first, {})["agency"] = there
    if draws.hit("handed_back"):
        back = first + 1 + draws.below(len(found.steps) - first)
        if back < len(found.steps):
            found.later.setdefault(back, {})["agency"] = agency


def _corrected(
    draws: Draws,
    found: Beside,
    authority: Authority,
    content: Mapping[str, Any],
    accepted: int,
) -> None:
    wrong: dict[str, object]
    match draws.one(
        "amended_channel", "amended_applicant", "amended_agency", "stopped_wrongly"
    ):
        case "amended_channel":
            wrong = {"channel": 1 if content["channel"] == ONLINE else ONLINE}
        case "amended_applicant":
            wrong = {"applicant_type": _ORGANISATION}
        case "amended_agency" if content["agency"] != f"{authority.code}.04":
            wrong = {"agency": f"{authority.code}.04"}
            if COMMUNE not in authority.agencies or any(
                "agency" in x for x in found.later.values()
            ):
                return
        case "stopped_wrongly":
            # A state that was never reached: said, and taken back an hour later.
            stop = found.at(accepted, 2 * _MINUTE_MS, "state", state=8)
            found.at(accepted, _HOUR_MS, "voided", target=stop)
            return
        case _:
            return
    found.at(accepted, 3 * _HOUR_MS, "amended", **wrong)


def _put_off(draws: Draws, found: Beside, accepted: int, lasting: Callable[[int], int]) -> None:
    """A new due date with an apology, on the way; the steps that follow say it too."""
    works = [
        n
        for n, s in enumerate(found.steps)
        if n > accepted and s.state == 4 and s.due_ms is not None
    ]
    if not works or not draws.hit("rescheduled"):
        return
    at = works[-1]
    later_ms = lasting((1 + draws.below(5)) * _DAY_MS)
    due_ms = found.steps[at].due_ms
    if due_ms is None:
        return
    found.at(
        at,
        0,
        "rescheduled",
        due_at=local_time(due_ms + later_ms),
        apology=draws.hit("apologised"),
    )
    found.steps[at + 1 :] = [
        step if step.due_ms is None else step._replace(due_ms=step.due_ms + later_ms)
        for step in found.steps[at + 1 :]
    ]


def _reopened(
    draws: Draws, found: Beside, names: Mapping[str, str], lasting: Callable[[int], int]
) -> None:
    """What was handed over is worked on again, because the result was wrong."""
    last = found.steps[-1]
    if last.state != 10 or not draws.hit("reopened"):
        return
    found.at(len(found.steps) - 1, 2 * _HOUR_MS, "reopened")
    again_ms = last.at_ms
    for state, name, after_ms in (
        (4, names["resumed"], _DAY_MS),
        (9, names["processed"], 2 * _DAY_MS),
        (10, names["handed_over"], _HOUR_MS),
    ):
        again_ms += lasting(after_ms)
        found.steps.append(last._replace(at_ms=again_ms, state=state, name=name))


def _result(
    draws: Draws, found: Beside, procedure: Procedure, *, online: bool, step: int
) -> None:
    way = "online" if online else "counter"
    electronic = draws.hit(f"electronic_{way}" if procedure.document else "electronic_other")
    paper = procedure.document and (not electronic or draws.hit("paper_too"))
    if not electronic and not paper:
        return
    late = draws.hit("result_later")
    after_ms = _DAY_MS + draws.up_to(10 * _DAY_MS) if late else 1_000 * draws.below(60)
    if electronic and paper and draws.hit("result_in_two"):
        found.at(step, after_ms, "result.issued", electronic=False, paper=True)
        found.at(step, after_ms + _HOUR_MS, "result.issued", electronic=True, paper=False)
        return
    found.at(step, after_ms, "result.issued", electronic=electronic, paper=paper)


def _rated(draws: Draws, found: Beside, step: int) -> None:
    if not draws.hit("rated"):
        return
    after_ms = draws.up_to(5 * _DAY_MS)
    found.at(step, after_ms, "rated", **_score(draws))
    if draws.hit("rated_again"):
        found.at(step, after_ms + _HOUR_MS, "rated", **_score(draws))


def _score(draws: Draws) -> dict[str, int]:
    stars = {"five": 5, "four": 4, "three": 3, "two": 2}.get(
        draws.one("five", "four", "three", "two"), 1
    )
    if draws.hit("scale_of_ten"):
        return {"score": 2 * stars - draws.below(2), "scale": 10}
    return {"score": stars}
