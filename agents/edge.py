"""The edge: what any source sends becomes a canonical record, or is refused.

The one way in for `emc ingest` and `emc gateway`. The source is who the topic or the token says,
whatever the payload claims; it must speak for whoever makes the statement; and nothing that may
tell who a person is goes further (docs/explanation/quarantine-and-privacy.md). What leaves is
made of canonical values only, so that a field nobody thought of goes nowhere.

Waits for nobody: the register is a snapshot, and time comes in.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, StrEnum
from typing import Any, Final, Protocol, Self, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from agents.keys import Keys
from monitor.domain.identity_number import Identity, identity_number
from monitor.domain.mandate import EVERYWHERE, Statement, may_state
from monitor.domain.zone import Zone, date_of
from monitor.ledger.sources import Source
from schemas import event as canonical
from schemas import texts
from schemas.decode import UNREADABLE, Headers, midnights, why
from schemas.encode import encode
from schemas.inbound import KIND_OF, inbound_reader
from schemas.kinds import KINDS
from schemas.refusal import Reason, Refused, Unreadable

# What nothing that leaves the edge may contain: nine digits in a row, three or more groups of
# three or four as telephones and cards are written, and the sign of an e-mail address.
IDENTIFIER: Final = re.compile(r"[0-9]{9}|[0-9]{3,4}(?:[ .-][0-9]{3,4}){2}|@")
_CODE: Final = re.compile(r"[A-Za-z0-9._:/#+=-]{1,128}")
_LETTERS: Final = re.compile(r"[^A-Za-z]+")
_DIGITS: Final = re.compile(r"[^0-9]+")
# National codes, whose groups are short: the formats themselves would admit any number in them.
_GROUPS: Final = r"(?:\.(?:[A-Z]{0,4}[0-9][0-9A-Z]{0,4}|[A-Z]{1,4}))*"
_AGENCY: Final = re.compile(r"[A-Y][0-9]{2}" + _GROUPS)
_PROCEDURE: Final = re.compile(r"[0-9]\.[0-9]{6}" + _GROUPS)
_DOSSIER: Final = re.compile(r"([0-9A-Z.]{3,35})-[0-9]{6}-[0-9]{4,8}")
_MOST_REMEMBERED: Final = 16_384


class Notice(StrEnum):
    """What the edge has noticed in a message that it let in: counted by source, never a reason
    to lose it."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        notice = str.__new__(cls, value)
        notice._value_ = value
        notice.meaning = meaning
        return notice

    OTHER_SOURCE = (
        "other_source",
        "The payload names another source than the topic or the token does.",
    )
    PLACEHOLDER = ("placeholder", "An identity number that is nobody's, as 000000001.")
    NO_IDENTITY = ("no_identity", "A text for an identity number that has the form of none.")
    CLEAR_IDENTITY = ("clear_identity", "An identity number where a keyed hash belongs.")
    HIDDEN_NAME = (
        "hidden_name",
        "The name of a step, unit, channel or procedure that is not on the source's list.",
    )
    HIDDEN_CODE = (
        "hidden_code",
        "The code of a dossier, or the id of an event, that may hold an identifier.",
    )


class Admitted(Struct, frozen=True, gc=False):
    """A canonical record, to be produced as it is."""

    topic: str
    key: bytes
    value: bytes
    type: str  # of the event, as CloudEvents has it
    notices: tuple[Notice, ...] = ()


class Snapshot(Protocol):
    """What the edge asks of the register."""

    def by_code(self, code: str) -> Source | None: ...


class Edge:
    """Admits records, one by one. One a process."""

    def __init__(
        self,
        register: Callable[[], Snapshot],
        keys: Keys,
        zone: Zone,
        *,
        topics: Mapping[str, str] | None = None,
    ) -> None:
        """`topics` renames canonical topics, as EMC_TOPIC does."""
        self._register = register
        self._keys = keys
        self._zone = zone
        self._topics = dict(topics or {})
        self._read = inbound_reader().read
        self._midnight = midnights(zone)
        self._speakers: dict[str, _Speaker] = {}
        # Since this process has started: by source and notice; by source, reason and place.
        self.noticed: Counter[tuple[str, Notice]] = Counter()
        self.refused: Counter[tuple[str, Reason]] = Counter()
        self.admitted: Counter[str] = Counter()

    def admit(
        self, source: str, value: bytes | None, headers: Headers, arrival_ms: int
    ) -> Admitted | Refused:
        """What a registered source has sent, at the time it arrived. Nothing raises."""
        found = self._register().by_code(source)
        if found is None:
            self.refused["", Reason.UNKNOWN_SOURCE] += 1
            return Refused(Reason.UNKNOWN_SOURCE, "source")
        speaker = self._speakers.get(source)
        if speaker is None or speaker.source is not found:
            speaker = self._speakers[source] = _Speaker(found, self._keys)
        try:
            event = self._read(value, headers)
            result = self._admit(speaker, event, arrival_ms)
        except UNREADABLE as error:
            reason, detail = why(error, value)
            self.refused[source, reason] += 1
            return Refused(reason, detail, source)
        self.admitted[source] += 1
        for notice in result.notices:
            self.noticed[source, notice] += 1
        return result

    def _admit(self, speaker: "_Speaker", event: Any, arrival_ms: int) -> Admitted:
        kind = KIND_OF.get(type(event))
        if kind is None:
            raise Unreadable(Reason.UNKNOWN_TYPE, "type")
        notices: list[Notice] = []
        code = speaker.source.code
        if event.source != code:
            notices.append(Notice.OTHER_SOURCE)
            force_setattr(event, "source", code)
        force_setattr(event, "arrival", None)
        found = kind.read(event, arrival_ms, self._midnight)
        speaker.check(found, getattr(event.data, "stated_by", None))
        changes = _tidied(found, TREATMENTS[kind.canonical], speaker, notices)
        if "applicant_key" in kind.canonical.__struct_fields__:
            changes |= self._applicant(event, found, notices)
        if changes:
            found = msgspec.structs.replace(found, **changes)
        return Admitted(
            self._topics.get(kind.topic.name, kind.topic.name),
            kind.topic.key(found).encode(),
            encode(found),
            kind.type,
            tuple(notices),
        )

    def _applicant(self, event: Any, found: Any, notices: list[Notice]) -> dict[str, Any]:
        """The keyed hash in the place of whatever tells who applies."""
        said = event.data.applicant_id
        key = event.data.applicant_key
        if not said and key:
            # A number in the wrong field is one all the same.
            if identity_number(key)[0] is not Identity.NONE:
                notices.append(Notice.CLEAR_IDENTITY)
                said = key
            elif not found.applicant_key:
                return {}
        if not said:
            if not found.applicant_key:
                return {}
            # A hash of the source's own is hashed again: who knows what it is.
            return {"applicant_key": self._hash("key", found.applicant_key, found)}
        form, digits = identity_number(said)
        if not digits:
            notices.append(
                Notice.PLACEHOLDER if form is Identity.PLACEHOLDER else Notice.NO_IDENTITY
            )
            return {"applicant_key": "", "identity_attached": False}
        return {
            "applicant_key": self._hash(form.value, digits, found),
            "identity_attached": form is Identity.CITIZEN,
        }

    def _hash(self, form: str, text: str, found: Any) -> str:
        """Constant within the calendar year of the receipt, or of the claimed time without one."""
        ms = found.claimed_ms if found.receipt_ms is None else found.receipt_ms
        return self._keys.applicant(f"{form}:{text}", date_of(self._zone.day(ms)).year)


class Treatment(Enum):
    """How a text is kept from telling who a person is."""

    KEPT = "kept"  # not the sender's words: the source, an applicant's hash
    AGENCY = "agency"
    PROCEDURE = "procedure"
    KEY = "key"  # of a dossier or petition
    ID = "id"
    NAME = "name"
    PUBLIC = "public"  # official names, refused if there is an identifier in them


_FIELDS: Final = {
    "source": Treatment.KEPT,
    "applicant_key": Treatment.KEPT,
    "agency": Treatment.AGENCY,
    "parent": Treatment.AGENCY,
    "successor": Treatment.AGENCY,
    "procedure": Treatment.PROCEDURE,
    "dossier": Treatment.KEY,
    "petition": Treatment.KEY,
    "id": Treatment.ID,
    "target": Treatment.ID,
}
# What a field is in one kind only. The catalogue is public, and its own list of what is known.
_FIELDS_OF: Final[Mapping[type[Struct], Mapping[str, Treatment]]] = {
    canonical.ProcedureListed: {
        "code": Treatment.PUBLIC, "name": Treatment.PUBLIC, "lists": Treatment.PUBLIC
    },
    canonical.AgencyListed: {"code": Treatment.AGENCY, "name": Treatment.PUBLIC},
}  # fmt: skip


def _treatments(type_: type[Struct]) -> tuple[tuple[str, Treatment], ...]:
    """Of every field that holds the sender's words; one that no table knows is a name."""
    own = _FIELDS_OF.get(type_, {})
    found = []
    for field in msgspec.structs.fields(type_):
        if _has_text(field.type):
            treatment = own.get(field.name) or _FIELDS.get(field.name, Treatment.NAME)
            if treatment is not Treatment.KEPT:
                found.append((field.name, treatment))
    return tuple(found)


def _has_text(type_: Any) -> bool:
    return type_ is str or any(_has_text(part) for part in get_args(type_))


TREATMENTS: Final = {kind.canonical: _treatments(kind.canonical) for kind in KINDS.values()}


def _tidied(
    event: Any,
    treatments: Iterable[tuple[str, Treatment]],
    speaker: "_Speaker",
    notices: list[Notice],
) -> dict[str, Any]:
    """What has to stand in the place of the sender's words."""
    changes: dict[str, Any] = {}
    for field, treatment in treatments:
        said = getattr(event, field)
        if not said:
            continue
        tidy = TIDY[treatment](speaker, said, f"data.{field}")
        if tidy != said:
            changes[field] = tidy
            notices.append(
                Notice.HIDDEN_CODE
                if treatment in (Treatment.ID, Treatment.KEY)
                else Notice.HIDDEN_NAME
            )
    return changes


class _Speaker:
    """A source as it stands in the register, and what it has been found to say."""

    def __init__(self, source: Source, keys: Keys) -> None:
        self.source = source
        self._keys = keys
        self._listed = source.names
        self._agencies = frozenset(
            {mandate.agency for mandate in source.mandates}
            | {each.unit for each in source.expectations}
            | {source.owner}
        ) - {EVERYWHERE, ""}
        self._procedures = frozenset(
            {mandate.procedure for mandate in source.mandates}
            | {each.procedure for each in source.expectations}
        ) - {""}
        self._covered: dict[tuple[str, str], bool] = {}
        self._names: dict[str, str] = {}
        self._units: dict[str, bool] = {}

    def check(self, event: Any, stated_by: str | None) -> None:
        """Raises `Unreadable` where the source may not say this."""
        agency = _said(event, "agency")
        procedure = _said(event, "procedure")
        if isinstance(event, canonical.AgencyListed):
            agency = event.code
        elif isinstance(event, canonical.ProcedureListed):
            agency, procedure = agency_of_procedure(event.code), event.code
        if not stated_by:
            known = self._covered.get((agency, procedure))
            if known is None:
                if len(self._covered) >= _MOST_REMEMBERED:
                    self._covered.clear()
                known = self._covered[agency, procedure] = bool(agency) and may_state(
                    self.source.mandates, Statement(agency=agency, procedure=procedure)
                )
            if known:
                return
        statement = Statement(
            dossier=_said(event, "dossier") or _said(event, "petition"),
            agency=agency,
            unit=_said(event, "unit") or "",
            procedure=procedure,
            stated_by=texts.agency(stated_by, "data.stated_by") if stated_by else "",
        )
        if not may_state(self.source.mandates, statement):
            field = "stated_by" if stated_by else "agency" if agency else "dossier"
            raise Unreadable(Reason.OUTSIDE_MANDATE, f"data.{field}")

    def agency(self, code: str, field: str) -> str:
        """The code; raises `Unreadable` unless it has the form of one, or is registered."""
        known = self._units.get(code)
        if known is None:
            if len(self._units) >= _MOST_REMEMBERED:
                self._units.clear()
            known = self._units[code] = code in self._agencies or is_agency(code)
        if not known:
            raise Unreadable(Reason.OUTSIDE_MANDATE, field)
        return code

    def procedure(self, code: str, _: str) -> str:
        """A code of the national form, or a registered one; a token for any other."""
        known = self._names.get(code)
        if known is None:
            passes = is_procedure(code) or code in self._procedures or code in self._listed
            known = self._remembered(code, passes)
        return known

    def public(self, said: Any, field: str) -> Any:
        """Official names as they are; raises `Unreadable` if there is an identifier in them."""
        if IDENTIFIER.search(said if isinstance(said, str) else " ".join(said)):
            raise Unreadable(Reason.INVALID_TEXT, field)
        return said

    def named(self, said: Any, _: str) -> Any:
        """A name, or several."""
        return self.name(said) if isinstance(said, str) else tuple(map(self.name, said))

    def name(self, text: str) -> str:
        """A name on the source's list, or the code of a unit; a token for any other."""
        known = self._names.get(text)
        if known is None:
            passes = text in self._listed or is_agency(text) or text in self._agencies
            known = self._remembered(text, passes)
        return known

    def code(self, text: str, _: str) -> str:
        """An id; a token for what may hold an identifier."""
        return text if is_code(text) else self._keys.token(text)

    def key(self, key: str, _: str) -> str:
        """The key of a dossier or petition; with a token where its code may hold an identifier."""
        scope, bar, code = key.partition("|")
        if not bar:
            return key if is_dossier(key) else f"{self.source.code}|{self._keys.token(key)}"
        return key if is_code(code) else f"{scope}|{self._keys.token(code)}"

    def _remembered(self, text: str, passes: bool) -> str:
        if len(self._names) >= _MOST_REMEMBERED:
            self._names.clear()
        known = self._names[text] = text if passes else self._keys.token(text)
        return known


TIDY: Final[Mapping[Treatment, Callable[[_Speaker, Any, str], Any]]] = {
    Treatment.AGENCY: _Speaker.agency,
    Treatment.PROCEDURE: _Speaker.procedure,
    Treatment.KEY: _Speaker.key,
    Treatment.ID: _Speaker.code,
    Treatment.NAME: _Speaker.named,
    Treatment.PUBLIC: _Speaker.public,
}


def is_agency(code: str) -> bool:
    """Whether it has the form of a national code, with groups too short for a number."""
    return len(code) <= 35 and bool(_AGENCY.fullmatch(code)) and not IDENTIFIER.search(code)


def is_procedure(code: str) -> bool:
    """Whether it has the form of a national code of a procedure."""
    return len(code) <= 64 and bool(_PROCEDURE.fullmatch(code))


def is_dossier(key: str) -> bool:
    """Whether it has the form of a national code, and counts fewer than a hundred million a day."""
    match = _DOSSIER.fullmatch(key)
    return match is not None and is_agency(match[1])


def is_code(text: str) -> bool:
    """Whether it looks like a code, and like nobody's number or name.

    ASCII without blanks, at least as many digits as letters, and no identifier in it.
    """
    return (
        bool(_CODE.fullmatch(text))
        and not IDENTIFIER.search(text)
        and len(_DIGITS.sub("", text)) >= len(_LETTERS.sub("", text))
    )


def agency_of_procedure(code: str) -> str:
    """Whose procedure it is: a province's own has its code behind; any other is the State's."""
    return code.rpartition(".")[2] if code.count(".") > 1 else EVERYWHERE


def _said(event: Any, field: str) -> str:
    return getattr(event, field, "") or ""
