"""When the monitor itself is not well: somebody gets up, since nobody else would notice."""

from functools import partial
from typing import Final

from monitor.outlets.rules.expressions import highest, shown
from monitor.outlets.rules.shape import About, Alert, Board, Group, Severity
from monitor.reference.alerts import Own

DAY_SECONDS: Final = 86_400
JUDGED: Final = ("objectives", "dues", "latencies")  # once a minute, by one of the workers
BEHIND: Final = "emc_worker_ledger_behind_records_total"

_of_us = partial(Alert, about=About.MONITOR, board=Board.MONITOR)
_page = partial(_of_us, severity=Severity.PAGE)
_ticket = partial(_of_us, severity=Severity.TICKET)


def own(said: Own) -> list[Group]:
    """Processes, then the ledger."""
    return [Group("emc-processes", _processes(said)), Group("emc-ledger", _ledger(said))]


def _processes(said: Own) -> list[Alert]:
    return [
        _page(
            name="ExporterStale",
            expr="absent(instance:emc_snapshot_timestamp_seconds:fresh)",
            lasts="1m",
            summary="No emc serve shows what the ledger has now",
            summary_vi="Không có emc serve nào hiển thị số liệu hiện tại của sổ cái",
            description=f"For a minute no instance of emc serve has shown figures younger than {said.fresh_seconds} s."
            " {{ with query `time() - max(max_over_time(emc_snapshot_timestamp_seconds[1d]))` }}The"
            " last are {{ . | first | value | humanizeDuration }} old.{{ else }}There were none for"
            " a day.{{ end }} Until it answers, alerts about sources and objectives are blind.",
        ),
        _page(
            name="WorkerDown",
            expr='(sum(up{job="emc-worker"}) or vector(0)) == 0',
            lasts="2m",
            summary="No worker runs: nothing is booked",
            summary_vi="Không có worker nào chạy: không ghi nhận được sự kiện hồ sơ",
            description="Prometheus has reached no emc worker for 2 minutes. Events wait in Kafka and"
            " are not lost; every figure stands still.",
        ),
        _page(
            name="WorkerRestarting",
            expr="max by (job, instance)"
            ' (changes(process_start_time_seconds{job=~"emc-worker|emc-ingest"}[15m])) >= 3',
            summary="{{ $labels.instance }} ({{ $labels.job }}) starts again and again",
            summary_vi="{{ $labels.instance }} ({{ $labels.job }}) liên tục khởi động lại",
            description="{{ $value }} starts within 15 minutes. It ends with one line that says why;"
            " refusals that are our own fault end it so.",
        ),
        _page(
            name="IngestDown",
            expr='sum(up{job="emc-ingest"}) == 0',
            lasts="2m",
            summary="No emc ingest runs: what systems put on Kafka is not taken in",
            summary_vi="Không có emc ingest nào chạy: dữ liệu các hệ thống gửi qua Kafka chưa được tiếp nhận",
            description="Prometheus has reached no emc ingest for 2 minutes. Records wait on the"
            " topics of sources, and connections are not judged.",
        ),
        _page(
            name="GatewayDown",
            expr='sum(up{job="emc-gateway"}) == 0',
            lasts="2m",
            summary="No gateway runs: systems cannot send over HTTP",
            summary_vi="Không có cổng tiếp nhận (gateway) nào chạy: các hệ thống không gửi được qua HTTP",
            description="Prometheus has reached no emc gateway for 2 minutes. Clients with an outbox"
            " keep what they have; others lose it.",
        ),
        _page(
            name="GatewayFailing",
            expr="""\
(
  sum(increase(emc_gateway_requests_total{status="5xx"}[10m]))
  / sum(increase(emc_gateway_requests_total[10m]))
) > 0.1
and sum(increase(emc_gateway_requests_total{status="5xx"}[10m])) >= 10""",
            lasts="2m",
            summary="The gateway cannot take in what systems send",
            summary_vi="Cổng tiếp nhận (gateway) không nhận được dữ liệu các hệ thống gửi",
            description="{{ $value | humanizePercentage }} of the requests of 10 minutes were answered"
            " with 5xx, for the most part since Kafka does not acknowledge. Clients are asked to"
            " send again.",
        ),
        _page(
            name="WorkerLagging",
            expr=f"""\
max by (job, topic) (
  emc_worker_lag_seconds
  and predict_linear(emc_worker_lag_records[15m], 3600) > 0
) > {said.lag_seconds}""",
            lasts="5m",
            summary="{{ $labels.topic }} is read {{ $value | humanizeDuration }} late",
            summary_vi="Chủ đề {{ $labels.topic }} được đọc chậm {{ $value | humanizeDuration }}",
            description="The last booked record of a partition of {{ $labels.topic }} is {{ $value |"
            " humanizeDuration }} old, and as it goes the lag will not be gone within an hour."
            " Figures are as old.",
        ),
        _ticket(
            name="InstanceDown",
            expr='up{job=~"emc-(ledger|worker|ingest|gateway)"} == 0',
            lasts="15m",
            summary="{{ $labels.instance }} ({{ $labels.job }}) does not answer",
            summary_vi="{{ $labels.instance }} ({{ $labels.job }}) không trả lời",
            description="Prometheus has not reached it for 15 minutes. The others of its kind do the"
            " work, if there are any.",
        ),
        _ticket(
            name="ProbesMissing",
            expr='count by (job) (up{job=~"emc-(portals|interfaces)"} == 0)',
            lasts="10m",
            summary="{{ $value }} addresses are not probed",
            summary_vi="{{ $value }} địa chỉ không được kiểm tra từ bên ngoài",
            description="The blackbox exporter has not answered for 10 minutes about {{ $value }}"
            " targets of {{ $labels.job }}: whether they can be reached is not known.",
        ),
        _ticket(
            name="CertificateExpiring",
            expr=f"""\
min by (instance) (
  emc_gateway_certificate_valid_until_timestamp_seconds > 0
) - time() < {said.certificate_days * DAY_SECONDS}""",
            lasts="1h",
            summary="The certificate of the gateway {{ $labels.instance }} ends in {{ $value |"
            " humanizeDuration }}",
            summary_vi="Chứng thư TLS của gateway {{ $labels.instance }} còn hiệu lực {{ $value |"
            " humanizeDuration }}",
            description="Afterwards no system can send to it. It is valid for {{ $value |"
            " humanizeDuration }} more; below zero it has ended.",
        ),
        _ticket(
            name="TopicUnread",
            # One that is missing is of a source that sends otherwise, as a rule over HTTP.
            expr="max by (state)"
            ' (emc_ingest_topics{state=~"another_log|nobodys|producers_time"}) > 0',
            lasts="30m",
            summary="{{ $value }} topics of sources are not read: {{ $labels.state }}",
            summary_vi="{{ $value }} chủ đề Kafka của nguồn dữ liệu không được đọc: {{ $labels.state }}",
            description="For 30 minutes emc ingest has left {{ $value }} topics unread, which it calls"
            " {{ $labels.state }}.",
        ),
    ]


def _ledger(said: Own) -> list[Alert]:
    refused = shown('emc_records_total{outcome="refused"}')
    judged = "\nor\n".join(
        f'label_replace(emc_{what}_judged_timestamp_seconds, "what", "{what}", "", "")'
        for what in JUDGED
    )
    return [
        _page(
            name="LedgerBehind",
            # What a process counted before its first scrape is no increase; if it is young, all of
            # it is new. That there was no sample an hour ago says nothing.
            expr=f"""\
sum(increase({BEHIND}[1h])) > 0
or
sum({BEHIND} and on (job, instance) time() - process_start_time_seconds < 3600) > 0""",
            summary="PostgreSQL has lost bookings that it had acknowledged",
            summary_vi="PostgreSQL đã mất các bút toán mà nó từng xác nhận",
            description="Within an hour workers found {{ $value | humanize }} records not booked that"
            " had been. They are read again from the log; what Kafka has deleted meanwhile is not.",
        ),
        _page(
            name="LedgerDrift",
            expr=f"{shown('emc_ledger_drift')} > 0",
            keeps="15m",
            summary="The books disagree: {{ $labels.check }}",
            summary_vi="Số liệu trong sổ cái không khớp: {{ $labels.check }}",
            description="emc reconcile has found {{ $value }} accounts (or dossiers) that differ in"
            " the check {{ $labels.check }}. Figures may be wrong.",
        ),
        _page(
            name="BalancesBehind",
            expr="time()"
            f" - ({highest('emc_ledger_follower_watermark_timestamp_seconds')} > 0)"
            f" > {said.balances_behind_seconds}",
            lasts="5m",
            summary="Balances are {{ $value | humanizeDuration }} behind the journal",
            summary_vi="Số dư chậm {{ $value | humanizeDuration }} so với nhật ký sổ cái",
            description="What was booked in the last {{ $value | humanizeDuration }} is in no report by"
            " day and in no objective yet. No worker makes balances.",
        ),
        _page(
            name="QuarantineLimitReached",
            expr=f"""\
sum by (source) ({refused})
- (
  sum by (source) ({shown("emc_quarantine_settled_total")})
  or 0 * sum by (source) ({refused})
)
>= {said.quarantine_records}""",
            keeps="15m",
            summary="The quarantine of {{ $labels.source }} is full",
            summary_vi="Khu cách ly của nguồn {{ $labels.source }} đã đầy",
            description="{{ $value }} refused records of {{ $labels.source }} are held; further ones"
            " are counted, and their bytes are not kept.",
        ),
        _page(
            name="ConnectionsStale",
            expr=f"""\
time() - {highest("emc_sources_judged_timestamp_seconds")} > {said.judged_seconds}
or
{highest("emc_sent_backlog_rows")} > {said.waiting_bookings}""",
            lasts="5m",
            summary="Nobody judges connections",
            summary_vi="Tình trạng kết nối của các nguồn không được cập nhật",
            description="The oldest judgement is more than"
            f" {said.judged_seconds} s old, or more than {said.waiting_bookings} bookings wait to be counted"
            " ({{ $value | humanize }}): a source that falls silent now is not noticed.",
        ),
        _page(
            name="ObjectivesStale",
            expr=f"time() - max by (what) (\n{judged}\n) > {said.judged_seconds}",
            lasts="5m",
            summary="{{ $labels.what }}: judged {{ $value | humanizeDuration }} ago",
            summary_vi="{{ $labels.what }}: được đánh giá lần cuối cách đây"
            " {{ $value | humanizeDuration }}",
            description="What emc serve shows of {{ $labels.what }} is {{ $value | humanizeDuration }}"
            " old: no worker judges it. Alerts and digests that rest on it are as old.",
        ),
        _ticket(
            name="LedgerUnchecked",
            expr=f"time() - {shown('emc_ledger_reconciled_timestamp_seconds')}"
            f" > {said.reconciled_days * DAY_SECONDS}",
            lasts="1h",
            summary="emc reconcile has not checked {{ $labels.check }} for {{ $value | humanizeDuration }}",
            summary_vi="Đã {{ $value | humanizeDuration }} chưa đối chiếu sổ cái: {{ $labels.check }}",
            description=f"It should run each week, and has not for more than {said.reconciled_days} days.",
        ),
        _ticket(
            name="SeriesOverflow",
            expr=f"{shown('emc_snapshot_summed_into_other')} > 0",
            lasts="30m",
            summary="{{ $value }} label sets of {{ $labels.part }} are summed into other",
            summary_vi="{{ $value }} tổ hợp nhãn của {{ $labels.part }} bị gộp vào nhóm other",
            description="The budget of series, or a limit, is reached: sums are right, and {{ $value"
            " }} label sets of {{ $labels.part }} are not shown by themselves.",
        ),
    ]
