"""When what is sent, or how it is worked on, is odd: tickets, by rates over a day and a least number."""

from functools import partial
from typing import Final

from monitor.outlets.rules.expressions import increase, percent, shown
from monitor.outlets.rules.shape import About, Alert, Board, Group, Severity
from monitor.reference.alerts import Data

NEWS: Final = 'class!~"backfill|recompute"'

_ticket = partial(Alert, severity=Severity.TICKET)


def data(said: Data) -> list[Group]:
    """Over a day, each five minutes."""
    refused = _by_source('emc_records_total{outcome="refused",source!="other"}')
    records = _by_source('emc_records_total{source!="other"}')
    backdated = _net("emc_dossiers_warned", f'warning="backdated_end",{NEWS}')
    completed = _net("emc_dossiers_completed", NEWS)
    alerts = [
        _ticket(
            name="RecordsRefused",
            about=About.DATA,
            expr=f"""\
{refused} / {records} > {percent(said.refused_percent)}
and {refused} >= {said.refused_least}""",
            lasts="15m",
            board=Board.CONNECTIONS,
            of="source",
            summary="{{ $value | humanizePercentage }} of what {{ $labels.source }} sends is refused",
            summary_vi="{{ $value | humanizePercentage }} bản ghi của nguồn {{ $labels.source }} bị từ chối",
            description="Of the records of a day from {{ $labels.source }}, {{ $value |"
            " humanizePercentage }} were no events and lie in quarantine. Figures lack them.",
        ),
        _ticket(
            name="DossiersBackdated",
            about=About.DATA,
            expr=f"""\
({backdated}) / ({completed}) > {percent(said.backdated_percent)}
and ({backdated}) >= {said.backdated_least}""",
            lasts="15m",
            board=Board.AGENCY,
            of="agency",
            summary="{{ $labels.agency }} claims the ends of {{ $value | humanizePercentage }} of its"
            " dossiers afterwards",
            summary_vi="{{ $labels.agency }} ghi lùi ngày kết thúc của {{ $value | humanizePercentage }} hồ sơ",
            description="Of the dossiers of {{ $labels.agency }} that were completed in a day, {{ $value |"
            " humanizePercentage }} were said to have ended more than a working day before that was"
            " sent: written late, or written so as to be on time.",
        ),
        _ticket(
            name="StepStuck",
            about=About.LEGAL,
            expr=_slow_steps(said),
            lasts="30m",
            board=Board.STEPS,
            of="agency",
            summary="{{ $labels.step }} at {{ $labels.agency }} takes {{ $value | humanize }} working hours",
            summary_vi="Bước {{ $labels.step }} tại {{ $labels.agency }} mất {{ $value | humanize }} giờ làm việc",
            description="The median of the step {{ $labels.step }} at {{ $labels.agency }} is {{ $value |"
            " humanize }} working hours, "
            f"{said.slow_step_factor:g} times that of four weeks ago or of other agencies, or more, and at"
            f" least {said.slow_step_hours} hours longer.",
        ),
    ]
    return [Group("emc-data", alerts, interval="5m")]


def _by_source(counter: str) -> str:
    return f"sum by (source) ({increase(counter, '1d')})"


def _net(stem: str, labels: str) -> str:
    credit = increase(f"{stem}_credit_total{{{labels}}}", "1d")
    debit = increase(f"{stem}_debit_total{{{labels}}}", "1d")
    return f"sum by (agency) ({credit}) - sum by (agency) ({debit})"


def _slow_steps(said: Data) -> str:
    """In hours: the median of a step against its own of four weeks ago, or against its peers'."""
    # A citizen's time is nobody's step, and what is summed into other is none.
    median = 'emc_step_working_seconds{quantile="0.5",step!~"citizen|other"}'
    now = f"max by (agency, step) ({shown(median)})"
    before = f"max by (agency, step) ({median} offset 4w)"
    peers = f"(quantile by (step) (0.5, {now}) and count by (step) ({now}) >= {said.slow_step_peers})"
    longer = said.slow_step_hours * 3600
    return f"""\
(
  (
    {now} > {said.slow_step_factor:g} * {before}
    and {now} - {before} >= {longer}
  )
  or
  (
    {now} > on (step) group_left () {said.slow_step_factor:g} * {peers}
    and {now} - on (step) group_left () {peers} >= {longer}
  )
) / 3600
and on (agency, step) max by (agency, step) ({shown("emc_step_dossiers")}) >= {said.slow_step_dossiers}"""
