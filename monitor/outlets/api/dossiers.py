"""Endpoints of single dossiers: every look is written down before it is answered."""

import asyncio
from typing import Any, Final

from monitor.domain.explain import Explanation, explain
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.policy import Policy
from monitor.domain.post import post
from monitor.ledger.recalled import Booked, NotFound, Recalled, key_of, recall, wanted
from monitor.ledger.tokens import is_token
from monitor.outlets.access import Visitor
from monitor.outlets.api import shapes
from monitor.outlets.api.asked import Asked, Parameter, a_dossier, in_path
from monitor.outlets.api.desk import Desk, InForce, pseudonym
from monitor.outlets.api.endpoint import WITH_FIGURES, Endpoint, Kept
from monitor.outlets.api.written import Answer, answer
from monitor.reference.sets import hash_of
from schemas.explained import as_values
from schemas.packed import unpack_events

DOSSIER: Final = in_path(
    Parameter(
        name="dossier",
        says="The dossier's token, 20 digits, or its code: of another than a national form"
        " `SOURCE|code`. Rather the token: addresses are kept in logs.",
        read=a_dossier,
        schema={"type": "string", "minLength": 3, "maxLength": 128},
        example="a1b2c3d4e5f60718293a",
    )
)


async def looked_at(
    desk: Desk, visitor: Visitor, said: str, *, below: str
) -> tuple[str, dict[str, Any]]:
    """A dossier's token, and what `emc explain` tells of it to a visitor. Written down before it returns.

    `below`: the address that was asked for, up to the dossier, of which the token is noted.
    """
    token = said if is_token(said) else await desk.token(wanted(said))
    look = f"{below}/{token}"
    what = "this dossier"
    try:
        key = desk.key_of_token(said) or await key_of(desk.pool, said)
        found = await recall(desk.ledger, key)
    except NotFound as error:
        raise await desk.not_found(visitor, what, look, error) from None
    in_force = await desk.in_force()
    if not any(visitor.may_see(place, in_force.places) for place in _places(found)):
        raise await desk.refuse(visitor, what, look)
    told, booked = await _explained(desk, found, in_force)
    shown: dict[str, Any] = {
        **as_values(told, told.zone),
        "ledger": as_values(booked, told.zone),
    }
    if not visitor.sees_codes:
        shown = _without_codes(shown, key, token, await desk.secret())
    # Before anything of it leaves.
    await desk.note(visitor, look, dossiers=1)
    return token, shown


async def timeline(desk: Desk, asked: Asked) -> Answer:
    """What `emc explain` tells."""
    token, shown = await looked_at(
        desk, asked.visitor, asked["dossier"], below=asked.path.rpartition("/")[0]
    )
    body = shapes.Timeline(dossier=token, explanation=shown)
    lines = tuple(
        shapes.TimelineLine(
            dossier=token,
            effective=one["effective"],
            arrival=one["arrival"],
            source=one["source"],
            id=one["id"],
            kind=one["kind"],
            effect=one["effect"],
            outcome=one["outcome"],
            agency=one["place"]["agency"] if one["place"] else None,
            unit=one["place"]["unit"] if one["place"] else None,
            says="; ".join(f"{name}: {value}" for name, value in one["says"].items()),
        )
        for one in shown["story"]
    )
    return answer(body, shapes.TimelineLine, lines)


def _places(found: Recalled) -> set[str]:
    """Whose figures count the dossier, and who holds it."""
    places = {account.cell.agency for account in found.held}
    if found.cell is not None:
        places.add(found.cell.agency)
    return places


async def _explained(
    desk: Desk, found: Recalled, in_force: InForce
) -> tuple[Explanation, Booked]:
    """Under the policy that it was booked under."""
    hash_ = found.under.reference
    policy = await desk.policy_of(hash_) if hash_ else in_force.policy
    # In a thread: nothing limits how many events a source sends of one dossier.
    return await asyncio.to_thread(_told, found, policy, desk.now_ms())


def _told(found: Recalled, policy: Policy, now_ms: int) -> tuple[Explanation, Booked]:
    events = list(unpack_events(found.events))
    posts = post(fold(settled(events), policy.portals, policy.repeat_ms), policy)
    told = explain(events, policy, as_of_ms=now_ms)
    return told, found.booked(posts, hash_of(policy))


_IDS: Final = frozenset({"id", "by", "undone_by"})


def _without_codes(shown: Any, key: str, token: str, secret: bytes) -> Any:
    """The same with the token where the code stands, and ids of statements by what stands for them."""
    code = key.rpartition("|")[2]

    def without(value: Any, name: str) -> Any:
        match value:
            case dict():
                return {named: without(inner, named) for named, inner in value.items()}
            case list() | tuple():
                return [without(inner, name) for inner in value]
            case str() if name in _IDS and value:
                return pseudonym(secret, value)
            case str():
                return value.replace(key, token).replace(code, token)
            case _:
                return value

    return without(shown, "")


ENDPOINTS: Final = (
    Endpoint(
        path="/dossiers/{dossier}",
        name="timeline",
        summary="A dossier (hồ sơ) from its first event to the figures it counts in.",
        says="What `emc explain --json` tells. Roles that see no codes are given the token instead, and"
        " what stands for the ids of statements. An agency may ask for dossiers that its figures"
        " count or that it holds; of any other it is not told whether there is one.",
        tag="dossiers",
        open_to=WITH_FIGURES,
        kept=Kept.NOT,
        parameters=(DOSSIER,),
        act=timeline,
        body=shapes.Timeline,
        problems=(404,),
    ),
)
