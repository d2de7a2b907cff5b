"""Fields that more than one type of event has: each is described once, with an example."""

from typing import Annotated, Final

from msgspec import Meta

from schemas.cloudevents import INSTANT_PATTERN
from schemas.texts import LONGEST_KEY

LARGEST: Final = 2**63 - 1
# Far above anything true, and small enough that sums of very many still fit 64 bits.
MOST_DONG: Final = 10**12
MOST_MS: Final = 10**12  # 31 years
MOST_CODES: Final = 2_000  # of 30 characters each, a record of that many stays within its size
MOST_PARTS: Final = 500  # so that a record of that many stays within its size
CHANNELS: Final = frozenset({1, 2, 3})
LEVELS: Final = frozenset({2, 3, 4})
APPLICANT_TYPES: Final = frozenset({1, 2, 3, 4})

DAY_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
INSTANT: Final = {"format": "date-time", "pattern": INSTANT_PATTERN}
DAY_OR_INSTANT: Final = {"anyOf": [{"format": "date", "pattern": DAY_PATTERN}, INSTANT]}

Name = Annotated[str, Meta(max_length=256)]
Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Dong = Annotated[int, Meta(ge=0, le=MOST_DONG)]
Milliseconds = Annotated[int, Meta(ge=0, le=MOST_MS)]
Reactions = Annotated[int, Meta(ge=0, le=10**9)]
Parts = Annotated[int, Meta(ge=0, le=MOST_PARTS)]
Instant = Annotated[str, Meta(extra_json_schema=INSTANT)]
DayOrInstant = Annotated[str, Meta(extra_json_schema=DAY_OR_INSTANT)]
Day = Annotated[str, Meta(extra_json_schema={"format": "date", "pattern": DAY_PATTERN})]

DossierCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_KEY,
        description="Code of the dossier. National formats are brought to one form; any "
        "other code is scoped by the source.",
        examples=["H56.14-260803-0001"],
    ),
]
ProcedureCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="Code of the administrative procedure, d.dddddd, or as the source names it.",
        examples=["1.004194"],
    ),
]
HolderCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="Code of the agency that holds the dossier, level 1 first.",
        examples=["H56.14"],
    ),
]
StateCode = Annotated[
    int,
    Meta(
        ge=0,
        le=10,
        description="The national state: 1 submitted, 2 accepted, 3 not accepted, 4 in "
        "process, 5 supplement requested, 6 payment requested, 7 withdrawn, 8 stopped, "
        "9 processed, 10 handed over; 0 anything else.",
        examples=[2],
    ),
]
SaidAgency = Annotated[
    str,
    Meta(
        max_length=128,
        description="Code of the agency that did it, level 1 first.",
        examples=["H56.14"],
    ),
]
UnitName = Annotated[
    Name,
    Meta(
        description="The unit within the agency; empty for the agency itself.",
        examples=["H56.14.02"],
    ),
]
StepName = Annotated[
    Name, Meta(description="The source's name of the step.", examples=["Thẩm định"])
]
ChannelCode = Annotated[
    int,
    Meta(
        description="How it was submitted: 1 direct, 2 online, 3 postal. Absent or any "
        "other code: not said.",
        examples=[2],
    ),
]
SubChannel = Annotated[
    Name, Meta(description="The source's own name of the channel.", examples=["kiosk"])
]
LevelCode = Annotated[
    int,
    Meta(
        description="Service level: 2 information only, 3 partial, 4 full. Absent or "
        "any other code: not said.",
        examples=[4],
    ),
]
ReceiptDate = Annotated[
    DayOrInstant,
    Meta(
        description="When it was received: a date, then 00:00 in the policy's zone, or "
        "an instant with its offset.",
        examples=["2026-08-03"],
    ),
]
DueAt = Annotated[
    Instant,
    Meta(
        description="When it is due, as this event gives it.",
        examples=["2026-08-10T17:00:00+07:00"],
    ),
]
ApplicantTypeCode = Annotated[
    int,
    Meta(
        description="Who applies: 1 citizen, 2 business, 3 state agency, "
        "4 organisation. Absent or any other code: not said.",
        examples=[1],
    ),
]
IdentityAttached = Annotated[
    bool,
    Meta(
        description="Whether a personal identification number came with it.",
        examples=[True],
    ),
]
ApplicantKey = Annotated[
    str,
    Meta(
        max_length=128,
        description="Keyed hash of the applicant, hexadecimal or base 64, of 16 characters or "
        "more. Anything else may be a number or a name, and is not kept.",
        examples=["9b1c6a4e7d20f3a8"],
    ),
]
Revision = Annotated[
    Count,
    Meta(
        description="Of equal events the one with the higher revision stands. 0 if absent.",
        examples=[0],
    ),
]
Sequence = Annotated[
    Count, Meta(description="The source's own order of its events.", examples=[12])
]
Backfill = Annotated[
    bool,
    Meta(description="The producer says that this is history, not news.", examples=[False]),
]
