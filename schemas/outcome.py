"""What a dossier yields: a result, digital papers, a rating."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from schemas import fields
from schemas.attributes import AboutDossier, about, outside_dossier, said_about
from schemas.cloudevents import Envelope
from schemas.event import DocumentsAttached, Rated, ResultIssued
from schemas.refusal import Reason, Unreadable


class ResultIssuedData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A result exists: electronic, on paper, or both."""

    electronic: (
        Annotated[
            bool,
            Meta(
                description="As a signed file that the person can fetch: code and link.",
                examples=[True],
            ),
        ]
        | None
    ) = None
    paper: Annotated[bool, Meta(description="On paper.", examples=[False])] | None = None


class DossierResultIssued(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.result.issued.v1"
):
    """A result exists, in its envelope."""

    data: ResultIssuedData


def result_issued(
    event: DossierResultIssued, record_time_ms: int, _: Callable[[str, str], int]
) -> ResultIssued:
    return ResultIssued(
        **about(event, event.data, record_time_ms),
        electronic=event.data.electronic is True,
        paper=event.data.paper is True,
    )


def dossier_result_issued(event: ResultIssued) -> DossierResultIssued:
    return DossierResultIssued(
        **outside_dossier(event),
        data=ResultIssuedData(
            **said_about(event), electronic=event.electronic or None, paper=event.paper or None
        ),
    )


class Component(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One paper of a dossier; never its name or its file."""

    digitised: (
        Annotated[bool, Meta(description="A file is attached.", examples=[True])] | None
    ) = None
    reused: (
        Annotated[
            bool,
            Meta(
                description="Digitised before and used again (DuocTaiSuDung, DuocSoHoa).",
                examples=[False],
            ),
        ]
        | None
    ) = None
    from_national_store: (
        Annotated[
            bool,
            Meta(
                description="Taken from the person's national store (DuocLayTuKhoDMQG).",
                examples=[False],
            ),
        ]
        | None
    ) = None
    population_linked: (
        Annotated[
            bool, Meta(description="Linked to population data (MaCSDL).", examples=[False])
        ]
        | None
    ) = None


class DocumentsAttachedData(
    AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True
):
    """The dossier's papers as a whole at this time; the last such event stands."""

    components: Annotated[
        list[Component],
        Meta(
            max_length=fields.MOST_PARTS,
            description="One object for each paper. Absent in it means no.",
            examples=[[{"digitised": True, "from_national_store": True}, {}]],
        ),
    ]
    identity_verified: (
        Annotated[
            bool,
            Meta(
                description="Whether the account was verified with VNeID "
                "(TaiKhoanDuocXacThucVoiVNeID).",
                examples=[True],
            ),
        ]
        | None
    ) = None


class DossierDocuments(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.documents.v1"
):
    """The dossier's papers, in its envelope."""

    data: DocumentsAttachedData


def documents_attached(
    event: DossierDocuments, record_time_ms: int, _: Callable[[str, str], int]
) -> DocumentsAttached:
    data = event.data
    return DocumentsAttached(
        **about(event, data, record_time_ms),
        components=len(data.components),
        digitised=sum(part.digitised is True for part in data.components),
        reused=sum(part.reused is True for part in data.components),
        national_store=sum(part.from_national_store is True for part in data.components),
        population=sum(part.population_linked is True for part in data.components),
        identity_verified=data.identity_verified,
    )


def dossier_documents(event: DocumentsAttached) -> DossierDocuments:
    """Which paper is which is not kept, so the first ones of the list are of each kind."""
    return DossierDocuments(
        **outside_dossier(event),
        data=DocumentsAttachedData(
            **said_about(event),
            components=[
                Component(
                    digitised=place < event.digitised or None,
                    reused=place < event.reused or None,
                    from_national_store=place < event.national_store or None,
                    population_linked=place < event.population or None,
                )
                for place in range(event.components)
            ],
            identity_verified=event.identity_verified,
        ),
    )


class RatedData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The person rated the service; the words that go with it stay where they were written."""

    score: Annotated[int, Meta(ge=1, le=100, description="1 is the worst.", examples=[4])]
    scale: (
        Annotated[
            int,
            Meta(ge=2, le=100, description="The best score. 5 if absent.", examples=[5]),
        ]
        | None
    ) = None


class DossierRated(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.rated.v1"):
    """The person rated the service, in its envelope."""

    data: RatedData


def rated(event: DossierRated, record_time_ms: int, _: Callable[[str, str], int]) -> Rated:
    scale = event.data.scale or 5
    if event.data.score > scale:
        raise Unreadable(Reason.NUMBER_OUT_OF_RANGE, "data.score")
    return Rated(
        **about(event, event.data, record_time_ms), score=event.data.score, scale=scale
    )


def dossier_rated(event: Rated) -> DossierRated:
    return DossierRated(
        **outside_dossier(event),
        data=RatedData(**said_about(event), score=event.score, scale=event.scale),
    )
