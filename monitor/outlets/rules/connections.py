"""When a source is not connected as it should be; the judging is done by `emc ingest`."""

from functools import partial

from monitor.outlets.rules.expressions import percent, shown
from monitor.outlets.rules.shape import About, Alert, Board, Group, Record, Severity
from monitor.reference.alerts import Connected

CLASS = "source_class:emc_source_class_since_timestamp_seconds:max"
FACT = "source_fact:emc_source_fact_since_timestamp_seconds:max"
WORKING = shown('emc_working_time{calendar="national"}')
AWAY = f'{FACT}{{fact=~"maintenance|short_notice"}}'

# A gap in the scrapes of emc serve is told as one, and does not resolve what was known.
_page = partial(
    Alert,
    severity=Severity.PAGE,
    about=About.CONNECTION,
    keeps="10m",
    board=Board.CONNECTIONS,
)
_ticket = partial(
    Alert,
    severity=Severity.TICKET,
    about=About.CONNECTION,
    lasts="30m",
    keeps="10m",
    board=Board.CONNECTIONS,
    of="source",
)


def connections(said: Connected, lingers: str) -> list[Group]:
    """Classes, from the worst on; then what else is known of a source.

    `lingers`: for how long pages of a portal or interface still hold what failed in maintenance.
    """
    records = [
        Record(CLASS, shown('emc_source_class_since_timestamp_seconds{status="live"}')),
        # Facts have no status: only those of live sources.
        Record(
            FACT,
            f"{shown('emc_source_fact_since_timestamp_seconds')}\nand on (source) {CLASS}",
        ),
    ]
    return [Group("emc-connections", [*records, *_classes(said), *_facts(lingers)])]


def _in(word: str) -> str:
    """For how long a source has been in a class."""
    return f'time() - max by (source) ({CLASS}{{class="{word}"}})'


def _fact(word: str) -> str:
    return f'time() - max by (source) ({FACT}{{fact="{word}"}})'


def _classes(said: Connected) -> list[Alert]:
    interrupted = f'{CLASS}{{class="interrupted"}} unless on (source) {AWAY}'
    many = f"""\
(
  count({interrupted})
  / count({CLASS})
) > {percent(said.many_percent)}
and count({interrupted}) >= {said.many_least}"""
    return [
        _page(
            name="SourceInterrupted",
            expr=_in("interrupted"),
            lasts="2m",
            of="source",
            summary="{{ $labels.source }} has been silent for {{ $value | humanizeDuration }}",
            summary_vi="Nguồn {{ $labels.source }} mất tín hiệu đã {{ $value | humanizeDuration }}",
            description="Neither an event nor a heartbeat of {{ $labels.source }} has come for {{ $value"
            " | humanizeDuration }}, longer than its own rhythm explains ({{ with query (printf"
            " `max(emc_source_silence_explained_seconds{source=%q})` $labels.source) }}{{ . | first |"
            " value | humanizeDuration }}{{ else }}not known{{ end }}).",
        ),
        _page(
            name="SourceNotConnected",
            # A day without a first event is nothing to get up for: told in working time.
            expr=f"{_in('not_connected')} > {said.not_connected_hours * 3600}\n"
            f"and on () max({WORKING}) == 1",
            lasts="10m",
            keeps="150m",  # over noon: two hours, ten minutes' patience, and a little
            of="source",
            summary="{{ $labels.source }} is not connected, for {{ $value | humanizeDuration }}",
            summary_vi="Nguồn {{ $labels.source }} chưa kết nối, đã {{ $value | humanizeDuration }}",
            description="No accepted event of {{ $labels.source }} since it went live, or none for 30"
            " days: {{ $value | humanizeDuration }}.",
        ),
        _page(
            name="ManySourcesInterrupted",
            expr=many,
            lasts="2m",
            labels={"level": "country"},
            summary="{{ $value | humanizePercentage }} of all sources are silent at once",
            summary_vi="{{ $value | humanizePercentage }} số nguồn dữ liệu cùng lúc mất tín hiệu",
            description="{{ $value | humanizePercentage }} of the live sources are interrupted ({{ with"
            f' query `count({CLASS}{{class="interrupted"}})` }}}}{{{{ . | first | value }}}}{{{{ end }}}}'
            " of them):"
            " rather the network, Kafka or the gateway than each of them. Pages of single sources"
            " are held back.",
        ),
        _ticket(
            name="SourcePartial",
            expr=_in("partial"),
            summary="{{ $labels.source }} sends only a part of what it should",
            summary_vi="Nguồn {{ $labels.source }} chỉ gửi một phần dữ liệu phải gửi",
            description="For {{ $value | humanizeDuration }} an expected kind, unit or procedure of {{"
            " $labels.source }} has not come. emc source health {{ $labels.source }} says which.",
        ),
        _ticket(
            name="SourceMismatch",
            expr=_in("mismatch"),
            summary="{{ $labels.source }} counts other dossiers than we do",
            summary_vi="Số liệu của nguồn {{ $labels.source }} lệch với số liệu đã ghi nhận",
            description="The claim of {{ $labels.source }} and our count of the last closed working day"
            " differ by more than 1 %, for {{ $value | humanizeDuration }}.",
        ),
        _ticket(
            name="SourceUnreconciled",
            expr=_in("unreconciled"),
            summary="{{ $labels.source }} has sent no claim for the last closed working day",
            summary_vi="Nguồn {{ $labels.source }} chưa gửi số liệu đối soát của ngày làm việc gần nhất",
            description="Nobody can tell whether all of {{ $labels.source }} has arrived, for {{ $value |"
            " humanizeDuration }}.",
        ),
    ]


def _facts(lingers: str) -> list[Alert]:
    return [
        _ticket(
            name="SourceClockOff",
            about=About.DATA,
            expr=_fact("clock"),
            summary="The clock of {{ $labels.source }} is off",
            summary_vi="Đồng hồ của nguồn {{ $labels.source }} bị lệch giờ",
            description="For {{ $value | humanizeDuration }} claimed time and arrival of nine events of"
            " ten of {{ $labels.source }} lie apart by about the same time (median {{ with query"
            ' (printf `max(emc_source_freshness_seconds{source=%q,quantile="0.5"})`'
            " $labels.source) }}{{ . | first | value | humanizeDuration }}{{ else }}not known{{ end"
            " }}): its clock, or a zone that it forgot. Times of its dossiers are wrong by as much.",
        ),
        _ticket(
            name="SourceRepeats",
            about=About.DATA,
            expr=_fact("repeats"),
            summary="{{ $labels.source }} sends again what it has sent",
            summary_vi="Nguồn {{ $labels.source }} gửi lặp lại dữ liệu đã gửi",
            description="For {{ $value | humanizeDuration }} a fifth or more of the records of {{"
            " $labels.source }} were sent before. They are counted once; what it cannot remember"
            " costs it and us work.",
        ),
        _ticket(
            name="SourceOutsideMandate",
            about=About.DATA,
            expr=_fact("outside_mandate"),
            summary="{{ $labels.source }} speaks for an agency that it may not speak for",
            summary_vi="Nguồn {{ $labels.source }} gửi dữ liệu của cơ quan ngoài phạm vi được giao",
            description="For {{ $value | humanizeDuration }} events of {{ $labels.source }} have been"
            " refused for their agency: a mandate is missing, or the system is set up wrongly.",
        ),
        _ticket(
            name="SourceAliveButSilent",
            expr=_fact("alive_but_silent"),
            summary="{{ $labels.source }} is alive and sends no events",
            summary_vi="Nguồn {{ $labels.source }} vẫn hoạt động nhưng không gửi sự kiện",
            description="For {{ $value | humanizeDuration }} heartbeats of {{ $labels.source }} have come"
            " and events that are due have not: its outbox or its relay stands still.",
        ),
        _ticket(
            name="SourceWaiting",
            expr=_fact("waiting"),
            summary="Events wait at {{ $labels.source }} that it cannot send",
            summary_vi="Nguồn {{ $labels.source }} còn sự kiện chưa gửi được",
            description="For {{ $value | humanizeDuration }} {{ $labels.source }} has told with its"
            " heartbeat that events wait. Figures lack them.",
        ),
        _ticket(
            name="MaintenanceShortNotice",
            about=About.MAINTENANCE,
            lasts="",
            expr=_fact("short_notice"),
            summary="{{ $labels.source }} went into maintenance with short notice",
            summary_vi="Nguồn {{ $labels.source }} bảo trì mà không báo trước đủ 7 ngày làm việc",
            description="It has been away for {{ $value | humanizeDuration }}, announced less than 7"
            " working days ahead (Decree 224/2026/NĐ-CP, Art. 13) and not for force majeure. Pages"
            " about it are muted; its uptime and its budgets burn.",
        ),
        Alert(
            name="SourceInMaintenance",
            severity=Severity.MUTE,
            about=About.MAINTENANCE,
            expr=f"time() - max by (source) ({AWAY})",
            keeps=lingers,
            board=Board.CONNECTIONS,
            of="source",
            summary="{{ $labels.source }} is in announced maintenance",
            summary_vi="Nguồn {{ $labels.source }} đang bảo trì theo thông báo",
            description="It has been away for {{ $value | humanizeDuration }}. Nobody is told of this;"
            " it mutes what is said of its connection and of its portal and interfaces, and"
            " nothing that is said of dossiers.",
        ),
    ]
