"""The state of a dossier on its way in: compiled, because nearly every event is one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from monitor.domain.event import Stamp
from schemas import texts
from schemas.event import StateChanged
from schemas.fields import APPLICANT_TYPES, CHANNELS, LEVELS
from schemas.times import LENGTH_OF_DAY, instant_ms, within_range

if TYPE_CHECKING:
    from schemas.dossier import DossierState

PROCEDURE: Final = int(Stamp.PROCEDURE)


def state_changed(
    event: "DossierState", record_time_ms: int, midnight: Callable[[str, str], int]
) -> StateChanged:
    """`event` checked and normalised; `Unreadable` where it cannot be."""
    data = event.data
    source = texts.source(event.source, "source")
    id_ = texts.text(event.id, "id")
    arrival = event.arrival
    unit, step, sub_channel = data.unit, data.step, data.sub_channel
    channel, level, applicant_type = data.channel, data.level, data.applicant_type
    receipt, due = data.receipt_date, data.due_at
    applicant_key, sequence = data.applicant_key, data.sequence
    stamped = event.stamped or 0
    # A code that no list knows says as little as an absent one. It is no reason to lose the
    # life cycle of a dossier.
    return StateChanged(
        texts.dossier(data.dossier, source, "data.dossier"),
        source,
        id_,
        instant_ms(event.time, "time"),
        within_range(record_time_ms, "record timestamp")
        if arrival is None
        else instant_ms(arrival, "arrival"),
        data.state,
        "" if stamped & PROCEDURE else texts.procedure(data.procedure, "data.procedure"),
        texts.agency(data.agency, "data.agency"),
        texts.name(unit, "data.unit") if unit else "",
        texts.name(step, "data.step") if step else "",
        channel if channel in CHANNELS else 0,
        texts.name(sub_channel, "data.sub_channel") if sub_channel else "",
        level if level in LEVELS else 0,
        None
        if receipt is None
        else midnight(receipt, "data.receipt_date")
        if len(receipt) == LENGTH_OF_DAY
        else instant_ms(receipt, "data.receipt_date"),
        None if due is None else instant_ms(due, "data.due_at"),
        applicant_type if applicant_type in APPLICANT_TYPES else 0,
        data.identity_attached,
        texts.applicant(applicant_key, "data.applicant_key") if applicant_key else "",
        data.revision or 0,
        -1 if sequence is None else sequence,
        data.backfill is True,
        event.trial is True,
        stamped,
    )
