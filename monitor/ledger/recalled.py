"""A dossier as the ledger has it: its events, what it has booked, and under which policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.domain.codes import dossier_key
from monitor.domain.explain import Posted, posted
from monitor.domain.policy import RULES_VERSION
from monitor.domain.post import Account, Entries
from monitor.domain.view import Cell
from monitor.ledger.forms import RETIRED
from monitor.ledger.ledger import Ledger
from monitor.ledger.packing import unpack_entries
from monitor.ledger.policies import Under
from monitor.ledger.subjects import is_petition
from monitor.ledger.tokens import dossier_of, is_token


class NotFound(Exception):
    """No dossier of that code; the text says where it was looked for."""


class Retired(NotFound):
    """Its events are past retention and gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An account where what is booked is not what the view posts now."""

    entry: Posted
    booked: int
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What the ledger holds of the dossier, beside what it would book now."""

    version: int  # how often it was booked
    epoch: int  # 0: of before epochs were kept
    rules: int  # the version of the rules it was booked under
    rules_now: int
    reference: str  # the reference set it was booked under; "" where the ledger has none
    as_booked: bool  # explained by that set, not by another one that was asked for
    drift: tuple[Difference, ...]  # empty: the ledger is right


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A dossier's row, unpacked as far as this layer knows how."""

    key: str
    version: int
    events: bytes  # as `schemas.packed` reads them
    held: Mapping[Account, int]
    under: Under
    cell: Cell | None  # of whoever holds or settled it

    def booked(self, posts: Entries, reference: str) -> Booked:
        """Beside what is posted now by the reference set of a hash."""
        return Booked(
            version=self.version,
            epoch=self.under.epoch,
            rules=self.under.rules,
            rules_now=RULES_VERSION,
            reference=self.under.reference,
            as_booked=self.under.reference in ("", reference),
            drift=tuple(
                Difference(
                    entry=posted(account, posts.get(account, 0)),
                    booked=self.held.get(account, 0),
                    posts=posts.get(account, 0),
                )
                for account in sorted({**self.held, **posts})
                if self.held.get(account, 0) != posts.get(account, 0)
            ),
        )


def wanted(dossier: str, source: str = "") -> str:
    """The key of a dossier by its code; `|code` if it is not national and no source is known."""
    given, bar, code = dossier.partition("|")
    return dossier_key(code, given) if bar and given else dossier_key(dossier, source)


async def key_of(pool: Any, dossier: str) -> str:
    """The key of a dossier by its code or its token. Raises `NotFound`."""
    if is_token(dossier):
        found = await dossier_of(pool, dossier)
        if found is None:
            raise NotFound(f"no dossier of the token {dossier} in the ledger")
        return found
    key = wanted(dossier)
    if key.startswith("|"):
        raise NotFound(
            f"{dossier} is no national dossier code; the ledger has such codes by their source: "
            f"name it as SOURCE|{dossier}"
        )
    return key


async def recall(ledger: Ledger, key: str) -> Recalled:
    """A dossier by its key. Raises `NotFound`, or `Retired`."""
    if is_petition(key):
        raise NotFound("that is a petition: only dossiers are explained")
    # Until nobody has booked it between the two questions.
    under, rows = None, await ledger.load([key])
    while under != (under := await ledger.policies.of(key)):
        rows = await ledger.load([key])
    if under is None:
        raise NotFound(f"no dossier {key} in the ledger")
    row = rows[key]
    if row.form == RETIRED:
        raise Retired(
            f"dossier {key} is retired: its events are past retention and gone, so nothing"
            f" of it can be explained any more; it was booked {row.version - 1} times, and"
            " what it had booked still counts in every figure (table retired_sum)"
        )
    entries = unpack_entries(row.booked)
    numbers = {number for _, number, _, _ in entries}
    if row.cell is not None:
        numbers.add(row.cell)
    cells = await ledger.cells(numbers)
    return Recalled(
        key=key,
        version=row.version,
        events=row.events,
        held={
            Account(measure, cells[number], day, slot): amount
            for (measure, number, day, slot), amount in entries.items()
        },
        under=under,
        cell=None if row.cell is None else cells[row.cell],
    )
