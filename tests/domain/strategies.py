"""Events of dossiers: written by hand in August 2026, or drawn from where mistakes are likely."""

from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.measures import CONSUMED_BINS, CONSUMED_BOUNDS, NO_SLOT, Measure
from monitor.domain.policy import Policy, Precision
from monitor.domain.post import Account, Entries, post
from monitor.domain.zone import Zone
from schemas.event import StateChanged

SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000

# 2026-08-31T00:00+07:00 is 1 788 109 200 000 ms: day 20 696 of the epoch, less seven hours.
JULY_31 = 20_665

HANOI = Zone()
INSTANT = Policy(HANOI, Precision.INSTANT)
DATE = Policy(HANOI, Precision.DATE)


def at(day, clock="08:00:00"):
    """An instant of August 2026 in Hanoi; day 0 is 31 July."""
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    return (JULY_31 + day) * DAY + (hour - 7) * HOUR + minute * MINUTE + second * SECOND


def said(state, claimed_ms, **given):
    """One statement of the office H56.14; its id follows from state and time."""
    given.setdefault("source", "office")
    given.setdefault("id", f"{state}@{claimed_ms}")
    given.setdefault("arrival_ms", claimed_ms)
    given.setdefault("procedure", "1.004194")
    given.setdefault("agency", "H56.14")
    return StateChanged(
        dossier="H56.14-260803-0001", claimed_ms=claimed_ms, state=state, **given
    )


def life(*events):
    """The view of a dossier, whatever the events' order and however often they were heard."""
    return fold(settled(events))


def booked(*events, policy=INSTANT):
    """What a dossier books, in words: (measure, agency, day of August[, day due]) → amount."""
    return worded(post(life(*events), policy))


def worded(entries):
    return {_words(account): amount for account, amount in entries.items()}


def _words(account: Account):
    words = (_name(account.measure), account.cell.agency, account.day - JULY_31)
    if account.measure in (Measure.IN_PROCESS, Measure.PAUSED):
        return (*words, None if account.slot == NO_SLOT else account.slot - JULY_31)
    assert account.slot == NO_SLOT
    return words


def _name(measure):
    if measure not in CONSUMED_BINS:
        return Measure(measure).name.lower()
    bounds = (*CONSUMED_BOUNDS, "more")
    return f"consumed {bounds[measure - Measure.DEADLINE_CONSUMED]}"


def total(entries: Entries, *measures, until=None):
    """The sum of these measures' entries, up to and including a day."""
    return sum(
        amount
        for account, amount in entries.items()
        if account.measure in measures and (until is None or account.day <= until)
    )


# For what is worth more examples than the rest; follows the profile of tests/conftest.py.
THOROUGHLY = settings(max_examples=3 * settings().max_examples)


# --- Drawn ---------------------------------------------------------------------------------

# Few instants, so that many are equal; midnight +07:00 and its neighbours, an office's hours.
INSTANTS = [
    at(day, clock) + offset
    for day in (3, 4, 5, 10)
    for clock, offset in (
        ("00:00", -1),
        ("00:00", 0),
        ("00:00", 1),
        ("08:00", 0),
        ("17:00", 0),
        ("17:00", 1),
    )
]
MIDNIGHTS = [at(day, "00:00") for day in (2, 3, 4, 5, 6, 10)]
# From claim to arrival: at once, late, and around the five minutes that a clock may be ahead.
DELAYS = [0, 0, 0, 2 * SECOND, 3 * DAY, -5 * MINUTE, -5 * MINUTE - 1, -DAY]

# What ends a dossier for good is rarer than what goes on, so that histories grow long.
STATES = [0, 1, 1, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 6, 8, 9, 9, 9, 9, 3, 7, 10, 10]
LIVES = [
    (1, 2, 4, 9, 10),
    (2, 4, 5, 4, 9, 4, 9, 10),
    (1, 5, 2, 4, 6, 4, 8, 4, 9),
    (1, 7, 2, 9),
    (2, 9, 4, 4, 9, 10, 4, 9),
    (1, 3, 2, 4, 9),
    (2, 4, 3, 4, 9, 10),
    (5, 1, 9, 2, 9, 7, 4),
]
# Of each kind one draw: searching costs by the draw.
PLACES = [("H56.14", ""), ("H56.14", "H56.14.02"), ("G01.899", ""), ("H19", "")]
MANNERS = [  # procedure, channel, sub-channel, level
    ("1.004194", 2, "", 4),
    ("1.004194", 2, "kiosk", 3),
    ("1.004194", 0, "", 0),
    ("1.004194", 1, "", 2),
    ("2.000815", 0, "desk", 4),
    ("2.000815", 3, "", 0),
]
REVISIONS = [(0, -1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 1)]  # and the source's sequence

instants = st.sampled_from(INSTANTS)
maybe_instants = st.sampled_from([*INSTANTS, *MIDNIGHTS, *[None] * len(INSTANTS)])
_places = st.sampled_from(PLACES)
_manners = st.sampled_from(MANNERS)
_revisions = st.sampled_from(REVISIONS)
_delays = st.sampled_from(DELAYS)
_states = st.sampled_from(STATES)
_ids = st.sampled_from("123456789")


@st.composite
def statements(draw, states=_states, claimed=instants, sources=("a",), ids=_ids):
    """One statement; identities and revisions are few, so that many collide."""
    claimed_ms = draw(claimed)
    agency, unit = draw(_places)
    procedure, channel, sub_channel, level = draw(_manners)
    revision, sequence = draw(_revisions)
    return StateChanged(
        dossier="H56.14-260803-0001",
        source=draw(st.sampled_from(sources)) if len(sources) > 1 else sources[0],
        id=draw(ids),
        claimed_ms=claimed_ms,
        arrival_ms=claimed_ms + draw(_delays),
        state=draw(states),
        procedure=procedure,
        agency=agency,
        unit=unit,
        channel=channel,
        sub_channel=sub_channel,
        level=level,
        receipt_ms=draw(maybe_instants),
        due_ms=draw(maybe_instants),
        revision=revision,
        sequence=sequence,
    )


@st.composite
def lives(draw, sources=("a",)):
    """A life in its order, in which times still collide and any event may miss."""
    states = draw(st.sampled_from(LIVES))
    times = sorted(draw(st.lists(instants, min_size=len(states), max_size=len(states))))
    return [
        draw(
            statements(
                states=st.just(state),
                claimed=st.just(claimed),
                sources=sources,
                ids=st.just(f"l{place}"),
            )
        )
        for place, (state, claimed) in enumerate(zip(states, times, strict=True))
    ]


_SOURCES = st.sampled_from([("a",), ("a",), ("a", "b"), ("a", "b"), ("a", "b", "c")])


@st.composite
def heard(draw, sources=_SOURCES):
    """All that was heard of one dossier: repeats, contradictions, redeliveries, in any order."""
    speaking = draw(sources)
    events = draw(st.just([]) | lives(speaking))
    events = events + draw(st.lists(statements(sources=speaking), max_size=5))
    for copy in draw(st.lists(st.sampled_from(events), max_size=3)) if events else []:
        events.append(_redelivered(copy, draw(st.sampled_from(DELAYS))))
    return draw(st.permutations(events))


def dossiers(sources=_SOURCES):
    """What stands of a dossier's events, in any order."""
    return heard(sources).map(settled)


def alone():
    """Everything from one source: what `advance` can follow."""
    return dossiers(st.just(("a",)))


def _redelivered(event, delay):
    return replace(event, arrival_ms=event.claimed_ms + delay)
