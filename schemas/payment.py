"""Fees: due, and paid."""

from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta

from schemas import fields
from schemas.attributes import AboutDossier, about, outside_dossier, said_about
from schemas.cloudevents import Envelope
from schemas.event import PaymentMade, PaymentRequested

FORMS: Final = frozenset({1, 2, 3})


class PaymentRequestedData(
    AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True
):
    """A fee is due, outside of state 6 or beside it."""

    amount: Annotated[
        fields.Dong,
        Meta(
            description="Sum of its fees in đồng. 0 says that every one of them is 0, which "
            "takes the dossier out of the share that is paid online.",
            examples=[150_000],
        ),
    ]


class DossierPaymentRequested(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.payment.requested.v1"
):
    """A fee is due, in its envelope."""

    data: PaymentRequestedData


def payment_requested(
    event: DossierPaymentRequested, record_time_ms: int, _: Callable[[str, str], int]
) -> PaymentRequested:
    return PaymentRequested(
        **about(event, event.data, record_time_ms), amount=event.data.amount
    )


def dossier_payment_requested(event: PaymentRequested) -> DossierPaymentRequested:
    return DossierPaymentRequested(
        **outside_dossier(event),
        data=PaymentRequestedData(**said_about(event), amount=event.amount),
    )


class PaymentMadeData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A fee was paid."""

    amount: (
        Annotated[
            fields.Dong,
            Meta(description="What was paid, in đồng.", examples=[150_000]),
        ]
        | None
    ) = None
    form: (
        Annotated[
            int,
            Meta(
                description="DuocThanhToanTrucTuyen: 1 on the national gateway, 2 on the "
                "ministry's or province's own, 3 not online. Absent or any other code: not said.",
                examples=[1],
            ),
        ]
        | None
    ) = None


class DossierPaymentMade(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.payment.made.v1"
):
    """A fee was paid, in its envelope."""

    data: PaymentMadeData


def payment_made(
    event: DossierPaymentMade, record_time_ms: int, _: Callable[[str, str], int]
) -> PaymentMade:
    data = event.data
    return PaymentMade(
        **about(event, data, record_time_ms),
        amount=data.amount or 0,
        form=data.form if data.form in FORMS else 0,
    )


def dossier_payment_made(event: PaymentMade) -> DossierPaymentMade:
    return DossierPaymentMade(
        **outside_dossier(event),
        data=PaymentMadeData(
            **said_about(event), amount=event.amount or None, form=event.form or None
        ),
    )
