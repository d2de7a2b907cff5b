"""Objectives: which share must be good, where and over which time; legal and technical ones.

What an objective says comes from files (`monitor.reference.objectives`); what its numbers are is
worked out in `service_level`. Legal indicators are counted from the ledger's accounts, technical
ones by Prometheus, whose rules are made from the same objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import HOUR_MS, Basis
from monitor.domain.event import Channel, Level
from monitor.domain.measures import HOURLY, Clock, Measure, Part, clock_measure
from monitor.domain.reckoning import WORKING_DAY_MS
from monitor.domain.zone import DAY_MS, Zone, date_of, day_number

WHOLE: Final = 10_000  # shares of what must be good are written in parts of this: 90 % is 9,000


class Indicator(StrEnum):
    """What is good or bad. Names are those of MEASURES.md §5 and §6 where it has them."""

    ON_TIME_766 = "on_time_766"
    ON_TIME_06B = "on_time_06b"
    ON_TIME_FIRST_DUE = "on_time_first_due"
    ON_TIME = "on_time"
    ACCEPTANCE = "acceptance_in_time"
    FORWARD = "forward_in_time"
    SUPPLEMENT_REQUEST = "supplement_request_in_time"
    SYNC = "sync_in_time"
    ANSWER = "answer_in_time"
    FULL_PROCESS_DOSSIERS = "full_process_dossier_share"
    ONLINE = "online_share"
    FULL_PROCESS_SERVICES = "full_process_service_share_eligible"
    PORTAL_AVAILABILITY = "portal_availability"
    PORTAL_LATENCY = "portal_latency"
    INTERFACE_AVAILABILITY = "interface_availability"
    INTERFACE_LATENCY = "interface_latency"


class Side(StrEnum):
    """Who counts, and in which time."""

    LEGAL = "legal"  # the ledger, in working time
    TECHNICAL = "technical"  # Prometheus, by the clock on the wall


class Term(NamedTuple):
    """What of an account counts, and how often."""

    measure: int
    weight: int = 1
    channel: int = 0  # 0: of any
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """How a legal indicator is counted.

    `open` are the stocks of dossiers that have not ended: from the day after they fell due they
    are bad. By the rule of Decision 766 those still within their limit are good, else they are
    nothing yet.
    """

    good: tuple[Term, ...] = ()
    bad: tuple[Term, ...] = ()
    open: tuple[int, ...] = ()
    open_in_time_is_good: bool = False
    by_channel: bool = False  # the channel itself is what is good or bad
    from_catalogue: bool = False  # counted of procedures, not of dossiers

    @property
    def begins_bad(self) -> bool:
        """Whether a window begins with bad ones alone: all that is overdue, and none in time."""
        return bool(self.open) and not self.open_in_time_is_good

    @property
    def hourly(self) -> bool:
        """Whether it is known by the hour, so that windows of hours can be asked for."""
        measures = {term.measure for term in (*self.good, *self.bad)}
        return bool(measures) and measures <= HOURLY


def _clock(clock: Clock) -> Counting:
    return Counting(
        good=(Term(clock_measure(clock, Part.WITHIN)),),
        bad=(Term(clock_measure(clock, Part.BEYOND)),),
    )


def _share(channel: int, level: int = 0) -> Counting:
    """Of the dossiers received, those of a channel and a level."""
    received = int(Measure.ACCEPTED)
    return Counting(
        good=(Term(received, 1, channel, level),),
        bad=(Term(received), Term(received, -1, channel, level)),
        by_channel=True,
    )


COUNTED: Final[Mapping[Indicator, Counting]] = {
    Indicator.ON_TIME_766: Counting(
        good=(Term(Measure.ON_TIME_766),),
        bad=(Term(Measure.LATE_766),),
        open=(Measure.IN_PROCESS_766, Measure.PAUSED_766),
        open_in_time_is_good=True,
    ),
    # Paused dossiers stand apart in report 06b, and under the first due date the time of the
    # supplement will be taken off.
    Indicator.ON_TIME_06B: Counting(
        good=(Term(Measure.EARLY_06B), Term(Measure.ON_TIME_06B)),
        bad=(Term(Measure.LATE_06B),),
        open=(Measure.IN_PROCESS_06B,),
    ),
    Indicator.ON_TIME_FIRST_DUE: Counting(
        good=(Term(Measure.ON_TIME_FIRST_DUE),),
        bad=(Term(Measure.LATE_FIRST_DUE),),
        open=(Measure.IN_PROCESS_FIRST_DUE,),
    ),
    Indicator.ON_TIME: Counting(
        good=(Term(Measure.ON_TIME),),
        bad=(Term(Measure.LATE),),
        open=(Measure.IN_PROCESS, Measure.PAUSED),
    ),
    Indicator.ACCEPTANCE: _clock(Clock.ACCEPTANCE),
    Indicator.FORWARD: _clock(Clock.FORWARD),
    Indicator.SUPPLEMENT_REQUEST: _clock(Clock.SUPPLEMENT_REQUEST),
    Indicator.SYNC: _clock(Clock.SYNC),
    Indicator.ANSWER: _clock(Clock.ANSWER),
    Indicator.FULL_PROCESS_DOSSIERS: _share(Channel.ONLINE, Level.FULL),
    Indicator.ONLINE: _share(Channel.ONLINE),
    Indicator.FULL_PROCESS_SERVICES: Counting(from_catalogue=True),
}
LATENCIES: Final = frozenset({Indicator.PORTAL_LATENCY, Indicator.INTERFACE_LATENCY})


def side(indicator: Indicator) -> Side:
    """Who counts an indicator."""
    return Side.LEGAL if indicator in COUNTED else Side.TECHNICAL


# -- where ---------------------------------------------------------------------------------------

CHANNELS: Final[Mapping[str, int]] = {
    "direct": int(Channel.DIRECT),
    "online": int(Channel.ONLINE),
    "postal": int(Channel.POSTAL),
}
_CHANNEL_NAMES: Final = {number: name for name, number in CHANNELS.items()}
COUNTRY: Final = "country"


class Scope(NamedTuple):
    """Of what the share is: all that is left empty is not narrowed."""

    agency: str = ""  # a ministry or province, and who was merged into it
    unit: str = ""  # an agency below it, with all below that
    group: str = ""  # of procedures
    channel: int = 0

    @property
    def label(self) -> str:
        """`country`, or `agency:H56`, `unit:H56.12`, `group:land`, `channel:online` with commas."""
        said = [
            f"{name}:{value}"
            for name, value in (
                ("agency", self.agency),
                ("unit", self.unit),
                ("group", self.group),
                ("channel", _CHANNEL_NAMES.get(self.channel, "")),
            )
            if value
        ]
        return ",".join(said) or COUNTRY

    @property
    def owner(self) -> str:
        """By whose working calendar its time goes; "" for the national one."""
        return self.unit or self.agency


# -- over which time -----------------------------------------------------------------------------


class Period(StrEnum):
    """What a window is made of."""

    MONTH = "month"
    QUARTER = "quarter"
    WORKING_DAYS = "working_days"
    DAYS = "days"  # by the clock on the wall; technical ones only


# What is certain of months and quarters, whichever holidays they have: working days at least.
_LEAST_WORKING_DAYS: Final = {Period.MONTH: 12, Period.QUARTER: 50}


class Window(NamedTuple):
    """Over which time an objective is to be met."""

    period: Period
    n: int = 1

    @property
    def label(self) -> str:
        """`month`, `quarter`, `20_working_days`."""
        counted = self.period in (Period.WORKING_DAYS, Period.DAYS)
        return f"{self.n}_{self.period}" if counted else str(self.period)

    @property
    def least_ms(self) -> int:
        """How long it is at least: in working time, or by the clock for one of days."""
        if self.period is Period.DAYS:
            return self.n * DAY_MS
        return _LEAST_WORKING_DAYS.get(self.period, self.n) * WORKING_DAY_MS

    def first_day(self, today: int, calendar: WorkCalendar) -> int:
        """On which day the window that `today` lies in began."""
        match self.period:
            case Period.MONTH:
                return day_number(date_of(today).replace(day=1))
            case Period.QUARTER:
                on = date_of(today)
                return day_number(on.replace(month=on.month - (on.month - 1) % 3, day=1))
            case Period.WORKING_DAYS:
                # Today is one of them if it is worked.
                before = self.n - calendar.is_working_day(today)
                return calendar.add_working_days(today, -before)
            case Period.DAYS:
                return today - self.n + 1
            case _:
                assert_never(self.period)


_SPANS: Final = {"m": 60_000, "h": HOUR_MS}


class Span(NamedTuple):
    """A time that a burn rate looks back over: working time, or the clock's for technical ones."""

    n: int
    unit: str  # m, h or d

    @property
    def label(self) -> str:
        return f"{self.n}{self.unit}"

    def ms(self, side: Side) -> int:
        """A working day is eight hours (practice: provincial engine)."""
        day = WORKING_DAY_MS if side is Side.LEGAL else DAY_MS
        return self.n * _SPANS.get(self.unit, day)


class Back(NamedTuple):
    """What a span covers, seen from an instant: whole hours, and due days."""

    from_day: int
    from_hour: int  # of that day; events of this hour and later are in it
    first_due: int  # dossiers that fell due on these days became overdue within it
    last_due: int


def look_back(span: Span, now_ms: int, zone: Zone, calendar: WorkCalendar) -> Back:
    """What lies within a span of working time before now.

    At least that much: what ended in the hour in which it begins is in it as a whole. Time that
    is not worked moves nothing: at night and over Tết the span stays where it was when the office
    closed. Dossiers become overdue when the office opens on the next working day after they fell
    due; an opening lies in the span to the instant, so that a day's work has one of them.
    """
    since_ms = calendar.subtract_worked(now_ms, span.ms(Side.LEGAL))
    from_day = zone.day(since_ms)
    from_hour = (since_ms - zone.start_of(from_day)) // HOUR_MS
    first = from_day
    while calendar.next_opening(zone.start_of(first)) >= since_ms:
        first -= 1
    last = zone.day(now_ms)
    while calendar.next_opening(zone.start_of(last)) >= now_ms:
        last -= 1
    # The day before one whose opening lies within the span.
    return Back(from_day, from_hour, first, last - 1)


# -- what is asked -------------------------------------------------------------------------------


class Severity(StrEnum):
    """Whom an alert wakes."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Fires where both windows burn at least at this rate; 1 spends exactly the budget."""

    severity: Severity
    long: Span
    short: Span
    burn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How much must be good, from a day on."""

    good: int  # of WHOLE
    basis: Basis
    article: str
    valid_from: int  # days since 1970-01-01
    valid_until: int | None = None  # the first day it is no longer so
    article_vi: str = ""

    @property
    def ratio(self) -> float:
        return self.good / WHOLE


def fastest(good: int) -> float | None:
    """The most that a burn rate can be: all is bad. None where nothing may be bad."""
    return WHOLE / (WHOLE - good) if good < WHOLE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is to be met, by whom, and when it is told that it is not."""

    name: str
    title_vi: str
    title_en: str
    indicator: Indicator
    targets: tuple[Target, ...]
    window: Window
    minimum: int  # fewer events are too few to judge
    scopes: tuple[Scope, ...]  # none of a technical one: whatever Prometheus sees
    alerts: tuple[Alert, ...]
    owner: str
    limit_ms: int | None = None  # of a latency: slower is bad
    version: str = ""  # digest of what the file says

    @property
    def side(self) -> Side:
        return side(self.indicator)

    def target(self, day: int) -> Target | None:
        """What is asked on a day; None: nothing."""
        for target in self.targets:
            if target.valid_from <= day and (
                target.valid_until is None or day < target.valid_until
            ):
                return target
        return None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The times that its alerts look back over, the shortest first."""
        found = {span for alert in self.alerts for span in (alert.short, alert.long)}
        return tuple(sorted(found, key=lambda span: span.ms(self.side)))

    @property
    def settles_ms(self) -> int:
        """Working time of a window before which it is not said to be spent.

        In the first days of a quarter few have ended and all that was ever overdue is bad: the
        ratio is low for everybody. After the longest span of the alerts it tells something.
        """
        begins_bad = self.side is Side.LEGAL and COUNTED[self.indicator].begins_bad
        return max((span.ms(self.side) for span in self.spans if begins_bad), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Procedures that are watched as one service."""

    name: str
    title_vi: str
    title_en: str
    procedures: frozenset[str]
    limit_ms: int | None = None  # working time; a median beyond it is slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowing:
    """From when on a service is degraded (Boston's rule: a backlog that grows, and slower work)."""

    minimum: int = 20  # dossiers completed in the recent days
    recent_days: int = 5  # working days
    growth_percent: int = 20  # of what was open when the recent days began
    least_growth: int = 10  # dossiers


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """All of a deployment's objectives, its groups, and when a service is degraded."""

    objectives: tuple[Objective, ...] = ()
    groups: tuple[Group, ...] = ()
    slowing: Slowing = Slowing()

    def legal(self) -> Sequence[Objective]:
        return [each for each in self.objectives if each.side is Side.LEGAL]

    def technical(self) -> Sequence[Objective]:
        return [each for each in self.objectives if each.side is Side.TECHNICAL]
