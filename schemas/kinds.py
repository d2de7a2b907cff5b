"""The kinds of events: one line here and one struct elsewhere make a new one known everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from schemas import (
    boarding,
    catalogue,
    claim,
    connection,
    correction,
    dossier,
    outcome,
    payment,
    petition,
    service,
    state,
    supplement,
)
from schemas import event as canonical
from schemas.cloudevents import Envelope
from schemas.event import AnyEvent, Canonical, Catalogued, Petition, Signal
from schemas.times import iso_day

E = TypeVar("E", bound=AnyEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(Generic[E]):
    """Where events travel that one agent reads together. `E` is what they become."""

    name: str
    meaning: str
    key_meaning: str
    key: Callable[[E], str]  # of its records: what has one is kept in order


DOSSIERS: Final[Topic[Canonical]] = Topic(
    name="emc.dossiers",
    meaning="Canonical events of dossiers, keyed by the dossier's normalised code, so that "
    "the events of one dossier keep their order.",
    key_meaning="The dossier's normalised code.",
    key=lambda event: event.dossier,
)
PETITIONS: Final[Topic[Petition]] = Topic(
    name="emc.petitions",
    meaning="Petitions, keyed by the petition's code, so that the events of one petition keep "
    "their order.",
    key_meaning="The petition's code, scoped by its source.",
    key=lambda event: event.petition,
)
SIGNALS: Final[Topic[Signal]] = Topic(
    name="emc.signals",
    meaning="What systems say of themselves: requests that they answered, that they are alive, "
    "when they will be away, what they have counted.",
    key_meaning="The source.",
    key=lambda event: event.source,
)
CATALOGUE: Final[Topic[Catalogued]] = Topic(
    name="emc.catalogue",
    meaning="The catalogue of procedures and agencies. Compacted: of each entry the last one "
    "is kept.",
    key_meaning="Kind, code and first day of the entry, between vertical bars.",
    key=lambda event: "|".join(
        (
            "agency" if isinstance(event, canonical.AgencyListed) else "procedure",
            event.code,
            iso_day(event.valid_from),
        )
    ),
)
TOPICS: Final[tuple[Topic[Any], ...]] = (DOSSIERS, PETITIONS, SIGNALS, CATALOGUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one CloudEvents `type` is read, written and published."""

    topic: Topic[Any]
    event: type[Envelope]  # what travels in structured mode; its tag is the CloudEvents type
    data: type[Struct]  # what travels in binary mode
    canonical: type[Struct]  # what the domain folds
    read: Callable[[Any, int, Callable[[str, str], int]], AnyEvent]
    write: Callable[[Any], Envelope]

    @property
    def type(self) -> str:
        return str(self.event.__struct_config__.tag)


KINDS: Final[Mapping[str, Kind]] = {
    kind.type: kind
    for kind in (
        Kind(topic=DOSSIERS, event=dossier.DossierState, data=dossier.DossierStateData,
             canonical=canonical.StateChanged, read=state.state_changed,
             write=dossier.dossier_state),
        Kind(topic=DOSSIERS, event=supplement.DossierSupplementRequested,
             data=supplement.SupplementRequestedData, canonical=canonical.SupplementRequested,
             read=supplement.supplement_requested,
             write=supplement.dossier_supplement_requested),
        Kind(topic=DOSSIERS, event=supplement.DossierSupplementReceived,
             data=supplement.SupplementReceivedData, canonical=canonical.SupplementReceived,
             read=supplement.supplement_received,
             write=supplement.dossier_supplement_received),
        Kind(topic=DOSSIERS, event=payment.DossierPaymentRequested,
             data=payment.PaymentRequestedData, canonical=canonical.PaymentRequested,
             read=payment.payment_requested, write=payment.dossier_payment_requested),
        Kind(topic=DOSSIERS, event=payment.DossierPaymentMade, data=payment.PaymentMadeData,
             canonical=canonical.PaymentMade, read=payment.payment_made,
             write=payment.dossier_payment_made),
        Kind(topic=DOSSIERS, event=correction.DossierRescheduled,
             data=correction.RescheduledData, canonical=canonical.Rescheduled,
             read=correction.rescheduled, write=correction.dossier_rescheduled),
        Kind(topic=DOSSIERS, event=correction.DossierAmended, data=correction.AmendedData,
             canonical=canonical.Amended, read=correction.amended,
             write=correction.dossier_amended),
        Kind(topic=DOSSIERS, event=correction.DossierVoided, data=correction.VoidedData,
             canonical=canonical.Voided, read=correction.voided,
             write=correction.dossier_voided),
        Kind(topic=DOSSIERS, event=correction.DossierReopened, data=correction.ReopenedData,
             canonical=canonical.Reopened, read=correction.reopened,
             write=correction.dossier_reopened),
        Kind(topic=DOSSIERS, event=outcome.DossierResultIssued, data=outcome.ResultIssuedData,
             canonical=canonical.ResultIssued, read=outcome.result_issued,
             write=outcome.dossier_result_issued),
        Kind(topic=DOSSIERS, event=outcome.DossierDocuments, data=outcome.DocumentsAttachedData,
             canonical=canonical.DocumentsAttached, read=outcome.documents_attached,
             write=outcome.dossier_documents),
        Kind(topic=DOSSIERS, event=outcome.DossierRated, data=outcome.RatedData,
             canonical=canonical.Rated, read=outcome.rated, write=outcome.dossier_rated),
        Kind(topic=DOSSIERS, event=boarding.DossierSnapshot, data=boarding.SnapshotData,
             canonical=canonical.Snapshot, read=boarding.snapshot,
             write=boarding.dossier_snapshot),
        Kind(topic=DOSSIERS, event=boarding.DossierSyncAck, data=boarding.SyncAcknowledgedData,
             canonical=canonical.SyncAcknowledged, read=boarding.sync_acknowledged,
             write=boarding.dossier_sync_ack),
        Kind(topic=PETITIONS, event=petition.Petition, data=petition.PetitionData,
             canonical=canonical.Petition, read=petition.read, write=petition.write),
        Kind(topic=SIGNALS, event=service.ServiceRequest, data=service.ServiceRequestData,
             canonical=canonical.ServiceRequest, read=service.read, write=service.write),
        Kind(topic=SIGNALS, event=connection.SourceHeartbeat, data=connection.HeartbeatData,
             canonical=canonical.Heartbeat, read=connection.heartbeat,
             write=connection.source_heartbeat),
        Kind(topic=SIGNALS, event=connection.SourceMaintenance,
             data=connection.MaintenanceData, canonical=canonical.Maintenance,
             read=connection.maintenance, write=connection.source_maintenance),
        Kind(topic=SIGNALS, event=claim.ReconciliationClaim, data=claim.ReconciliationData,
             canonical=canonical.ReconciliationClaim, read=claim.reconciliation,
             write=claim.reconciliation_claim),
        Kind(topic=SIGNALS, event=claim.ExternalClaim, data=claim.ExternalData,
             canonical=canonical.ExternalClaim, read=claim.external,
             write=claim.external_claim),
        Kind(topic=CATALOGUE, event=catalogue.CatalogueProcedure, data=catalogue.ProcedureData,
             canonical=canonical.ProcedureListed, read=catalogue.procedure_listed,
             write=catalogue.catalogue_procedure),
        Kind(topic=CATALOGUE, event=catalogue.CatalogueAgency, data=catalogue.AgencyData,
             canonical=canonical.AgencyListed, read=catalogue.agency_listed,
             write=catalogue.catalogue_agency),
    )
}  # fmt: skip
