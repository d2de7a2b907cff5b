"""Petitions (phản ánh, kiến nghị): where each one is, and how its answer was taken."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct, field

from monitor.domain.petition import PetitionClass, PetitionState
from schemas import event as canonical
from schemas import fields, texts
from schemas.attributes import attributes, order, outside, said_order
from schemas.cloudevents import Envelope


class PetitionData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A petition reached a state, or people reacted to its answer.

    A state that is told again with another `id` changes the reactions only; its clocks run on
    the first telling of each state.
    """

    petition: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=texts.LONGEST_KEY,
            description="Code of the petition, scoped by the source; one in the form of a "
            "dossier's code is brought to that form.",
            examples=["PAKN.20260803.0007"],
        ),
    ]
    agency: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="Code of the agency that has to answer, level 1 first.",
            examples=["H56.14"],
        ),
    ]
    state: Annotated[
        PetitionState,
        Meta(description="Where it is.", examples=["received"]),
    ]
    about: (
        Annotated[
            PetitionClass,
            Meta(
                description="What it is about: policies and procedures, or the conduct of "
                "officials.",
                examples=["policy"],
            ),
        ]
        | None
    ) = field(name="class", default=None)
    dossier: (
        Annotated[
            str,
            Meta(
                max_length=texts.LONGEST_KEY,
                description="Code of the dossier that it complains about.",
                examples=["H56.14-260803-0001"],
            ),
        ]
        | None
    ) = None
    procedure: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Code of the procedure that it is about.",
                examples=["1.004194"],
            ),
        ]
        | None
    ) = None
    likes: (
        Annotated[
            fields.Reactions, Meta(description="Likes of its answer, so far.", examples=[3])
        ]
        | None
    ) = None
    dislikes: (
        Annotated[
            fields.Reactions, Meta(description="Dislikes of its answer, so far.", examples=[1])
        ]
        | None
    ) = None
    repeated: (
        Annotated[
            bool,
            Meta(description="Whether the same matter was brought up again.", examples=[False]),
        ]
        | None
    ) = None
    revision: fields.Revision | None = None
    sequence: fields.Sequence | None = None
    backfill: fields.Backfill | None = None


class Petition(Envelope, frozen=True, kw_only=True, gc=False, tag="petition.v1"):
    """How a petition stands, in its envelope."""

    data: PetitionData


def read(
    event: Petition, record_time_ms: int, _: Callable[[str, str], int]
) -> canonical.Petition:
    data = event.data
    return canonical.Petition(
        **attributes(event, record_time_ms),
        **order(data),
        petition=texts.dossier(data.petition, event.source, "data.petition"),
        agency=texts.agency(data.agency, "data.agency"),
        state=data.state,
        about=data.about,
        dossier=texts.dossier(data.dossier, event.source, "data.dossier")
        if data.dossier
        else "",
        procedure=texts.procedure(data.procedure, "data.procedure") if data.procedure else "",
        likes=data.likes,
        dislikes=data.dislikes,
        repeated=data.repeated,
        trial=event.trial is True,
    )


def write(event: canonical.Petition) -> Petition:
    return Petition(
        **outside(event),
        trial=event.trial or None,
        data=PetitionData(
            **said_order(event.revision, event.sequence, event.backfill),
            petition=event.petition,
            agency=event.agency,
            state=event.state,
            about=event.about,
            dossier=event.dossier or None,
            procedure=event.procedure or None,
            likes=event.likes,
            dislikes=event.dislikes,
            repeated=event.repeated,
        ),
    )
