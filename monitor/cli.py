"""`emc`: every process and every one-shot command of the monitor."""

import asyncio
import logging
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, cast

import structlog
import typer
from rich.console import Console

from agents.app import Stopped, bring_up_to_date, work
from agents.health import WorkerHealth
from agents.settings import SettingRefused, Settings
from monitor import __version__
from monitor.domain.policy import Precision

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
SHIPPED: Final = Path("deploy/reference")
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
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def worker() -> None:
    """Read events from Kafka and book them in the ledger; start more workers to scale."""
    settings = _configured()
    health = WorkerHealth()
    try:
        port = health.serve(settings.worker_metrics_port, settings.listen)
    except OSError as error:
        raise SettingRefused(
            f"EMC_WORKER_METRICS_PORT={settings.worker_metrics_port} cannot be used:"
            f" {error.strerror}; 0 lets the system choose"
        ) from None
    _say(f"worker metrics: http://{settings.listen}:{port}/metrics")
    raise typer.Exit(_until_stopped(lambda stop: work(settings, health, stop=stop)))


@app.command()
def serve() -> None:
    """Serve the ledger's metrics on HTTP."""
    from monitor.outlets.serve import serve as answer

    settings = _configured()
    policy = settings.policy()

    def announce(port: int) -> None:
        _say(f"serving: http://{settings.listen}:{port}")

    raise typer.Exit(
        _until_stopped(
            lambda stop: answer(
                dsn=settings.database,
                policy=policy,
                host=settings.listen,
                port=settings.serve_port,
                stop=stop,
                ready=announce,
            )
        )
    )


@app.command()
def migrate() -> None:
    """Bring the ledger to this release's schema, and end.

    A worker does so when it starts. Where workers may not change the schema
    (deploy/postgresql/roles.sql), run this as the role that owns the ledger, before them.
    """
    settings = _configured()

    async def applied(_: asyncio.Event) -> None:
        names = await bring_up_to_date(settings)
        for name in names:
            typer.echo(f"applied {name}")
        if not names:
            typer.echo("nothing to apply: the ledger has the schema of this release")

    raise typer.Exit(_until_stopped(applied))


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
            help="Reference files, for the law's measures; deploy/reference if it is here."
        ),
    ] = None,
) -> None:
    """Run the whole service here: broker, PostgreSQL, worker and metrics, fed with dossiers.

    Nothing needs to be installed and nothing is left behind. With **--once** the same path is
    run to the end of its input and the scraped totals are held against an independent count.
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
            reference=reference or (SHIPPED if SHIPPED.is_dir() else None),
        )
    )


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
        brokers=settings.kafka,
        topic=settings.topic,
        speed=speed,
    )
    raise typer.Exit(status)


@app.command()
def explain(
    dossier: Annotated[
        str, typer.Argument(help="Code of the dossier; SOURCE|CODE if foreign.")
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
        typer.Option(help="Folder of reference files; without it the plain rule alone."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Say how a dossier's numbers came about: events, clocks, due dates, verdicts, entries."""
    from dataclasses import replace

    from agents.explain import explain_command

    settings = Settings.from_environment()
    if reference is not None:
        settings = replace(settings, reference=str(reference))
    legal = settings.policy() if settings.reference else None
    status = explain_command(
        dossier,
        database=settings.database,
        log=input,
        mapping=mapping,
        plain=None if mapping else replace(settings, reference="").policy(),
        legal=legal,
        as_json=json,
        key=settings.applicant_key.encode(),
    )
    raise typer.Exit(status)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A deployment's reference files.")] = Path(
        "deploy/reference"
    ),
) -> None:
    """Check a deployment's calendars, procedures, agencies and policy; say all that is wrong."""
    from monitor.reference.check import check as complaints

    found = complaints(folder)
    for line in found:
        _say(line)
    if not found:
        typer.echo(f"{folder}: nothing to complain of")
    raise typer.Exit(FAILED if found else OK)


@app.command()
def docs(
    check: Annotated[bool, typer.Option(help="Say what is stale, write nothing.")] = False,
) -> None:
    """Write the pages and schemas that are generated from the code."""
    from agents.documents import documents, publish
    from monitor.outlets.reference import of_registry, page

    made = documents(cast("Any", typer.main.get_command(app)))
    made["docs/reference/metrics.md"] = page(of_registry(WorkerHealth().registry))
    raise typer.Exit(publish(made, check=check, say=typer.echo))


def _configured() -> Settings:
    settings = Settings.from_environment()
    _log_to_stderr(settings.log_format)
    return settings


def _say(line: str) -> None:
    """A line that whoever started the process may wait for."""
    typer.echo(line, err=True)


def _until_stopped(run: Any) -> int:
    """Run a process until SIGTERM or SIGINT; its errors in one line, its exit status."""

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

    return asyncio.run(supervised())


def _log_to_stderr(style: str) -> None:
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    # Faust and aiokafka log to the standard library; what they report of trouble stays.
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s"
    )


if __name__ == "__main__":
    main()
