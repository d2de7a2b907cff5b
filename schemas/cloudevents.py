"""The CloudEvents 1.0 envelope that every event travels in."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from monitor.domain.event import Stamp

CONTENT_TYPE: Final = "application/cloudevents+json"  # of structured mode
INSTANT_PATTERN: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)

MOST_STAMPED: Final = 2 * max(Stamp) - 1  # all of them

# Text here, because msgspec rounds to the microsecond, and a rounded time may pass a deadline
# that the true one kept. The pattern is for other readers of the schema; `times` is stricter.
Instant = Annotated[
    str, Meta(extra_json_schema={"format": "date-time", "pattern": INSTANT_PATTERN})
]


class Envelope(
    Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"
):
    """Context attributes of CloudEvents 1.0. What is not named here is ignored."""

    specversion: Annotated[
        Literal["1.0"], Meta(description="Version of CloudEvents.", examples=["1.0"])
    ]
    id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description="The source's id of this statement. An event with an equal source, id "
            "and dossier is the same event, told again.",
            examples=["a1b2"],
        ),
    ]
    source: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="The system that says so, as it is registered.",
            examples=["H56-onestop"],
        ),
    ]
    time: Annotated[
        Instant,
        Meta(
            description="When it happened, says the source. RFC 3339, with its offset, in the "
            "years 1990 to 2100.",
            examples=["2026-08-03T08:12:31+07:00"],
        ),
    ]
    arrival: (
        Annotated[
            Instant,
            Meta(
                description="When the writer of the canonical topic first saw the event. "
                "Without it the timestamp of the Kafka record is taken.",
                examples=["2026-08-03T01:12:33.120Z"],
            ),
        ]
        | None
    ) = None
    datacontenttype: (
        Annotated[
            str,
            Meta(
                description="Always JSON; not read.",
                examples=["application/json"],
            ),
        ]
        | None
    ) = None
    trial: (
        Annotated[
            bool,
            Meta(
                description="Written by the edge: the source is on trial, so that its dossiers "
                "are measured apart and never published. Not taken from a source.",
                examples=[True],
            ),
        ]
        | None
    ) = None
    stamped: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=MOST_STAMPED,
                description="Written by the edge: the sum of 1 it came without id, 2 without "
                "time, 4 the clock of the dossier is uncertain from here on, 8 the time is "
                "that of another field, 16 an identity number came in clear, 32 a placeholder "
                "came for one, 64 postal was reported as online, 128 a payment without its "
                "time, 256 the procedure is named by another message. Not taken from a source.",
                examples=[3],
            ),
        ]
        | None
    ) = None
