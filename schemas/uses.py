"""What each measure and each official indicator is made from: which types of event.

`needs`: without these the figure cannot be told. `reads`: these move it where they come. What
undoes or corrects a dossier (`CORRECTIONS`) moves every figure of dossiers and is not repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

STATE: Final = "dossier.state.v1"
SUPPLEMENT_REQUESTED: Final = "dossier.supplement.requested.v1"
SUPPLEMENT_RECEIVED: Final = "dossier.supplement.received.v1"
PAYMENT_REQUESTED: Final = "dossier.payment.requested.v1"
PAYMENT_MADE: Final = "dossier.payment.made.v1"
RESCHEDULED: Final = "dossier.rescheduled.v1"
AMENDED: Final = "dossier.amended.v1"
VOIDED: Final = "dossier.voided.v1"
REOPENED: Final = "dossier.reopened.v1"
RESULT: Final = "dossier.result.issued.v1"
DOCUMENTS: Final = "dossier.documents.v1"
RATED: Final = "dossier.rated.v1"
SNAPSHOT: Final = "dossier.snapshot.v1"
SYNC: Final = "dossier.sync.ack.v1"
PETITION: Final = "petition.v1"
REQUEST: Final = "service.request.v1"
HEARTBEAT: Final = "source.heartbeat.v1"
MAINTENANCE: Final = "source.maintenance.v1"
CLAIM: Final = "reconciliation.claim.v1"
EXTERNAL: Final = "external.claim.v1"
PROCEDURE: Final = "catalogue.procedure.v1"
AGENCY: Final = "catalogue.agency.v1"

CORRECTIONS: Final = (AMENDED, VOIDED, REOPENED, SNAPSHOT)
SUPPLEMENTS: Final = (SUPPLEMENT_REQUESTED, SUPPLEMENT_RECEIVED)
BY_766: Final = (*SUPPLEMENTS, RESCHEDULED, PROCEDURE)
BY_06B: Final = (RESCHEDULED, PROCEDURE)
BY_FIRST_DUE: Final = (*SUPPLEMENTS, PROCEDURE)
BY_TRAITS: Final = (PAYMENT_REQUESTED, PAYMENT_MADE, RESULT, DOCUMENTS, RATED, SYNC, PROCEDURE)


class Elsewhere(StrEnum):
    """Where a figure comes from, in whole or in part, if not from an event of the catalogue."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        elsewhere = str.__new__(cls, value)
        elsewhere._value_ = value
        elsewhere.meaning = meaning
        return elsewhere

    CLAIM = ("claim", "Stated by an agency or a survey; shown with that source, never counted.")
    TRACKER = ("tracker", "Page views of portals, which the tracker counts.")
    REGISTER = ("register", "The register of sources: their names, go-live and rhythm.")
    NOT_CARRIED = ("not carried", "Left out on purpose: it says where a person lives.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    name: str
    meaning: str
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()


def _use(
    name: str,
    meaning: str,
    *needs: str,
    reads: tuple[str, ...] = (),
    elsewhere: tuple[Elsewhere, ...] = (),
) -> Use:
    return Use(name=name, meaning=meaning, needs=needs, reads=reads, elsewhere=elsewhere)


MEASURES: Final = (
    _use("submitted", "First state 1.", STATE),
    _use("accepted", "Accepted, on the receipt day.", STATE),
    _use("withdrawn_unaccepted", "Withdrawn before acceptance.", STATE),
    _use("refused", "Refused, never accepted.", STATE),
    _use("waiting_acceptance", "Submitted and not yet accepted.", STATE),
    _use("open", "Accepted and not ended.", STATE),
    _use("in_process", "Open, and the office works on it.", STATE),
    _use("paused", "Open, in state 5, 6 or 8.", STATE),
    _use("completed", "Ended by 9, else 10.", STATE),
    _use("awaiting_handover", "Ended by 9, without 10.", STATE),
    _use("handed_over", "State 10.", STATE),
    _use("returned", "Ended by 7 or 3 after acceptance.", STATE),
    _use("carried_over", "Accepted before the period and not ended before it.", STATE),
    _use("received_in_period", "Accepted in the period.", STATE),
    _use("handled_in_period", "Carried over and received in the period.", STATE),
    _use("handed_in", "Handed off by another agency or unit.", STATE, reads=(AGENCY,)),
    _use("handed_out", "Handed off to another agency or unit.", STATE, reads=(AGENCY,)),
    _use("on_time", "End not after the last due date sent.", STATE, reads=(RESCHEDULED,)),
    _use("late", "End after the last due date sent.", STATE, reads=(RESCHEDULED,)),
    _use("no_deadline", "No due date and no limit.", STATE, reads=(RESCHEDULED, PROCEDURE)),
    _use("clock_uncertain", "Nobody knows how long it took.", STATE),
    _use("clock_uncertain_766", "The same of all that has ended under 766.", STATE),
    _use("deadline_consumed", "Share of the time to the due date.", STATE, reads=(RESCHEDULED,)),
    # What a rule reads moves all of its figures alike.
    *(_use(name, meaning, STATE, reads=BY_766) for name, meaning in (
        ("on_time_766", "In time by formula 2.1 of Decision 766."),
        ("late_766", "Late by it; a second supplement is late."),
        ("no_deadline_766", "Neither due date nor limit."),
        ("in_process_766", "Open under it and worked on."),
        ("paused_766", "Open under it and paused."),
    )),
    *(_use(name, meaning, STATE, reads=BY_06B) for name, meaning in (
        ("on_time_06b", "Ended on the due day, by form 06b."),
        ("early_06b", "Ended on a day before it."),
        ("late_06b", "Ended on a day after it."),
        ("no_deadline_06b", "Neither due date nor limit."),
        ("in_process_06b", "Open and worked on."),
        ("paused_06b", "Open and paused."),
    )),
    *(_use(name, meaning, STATE, reads=BY_FIRST_DUE) for name, meaning in (
        ("on_time_first_due", "In time by the first due date."),
        ("late_first_due", "Late by it; no rescheduling counts."),
        ("no_deadline_first_due", "Neither due date nor limit."),
        ("in_process_first_due", "Open and worked on."),
        ("paused_first_due", "Open and paused."),
    )),
    *(_use(name, meaning, STATE, PROCEDURE) for name, meaning in (
        ("due_earlier", "First due date sent before the day of the limit's."),
        ("due_equal", "On its day."),
        ("due_later", "After its day."),
    )),
    *(_use(name, meaning, STATE, reads=BY_TRAITS) for name, meaning in (
        ("accepted_traits", "Accepted, by all that official figures ask of a dossier."),
        ("ended_traits", "Completed or returned, by the same."),
        ("open_traits", "Open, by the same."),
    )),
    _use("boarded_traits", "Brought in by a snapshot, by the same.", SNAPSHOT, reads=BY_TRAITS),
    _use("rated", "Dossiers by their last rating.", RATED, reads=(STATE,)),
    *(_use(name, meaning, STATE) for name, meaning in (
        ("timed_received", "Completed, on the receipt day."),
        ("elapsed_received", "How long these took."),
        ("worked_received", "The same in working time."),
    )),
    _use("rescheduled", "Due dates put off.", RESCHEDULED, reads=(STATE,)),
    _use("supplement_requests", "Requests for more papers.", STATE, reads=SUPPLEMENTS),
    _use("boarded", "Open when its system came on board.", SNAPSHOT),
    _use("late_reschedules", "Made at or after the due date in force.", RESCHEDULED,
         reads=(STATE,)),
    _use("processing_time", "Accepted to end.", STATE),
    _use("registration_to_acceptance", "First 1 to accepted.", STATE),
    _use("acceptance_to_forward", "Accepted to the settling body.", STATE),
    _use("receipt_to_supplement_request", "Receipt to the desk's request.", STATE,
         reads=SUPPLEMENTS),
    _use("supplement_time", "Request to received: the citizen's time.", STATE,
         reads=SUPPLEMENTS),
    _use("payment_time", "Fee requested to paid: the citizen's time.", PAYMENT_REQUESTED,
         PAYMENT_MADE, reads=(STATE,)),
    _use("sync_lag", "Step completed to answered by the portal: 10 minutes.", SYNC),
    _use("sync_answer", "Status answered: 2 working hours.", SYNC),
    _use("completed_to_handed_over", "State 9 to 10.", STATE),
    _use("full_process_dossier_share", "Online at level 4, of those received.", STATE,
         reads=(PROCEDURE,)),
    _use("online_share", "Channel 2, of those received.", STATE),
    _use("online_share_766", "Indicator 3.3.", STATE, RESULT, SYNC, PROCEDURE),
    _use("full_process_service_share_eligible", "Level-4 procedures, of the eligible.",
         PROCEDURE),
    _use("services_with_dossiers_share", "Online services with an online dossier.", STATE,
         PROCEDURE),
    _use("applicants", "Different applicants of a year.", STATE),
    _use("identity_share", "Dossiers with an identification number.", STATE),
    _use("satisfaction_766", "Indicator 5.4.", STATE, PETITION),
    _use("satisfaction_rated", "Ratings of 4 and more of 5, with their response rate.", RATED,
         reads=(STATE,)),
    _use("warned", "Warnings about a source: transitions, times, codes, due dates.", STATE,
         reads=(*SUPPLEMENTS, RESCHEDULED, SYNC, PROCEDURE, AGENCY)),
    *(
        _use(name, meaning, PETITION)
        for name, meaning in (
            ("petition_received", "Petitions received, by class."),
            ("petition_refused", "Petitions settled by refusing them."),
            ("petition_answered", "Petitions settled by an answer."),
            ("petition_published", "Answers published."),
            ("petition_on_time_766", "Settled petitions in time: indicator 5.2."),
            ("petition_late_766", "Settled petitions late: indicator 5.2."),
            ("petition_unjudged", "Settled petitions without a receipt or a limit."),
            ("petition_open", "Open petitions of no class, by when their time runs out."),
            ("petition_open_policy", "Open petitions about policies and procedures."),
            ("petition_open_conduct", "Open petitions about conduct."),
            ("petition_unsatisfied", "Petitions late, disliked or repeated: indicator 5.3."),
            ("petition_unsatisfied_policy", "The same of those about policies."),
            ("petition_unsatisfied_conduct", "The same of those about conduct."),
            ("petition_complaint", "Complaints, by the dossier's mark: indicator 5.4."),
            ("petition_answer_elapsed", "Elapsed time from receipt to answer."),
            ("petition_answer_worked", "Working time from receipt to answer."),
        )
    ),
    _use("service_requests", "Requests by interface and class, and how long they took.",
         REQUEST),
    _use("adult_population", "Adults who use online services.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("automation", "Degree to which a process runs by itself.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("proactive_level", "Level of a proactive service.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("publication", "Procedures announced and published on time.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("page_hits", "Visits, page views and clicks of a portal.",
         elsewhere=(Elsewhere.TRACKER,)),
    _use("not_connected", "No accepted event.", STATE, elsewhere=(Elsewhere.REGISTER,)),
    _use("undetermined", "Too few events to judge.", STATE, reads=(HEARTBEAT,),
         elsewhere=(Elsewhere.REGISTER,)),
    _use("interrupted", "Silence beyond the source's rhythm.", STATE,
         reads=(HEARTBEAT, MAINTENANCE), elsewhere=(Elsewhere.REGISTER,)),
    _use("partial", "A kind, unit or procedure is absent.", STATE,
         reads=(HEARTBEAT, MAINTENANCE, PROCEDURE, AGENCY), elsewhere=(Elsewhere.REGISTER,)),
    _use("mismatch", "Claim and count differ.", STATE, CLAIM),
    _use("unreconciled", "No claim for the last closed day.", CLAIM,
         elsewhere=(Elsewhere.REGISTER,)),
)  # fmt: skip

DECISION_766: Final = (
    _use("1.1", "Procedures announced on time.", EXTERNAL, elsewhere=(Elsewhere.CLAIM,)),
    _use("1.2", "Procedures published on time.", EXTERNAL, elsewhere=(Elsewhere.CLAIM,)),
    _use("1.3", "Procedures with all seven parts.", EXTERNAL, elsewhere=(Elsewhere.CLAIM,)),
    # Its denominator is the greater of ours and what the national reporting system has.
    _use("1.4", "Dossiers synchronised to the national portal.", STATE, SYNC, EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("2.1", "Dossiers handled early or on time.", STATE,
         reads=BY_766),
    _use("2.2", "Mean settlement time of a procedure, in its own unit.", STATE, PROCEDURE),
    _use("3.1", "Procedures offered online.", PROCEDURE),
    _use("3.2", "Online services with dossiers.", STATE, PROCEDURE),
    _use("3.3", "Dossiers by channel of submission.", STATE, RESULT, SYNC, PROCEDURE),
    _use("3-alt", "Full-process dossiers of procedures eligible for it.", STATE, PROCEDURE),
    _use("3.5", "Fee-bearing procedures integrated for online payment.", PAYMENT_REQUESTED,
         PROCEDURE),
    _use("3.5b", "Fee-bearing procedures with an online payment.", PAYMENT_MADE, PROCEDURE),
    _use("3.6", "Dossiers paid online.", STATE, PAYMENT_REQUESTED, PAYMENT_MADE, PROCEDURE),
    _use("4.1", "Electronic results issued.", STATE, RESULT, PROCEDURE),
    _use("4.2", "Dossiers digitised.", STATE, DOCUMENTS, RESULT, PROCEDURE),
    _use("4-copy", "Communes that offer certified electronic copies.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("4.3", "Dossiers that reuse digitised data.", STATE, DOCUMENTS),
    _use("4.4", "Digitised and shared for reuse.", STATE, DOCUMENTS, reads=(RESULT, SYNC)),
    # Whether citizens are its subjects is not in the catalogue.
    _use("4.5a", "Procedures that use population data.", STATE, DOCUMENTS, PROCEDURE, EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("4.5b", "Dossiers that use population data.", STATE, DOCUMENTS),
    _use("5.1", "Petitions by class.", PETITION),
    _use("5.2", "Petitions handled on time.", PETITION),
    _use("5.3", "Satisfaction with the handling of petitions.", PETITION),
    _use("5.4", "Satisfaction with receipt and settlement.", STATE, PETITION,
         reads=BY_766),
)  # fmt: skip

EMC: Final = (
    _use("full_process_services", "Full-process services, of all or of the eligible.",
         PROCEDURE),
    _use("full_process_dossiers", "Received and processed wholly online.", STATE,
         reads=(PROCEDURE,)),
    _use("online_dossiers", "Submitted online.", STATE),
    _use("services_with_dossiers", "Online services with an online dossier.", STATE, PROCEDURE),
    _use("visits", "Visits, page views and clicks of a portal.",
         elsewhere=(Elsewhere.TRACKER,)),
    _use("user_location", "Province of the applicant.", elsewhere=(Elsewhere.NOT_CARRIED,)),
    _use("user_type", "Citizen or business.", STATE),
    _use("payment_form", "None, online or direct.", PAYMENT_REQUESTED, PAYMENT_MADE),
    _use("channel", "Online or direct.", STATE),
    _use("satisfaction", "A criterion of quality.", RATED, PETITION),
    _use("response_time", "A criterion of quality.", REQUEST),
)  # fmt: skip

DECREE_224: Final = (
    _use("19(2)(a)", "Full-process services.", PROCEDURE),
    _use("19(2)(b)", "Dossiers received and processed online, and full-process.", STATE),
    _use("19(2)(c)", "Degree of automation of processes.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
    _use("19(2)(d)", "Processing time.", STATE),
    _use("19(2)(đ)", "Settled on time.", STATE, reads=BY_766),
    _use("19(2)(e)", "Satisfaction.", RATED, PETITION),
    _use("19(2)(g)", "Proactive services and others.", EXTERNAL,
         elsewhere=(Elsewhere.CLAIM,)),
)  # fmt: skip

# Correct every figure of a dossier.
EVERY_DOSSIER: Final = _use("every figure of dossiers",
    "What was wrong, never happened, goes on after its end, or was open before its system came "
    "on board.", STATE, reads=CORRECTIONS)  # fmt: skip

USES: Final[Mapping[str, tuple[Use, ...]]] = {
    "All": (EVERY_DOSSIER,),
    "Measures": MEASURES,
    "Indicators of Decision 766/QĐ-TTg": DECISION_766,
    "Indicators of the EMC system": EMC,
    "Contents of Decree 224/2026/NĐ-CP Art. 19(2)": DECREE_224,
}


def without_events() -> tuple[str, ...]:
    """What no type of event tells anything of, as `group: name`."""
    return tuple(
        f"{group}: {use.name}" for group, uses in USES.items() for use in uses if not use.needs
    )


def uses_of(type_: str) -> tuple[str, ...]:
    """The names of what needs or reads events of this type, each once."""
    return tuple(
        dict.fromkeys(
            use.name
            for uses in USES.values()
            for use in uses
            if type_ in (*use.needs, *use.reads)
        )
    )
