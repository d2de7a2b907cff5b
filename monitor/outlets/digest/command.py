"""`emc digest`: one digest an agency, on working days, printed or written into a folder."""

import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final, TextIO

import asyncpg
import orjson

from monitor.domain.calendar import FIRST_DAY
from monitor.domain.codes import agency_code, level1
from monitor.domain.forecast import WITHIN, ahead
from monitor.domain.policy import Policy
from monitor.domain.zone import date_of, day_number
from monitor.ledger import dues
from monitor.outlets.digest.made import Digest, Names, by_agency, made
from monitor.outlets.digest.shown import Format, as_json, file_name, shown
from monitor.outlets.digest.words import Language
from monitor.outlets.rules.shape import Board
from monitor.reference.alerts import ALERTS, load_alerts
from monitor.reference.policy import load_reference

OK: Final = 0
NOT_THERE: Final = 1
DASHBOARD: Final = f"{Board.DUE.value}?var-agency="


class CannotMake(Exception):
    """What was asked for cannot be made; the text says why."""


def dashboards_of(reference: str) -> str:
    """Where `alerts.toml` says that dashboards are; "" without one, and no link leads there."""
    folder = Path(reference)
    if not reference or not (folder / ALERTS).exists():
        return ""
    return load_alerts(folder).links.dashboards


async def digest(
    dsn: str,
    policy: Policy,
    reference: str,
    *,
    agency: str | None,
    day: date | None,
    format_: Format,
    language: Language,
    folder: Path | None,
    force: bool,
    dashboards: str,
    now_ms: int,
    watched: Callable[[list[Digest]], Iterable[Digest]] = iter,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Make the digests of a day, and say what was made.

    `reference` is the folder of the policy's files, "" without; `watched` sees what is written.
    """
    out, err = out or sys.stdout, err or sys.stderr
    today = policy.zone.day(now_ms)
    asked = today if day is None else day_number(day)
    if not FIRST_DAY < asked <= today:
        raise CannotMake(
            f"{date_of(asked)} has not come, or is out of mind; ask for another day"
        )
    wanted = None if agency is None else _wanted(agency, policy)
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=600)
    try:
        first = await dues.first_booked(connection)
        if first is not None and asked < first:
            err.write(
                f"emc digest: nothing is known of {date_of(asked)}: the ledger's books begin with"
                f" {date_of(first)}\n"
            )
            return NOT_THERE
        digests = await _read(connection, policy, reference, asked, dashboards)
    finally:
        await connection.close(timeout=1)
    if wanted is not None and wanted not in digests:
        err.write(f"emc digest: nothing was ever measured of {wanted}\n")
        return NOT_THERE
    chosen = [one for code, one in sorted(digests.items()) if wanted in (None, code)]
    sent = [one for one in chosen if one.is_working_day or force]
    if len(sent) < len(chosen):
        err.write(
            f"emc digest: {date_of(asked)} is no working day for {len(chosen) - len(sent)} of"
            f" {len(chosen)} agencies: nothing for them; --force makes it all the same\n"
        )
    if folder is None:
        _print(sent, format_, language, out)
        return OK
    _write(watched(sent), format_, language, folder)
    err.write(f"{len(sent)} digests of {date_of(asked)} written into {folder}\n")
    return OK


def _wanted(agency: str, policy: Policy) -> str:
    code = agency_code(agency)
    if level1(code) != code:
        raise CannotMake(
            f"a digest is of a ministry or province: that of {code} is in the one of {level1(code)}"
        )
    return policy.present(code)


async def _read(
    connection: Any, policy: Policy, reference: str, day: int, dashboards: str
) -> dict[str, Digest]:
    known = await dues.outlooks(connection, policy, day)
    general = dues.calendar_of(policy)
    calendars = known.calendars
    last = max(ahead(calendar, day, max(WITHIN)) for calendar in (general, *calendars.values()))
    parts = by_agency(await dues.parts(connection, policy, day, last), policy.present)
    names = _names(reference, day)
    return {
        agency: made(
            agency,
            parts.get(agency, ()),
            known.forecasts.get(agency),
            day=day,
            calendar=calendars.get(agency) or dues.calendar_of(policy, agency),
            names=names,
            link=f"{dashboards.rstrip('/')}/{DASHBOARD}{agency}" if dashboards else "",
        )
        for agency in {*known.books, *parts}
    }


def _names(folder: str, day: int) -> Names:
    if not folder:
        return Names(lambda _: "", lambda _: "")
    reference = load_reference(Path(folder))

    def agency(code: str) -> str:
        found = reference.agencies.on(code, day)
        return "" if found is None else found.name

    def procedure(code: str) -> str:
        found = reference.procedures.on(code, day)
        return "" if found is None else found.name_vi

    return Names(agency, procedure)


def _print(sent: list[Digest], format_: Format, language: Language, out: TextIO) -> None:
    if format_ is Format.JSON and len(sent) != 1:
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        out.write(orjson.dumps([as_json(one) for one in sent], option=option).decode())
        return
    if format_ is Format.HTML and len(sent) > 1:
        raise CannotMake("several pages do not go into one output; name --agency or --out")
    out.write("\n\n".join(shown(one, format_, language) for one in sent))


def _write(sent: Iterable[Digest], format_: Format, language: Language, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in sent:
            path = folder / file_name(one.agency, one.day, format_)
            # Whoever sends what lies there never finds half a digest.
            half = path.with_suffix(".part")
            half.write_text(shown(one, format_, language), "utf-8")
            half.replace(path)
    except OSError as error:
        raise CannotMake(f"{folder} cannot be written: {error.strerror}") from None
