"""Histories of dossiers aimed at where the law's side goes wrong, and a policy to measure them."""

from functools import cache

from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.domain.applicants import APPLICANTS
from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import Limit, Strategy, Unit
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.measures import TRIAL
from monitor.domain.policy import Legal, Policy, Precision
from monitor.domain.post import post
from monitor.domain.procedure import Catalogue, Procedure
from monitor.domain.zone import Zone
from schemas.event import (
    Amended,
    DocumentsAttached,
    PaymentMade,
    PaymentRequested,
    Rated,
    Reopened,
    Rescheduled,
    ResultIssued,
    Snapshot,
    StateChanged,
    SupplementReceived,
    SupplementRequested,
    SyncAcknowledged,
    Voided,
)
from tests.domain.oracle_law import Decision, Rules
from tests.domain.strategies_time import MAKE_UP, OFF, at, day

SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000

DOSSIER = "H56.14-260803-0001"
APPLICANT_KEYS = ["9b1c6a4e7d20f3a8", "0f8e2d6c4b1a5937"]  # as their sources hash them
HANOI = Zone()

# The letter of 25/12/2025 (DOMAIN.md §6) is a decision of its own: known from that day on.
LATE = {"off": {day("2026-01-02")}, "make_up": {day("2026-01-10")}}
DECISIONS = [
    Decision(
        day("2023-12-01"),
        set(map(day, OFF)) - LATE["off"],
        set(map(day, MAKE_UP)) - LATE["make_up"],
    ),
    Decision(day("2025-12-25"), **LATE),
]

ROWS = [
    # The limit changes in the middle of two of the windows below.
    Procedure(
        code="1.004194",
        level=4,
        limits={0: Limit(2, Unit.WORKING_DAYS), 2: Limit(1, Unit.WORKING_DAYS)},
        fee=True,
        valid_until=day("2025-12-31"),
    ),
    Procedure(
        code="1.004194",
        level=4,
        limits={0: Limit(3, Unit.WORKING_DAYS), 2: Limit(5, Unit.CALENDAR_DAYS)},
        document_result=True,
        valid_from=day("2025-12-31"),
        valid_until=day("2026-04-29"),
    ),
    Procedure(
        code="1.004194",
        level=3,
        limits={0: Limit(8, Unit.HOURS)},
        bundled=True,
        forward_moves_due=True,
        valid_from=day("2026-04-29"),
    ),
    Procedure(
        code="2.000815",
        level=3,
        limits={0: Limit(4, Unit.CALENDAR_DAYS)},
        eligible=False,
        fee=True,
        document_result=True,
    ),
    Procedure(code="1.012753", level=2),  # no limit at all
]
PROCEDURES = ["1.004194", "1.004194", "1.004194", "2.000815", "1.012753", "9.999999"]


class KnownCalendars:
    """The calendar of all offices, as it stands or as it was known on a day."""

    def __init__(self, *, makeup_days_count=True, decisions=DECISIONS):
        self.makeup_days_count = makeup_days_count
        self.decisions = decisions
        self.laid_out = {}

    def calendar(self, agency=""):
        return self._of(tuple(self.decisions))

    def owners(self):
        return ()

    def calendar_known_at(self, day, agency=""):
        return self._of(tuple(d for d in self.decisions if d.known <= day))

    def _of(self, decisions):
        if len(decisions) not in self.laid_out:
            self.laid_out[len(decisions)] = WorkCalendar(
                off=frozenset().union(*(d.off for d in decisions)),
                make_up=frozenset().union(*(d.make_up for d in decisions)),
                makeup_days_count=self.makeup_days_count,
            )
        return self.laid_out[len(decisions)]


@cache
def known_calendars(makeup_days_count):
    return KnownCalendars(makeup_days_count=makeup_days_count)


def policy_of(rules):
    """What the domain is given for the rules of the oracle."""
    by_code: dict[str, tuple[Procedure, ...]] = {}
    for row in rules.rows:
        by_code[row.code] = (*by_code.get(row.code, ()), row)
    if rules.decisions is DECISIONS:  # laid out once
        calendars = known_calendars(rules.makeup_days_count)
    else:
        calendars = KnownCalendars(decisions=rules.decisions)
    return Policy(
        HANOI,
        Precision(rules.precision),
        Legal(
            calendars=calendars,
            catalogue=Catalogue(by_code),
            strategy=Strategy(rules.strategy),
            portals=rules.portals,
        ),
    )


def booked(events, rules):
    policy = policy_of(rules)
    return post(fold(settled(events), policy.portals), policy)


def days_of(entries):
    """The days on which something is booked; what refers to applicants has none."""
    return {account.day for account in entries if not APPLICANTS <= account.measure < TRIAL}


def rules_of(strategy="shift", precision="instant", portals=(), makeup_days_count=True):
    return Rules(DECISIONS, ROWS, strategy, precision, frozenset(portals), makeup_days_count)


policies = st.builds(
    rules_of,
    st.sampled_from(["shift", "restart", "subtract"]),
    st.sampled_from(["instant", "date"]),
    st.sampled_from([(), ("b",), ("a",)]),
    st.booleans(),
)

# --- Histories --------------------------------------------------------------------------------

# Around a new year with a late decision, a legal change, a make-up Saturday, Tết, month ends.
WINDOWS = ["2025-12-24", "2026-01-05", "2026-04-24", "2026-08-20", "2026-02-12", "2024-12-30"]
SPAN = 12  # days
CLOCK = [
    *(0, -1, 1),  # midnight +07:00
    *(7 * HOUR, 8 * HOUR + 12 * MINUTE, 11 * HOUR + 30 * MINUTE, 12 * HOUR),
    *(13 * HOUR + 30 * MINUTE, 15 * HOUR, 15 * HOUR + 1, 17 * HOUR, 17 * HOUR + 1, 20 * HOUR),
]
AGENCIES = ["H56.14", "H56.14", "H56.14", "H56.15", "G01.899"]
UNITS = ["", "", "H56.14.02"]
# From claim to arrival: at once, late, and around the five minutes that a clock may be ahead.
DELAYS = [0, 0, 0, 0, 2 * SECOND, 3 * DAY, -5 * MINUTE, -5 * MINUTE - 1]

STATES = [0, 1, 1, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 6, 8, 8, 9, 9, 9, 3, 7, 10]
LIVES = [
    (1, 2, 4, 9, 10),
    (2, 4, 5, 4, 9, 4, 9, 10),
    (2, 4, 5, 4, 5, 4, 9),
    (1, 5, 2, 4, 6, 4, 8, 4, 9),
    (1, 5, 5, 2, 5, 2, 4, 9, 10),
    (2, 4, 8),
    (2, 4, 8, 4, 8, 8),
    (2, 4, 6, 9, 10),
    (2, 5, 8, 3),
    (5, 4, 5, 9, 4, 10),
    (1, 7),
    (1, 3),
    (2, 4, 10, 4, 9),
    (2, 5, 9, 5, 4, 7),
]
KINDS = [
    *["supplement_requested"] * 3,
    *["supplement_received"] * 3,
    *["rescheduled"] * 3,
    *["amended"] * 3,
    *["voided"] * 2,
    *["reopened"] * 3,
    *["payment_requested", "payment_made", "result", "documents", "rated", "synced"] * 2,
    "snapshot",
]


SYNCED = [("dvcqg", 0), ("dvcqg", 0), ("dvcqg", 3), ("dvcqg", -3), ("emc", 0)]
amounts = st.sampled_from([0, 0, 5_000])
forms = st.sampled_from([0, 1, 2, 3])
either = st.booleans()
parts = st.sampled_from([0, 0, 1, 2])
verified = st.sampled_from([None, True, False])
ratings = st.sampled_from(
    [{"score": score} for score in (1, 2, 3, 4, 5)]
    + [{"score": 7, "scale": 10}, {"score": 1, "scale": 2}, {"score": 33, "scale": 100}]
)


@st.composite
def instants_in(draw, window, reach=SPAN):
    return (
        at(f"{window} 00:00")
        + draw(st.integers(0, reach)) * DAY
        + draw(st.sampled_from(CLOCK))
        + draw(st.sampled_from([0, 0, 0, 0, 1, -1]))
    )


def state_changed(draw, state, common, window):
    receipt = draw(st.sampled_from(["none", "day", "day", "near", "drawn"]))
    claimed = common["claimed_ms"]
    return StateChanged(
        **common,
        state=state,
        procedure=draw(st.sampled_from(PROCEDURES)),
        agency=draw(st.sampled_from(AGENCIES)),
        unit=draw(st.sampled_from(UNITS)),
        step=draw(st.sampled_from(["", "", "check", "sign"])),
        channel=draw(st.sampled_from([0, 1, 2, 2, 3])),
        level=draw(st.sampled_from([0, 2, 3, 4, 4])),
        receipt_ms={
            "none": None,
            "day": HANOI.start_of(HANOI.day(claimed)),
            "near": claimed - draw(st.sampled_from([0, HOUR, DAY])),
            "drawn": draw(instants_in(window)),
        }[receipt],
        due_ms=draw(st.none() | st.none() | instants_in(window, SPAN + 6)),
        identity_attached=draw(st.sampled_from([None, True, False])),
        applicant_type=draw(st.sampled_from([0, 1, 1, 2])),
        applicant_key=draw(st.sampled_from(["", *APPLICANT_KEYS])),
    )


def other(draw, kind, common, window):
    """An event that is no state."""
    place = {
        "agency": draw(st.sampled_from(["", *AGENCIES])),
        "unit": draw(st.sampled_from(UNITS)),
    }
    if kind == "amended":
        return Amended(
            **common,
            procedure=draw(st.sampled_from(["", "", *PROCEDURES])),
            agency=draw(st.sampled_from(["", "", "H56.15", "H19"])),
            unit=draw(st.sampled_from([None, None, "", "H56.14.03"])),
            channel=draw(st.sampled_from([0, 0, 1, 2])),
            sub_channel=draw(st.sampled_from([None, "kiosk"])),
            level=draw(st.sampled_from([0, 4])),
            receipt_ms=draw(st.none() | st.none() | instants_in(window)),
            applicant_type=draw(st.sampled_from([0, 1, 2])),
            applicant_key=draw(st.sampled_from(["", *APPLICANT_KEYS])),
            identity_attached=draw(st.sampled_from([None, True, False])),
        )
    if kind == "snapshot":
        return Snapshot(
            **common,
            state=draw(st.sampled_from([2, 4, 4, 5, 6, 8])),
            procedure=draw(st.sampled_from(PROCEDURES)),
            agency=draw(st.sampled_from(AGENCIES)),
            unit=place["unit"],
            accepted_ms=common["claimed_ms"] - draw(st.sampled_from([0, HOUR, 3 * DAY])),
            channel=draw(st.sampled_from([0, 1, 2])),
            due_ms=draw(st.none() | instants_in(window)),
            paused_ms=draw(st.sampled_from([0, 0, HOUR, DAY])),
            supplements=draw(st.sampled_from([0, 0, 1, 2])),
            applicant_type=draw(st.sampled_from([0, 1, 3])),
        )
    if kind == "rescheduled":
        apology = draw(st.sampled_from([None, True, False]))
        return Rescheduled(
            **common, due_ms=draw(instants_in(window, SPAN + 6)), apology=apology
        )
    if kind == "synced":
        sent = common["claimed_ms"] - draw(st.sampled_from([0, MINUTE, HOUR, -HOUR]))
        target, code = draw(st.sampled_from(SYNCED))
        return SyncAcknowledged(
            **common, target=target, code=code, sent_ms=draw(st.sampled_from([None, sent]))
        )
    makers = {
        "supplement_requested": lambda: SupplementRequested(**common, **place),
        "supplement_received": lambda: SupplementReceived(**common),
        "voided": lambda: Voided(**common, target=str(draw(st.integers(0, 12)))),
        "reopened": lambda: Reopened(**common),
        "payment_requested": lambda: PaymentRequested(**common, amount=draw(amounts)),
        "payment_made": lambda: PaymentMade(**common, amount=5_000, form=draw(forms)),
        "result": lambda: ResultIssued(**common, electronic=draw(either), paper=draw(either)),
        "documents": lambda: DocumentsAttached(
            **common,
            components=2,
            digitised=draw(parts),
            reused=draw(parts),
            national_store=draw(parts),
            population=draw(parts),
            identity_verified=draw(verified),
        ),
        "rated": lambda: Rated(**common, **draw(ratings)),
    }
    return makers[kind]()


# What the edge stamps (`monitor.domain.event.Stamp`): mostly what TrackingMCDT gets, 1 + 2 + 4.
STAMPED = [0, 0, 7, 7, 7, 1, 2, 3, 4, 8, 7 + 16 + 64]


@st.composite
def edged(draw, drawn):
    """The same as a source without ids or times gives it: stamped, sent again, or on trial."""
    events = draw(drawn)
    trial = draw(st.sampled_from([(), (), ("a",), ("a", "b"), ("a", "b", "c"), ("b", "c")]))
    since = draw(st.integers(0, len(events)))  # from which event on its source is live
    whole = draw(st.sampled_from([*STAMPED, None]))  # of all events; None: of each its own
    marked = []
    for number, event in enumerate(events):
        stamped = draw(st.sampled_from(STAMPED)) if whole is None else whole
        given = {"stamped": stamped, "trial": event.source in trial and number < since}
        if stamped & 2:
            given["claimed_ms"] = event.arrival_ms
        marked.append(replace(event, **given))
    for event in draw(st.lists(st.sampled_from(marked), max_size=4)) if marked else []:
        # Told again: by its id, or as one more without any, sooner or later.
        delay = draw(st.sampled_from([0, MINUTE, 10 * MINUTE, 10 * MINUTE + 1, DAY]))
        again = {
            "arrival_ms": event.arrival_ms + delay,
            "trial": event.trial and draw(st.booleans()),
        }
        if event.stamped & 2:
            again["claimed_ms"] = event.claimed_ms + delay
        if event.stamped & 1:
            again["id"] = f"{event.id}+{delay}"
        marked.append(replace(event, **again))
    return marked


@st.composite
def histories(draw, sources=("a", "a", "a", "a", "b", "c"), kinds=tuple(KINDS), most=11):
    """Events of one dossier in the order of their times, most of them a plausible life."""
    window = draw(st.sampled_from(WINDOWS))
    life = draw(st.sampled_from(LIVES) | st.lists(st.sampled_from(STATES), max_size=7))
    said = [("state", state) for state in life]
    for kind in (
        draw(st.lists(st.sampled_from(kinds), max_size=min(4, most - len(said))))
        if kinds
        else ()
    ):
        said.insert(draw(st.integers(0, len(said))), (kind, None))
    times = sorted(draw(st.lists(instants_in(window), min_size=len(said), max_size=len(said))))
    several = draw(st.booleans())
    events = []
    for number, ((kind, state), claimed) in enumerate(zip(said, times, strict=True)):
        common = {
            "dossier": DOSSIER,
            "source": draw(st.sampled_from(sources)) if several else "a",
            "id": str(number),
            "claimed_ms": claimed,
            "arrival_ms": claimed + draw(st.sampled_from(DELAYS)),
            "sequence": draw(st.sampled_from([-1, -1, -1, 0, number])),
        }
        if kind == "state":
            events.append(state_changed(draw, state, common, window))
        else:
            events.append(other(draw, kind, common, window))
    return events
