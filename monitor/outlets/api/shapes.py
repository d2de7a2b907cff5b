"""What answers look like: `openapi` makes their schemas of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What there is, and for whom."""

    path: str
    summary: str
    open_to: tuple[str, ...]


class Index(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    version: str
    description: str  # address of the OpenAPI document
    page: str  # the same to read
    links: tuple[Links, ...]


class Whoami(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    name: str
    agency: str
    sees_codes: bool


class AgencyLine(msgspec.Struct, frozen=True, kw_only=True):
    """An agency as its files have it."""

    code: str
    name: str
    kind: str
    parent: str
    valid_from: date
    valid_until: date | None  # the first day on which it is no longer
    present: str  # who stands today where it did
    basis: str
    source: str


class ProcedureLine(msgspec.Struct, frozen=True, kw_only=True):
    """An administrative procedure (thủ tục hành chính) as its files have it."""

    code: str
    name_vi: str
    name_en: str
    level: int
    limit: str
    eligible: bool
    fee: bool
    document_result: bool
    bundled: bool
    by: tuple[str, ...]
    tags: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    basis: str
    source: str


class MeasureLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger books."""

    measure: int
    name: str
    kind: str
    day: str
    basis: str
    meaning: str
    on_metrics: bool


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    rules_version: int


class Catalogued(msgspec.Struct, frozen=True, kw_only=True):
    """By which reference files."""

    reference: str  # hash; "": the ledger goes by none
    epoch: int | None  # of the policy in force
    rules_version: int


class AgencyPage(msgspec.Struct, frozen=True, kw_only=True):
    catalogue: Catalogued
    agencies: tuple[AgencyLine, ...]
    next: str | None


class ProcedurePage(msgspec.Struct, frozen=True, kw_only=True):
    catalogue: Catalogued
    procedures: tuple[ProcedureLine, ...]
    next: str | None


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    rules_version: int
    measures: tuple[MeasureLine, ...]


class TimelineLine(msgspec.Struct, frozen=True, kw_only=True):
    """A statement about a dossier, and what came of it."""

    dossier: str
    effective: str
    arrival: str
    source: str
    id: str
    kind: str
    effect: str
    outcome: str | None
    agency: str | None
    unit: str | None
    says: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """How a dossier's figures came about, as `emc explain --json` tells it."""

    dossier: str  # its token
    explanation: dict[str, Any]


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457; `code` is the word to act upon."""

    status: int
    title: str
    code: str
    detail: str
    remedy: str
    request: str
    parameter: str | msgspec.UnsetType = msgspec.UNSET


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """As of what. The same again gives the same numbers, whatever is booked since."""

    cut: int  # number of the journal up to which is counted
    sealed_at: str
    as_of_day: date
    zone: str
    reference: str
    policy_epoch: int
    rules_version: int


class Of(msgspec.Struct, frozen=True, kw_only=True):
    """Of whom and when."""

    scope: str
    period: str


class OfScope(msgspec.Struct, frozen=True, kw_only=True):
    scope: str


class NamedSet(msgspec.Struct, frozen=True, kw_only=True):
    set: str


class SetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A set of indicators, in one version."""

    set: str
    set_version: str
    set_hash: str
    title_vi: str
    title_en: str
    owner: str
    basis: str
    source: str
    source_vi: str
    valid_from: date
    valid_until: date | None  # the first day on which it is no longer
    indicators: int
    has_points: bool


class IndicatorLine(msgspec.Struct, frozen=True, kw_only=True):
    """What an indicator means."""

    indicator: str
    group: str
    name_vi: str
    name_en: str
    definition_vi: str
    definition_en: str
    numerator_is: str | None
    denominator_is: str | None
    times: str | None  # the indicator by whose ratio the quotient is multiplied
    unit: str
    zero_rule: str
    scoring: str
    max_points: float | None
    direction: str
    target: float | None
    target_due: date | None
    target_source: str
    target_source_vi: str
    applies_to: tuple[str, ...]
    minimum: int
    basis: str
    source: str
    source_vi: str
    reverse_engineered: bool
    method_issued: bool
    note_vi: str
    note_en: str


class Sets(msgspec.Struct, frozen=True, kw_only=True):
    sets: tuple[SetVersion, ...]


class SetDefinition(msgspec.Struct, frozen=True, kw_only=True):
    set: SetVersion
    indicators: tuple[IndicatorLine, ...]


class UsedSet(msgspec.Struct, frozen=True, kw_only=True):
    """By which version of which set."""

    set: str
    set_version: str
    set_hash: str


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """A whole number that official figures are made of. null: nobody knows; never 0."""

    period: str
    part: str | None  # code of what it is broken down by; null: the whole
    name: str | None
    fact: str
    standing: str  # number, null or no_data
    reason: str | None  # why there is no data
    value: int | None
    unit: str  # count or ms


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    scope: str
    period: str
    by: str | None
    known: Known
    facts: tuple[FactLine, ...]
    next: str | None


class FactSeries(msgspec.Struct, frozen=True, kw_only=True):
    scope: str
    known: Known
    facts: tuple[FactLine, ...]


class FigureLine(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator, evaluated; what it means is told with its set."""

    scope: str
    name: str | None
    period: str
    indicator: str
    standing: str
    numerator: int | None
    denominator: int | None
    factor: Decimal | None  # percent; the ratio of the indicator that it is multiplied by
    value: Decimal | None
    unit: str
    score: Decimal | None
    max_score: Decimal | None
    reason: str | None
    set_version: str
    set_hash: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    set: str
    known: Known
    figures: tuple[FigureLine, ...]
    next: str | None


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a procedure did to the change of a share; all of them add up to it."""

    procedure: str | None  # null: those that are unsaid
    numerator_before: int
    denominator_before: int
    numerator: int
    denominator: int
    by_numerator: float  # in parts of 1
    by_denominator: float


class Reasons(msgspec.Struct, frozen=True, kw_only=True):
    set: str
    indicator: str
    scope: str
    period: str
    period_before: str
    reasons: tuple[ReasonLine, ...]


class DossierLine(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier behind a number."""

    dossier: str  # its code, or its token for roles that see no codes
    token: str
    fact: str  # which of the facts that the number is a sum of
    times: int  # how that enters the sum; below 0: it is taken off


class DossierPage(msgspec.Struct, frozen=True, kw_only=True):
    scope: str
    period: str
    as_of_day: date
    dossiers: tuple[DossierLine, ...]
    next: str | None


class ReleaseTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table that is released to the public."""

    table: str
    version: str
    title_vi: str
    title_en: str
    definition_vi: str
    definition_en: str
    span: str
    limit: int
    columns: tuple[str, ...]
    shares: tuple[str, ...]
    basis: str
    source: str


class ReleaseTables(msgspec.Struct, frozen=True, kw_only=True):
    tables: tuple[ReleaseTable, ...]


class ReleaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One release of a table; its numbers stand under `/releases/TABLE/PERIOD`."""

    table: str
    first_day: date
    last_day: date
    cut: int
    cut_at: datetime
    made_at: datetime
    hash: str  # SHA-256 of the release as JSON


class ReleasePage(msgspec.Struct, frozen=True, kw_only=True):
    table: str
    releases: tuple[ReleaseLine, ...]
    next: str | None
