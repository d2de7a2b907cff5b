"""`emc indicators`: what official figures are, from the files of a deployment."""

import json
import sys
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.table import Table

from monitor.domain import indicator_words as words
from monitor.domain.indicator import IndicatorSet
from monitor.domain.zone import date_of
from monitor.outlets.indicators import as_values, described
from monitor.reference.complaints import Unusable, nearest
from monitor.reference.indicators import load_sets

OK: Final = 0
MISUSED: Final = 2  # a wrong name or file, said in one line each


def listing(folder: Path, *, as_json: bool, out: TextIO) -> int:
    """All sets, a line each."""
    sets = _sets(folder)
    if sets is None:
        return MISUSED
    if as_json:
        _print_json(
            [
                {key: held for key, held in one.items() if key != "indicators"}
                for one in as_values(sets)
            ],
            out,
        )
        return OK
    table = Table("set", "version", "title", "owner", "valid", "indicators", "points", box=None)
    for one in sets:
        points = sum((each.score.most for each in one.indicators), start=words.NOTHING)
        until = "" if one.valid_until is None else f" to {date_of(one.valid_until - 1)}"
        table.add_row(
            one.id,
            one.version,
            one.title_vi,
            one.owner,
            f"from {date_of(one.valid_from)}{until}",
            str(len(one.indicators)),
            words.plain(points) if points else "",
        )
    _console(out).print(table)
    return OK


def show(folder: Path, name: str, indicator: str | None, *, as_json: bool, out: TextIO) -> int:
    """All versions of a set, or one indicator of them."""
    sets = _sets(folder)
    if sets is None:
        return MISUSED
    found = [one for one in sets if one.id == name]
    if not found:
        return _unknown("set", name, [one.id for one in sets])
    known = [each.id for one in found for each in one.indicators]
    if indicator is not None and indicator not in known:
        return _unknown("indicator", indicator, known)
    if as_json:
        values = as_values(found)
        for value in values:
            value["indicators"] = [
                each for each in value["indicators"] if indicator in (None, each["id"])
            ]
        _print_json(values, out)
        return OK
    console = _console(out)
    for one in found:
        _show(one, indicator, console)
    return OK


def _show(one: IndicatorSet, indicator: str | None, console: Console) -> None:
    console.print(f"{one.title_vi}\n{one.title_en}", style="bold")
    console.print(
        f"{one.id} {one.version} ({one.hash}), {one.owner}; {one.source} ({one.basis})"
    )
    for each in one.indicators:
        if indicator not in (None, each.id):
            continue
        console.print(f"\n{each.id}  {each.name_vi} · {each.name_en}", style="bold")
        table = Table(box=None, show_header=False, padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column()
        table.add_row("Định nghĩa", each.definition_vi)
        table.add_row("Definition", each.definition_en)
        for label, text in described(each):
            table.add_row(label, text.replace("`", ""))
        console.print(table)


def _sets(folder: Path) -> list[IndicatorSet] | None:
    try:
        return [one.set for one in load_sets(folder)]
    except Unusable as unusable:
        sys.stderr.write(f"{unusable}\n")
        return None


def _unknown(what: str, name: str, known: list[str]) -> int:
    meant = nearest(name, known)
    remedy = f"write {meant}" if meant else f"there are: {', '.join(known) or 'none'}"
    sys.stderr.write(f"emc indicators: no {what} {name!r}: {remedy}\n")
    return MISUSED


def _console(out: TextIO) -> Console:
    # Names are others' words: no markup, and lines are not cut where nobody looks.
    return Console(file=out, markup=False, highlight=False, width=None if out.isatty() else 200)


def _print_json(found: Any, out: TextIO) -> None:
    out.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
