"""Twelve indicators of five sets, drawn by lot and worked by hand from a few events.

As an auditor of a ministry would: from the formulas (Decision 766, form II.06b, Circular 01/2018, the
targets, Decree 224/2026 Art. 19), not from what the program has said before. Beside each number
stands how it comes about. Huế, August 2026; the Circular held until June 2025.
"""

import json
from typing import Any

import asyncpg
import pytest

from agents.generate.model import Record
from monitor.domain.petition import PetitionClass, PetitionState
from monitor.ledger.claims import Figure
from monitor.ledger.claims import state as state_claim
from monitor.ledger.ledger import Ledger
from monitor.outlets.report.command import Said
from monitor.outlets.report.formats import Format
from schemas import encode
from schemas.event import (
    Canonical,
    PaymentMade,
    PaymentRequested,
    Petition,
    ResultIssued,
    StateChanged,
    SyncAcknowledged,
    Voided,
)
from tests.agents.test_petitions import Log
from tests.domain.strategies_time import at, day
from tests.outlets.report.test_report import asked
from tests.outlets.report.told import SHIPPED, sealed, tell

JUSTICE, POLICE, TRANSPORT, WARD = "H57.04", "H57.101", "H57.09", "H57.102"
CITIZEN, BUSINESS, STATE = 1, 2, 3
DIRECT, ONLINE, POSTAL = 1, 2, 3
RECORD = "2.000488"  # fee, its result is a document, on the list of 30
LICENCE = "1.002801"  # fee, document
RESIDENCE = "1.004194"  # fee, no document
ALLOWANCE = "1.001776"  # no fee, document, on the list of 30


class Told:
    """What sources say of one dossier."""

    def __init__(self, name: str, agency: str, procedure: str, **given: Any) -> None:
        self.key = f"{agency}-260801-{name}"
        self._agency, self._procedure, self._given = agency, procedure, given
        self.records: list[Record] = []

    def say(self, kind: type[Any], when: str, **given: Any) -> "Told":
        told: Canonical = kind(
            dossier=self.key, source="s", id=f"{kind.__name__} {when}", claimed_ms=at(when),
            arrival_ms=at(when), **given,
        )  # fmt: skip
        self.records.append(Record(self.key, encode(told), at(when)))
        return self

    def state(self, number: int, when: str, due: str = "") -> "Told":
        return self.say(
            StateChanged, when, state=number, agency=self._agency, procedure=self._procedure,
            level=4, due_ms=at(due) if due else None, **self._given,
        )  # fmt: skip

    def asked_fee(self, when: str, amount: int) -> "Told":
        return self.say(PaymentRequested, when, amount=amount)

    def paid(self, when: str, form: int) -> "Told":
        return self.say(PaymentMade, when, amount=1, form=form)

    def synced(self, when: str, code: int) -> "Told":
        return self.say(SyncAcknowledged, when, target="dvcqg", code=code)


def citizen(name: str, agency: str, procedure: str, channel: int, **given: Any) -> Told:
    return Told(name, agency, procedure, channel=channel, applicant_type=CITIZEN, **given)


AUGUST = (
    # A: online, paid on the national gateway, an electronic result, acknowledged by the portal. Early.
    citizen("A", JUSTICE, RECORD, ONLINE, identity_attached=True)
    .state(2, "2026-08-03 09:00", "2026-08-13 17:00")
    .asked_fee("2026-08-03 09:05", 200_000)
    .paid("2026-08-03 09:10", 1)
    .synced("2026-08-03 09:15", 0)
    .say(ResultIssued, "2026-08-12 09:00", electronic=True)
    .state(9, "2026-08-12 10:00"),
    # B: a placeholder in the place of the number, paid at the counter, a result on paper, late by a day.
    citizen("B", JUSTICE, RECORD, ONLINE, identity_attached=False)
    .state(2, "2026-08-04 09:00", "2026-08-14 17:00")
    .asked_fee("2026-08-04 09:05", 200_000)
    .paid("2026-08-04 10:00", 3)
    .say(ResultIssued, "2026-08-15 08:00", paper=True)
    .state(9, "2026-08-15 09:00"),
    # C: its only fee is 0. Open.
    citizen("C", JUSTICE, RECORD, DIRECT, identity_attached=True)
    .state(2, "2026-08-05 09:00", "2026-09-10 17:00")
    .asked_fee("2026-08-05 09:05", 0),
    # D: a business, paid on the city's gateway; done in the evening of the day it was due.
    Told("D", TRANSPORT, LICENCE, channel=ONLINE, applicant_type=BUSINESS)
    .state(2, "2026-08-06 09:00", "2026-08-13 17:00")
    .asked_fee("2026-08-06 09:05", 135_000)
    .paid("2026-08-06 09:10", 2)
    .synced("2026-08-06 09:15", 0)
    .say(ResultIssued, "2026-08-13 19:00", electronic=True, paper=True)
    .state(9, "2026-08-13 20:00"),
    # E: nothing said of a number, asked for a fee and never paid, refused by the portal; a supplement between.
    citizen("E", POLICE, RESIDENCE, ONLINE)
    .state(2, "2026-08-07 09:00", "2026-08-12 17:00")
    .asked_fee("2026-08-07 09:05", 7_000)
    .synced("2026-08-07 09:10", -3)
    .state(5, "2026-08-07 15:00")
    .state(4, "2026-08-10 15:00")
    .state(9, "2026-08-11 09:00"),
    # F: by post, of a procedure without a fee; late by a day.
    citizen("F", WARD, ALLOWANCE, POSTAL, identity_attached=True)
    .state(2, "2026-08-10 09:00", "2026-08-19 17:00")
    .state(9, "2026-08-20 09:00"),
    # G: of July, settled in August, late by a day.
    citizen("G", JUSTICE, RECORD, ONLINE, identity_attached=True)
    .state(2, "2026-07-30 09:00", "2026-08-10 17:00")
    .asked_fee("2026-07-30 09:05", 200_000)
    .paid("2026-07-30 09:10", 1)
    .state(9, "2026-08-11 09:00"),
    # H: nobody says how it came; withdrawn.
    Told("H", TRANSPORT, LICENCE, applicant_type=STATE)
    .state(2, "2026-08-12 09:00", "2026-08-19 17:00")
    .asked_fee("2026-08-12 09:05", 135_000)
    .state(3, "2026-08-14 09:00"),
    # I: never accepted. J: accepted by mistake.
    citizen("I", JUSTICE, RECORD, ONLINE, identity_attached=True).state(1, "2026-08-20 09:00"),
    citizen("J", POLICE, RESIDENCE, ONLINE)
    .state(2, "2026-08-21 09:00", "2026-08-26 17:00")
    .say(Voided, "2026-08-21 10:00", target="StateChanged 2026-08-21 09:00"),
)  # fmt: skip

# Received in August: A, B, C, D, E, F, H.
BY_HAND = {
    # A and D of A, B, D, E, H: C owes nothing, F's procedure has no fee, G is of July. 6 × 2/5.
    ("qd766", "3.6"): (2, 5, 40.0, 2.4),
    # RECORD and LICENCE, of 21 procedures with fees of communes and departments. 2 × (2/21) / 0.8.
    ("qd766", "3.5b"): (2, 21, 9.52, 0.24),
    # A, D and E (no document): 3 of 7; B has paper only. Times 1.4: A and D of the 8 that are stated to
    # have been received. 3/7 × 2/8 = 10.714… %; 6 × 0.10714 / 0.5.
    ("qd766", "3.3"): (3, 7, 10.71, 1.29),
    ("qd766", "1.4"): (2, 8, 25.0, 1.5),
    # One about policy of four. No points by it.
    ("qd766", "5.1-policy"): (1, 4, 25.0, None),
    # 217 + 264 + 179 + 96 + 240 + 288 hours of A, B, D, E, F, G: 1,284 hours by six, in days.
    ("decree-224-19", "mean_elapsed_time"): (1_284 * 3_600_000, 6, 8.92, None),
    # B, F and G. D was settled on its day, by date.
    ("report-06b", "processed_late"): (3, None, 3, None),
    # A, C and F of A, B, C, E, F.
    ("targets", "identity_share"): (3, 5, 60.0, None),
    # RECORD, by A, of the seven of the list that communes and departments handle; ALLOWANCE came by post.
    ("targets", "priority_30"): (1, 7, 14.29, None),
    # C, E, F and H of seven.
    ("emc", "not_paid_share"): (4, 7, 57.14, None),
}
# Nobody has told of anything in September, nor stated anything of a method that is not issued.
OF_NOTHING = {
    ("qd766", "3.6"): ("number", 0, 0, 0.0),  # its rule: 0
    ("qd766", "3.5b"): ("number", 0, 21, 0.0),
    ("qd766", "5.1-policy"): ("null", 0, 0, None),
    ("qd766", "3.3"): ("null", 0, 0, None),
    ("decree-224-19", "mean_elapsed_time"): ("null", 0, 0, None),
    ("decree-224-19", "automation"): ("not_applicable", None, None, None),
    ("report-06b", "processed_late"): ("number", 0, None, 0),
    ("targets", "identity_share"): ("null", 0, 0, None),
    ("targets", "priority_30"): ("number", 0, 7, 0.0),
    ("emc", "not_paid_share"): ("null", 0, 0, None),
}


def petition(name: str, when: str, state: str, about: PetitionClass | None = None) -> Petition:
    return Petition(
        petition=f"s|{name}", source="s", id=state, agency=JUSTICE, state=PetitionState(state),
        about=about, claimed_ms=at(when), arrival_ms=at(when),
    )  # fmt: skip


def answered(name: str, received: str, answer: str) -> list[Petition]:
    return [petition(name, received, "received"), petition(name, answer, "answered")]


PETITIONS = [
    petition("a", "2026-08-03 09:00", "received", PetitionClass.POLICY),
    petition("b", "2026-08-04 09:00", "received", PetitionClass.CONDUCT),
    petition("c", "2026-08-05 09:00", "received"),
    petition("d", "2026-08-31 09:00", "received"),
    # May 2025: nine in two working days, one after more than fifteen.
    *(
        one
        for number in range(9)
        for one in answered(f"may{number}", "2025-05-12 09:00", "2025-05-14 09:00")
    ),
    *answered("may9", "2025-03-03 09:00", "2025-05-20 09:00"),
    # June 2025: one of nine is late.
    *(
        one
        for number in range(8)
        for one in answered(f"june{number}", "2025-06-09 09:00", "2025-06-11 09:00")
    ),
    *answered("june8", "2025-06-02 09:00", "2025-06-30 09:00"),
]


@pytest.fixture
async def books(database: str) -> str:
    await tell(database, [record for told in AUGUST for record in told.records])
    async with Ledger.open(database) as ledger:
        log = Log(ledger, SHIPPED)
        log.put(*PETITIONS)
        desk = await log.started()
        await log.read(desk)
        await desk.close()
    connection = await asyncpg.connect(database)
    for claim, first, last, numerator, denominator in (
        ("national_report_received", "2026-08-01", "2026-08-31", None, 8),
        ("c01_unit_time", "2025-05-01", "2025-05-31", 37, 20),
    ):
        await state_claim(
            connection,
            Figure(
                source="vpcp", indicator=claim, agency="H57", from_day=day(first),
                to_day=day(last), revision=0, arrived_ms=0, unit="", survey="",
                numerator=numerator,
                denominator=denominator,
            ),
        )  # fmt: skip
    await connection.close()
    await sealed(database)
    return database


async def figures(dsn: str, set_: str, period: str) -> dict[str, dict[str, Any]]:
    said = Said(indicators=set_, scope="H57", period=period, format_=Format.JSON)
    told = json.loads(await asked(dsn, said))
    return {one["indicator"]: one for one in told["figures"]}


async def test_twelve_indicators_drawn_by_lot_are_what_a_hand_makes_of_the_events(books: str):
    sets = {set_ for set_, _ in BY_HAND}
    told = {set_: await figures(books, set_, "2026-08") for set_ in sets}
    none = {set_: await figures(books, set_, "2026-09") for set_ in sets}

    found = {
        (set_, one): tuple(
            told[set_][one][part] for part in ("numerator", "denominator", "value", "score")
        )
        for set_, one in BY_HAND
    }
    of_nothing = {
        (set_, one): tuple(
            none[set_][one][part] for part in ("standing", "numerator", "denominator", "value")
        )
        for set_, one in OF_NOTHING
    }

    assert found == BY_HAND
    assert of_nothing == OF_NOTHING


@pytest.mark.parametrize(
    ("period", "units", "petitions"),
    [
        # 37 points of 20 dossiers are 1.85, to one decimal 1.9. Nine of ten in time: from 90 % on, 1.
        ("2025-05", ("number", 37, 20, 1.9, 1.9), (9, 10, 1)),
        # Nobody states it: not known, and no 0. Eight of nine: 0.
        ("2025-06", ("null", None, None, None, None), (8, 9, 0)),
        # Without petitions: 2.
        ("2025-02", ("null", None, None, None, None), (0, 0, 2)),
    ],
)
async def test_two_indices_of_the_circular_too(
    books: str, period: str, units: tuple[Any, ...], petitions: tuple[Any, ...]
):
    told = await figures(books, "circular-01-2018", period)

    two, eight = told["2"], told["8"]
    assert (
        two["standing"], two["numerator"], two["denominator"], two["value"], two["score"]
    ) == units  # fmt: skip
    assert (eight["numerator"], eight["denominator"], eight["score"]) == petitions
