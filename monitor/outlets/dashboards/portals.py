"""Portals and interfaces: whether citizens and systems get through, and how fast they are answered."""

from collections.abc import Mapping
from typing import Final

from monitor.outlets import latency
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.declare import (
    Colour,
    Dashboard,
    From,
    Kind,
    Panel,
    Promql,
    Row,
    Unit,
    Variable,
)
from monitor.outlets.dashboards.internals import quantile
from monitor.outlets.dashboards.national import ANY_IS_NOTED, PORTALS
from monitor.outlets.names import Metric

_NO_GATEWAY: Final = "nothing was asked of the gateway, or none is scraped."
_NO_REQUESTS: Final = "no system tells of the requests it answers (service.request)."
_SOURCE: Final = Variable.SOURCE
_NO_PROBES: Final = "no blackbox exporter is scraped; deploy/prometheus has its jobs."
_DAY: Final = 86_400


def dashboard(of: Mapping[str, Metric]) -> Dashboard:
    """`of` are the metrics of processes, by name."""
    return Dashboard(
        uid=PORTALS,
        vi="Cổng dịch vụ công và giao diện kết nối",
        en="Portals and interfaces",
        about="Whether citizens and systems get through, how fast they are answered, and what the"
        " gateway takes in.",
        variables=(_SOURCE,),
        since="now-6h",
        refresh="1m",
        rows=(
            Row("Kiểm tra từ bên ngoài", "Probes from outside", _probes()),
            Row(
                "Cổng và giao diện của các hệ thống",
                "Portals and interfaces of systems",
                _systems(),
            ),
            Row("Cổng tiếp nhận sự kiện", "The gateway", _gateway(of)),
        ),
    )


def _probes() -> tuple[Panel, ...]:
    return (
        Panel(
            kind=Kind.LINES,
            vi="Trả lời được",
            en="Answers",
            unit=Unit.SHARE,
            most=1,
            says="Share of the blackbox exporter's probes of the last five minutes that were"
            " answered as they must be.",
            queries=(
                Promql(
                    "avg by (source, interface) (avg_over_time(probe_success[5m]))",
                    "{{source}} {{interface}}",
                ),
            ),
            empty=_NO_PROBES,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Thời gian trả lời, từ bên ngoài",
            en="Time to answer, from outside",
            unit=Unit.SECONDS,
            says="Of a probe, from name resolution to the last byte.",
            queries=(
                Promql(
                    "max by (source, interface) (probe_duration_seconds)",
                    "{{source}} {{interface}}",
                ),
            ),
            empty=_NO_PROBES,
        ),
    )


def _systems() -> tuple[Panel, ...]:
    answers = asks.summed(asks.pace(latency.REQUESTS, _SOURCE), "answer")
    rising = asks.within(latency.REQUESTS, "1h", _SOURCE)
    bad = asks.within(latency.REQUESTS, "1h", _SOURCE, also='answer=~"5xx|timeout"')
    buckets = asks.pace(latency.DURATION, _SOURCE, suffix="_bucket")
    return (
        Panel(
            kind=Kind.LINES,
            vi="Yêu cầu theo kết quả trả lời",
            en="Requests by answer",
            unit=Unit.PER_SECOND,
            width=8,
            of=(latency.REQUESTS,),
            queries=(Promql(answers, "{{answer}}"),),
            empty=_NO_REQUESTS,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Tỷ lệ không phục vụ được",
            en="Share not served",
            unit=Unit.SHARE,
            most=1,
            width=8,
            says="Answered with 5xx or not in time, of all requests of the last hour: sums of both"
            " sides, so that a quiet minute weighs no more than it should.",
            of=(latency.REQUESTS,),
            queries=(
                Promql(
                    f"({asks.summed(bad, 'source', 'interface')}"
                    f" or 0 * {asks.summed(rising, 'source', 'interface')})"
                    f" / {asks.summed(rising, 'source', 'interface')}",
                    "{{source}} {{interface}}",
                ),
            ),
            empty=_NO_REQUESTS,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Thời gian trả lời của hệ thống",
            en="Time that systems take to answer",
            unit=Unit.SECONDS,
            width=8,
            says="95th percentile by interface.",
            of=(latency.DURATION,),
            queries=(
                Promql(
                    "histogram_quantile(0.95, "
                    + asks.summed(buckets, "le", "source", "interface")
                    + ")",
                    "{{source}} {{interface}}",
                    exemplars=True,
                ),
            ),
            empty=_NO_REQUESTS,
        ),
    )


def _gateway(of: Mapping[str, Metric]) -> tuple[Panel, ...]:
    requests, seconds = (
        of["emc_gateway_requests_total"],
        of["emc_gateway_request_duration_seconds"],
    )
    produced, refused = of["emc_gateway_produced_total"], of["emc_gateway_refused_total"]
    unwritten, held = of["emc_gateway_unwritten_total"], of["emc_gateway_held_bytes"]
    waiting, lost = (
        of["emc_gateway_quarantine_waiting_records"],
        of["emc_gateway_quarantine_lost_records_total"],
    )
    certificate = of["emc_gateway_certificate_valid_until_timestamp_seconds"]
    return (
        Panel(
            kind=Kind.LINES,
            vi="Yêu cầu theo kết quả",
            en="Requests to the gateway",
            unit=Unit.PER_SECOND,
            width=8,
            of=(requests,),
            queries=(
                Promql(
                    f"sum by (endpoint, status) (rate({requests.name}[$__rate_interval]))",
                    "{{endpoint}} {{status}}",
                ),
            ),
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Tỷ lệ lỗi phía máy chủ",
            en="Share of answers that are ours to mend",
            unit=Unit.SHARE,
            most=1,
            width=8,
            says="5xx of all answers.",
            of=(requests,),
            queries=(
                Promql(
                    f'(sum(rate({requests.name}{{status="5xx"}}[$__rate_interval])) or vector(0))'
                    f" / sum(rate({requests.name}[$__rate_interval]))",
                    "5xx",
                ),
            ),
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Thời gian trả lời",
            en="Time to answer",
            unit=Unit.SECONDS,
            width=8,
            of=(seconds,),
            queries=(
                Promql(quantile(seconds, 0.5), "p50"),
                Promql(quantile(seconds, 0.95), "p95"),
                Promql(quantile(seconds, 0.99), "p99"),
            ),
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Sự kiện đã nhận",
            en="Events taken",
            unit=Unit.PER_SECOND,
            width=8,
            of=(produced,),
            queries=(
                Promql(
                    f"sum by (source) (rate({produced.name}[$__rate_interval]))", "{{source}}"
                ),
            ),
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Sự kiện bị từ chối hoặc phải gửi lại",
            en="Events refused, or to be sent again",
            unit=Unit.PER_SECOND,
            width=8,
            of=(refused, unwritten),
            queries=(
                Promql(
                    f"sum by (reason) (rate({refused.name}[$__rate_interval]))", "{{reason}}"
                ),
                Promql(
                    f"sum by (outcome) (rate({unwritten.name}[$__rate_interval]))",
                    "gửi lại · again {{outcome}}",
                ),
            ),
            empty="nothing was refused and everything was written.",
        ),
        Panel(
            kind=Kind.LINES,
            vi="Bộ nhớ đang giữ",
            en="Held in memory",
            unit=Unit.BYTES,
            width=8,
            of=(held,),
            queries=(Promql(f"sum by (part) ({held.name})", "{{part}}"),),
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Bản ghi bị từ chối chưa lưu",
            en="Refused and not stored yet",
            width=8,
            height=4,
            of=(waiting,),
            queries=(Promql(f"sum({waiting.name})"),),
            steps=ANY_IS_NOTED,
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Bản ghi bị từ chối đã mất nội dung",
            en="Refused, and the bytes given up",
            width=8,
            height=4,
            of=(lost,),
            queries=(Promql(f"sum({lost.name})"),),
            steps=ANY_IS_NOTED,
            empty=_NO_GATEWAY,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Chứng thư còn hạn",
            en="Certificate valid for",
            unit=Unit.SECONDS,
            width=8,
            height=4,
            says="Of the gateway whose certificate ends first.",
            of=(certificate,),
            queries=(Promql(f"min({certificate.name} > 0) - time()"),),
            steps=(
                From(None, Colour.BAD),
                From(3 * _DAY, Colour.WATCH),
                From(14 * _DAY, Colour.GOOD),
            ),
            empty="every gateway speaks plain HTTP, behind a proxy.",
        ),
    )
