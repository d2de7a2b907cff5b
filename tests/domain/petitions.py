"""Petitions as tests tell them: in August 2026, by the calendar of that year, the make-up Saturday
of the 22nd included. After Monday the 3rd the 2nd working day is the 5th, the 5th the 10th, the
15th Saturday the 22nd; time runs out on Monday the 24th."""

from datetime import date, timedelta

from hypothesis import strategies as st

from monitor.domain.measures import TRIAL, Measure
from monitor.domain.petition import PetitionClass, PetitionState, fold, post
from monitor.domain.policy import Legal, Policy
from monitor.domain.procedure import Catalogue
from monitor.domain.zone import Zone
from schemas.event import Petition
from tests.domain.strategies_time import at, day, vietnam

HANOI = Zone()
CODE = "dvcqg|PAKN.7"
OFFICE = "H56.14"
AUGUST = day("2026-08-01") - 1  # and so the day of the month's day 0
HOUR = 3_600_000


class OneCalendar:
    def calendar(self, agency=""):
        return vietnam()

    def calendar_known_at(self, day, agency=""):
        return vietnam()

    def owners(self):
        return ()


LAW = Policy(HANOI, legal=Legal(calendars=OneCalendar(), catalogue=Catalogue({})))
PLAIN = Policy(HANOI)


def august(day_, clock="09:00"):
    return at(f"{date(2026, 7, 31) + timedelta(days=day_)} {clock}")


def told(state, claimed_ms, **given):
    """An event of a petition; its id is its state, unless one is given."""
    fields = {"petition": CODE, "source": "dvcqg", "id": state, "agency": OFFICE}
    fields |= {"claimed_ms": claimed_ms, "arrival_ms": claimed_ms + 2_000} | given
    return Petition(state=PetitionState(state), **fields)


def booked(*events, policy=LAW):
    """Entries in words: name, day of August, slot (a day as a day of August too): amount."""
    return {
        (_name(account.measure), account.day - AUGUST, _slot(account)): amount
        for account, amount in post(fold(events), policy).items()
    }


def _name(measure):
    trial = "trial " if measure >= TRIAL else ""
    return trial + Measure(measure % TRIAL).name.removeprefix("PETITION_").lower()


_OF_DAYS = range(Measure.PETITION_OPEN, Measure.PETITION_COMPLAINT)


def _slot(account):
    is_a_day = account.measure % TRIAL in _OF_DAYS and account.slot > 0
    return account.slot - AUGUST if is_a_day else account.slot


STATES = st.sampled_from([*PetitionState, PetitionState.RECEIVED, PetitionState.ANSWERED])
CLOCKS = ["00:00", "07:00", "09:00", "16:59", "23:59"]


@st.composite
def petitions(draw):
    """Everything that was told of one petition; some of it twice, or in another version."""
    events = []
    for number in range(draw(st.integers(1, 8))):
        claimed_ms = august(draw(st.integers(1, 34)), draw(st.sampled_from(CLOCKS)))
        events.append(
            told(
                draw(STATES),
                claimed_ms,
                source=draw(st.sampled_from(["dvcqg", "dvcqg", "h56"])),
                id=draw(st.sampled_from([f"e{number}", f"e{number}", "e0"])),
                arrival_ms=claimed_ms + draw(st.sampled_from([0, 2_000, 40 * HOUR, -HOUR])),
                agency=draw(st.sampled_from([OFFICE, OFFICE, "H56.15"])),
                about=draw(st.sampled_from([None, *PetitionClass])),
                dossier=draw(st.sampled_from(["", "", "H56.14-260803-0001"])),
                procedure=draw(st.sampled_from(["", "1.004194"])),
                likes=draw(st.sampled_from([None, 0, 3])),
                dislikes=draw(st.sampled_from([None, 0, 4])),
                repeated=draw(st.sampled_from([None, None, False, True])),
                revision=draw(st.sampled_from([0, 0, 1])),
                sequence=draw(st.sampled_from([-1, -1, 2])),
                trial=draw(st.sampled_from([False, False, False, True])),
            )
        )
    return events
