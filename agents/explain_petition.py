"""`emc explain --petition`: how a petition's figures came about, as a page to read or as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

import asyncpg
from rich.table import Table

from agents.operator import FOUND, OK, Refusal, print_json, print_table
from agents.subjects import unpack_petition
from monitor.domain.codes import dossier_key
from monitor.domain.explain import Posted, SlotKind, posted
from monitor.domain.measures import Clock
from monitor.domain.petition import (
    About,
    Judged,
    PetitionState,
    PetitionVerdict,
    PetitionView,
    Run,
    effective_ms,
    fold,
    judge,
    order_key,
    settled,
)
from monitor.domain.petition import posted as entries_of
from monitor.domain.policy import Policy
from monitor.domain.post import Account
from monitor.domain.zone import Zone, date_of
from monitor.ledger.ledger import Ledger
from monitor.ledger.packing import unpack_entries
from monitor.ledger.subjects import petition_key
from monitor.reference.sets import policy_of
from schemas.event import Petition

STATES: Final[Mapping[PetitionState, str]] = {
    PetitionState.RECEIVED: "tiếp nhận · received",
    PetitionState.REFUSED: "từ chối · refused",
    PetitionState.SUPPLEMENT_REQUESTED: "yêu cầu bổ sung · supplement requested",
    PetitionState.SUPPLEMENT_RECEIVED: "đã bổ sung · supplement received",
    PetitionState.ANSWERED: "đã trả lời · answered",
    PetitionState.PUBLISHED: "đã công khai · published",
}
CLASSES: Final[Mapping[About, str]] = {
    About.UNSAID: "unsaid",
    About.POLICY: "cơ chế, chính sách, thủ tục · policy",
    About.CONDUCT: "hành vi của cán bộ, công chức · conduct",
}
_VERDICTS: Final = {
    None: "not settled",
    PetitionVerdict.ON_TIME: "on time",
    PetitionVerdict.LATE: "late",
    PetitionVerdict.UNJUDGED: "not judged: no receipt, or no limit; in no ratio",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A petition as the ledger has it."""

    events: list[Petition]
    policy: Policy
    version: int
    epoch: int
    booked: Mapping[Account, int]


async def explain_petition(
    dsn: str,
    petition: str,
    *,
    own: Policy,
    asked: Policy | None,
    as_json: bool,
    out: TextIO,
) -> int:
    """Explain a petition of the ledger, by the policy it was booked under unless one is asked for.

    FOUND if what is booked is not what it posts.
    """
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        found = await _found(Ledger(pool), petition, own, asked)
    view = fold(found.events)
    judged = judge(view, found.policy)
    posts = entries_of(view, judged, found.policy)
    drift = {
        account: (found.booked.get(account, 0), posts.get(account, 0))
        for account in sorted({**found.booked, **posts})
        if found.booked.get(account, 0) != posts.get(account, 0)
    }
    told = _told(found, view, judged)
    told["entries"] = [_entry(posted(*one)) for one in sorted(posts.items())]
    told["ledger"] = {
        "version": found.version,
        "epoch": found.epoch,
        "drift": [
            {**_entry(posted(account, now)), "booked": booked}
            for account, (booked, now) in drift.items()
        ],
    }
    if as_json:
        print_json(told, out)
    else:
        _print(told, out)
    return FOUND if drift else OK


async def _found(ledger: Ledger, petition: str, own: Policy, asked: Policy | None) -> Found:
    source, bar, code = petition.partition("|")
    wanted = dossier_key(code, source) if bar else dossier_key(petition, "")
    if wanted.startswith("|"):
        raise Refusal(
            f"{petition} is a code of its source: name it as SOURCE|{petition}, in quotes"
        )
    key = petition_key(wanted)
    # Until nobody has booked it between the two questions.
    under, rows = None, await ledger.load([key])
    while under != (under := await ledger.policies.of(key)):
        rows = await ledger.load([key])
    if under is None:
        raise Refusal(f"no petition {wanted} in the ledger")
    row = rows[key]
    entries = unpack_entries(row.booked)
    cells = await ledger.cells({number for _, number, _, _ in entries})
    if asked is None and under.reference:
        asked = policy_of(await ledger.policies.load(under.reference))
    return Found(
        list(unpack_petition(row.events)),
        asked or own,
        row.version,
        under.epoch,
        {
            Account(measure, cells[number], day, slot): amount
            for (measure, number, day, slot), amount in entries.items()
        },
    )


def _told(found: Found, view: PetitionView, judged: Judged) -> dict[str, Any]:
    zone = found.policy.zone
    displeased = view.dislikes > view.likes or view.repeated
    return {
        "petition": found.events[0].petition,
        "agency": view.agency,
        "procedure": view.procedure,
        "class": view.about.name.lower(),
        "dossier": view.dossier,
        "trial": view.trial,
        "events": _events(found.events, zone),
        "clocks": [_run(run, zone) for run in judged.runs],
        "verdict_766": judged.verdict,
        "late_from": None if judged.late_from is None else str(date_of(judged.late_from)),
        "likes": view.likes,
        "dislikes": view.dislikes,
        "repeated": view.repeated,
        "displeased": displeased,
    }


def _events(events: Sequence[Petition], zone: Zone) -> list[dict[str, Any]]:
    stands = settled(events)
    seen: set[PetitionState] = set()
    shown = []
    for event in sorted(events, key=order_key):
        if event not in stands:
            effect = "overruled by another content of the same id"
        elif event.state in seen:
            effect = "told again: its reactions and attributes only"
        else:
            effect = "counts"
            seen.add(event.state)
        shown.append(
            {
                "at": _at(effective_ms(event), zone),
                "state": event.state,
                "source": event.source,
                "id": event.id,
                "effect": effect,
            }
        )
    return shown


def _run(run: Run, zone: Zone) -> dict[str, Any]:
    how = "broken" if run.broken else "runs" if run.done_ms is None else "kept"
    return {
        "clock": Clock(run.clock).name.lower(),
        "from": _at(run.from_ms, zone),
        "before": _at(run.before_ms, zone),
        "done": None if run.done_ms is None else _at(run.done_ms, zone),
        "how": how,
        "limit": f"{run.limit.n} {run.limit.unit.replace('_', ' ')}",
        "article": run.limit.article,
        "basis": run.limit.basis,
    }


def _entry(one: Posted) -> dict[str, Any]:
    return {
        "measure": one.name,
        "basis": one.basis,
        "agency": one.cell.agency,
        "procedure": one.cell.procedure,
        "day": str(date_of(one.day)),
        "slot": _slot(one),
        "amount": one.amount,
    }


def _slot(one: Posted) -> str:
    match one.slot_kind:
        case SlotKind.DUE_DAY | SlotKind.FROM_DAY:
            return str(date_of(one.slot))
        case SlotKind.PETITION_CLASS:
            return About(one.slot).name.lower()
        case SlotKind.NONE:
            return ""
        case _:
            return str(one.slot_kind.value)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _at(ms: int, zone: Zone) -> str:
    at = (_EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone.name))
    return at.isoformat(timespec="seconds")


def _print(told: Mapping[str, Any], out: TextIO) -> None:
    about = CLASSES[About[told["class"].upper()]]
    out.write(f"Petition {told['petition']}{', on trial' if told['trial'] else ''}\n")
    out.write(
        f"  agency {told['agency']}, procedure {told['procedure'] or 'unsaid'}, {about}\n"
    )
    if told["dossier"]:
        out.write(f"  complains about dossier {told['dossier']}\n")
    out.write("\nWhat was told\n")
    table = Table("at", "state", "source", "id", "effect", box=None)
    for one in told["events"]:
        table.add_row(one["at"], STATES[one["state"]], one["source"], one["id"], one["effect"])
    print_table(table, out)
    out.write("\nClocks (Decision 766, formula 5.2)\n")
    table = Table("clock", "from", "done", "late from", "limit", "", box=None)
    for one in told["clocks"]:
        limit = f"{one['limit']}: {one['article']} ({one['basis']})"
        table.add_row(
            one["clock"], one["from"], one["done"] or "", one["before"], limit, one["how"]
        )
    print_table(table, out)
    late = f", late from {told['late_from']} on" if told["late_from"] else ""
    out.write(f"\nVerdict by 5.2: {_VERDICTS[told['verdict_766']]}{late}\n")
    again = ", brought up again" if told["repeated"] else ""
    out.write(
        f"Reactions: {told['likes']} likes, {told['dislikes']} dislikes{again}:"
        f" {'displeased' if told['displeased'] else 'nobody displeased'}\n"
    )
    out.write("\nEntries it posts\n")
    table = Table("measure", "basis", "agency", "procedure", "day", "slot", "amount", box=None)
    for one in told["entries"]:
        table.add_row(*(str(value) for value in one.values()))
    print_table(table, out)
    ledger = told["ledger"]
    agrees = "differs in" if ledger["drift"] else "agrees with all of them"
    out.write(f"\nThe ledger has booked it {ledger['version']} times and {agrees}\n")
    for one in ledger["drift"]:
        out.write(
            f"  {one['measure']} {one['day']} {one['slot']}: booked {one['booked']},"
            f" posts {one['amount']}\n"
        )
