"""What answers look like: `openapi` makes their schemas of it."""

from datetime import date
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
