"""The rules a deployment measures by, from `deploy/reference/policy.toml`."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from monitor.domain.binding import ClockLimit, ClockUnit
from monitor.domain.deadlines import HOUR_MS, Basis, Strategy
from monitor.domain.event import State
from monitor.domain.fold import REPEAT_MS
from monitor.domain.lifecycle import PAUSING, STOPS, RuleName
from monitor.domain.measures import Clock
from monitor.domain.policy import Precision
from monitor.domain.zone import HO_CHI_MINH, Zone
from monitor.reference.complaints import Complaints
from monitor.reference.table import Row
from monitor.reference.toml import TomlFile, read_toml
from monitor.reference.typed import FIRST_DATE
from monitor.reference.validity import in_turn, valid_on

MINUTE_MS: Final = HOUR_MS // 60
MOST_REPEAT_MINUTES: Final = 24 * 60
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class ClockName(StrEnum):
    """What has a limit of its own, beside the dossier's due date (MEASURES.md §5, §2.2)."""

    ACCEPTANCE = "acceptance"  # first 1 to accepted
    FORWARD = "forward"  # accepted to the settling unit
    SUPPLEMENT_REQUEST = "supplement_request"  # accepted to the desk's request for papers
    SYNC = "sync"  # a step completed to its being told
    ANSWER = "answer"  # told to answered
    PETITION_REFUSAL = "petition_refusal"  # petition received to refused
    PETITION_SUPPLEMENT = "petition_supplement"  # received to the first supplement request
    PETITION_ANSWER = "petition_answer"  # received to answered
    PETITION_PUBLICATION = "petition_publication"  # answered to published


_UNCOUNTED: Final = frozenset({ClockUnit.SAME_DAY, ClockUnit.NONE})


class Suspension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pause does to a due date of ours."""

    strategy: Strategy
    article: str
    basis: Basis


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a verdict on time rests on."""

    rule: RuleName
    article: str
    basis: Basis
    valid_from: date = FIRST_DATE
    valid_until: date | None = None


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a state stops a rule's clock."""

    rule: RuleName
    state: State
    stops: bool = True
    override: bool = False  # the deployment means it, though the life cycle says otherwise
    article: str
    basis: Basis
    valid_from: date = FIRST_DATE
    valid_until: date | None = None


class ClockRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By when something must have been done."""

    clock: ClockName
    n: int = 0
    unit: ClockUnit
    cut_off: str = ""  # same_day: later than this, early on the next working day will do
    grace_minutes: int = 0  # same_day: how much of that next day's working time
    binds: Literal["all", "bundled"] = "all"
    article: str
    basis: Basis
    valid_from: date = FIRST_DATE
    valid_until: date | None = None


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`policy.toml` as it is written down."""

    calendar: str
    zone: str = HO_CHI_MINH
    precision: Precision = Precision.INSTANT
    makeup_days_count: bool
    portals: tuple[str, ...] = ()
    # Without an id: how long an equal statement may be the same one sent twice.
    repeat_minutes: Annotated[int, msgspec.Meta(ge=0, le=MOST_REPEAT_MINUTES)] = (
        REPEAT_MS // MINUTE_MS
    )
    suspension: Suspension
    verdicts: tuple[Verdict, ...]
    stops: tuple[Stop, ...]
    clocks: tuple[ClockRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What `policy.toml` says, checked."""

    zone: Zone
    written: PolicyFile
    file: TomlFile
    stops: Mapping[RuleName, frozenset[State]]
    _clocks: Mapping[str, tuple[ClockRow, ...]]
    _verdicts: Mapping[str, tuple[Verdict, ...]]
    _stops: Mapping[str, tuple[Stop, ...]]

    def limit(self, clock: Clock, day: int) -> ClockLimit | None:
        """The limit of one of the domain's clocks on a day; None: none binds."""
        name = clock.name.lower()
        return self.clock(ClockName(name), day) if name in set(ClockName) else None

    def clock(self, name: ClockName, day: int) -> ClockLimit | None:
        """A clock as it binds on a day; None where nothing is said of that day."""
        row = valid_on(self._clocks[name], day)
        if row is None:
            return None
        return ClockLimit(
            n=row.n,
            unit=row.unit,
            cut_off_ms=_time_ms(row.cut_off),
            grace_ms=row.grace_minutes * MINUTE_MS,
            bundled_only=row.binds == "bundled",
            article=row.article,
            basis=row.basis,
        )

    def verdict(self, rule: RuleName, day: int) -> Verdict | None:
        """What a verdict rests on, on a day."""
        return valid_on(self._verdicts[rule], day)

    def stop(self, rule: RuleName, state: State, day: int) -> Stop | None:
        """Why a state stops a rule's clock on a day, or why it does not; None: nothing said."""
        return valid_on(self._stops.get(_pair(rule, state), ()), day)


def read_rules(path: Path, complaints: Complaints) -> Rules | None:
    read = read_toml(path, PolicyFile, complaints)
    if read is None:
        return None
    file, written = read
    before = len(complaints)
    zone = None
    try:
        zone = Zone(written.zone)
    except ValueError as error:
        file.complain("zone", str(error), f'write one, as "{HO_CHI_MINH}"')
    _check_portals(file, written)
    verdicts = _by_name("verdicts", file, written.verdicts, lambda row: str(row.rule))
    clocks = _by_name("clocks", file, written.clocks, lambda row: str(row.clock))
    stops = _by_name("stops", file, written.stops, lambda row: _pair(row.rule, row.state))
    _check_all("verdicts", file, RuleName, verdicts)
    _check_all("clocks", file, ClockName, clocks)
    _check_clocks(file, written.clocks)
    _check_stops(file, written)
    if zone is None or len(complaints) > before:
        return None
    return Rules(
        zone=zone,
        written=written,
        file=file,
        stops=_stopped(written.stops),
        _clocks=clocks,
        _verdicts=verdicts,
        _stops=stops,
    )


V = TypeVar("V", Verdict, Stop, ClockRow)


def _pair(rule: RuleName, state: State) -> str:
    return f"state {state:d} under {rule}"


def _time_ms(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    return (int(match[1]) * 60 + int(match[2])) * MINUTE_MS if match else None


def _by_name(
    table: str, file: TomlFile, rows: Sequence[V], name: Callable[[V], str]
) -> dict[str, tuple[V, ...]]:
    """The rows of each name in the order of their days."""
    named: defaultdict[str, list[Row[V]]] = defaultdict(list)
    for place, row in enumerate(rows):
        named[name(row)].append(Row(file.path, file.line(f"{table}[{place}]"), row))
    return {
        key: tuple(row.value for row in held)
        for key, held in in_turn(named, file.complaints).items()
    }


def _check_all(
    table: str, file: TomlFile, names: Iterable[str], found: Mapping[str, Sequence[object]]
) -> None:
    for name in names:
        if name not in found:
            file.complain(table, f"nothing is said of {name}", f"add it as a [[{table}]]")


def _check_portals(file: TomlFile, written: PolicyFile) -> None:
    for portal, times in Counter(written.portals).items():
        if not portal.strip():
            file.complain(
                "portals", "a portal without a name", "write its source, or remove it"
            )
        elif times > 1:
            file.complain("portals", f"{portal} stands {times} times", "keep one")


def _check_clocks(file: TomlFile, clocks: Sequence[ClockRow]) -> None:
    for place, row in enumerate(clocks):
        where = f"clocks[{place}]"
        if row.unit in _UNCOUNTED and row.n:
            file.complain(
                f"{where}.n", f"{row.n} of {row.unit}", "remove n, or correct the unit"
            )
        if row.unit not in _UNCOUNTED and row.n <= 0:
            file.complain(
                f"{where}.n",
                f"a limit of {row.n} {row.unit}",
                f'write at least 1, or unit = "{ClockUnit.NONE}"',
            )
        if row.unit is ClockUnit.SAME_DAY and _time_ms(row.cut_off) is None:
            file.complain(f"{where}.cut_off", f"{row.cut_off!r} is no time", 'write "15:00"')
        if row.unit is not ClockUnit.SAME_DAY and (row.cut_off or row.grace_minutes):
            file.complain(
                f"{where}.cut_off" if row.cut_off else f"{where}.grace_minutes",
                f"{row.unit} has no cut-off",
                f'remove it, or write unit = "{ClockUnit.SAME_DAY}"',
            )
        if row.grace_minutes < 0:
            file.complain(
                f"{where}.grace_minutes", f"{row.grace_minutes} minutes", "write 0 or more"
            )


def _stopped(rows: Iterable[Stop]) -> dict[RuleName, frozenset[State]]:
    stopping = [row for row in rows if row.stops]
    return {
        rule: frozenset(row.state for row in stopping if row.rule is rule) for rule in RuleName
    }


def _check_stops(file: TomlFile, written: PolicyFile) -> None:
    said = {(row.rule, row.state) for row in written.stops}
    first: dict[str, bool] = {}
    for place, row in enumerate(written.stops):
        pair, where = _pair(row.rule, row.state), f"stops[{place}]"
        if first.setdefault(pair, row.stops) != row.stops:
            file.complain(
                f"{where}.stops",
                f"{pair} stops the clock on some days only",
                "say the same for all days; the life cycle knows no dates",
            )
        if row.stops and row.rule is RuleName.PLAIN:
            file.complain(
                where,
                f"{pair}, but the plain rule stops for nothing",
                "remove it (MEASURES.md §5)",
            )
        elif row.stops and row.state not in PAUSING:
            file.complain(
                f"{where}.state",
                f"{pair}, but a dossier does not pause in it",
                "write one of " + ", ".join(str(int(state)) for state in sorted(PAUSING)),
            )
        elif row.stops != (row.state in STOPS[row.rule]) and not row.override:
            file.complain(
                f"{where}.stops",
                f"{pair} {'stops' if row.stops else 'does not stop'} the clock here only",
                "write override = true if the deployment means it",
            )
        if (
            row.stops
            and row.state != State.SUPPLEMENT_REQUESTED
            and written.suspension.strategy is Strategy.RESTART
        ):
            file.complain(
                where,
                f"{pair} would start the limit again from zero",
                'write stops = false and override = true, or another strategy than "restart"',
            )
    for rule, states in STOPS.items():
        for state in sorted(states):
            if (rule, state) not in said:
                file.complain(
                    "stops",
                    f"nothing is said of {_pair(rule, state)}, which stops its clock",
                    "add it, with stops = false and override = true if it does not",
                )
