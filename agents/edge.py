"""The edge: what any source sends becomes a canonical record, or is refused.

The one way in for `emc ingest` and `emc gateway`. The source is who the topic or the token says,
whatever the payload claims; it must speak for whoever makes the statement; and nothing that may
tell who a person is goes further (docs/explanation/quarantine-and-privacy.md). What leaves is
made of canonical values only, so that a field nobody thought of goes nowhere.

Waits for nobody: the register is a snapshot, and time comes in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, StrEnum
from traceback import extract_tb
from typing import Any, Final, Protocol, Self, TypeVar, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from agents.clear import IDENTIFIER, is_agency, is_code, is_procedure
from agents.keys import TOKEN_MARK, Keys
from monitor.domain.applicants import year_begins
from monitor.domain.event import Stamp
from monitor.domain.identity_number import Identity, identity_number
from monitor.domain.mandate import EVERYWHERE, Statement, may_state
from monitor.domain.zone import Zone, date_of
from monitor.ledger.sources import Source
from schemas import event as canonical
from schemas import texts
from schemas.decode import UNREADABLE, Headers, midnights, why
from schemas.dossier import DossierState, DossierStateData
from schemas.encode import BY_CANONICAL, ENCODE, encode
from schemas.fields import APPLICANT_TYPES, CHANNELS, LEVELS
from schemas.inbound import KIND_OF, inbound_reader
from schemas.kinds import KINDS, TOPICS, Kind
from schemas.refusal import Reason, Refused, Unreadable
from schemas.times import instant_ms, rfc3339, within_range
from schemas.tracking import Applicant, Hide

_LONGEST_NUMBER: Final = len("260803-00000001")  # of a day's dossiers, fewer than 10^8
_LONGEST_TIME: Final = len("2026-08-03T08:12:31.123+07:00")  # no room for a number in it
_LENGTH_OF_DAY: Final = len("2026-08-03")
LARGEST_ANSWER: Final = (
    99_999_999  # of another system's codes: fewer digits than any number has
)
_STATE: Final = KINDS["dossier.state.v1"]
_MOST_REMEMBERED: Final = 16_384


K = TypeVar("K")
V = TypeVar("V")


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


# Events of a message, made for the source it comes from with what hides an applicant's numbers.
Make = Callable[[Source, Hide], Iterable[canonical.Canonical]]


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
        self._topic = {each.name: (topics or {}).get(each.name, each.name) for each in TOPICS}
        self._read = inbound_reader().read
        self._midnight = midnights(zone)
        self._speakers: dict[str, _Speaker] = {}
        self._arrival = (-1, "")  # the last one, and how it is written
        self._year = (0, 0, 0)  # the last one: when it begins, when the next does, and which
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
            return self._refused("", Reason.UNKNOWN_SOURCE, "source")
        try:
            speaker = self._speakers.get(source)
            if speaker is None or speaker.source is not found:
                speaker = self._speaker(found)
            result = self._admit(speaker, self._read(value, headers), arrival_ms)
        except UNREADABLE as error:
            return self._refused(source, *why(error, value))
        except Exception as error:  # noqa: BLE001 - one record: kept, with where it happened
            return self._refused(source, *_fault(error))
        self.admitted[source] += 1
        if result.notices:
            self._notice(source, result)
        return result

    def admit_made(self, source: str, make: Make) -> list[Admitted] | Refused:
        """What an adapter makes of a message of a registered source, all of it or nothing.

        Held to the same rules as what comes as events; the adapter reads, and the edge hides.
        Nothing raises.
        """
        found = self._register().by_code(source)
        if found is None:
            return self._refused("", Reason.UNKNOWN_SOURCE, "source")
        try:
            speaker = self._speaker(found)
            made = [self._made(speaker, event) for event in make(found, self._hide)]
        except UNREADABLE as error:
            return self._refused(source, *why(error, b""))
        except Exception as error:  # noqa: BLE001 - one message: kept, with where it happened
            return self._refused(source, *_fault(error))
        for result in made:
            self.admitted[source] += 1
            self._notice(source, result)
        return made

    def _speaker(self, found: Source) -> "_Speaker":
        speaker = self._speakers.get(found.code)
        if speaker is None or speaker.source is not found:
            speaker = self._speakers[found.code] = _Speaker(found, self._keys)
        return speaker

    def _notice(self, source: str, result: Admitted) -> None:
        for notice in result.notices:
            self.noticed[source, notice] += 1

    def _made(self, speaker: "_Speaker", event: canonical.Canonical) -> Admitted:
        kind = BY_CANONICAL[type(event)]
        speaker.check(event, None)
        notices: list[Notice] = []
        # Its id is none of the sender's words: adapters make it of times and words of their own.
        words = [each for each in TREATMENTS[kind.canonical] if each[0] != "id"]
        changes = _tidied(event, words, speaker, notices)
        event = msgspec.structs.replace(
            event, id=speaker.made(event), trial=speaker.source.trial, **changes
        )
        return Admitted(
            self._topic[kind.topic.name],
            kind.topic.key(event).encode(),
            encode(event),
            kind.type,
            tuple(notices),
        )

    def _hide(self, numbers: Sequence[str], of_ms: int) -> Applicant:
        """The first of these that is anybody's number, hashed for the year of an instant."""
        stamped = 0
        for number in numbers:
            form, digits = identity_number(number)
            if digits:
                if form in (Identity.CITIZEN, Identity.CARD):
                    stamped |= Stamp.IDENTITY
                key = self._keys.applicant(f"{form.value}:{digits}", self._year_of(of_ms))
                return Applicant(key, form is Identity.CITIZEN, stamped)
            if form is Identity.PLACEHOLDER:
                stamped |= Stamp.PLACEHOLDER
        return Applicant("", False if numbers else None, stamped)

    def _year_of(self, ms: int) -> int:
        """The local calendar year of an instant: nearly always the one before's."""
        begins, ends, year = self._year
        if not begins <= ms < ends:
            year = date_of(self._zone.day(ms)).year
            start = self._zone.start_of
            self._year = (start(year_begins(year)), start(year_begins(year + 1)), year)
        return year

    def _refused(self, source: str, reason: Reason, detail: str) -> Refused:
        self.refused[source, reason] += 1
        return Refused(reason, detail, source)

    def _admit(self, speaker: "_Speaker", event: Any, arrival_ms: int) -> Admitted:
        kind = KIND_OF.get(type(event))
        if kind is None:
            raise Unreadable(Reason.UNKNOWN_TYPE, "type")
        notices: list[Notice] = []
        code = speaker.source.code
        if event.source != code:
            notices.append(Notice.OTHER_SOURCE)
            force_setattr(event, "source", code)
        key, value = (
            self._state(speaker, event, arrival_ms, notices)
            if kind is _STATE
            else self._any(kind, speaker, event, arrival_ms, notices)
        )
        topic = self._topic[kind.topic.name]
        return Admitted(topic, key, value, kind.type, tuple(notices) if notices else ())

    def _any(
        self,
        kind: Kind,
        speaker: "_Speaker",
        event: Any,
        arrival_ms: int,
        notices: list[Notice],
    ) -> tuple[bytes, bytes]:
        """Key and value of an event of any kind: read, tidied, and written again."""
        force_setattr(event, "arrival", None)
        # What the edge alone says: a source that says it of itself is not believed.
        force_setattr(event, "trial", speaker.source.trial)
        force_setattr(event, "stamped", None)
        found: Any = kind.read(event, arrival_ms, self._midnight)
        speaker.check(found, getattr(event.data, "stated_by", None))
        if kind.canonical is canonical.SyncAcknowledged and abs(found.code) > LARGEST_ANSWER:
            raise Unreadable(Reason.NUMBER_OUT_OF_RANGE, "data.code")
        changes = _tidied(found, TREATMENTS[kind.canonical], speaker, notices)
        if "applicant_key" in kind.canonical.__struct_fields__:
            data = event.data
            if data.applicant_id or data.applicant_key:
                changes["applicant_key"], changes["identity_attached"] = self._applicant(
                    data,
                    found.claimed_ms if found.receipt_ms is None else found.receipt_ms,
                    found.identity_attached,
                    notices,
                )
        if changes:
            found = msgspec.structs.replace(found, **changes)
        return kind.topic.key(found).encode(), encode(found)

    def _state(
        self, speaker: "_Speaker", event: Any, arrival_ms: int, notices: list[Notice]
    ) -> tuple[bytes, bytes]:
        """Nine of ten events are states: the same as for any other, field by field.

        Times stay as they were written, once they have been read; the property test holds the
        result equal to that of the long way.
        """
        data = event.data
        source = event.source
        claimed_ms = instant_ms(event.time, "time")
        if arrival_ms != self._arrival[0]:
            within_range(arrival_ms, "record timestamp")
            self._arrival = (arrival_ms, rfc3339(arrival_ms))
        receipt, of_ms = self._receipt(data.receipt_date, claimed_ms)
        due = data.due_at
        if due is not None:
            due = _written(due, instant_ms(due, "data.due_at"))
        unit = data.unit and speaker.said(data.unit, "data.unit", notices)
        dossier = texts.dossier(data.dossier, source, "data.dossier")
        agency, procedure = speaker.place(data, dossier, unit)
        if procedure[0] == TOKEN_MARK:
            notices.append(Notice.HIDDEN_NAME)
        key, id_ = speaker.key(dossier), event.id
        if key is not dossier:
            notices.append(Notice.HIDDEN_CODE)
        if not is_code(id_):
            id_ = speaker.code(texts.text(id_, "id"))
            notices.append(Notice.HIDDEN_CODE)
        applicant, attached = None, data.identity_attached
        if data.applicant_id or data.applicant_key:
            applicant, attached = self._applicant(data, of_ms, attached, notices)
        sent = DossierState(
            specversion="1.0",
            id=id_,
            source=source,
            time=_written(event.time, claimed_ms),
            arrival=self._arrival[1],
            datacontenttype="application/json",
            trial=speaker.source.trial or None,
            data=DossierStateData(
                dossier=key,
                procedure=procedure,
                agency=agency,
                state=data.state,
                unit=unit,
                step=data.step and speaker.said(data.step, "data.step", notices),
                channel=data.channel if data.channel in CHANNELS else None,
                sub_channel=data.sub_channel
                and speaker.said(data.sub_channel, "data.sub_channel", notices),
                level=data.level if data.level in LEVELS else None,
                receipt_date=receipt,
                due_at=due,
                applicant_type=data.applicant_type
                if data.applicant_type in APPLICANT_TYPES
                else None,
                identity_attached=attached,
                applicant_key=applicant or None,
                revision=data.revision or None,
                sequence=data.sequence,
                backfill=data.backfill or None,
            ),
        )
        return key.encode(), ENCODE(sent)

    def _receipt(self, said: str | None, claimed_ms: int) -> tuple[str | None, int]:
        """The receipt as it may be written, and by which instant its year goes."""
        if said is None:
            return None, claimed_ms
        if len(said) == _LENGTH_OF_DAY:
            return said, self._midnight(said, "data.receipt_date")
        ms = instant_ms(said, "data.receipt_date")
        return _written(said, ms), ms

    def _applicant(
        self, data: Any, of_ms: int, attached: bool | None, notices: list[Notice]
    ) -> tuple[str, bool | None]:
        """The keyed hash in the place of whatever tells who applies, and if a number came.

        Constant within the calendar year of `of_ms`: the receipt, or the claimed time without.
        """
        year = self._year_of(of_ms)
        said, key = data.applicant_id, data.applicant_key
        if not said:
            # A number in the wrong field is one all the same.
            if identity_number(key)[0] is not Identity.NONE:
                notices.append(Notice.CLEAR_IDENTITY)
                said = key
            else:
                # A hash of the source's own is hashed again: who knows what it is.
                key = texts.applicant(key, "data.applicant_key")
                return self._keys.applicant(f"key:{key}", year) if key else "", attached
        form, digits = identity_number(said)
        if digits:
            return (
                self._keys.applicant(f"{form.value}:{digits}", year),
                form is Identity.CITIZEN,
            )
        notices.append(
            Notice.PLACEHOLDER if form is Identity.PLACEHOLDER else Notice.NO_IDENTITY
        )
        return "", False


class Treatment(Enum):
    """How a text is kept from telling who a person is."""

    KEPT = "kept"  # not the sender's words: the source, an applicant's hash
    AGENCY = "agency"
    PROCEDURE = "procedure"
    KEY = "key"  # of a dossier or petition
    ID = "id"
    NAME = "name"
    WORD = "word"  # a name of the source's own making, without blanks
    RELEASE = "release"  # left out if it may be anything else
    AGENCIES = "agencies"
    KEYS = "keys"
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
    "interface": Treatment.WORD,
    "units": Treatment.AGENCIES,
    "window": Treatment.WORD,
    "claim": Treatment.WORD,
    "codes": Treatment.KEYS,
    "version": Treatment.RELEASE,
}
# What a field is in one kind only. The catalogue is public, and its own list of what is known.
_FIELDS_OF: Final[Mapping[type[Struct], Mapping[str, Treatment]]] = {
    canonical.ProcedureListed: {
        "code": Treatment.PROCEDURE, "name": Treatment.PUBLIC, "lists": Treatment.PUBLIC
    },
    canonical.AgencyListed: {"code": Treatment.AGENCY, "name": Treatment.PUBLIC},
    # A stated figure is published with the name of its report; its value is a number.
    canonical.ExternalClaim: {
        "indicator": Treatment.PUBLIC, "survey": Treatment.PUBLIC, "unit": Treatment.PUBLIC,
        "value": Treatment.KEPT,
    },
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
                if treatment in (Treatment.ID, Treatment.KEY, Treatment.KEYS)
                else Notice.HIDDEN_NAME
            )
    return changes


def stands_for(source: Source, keys: Keys, text: str) -> dict[str, str]:
    """What the edge writes where a source sends this text: of a dossier, a name, an id."""
    speaker = _Speaker(source, keys)
    return {
        "dossier": speaker.key(texts.dossier(text, source.code, "data.dossier")),
        "name": speaker.name(texts.name(text, "data.step")),
        "id": speaker.code(texts.text(text, "id")),
    }


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
        self._places: dict[tuple[str, str], tuple[str, str]] = {}  # by what was sent
        self._sent: dict[str, str] = {}  # names by what was sent
        self._names: dict[str, str] = {}
        self._units: dict[str, bool] = {}

    def check(self, event: Any, stated_by: str | None) -> None:
        """Raises `Unreadable` where the source may not say this."""
        agency, procedure = _said(event, "agency"), _said(event, "procedure")
        if isinstance(event, canonical.AgencyListed):
            agency = event.code
        elif isinstance(event, canonical.ProcedureListed):
            agency, procedure = agency_of_procedure(event.code), event.code
        # A petition is no statement about the dossier that it complains of.
        about = _said(event, "petition") or _said(event, "dossier")
        if not about and agency == self.source.owner:
            return  # of its own house
        self._check(
            Statement(
                dossier=about, agency=agency, unit=_said(event, "unit"), procedure=procedure
            ),
            stated_by,
        )

    def place(self, data: Any, dossier: str, unit: str | None) -> tuple[str, str]:
        """Agency and procedure of a state as they may go on, if the source may say it."""
        known = None if data.stated_by else self._places.get((data.agency, data.procedure))
        if known is None:
            agency = texts.agency(data.agency, "data.agency")
            procedure = texts.procedure(data.procedure, "data.procedure")
            statement = Statement(agency=agency, procedure=procedure)
            alone = not data.stated_by and may_state(self.source.mandates, statement)
            if not alone:
                self._check(
                    replace(statement, dossier=dossier, unit=unit or ""), data.stated_by
                )
            known = self.agency(agency, "data.agency"), self.procedure(procedure)
            if alone:  # whatever the dossier
                _remember(self._places, (data.agency, data.procedure), known)
        return known

    def _check(self, statement: Statement, stated_by: str | None) -> None:
        if stated_by:
            statement = replace(statement, stated_by=texts.agency(stated_by, "data.stated_by"))
        if not may_state(self.source.mandates, statement):
            field = "stated_by" if stated_by else "agency" if statement.agency else "dossier"
            raise Unreadable(Reason.OUTSIDE_MANDATE, f"data.{field}")

    def agency(self, code: str, field: str) -> str:
        """The code; raises `Unreadable` unless it has the form of one, or is registered."""
        if not self.knows(code):
            raise Unreadable(Reason.OUTSIDE_MANDATE, field)
        return code

    def knows(self, code: str) -> bool:
        """Whether an agency's code has the form of one, or is registered."""
        known = self._units.get(code)
        if known is None:
            known = code in self._agencies or is_agency(code)
            _remember(self._units, code, known)
        return known

    def procedure(self, code: str, _: str = "") -> str:
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

    def named(self, said: Any, _: str = "") -> Any:
        """A name, or several."""
        return self.name(said) if isinstance(said, str) else tuple(map(self.name, said))

    def said(self, text: str, field: str, notices: list[Notice]) -> str | None:
        """A name as it was sent, as it may go on; None for one that says nothing."""
        known = self._sent.get(text)
        if known is None:
            known = self.name(texts.name(text, field))
            _remember(self._sent, text, known)
        if known[:1] == TOKEN_MARK:
            notices.append(Notice.HIDDEN_NAME)
        return known or None

    def name(self, text: str) -> str:
        """A name on the source's list, or the code of a unit; a token for any other."""
        known = self._names.get(text)
        if known is None:
            passes = text in self._listed or is_agency(text) or text in self._agencies
            known = self._remembered(text, passes)
        return known

    def made(self, event: canonical.Canonical) -> str:
        """The id that an adapter has made, under our key: it is made of what was sent."""
        return self._keys.token(f"{event.dossier}|{event.id}").removeprefix(TOKEN_MARK)

    def word(self, text: str, _: str = "") -> str:
        """A listed name or a code; else a token that itself is a word."""
        if text in self._listed or is_code(text):
            return text
        return self._keys.token(text).removeprefix(TOKEN_MARK)

    def release(self, text: str, _: str = "") -> str:
        return text if is_code(text) else ""

    def agencies(self, codes: tuple[str, ...], field: str) -> tuple[str, ...]:
        for code in codes:
            self.agency(code, field)
        return codes

    def keys(self, keys: tuple[str, ...], _: str = "") -> tuple[str, ...]:
        return tuple(sorted({self.key(key) for key in keys}))

    def code(self, text: str, _: str = "") -> str:
        """An id; a token for what may hold an identifier."""
        return text if is_code(text) else self._keys.token(text)

    def key(self, key: str, _: str = "") -> str:
        """The key of a dossier or petition; with a token where its code may hold an identifier."""
        scope, bar, code = key.partition("|")
        if not bar:
            agency, _, number = key.partition("-")
            if len(number) <= _LONGEST_NUMBER and self.knows(agency):
                return key
            return f"{self.source.code}|{self._keys.token(key)}"
        return key if is_code(code) else f"{scope}|{self._keys.token(code)}"

    def _remembered(self, text: str, passes: bool) -> str:
        known = text if passes else self._keys.token(text)
        _remember(self._names, text, known)
        return known


TIDY: Final[Mapping[Treatment, Callable[[_Speaker, Any, str], Any]]] = {
    Treatment.AGENCY: _Speaker.agency,
    Treatment.PROCEDURE: _Speaker.procedure,
    Treatment.KEY: _Speaker.key,
    Treatment.ID: _Speaker.code,
    Treatment.NAME: _Speaker.named,
    Treatment.WORD: _Speaker.word,
    Treatment.RELEASE: _Speaker.release,
    Treatment.AGENCIES: _Speaker.agencies,
    Treatment.KEYS: _Speaker.keys,
    Treatment.PUBLIC: _Speaker.public,
}


def agency_of_procedure(code: str) -> str:
    """Whose procedure it is: a province's own has its code behind; any other is the State's."""
    return code.rpartition(".")[2] if code.count(".") > 1 else EVERYWHERE


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _MOST_REMEMBERED:  # a source that makes them up must not fill the memory
        known.clear()
    known[key] = value


def _written(said: str, ms: int) -> str:
    """An instant as it was sent, unless there is room for a number in its fraction."""
    return said if len(said) <= _LONGEST_TIME else rfc3339(ms)


def _said(event: Any, field: str) -> str:
    return getattr(event, field, "") or ""


def _fault(error: BaseException) -> tuple[Reason, str]:
    """A fault of ours: where it happened, nothing of what was sent."""
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    return Reason.FAULT, f"{type(error).__name__} at {place}"
