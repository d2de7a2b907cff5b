"""TrackingMCDT: what one-stop systems tell EMC at each change of a dossier's state.

The message has no id and no time, names its system by a number only, and carries the identity
number of the applicant in clear (DOMAIN.md §1.4). What it can tell is in MEASURES.md §9, and field
by field in docs/reference/legacy.md. Known defects of its client are measured as sent and stamped,
so that the source is warned of them; nothing is corrected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec.structs import replace as _replace

from monitor.domain.codes import dossier_key
from monitor.domain.event import ApplicantType, Channel, Level, Stamp, State
from schemas import texts
from schemas.event import PaymentMade, StateChanged
from schemas.lenient import LONGEST_CODE, Said, parsed
from schemas.refusal import Reason, Unreadable

# What it says by code; any other code, and none, says nothing.
STATES: Final = {
    "1": State.ACCEPTED,
    "2": State.IN_PROCESS,
    "4": State.IN_PROCESS,
    "3": State.HANDED_OVER,
}
CHANNELS: Final = {"1": Channel.ONLINE, "2": Channel.DIRECT}
LEVELS: Final = {"0": Level.PARTIAL, "1": Level.FULL, "3": Level.PARTIAL, "4": Level.FULL}
TYPES: Final = {"1": ApplicantType.BUSINESS, "2": ApplicantType.CITIZEN}
# `form` of a payment: online without saying where is taken for the system's own gateway.
PAYMENTS: Final = {"1": 2, "2": 3}
_NOT_POSTAL: Final = frozenset({"", "0"})
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


class Applicant(NamedTuple):
    """What the edge makes of the numbers that tell who applies."""

    key: str
    attached: bool | None
    stamped: int


# Hides the numbers that were sent, for the year of an instant.
Hide = Callable[[Sequence[str], int], Applicant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A message as it was understood; the numbers go to the edge and nowhere else."""

    dossier: str
    procedure: str
    state: State
    channel: Channel
    postal: bool  # it came by post, whatever the channel says
    level: Level
    applicant_type: ApplicantType
    payment: int  # the form of a payment; 0: none is told
    numbers: tuple[str, ...] = field(repr=False)


def opened(value: bytes | None) -> Said:
    """The message in the bytes of a request, of which `SiteId` tells whose it is."""
    return Said(parsed(value))


def read(said: Said) -> Tracked:
    """What the message says."""
    user = said.object("User")
    return Tracked(
        dossier=said.text("CodeProfile", "MaHoSo"),
        procedure=said.text("CodeTTHC", most=LONGEST_CODE),
        state=STATES.get(said.text("Status"), State.OTHER),
        channel=CHANNELS.get(said.text("FormsReception"), Channel.UNSAID),
        postal=said.text("IsDVCBC") not in _NOT_POSTAL,
        level=LEVELS.get(said.text("Level"), Level.UNSAID),
        applicant_type=ApplicantType.UNSAID
        if user is None
        else TYPES.get(user.text("TYPE"), ApplicantType.UNSAID),
        payment=PAYMENTS.get(said.text("FormsPayments"), 0),
        numbers=()
        if user is None
        else tuple(filter(None, (user.text("ID_QG"), user.text("ID_local")))),
    )


def events(
    said: Tracked, *, source: str, owner: str, hide: Hide, arrival_ms: int
) -> list[StateChanged | PaymentMade]:
    """What the message tells of its dossier, stamped with its arrival.

    `owner` is the agency that the register has for the source: it stands where the code of the
    dossier names none.
    """
    if not said.dossier:
        raise Unreadable(Reason.MISSING_FIELD, "MaHoSo")
    if not said.procedure:
        raise Unreadable(Reason.MISSING_FIELD, "CodeTTHC")
    dossier = texts.dossier(said.dossier, source, "MaHoSo")
    applicant = hide(said.numbers, arrival_ms)
    stamped = Stamp.ID | Stamp.TIME | Stamp.UNCERTAIN | applicant.stamped
    channel = said.channel
    if said.postal:
        channel = Channel.POSTAL
        if said.channel is Channel.ONLINE:
            stamped |= Stamp.POSTAL
    state = StateChanged(
        dossier=dossier,
        source=source,
        id="",
        claimed_ms=arrival_ms,
        arrival_ms=arrival_ms,
        state=int(said.state),
        procedure=texts.procedure(said.procedure, "CodeTTHC"),
        agency=agency_of(dossier, source) or texts.agency(owner, "owner"),
        channel=int(channel),
        level=int(said.level),
        applicant_type=int(said.applicant_type),
        identity_attached=applicant.attached,
        applicant_key=applicant.key,
        stamped=int(stamped),
    )
    told: list[StateChanged | PaymentMade] = [_named(state)]
    if said.payment:
        # With every later message it is told again: its id makes it one.
        told.append(
            PaymentMade(
                dossier=dossier,
                source=source,
                id=f"payment-{said.payment}",
                claimed_ms=arrival_ms,
                arrival_ms=arrival_ms,
                form=said.payment,
                stamped=int(Stamp.TIME | Stamp.PAYMENT),
            )
        )
    return told


def agency_of(dossier: str, source: str) -> str:
    """The agency in the code of a dossier; "" where it has no national form."""
    key = dossier_key(dossier, source)
    return "" if "|" in key else key.rsplit("-", 2)[0]


def _named(state: StateChanged) -> StateChanged:
    """With an id of the edge's: of what it says and when it came, and of nobody's number."""
    said = (
        state.dossier, state.arrival_ms, state.state, state.procedure, state.channel,
        state.level, state.applicant_type, state.stamped,
    )  # fmt: skip
    digest = blake2b(repr(said).encode(), digest_size=10).hexdigest()
    # Letters only: a row of digits by chance would look like a number that tells who somebody is.
    named: StateChanged = _replace(state, id=f"edge-{digest.translate(_LETTERS)}")
    return named
