"""`emc explain`: how a dossier's figures came about, as a page to read or as JSON."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

import asyncpg
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agents.replay.command import opened
from agents.replay.mapping import Broken
from monitor.domain.event import ApplicantType, Channel, Kind, Level, State
from monitor.domain.explain import (
    DueFrom,
    Effect,
    Explanation,
    Finding,
    Hours,
    Own,
    Posted,
    Reason,
    Sent,
    SlotKind,
    Told,
    Turn,
    Verdict,
    explain,
)
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.lifecycle import Holder, RuleName
from monitor.domain.petition import About
from monitor.domain.policy import Policy, Precision
from monitor.domain.post import post
from monitor.domain.view import Place
from monitor.domain.zone import Zone, date_of
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.ledger.recalled import Booked, NotFound, key_of, recall
from monitor.ledger.recalled import wanted as key_wanted
from monitor.reference.sets import ReadsDifferently, hash_of, policy_of
from schemas.event import Canonical
from schemas.explained import LENGTHS, as_values, local
from schemas.packed import unpack_events

OK: Final = 0
FAILED: Final = 1  # no such dossier, or a ledger that cannot be read
MISUSED: Final = 2
WIDTH: Final = 100  # of a page that no terminal shows


@dataclass(frozen=True, slots=True)
class _Found:
    """A dossier's events, and where they were found."""

    events: list[Canonical]
    policy: Policy
    booked: Booked | None = None


def explain_command(
    dossier: str,
    *,
    database: str = "",
    log: Path | None = None,
    mapping: Path | None = None,
    plain: Policy | None = None,
    legal: Policy | None = None,
    asked: Policy | None = None,
    as_json: bool = False,
    as_of_ms: int | None = None,
    key: bytes = b"",
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Explains a dossier of a log, else of the ledger at `database`; returns the exit status.

    A dossier of the ledger is explained under the policy it was booked under; where the ledger
    has none yet, and for a log, `legal` is the policy with the law's side, without which the
    plain rule alone is explained, by `plain`, or by zone and precision of the mapping. `asked`
    goes before all of them. `as_of_ms` is the instant at which an open dossier is called
    overdue, now if None. `key` is the secret of replayed pseudonyms.
    """
    out, err = out or sys.stdout, err or sys.stderr
    now_ms = time.time_ns() // 1_000_000 if as_of_ms is None else as_of_ms
    try:
        if log is None:
            own = legal or plain or Policy(Zone())
            found = asyncio.run(_from_ledger(database, dossier, own=own, asked=asked))
        else:
            legal = asked or legal
            found = _from_log(log, mapping, dossier, plain=plain, legal=legal, key=key, err=err)
    except Broken as error:
        err.write(f"{error}\n")
        return MISUSED
    except (NotFound, ReadsDifferently) as error:
        err.write(f"emc explain: {error}\n")
        return FAILED
    except asyncpg.UndefinedTableError:
        err.write(f"emc explain: the ledger has no schema yet; {OWNER_MIGRATES}\n")
        return FAILED
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        reason = str(error) or type(error).__name__
        err.write(f"emc explain: the ledger cannot be read: {reason}\n")
        return FAILED
    explanation = explain(found.events, found.policy, as_of_ms=now_ms)
    if as_json:
        shown = {**as_values(explanation, explanation.zone), "ledger": None}
        if found.booked is not None:
            shown["ledger"] = as_values(found.booked, explanation.zone)
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        _write(orjson.dumps(shown, option=option).decode(), out)
    elif out.isatty():
        Console(file=out, highlight=False, markup=False).print(_page(explanation, found.booked))
    else:
        _write(page(explanation, found.booked), out)
    return OK


def page(explanation: Explanation, booked: Booked | None = None, *, width: int = WIDTH) -> str:
    """The page as text without colours."""
    written = StringIO()
    console = Console(file=written, width=width, highlight=False, markup=False)
    console.print(_page(explanation, booked))
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def _write(text: str, out: TextIO) -> None:
    """A reader that goes away (`| head`) is no failure."""
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        # Python flushes stdout once more on its way out, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# -- where the events are --------------------------------------------------------------------


def _from_log(
    log: Path,
    mapping: Path | None,
    dossier: str,
    *,
    plain: Policy | None,
    legal: Policy | None,
    key: bytes,
    err: TextIO,
) -> _Found:
    """All events of the dossier in a file; what follows from the columns of a case, once."""
    by_key: dict[str, dict[Canonical, None]] = {}
    repeated: dict[str, list[Canonical]] = {}
    with opened(log, mapping, key=key) as job:
        source = job.file.mapping.source if job.file else ""
        wanted = key_wanted(dossier, source)
        for row in job.stream.rows():
            heard = row.event.dossier
            if heard != wanted and not _is_bare(wanted, heard):
                continue
            repeated.setdefault(heard, []).append(row.event)
            by_key.setdefault(heard, {}).update(dict.fromkeys(row.derived))
        refused = job.stream.refused
        zone, precision = Zone(job.zone), job.precision(None)
    if refused:
        err.write(f"refused: {refused:,} records, which may be of any dossier\n")
    if len(repeated) > 1:
        raise NotFound(
            f"{dossier} is a code of several sources; name one of {', '.join(sorted(repeated))}"
        )
    for found, events in repeated.items():
        policy = legal or (None if mapping else plain) or Policy(zone, precision)
        return _Found([*by_key[found], *events], policy)
    raise NotFound(f"no event of dossier {_shown_key(wanted)} in {log.name}")


def _is_bare(wanted: str, heard: str) -> bool:
    return wanted.startswith("|") and heard.partition("|")[2] == wanted[1:]


def _shown_key(wanted: str) -> str:
    return wanted.removeprefix("|")


async def _from_ledger(dsn: str, dossier: str, *, own: Policy, asked: Policy | None) -> _Found:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        ledger = Ledger(pool)
        found = await recall(ledger, await key_of(pool, dossier))
        if asked is None and found.under.reference:
            asked = policy_of(await ledger.policies.load(found.under.reference))
        policy = asked or own
    events = list(unpack_events(found.events))
    posts = post(fold(settled(events), policy.portals, policy.repeat_ms), policy)
    return _Found(events, policy, found.booked(posts, hash_of(policy)))


# -- as a page -------------------------------------------------------------------------------

STATES: Final[Mapping[State, str]] = {
    State.OTHER: "khác · other",
    State.SUBMITTED: "mới đăng ký · submitted",
    State.ACCEPTED: "được tiếp nhận · accepted",
    State.REFUSED: "không được tiếp nhận · refused",
    State.IN_PROCESS: "đang xử lý · in process",
    State.SUPPLEMENT_REQUESTED: "yêu cầu bổ sung giấy tờ · supplement requested",
    State.PAYMENT_REQUESTED: "yêu cầu thực hiện nghĩa vụ tài chính · payment requested",
    State.WITHDRAWN: "công dân yêu cầu rút hồ sơ · withdrawn",
    State.STOPPED: "dừng xử lý · stopped",
    State.PROCESSED: "đã xử lý xong · processed",
    State.HANDED_OVER: "đã trả kết quả · handed over",
}
_CHANNELS: Final = {
    Channel.UNSAID: "unsaid",
    Channel.DIRECT: "trực tiếp · direct",
    Channel.ONLINE: "trực tuyến · online",
    Channel.POSTAL: "bưu chính công ích · postal",
}
_LEVELS: Final = {
    Level.UNSAID: "unsaid",
    Level.INFORMATION: "chỉ cung cấp thông tin · information only",
    Level.PARTIAL: "một phần · partial",
    Level.FULL: "toàn trình · full",
}
_HOURS: Final = {
    Hours.OFFICE: "office hours",
    Hours.CLOSED: "office closed",
    Hours.DAY_OFF: "day off",
}
_TURNS: Final = {
    Turn.STARTS: "starts",
    Turn.STOPS: "stops",
    Turn.GOES_ON: "goes on",
    Turn.RESTARTS: "restarts",
    Turn.ENDS: "ends",
}
_FINDINGS: Final = {
    Finding.EARLY: "early",
    Finding.ON_TIME: "on time",
    Finding.LATE: "late",
    Finding.NO_DEADLINE: "no deadline, in no ratio",
    Finding.CLOCK_UNCERTAIN: "clock uncertain, in no ratio",
    Finding.IN_PROCESS: "in process",
    Finding.IN_TIME: "in process within the limit",
    Finding.OVERDUE: "overdue",
    Finding.PAUSED: "paused",
    Finding.NOT_JUDGED: "not judged: this rule judges processed dossiers only",
    Finding.NOT_RECEIVED: "not received, so not judged",
}


def _page(told: Explanation, booked: Booked | None) -> RenderableType:
    return Group(*_sections(told, booked))


def _sections(told: Explanation, booked: Booked | None) -> Iterator[RenderableType]:
    yield Text(f"Dossier {told.dossier}", style="bold")
    yield _facts(told)
    yield from _section("What happened", _timeline(told))
    yield from _section("When it is due", _dues(told))
    yield from _section("Verdicts", Group(*(_verdict(one, told) for one in told.verdicts)))
    if told.timings:
        yield from _section("Clocks", _timings(told))
    if told.traits:
        yield from _section("What official figures count it by", _traits(told))
    if told.warnings:
        yield from _section("Warnings about its sources", _warnings(told))
    yield from _section("Entries it posts", _entries(told.entries))
    if booked is not None:
        yield from _section("What the ledger has booked", _booked(booked))


def _section(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", style="bold")
    yield Padding(body, (0, 0, 0, 2))


def _facts(told: Explanation) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=10)
    table.add_column()
    rows = [
        (
            "stands",
            _words(told.outcome) + (", on trial: never published" if told.trial else ""),
        ),
        ("procedure", told.procedure + _unknown(told)),
        ("receiver", _place(told.receiver)),
        ("holder", _place(told.holder)),
        ("channel", _CHANNELS[Channel(told.channel)] + (_aside(told.sub_channel))),
        ("level", _LEVELS[Level(told.level)]),
        ("applicant", _words(ApplicantType(told.applicant_type).name)),
        ("received", _when(told.accepted_ms, told.zone)),
        ("came in", _when(told.boarded_ms, told.zone)),
        ("ended", _when(told.end_ms, told.zone)),
        ("uncertain", _uncertain(told)),
        ("times", f"{told.zone}; rules version {told.rules_version}{_of_policy(told)}"),
    ]
    for name, value in rows:
        if value and value != "unsaid":
            table.add_row(Text(name, style="dim"), Text(value))
    return Padding(table, (0, 0, 0, 2))


def _uncertain(told: Explanation) -> str:
    if told.uncertain_ms is None:
        return ""
    return f"from {_when(told.uncertain_ms, told.zone)} on nobody knows how long anything took"


def _unknown(told: Explanation) -> str:
    judged = len(told.verdicts) > 1
    return "" if told.known or not judged else " (not in the catalogue on the receipt day)"


def _of_policy(told: Explanation) -> str:
    return f", reference files {told.policy}" if told.policy else ""


def _timeline(told: Explanation) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, expand=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what was said", ratio=6)
    table.add_column("what the clock did", ratio=4)
    table.add_column("with", ratio=4)
    for one in told.story:
        counts = one.outcome is not None and one.effect is not Effect.SHUT_OUT
        table.add_row(
            Text("\n".join(_times(one, told.zone))),
            Text("\n".join(_statement(one, told.zone)), style="" if counts else "dim"),
            Text("\n".join(_clock(one, told))),
            Text("\n".join(_with(one))),
        )
    return table


def _times(one: Told, zone: str) -> Iterator[str]:
    yield _when(one.effective_ms, zone)
    if one.hours is not None:
        yield _HOURS[one.hours]
    if one.claimed_ms != one.effective_ms:
        yield "claimed for"
        yield _when(one.claimed_ms, zone)


def _statement(one: Told, zone: str) -> Iterator[str]:
    said = dict(one.says)
    state = said.pop("state", None)
    if one.kind is Kind.STATE:
        yield f"{state} {STATES[State(int(state or 0))]}"
    elif state is not None:
        yield f"{_words(one.kind.name)}: {state} {STATES[State(int(state))]}"
    else:
        yield _words(one.kind.name)
    place = Place(str(said.pop("agency", "")), str(said.pop("unit", "")))
    details = [f"at {_place(place)}"] if place.agency or place.unit else []
    for name in ("procedure", "channel", "level", "applicant_type", "sub_channel"):
        if one.kind in (Kind.STATE, Kind.SNAPSHOT):
            said.pop(name, None)  # told above, once for the dossier
    for name, value in said.items():
        details.append(_detail(name, value, zone))
    if details:
        yield "; ".join(details)
    yield f"— {one.source}, {one.id}"
    if reason := _counts(one):
        yield reason


def _detail(name: str, value: int | str | bool, zone: str) -> str:
    if name.endswith("_ms") and name not in LENGTHS:
        return f"{_words(name.removesuffix('_ms'))} {_when(int(value), zone)}"
    if name in LENGTHS:
        return f"{_words(name.removesuffix('_ms'))} {_long(int(value))}"
    if isinstance(value, bool):
        return _words(name) if value else f"no {_words(name)}"
    return f"{_words(name)} {value}"


_EFFECTS: Final[Mapping[Effect, str]] = {
    Effect.COUNTS: "",
    Effect.CHANGES_NOTHING: "changes nothing",
    Effect.CORRECTS: "corrects all of the dossier's history",
    Effect.VOIDS: "",
    Effect.VOIDS_NOTHING: "voids nothing: its source has not sent that",
    Effect.VOIDED: "does not count: voided by {by}",
    Effect.CONTRADICTED: "does not count: another source has authority over the dossier",
    Effect.SHUT_OUT: "does not count: {by} stands",
    Effect.SENT_AGAIN: "does not count: without an id, and so soon that it is {by} again",
    Effect.ON_TRIAL: "does not count: its source is on trial, and a live one speaks",
    Effect.SUPERSEDED: "does not count: another content of the same statement stands",
    Effect.DUPLICATE: "does not count: told before",
}


def _counts(one: Told) -> str:
    if one.undone_by:
        return f"undone by {one.undone_by}"
    return _EFFECTS[one.effect].format(by=one.by)


def _clock(one: Told, told: Explanation) -> Iterator[str]:
    """What the clock did; by rule where the rules differ."""
    by_turns: dict[str, list[str]] = {}
    for rule, turn in one.turns:
        by_turns.setdefault(str(rule), []).append(_TURNS[turn])
    rules = [str(verdict.rule) for verdict in told.verdicts]
    said = {rule: ", ".join(by_turns.get(rule, [])) for rule in rules or list(by_turns)}
    if len(set(said.values())) == 1:
        yield next(iter(said.values()))
    else:
        for turns in dict.fromkeys(filter(None, said.values())):
            yield f"{turns}: {', '.join(rule for rule in said if said[rule] == turns)}"
    for warning in one.warnings:
        yield f"! {_words(warning.name)}"


def _with(one: Told) -> Iterator[str]:
    if one.outcome is None or one.place is None or one.holder is None:
        return
    if one.holder is not Holder.NOBODY:
        yield _words(one.holder.name)
        yield _place(one.place)
    yield f"({_words(one.outcome)})"


def _dues(told: Explanation) -> RenderableType:
    parts: list[RenderableType] = [Text("\n".join(_sent(one, told.zone))) for one in told.sent]
    if not told.sent:
        parts.append(Text("no source has sent a due date"))
    if told.own is not None:
        parts.append(Text("\n".join(_own(told.own, told.zone, used=not told.sent))))
    elif len(told.verdicts) > 1:
        parts.append(Text("the catalogue gives no limit for it"))
    return Group(*parts)


def _sent(one: Sent, zone: str) -> Iterator[str]:
    put_off = "put off to" if one.put_off else "sent"
    standing = ", in force" if one.in_force else ""
    if one.after_end:
        standing = ", made after the end: it does not count"
    yield f"{put_off} {_when(one.due_ms, zone)}{standing}"
    yield f"  made {_when(one.made_ms, zone)} by {one.source}, {one.id}"
    if one.put_off_late:
        yield "  made at or after the due date then in force"
    if one.put_off and not one.apology:
        yield "  without an apology"


def _own(own: Own, zone: str, *, used: bool) -> Iterator[str]:
    role = "" if used else " (beside the one sent, which the rules use)"
    yield f"by the limit {_when(own.due_ms, zone)}{_provisional(own.provisional)}{role}"
    yield f"  receipt {_when(own.receipt_ms, zone)} + {own.limit.n} {_words(own.limit.unit)}"
    if own.counted_from_ms != own.receipt_ms:
        yield f"    received after 15:00: counted from {_when(own.counted_from_ms, zone)}"
        yield "      law: Decree 63/2024/NĐ-CP Art. 7"
    for reason in own.reasons:
        yield from _reason(reason)
    if own.pauses:
        yield f"  pauses, strategy {own.strategy}:"
    for pause in own.pauses:
        if pause.until_ms is None or pause.elapsed_ms is None:
            yield f"    since {_when(pause.from_ms, zone)}"
        else:
            yield f"    {_when(pause.from_ms, zone)} to {_when(pause.until_ms, zone)}"
            worked = "" if pause.worked_ms is None else f", {_worked(pause.worked_ms)} worked"
            yield f"      {_long(pause.elapsed_ms)}{worked}"
    if own.pauses:
        if own.moved_due_ms is None:
            yield "  so it is unknown for now"
        else:
            moved = _when(own.moved_due_ms, zone)
            so = "so by report 06b it is" if used else "moved by them it would be"
            yield f"  {so} {moved}{_provisional(own.moved_provisional)}"
            for reason in own.moved_reasons:
                if reason not in own.reasons:
                    yield from _reason(reason)
    yield f"  calendar version {own.calendar}"


def _provisional(provisional: bool) -> str:
    return ", provisional: beyond the announced schedule" if provisional else ""


def _reason(reason: Reason) -> Iterator[str]:
    yield f"    {reason.says}"
    yield f"      {reason.basis}: {reason.source}"


def _verdict(one: Verdict, told: Explanation) -> RenderableType:
    head = Text(str(one.rule), style="bold")
    head.append(f": {_FINDINGS[one.finding]}", style="")
    lines = [one.says, f"  {one.basis}: {one.source}", *_computed(one, told)]
    return Group(head, Padding(Text("\n".join(lines)), (0, 0, 0, 2)))


def _computed(one: Verdict, told: Explanation) -> Iterator[str]:
    by_day = one.precision is Precision.DATE
    zone = told.zone

    def shown(ms: int) -> str:
        return _day_of(ms, zone) if by_day else _when(ms, zone)

    end = None if one.net_ms is None else shown(one.net_ms)
    if one.end_ms is not None and one.taken_off_ms:
        yield f"end {_when(one.end_ms, zone)} - {_long(one.taken_off_ms)} supplemented = {end}"
    due = (
        "no due date"
        if one.due_ms is None
        else f"due {shown(one.due_ms)} ({_FROM[one.due_from]})"
    )
    if one.slot is not None:  # open
        yield due
        if told.as_of_ms is not None and one.due_ms is not None:
            yield f"as of {shown(told.as_of_ms)}"
        return
    if end is None:
        return
    if one.late_by_supplements:
        yield f"asked for supplements {one.supplements} times: late, whatever is due"
        return
    sign = _SIGNS.get(one.finding)
    if sign is None or one.due_ms is None:
        yield f"end {end}; {due}"
        return
    if one.rule is RuleName.R06B and one.finding is Finding.ON_TIME:
        sign = "="
    yield f"end {end} {sign} {due}, {'by the day' if by_day else 'to the instant'}"


_FROM: Final = {
    DueFrom.SENT: "sent",
    DueFrom.LIMIT: "from the limit",
    DueFrom.NOWHERE: "",
}
_SIGNS: Final = {Finding.EARLY: "<", Finding.ON_TIME: "≤", Finding.LATE: ">"}


def _timings(told: Explanation) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, expand=True)
    table.add_column("clock", ratio=3)
    table.add_column("from, until", no_wrap=True)
    table.add_column("elapsed", ratio=2)
    table.add_column("working", ratio=2)
    table.add_column("limit", no_wrap=True)
    limits = {}
    for one in told.timings:
        name = [_words(one.clock.name)]
        if one.step:
            name.append(one.step)
        if one.holder is not Holder.NOBODY:
            name.append(_words(one.holder.name))
        limit = ""
        if one.limit_ms is not None:
            within = "within" if one.within else "beyond"
            limit = f"{within}\n{_when(one.limit_ms, told.zone)}"
            limits[one.clock] = (one.limit_says, f"{one.limit_basis}: {one.limit_source}")
        span = f"{_when(one.from_ms, told.zone)}\n{_when(one.until_ms, told.zone)}"
        table.add_row(
            Text("\n".join(name)),
            Text(span),
            Text(_long(one.elapsed_ms)),
            Text(_worked(one.worked_ms)),
            Text(limit),
        )
    grounds = [
        f"{_words(clock.name)}: {says}\n  {ground}" for clock, (says, ground) in limits.items()
    ]
    return Group(table, Text("\n".join(grounds))) if grounds else table


def _traits(told: Explanation) -> RenderableType:
    lines = [f"traits {sum(held.number for held in told.traits)}, together"]
    for held in told.traits:
        lines.append(f"{_words(held.trait)}: {held.vi} · {held.en}")
        by = f"{held.source}, {held.id}" if held.source else "the catalogue on the receipt day"
        lines.append(f"  {held.basis}; by {by}")
    if told.rating is not None:
        lines.append(f"rated {told.rating} of 5")
    return Text("\n".join(lines))


def _warnings(told: Explanation) -> RenderableType:
    lines = []
    for warning, says, rule, source, at_ms, id_ in told.warnings:
        statement = f", {id_}" if id_ else ""
        lines.append(f"{_words(warning.name)}: {says}")
        lines.append(f"  {_when(at_ms, told.zone)}, {source}{statement}; rule: {rule}")
    return Text("\n".join(lines))


def _entries(entries: Sequence[Posted]) -> RenderableType:
    if not entries:
        return Text("none")
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, expand=True)
    table.add_column("day", width=10, no_wrap=True)
    table.add_column("measure", min_width=20, ratio=5, overflow="fold")
    table.add_column("account", ratio=6)
    table.add_column("slot", min_width=20, ratio=5)
    table.add_column("amount", justify="right", ratio=4)
    for one in entries:
        table.add_row(
            Text(date_of(one.day).isoformat()),
            Text(one.name),
            Text(_account(one)),
            Text(_slot(one)),
            Text(_amount(one, one.amount)),
        )
    return table


def _account(one: Posted) -> str:
    cell = one.cell
    parts = [_place(Place(cell.agency, cell.unit))] if cell.agency or cell.unit else []
    parts += [part for part in (cell.step, cell.source) if part]
    if cell.holder:
        parts.append(_words(Holder(cell.holder).name))
    return ", ".join(parts)


def _slot(one: Posted) -> str:
    match one.slot_kind:
        case SlotKind.DUE_DAY:
            return f"due {date_of(one.due_day or 0).isoformat()}"
        case SlotKind.WARNING:
            return _words(one.warning.name) if one.warning else ""
        case SlotKind.WORKED:
            return _bounds(one, lambda ms: _worked(ms - ms % 60_000))
        case SlotKind.SHARE:
            return _bounds(one, lambda permille: f"{permille / 10:g} %")
        case SlotKind.HOUR:
            return f"hour {one.slot}"
        case SlotKind.FROM_DAY:
            return f"from 24:00 of {date_of(one.slot).isoformat()}"
        case SlotKind.PETITION_CLASS:
            return f"class {About(one.slot).name.lower()}"
        case SlotKind.TRAITS:
            return f"traits {one.slot}"
        case SlotKind.RATING:
            return f"{one.slot} of 5"
        case _:
            return _SLOTS[one.slot_kind]


_SLOTS: Final = {
    SlotKind.NONE: "",
    SlotKind.NO_DUE_DAY: "no due day",
    SlotKind.FIXED_IN_TIME: "waits, asked in time",
    SlotKind.FIXED_LATE: "late for good",
    SlotKind.FIXED_UNCERTAIN: "clock uncertain",
}


def _bounds(one: Posted, shown: Callable[[int], str]) -> str:
    over = "" if one.over is None else shown(one.over)
    if one.up_to is None:
        return f"over {over}"
    return f"{over} to {shown(one.up_to)}" if over else f"up to {shown(one.up_to)}"


def _amount(one: Posted, amount: int) -> str:
    return f"{amount:,} ms" if one.milliseconds else f"{amount:+d}"


def _booked(booked: Booked) -> RenderableType:
    epoch = f" in epoch {booked.epoch}" if booked.epoch else ""
    lines = [f"booked {booked.version} times, last{epoch} under rules version {booked.rules}"]
    if not booked.as_booked:
        lines.append(
            "the reference files asked for are not those it was booked under"
            f" ({booked.reference}): what differs is what they would change"
        )
    if booked.rules != booked.rules_now:
        lines.append(f"this release has rules version {booked.rules_now}")
    if not booked.drift:
        lines.append("what is booked equals what it posts now: no drift")
        return Text("\n".join(lines))
    lines.append(f"{len(booked.drift)} accounts differ from what it posts now:")
    for one in booked.drift:
        entry = one.entry
        where = ", ".join(filter(None, (entry.name, _account(entry), _slot(entry))))
        lines.append(
            f"  {date_of(entry.day).isoformat()} {where}: "
            f"booked {_amount(entry, one.booked)}, posts {_amount(entry, one.posts)}"
        )
    return Text("\n".join(lines))


# -- words -----------------------------------------------------------------------------------


def _words(name: str) -> str:
    return str(name).lower().replace("_", " ")


def _aside(text: str) -> str:
    return f" ({text})" if text else ""


def _place(place: Place) -> str:
    return " / ".join(filter(None, place)) or "nobody named"


def _when(ms: int | None, zone: str) -> str:
    """A local instant with its weekday; milliseconds only where there are some."""
    if ms is None:
        return ""
    at = local(ms, zone)
    second = f"{at:%a %Y-%m-%d %H:%M:%S}"
    return f"{second}.{ms % 1000:03d}" if ms % 1000 else second


def _day_of(ms: int, zone: str) -> str:
    return f"{local(ms, zone):%a %Y-%m-%d}"


def _long(ms: int) -> str:
    """A length of elapsed time, in days of 24 hours."""
    days, rest = divmod(ms, 86_400_000)
    return (
        " ".join(filter(None, (f"{days} d" if days else "", _worked(rest) if rest else "")))
        or "0"
    )


def _worked(ms: int) -> str:
    """A length of working time, in hours: how many make a day differs by office."""
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{rest // 1000}.{rest % 1000:03d}" if rest % 1000 else f"{rest // 1000}"
    parts = (
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{seconds} s" if rest else "",
    )
    return " ".join(filter(None, parts)) or "0"
