"""`emc`: every process and every one-shot command of the monitor."""

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO, cast

import structlog
import typer
from rich.console import Console

from agents.settings import SettingRefused, Settings, misspelt
from agents.stopped import Stopped
from monitor import __version__
from monitor.domain import compiled
from monitor.domain.policy import Precision
from monitor.ledger.checks import Check
from monitor.ledger.official import By, Ranked
from monitor.outlets.digest.shown import Format
from monitor.outlets.digest.words import Language
from monitor.outlets.names import Metric
from monitor.outlets.report.formats import Format as ReportFormat
from monitor.reference.shipped import IN_A_CHECKOUT, shipped_reference

# What only some commands need is imported by them: Faust alone would make each start a second later.
if TYPE_CHECKING:
    from agents.health import WorkerHealth

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Service levels of administrative procedures, exact and live.\n\n"
    "Start with **emc demo**: the whole service on this machine, fed with invented dossiers.\n\n"
    "Processes are configured by environment variables: see docs/reference/settings.md.",
)


def main() -> None:
    """Run a command; errors that a person can mend are one line."""
    try:
        app()
    except SettingRefused as error:
        Console(stderr=True).print(f"emc: {error}", markup=False)
        sys.exit(MISUSED)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the release.")] = False,
) -> None:
    if version:
        typer.echo(f"{__version__}, domain compiled" if compiled() else __version__)
        raise typer.Exit


@app.command()
def worker() -> None:
    """Read events from Kafka and book them in the ledger; start more workers to scale."""
    from agents.app import work
    from agents.health import WorkerHealth

    settings = _configured()
    health = WorkerHealth()
    _serve_metrics(health, settings, "worker", settings.worker_metrics_port)
    raise typer.Exit(_until_stopped(lambda stop: work(settings, health, stop=stop)))


@app.command()
def ingest() -> None:
    """Take in what systems put on topics of their own (emc.in.SOURCE), and hand it on.

    Each record goes through the edge: the source is the topic's, it must be registered and speak
    for whom it names, and identifiers become keyed hashes. Start more of them to scale.
    """
    from agents.ingest.app import take_in
    from agents.ingest.health import IngestHealth

    settings = _configured()
    health = IngestHealth()
    _serve_metrics(health, settings, "ingest", settings.ingest_metrics_port)
    raise typer.Exit(_until_stopped(lambda stop: take_in(settings, health, stop=stop)))


def _serve_metrics(health: "WorkerHealth", settings: Settings, name: str, port: int) -> None:
    try:
        chosen = health.serve(port, settings.listening())
    except OSError as error:
        raise SettingRefused(
            f"EMC_{name.upper()}_METRICS_PORT={port} cannot be used: {error.strerror};"
            " 0 lets the system choose"
        ) from None
    _say(f"{name} metrics: http://{settings.listen}:{chosen}/metrics")


@app.command()
def serve() -> None:
    """Serve the ledger on HTTP: its metrics, and the read API below /api/v1."""
    from agents.leisure import collecting_at_leisure
    from monitor.outlets.serve import Doors
    from monitor.outlets.serve import serve as answer

    settings = _configured()
    policy = settings.policy()
    host = settings.listening()

    def announce(port: int) -> None:
        _say(f"serving: http://{host}:{port}")

    async def answering(stop: asyncio.Event) -> None:
        # A snapshot is tens of thousands of objects, at which the collector would walk all others.
        async with collecting_at_leisure():
            await answer(
                dsn=settings.database,
                policy=policy,
                host=host,
                port=settings.serve_port,
                stop=stop,
                ready=announce,
                doors=Doors(
                    rate=settings.api_rate,
                    connections=settings.api_connections,
                    patience_seconds=settings.api_patience_seconds,
                    plain=bool(settings.serve_plain),
                    proxies=settings.serve_proxies,
                ),
            )

    raise typer.Exit(_until_stopped(answering))


@app.command()
def gateway() -> None:
    """Take events in over HTTP: checked, made anonymous, and in Kafka before the answer says so.

    `POST /v1/events` takes CloudEvents: one (`application/cloudevents+json`, or `ce-` headers), a
    batch (`application/cloudevents-batch+json`), or a stream of lines (`application/x-ndjson`,
    also gzip). `/v1/heartbeat`, `/v1/maintenance`, `/v1/reconciliation` and `/v1/claims` take what
    a system says of itself. The caller is known by a token of the register (`emc source`), sent as
    `Authorization: Bearer`, over TLS or from this machine.

    Answers: 202 all is accepted, 200 read the verdicts, 400 mend it, 401 and 403 who are you, 413
    and 415 send it otherwise, 429 and 503 again after Retry-After. `/v1/openapi.json` describes
    all of it; docs/how-to/send-over-http.md shows it with curl.
    """
    from agents.gateway.command import run

    raise typer.Exit(run(_configured(), _until_stopped, _say))


@app.command()
def migrate() -> None:
    """Bring the ledger to this release's schema, and end.

    A worker does so when it starts. Where workers may not change the schema
    (deploy/postgresql/roles.sql), run this as the role that owns the ledger, before them.
    """
    from agents.streaming import bring_up_to_date

    settings = _configured()

    async def applied(_: asyncio.Event) -> None:
        names = await bring_up_to_date(settings)
        for name in names:
            typer.echo(f"applied {name}")
        if not names:
            typer.echo("nothing to apply: the ledger has the schema of this release")

    raise typer.Exit(_until_stopped(applied))


@app.command()
def topics(
    partitions: Annotated[
        int, typer.Option(min=1, help="Of emc.dossiers: as many as there may ever be workers.")
    ] = 12,
    replication: Annotated[
        int, typer.Option(min=-1, help="Copies of each; -1: as the brokers have it.")
    ] = -1,
    retention_days: Annotated[
        int, typer.Option(min=1, help="Longer than workers may ever be down.")
    ] = 14,
) -> None:
    """Make the topics that the service itself needs, where they are not there; change none."""
    from agents import operator
    from agents.topics import make_canonical

    async def work() -> int:
        settings = _for_a_person()
        made = await make_canonical(
            settings.brokers(),
            dossiers=settings.topic,
            petitions=settings.petitions_topic,
            indicators=settings.indicators_topic,
            partitions=partitions,
            replication=replication,
            retention_days=retention_days,
        )
        for topic, new in made.items():
            typer.echo(f"{topic}: {'made' if new else 'was there, and is left as it is'}")
        return OK

    raise typer.Exit(operator.run(work, name="emc topics"))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option(help="End with the input, and compare /metrics with a recount.")
    ] = False,
    dossiers: Annotated[
        int | None, typer.Option(min=1, help="Dossiers to generate (of the past, when live).")
    ] = None,
    speed: Annotated[int, typer.Option(min=1, help="Events a second, when live.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same dossiers.")] = 1,
    input: Annotated[  # noqa: A002 - the option is --input
        Path | None, typer.Option(help="With --once: a recorded log instead of generated ones.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="How to read the log; none for our own CloudEvents.")
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Of on_time; overrides the mapping's.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Reference files, for the law's measures; those shipped, if they are here."
        ),
    ] = None,
    incident: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Have something go wrong: source-silent, surge, slow-step, portal-degraded,"
            " clock-skew, bulk-backdating; all of them at once, or none.",
        ),
    ] = None,
    pace: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="With --incident: alerts wait so many times shorter; 1 as in production.",
        ),
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="With --incident: go on after the verdict.")
    ] = False,
) -> None:
    """Run the whole service here: broker, PostgreSQL, worker and metrics, fed with dossiers.

    The console is at the address printed as *open in a browser*; sign in there with one of the tokens
    printed below it. It shows the country, each agency, procedure and dossier, the sources, scorecards
    and rankings, in Vietnamese or English.

    Nothing needs to be installed and nothing is left behind. With **--once** the same path is
    run to the end of its input and the scraped totals are held against an independent count.

    Where Prometheus and Alertmanager are installed they run beside it with the rules that ship, and
    alerts are printed as they come. With **--incident** something goes wrong as scripted, and the
    exit status is 1 unless the right alert comes, and no other (docs/how-to/show-incidents.md).
    """
    from agents.demo import command

    _log_to_stderr("text")
    raise typer.Exit(
        command.demo(
            once_only=once,
            dossiers=dossiers,
            speed=speed,
            seed=seed,
            log=input,
            mapping=mapping,
            precision=precision,
            rules=_rules,
            reference=reference or shipped_reference(),
            incident=incident,
            pace=pace,
            stay=stay,
        )
    )


def _rules(reference: Path, pace: int) -> Any:
    """What `emc rules` writes, by its path below deploy/."""
    from monitor.outlets.rules.files import load, made

    return made(load(reference), pace=pace)


@app.command()
def conformance(
    where: Annotated[
        str,
        typer.Argument(
            metavar="FILE|TOPIC|URL",
            help="NDJSON, plain or gzip; a topic at EMC_KAFKA; or an http address to GET.",
        ),
    ],
    code: Annotated[
        str,
        typer.Option(
            "--source", metavar="CODE", help="As the register at EMC_DATABASE has it."
        ),
    ] = "",
    mandate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AGENCY", help="Without --source: whom it speaks for; default: anybody."
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Folder of reference files, for the law's rules; default: EMC_REFERENCE."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Statements at the most.")] = 100_000,
    promote: Annotated[
        bool, typer.Option("--promote", help="If it conforms: from trial to live.")
    ] = False,
    why: Annotated[str, typer.Option(help="With --promote: kept in the register.")] = "",
    by: Annotated[
        str | None, typer.Option(metavar="WHO", help="With --promote; default: this account.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Hold what a system sends against what it must: field by field, with the rule.

    Nothing is sent or measured. An integrator without a register runs it on a file:
    **emc conformance events.ndjson --mandate H56**. Exit status 1 if it does not conform.
    """
    from dataclasses import replace

    from agents import operator
    from agents.conformance.command import conformance as examine

    if promote and not code:
        _say("emc conformance: --promote needs --source, which says whom to promote")
        raise typer.Exit(MISUSED)

    async def work() -> int:
        settings = _for_a_person()
        if reference is not None:
            settings = replace(settings, reference=str(reference))
        with operator.progress_bar(sys.stderr) as bar:
            task = bar.add_task("examined", total=None)
            return await examine(
                where,
                source=code,
                mandates=mandate or [],
                most=most,
                promote=promote,
                dsn=settings.database,
                brokers=settings.brokers(),
                policy=settings.policy(),
                now_ms=time.time_ns() // 1_000_000,
                who=by or operator.account(),
                why=why,
                as_json=json,
                out=sys.stdout,
                progressed=lambda taken: bar.update(task, completed=taken),
            )

    raise typer.Exit(operator.run(work, name="emc conformance"))


@app.command()
def generate(
    dossiers: Annotated[int, typer.Option(min=0, help="How many dossiers.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same dossiers.")] = 1,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First local day.")
    ] = datetime(2026, 6, 1),  # noqa: DTZ001 - a local day, not an instant
    days: Annotated[int, typer.Option(min=1, help="Days over which they arrive.")] = 30,
    out: Annotated[str, typer.Option(help="File, gzip if it ends in .gz; - for stdout.")] = "-",
    duplicates: Annotated[float, typer.Option(help="Share of events sent again.")] = 0.01,
    late: Annotated[float, typer.Option(help="Share of events that arrive hours late.")] = 0.0,
    bad: Annotated[float, typer.Option(help="Share of records broken on purpose.")] = 0.0,
    official: Annotated[
        bool,
        typer.Option(
            "--official/--states-only",
            help="With papers, fees, results, ratings, answers and corrections, or states alone.",
        ),
    ] = True,
    boarded: Annotated[
        int, typer.Option(min=0, help="Dossiers open before the days, told by snapshots.")
    ] = 0,
    agency: Annotated[
        str, typer.Option(help="One province or ministry alone, as H57 or G15.")
    ] = "",
    shape: Annotated[
        str, typer.Option(help="Another country: 2024, with the published shares of that year.")
    ] = "",
    petitions: Annotated[
        str, typer.Option(metavar="FILE", help="Where petitions go; nowhere without it.")
    ] = "",
    claims: Annotated[
        str, typer.Option(metavar="FILE", help="Where claims of agencies and surveys go.")
    ] = "",
) -> None:
    """Write the dossiers of an invented country as CloudEvents, one JSON a line.

    The people are invented too: there are no names, only keyed hashes of invented numbers.
    """
    from agents.generate.command import generate as write

    status = write(
        dossiers=dossiers,
        seed=seed,
        start=start.date(),
        days=days,
        out=out,
        duplicates=duplicates,
        late=late,
        bad=bad,
        official=official,
        boarded=boarded,
        agency=agency,
        shape=shape,
        petitions_to=petitions,
        claims_to=claims,
    )
    raise typer.Exit(status)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV, XES or NDJSON, plain or gzip.")],
    mapping: Annotated[
        Path | None,
        typer.Option(help="How to read it (TOML); none for our own CloudEvents in NDJSON."),
    ] = None,
    offline: Annotated[
        bool, typer.Option(help="Measure here, without Kafka or ledger, and print the figures.")
    ] = False,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the result as JSON; - for stdout.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Write refused rows: line number and reason, NDJSON.")
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Of on_time; overrides the mapping's.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Answer as of this instant; default: the mapping's cut, else the latest event.",
        ),
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Records a second into Kafka; unlimited if left out.")
    ] = None,
) -> None:
    """Read a recorded log: measure it offline, or put its events on the canonical topic.

    How to write a mapping for a log of your own: docs/reference/mapping.md.
    """
    from agents.replay.command import replay as read

    settings = Settings.from_environment()
    status = read(
        file,
        mapping=mapping,
        offline=offline,
        json_to=json,
        rejects=rejects,
        precision=precision,
        as_of=as_of,
        key=settings.applicant_key.encode(),
        brokers=settings.brokers(),
        topic=settings.topic,
        speed=speed,
    )
    raise typer.Exit(status)


@app.command()
def explain(
    dossier: Annotated[
        str, typer.Argument(help="Code of the dossier; SOURCE|CODE if foreign; or its token.")
    ],
    input: Annotated[  # noqa: A002 - the option is --input
        Path | None,
        typer.Option(help="A log with its events, instead of the ledger at EMC_DATABASE."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="How to read the log; none for our own CloudEvents.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Folder of reference files, instead of the policy it was booked under."
        ),
    ] = None,
    petition: Annotated[
        bool, typer.Option("--petition", help="A petition of the ledger, as SOURCE|CODE.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Say how a dossier's numbers came about: events, clocks, due dates, verdicts, entries."""
    from dataclasses import replace

    from agents.explain import explain_command

    settings = Settings.from_environment()
    if reference is not None:
        settings = replace(settings, reference=str(reference))
    if petition:
        raise typer.Exit(_explain_petition(dossier, settings, reference, input, json=json))
    legal = settings.policy() if settings.reference else None
    status = explain_command(
        dossier,
        database=settings.database,
        log=input,
        mapping=mapping,
        plain=None if mapping else replace(settings, reference="").policy(),
        legal=legal,
        asked=None if reference is None else legal,
        as_json=json,
        key=settings.applicant_key.encode(),
    )
    raise typer.Exit(status)


def _explain_petition(
    petition: str, settings: Settings, reference: Path | None, log: Path | None, *, json: bool
) -> int:
    from agents import operator
    from agents.explain_petition import explain_petition

    async def work() -> int:
        if log is not None:
            raise operator.Refusal("a petition is explained from the ledger; leave --input out")
        own = settings.policy()
        return await explain_petition(
            settings.database,
            petition,
            own=own,
            asked=None if reference is None else own,
            as_json=json,
            out=sys.stdout,
        )

    return operator.run(work, name="emc explain", reads=True)


@app.command()
def recompute(
    reference: Annotated[
        Path | None,
        typer.Option(help="Folder of reference files; default: EMC_REFERENCE."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say which published numbers would change; write nothing."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --dry-run: as JSON.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: one a CPU.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with one that was interrupted.")
    ] = False,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Give up the one under way; figures stay.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also under the policy that is active already.")
    ] = False,
) -> None:
    """Book every dossier anew under another policy: other reference files, or this release's rules.

    Workers go on meanwhile, and the figures stay as they are until one transaction switches all
    of them. It may be interrupted or killed at any instant: **--resume** goes on. Try
    **--dry-run** first: it ends with 1 if a published number would change, else with 0.
    """
    from dataclasses import replace

    from agents.recompute.command import recompute_command

    if resume + abandon + dry_run > 1:
        _say("emc recompute: --dry-run, --resume and --abandon exclude each other; choose one")
        raise typer.Exit(MISUSED)
    if json and not dry_run:
        _say("emc recompute: --json goes with --dry-run")
        raise typer.Exit(MISUSED)
    settings = Settings.from_environment()
    if reference is not None:
        settings = replace(settings, reference=str(reference))
    status = recompute_command(
        dsn=settings.database,
        reference=None if resume or abandon else settings.reference_set()[0],
        jobs=jobs,
        dry_run=dry_run,
        resume=resume,
        abandon=abandon,
        again=again,
        as_json=json,
    )
    raise typer.Exit(status)


@app.command()
def archive(
    retire: Annotated[
        bool,
        typer.Option(
            "--retire",
            help="Also let the events of dossiers past retention go, for good; their sums stay.",
        ),
    ] = False,
    before: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="With --retire: what ended before this local day, not by EMC_RETENTION_YEARS.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many it would be.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Make finished dossiers small in the ledger; with **--retire**, let the oldest go.

    A dossier that has ended and of which nothing was heard for EMC_ARCHIVE_AFTER_DAYS is
    archived: packed in place, some four times smaller, and loaded as before when an event comes
    for it. A retired one leaves its sums, so that no figure moves, and a line, so that nothing
    is booked twice; a later event of it goes to quarantine. Run it beside the workers, as often
    as you like.
    """
    from agents.active import as_active
    from agents.archive import archive_command

    with as_active(Settings.from_environment()) as settings:
        status = archive_command(
            database=settings.database,
            policy=settings.policy(),
            now_ms=time.time_ns() // 1_000_000,
            after_days=settings.archive_after_days,
            retire=retire,
            before=before.date() if before else None,
            retention_years=settings.retention_years,
            dry_run=dry_run,
            as_json=json,
        )
    raise typer.Exit(status)


@app.command()
def reconcile(
    check: Annotated[
        list[Check] | None,
        typer.Option(help="What to compare, also several; everything if left out."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes that read and fold; default: cores.")
    ] = None,
    refill: Annotated[
        bool,
        typer.Option(
            "--refill",
            help="Have the worker keep anew what **readings** or **late** finds wrong.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Compare the ledger's books with each other, and every dossier with its events.

    **balances**, **totals** and **entries** are summed as of one state and held against the
    journal, as are the lines of closed months that are kept apart (**late**); so are the
    sums behind official figures (**readings**), against the balances;
    **dossiers** are folded anew, some hundred at a time. Workers go on meanwhile. What
    differs is named, emc_ledger_drift shows it, and the exit status is 1. Dossiers booked under
    another policy or other rules are counted as stale, not compared.
    """
    from agents.active import as_active
    from agents.reconcile import default_jobs, reconcile_command

    with as_active(Settings.from_environment()) as settings:
        status = reconcile_command(
            settings,
            checks=check or list(Check),
            jobs=jobs or default_jobs(),
            refill=refill,
            as_json=json,
        )
    raise typer.Exit(status)


@app.command()
def report(
    set_: Annotated[
        str,
        typer.Argument(metavar="[SET]", help="A set of indicators; left out: which there are."),
    ] = "",
    scope: Annotated[
        str,
        typer.Option(
            help="country, H56, H56.04, G01/own, G01/sector, or of one procedure H56+1.004194."
        ),
    ] = "country",
    period: Annotated[
        str, typer.Option(help="2026-08, 2026-Q3, 2026-H2, 2026, or a day 2026-08-14.")
    ] = "",
    known_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|CUT|#ID",
            help="As known then: a time with its offset, a cut's number, or as a published report.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|CUT|#ID", help="What has changed since then, and because of what."
        ),
    ] = None,
    each: Annotated[
        By | None, typer.Option(help="A row for each unit below, or each procedure.")
    ] = None,
    ranking: Annotated[
        Ranked | None, typer.Option(help="Rank these against each other, instead of --scope.")
    ] = None,
    rank_by: Annotated[
        str,
        typer.Option(
            metavar="INDICATOR", help="Default: the points, else the first indicator."
        ),
    ] = "",
    format: Annotated[  # noqa: A002 - the option is --format
        ReportFormat | None, typer.Option(help="Default: by the ending of --out, else a table.")
    ] = None,
    lang: Annotated[
        Language, typer.Option(help="Of table, xlsx and html; json and csv have both.")
    ] = Language.VIETNAMESE,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Into this file; default: stdout.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Keep it in the ledger, with its SHA-256.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --publish: also into this folder.")
    ] = None,
    why: Annotated[str, typer.Option(help="With --publish: kept beside it.")] = "",
    by: Annotated[
        str | None, typer.Option(metavar="WHO", help="With --publish; default: this account.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what was published.")] = False,
    verify: Annotated[
        int | None,
        typer.Option(
            metavar="ID",
            help="Make a published report again and compare; exits 1 if it is not the same.",
        ),
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="With --list: how many.")] = 50,
) -> None:
    """Report official figures: a scorecard, a ranking, form II.06b, or what changed since.

    Every report is as known at a cut of the journal, which it names: asked again with
    **--known-at** and that time, it is the same to the byte, whatever was booked since. What is
    not known is never 0.

    * **emc report** lists the sets of indicators.
    * **emc report qd766 --scope H56 --period 2026-08**: the scorecard of a province.
    * **emc report qd766 --scope H56 --period 2026-08 --known-at 2026-09-05T08:00:00+07:00**:
      the same as it was known then.
    * **emc report qd766 --scope H56 --period 2026-08 --since 2026-09-05T08:00:00+07:00**: what
      has changed since, and because of what.
    * **emc report emc --ranking provinces --period 2026-Q3 --out q3.xlsx**
    * **emc report report-06b --scope H56 --period 2026-08 --each unit --out 06b.xlsx**
    * **emc report qd766 --scope H56 --period 2026-08 --format html --publish --folder reports**;
      then **emc report --list**, **emc report --verify 12**.

    Exit status: 0; 1 if --verify finds a difference or the ledger does not answer; 2 if what was
    asked for cannot be, with the remedy.
    """
    from agents.operator import Refusal, account, progress_bar, run
    from monitor.outlets.report import command

    said = command.Said(
        indicators=set_, scope=scope, period=period, known_at=known_at, since=since, each=each,
        ranking=ranking, rank_by=rank_by, format_=format, language=lang, out=out, publish=publish,
        folder=folder, why=why, by=by or account(), release=__version__, list_=list_,
        verify=verify, last=last,
    )  # fmt: skip

    async def work() -> int:
        try:
            with progress_bar(sys.stderr) as bar:
                task = bar.add_task("agencies", total=None, visible=False)
                return await command.run(
                    _for_a_person().database,
                    said,
                    progressed=lambda done, of: bar.update(
                        task, completed=done, total=of, visible=done < of
                    ),
                )
        except command.CannotMake as error:
            raise Refusal(str(error)) from None

    raise typer.Exit(run(work, name="emc report", reads=not publish))


@app.command()
def digest(
    agency: Annotated[
        str | None, typer.Option(help="Of this ministry or province; all if left out.")
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="As this day began; today if left out."
        ),
    ] = None,
    format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TEXT,  # noqa: A002
    lang: Annotated[Language, typer.Option(help="In which language.")] = Language.VIETNAMESE,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Into this folder, a file each; stdout if left out."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also on a day off.")] = False,
    dashboards: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="What addresses of dashboards begin with; default: alerts.toml's.",
        ),
    ] = None,
) -> None:
    """Say what is overdue, falls due and will be overdue, one digest a ministry or province.

    From what was open when the day began, so that the same day gives the same digest again: sums,
    the units and procedures with the most, and how many are expected to be overdue in 1, 3 and 5
    working days. No dossier is named. On a day off it makes none, and ends with 0.
    """
    from agents.active import as_active
    from agents.operator import Refusal, progress_bar, run
    from monitor.outlets.digest.command import CannotMake, dashboards_of
    from monitor.outlets.digest.command import digest as make
    from monitor.reference.alerts import begins_an_address

    own = Settings.from_environment()
    if dashboards is None:
        dashboards = dashboards_of(own.reference)
    elif dashboards and not begins_an_address(dashboards):
        raise typer.BadParameter(
            f"{dashboards!r} is no address: begin with https:// or http://",
            param_hint="--dashboards",
        )
    with as_active(own) as settings, progress_bar(sys.stderr) as progress:

        async def digests() -> int:
            try:
                return await make(
                    settings.database,
                    settings.policy(),
                    settings.reference,
                    agency=agency,
                    day=date.date() if date else None,
                    format_=format,
                    language=lang,
                    folder=out,
                    force=force,
                    dashboards=dashboards,
                    now_ms=time.time_ns() // 1_000_000,
                    watched=lambda made: progress.track(made, description="digests"),
                )
            except CannotMake as error:
                raise Refusal(str(error)) from None

        status = run(digests, name="emc digest", reads=True)
    raise typer.Exit(status)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A deployment's reference files; default: those that are shipped."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file of settings, and all that it names."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Rules of Prometheus: names, labels, syntax."),
    ] = None,
) -> None:
    """Check a deployment's calendars, procedures, agencies and policy; say all that is wrong.

    With **--settings**, the variables of a file (NAME=value a line, as systemd and compose read
    it) instead: names, types, contradictions, certificates, secrets that everybody may read.
    With **--rules**, rules of Prometheus: metrics and labels that no process exports, and, where
    promtool is installed, what it says of syntax.
    """
    from agents.settings_check import check as complaints_of_settings
    from agents.settings_check import elsewhere
    from monitor.outlets.rules.check import promtool
    from monitor.reference.check import check as complaints_of_reference

    found = [] if settings is None else complaints_of_settings(settings)
    if rules is not None:
        found += _complaints_of_rules(rules)
        if promtool() is None:
            _say(
                "syntax was not looked at: promtool is not on PATH; it comes with Prometheus:"
                " apt-get install prometheus, or https://prometheus.io/download/"
            )
    if (settings is None and rules is None) or folder is not None:
        folder = folder or shipped_reference() or IN_A_CHECKOUT
        found += complaints_of_reference(folder)
    for line in (*found, *(() if settings is None else elsewhere(settings))):
        _say(line)
    if not found:
        looked_at = " and ".join(
            str(one) for one in (settings, rules, folder) if one is not None
        )
        typer.echo(f"{looked_at}: nothing to complain of")
    raise typer.Exit(FAILED if found else OK)


@app.command()
def objectives(
    objective: Annotated[
        str | None, typer.Argument(metavar="[OBJECTIVE]", help="Only this one.")
    ] = None,
    scope: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCOPE]", help="As country or agency:H56: with all its numbers."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also scopes that are neither burning nor spent.")
    ] = False,
    history_days: Annotated[int, typer.Option(min=0, help="How far back, with SCOPE.")] = 100,
    on: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="With SCOPE: the window that ended on this day, as known now; needs EMC_REFERENCE.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Show how objectives and services stand, and since when; exits 1 if one is not well.

    With an objective and a scope: the counts, the interval, what is left of the budget, every burn
    window, how it stood before, and what its file said when.
    """
    from agents import objectives_command as command
    from agents import operator

    async def work() -> int:
        settings = _for_a_person()
        if on is not None:
            watched = settings.watched()
            lacks = command.lacking(watched, objective, scope, on)
            if lacks or watched is None or objective is None or scope is None:
                raise operator.Refusal(lacks)
            return await command.on(
                settings.database,
                watched,
                settings.policy(),
                objective,
                scope,
                on,
                as_json=json,
                out=sys.stdout,
            )
        return await command.show(
            settings.database,
            objective,
            scope,
            every=every,
            history_days=history_days,
            at=_instant(),
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc objectives", reads=True))


@app.command()
def rules(
    reference: Annotated[
        Path | None,
        typer.Option(help="Reference files; default: those that are shipped."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder with prometheus/ and alertmanager/ in it.")
    ] = Path("deploy"),
    check: Annotated[
        bool, typer.Option("--check", help="Say what is stale, write nothing.")
    ] = False,
    pace: Annotated[
        int, typer.Option(min=1, help="Wait so many times shorter; to try alerts out.")
    ] = 1,
) -> None:
    """Write what Prometheus scrapes, records and alerts, and whom Alertmanager tells.

    From **alerts.toml** of the reference files, which has thresholds, addresses and receivers.
    How-to: docs/how-to/change-alerts.md.
    """
    from monitor.outlets.rules.command import rules as write

    where = reference or shipped_reference() or IN_A_CHECKOUT
    raise typer.Exit(write(where, out, check=check, pace=pace, say=typer.echo))


quarantine = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="What was refused: look at it, send it back after a fix, or give it up.\n\n"
    "All four work on the ledger at EMC_DATABASE, beside running workers. How-to:"
    " docs/how-to/quarantine.md.",
)
app.add_typer(quarantine, name="quarantine")

_Ids = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", help="Records, by their ids.")
]
_Source = Annotated[str | None, typer.Option(help="Only of this source; '' for no known one.")]
_Reason = Annotated[str | None, typer.Option(help="Only refused for this reason.")]
_Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only records of this time or later.")
]
_Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only records before this.")]
_All = Annotated[bool, typer.Option("--all", help="All that are held, without any filter.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON on stdout.")]
_By = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who does this; the account if left out.")
]


@quarantine.command("list")
def quarantine_list(
    source: _Source = None,
    reason: _Reason = None,
    since: _Since = None,
    until: _Until = None,
    state: Annotated[
        str, typer.Option(help="held, returned, dropped, or all of them.")
    ] = "held",
    each: Annotated[bool, typer.Option("--each", help="Every record, with its id.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Records shown with --each.")] = 100,
    json: _Json = False,
) -> None:
    """Show what is in quarantine: how many records by source and reason, or each of them."""
    from agents import operator
    from agents import quarantine_command as command

    async def work() -> int:
        which = command.chosen(
            (),
            source,
            reason,
            since,
            until,
            everything=True,
            state=None if state == "all" else state,
        )
        database = _for_a_person().database
        return await command.list_(
            database, which, each=each, limit=limit, as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc quarantine", reads=True))


@quarantine.command("show")
def quarantine_show(
    record: Annotated[int, typer.Argument(metavar="ID", help="As `list --each` shows it.")],
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="What the record says, names included; that you looked is noted."
        ),
    ] = False,
    by: _By = None,
    json: _Json = False,
) -> None:
    """Show one record: where it was, why it was refused, and its shape without what it says.

    Opens it with EMC_QUARANTINE_KEY.
    """
    from agents import operator
    from agents import quarantine_command as command

    async def work() -> int:
        settings = _for_a_person()
        return await command.show(
            settings.database,
            record,
            key=settings.quarantine_key,
            raw=raw,
            who=by or operator.account(),
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc quarantine", reads=True))


@quarantine.command("retry")
def quarantine_retry(
    records: _Ids = None,
    source: _Source = None,
    reason: _Reason = None,
    since: _Since = None,
    until: _Until = None,
    everything: _All = False,
    by: _By = None,
    json: _Json = False,
) -> None:
    """Send records through decoding, folding and booking again, each exactly once.

    For after a fix. What passes now is measured and leaves the quarantine in the same
    transaction; what is refused again stays, with its new reason. Measured is by the policy
    that is active in the ledger, as by a worker. It may be stopped, killed and repeated at any
    moment. Exit status 1: some are still there.
    """
    from agents import operator
    from agents import quarantine_command as command

    async def work() -> int:
        settings = _for_a_person()
        return await command.retry(
            settings.database,
            command.chosen(records, source, reason, since, until, everything=everything),
            key=settings.quarantine_key,
            reference=settings.reference_set(),
            keys=settings.keys,
            who=by or operator.account(),
            as_json=json,
            out=sys.stdout,
            err=sys.stderr,
        )

    raise typer.Exit(operator.run(work, name="emc quarantine"))


@quarantine.command("drop")
def quarantine_drop(
    why: Annotated[str, typer.Option(help="The reason, kept with the record.")],
    records: _Ids = None,
    source: _Source = None,
    reason: _Reason = None,
    since: _Since = None,
    until: _Until = None,
    everything: _All = False,
    by: _By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: _Json = False,
) -> None:
    """Give records up for good: their bytes go, everything else and the reason stay."""
    from agents import operator
    from agents import quarantine_command as command

    def confirmed(total: int) -> bool:
        return yes or typer.confirm(f"drop {total:,} records for good?", err=True)

    async def work() -> int:
        return await command.drop(
            _for_a_person().database,
            command.chosen(records, source, reason, since, until, everything=everything),
            why=why,
            who=by or operator.account(),
            confirmed=confirmed,
            as_json=json,
            out=sys.stdout,
            err=sys.stderr,
        )

    raise typer.Exit(operator.run(work, name="emc quarantine"))


indicators = typer.Typer(
    name="indicators",
    no_args_is_help=True,
    help="Show what official figures are: sets, formulas, rules and sources, from their files.",
)
app.add_typer(indicators, name="indicators")
_SetFolder = Annotated[
    Path | None,
    typer.Option(
        help="Reference files, else EMC_REFERENCE, else those shipped.", metavar="DIR"
    ),
]


def _sets_folder(reference: Path | None) -> Path:
    from agents.settings import Settings

    own = Settings.from_environment().reference
    return reference or (Path(own) if own else None) or shipped_reference() or IN_A_CHECKOUT


@indicators.command("list")
def indicators_list(reference: _SetFolder = None, json: _Json = False) -> None:
    """List the sets: version, owner, when they are valid, how many indicators and points."""
    from monitor.outlets import indicators_command as command

    raise typer.Exit(command.listing(_sets_folder(reference), as_json=json, out=sys.stdout))


@indicators.command("show")
def indicators_show(
    name: Annotated[str, typer.Argument(metavar="SET", help="As `list` shows it.")],
    indicator: Annotated[
        str | None, typer.Argument(metavar="[INDICATOR]", help="Only this one.")
    ] = None,
    reference: _SetFolder = None,
    json: _Json = False,
) -> None:
    """Show a set's indicators: definition, formula in words, what 0 means, points, source."""
    from monitor.outlets import indicators_command as command

    raise typer.Exit(
        command.show(_sets_folder(reference), name, indicator, as_json=json, out=sys.stdout)
    )


position = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Where the ledger stands in the log, and what to do when the log was lost.\n\n"
    "How-to: docs/how-to/position.md.",
)
app.add_typer(position, name="position")


@position.command("show")
def position_show(json: _Json = False) -> None:
    """Show each partition: next offset, owner and lag, and whether the log is still the one.

    Exit status 1 if it is not, for any of them.
    """
    from agents import operator
    from agents import position_command as command

    async def work() -> int:
        settings = _for_a_person()
        return await command.show(
            settings.database, settings.brokers(), as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc position", reads=True))


@position.command("accept-loss")
def position_accept_loss(
    to: Annotated[
        str,
        typer.Option(
            metavar="WHERE",
            help="beginning, end, an offset, a time (with its offset from UTC), or here: the same"
            " place, for another group or cluster.",
        ),
    ],
    why: Annotated[str, typer.Option(help="The reason; it stays on record.")],
    topic: Annotated[
        str | None,
        typer.Option(help="Of this topic, for the group that reads it; default: EMC_TOPIC."),
    ] = None,
    partition: Annotated[
        list[int] | None, typer.Option(help="Only this one; may be repeated. All if left out.")
    ] = None,
    by: _By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: _Json = False,
) -> None:
    """Go on elsewhere in the log of EMC_TOPIC, for EMC_GROUP, and give up what is passed over.

    For a log that was replaced or cut, or a deliberate change of the consumer group. Stop the
    workers first. Who, when, from where, to where and why are kept for good.
    """
    from agents import operator
    from agents import position_command as command

    def confirmed(told: str) -> bool:
        typer.echo(told, nl=False, err=True)
        return yes or typer.confirm("set these positions?", err=True)

    async def work() -> int:
        settings = _for_a_person()
        return await command.accept_loss(
            settings.database,
            settings.brokers(),
            topic=topic or settings.topic,
            partitions=partition or (),
            to=to,
            group=None if topic else settings.group,
            who=by or operator.account(),
            why=why,
            confirmed=confirmed,
            as_json=json,
            out=sys.stdout,
            err=sys.stderr,
        )

    raise typer.Exit(operator.run(work, name="emc position"))


claim = typer.Typer(
    no_args_is_help=True,
    help="Figures that others state: official values, surveys, what no event tells. They are shown "
    "beside what is counted, and never added to it.",
)
app.add_typer(claim, name="claim")


@claim.command("import")
def claim_import(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with the columns indicator, agency, period (or from and to), numerator, "
            "denominator, value, unit, respondents, survey, not_issued.",
        ),
    ],
    source: Annotated[
        str, typer.Option(help="Who states them, by a name of one word.")
    ] = "import",
    survey: Annotated[
        str, typer.Option(help="Portal, report or survey that says so, where a row does not.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    json: _Json = False,
) -> None:
    """Bring in claims from a file: all of it, or nothing and what is wrong with which line.

    The same file again changes nothing. An official value of an indicator stands under
    official:SET:INDICATOR, as official:qd766:2.1, beside ours and never in its place.
    """
    from agents import claim_command as command
    from agents import operator

    async def work() -> int:
        settings = _for_a_person()
        return await command.import_(
            settings.database,
            file,
            source=source,
            survey=survey,
            policy=settings.policy(),
            at=_instant(),
            dry_run=dry_run,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc claim"))


@claim.command("list")
def claim_list(
    indicator: Annotated[list[str] | None, typer.Option(help="Of these only.")] = None,
    agency: Annotated[
        list[str] | None, typer.Option(help="About these only; `country` for the country.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="Of exactly this one: 2026-08, 2026-Q3, 2026-H1, 2026.")
    ] = None,
    official: Annotated[
        bool, typer.Option("--official", help="Official values of indicators only.")
    ] = False,
    json: _Json = False,
) -> None:
    """Show the claims that stand, and who makes each; exits 1 if there is none."""
    from agents import claim_command as command
    from agents import operator

    async def work() -> int:
        return await command.list_(
            _for_a_person().database,
            indicators=indicator or (),
            agencies=agency or (),
            period=period,
            official=official,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc claim", reads=True))


release = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Tables for the public: closed periods, released once, from which nobody can be made out.\n\n"
    "Workers with EMC_REFERENCE make what is due. How-to: docs/how-to/release.md.",
)
app.add_typer(release, name="release")

_Table = Annotated[
    str | None,
    typer.Argument(metavar="[TABLE]", help="Only this one, by the name of its file."),
]


@release.command("make")
def release_make(json: _Json = False) -> None:
    """Make everything that is due and was not made; needs EMC_REFERENCE."""
    from agents import operator
    from agents import release_command as command

    async def work() -> int:
        settings = _for_a_person()
        public = settings.public()
        if public is None:
            raise operator.Refusal("EMC_REFERENCE has no releases/: no table is for the public")
        return await command.make(
            settings.database,
            public,
            settings.policy().zone,
            now_ms=int(_instant().timestamp() * 1000),
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc release make"))


@release.command("list")
def release_list(
    table: _Table = None,
    most: Annotated[int, typer.Option(min=1, help="Of each table, the latest.")] = 31,
    json: _Json = False,
) -> None:
    """List what was released, newest first."""
    from agents import operator
    from agents import release_command as command

    async def work() -> int:
        return await command.show_list(
            _for_a_person().database, table, most=most, as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc release list", reads=True))


@release.command("show")
def release_show(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="By the name of its file.")],
    period: Annotated[
        str,
        typer.Argument(
            metavar="PERIOD", help="2026-08-14; or 2026-08, the sum of its releases."
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="The release's own JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """Show a release as the public sees it."""
    from agents import operator
    from agents import release_command as command

    async def work() -> int:
        form = "json" if json else "csv" if csv else "table"
        return await command.show(
            _for_a_person().database, table, period, form=form, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc release show", reads=True))


@release.command("audit")
def release_audit(
    table: _Table = None,
    last: Annotated[int, typer.Option(min=1, help="Of each table, the latest.")] = 31,
    json: _Json = False,
) -> None:
    """Recount releases at their cuts, and look for any combination of cells that tells of a few.

    Exact: linear algebra over the rationals, each release by itself and with the one before it.
    Needs EMC_REFERENCE. Exits 1 if anything is wrong.
    """
    from agents import operator
    from agents import release_command as command

    async def work() -> int:
        settings = _for_a_person()
        public = settings.public()
        if public is None:
            raise operator.Refusal("EMC_REFERENCE has no releases/: no table is for the public")
        return await command.check(
            settings.database,
            public,
            settings.policy().zone,
            table,
            last=last,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc release audit", reads=True))


source = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The register of sources: who may send, whom they speak for, and with which token.\n\n"
    "A source is entered on trial: what it sends is measured apart. Processes that take records"
    " in follow a change within seconds. How-to: docs/how-to/add-a-source.md.",
)
app.add_typer(source, name="source")

_Code = Annotated[str, typer.Argument(metavar="CODE", help="The source, by its code.")]
_Why = Annotated[str, typer.Option(help="The reason; it stays in the history.")]
_Name = Annotated[str | None, typer.Option(help="What people call the system.")]
_Owner = Annotated[
    str | None, typer.Option(metavar="AGENCY", help="Code of the agency whose system it is.")
]
_Kind = Annotated[
    str | None,
    typer.Option(help="system, or portal: never the authority of a dossier others speak of."),
]
_Contact = Annotated[
    str | None, typer.Option(help="Whom to call: an office, better than a person.")
]
_Claiming = Annotated[
    bool | None, typer.Option(help="Whether it claims its own counts, for reconciliation.")
]
_Zone = Annotated[str | None, typer.Option(help="Of its clock, for formats without an offset.")]
_Heartbeat = Annotated[
    int | None, typer.Option(metavar="SECONDS", help="How often it says that it is alive.")
]
_Rate = Annotated[
    int | None, typer.Option(metavar="N", help="Events a second that the gateway takes of it.")
]
_Site = Annotated[int | None, typer.Option(help="SiteId of an old client, with --address.")]
_Address = Annotated[
    list[str] | None,
    typer.Option(metavar="NETWORK", help="Where its SiteId may come from, as 10.56.0.0/16."),
]
_Mandate = Annotated[
    list[str] | None,
    typer.Option(
        metavar="AGENCY[/PROCEDURE]",
        help="Whom it speaks for: an agency and all below it, * for all; with a procedure for"
        " that one there. May be repeated.",
    ),
]
_Expect = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND[,UNIT[,PROCEDURE[,DAYS]]]",
        help="What it should send; an empty part is any. May be repeated.",
    ),
]
_Word = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="A name of a step, unit or channel that may pass in clear. May be repeated.",
    ),
]
_Quirk = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", help="A known defect of its messages. May be repeated."),
]


@source.command("add")
def source_add(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="[CODE]",
            help="CloudEvents `source` of all it sends; its topic is emc.in.CODE.",
        ),
    ] = None,
    name: _Name = None,
    owner: _Owner = None,
    mandate: _Mandate = None,
    kind: _Kind = None,
    contact: _Contact = None,
    claiming: _Claiming = None,
    zone: _Zone = None,
    heartbeat_seconds: _Heartbeat = None,
    rate_per_second: _Rate = None,
    site_id: _Site = None,
    address: _Address = None,
    expect: _Expect = None,
    word: _Word = None,
    quirk: _Quirk = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Many at once, from TOML: a table [[source]] each, instead of CODE."),
    ] = None,
    token: Annotated[
        bool, typer.Option("--token", help="Also make a token for the gateway, shown once.")
    ] = False,
    topic: Annotated[
        bool, typer.Option("--topic", help="Also make the inbound topic, at EMC_KAFKA.")
    ] = False,
    why: _Why = "",
    by: _By = None,
    json: _Json = False,
) -> None:
    """Enter a source, on trial.

    `emc source add H56-onestop --name 'One-stop of Thanh Hoá' --owner H56 --mandate H56 --token`

    A ministry's system that handles a procedure everywhere: `--mandate '*/1.004194'`. What it
    says for anybody else is refused as outside_mandate.
    """
    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        settings = _for_a_person()
        make = command.maker_of_topics(settings.brokers()) if topic else None
        given: dict[str, Any] = {
            "token": token,
            "topic": make,
            "at": _instant(),
            "who": by or operator.account(),
            "why": why,
            "as_json": json,
            "out": sys.stdout,
        }
        said = _said_of_source(
            name=name, owner=owner, mandates=mandate, kind=kind, contact=contact,
            claiming=claiming, zone=zone, heartbeat_seconds=heartbeat_seconds,
            rate_per_second=rate_per_second, site_id=site_id, addresses=address,
            expects=expect, names=word, quirks=quirk,
        )  # fmt: skip
        if file is not None and not (code or said):
            return await command.add_file(settings.database, file, **given)
        if code is None or file is not None:
            raise operator.Refusal("give CODE and what it is, or --file alone")
        return await command.add(settings.database, command.entry(code, said), **given)

    raise typer.Exit(operator.run(work, name="emc source"))


@source.command("set")
def source_set(
    code: _Code,
    status: Annotated[
        str | None,
        typer.Option(help="trial or live: whether what it sends is published, from now on."),
    ] = None,
    go_live: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day; today, with --status live."),
    ] = None,
    name: _Name = None,
    owner: _Owner = None,
    mandate: _Mandate = None,
    kind: _Kind = None,
    contact: _Contact = None,
    claiming: _Claiming = None,
    zone: _Zone = None,
    heartbeat_seconds: _Heartbeat = None,
    rate_per_second: _Rate = None,
    site_id: _Site = None,
    address: _Address = None,
    expect: _Expect = None,
    word: _Word = None,
    quirk: _Quirk = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Take out, as site_id or names. May be repeated."),
    ] = None,
    why: _Why = "",
    by: _By = None,
    json: _Json = False,
) -> None:
    """Change what is said of a source; what is left out stays as it is.

    Of what may be repeated, the options given are all there is from now on.
    """
    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        settings = _for_a_person()
        changes = _said_of_source(
            name=name, owner=owner, mandates=mandate, kind=kind, contact=contact,
            claiming=claiming, zone=zone, heartbeat_seconds=heartbeat_seconds,
            rate_per_second=rate_per_second, site_id=site_id, addresses=address,
            expects=expect, names=word, quirks=quirk, status=status,
            go_live=go_live and go_live.date(),
        )  # fmt: skip
        return await command.set_(
            settings.database,
            code,
            changes,
            clear=clear or (),
            at=_instant(),
            who=by or operator.account(),
            why=why,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc source"))


@source.command("list")
def source_list(
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Who sends and is not in the register, instead.")
    ] = False,
    json: _Json = False,
) -> None:
    """List the sources; with **--unknown** those that nothing was taken of."""
    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        database = _for_a_person().database
        if unknown:
            return await command.list_unknown(database, as_json=json, out=sys.stdout)
        return await command.list_(database, at=_instant(), as_json=json, out=sys.stdout)

    raise typer.Exit(operator.run(work, name="emc source", reads=True))


@source.command("show")
def source_show(code: _Code, json: _Json = False) -> None:
    """Show a source: whom it speaks for, what it should send, which tokens open."""
    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        return await command.show(
            _for_a_person().database, code, at=_instant(), as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc source", reads=True))


@source.command("health")
def source_health(
    code: Annotated[
        str | None,
        typer.Argument(metavar="[CODE]", help="One source, with how it stood before."),
    ] = None,
    history_days: Annotated[int, typer.Option(min=0, help="How far back, with CODE.")] = 35,
    json: _Json = False,
) -> None:
    """Show how the connections of sources stand, and since when; exits 1 if one is not well."""
    from agents import connection_command as command
    from agents import operator

    async def work() -> int:
        return await command.health(
            _for_a_person().database,
            code,
            history_days=history_days,
            at=_instant(),
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc source", reads=True))


@source.command("reconcile")
def source_reconcile(
    code: _Code,
    day: Annotated[str, typer.Argument(metavar="DAY", help="As 2026-08-03, in EMC_ZONE.")],
    codes: Annotated[
        bool, typer.Option("--codes", help="Also the codes that are missing or surplus.")
    ] = False,
    most: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Codes of either side, with --codes.")
    ] = 10_000,
    json: _Json = False,
) -> None:
    """Compare a source's claim for a day with what was counted; exits 1 if they differ."""
    from agents import connection_command as command
    from agents import operator

    async def work() -> int:
        settings = _for_a_person()
        return await command.reconcile(
            settings.database,
            code,
            day,
            zone=settings.policy().zone,
            codes=codes,
            most=most,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc source"))


@source.command("token")
def source_token(
    code: _Code,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="As the source writes it.")],
    json: _Json = False,
) -> None:
    """Show what stands in the ledger for a text that the edge hides.

    A dossier whose code may hold an identifier is there under a token: `emc explain` finds it by
    what this shows. Needs EMC_APPLICANT_KEYS as the edge has it.
    """
    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        settings = _for_a_person()
        return await command.stands(
            settings.database, code, text, keys=settings.keys(), as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc source"))


@source.command("rotate")
def source_rotate(
    code: _Code,
    overlap_days: Annotated[
        float, typer.Option(min=0, help="How long the tokens before go on opening; 0: not.")
    ] = 7,
    why: _Why = "",
    by: _By = None,
    json: _Json = False,
) -> None:
    """Give a source a new token, shown this once; those before it open for a while longer."""
    from datetime import timedelta

    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        return await command.rotate(
            _for_a_person().database,
            code,
            overlap=timedelta(days=overlap_days),
            at=_instant(),
            who=by or operator.account(),
            why=why,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc source"))


@source.command("revoke")
def source_revoke(
    code: _Code,
    why: _Why,
    credential: Annotated[
        int | None,
        typer.Option(metavar="ID", help="Only this token, as `show` names it; at once."),
    ] = None,
    by: _By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: _Json = False,
) -> None:
    """Shut a source out, or end one of its tokens. What it has sent stays counted.

    Exit status 1 if there was nothing to end.
    """
    from agents import operator
    from agents import source_command as command

    def confirmed(question: str) -> bool:
        return yes or typer.confirm(question, err=True)

    async def work() -> int:
        return await command.revoke(
            _for_a_person().database,
            code,
            credential=credential,
            confirmed=confirmed,
            at=_instant(),
            who=by or operator.account(),
            why=why,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc source"))


@source.command("history")
def source_history(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="Only of this.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many changes.")] = 50,
    json: _Json = False,
) -> None:
    """Show who has changed what in the register, when and why; the latest first."""
    from agents import operator
    from agents import source_command as command

    async def work() -> int:
        return await command.history(
            _for_a_person().database, code, last=last, as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc source", reads=True))


access = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Tokens to read the API and the console of `emc serve` with, and what was looked at.\n\n"
    "Without a token the API is open for definitions and releases. How-to: docs/how-to/read-the-api.md.",
)
app.add_typer(access, name="access")

_Holder = Annotated[str, typer.Argument(metavar="NAME", help="Who holds it.")]


@access.command("add")
def access_add(
    name: _Holder,
    role: Annotated[
        str,
        typer.Option(
            help="agency: its own subtree, with codes of dossiers; national: all figures, dossiers"
            " by their tokens; admin: everything; public: no more than without a token."
        ),
    ],
    agency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Of the role agency: whose subtree.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="For how long it opens.")] = 90,
    why: _Why = "",
    by: _By = None,
    json: _Json = False,
) -> None:
    """Make a token, which is shown this once.

    `emc access add hue-board --role agency --agency H57`
    """
    from agents import access_command as command
    from agents import operator

    async def work() -> int:
        return await command.add(
            _for_a_person().database,
            name,
            role=role,
            agency=agency,
            days=days,
            at=_instant(),
            who=by or operator.account(),
            why=why,
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc access"))


@access.command("list")
def access_list(json: _Json = False) -> None:
    """Show every token: whose, until when, when last used. Nobody knows the token itself."""
    from agents import access_command as command
    from agents import operator

    async def work() -> int:
        return await command.list_(
            _for_a_person().database, at=_instant(), as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc access", reads=True))


@access.command("revoke")
def access_revoke(
    name: _Holder,
    by: _By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: _Json = False,
) -> None:
    """End a token; the next request with it is refused. Exit status 1 if there was none."""
    from agents import access_command as command
    from agents import operator

    def confirmed(question: str) -> bool:
        return yes or typer.confirm(question, err=True)

    async def work() -> int:
        return await command.revoke(
            _for_a_person().database,
            name,
            confirmed=confirmed,
            at=_instant(),
            who=by or operator.account(),
            as_json=json,
            out=sys.stdout,
        )

    raise typer.Exit(operator.run(work, name="emc access"))


@access.command("audit")
def access_audit(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only with this token.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many looks.")] = 50,
    json: _Json = False,
) -> None:
    """Show who looked at which dossiers, or was refused, when and from where; the latest first."""
    from agents import access_command as command
    from agents import operator

    async def work() -> int:
        return await command.audit(
            _for_a_person().database, name, last=last, as_json=json, out=sys.stdout
        )

    raise typer.Exit(operator.run(work, name="emc access", reads=True))


def _said_of_source(**said: Any) -> dict[str, Any]:
    """What was given on the command line."""
    return {field: value for field, value in said.items() if value is not None}


def _instant() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


@app.command()
def docs(
    check: Annotated[bool, typer.Option(help="Say what is stale, write nothing.")] = False,
) -> None:
    """Write the pages and schemas that are generated from the code."""
    from agents.documents import documents, publish
    from agents.gateway.health import GatewayHealth
    from agents.ingest.health import IngestHealth
    from monitor.outlets import indicators as of_indicators
    from monitor.outlets.api import openapi as of_api
    from monitor.outlets.api.every import ENDPOINTS
    from monitor.outlets.dashboards import page as of_dashboards
    from monitor.outlets.dashboards.every import dashboards as declared
    from monitor.outlets.reference import of_registry, page
    from monitor.outlets.report import page as of_reports
    from monitor.reference.indicators import load_sets

    made = documents(cast("Any", typer.main.get_command(app)))
    made[of_dashboards.PATH] = of_dashboards.page(declared(_of_processes(), {}))
    made[of_api.PATH] = of_api.text(ENDPOINTS)
    made[of_indicators.PATH] = of_indicators.page(one.set for one in load_sets(IN_A_CHECKOUT))
    made[of_reports.PATH] = of_reports.page()
    made["docs/reference/metrics.md"] = page(
        of_registry(IngestHealth().registry), of_registry(GatewayHealth().registry)
    )
    raise typer.Exit(publish(made, check=check, say=typer.echo))


@app.command()
def dashboards(
    out: Annotated[
        Path, typer.Option(help="The folder that Grafana provisions from.", metavar="DIR")
    ] = Path("deploy/grafana/dashboards"),
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Reference files whose targets are the thresholds, else those shipped."
        ),
    ] = None,
    check: Annotated[bool, typer.Option(help="Say what is stale, write nothing.")] = False,
) -> None:
    """Write Grafana's dashboards as JSON, from what the code declares.

    Needs the extra `dashboards`. docs/reference/dashboards.md lists every panel with its query.
    """
    from monitor.domain.zone import Zone
    from monitor.outlets.dashboards.command import publish

    raise typer.Exit(
        publish(
            _of_processes(),
            reference=reference or shipped_reference() or IN_A_CHECKOUT,
            out=out,
            check=check,
            day=Zone().day(time.time_ns() // 1_000_000),
            say=typer.echo,
        )
    )


def _of_processes() -> list[Metric]:
    """The metrics that workers, ingest and gateways show of their own."""
    from agents.gateway.health import GatewayHealth
    from agents.ingest.health import IngestHealth
    from monitor.outlets.reference import of_registry

    own = {
        metric.name: metric
        for registry in (IngestHealth().registry, GatewayHealth().registry)
        for metric in of_registry(registry)
    }
    return list(own.values())


def _complaints_of_rules(folder: Path) -> list[str]:
    from agents.gateway.health import GatewayHealth
    from agents.ingest.health import IngestHealth
    from monitor.outlets.catalogue import METRICS
    from monitor.outlets.reference import of_registry
    from monitor.outlets.rules.check import check

    registries = (IngestHealth().registry, GatewayHealth().registry)
    own = [metric for registry in registries for metric in of_registry(registry)]
    return check(folder, [*METRICS, *own])


def _configured() -> Settings:
    """Settings of a process, which says what it runs with."""
    settings = Settings.from_environment()
    _log_to_stderr(settings.log_format)
    say = structlog.get_logger("emc.settings")
    for objection in misspelt(os.environ):
        say.warning("a variable is passed over", variable=str(objection))
    say.info("runs with", release=__version__, **settings.shown())
    return settings


def _for_a_person() -> Settings:
    """Settings of a command that somebody waits for: only what goes wrong is logged."""
    settings = Settings.from_environment()
    _log_to_stderr("text", logging.WARNING)
    return settings


def _say(line: str) -> None:
    """A line that whoever started the process may wait for."""
    typer.echo(line, err=True)


def _until_stopped(run: Any, *, loop: Any = None) -> int:
    """Run a process until SIGTERM or SIGINT; its errors in one line, its exit status.

    `loop` makes another event loop than Python's own.
    """

    async def supervised() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        try:
            await run(stop)
        except (Stopped, OSError) as error:
            _say(f"emc: {error}")
            return FAILED
        return OK

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(supervised())


class _Log:
    """Standard error; what cannot be written any more is dropped.

    Whoever read the log may be gone: its pipe closed, its disk full. The work must not stand still
    for that, and an error's own line must not hide the error.
    """

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def _log_to_stderr(style: str, level: int = logging.INFO) -> None:
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Log())),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    # Faust and aiokafka log to the standard library; what they report of trouble stays.
    logging.basicConfig(
        stream=cast(TextIO, _Log()), level=logging.WARNING, format="%(name)s: %(message)s"
    )


if __name__ == "__main__":
    main()
