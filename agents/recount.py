"""An independent count of the input, against which the figures on /metrics are held.

Written from MEASURES.md alone, slow and obvious on purpose, and sharing no code with what it
checks: every record is kept, and everything is worked out at the end. It imports nothing of ours.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NoReturn, Self
from zoneinfo import ZoneInfo

Precision = Literal["instant", "date"]

SUPPLEMENT: Final = 5
REFUSED: Final = 3
WITHDRAWN: Final = 7
PROCESSED: Final = 9
HANDED_OVER: Final = 10

# MEASURES.md §3, in the order in which it names them.
RANK: Final = (0, 1, 2, 4, 5, 6, 8, 3, 7, 9, 10)
WORK: Final = frozenset({2, 4, 5, 6, 8})
PAUSES: Final = frozenset({5, 6, 8})
STANDING: Final = frozenset({3, 7, 10})
ENDINGS: Final = frozenset({3, 7, 9, 10})
ACCEPTING: Final = frozenset({2, 4, 6, 8, 9, 10})

FIVE_MINUTES_MS: Final = 5 * 60 * 1000
REPEAT_MS: Final = 10 * 60 * 1000

# MEASURES.md §1 and §9: what the edge stamped or saw, as powers of two.
NO_ID: Final = 1
NO_TIME: Final = 2
UNCERTAIN: Final = 4
NO_PROCEDURE: Final = 256  # another message of the dossier names it
ALL_STAMPS: Final = 511
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100

DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
# DOMAIN.md §3.3: the agency code of Decision 20/2020, and the order used before it.
AGENCY: Final = re.compile(r"[A-Y][0-9]{2}(?:\.[0-9A-Z]+)*")
OLD_AGENCY: Final = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Y][0-9]{2}")
LONGEST_AGENCY: Final = 35
# DOMAIN.md §3.2; what is in none of these lists says no more than silence.
CHANNELS: Final = frozenset({1, 2, 3})
LEVELS: Final = frozenset({2, 3, 4})
APPLICANT_TYPES: Final = frozenset({1, 2, 3, 4})
DOSSIER: Final = re.compile(r"([0-9A-Z.]+)-([0-9]{6}-[0-9]{4,10})")


class Refused(Exception):
    """The record is no valid event; the message is the reason."""


# --- Reading -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One state event as it was read. A bare receipt date has no instant before its zone is known."""

    dossier: str
    source: str
    id: str
    claimed_ms: int
    arrival_ms: int
    state: int
    procedure: str
    agency: str
    unit: str
    step: str
    channel: int
    sub_channel: str
    level: int
    receipt: int | date | None
    due_ms: int | None
    applicant_type: int
    identity_attached: bool | None
    applicant_key: str
    revision: int
    sequence: int | None
    backfill: bool
    trial: bool = False  # of a source on trial: measured apart
    stamped: int = (
        0  # what the edge added or saw: 1 the id, 2 the time, 4 an uncertain clock, …
    )

    @property
    def effective_ms(self) -> int:
        if self.claimed_ms > self.arrival_ms + FIVE_MINUTES_MS:
            return self.arrival_ms
        return self.claimed_ms

    @property
    def identity(self) -> tuple[bytes, bytes]:
        return self.source.encode(), self.id.encode()

    def receipt_ms(self, zone: ZoneInfo) -> int | None:
        if isinstance(self.receipt, date):
            day = self.receipt
            return _ms(datetime(day.year, day.month, day.day, tzinfo=zone))
        return self.receipt

    def content(self, zone: ZoneInfo) -> str:
        """Canonical JSON of all but identity and arrival: sorted keys, no spaces, times in ms.

        Of contents that differ in nothing else the greater hash of this text stands (§1), so the
        names are those of the canonical event, and a missing sequence is -1.
        """
        said: dict[str, object] = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in ("dossier", "source", "id", "arrival_ms", "receipt", "trial"):
            del said[name]
        if not self.stamped:
            del said["stamped"]
        if self.stamped & NO_TIME:  # what it claims is an arrival
            del said["claimed_ms"]
        said["receipt_ms"] = self.receipt_ms(zone)
        said["sequence"] = -1 if self.sequence is None else self.sequence
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def accepts(self) -> bool:
        if self.state == SUPPLEMENT:
            return self.receipt is not None
        return self.state in ACCEPTING


def read(value: bytes, record_time_ms: int) -> Heard:
    """Read a structured CloudEvent, or raise `Refused`."""
    envelope = _object(_parsed(value), "record")
    if envelope.get("specversion") != "1.0":
        raise Refused("specversion")
    if envelope.get("type") != "dossier.state.v1":
        raise Refused("type")
    said = _object(envelope.get("data"), "data")
    source = _required_text(envelope, "source")
    # An attribute that is null is one that is not there: CloudEvents JSON format, §2.1.
    arrival_ms = _optional_instant(envelope, "arrival")
    if arrival_ms is None:
        arrival_ms = record_time_ms
        _check_instant(record_time_ms, "record time")
    state = _required_integer(said, "state")
    if not 0 <= state <= 10:
        raise Refused("state")
    return Heard(
        dossier=dossier_key(_required_code(said, "dossier"), source),
        source=source,
        id=_required_text(envelope, "id"),
        claimed_ms=_required_instant(envelope, "time"),
        arrival_ms=arrival_ms,
        state=state,
        procedure=""
        if _stamped(envelope) & NO_PROCEDURE
        else _required_code(said, "procedure"),
        agency=agency_code(_required_code(said, "agency")),
        unit=_text(said, "unit"),
        step=_text(said, "step"),
        channel=_listed(said, "channel", CHANNELS),
        sub_channel=_text(said, "sub_channel"),
        level=_listed(said, "level", LEVELS),
        receipt=_receipt(said, "receipt_date"),
        due_ms=_optional_instant(said, "due_at"),
        applicant_type=_listed(said, "applicant_type", APPLICANT_TYPES),
        identity_attached=_optional_truth(said, "identity_attached"),
        applicant_key=_text(said, "applicant_key"),
        revision=_integer(said, "revision"),
        sequence=_optional_integer(said, "sequence"),
        backfill=_optional_truth(said, "backfill") or False,
        trial=_optional_truth(envelope, "trial") or False,
        stamped=_stamped(envelope),
    )


def dossier_key(code: str, source: str) -> str:
    """Bring a dossier code to the one national form; any other is a code of its source."""
    match = DOSSIER.fullmatch(_plain(code))
    if match is not None:
        agency = agency_code(match[1])
        if is_national(agency):
            return f"{agency}-{match[2]}"
    return f"{source}|{code.strip()}"


def agency_code(code: str) -> str:
    """Bring an agency code to the present order: `000.00.16.H56` is `H56.16`."""
    plain = _plain(code)
    if is_national(plain):
        return plain
    if OLD_AGENCY.fullmatch(plain) is None:
        return code.strip()
    groups = plain.split(".")
    # Leading ones only (§1): a zero group between two others holds the place of a level.
    while set(groups[0]) == {"0"}:
        del groups[0]
    return ".".join(reversed(groups))


def is_national(agency: str) -> bool:
    return AGENCY.fullmatch(agency) is not None and len(agency) <= LONGEST_AGENCY


def level_1(agency: str) -> str:
    """The ministry or province; an agency whose code is not national is its own."""
    return agency[:3] if is_national(agency) else agency


def _plain(code: str) -> str:
    return "".join(code.split()).upper()


def _parsed(value: bytes) -> object:
    try:
        parsed: object = json.loads(value.decode("utf-8"), parse_constant=_no_constant)
        # Half a surrogate pair can be escaped in JSON, but is no text that could be stored.
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused("not JSON") from None
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and the infinities, which JSON does not know


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Refused(name)
    return value


def _required_text(given: Mapping[str, object], name: str) -> str:
    text = _text(given, name)
    if not text:
        raise Refused(name)
    return text


def _required_code(given: Mapping[str, object], name: str) -> str:
    code = _text(given, name)
    if not _plain(code):
        raise Refused(name)
    return code


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(name)
    return value


def _required_integer(given: Mapping[str, object], name: str) -> int:
    value = _optional_integer(given, name)
    if value is None:
        raise Refused(name)
    return value


def _integer(given: Mapping[str, object], name: str) -> int:
    value = _optional_integer(given, name)
    return 0 if value is None else value


def _stamped(envelope: Mapping[str, object]) -> int:
    stamped = _integer(envelope, "stamped")
    if not 0 <= stamped <= ALL_STAMPS:
        raise Refused("stamped")
    return stamped


def _listed(given: Mapping[str, object], name: str, codes: frozenset[int]) -> int:
    code = _integer(given, name)
    return code if code in codes else 0


def _optional_integer(given: Mapping[str, object], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(name)
    return value


def _optional_truth(given: Mapping[str, object], name: str) -> bool | None:
    value = given.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise Refused(name)


def _required_instant(given: Mapping[str, object], name: str) -> int:
    instant = _optional_instant(given, name)
    if instant is None:
        raise Refused(name)
    return instant


def _optional_instant(given: Mapping[str, object], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(name)
    return _instant(value, name)


def _receipt(given: Mapping[str, object], name: str) -> int | date | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(name)
    if DATE.fullmatch(value) is None:
        return _instant(value, name)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise Refused(name) from None
    _check_year(day.year, name)
    return day


def _instant(text: str, name: str) -> int:
    """RFC 3339 with an offset, in milliseconds; what is finer than a millisecond is cut off."""
    match = INSTANT.fullmatch(text)
    if match is None:
        raise Refused(name)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise Refused(name) from None
    _check_year(year, name)
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    milliseconds = int((fraction or "0").ljust(3, "0")[:3])
    offset = 0
    if sign is not None:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise Refused(name)
        offset = int(offset_hours) * 60 + int(offset_minutes)
        offset = -offset if sign == "-" else offset
    return _ms(local) + milliseconds - offset * 60 * 1000


def _check_year(year: int, name: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused(name)


def _check_instant(instant_ms: int, name: str) -> None:
    if not _ms(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)) <= instant_ms:
        raise Refused(name)
    if not instant_ms < _ms(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)):
        raise Refused(name)


def _ms(moment: datetime) -> int:
    # In UTC, because Python subtracts two datetimes of one zone by the wall clock.
    return (moment.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)


# --- Counting ------------------------------------------------------------------------------

Group = tuple[str, int, int]  # level-1 agency, channel, service level


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many dossiers; the names are those of MEASURES.md §4 and §5 (`on_time` is the plain one)."""

    submitted: int = 0
    accepted: int = 0
    refused_dossiers: int = 0
    withdrawn_unaccepted: int = 0
    waiting_acceptance: int = 0
    completed: int = 0
    on_time: int = 0
    late: int = 0
    no_deadline: int = 0
    clock_uncertain: int = 0
    returned: int = 0
    handed_over: int = 0
    open: int = 0
    in_process: int = 0
    paused: int = 0
    open_overdue: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{
                each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(self)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the whole input says. records = refused + duplicates + counted."""

    records: int
    refused: int
    refused_by_reason: Mapping[str, int]
    duplicates: int
    counted: int
    on_trial: int  # dossiers of which only sources on trial speak: in no figure
    totals: Counts
    by: Mapping[Group, Counts]


@dataclass(slots=True, kw_only=True)
class Dossier:
    """Where one dossier is, and which agency each measure it counts in belongs to."""

    duplicates: int = 0
    trial: bool = False
    channel: int = 0
    level: int = 0
    procedure: str = ""
    accepted_ms: int | None = None
    ended_ms: int | None = None
    due_ms: int | None = None
    agency_by_measure: dict[str, str] = field(default_factory=dict)


class Recount:
    def __init__(self) -> None:
        self._records = 0
        self._refused: Counter[str] = Counter()
        self._heard: dict[str, list[Heard]] = {}

    def add(self, value: bytes, record_time_ms: int) -> None:
        self._records += 1
        try:
            heard = read(value, record_time_ms)
        except Refused as refusal:
            self._refused[str(refusal)] += 1
            return
        self._heard.setdefault(heard.dossier, []).append(heard)

    def result(
        self,
        *,
        zone: str = "Asia/Ho_Chi_Minh",
        precision: Precision = "instant",
        as_of_ms: int | None = None,
    ) -> Result:
        by: dict[Group, Counter[str]] = {}
        dossiers = self.dossiers(zone=zone, precision=precision, as_of_ms=as_of_ms)
        for dossier in dossiers.values():
            if dossier.trial:
                continue
            for measure, agency in dossier.agency_by_measure.items():
                group = (level_1(agency), dossier.channel, dossier.level)
                by.setdefault(group, Counter())[measure] += 1
        groups = {group: Counts(**by[group]) for group in sorted(by)}
        refused = self._refused.total()
        duplicates = sum(dossier.duplicates for dossier in dossiers.values())
        return Result(
            records=self._records,
            refused=refused,
            refused_by_reason=dict(self._refused),
            duplicates=duplicates,
            counted=self._records - refused - duplicates,
            on_trial=sum(dossier.trial for dossier in dossiers.values()),
            totals=sum(groups.values(), start=Counts()),
            by=groups,
        )

    def dossiers(
        self,
        *,
        zone: str = "Asia/Ho_Chi_Minh",
        precision: Precision = "instant",
        as_of_ms: int | None = None,
    ) -> dict[str, Dossier]:
        """Every dossier by its key: what to compare when a total differs.

        Without an `as_of_ms` the count is as of the latest event.
        """
        days = ZoneInfo(zone)
        present = {key: revised(copies, days) for key, copies in self._heard.items()}
        if as_of_ms is None:
            as_of_ms = max(
                (event.effective_ms for events, _ in present.values() for event in events),
                default=0,
            )
        dossiers = {}
        for key, (events, duplicates) in present.items():
            # A revision stands for all times (§3), so it is settled before the cut.
            happened = [event for event in events if event.effective_ms <= as_of_ms]
            dossier = look(
                off_trial(happened), zone=days, precision=precision, as_of_ms=as_of_ms
            )
            dossier.trial = all(event.trial for event in events)
            dossier.duplicates = duplicates
            dossiers[key] = dossier
        return dossiers


def revised(heard: Iterable[Heard], zone: ZoneInfo) -> tuple[list[Heard], int]:
    """One event of each identity, and how many duplicates there were: equal contents (§1)."""
    by_identity: dict[tuple[bytes, bytes], list[Heard]] = {}
    for event in heard:
        by_identity.setdefault(event.identity, []).append(event)
    winners = []
    duplicates = 0
    for copies in by_identity.values():
        contents = distinct(copies, zone)
        duplicates += len(copies) - len(contents)
        winners.append(max(contents, key=lambda event: weight(event, zone)))
    return winners, duplicates


def distinct(copies: Sequence[Heard], zone: ZoneInfo) -> list[Heard]:
    """One of each content: of its copies one that is no trial, if any, and the earliest (§2)."""
    if len(copies) == 1:
        return list(copies)
    kept: dict[str, Heard] = {}
    for copy in copies:
        content = copy.content(zone)
        kept[content] = min(
            kept.get(content, copy), copy, key=lambda each: (each.trial, each.arrival_ms)
        )
    return list(kept.values())


def weight(event: Heard, zone: ZoneInfo) -> tuple[int, int, bytes]:
    """The higher revision wins, then the later claimed time, then the greater hash."""
    digest = hashlib.sha256(event.content(zone).encode()).digest()
    claimed_ms = 0 if event.stamped & NO_TIME else event.claimed_ms
    return event.revision, claimed_ms, digest


def off_trial(events: Sequence[Heard]) -> list[Heard]:
    """Where a live source speaks, one on trial is not heard (§1)."""
    live = {event.source for event in events if not event.trial}
    return [event for event in events if not live or event.source in live]


def without_repeats(events: Iterable[Heard], zone: ZoneInfo) -> list[Heard]:
    """Of what came without an id, an equal one soon after is the same one sent again (§1)."""
    kept: list[Heard] = []
    counts: dict[str, Heard] = {}
    for event in events:
        if event.stamped & NO_ID:
            before = counts.get(event.source)
            if (
                before is not None
                and before.content(zone) == event.content(zone)
                and event.effective_ms - before.effective_ms <= REPEAT_MS
            ):
                continue
            counts[event.source] = event
        kept.append(event)
    return kept


def ordered(events: Iterable[Heard]) -> list[Heard]:
    return sorted(
        events,
        key=lambda event: (
            event.effective_ms,
            event.sequence is not None,  # missing before all
            event.sequence or 0,
            RANK.index(event.state),
            event.identity,
        ),
    )


def counting(events: Sequence[Heard]) -> list[Heard]:
    """The events, in order, that have an effect: of the authority, of others beside it (§1, §3)."""
    # What a source says after its own 3, 7 or 10 has no effect at all, on nobody.
    said: list[Heard] = []
    for source in {event.source for event in events}:
        said += standing([event for event in events if event.source == source])
    said.sort(key=events.index)
    authority = next((event.source for event in said if event.accepts), None)
    if authority is None:
        return standing(said)
    own = [event for event in said if event.source == authority]
    own_states = {event.state for event in own}
    last_own = said.index(own[-1])
    beside_it = []
    for position, event in enumerate(said):
        if event.source == authority:
            counts = True
        elif event.state in ENDINGS:
            counts = event.state not in own_states and position > last_own
        else:
            counts = event.state not in own_states
        if counts:
            beside_it.append(event)
    return standing(beside_it)


def standing(events: Iterable[Heard]) -> list[Heard]:
    """The events up to the first 3, 7 or 10, which shuts out all that follow (§3)."""
    kept = []
    for event in events:
        kept.append(event)
        if event.state in STANDING:
            break
    return kept


def ending(events: Sequence[Heard]) -> Heard | None:
    """Of an accepted dossier: the first 9 after the last of {2,4,5,6,8}, else 10, else 7 or 3 (§3)."""
    processed: Heard | None = None
    for event in events:
        if event.state in WORK:
            processed = None
        elif event.state == PROCESSED and processed is None:
            processed = event
    if processed is not None:
        return processed
    last = events[-1]  # a 3, 7 or 10 can only be the last: it shuts out what follows
    return last if last.state in STANDING else None


def look(
    events: Iterable[Heard], *, zone: ZoneInfo, precision: Precision, as_of_ms: int
) -> Dossier:
    """Say where a dossier is after these events, and whose each measure is."""
    dossier = Dossier()
    effective = counting(without_repeats(ordered(events), zone))
    if not effective:
        return dossier
    accepting = next((event for event in effective if event.accepts), None)
    witnesses = effective if accepting is None else [accepting, *effective]
    dossier.channel = next((event.channel for event in witnesses if event.channel), 0)
    dossier.level = next((event.level for event in witnesses if event.level), 0)
    dossier.procedure = next((event.procedure for event in witnesses if event.procedure), "")
    whose = dossier.agency_by_measure

    submitting = next((event for event in effective if event.state == 1), None)
    if submitting is not None:
        whose["submitted"] = submitting.agency

    if accepting is None:
        count_unaccepted(dossier, effective)
        return dossier
    whose["accepted"] = accepting.agency
    dossier.accepted_ms = accepted_ms(accepting, zone)
    end = ending(effective)
    if end is None:
        count_open(dossier, effective, zone=zone, precision=precision, as_of_ms=as_of_ms)
        return dossier
    # An end before the receipt is booked on the receipt (§3).
    ended_ms = max(end.effective_ms, dossier.accepted_ms)
    dossier.ended_ms = ended_ms
    if effective[-1].state == HANDED_OVER:
        whose["handed_over"] = end.agency
    if end.state in {REFUSED, WITHDRAWN}:
        whose["returned"] = end.agency
    else:
        whose["completed"] = end.agency
        dues = [
            event.due_ms
            for event in effective
            if event.due_ms is not None and event.effective_ms <= ended_ms
        ]
        dossier.due_ms = dues[-1] if dues else None
        found: str = verdict(ended_ms, dossier.due_ms, zone=zone, precision=precision)
        if any(
            event.stamped & UNCERTAIN and event.effective_ms <= ended_ms for event in effective
        ):
            found = "clock_uncertain"  # §9: until the end nobody knows how long it took
        whose[found] = end.agency
    return dossier


def count_unaccepted(dossier: Dossier, effective: Sequence[Heard]) -> None:
    last = effective[-1]
    if last.state == REFUSED:
        dossier.agency_by_measure["refused_dossiers"] = last.agency
    elif last.state == WITHDRAWN:
        dossier.agency_by_measure["withdrawn_unaccepted"] = last.agency
    elif any(event.state in {1, SUPPLEMENT} for event in effective):
        dossier.agency_by_measure["waiting_acceptance"] = last.agency


def verdict(
    ended_ms: int, due_ms: int | None, *, zone: ZoneInfo, precision: Precision
) -> Literal["on_time", "late", "no_deadline"]:
    if due_ms is None:
        return "no_deadline"
    if is_after(ended_ms, due_ms, zone=zone, precision=precision):
        return "late"
    return "on_time"


def count_open(
    dossier: Dossier,
    effective: Sequence[Heard],
    *,
    zone: ZoneInfo,
    precision: Precision,
    as_of_ms: int,
) -> None:
    last_work = [event for event in effective if event.state in WORK][
        -1
    ]  # 0 and 1 move nothing
    holder = last_work.agency
    dossier.agency_by_measure["open"] = holder
    if last_work.state in PAUSES:
        dossier.agency_by_measure["paused"] = holder
    else:
        dossier.agency_by_measure["in_process"] = holder
    dues = [event.due_ms for event in effective if event.due_ms is not None]
    if not dues:
        return
    dossier.due_ms = dues[-1]
    if is_after(as_of_ms, dossier.due_ms, zone=zone, precision=precision):
        dossier.agency_by_measure["open_overdue"] = holder


def accepted_ms(accepting: Heard, zone: ZoneInfo) -> int:
    receipt_ms = accepting.receipt_ms(zone)
    if receipt_ms is None or receipt_ms > accepting.arrival_ms + FIVE_MINUTES_MS:
        return accepting.effective_ms
    return receipt_ms


def is_after(moment_ms: int, due_ms: int, *, zone: ZoneInfo, precision: Precision) -> bool:
    if precision == "date":
        return day_of(moment_ms, zone) > day_of(due_ms, zone)
    return moment_ms > due_ms


def day_of(moment_ms: int, zone: ZoneInfo) -> date:
    return (EPOCH + timedelta(milliseconds=moment_ms)).astimezone(zone).date()
