"""Whether what dossiers have booked is what their events post: folded anew, a range at a time."""

from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from agents.subjects import stand
from monitor.domain.applicants import APPLICANTS, applicant_year
from monitor.domain.explain import posted
from monitor.domain.measures import NO_SLOT, TRIAL
from monitor.domain.policy import RULES_VERSION, Policy
from monitor.domain.post import Account, Entries
from monitor.domain.view import Cell
from monitor.domain.zone import date_of
from monitor.ledger.forms import Forms
from monitor.ledger.ledger import Ledger
from monitor.ledger.packing import unpack_entries
from monitor.ledger.reconcile import Held, held

_NAMED_ACCOUNTS: Final = 3  # of a dossier


@dataclass(slots=True)
class Refolded:
    """What a range of dossiers came to."""

    compared: int = 0
    stale: int = 0  # booked under another policy or other rules than ours
    differing: list[tuple[str, str]] = field(default_factory=list)  # dossier, and what is wrong


class Refolder:
    """Folds dossiers of a ledger anew, by one policy."""

    def __init__(self, connection: "asyncpg.Connection[Any]", policy: Policy) -> None:
        self._connection = connection
        self._policy = policy
        self._forms = Forms(connection)
        self._ledger = Ledger(connection)  # for its cells: it only reads here

    async def refold(self, after: str, until: str | None) -> Refolded:
        """The dossiers with keys after the first, up to the second or to the end."""
        refolded = Refolded()
        for dossier in await held(self._connection, after, until, rules=RULES_VERSION):
            if dossier.stale:
                refolded.stale += 1
                continue
            refolded.compared += 1
            if wrong := await self._wrong(dossier):
                refolded.differing.append((dossier.key, wrong))
        return refolded

    async def _wrong(self, dossier: Held) -> str:
        """What is wrong with a dossier; nothing, if all is well."""
        try:
            events = await self._forms.events(dossier.form, dossier.events)
            found = stand(dossier.key, events, self._policy)
        except Exception as error:  # noqa: BLE001 - bytes that are no events fail anywhere
            return f"its events cannot be read: {type(error).__name__}"
        entries = unpack_entries(dossier.booked)
        numbers = {number for _, number, _, _ in entries}
        if dossier.cell is not None:
            numbers.add(dossier.cell)
        cells = await self._ledger.cells(numbers)
        booked = {
            Account(measure, cells.get(number) or _unknown(number), day, slot): amount
            for (measure, number, day, slot), amount in entries.items()
        }
        if booked != found.entries:
            return _different(booked, found.entries)
        columns: list[tuple[str, object, object]] = [
            ("outcome", dossier.outcome, found.outcome),
            ("due_ms", dossier.due_ms, found.due_ms),
        ]
        if dossier.cell is not None:
            columns.append(("cell", cells.get(dossier.cell), found.cell))
        return "; ".join(
            f"its column {name} says {ours}, its events {theirs}"
            for name, ours, theirs in columns
            if ours != theirs
        )


def in_words(measure: int, cell: Cell, day: int | None, slot: int) -> str:
    """An account with every dimension that it has."""
    if APPLICANTS <= measure < TRIAL:  # day and slot are what tells applicants apart: not shown
        return f"applicants of {applicant_year(measure)}, agency {cell.agency}"
    name = name_of(measure, slot)
    given = [f"{dimension} {value}" for dimension, value in cell._asdict().items() if value]
    if day is not None:
        given.append(f"day {date_of(day).isoformat()}")
    if slot != NO_SLOT:
        given.append(f"slot {slot}")
    return ", ".join([name, *given])


def name_of(measure: int, slot: int = NO_SLOT) -> str:
    """What a measure is called."""
    try:
        return posted(Account(measure, Cell("", "", "", 0, "", 0), 0, slot), 0).name
    except (KeyError, ValueError):
        return f"measure {measure}"


def _unknown(number: int) -> Cell:
    return Cell(f"cell {number}, which does not exist", "", "", 0, "", 0)


def _different(booked: Entries, posts: Entries) -> str:
    accounts = sorted(
        account
        for account in booked.keys() | posts.keys()
        if booked.get(account, 0) != posts.get(account, 0)
    )
    told = [
        f"{in_words(*account)}: booked {booked.get(account, 0)},"
        f" its events post {posts.get(account, 0)}"
        for account in accounts[:_NAMED_ACCOUNTS]
    ]
    if len(accounts) > _NAMED_ACCOUNTS:
        told.append(f"and {len(accounts) - _NAMED_ACCOUNTS} more accounts")
    return "; ".join(told)
