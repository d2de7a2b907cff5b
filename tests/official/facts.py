"""The whole numbers that official figures are made of, in SQL over what became of each dossier.

The names of facts and how a term narrows them are those of the files of indicators.
"""

import csv
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.official.lives import EVER, Catalogue, Life, Petition, Row
from tests.official.office import EPOCH, Office, day_of, midnight, number

CHANNELS = {"direct": 1, "online": 2, "postal": 3}
TRAITS = (
    *("citizen", "business", "state_agency", "organisation", "identity", "eligible"),
    *("fee_bearing", "document_result", "listed", "bundled", "fee_asked", "fee_zero"),
    *("paid_national", "paid_local", "paid_direct", "electronic_result", "paper_result"),
    *("digitised", "reused", "national_store", "population", "verified", "synced", "disliked"),
)
# What is below an agency of a kind also where the files do not list it.
BELOW = {
    "province": {"department", "commune", "centre"},
    "ministry": {"division", "centre"},
    "body": {"division", "centre"},
}
_SCHEMA = f"""
create table dossier (
  code text, procedure text, channel int, level int, receiver text, settler text,
  received int, boarded int, "end" int, completed int, end_766 int, settler_766 text,
  verdict_766 text, verdict_06b text, verdict_first text, verdict text,
  elapsed int, worked int, rated int, satisfied int, rated_at text,
  {", ".join(f"{trait} int" for trait in TRAITS)}
);
create table stay (code text, since int, until int, agency text, paused int);
create table hand (code text, day int, giver text, taker text);
create table at_end (code text, agency text, paused int, open_766 text, open_06b text);
create table at_start (code text, agency text);
create table petition (
  code text, agency text, procedure text, about text, dossier text,
  received int, settled int, late_from int, unsatisfied int
);
create table service (
  code text, level int, eligible int, fee_bearing int, document_result int, bundled int,
  tags text, "by" text
);
create table agency (code text, kind text);
create table sector (governed text, ministry text);
create table claim (indicator text, agency text, "from" text, "to" text,
  numerator int, denominator int, value text, unit text, not_issued int);
create table here (code text primary key);
create index stay_since on stay (since, until);
create index dossier_code on dossier (code);
create index dossier_receiver on dossier (receiver, received);
create index dossier_settler on dossier (settler, "end");
create index dossier_settler_766 on dossier (settler_766, end_766);
create index dossier_rated on dossier (rated_at, rated);
create index at_end_agency on at_end (agency);
create index at_start_agency on at_start (agency);
"""


def read_catalogue(folder: Path) -> Catalogue:
    rows: dict[str, list[Row]] = {}
    for row in _rows(folder / "procedures"):
        limits = {0: row["limit"]} | {
            n: row[f"limit_{name}"] or row["limit"] for name, n in CHANNELS.items()
        }
        rows.setdefault(row["code"], []).append(
            Row(
                by=row["by"].split(),
                level=int(row["level"]),
                limit=limits,
                flags={
                    name: row[name] == "true"
                    for name in ("eligible", "fee", "document_result", "bundled")
                },
                tags=set(row["tags"].split()),
                first=_day(row["valid_from"]) or 0,
                until=_day(row["valid_until"]) or EVER,
            )
        )
    return Catalogue(rows)


def _rows(folder: Path) -> Iterable[dict[str, str]]:
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8") as lines:
            yield from csv.DictReader(line for line in lines if not line.startswith("#"))


def _day(text: str | None) -> int | None:
    return number(date.fromisoformat(text)) if text else None


def iso(day: int) -> str:
    return date.fromordinal(day + EPOCH).isoformat()


class Facts:
    """What is known of all scopes; a period at a time."""

    def __init__(
        self,
        lives: Sequence[Life],
        petitions: Sequence[Petition],
        claims: Iterable[Mapping[str, Any]],
        folder: Path,
        office: Office,
    ) -> None:
        self._lives = lives
        self._office = office
        self._catalogue = read_catalogue(folder)
        self._agencies = list(_rows(folder / "agencies"))
        self._db = sqlite3.connect(":memory:")
        self._db.executescript(_SCHEMA)
        self._fill(lives, petitions, claims)
        # By the catalogue's last word on each procedure.
        last = {row["code"]: row.get("ministry") for row in _rows(folder / "procedures")}
        self._insert(
            "sector", ((code, ministry) for code, ministry in last.items() if ministry)
        )
        self._codes = {row["code"] for row in self._agencies} | {
            code
            for (code,) in self._db.execute(
                "select receiver from dossier union select settler from dossier"
                " union select agency from stay union select agency from petition"
                " union select giver from hand union select taker from hand"
            )
        }
        self._standing = "", ""
        self.procedures = sorted(
            {one.procedure for one in lives} | {one.procedure for one in petitions} - {""}
        )
        self._looked_at = 0, 0, 0
        self._answered: dict[str, int | None] = {}
        self._first = self._last = 0

    def _insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        for row in rows:
            marks = ", ".join("?" * len(row))
            self._db.execute(f"insert into {table} values ({marks})", row)

    def _fill(
        self,
        lives: Sequence[Life],
        petitions: Sequence[Petition],
        claims: Iterable[Mapping[str, Any]],
    ) -> None:
        self._insert("dossier", (self._dossier(one) for one in lives))
        self._insert(
            "stay",
            (
                (one.code, stay.from_ms, stay.to_ms, stay.agency, stay.paused)
                for one in lives
                for stay in one.stays
                if stay.to_ms > stay.from_ms
            ),
        )
        self._insert(
            "hand",
            (
                (one.code, day_of(at), left, right)
                for one in lives
                for at, left, right in one.hands
            ),
        )
        self._insert(
            "petition",
            (
                (
                    *(p.code, p.agency, p.procedure, p.about, p.dossier),
                    *(p.received, p.settled, p.late_from, p.unsatisfied),
                )
                for p in petitions
            ),
        )
        self._insert(
            "claim",
            (
                (
                    *(c["indicator"], c["agency"], c["from"], c["to"]),
                    *(c.get("numerator"), c.get("denominator"), c.get("value"), c.get("unit")),
                    c.get("not_issued", False),
                )
                for c in claims
            ),
        )

    def _dossier(self, one: Life) -> tuple[object, ...]:
        received = None if one.boarded_ms is not None else day_of(one.receipt_ms)
        boarded = None if one.boarded_ms is None else day_of(one.boarded_ms)
        end = None if one.end_ms is None else day_of(one.end_ms)
        at_766 = one.on_time_766()
        over = one.completed and one.end_ms is not None
        elapsed = worked = None
        if over and one.end_ms is not None:
            elapsed = one.end_ms - one.receipt_ms
            worked = self._office.worked(one.end_ms) - self._office.worked(one.receipt_ms)
        rated = None if one.rated_ms is None else day_of(one.rated_ms)
        return (
            *(one.code, one.procedure, one.channel, one.level, one.receiver, one.settler),
            *(received, boarded, end, one.completed),
            *((day_of(at_766[0]), at_766[1], at_766[2]) if at_766 else (None, None, None)),
            one.on_time_06b(self._office) if over else "",
            one.on_time_first_due() if over else "",
            one.on_time() if over else "",
            *(elapsed, worked, rated, one.satisfied),
            one.settler or one.stays[-1].agency,
            *(one.traits[trait] for trait in TRAITS),
        )

    # -- a period -------------------------------------------------------------------------------

    def period(self, first: int, last: int, as_of: int) -> None:
        """From a day to a day; one that is not over is looked at as of a day's end."""
        if (first, last, as_of) == self._looked_at:
            return
        self._looked_at = first, last, as_of
        self._answered.clear()
        self._first, self._last = first, min(last, as_of)
        self._claimed = (iso(first), iso(last))
        end_ms, start_ms = midnight(self._last + 1), midnight(first)
        db = self._db
        for table in ("at_end", "at_start", "service", "agency"):
            db.execute(f"delete from {table}")
        by_code = {one.code: one for one in self._lives}
        # The last instant before: who holds it then, holds it at 24:00.
        for code, agency, paused in db.execute(
            "select code, agency, paused from stay where since < ? and until >= ?",
            (end_ms, end_ms),
        ).fetchall():
            one = by_code[code]
            stopped = (
                one.end_ms is None and one.stopped_ms is not None and one.stopped_ms < end_ms
            )
            self._insert(
                "at_end",
                [
                    (
                        *(code, agency, paused),
                        "" if stopped else one.open_766(end_ms),
                        "" if paused else one.open_06b(end_ms, self._office),
                    )
                ],
            )
        db.execute(
            "insert into at_start select code, agency from stay where since < ? and until >= ?",
            (start_ms, start_ms),
        )
        for code in self._catalogue.rows:
            row = self._catalogue.on(code, self._last)
            if row is not None:
                flags = row.flags
                said = (
                    code,
                    row.level,
                    flags["eligible"],
                    flags["fee"],
                    flags["document_result"],
                )
                lists = (flags["bundled"], f" {' '.join(sorted(row.tags))} ", " ".join(row.by))
                self._insert("service", [(*said, *lists)])
        self._insert("agency", self.agencies(self._last))

    def agencies(self, day: int) -> list[tuple[str, str]]:
        """Codes and kinds of those that are there on a day."""
        return [
            (listed["code"], listed["kind"])
            for listed in self._agencies
            if (_day(listed["valid_from"]) or 0) <= day < (_day(listed["valid_until"]) or EVER)
        ]

    def fact(self, term: Mapping[str, Any], scope: str) -> int | None:
        """What one term asks of a scope, written as country, H57, H57/own, G02/sector, H57+1.004194."""
        asked = json.dumps([term, scope], sort_keys=True)
        if asked not in self._answered:
            self._answered[asked] = self._fact(term, scope)
        return self._answered[asked]

    def _fact(self, term: Mapping[str, Any], scope: str) -> int | None:
        fact = term["fact"]
        where, _, procedure = scope.partition("+")
        agency, _, reach = where.partition("/")
        sector = agency if reach == "sector" else ""
        self._stand(agency if not sector else "country", reach)
        given = {
            "a": self._first,
            "b": self._last,
            "from": self._claimed[0],
            "to": self._claimed[1],
            "scope": scope,
            "s": "" if agency == "country" or sector else agency,
            "own": reach == "own",
            "sector": sector,
            "p": procedure,
            "kind": term.get("kind", ""),
            "tag": f"% {term['tag']} %" if term.get("tag") else "%",
            "claim": term.get("claim", ""),
            "ever": EVER,
        }
        if fact in ("sources", "sources_connected"):
            return None  # nobody is in the register, so nobody knows
        if fact == "claim":
            return self._claim(given, term["part"])
        if fact == "services":
            return self._services(term, given)
        sql = FACTS[fact]
        online = "and level in (3, 4)" if term.get("online") else ""
        found = self._db.execute(
            sql.format(narrow=_narrowed(term), online=online), given
        ).fetchone()
        return int(found[0] or 0)

    def _stand(self, agency: str, reach: str) -> None:
        """Tell who is in a scope: an agency, and all whose codes go on from its code after a dot."""
        if (agency, reach) == self._standing:
            return
        self._standing = agency, reach
        self._db.execute("delete from here")
        self._insert(
            "here",
            (
                (code,)
                for code in self._codes
                if agency in ("country", code)
                or (reach != "own" and code.startswith(f"{agency}."))
            ),
        )

    def _claim(self, given: Mapping[str, Any], part: str) -> int | None:
        found = self._db.execute(
            "select numerator, denominator, value, unit from claim"
            " where indicator = :claim and agency = :agency"
            ' and "from" = :from and "to" = :to order by rowid desc',
            {**given, "agency": given["scope"]},
        ).fetchone()
        if found is None:
            return None
        numerator, denominator, value, unit = found
        if part == "value":  # in millionths, where it is a share
            return None if unit != "percent" else int(Decimal(value) * 10**6)
        side: int | None = numerator if part == "numerator" else denominator
        return side

    def claimed(self, of: str, scope: str, first: int, last: int) -> list[tuple[str, str]]:
        """Values of claims whose names begin so, by what follows."""
        return self._db.execute(
            "select substr(indicator, length(?) + 1), value from claim"
            ' where indicator like ? || \'%\' and agency = ? and "from" = ? and "to" = ?'
            " order by rowid",
            (of, of, scope, iso(first), iso(last)),
        ).fetchall()

    def not_issued(self, claim: str, scope: str) -> bool:
        found = self._db.execute(
            "select not_issued from claim where indicator = ? and agency = ?"
            ' and "from" = ? and "to" = ?',
            (claim, scope, *self._claimed),
        ).fetchone()
        return found is None or bool(found[0])

    def _services(self, term: Mapping[str, Any], given: Mapping[str, Any]) -> int:
        """Procedures that an agency of the scope handles: by its kind, or by its code."""
        scope, own = given["s"], given["own"]
        kinds = {
            kind
            for (kind,) in self._db.execute(
                f"select distinct kind from agency where {_under('code')}", given
            )
        }
        if not own:  # and those that the files do not list
            for kind, below in BELOW.items():
                if kind in kinds:
                    kinds |= below
        wanted = {
            "eligible": "eligible",
            "fee_bearing": "fee_bearing",
            "document_result": "document_result",
        }
        where = ["tags like :tag", f"(:p = '' or {_form_of('code')})", _in_sector("code")]
        where += [f"{wanted[trait]} = 1" for trait in term.get("having", ())]
        where += [f"level = {term['level']}"] if term.get("level") else []
        where += ["level in (3, 4)"] if term.get("online") else []
        rows = self._db.execute(
            f'select "by" from service where {" and ".join(where)}', given
        ).fetchall()
        return sum(
            any(
                who in kinds
                or who == scope
                or (not own and who.startswith(f"{scope}."))
                or not scope
                for who in by.split()
            )
            for (by,) in rows
        )


def _under(column: str) -> str:
    return f"{column} in (select code from here)"


def _form_of(column: str) -> str:
    """A province's own form of a procedure is one of it."""
    return f"{column} = :p or {column} like :p || '.%'"


def _in_sector(column: str) -> str:
    return (
        f"(:sector = '' or exists (select 1 from sector where ministry = :sector and"
        f" ({column} = governed or {column} like governed || '.%')))"
    )


def _narrowed(term: Mapping[str, Any]) -> str:
    parts = [f"(:p = '' or {_form_of('procedure')})", _in_sector("procedure")]
    if term.get("channel"):
        parts.append(f"channel = {CHANNELS[term['channel']]}")
    if term.get("level"):
        parts.append(f"level = {term['level']}")
    parts += [f"{trait} = 1" for trait in term.get("having", ())]
    parts += [f"{trait} = 0" for trait in term.get("lacking", ())]
    if term.get("any_of"):
        parts.append("(" + " or ".join(f"{trait} = 1" for trait in term["any_of"]) + ")")
    return " and ".join(parts)


def _ended(condition: str, count: str = "count(*)") -> str:
    return (
        f'select {count} from dossier where "end" between :a and :b and {condition}'
        f" and {_under('settler')} and {{narrow}}"
    )


def _ended_766(verdict: str) -> str:
    return (
        "select count(*) from dossier where end_766 between :a and :b"
        f" and verdict_766 = '{verdict}' and {_under('settler_766')} and {{narrow}}"
    )


def _at_end(condition: str) -> str:
    return (
        "select count(*) from at_end join dossier using (code)"
        f" where {condition} and {_under('at_end.agency')} and {{narrow}}"
    )


def _received(count: str) -> str:
    return (
        f"select {count} from dossier where received between :a and :b"
        f" and {_under('receiver')} and {{narrow}}"
    )


def _received_over(count: str) -> str:
    """Received in the period and completed, in it or later."""
    return (
        f"select {count} from dossier where received between :a and :b and completed = 1"
        f" and {_under('settler')} and {{narrow}}"
    )


def _petitions(condition: str) -> str:
    return (
        f"select count(*) from petition where {condition} and {_under('agency')}"
        f" and (:kind = '' or about = :kind) and (:p = '' or {_form_of('procedure')})"
        f" and {_in_sector('procedure')}"
    )


_NO_DEADLINE = "no_deadline_766"
_OPEN_WITHOUT = f"open_766 = '{_NO_DEADLINE}'"
FACTS = {
    "received_in_period": _received("count(*)"),
    "services_received": _received("count(distinct procedure)")
    + " and procedure in (select code from service where tags like :tag {online})",
    "boarded_in_period": "select count(*) from dossier where boarded between :a and :b"
    f" and {_under('receiver')} and {{narrow}}",
    "handled_in_period": f"select ({_ended('true')}) + ({_at_end('true')})",
    "completed": _ended("completed = 1"),
    "returned": _ended("completed = 0"),
    "in_process": _at_end("paused = 0"),
    "paused": _at_end("paused = 1"),
    "carried_over": "select (select count(*) from at_start join dossier using (code)"
    f" where {_under('at_start.agency')} and {{narrow}})"
    " + (select count(*) from dossier where boarded between :a and :b"
    f" and {_under('receiver')} and {{narrow}})",
    "handed_net": "select (select count(*) from hand join dossier using (code)"
    f" where day between :a and :b and {_under('taker')} and {{narrow}})"
    " - (select count(*) from hand join dossier using (code)"
    f" where day between :a and :b and {_under('giver')} and {{narrow}})",
    "on_time_766": _ended_766("on_time_766"),
    "late_766": _ended_766("late_766"),
    "within_766": _at_end("open_766 = 'within_766'"),
    "beyond_766": _at_end("open_766 = 'beyond_766'"),
    "no_deadline_766": f"select ({_ended_766(_NO_DEADLINE)}) + ({_at_end(_OPEN_WITHOUT)})",
    "clock_uncertain_766": "select 0",
    "early_06b": _ended("verdict_06b = 'early_06b'"),
    "on_time_06b": _ended("verdict_06b = 'on_time_06b'"),
    "late_06b": _ended("verdict_06b = 'late_06b'"),
    "no_deadline_06b": _ended("verdict_06b = 'no_deadline_06b'"),
    "clock_uncertain": "select 0",
    "within_06b": _at_end("open_06b = 'within_06b'"),
    "beyond_06b": _at_end("open_06b = 'beyond_06b'"),
    "on_time_first_due": _ended("verdict_first = 'on_time_first_due'"),
    "late_first_due": _ended("verdict_first = 'late_first_due'"),
    "on_time": _ended("verdict = 'on_time'"),
    "late": _ended("verdict = 'late'"),
    "timed": _ended("completed = 1"),
    "processing_elapsed_ms": _ended("completed = 1", "sum(elapsed)"),
    "processing_worked_ms": _ended("completed = 1", "sum(worked)"),
    "timed_received": _received_over("count(*)"),
    "elapsed_received_ms": _received_over("sum(elapsed)"),
    "worked_received_ms": _received_over("sum(worked)"),
    "ratings": "select count(*) from dossier where rated between :a and :b"
    f" and {_under('rated_at')} and {{narrow}}",
    "ratings_satisfied": "select count(*) from dossier where rated between :a and :b"
    f" and satisfied = 1 and {_under('rated_at')} and {{narrow}}",
    "petitions_received": _petitions("received between :a and :b"),
    # Settled in the period; or open at its end, and not too late by then.
    "petitions_on_time": _petitions(
        "((settled between :a and :b and late_from = :ever) or (received <= :b"
        " and coalesce(settled, :ever) > :b and late_from > :b))"
    ),
    "petitions_late": _petitions(
        "((settled between :a and :b and late_from < :ever) or (received <= :b"
        " and coalesce(settled, :ever) > :b and late_from <= :b))"
    ),
    "petitions_satisfied": _petitions(
        "received between :a and :b and unsatisfied = 0 and late_from > :b"
    ),
    "complaints_of_dossiers": "select count(distinct dossier) from petition where dossier <> ''"
    f" and received between :a and :b and {_under('agency')}"
    f" and (:p = '' or {_form_of('procedure')}) and {_in_sector('procedure')}",
    "agencies": "select count(*) from agency where kind = :kind and code <> :s"
    f" and {_under('code')}",
}
