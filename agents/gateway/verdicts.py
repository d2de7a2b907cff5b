"""What became of several events, as it is answered."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from agents.gateway.answer import ENCODE, Code, Problem, Reply
from agents.gateway.intake import ACCEPTED, AWAY_RETRY_SECONDS, Posted, Verdict
from schemas.refusal import Refused

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
TAKEN: Final = Reply(202, b'{"verdict":"accepted"}')
NO_USE: Final = "sending it again changes nothing"


def single(verdict: Verdict, told: Mapping[str, Any] = NOTHING) -> Reply:
    """The answer to one event, or to what is accepted as a whole. Raises `Problem`."""
    if verdict is ACCEPTED and not told:
        return TAKEN
    if isinstance(verdict, Refused):
        raise Problem(
            Code.REFUSED,
            NO_USE,
            more={
                "verdict": "refused",
                "reason": verdict.reason,
                "field": verdict.detail,
                **told,
            },
        )
    if not verdict.accepted:
        raise Problem(
            Code.KAFKA_AWAY,
            "Kafka did not acknowledge in time: send it again, with the same id",
            retry_after=AWAY_RETRY_SECONDS,
            more={"verdict": verdict.outcome.value, **told},
        )
    more = {"notices": verdict.notices} if verdict.notices else {}
    return Reply(202, ENCODE({"verdict": "accepted", **more, **told}))


def reply(verdicts: Sequence[Verdict], *, every: bool) -> Reply:
    """All accepted: 202. Some refused: 200. All refused: 400. Some to be sent again: 503."""
    shown = [
        said(place, verdict)
        for place, verdict in enumerate(verdicts)
        if every or verdict is not ACCEPTED
    ]
    refused = sum(1 for verdict in verdicts if isinstance(verdict, Refused))
    accepted = sum(
        1 for verdict in verdicts if isinstance(verdict, Posted) and verdict.accepted
    )
    return summed(len(verdicts), accepted, refused, {"verdicts": shown})


def summed(received: int, accepted: int, refused: int, more: Mapping[str, Any]) -> Reply:
    """The answer to several events. Raises `Problem` where the client has to do something."""
    unwritten = received - accepted - refused
    told = {
        "received": received,
        "accepted": accepted,
        "refused": refused,
        "unwritten": unwritten,
        **more,
    }
    if unwritten:
        raise Problem(
            Code.KAFKA_AWAY,
            "some events were not acknowledged in time: send those again, with the same ids",
            retry_after=AWAY_RETRY_SECONDS,
            more=told,
        )
    if refused and not accepted:
        raise Problem(
            Code.REFUSED,
            NO_USE,
            more=told,
        )
    return Reply(200 if refused else 202, ENCODE(told))


def said(place: int, verdict: Verdict, place_is: str = "place") -> dict[str, Any]:
    """A verdict as it is answered. Never a value of the event."""
    if isinstance(verdict, Refused):
        return {
            place_is: place,
            "verdict": "refused",
            "reason": verdict.reason,
            "field": verdict.detail,
        }
    word = "accepted" if verdict.accepted else verdict.outcome.value
    told = {place_is: place, "verdict": word}
    if verdict.notices:
        told["notices"] = verdict.notices
    return told
