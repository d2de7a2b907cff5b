"""`python -m tests.bench.console`: every page of the console with a million dossiers in the ledger.

The ledger is that of `tests.bench.nation`. `emc serve` runs as an operator runs it; beside it dossiers are
booked, the follower folds, and one page is open live. Every page that is registered is opened over HTTP by
each who may, in turns: with arguments that nobody asked for before and a ledger that has moved since
(cold), and the same again at once (warm). `first` is a page as the first of a new process.

--dossiers N    default 1,000,000
--times N       of each page; default 40
--restarts N    of `emc serve`, for `first`; default 3
--only NAME     only pages whose name begins so; may be repeated
--keep FOLDER   a ledger that is there already, or shall stay for the next time
--dsn ADDRESS   a filled ledger on a server that runs
--json FILE     the same figures for a machine
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import mkdtemp
from typing import Any, Final

import asyncpg
import httpx

from monitor.ledger import tokens
from monitor.ledger.follower import Follower, connect
from monitor.ledger.migrate import migrate
from monitor.outlets.console.every import pages
from monitor.outlets.console.live import Live
from monitor.outlets.console.page import Page
from monitor.reference.policy import Reference, load_reference
from tests.bench import nation
from tests.bench.servers import ledger_server
from tests.ledger.fill import feeding
from tests.outlets.api.service import POLICY, REFERENCE, Serve, event, now, visitors
from tests.servers.postgres import Postgres

LIMIT_MS: Final = 200  # at the 95th, cold too
ROLES: Final = ("public", "agency", "national", "admin")
AGENCY: Final = "H56"
BOOKED_EVERY: Final = 0.5  # seconds
RESTARTS: Final = 3
SETS: Final = ("emc", "qd766", "decree-224-19", "report-06b")  # of these years
SINCE: Final = {"decree-224-19": "2026-07"}  # no figures of earlier months
FIRST_TURNS: Final = 6  # each page in all its forms
TOKENS: Final = 400  # of dossiers, drawn from all


@dataclass(frozen=True, slots=True)
class Asked:
    """What pages are asked of: other ones at each turn."""

    provinces: Sequence[str]
    agencies: Sequence[str]
    procedures: Sequence[str]
    sets: Sequence[str]
    sources: Sequence[str]
    scopes: Sequence[tuple[str, str]]  # objective and scope
    tokens: Sequence[str]
    own: Sequence[str]  # tokens of dossiers of `AGENCY`
    codes: Sequence[str]
    reasons: Sequence[str]
    reports: Sequence[int]
    days: Sequence[str]
    months: Sequence[str]
    lately: Sequence[str]  # instants of the last days


def one(of: Sequence[Any], turn: int) -> Any:
    return of[turn % len(of)]


def _valid(of: Asked, month: str, turn: int) -> str:
    """One of the sets that are valid in a month."""
    return str(one([name for name in of.sets if SINCE.get(name, "") <= month], turn))


def _scope(of: Asked, turn: int, role: str) -> str:
    return AGENCY if role == "agency" else str(one(of.provinces, turn))


# By name of a page: its addresses at a turn. A page that is not here fails the bench.
Addresses = Callable[[Asked, int, str], str]
ADDRESSES: dict[str, Addresses] = {
    "now": lambda a, n, role: (
        "/?" + one(("by=emc", "by=on_time&sort=-emc", "kind=ministries", "lang=en", f"period={one(a.months, n)}"), n)
    ),
    "agency": lambda a, n, role: (
        f"/agencies/{AGENCY if role == 'agency' else one(a.agencies, n)}?period={one(a.months, n)}"
        + one(("", "&due=tomorrow", "&due=overdue", "&due=today", "&due=later"), n)
    ),
    "procedure": lambda a, n, role: (
        f"/procedures/{one(a.procedures, n)}?period={one(a.months, n)}"
        + (f"&agency={AGENCY}" if role == "agency" else one(("", f"&agency={one(a.provinces, n)}"), n))
        + one(("", "&due=overdue", "&due=tomorrow"), n)
    ),
    "scorecards": lambda a, n, role: (
        f"/scorecards?scope={_scope(a, n, role)}&period={one(a.months, n)}"
    ),
    "scorecard": lambda a, n, role: (
        f"/scorecards/{_valid(a, one(a.months, n), n)}?scope={_scope(a, n, role)}&period={one(a.months, n)}"
        + one(("", "&each=unit", "&each=procedure"), n)
    ),
    # Of months that are over: rankings of these are open to agencies too.
    "ranking": lambda a, n, role: (
        f"/rankings/{_valid(a, one(a.months[1:], n), n)}?period={one(a.months[1:], n)}"
        + one(
            ("&kind=provinces", "&kind=ministries", f"&kind=provinces&why={one(a.provinces, n)}"),
            n if role != "agency" else n % 2,
        )
    ),
    "difference": lambda a, n, role: (
        # Of the last month since its closing, as the console asks, and of months since some cut of late.
        f"/differences/{_valid(a, a.months[1], n)}?scope={_scope(a, n, role)}&period="
        + one((a.months[1], f"{one(a.months[1:4], n)}&then={one(a.lately, n)}"), n)
    ),
    "reports": lambda a, n, role: "/reports",
    "report": lambda a, n, role: (
        f"/reports/{_valid(a, one(a.months, n), n)}?scope={_scope(a, n, role)}&period={one(a.months, n)}&as={one(('xlsx', 'csv', 'html'), n)}"
    ),
    "published": lambda a, n, role: f"/reports/published/{one(a.reports, n)}",
    "dossier": lambda a, n, role: f"/dossiers/{one(a.own if role == 'agency' else a.tokens, n)}",
    "connections": lambda a, n, role: "/connections" + one(("", "?class=interrupted", "?sort=-missing"), n),
    "connection": lambda a, n, role: (
        f"/connections/{AGENCY + '-onestop' if role == 'agency' else one(a.sources, n)}?days={30 + n % 300}"
        + one(("", f"&day={one(a.days, n)}"), n)
    ),
    "objectives": lambda a, n, role: "/objectives" + one(("", "?state=burning", "?sort=-budget"), n),
    "objective": lambda a, n, role: "/objectives/{}?scope={}&days={}".format(
        *(one([s for s in a.scopes if s[1] == f"agency:{AGENCY}"], n) if role == "agency" else one(a.scopes, n)),
        30 + n % 300,
    ),
    "quarantine": lambda a, n, role: "/quarantine?" + one(
        ("", f"reason={one(a.reasons, n)}", f"source={one(a.sources, n)}", f"state=returned&after={n * 4000}",
         f"source={one(a.sources, n)}&reason={one(a.reasons, n)}&state=dropped", "state=dropped"), n
    ),
    "ledger": lambda a, n, role: "/ledger",
    "definitions": lambda a, n, role: f"/definitions?period={one(a.months, n)}",
    "definition": lambda a, n, role: f"/definitions/{_valid(a, one(a.months, n), n)}?period={one(a.months, n)}",
    "find": lambda a, n, role: "/find?q=" + one(("thanh+hoa", "dat+dai", "so+tu+phap", "xyz+khong+co", "ho+tich"), n),
    "sign-in": lambda a, n, role: "/sign-in?next=/connections",
}  # fmt: skip
WITHOUT: Final = {"sign-out"}  # nothing to see, only a form


@dataclass(slots=True)
class Taken:
    """Milliseconds of a page opened by somebody."""

    page: str
    role: str
    first: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    size: int = 0
    slowest: str = ""

    def line(self) -> str:
        cuts = [shares(some) for some in (self.cold, self.warm)]
        told = "  ".join(f"{p50:6.0f} {p95:6.0f} {most:6.0f}" for p50, p95, most in cuts)
        first = f"{max(self.first):6.0f}" if self.first else "     –"
        return f"{self.page:<14} {self.role:<9} {first}  {told}  {self.size / 1_000:5.0f}  {self.slowest}"

    def as_json(self) -> dict[str, Any]:
        return {
            "page": self.page,
            "role": self.role,
            "first_ms": self.first,
            "cold_ms": dict(zip(("p50", "p95", "max"), shares(self.cold), strict=True)),
            "warm_ms": dict(zip(("p50", "p95", "max"), shares(self.warm), strict=True)),
            "bytes": self.size,
        }


def shares(some: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th, most."""
    if len(some) < 2:
        return (some[0],) * 3 if some else (0.0, 0.0, 0.0)
    cuts = quantiles(some, n=100, method="inclusive")
    return cuts[49], cuts[94], max(some)


async def asked_of(dsn: str, reference: Reference) -> Asked:
    """From what is in the ledger."""
    today = POLICY.zone.day(int(now().timestamp() * 1000))
    agencies = reference.agencies.at(today)
    connection = await asyncpg.connect(dsn)
    try:
        secret = await tokens.secret(connection)
        keys = [
            row["key"]
            for row in await connection.fetch(
                "SELECT key FROM dossier TABLESAMPLE SYSTEM (0.2) WHERE key NOT LIKE '%|%' LIMIT $1",
                TOKENS,
            )
        ]
        own = await connection.fetch(
            "SELECT key FROM dossier WHERE key LIKE $1 || '.%' AND key COLLATE \"C\" > $1 LIMIT $2",
            AGENCY,
            TOKENS,
        )
        month, day = (
            "to_char(now() - n * interval '1 month', 'YYYY-MM')",
            "(current_date - n)::text",
        )
        return Asked(
            provinces=[code for code, row in agencies.items() if not row.parent and code.startswith("H")],
            agencies=[code for code in agencies if code.startswith("H") and "." not in code]
            + [code for code in agencies if "." in code][::5],
            procedures=[row.value.code for row in reference.procedures.rows()],
            sets=SETS,
            sources=[row[0] for row in await connection.fetch("SELECT source FROM connection ORDER BY random()")],
            scopes=[tuple(row) for row in await connection.fetch(
                "SELECT objective, scope FROM objective_standing ORDER BY md5(scope)")],
            tokens=[tokens.token(secret, key) for key in keys],
            own=[tokens.token(secret, row["key"]) for row in own],
            codes=keys,
            reasons=[row[0] for row in await connection.fetch("SELECT DISTINCT reason FROM quarantine")],
            reports=[row[0] for row in await connection.fetch("SELECT id FROM published_report WHERE scope = 'H56' LIMIT 100")],
            days=[row[0] for row in await connection.fetch(f"SELECT {day} FROM generate_series(1, 50) AS n")],
            lately=[row[0] for row in await connection.fetch(
                "SELECT to_char(now() - n * interval '7 hours', 'YYYY-MM-DD\"T\"HH24:MI') FROM generate_series(1, 50) AS n")],
            months=[row[0] for row in await connection.fetch(f"SELECT {month} FROM generate_series(0, 10) AS n")],
        )  # fmt: skip
    finally:
        await connection.close()


def registered() -> tuple[Page, ...]:
    """Every page, as the routes have them."""
    nothing: Any = None
    return pages(Live(nothing, nothing, nothing, now), nothing, nothing, now)


def wanted(only: Sequence[str]) -> list[tuple[Page, str]]:
    """Each page with each role that may open it."""
    found = []
    for page in registered():
        if page.name in WITHOUT:
            continue
        if page.name not in ADDRESSES:
            raise SystemExit(
                f"tests/bench/console.py has no addresses for the page {page.name!r}"
            )
        if only and not any(page.name.startswith(name) for name in only):
            continue
        roles = [role for role in ("public", "agency", "national") if role in page.open_to]
        found += [(page, role) for role in roles or ["admin"]]
    return found


async def measure(
    dsn: str, folder: Path, times: int, only: Sequence[str], restarts: int
) -> list[Taken]:
    reference = load_reference(nation.SHIPPED)
    asked = await asked_of(dsn, reference)
    found = {(page.name, role): Taken(page.name, role) for page, role in wanted(only)}
    async with beside(dsn), served(dsn, folder) as (serve, people):
        for name, role in found:  # the first of a process is timed below
            await opened(people[role], ADDRESSES[name](asked, times, role))
        for turn in range(times):
            for (name, role), taken in found.items():
                path = ADDRESSES[name](asked, turn, role)
                for kind in (taken.cold, taken.warm):
                    ms, size = await opened(people[role], path)
                    if kind is taken.cold and ms > max(kind, default=0):
                        taken.slowest = path
                    kind.append(ms)
                    taken.size = max(taken.size, size)
        print(
            f"emc serve: {_status(serve, 'VmHWM')} at most, {_status(serve, 'Threads')} threads"
        )
    report(list(found.values()))
    async with beside(dsn):
        for restart in range(restarts):
            for (name, role), taken in found.items():
                if restart and role != "national":
                    continue
                async with served(dsn, folder, live=False) as (_, people):
                    ms, _ = await opened(people[role], ADDRESSES[name](asked, restart, role))
                    taken.first.append(ms)
    return list(found.values())


_REFUSED: Final[list[str]] = []  # pages that were not given


async def opened(person: httpx.AsyncClient, path: str) -> tuple[float, int]:
    """Milliseconds to the last byte, and how many bytes came."""
    began = time.perf_counter()
    answer = await person.get(path)
    ms = 1_000 * (time.perf_counter() - began)
    if answer.status_code >= 400:
        _REFUSED.append(path)
        print(f"{path}: {answer.status_code} after {ms:,.0f} ms", flush=True)
    return ms, len(answer.content)


@contextlib.asynccontextmanager
async def served(
    dsn: str, folder: Path, *, live: bool = True
) -> AsyncIterator[tuple[Serve, dict[str, httpx.AsyncClient]]]:
    """`emc serve`, and somebody of each role who has signed in."""
    held = await visitors_of(dsn)
    serve = Serve({"EMC_DATABASE": dsn, "EMC_API_PATIENCE_SECONDS": "60"}, folder / "serve.log")
    await asyncio.to_thread(serve.start)
    try:
        async with contextlib.AsyncExitStack() as stack:
            people = {}
            for role in ROLES:
                client = httpx.AsyncClient(base_url=serve.url, timeout=90)
                people[role] = await stack.enter_async_context(client)
                if role != "public":
                    answer = await client.post(
                        "/sign-in", data={"token": held[role]}, headers={"origin": serve.url}
                    )
                    assert answer.status_code == 303, answer.text
            listening = asyncio.create_task(listen(people["national"])) if live else None
            yield serve, people
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    finally:
        await asyncio.to_thread(serve.stop)


async def everything(dsn: str, folder: Path) -> None:
    """Open each page some times while there is little to read."""
    asked = await asked_of(dsn, load_reference(nation.SHIPPED))
    async with served(dsn, folder, live=False) as (_, people):
        for turn in range(FIRST_TURNS):
            for page, role in wanted(()):
                await opened(people[role], ADDRESSES[page.name](asked, turn, role))


async def visitors_of(dsn: str) -> dict[str, str]:
    """New tokens: of those of the last time nobody has more than hashes."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "UPDATE access_token SET revoked_at = now() WHERE revoked_at IS NULL"
        )
    finally:
        await connection.close()
    return await visitors(dsn)


async def listen(person: httpx.AsyncClient) -> None:
    """A page that is open."""
    async with person.stream("GET", "/live") as live:
        async for _ in live.aiter_lines():
            pass


@contextlib.asynccontextmanager
async def beside(dsn: str) -> AsyncIterator[None]:
    """Dossiers are booked, and the follower folds, as a worker would have it."""
    over = asyncio.Event()

    async def books() -> None:
        number = 0
        at_ms = int(now().timestamp() * 1000)
        async with feeding(dsn, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
            while not over.is_set():
                number += 1
                at = now()
                told = event(
                    f"H56.14-{at:%y%m%d}-{at:%H%M%S}{number % 100:02}",
                    1,
                    2,
                    f"{at + timedelta(hours=7):%m-%dT%H:%M}",
                )
                await feeder.hear([told._replace(at_ms=int(at.timestamp() * 1000))])
                await feeder.booked()
                await asyncio.sleep(BOOKED_EVERY)

    async def follows() -> None:
        connection = await connect(dsn)
        try:
            follower = Follower(connection, POLICY.zone)
            assert await follower.leads()
            while not over.is_set():
                with contextlib.suppress(TimeoutError):  # somebody fills sums
                    await follower.round()
                await asyncio.sleep(BOOKED_EVERY)
        finally:
            await connection.close()

    work = [asyncio.create_task(books()), asyncio.create_task(follows())]
    await asyncio.sleep(2)
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*work)


def _status(serve: Serve, name: str) -> str:
    process: Any = serve._process
    lines = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if ":" in line
    )
    return " ".join(lines[name].split())


@contextlib.contextmanager
def ledger(
    keep: Path | None, dossiers: int, there: str | None = None
) -> Iterator[tuple[str, Path]]:
    """A filled ledger's address, and a folder for logs."""
    folder = keep or Path(mkdtemp(prefix="emc-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if there is not None:
            yield there, folder
            return
        with ledger_server(folder / "data") as server:
            own = Postgres(server)
            said = folder / "name"
            if said.exists():
                dsn = own.dsn(said.read_text())
                asyncio.run(migrate(dsn))
            else:
                name = asyncio.run(own.create())
                dsn = own.dsn(name)
                asyncio.run(nation.fill(dsn, dossiers, lambda dsn: everything(dsn, folder)))
                said.write_text(name)
            yield dsn, folder
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def report(found: Sequence[Taken]) -> list[Taken]:
    """All figures; those that are too slow."""
    print(f"{'':<14} {'':<9} first    cold p50, p95, max     warm p50, p95, max     kB  ms")
    for one_ in found:
        print(one_.line())
    slow = [
        one_
        for one_ in found
        if shares(one_.cold)[1] > LIMIT_MS or shares(one_.warm)[1] > LIMIT_MS
    ]
    for one_ in slow:
        print(f"over {LIMIT_MS} ms: {one_.page} as {one_.role}")
    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--restarts", type=int, default=RESTARTS)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--dsn")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    wanted(given.only)
    with ledger(given.keep, given.dossiers, given.dsn) as (dsn, folder):
        found = asyncio.run(measure(dsn, folder, given.times, given.only, given.restarts))
    slow = report(found)
    if given.json:
        given.json.write_text(json.dumps([one_.as_json() for one_ in found], indent=2) + "\n")
    return 1 if slow or _REFUSED else 0


if __name__ == "__main__":
    sys.exit(main())
