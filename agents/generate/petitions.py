"""Petitions of invented people: what they ask, when they are answered, and how that was taken."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final, TypeAlias

from agents.generate.beside import Draws
from agents.generate.country import Authority
from agents.generate.office import DAY, Clock, date_of, local_day, local_time

TYPE: Final = "petition.v1"
_OF: Final = 100_000
_REACTIONS: Final = 6
_LONGEST: Final = 15  # working days from a dossier's receipt to a petition

_Statement: TypeAlias = dict[str, Any]


class Petitioners:
    """Who writes petitions: so many for 100,000 dossiers that are received."""

    def __init__(self, rng: Random, shares: Mapping[str, int], of_100_000: int) -> None:
        self._rng = rng
        self._draws = Draws(rng, shares)
        self._of = of_100_000
        self._number = 0

    def hear(
        self, at_ms: int, authority: Authority, content: Mapping[str, Any], clock: Clock
    ) -> Iterator[tuple[int, str, _Statement]]:
        """A dossier was received: what comes of that, if anything, in the order of time."""
        if int(self._rng.random() * _OF) >= self._of:
            return
        draws = self._draws
        about_dossier = draws.hit("about_dossier")
        at = clock.axis(at_ms) + draws.up_to(_LONGEST * DAY)
        self._number += 1
        day = date_of(local_day(clock.instant(at))).replace("-", "")
        code = f"PAKN.{day}.{self._number:04d}"
        said: dict[str, Any] = {"petition": code, "agency": content["agency"]}
        if not draws.hit("unclassed"):
            said["class"] = "conduct" if draws.hit("conduct") else "policy"
        if about_dossier:
            said["dossier"] = content["dossier"]
            said["procedure"] = content["procedure"]
        elif draws.below(2):
            said["agency"] = authority.code
        for place, (when, state, reactions) in enumerate(self._way(at), start=1):
            at_ms = max(clock.instant(when), at_ms)
            statement = {
                "specversion": "1.0",
                "id": f"{code}-{place}",
                "source": authority.source,
                "type": TYPE,
                "time": local_time(at_ms),
                "datacontenttype": "application/json",
                "data": said | {"state": state} | reactions,
            }
            yield at_ms, f"{authority.source}|{code}", statement

    def _way(self, at: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """On the axis of office time: when, which state, and what people said by then."""
        draws = self._draws
        yield at, "received", {}
        if draws.hit("refused"):
            yield self._within(at, 2, late="refused_late"), "refused", {}
            return
        start = at
        if draws.hit("asked"):
            at = self._within(at, 5, late="asked_late")
            yield at, "supplement_requested", {}
            if draws.hit("never_came"):
                return
            start = at = at + DAY // 4 + draws.up_to(8 * DAY)
            yield at, "supplement_received", {}
        if draws.hit("unanswered"):
            return
        at = self._within(start, 15, late="answered_late")
        yield at, "answered", {}
        state = "answered"
        if draws.hit("published"):
            at, state = self._within(at, 2, late="published_late"), "published"
            yield at, state, {}
        if draws.hit("reactions"):
            at += DAY // 2 + draws.up_to(10 * DAY)
            reactions = {
                "likes": draws.below(_REACTIONS),
                "dislikes": draws.below(_REACTIONS),
                "repeated": draws.hit("repeated"),
            }
            yield at, state, reactions

    def _within(self, at: int, days: int, *, late: str) -> int:
        """In time for so many working days, or late by some."""
        draws = self._draws
        if draws.hit(late):
            return at + (days + 1) * DAY + draws.up_to(5 * DAY)
        return at + DAY // 10 + draws.below(days * DAY - DAY // 5)
