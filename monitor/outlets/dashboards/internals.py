"""Monitor internals: whether the monitor itself keeps up, agrees with itself and has room."""

from collections.abc import Mapping
from typing import Final

from monitor.outlets import dues, latency, names, objectives
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.declare import (
    Colour,
    Column,
    Dashboard,
    From,
    Kind,
    Panel,
    Promql,
    Row,
    Sql,
    Unit,
)
from monitor.outlets.dashboards.national import ANY_IS_BAD, ANY_IS_NOTED, INTERNALS
from monitor.outlets.names import Metric

_NEVER_RECONCILED: Final = "emc reconcile was never run."
_NO_WORKER: Final = "no worker is scraped."
_SECONDS: Final = (From(None, Colour.GOOD), From(60, Colour.WATCH), From(300, Colour.BAD))
_BOOKED: Final = Unit.PER_SECOND

_TABLES: Final = Sql(
    """\
SELECT relname::text AS "bảng · table", pg_total_relation_size(oid)::int8 AS "dung lượng · size",
       greatest(reltuples, 0)::int8 AS "số dòng (ước) · rows, about"
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
ORDER BY 2 DESC LIMIT 20"""
)
_EPOCHS: Final = Sql(
    """\
SELECT epoch, rules, reference, state, begun_at AS "bắt đầu · begun",
       activated_at AS "hiệu lực · activated"
FROM policy ORDER BY epoch DESC LIMIT 20"""
)


def quantile(metric: Metric, share: float, *by: str) -> str:
    """A quantile of a histogram that processes keep each for themselves."""
    labels = ", ".join(["le", *by])
    return (
        f"histogram_quantile({share}, sum by ({labels})"
        f" (rate({metric.name}_bucket[$__rate_interval])))"
    )


def dashboard(of: Mapping[str, Metric]) -> Dashboard:
    """`of` are the metrics of processes, by name."""
    return Dashboard(
        uid=INTERNALS,
        vi="Nội bộ hệ thống giám sát",
        en="Monitor internals",
        about="Whether the monitor itself keeps up, whether its books agree, and how much room it"
        " has. Everything else rests on this page being green.",
        since="now-6h",
        refresh="1m",
        rows=(
            Row("Sức khỏe", "Health", _health(of)),
            Row("Luồng sự kiện", "The stream", _stream(of)),
            Row("Sổ cái", "The ledger", _ledger(of)),
            Row("Tài nguyên", "Resources", _resources(of)),
        ),
    )


def _health(of: Mapping[str, Metric]) -> tuple[Panel, ...]:
    lag = of["emc_worker_lag_seconds"]
    return (
        Panel(
            kind=Kind.STAT,
            vi="Tiến trình đang chạy",
            en="Processes up",
            width=4,
            height=4,
            says="Scrape targets that answer, of all that Prometheus knows.",
            queries=(Promql("sum(up)"),),
        ),
        Panel(
            kind=Kind.STAT,
            vi="Không trả lời",
            en="Processes down",
            width=4,
            height=4,
            says="Scrape targets that do not answer. `emc serve` answers with an error rather than"
            " with an old figure; the body says why.",
            queries=(Promql("count(up == 0) or vector(0)"),),
            steps=ANY_IS_BAD,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Độ trễ xử lý",
            en="Lag",
            width=4,
            height=4,
            unit=Unit.SECONDS,
            says="The most of all partitions.",
            of=(lag,),
            queries=(Promql(f"max({lag.name})"),),
            steps=_SECONDS,
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Sai lệch sổ cái",
            en="Ledger drift",
            width=4,
            height=4,
            says="Over all checks.",
            of=(names.DRIFT,),
            queries=(Promql(asks.summed(asks.gauge(names.DRIFT))),),
            steps=ANY_IS_BAD,
            empty=_NEVER_RECONCILED,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Số dư chậm",
            en="Balances behind",
            width=4,
            height=4,
            unit=Unit.SECONDS,
            says="How old the follower's watermark is.",
            of=(names.WATERMARK,),
            queries=(Promql(f"time() - {asks.gauge(names.WATERMARK)}"),),
            steps=_SECONDS,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Nhãn gộp vào other",
            en="Labels summed into other",
            width=4,
            height=4,
            of=(names.SNAPSHOT_OTHER,),
            queries=(Promql(asks.summed(asks.gauge(names.SNAPSHOT_OTHER))),),
            steps=ANY_IS_NOTED,
        ),
    )


def _stream(of: Mapping[str, Metric]) -> tuple[Panel, ...]:
    lag_records, commit = of["emc_worker_lag_records"], of["emc_worker_commit_duration_seconds"]
    batch, unit = of["emc_worker_batch_duration_seconds"], of["emc_worker_unit_records"]
    fallbacks, watchdog = of["emc_worker_fallbacks_total"], of["emc_worker_watchdog_total"]
    at_hand = of["emc_worker_dossiers_at_hand"]
    return (
        Panel(
            kind=Kind.LINES,
            vi="Bản ghi đã ghi sổ",
            en="Records booked",
            unit=Unit.PER_SECOND,
            width=8,
            of=(names.RECORDS,),
            queries=(Promql(asks.summed(asks.pace(names.RECORDS), "outcome"), "{{outcome}}"),),
        ),
        Panel(
            kind=Kind.LINES,
            vi="Bản ghi đang chờ",
            en="Records that wait",
            width=8,
            of=(lag_records,),
            queries=(
                Promql(
                    f"max by (topic, partition) ({lag_records.name})",
                    "{{topic}} {{partition}}",
                ),
            ),
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Thời gian một lần ghi sổ",
            en="Time of a booking",
            unit=Unit.SECONDS,
            width=8,
            says="Median and 95th percentile over all workers.",
            of=(commit, batch),
            queries=(
                Promql(quantile(commit, 0.5), "ghi sổ · commit p50"),
                Promql(quantile(commit, 0.95), "ghi sổ · commit p95"),
                Promql(quantile(batch, 0.95), "gộp · fold p95"),
            ),
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Số bản ghi một lần ghi sổ",
            en="Records of a booking",
            width=8,
            says="Median over all workers.",
            of=(unit,),
            queries=(Promql(quantile(unit, 0.5), "p50"),),
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Hồ sơ trong bộ nhớ",
            en="Dossiers at hand",
            width=8,
            of=(at_hand,),
            queries=(Promql(f"sum by (instance) ({at_hand.name})", "{{instance}}"),),
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Đọc lại từ đầu",
            en="Fallbacks and watchdog",
            width=8,
            says="In the last hour.",
            of=(fallbacks, watchdog),
            queries=(
                Promql(f"sum by (cause) (increase({fallbacks.name}[1h]))", "{{cause}}"),
                Promql(
                    f"sum by (action) (increase({watchdog.name}[1h]))", "watchdog {{action}}"
                ),
            ),
            empty="nothing was dropped and read again since the workers started.",
        ),
    )


def _ledger(of: Mapping[str, Metric]) -> tuple[Panel, ...]:
    behind = of["emc_worker_ledger_behind_records_total"]
    folded = of["emc_worker_follower_folded_rows_total"]
    failures = of["emc_worker_follower_failures_total"]
    return (
        Panel(
            kind=Kind.LINES,
            vi="Sổ nhật ký chưa vào số dư",
            en="Journal not in the balances",
            width=8,
            of=(names.BACKLOG,),
            queries=(Promql(asks.gauge(names.BACKLOG), "trang · pages"),),
        ),
        Panel(
            kind=Kind.LINES,
            vi="Nhịp lập số dư",
            en="Pace of the follower",
            width=8,
            unit=Unit.PER_SECOND,
            of=(folded, failures),
            queries=(
                Promql(f"sum(rate({folded.name}[$__rate_interval]))", "trang · pages"),
                Promql(
                    f"sum by (cause) (rate({failures.name}[$__rate_interval]))",
                    "lỗi · failed {{cause}}",
                ),
            ),
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.LINES,
            vi="Kiểm tra sổ cái cách đây",
            en="Since the last checks",
            width=8,
            unit=Unit.SECONDS,
            of=(names.RECONCILED,),
            queries=(Promql(f"time() - {asks.gauge(names.RECONCILED)}", "{{check}}"),),
            empty=_NEVER_RECONCILED,
        ),
        *(
            Panel(
                kind=Kind.STAT,
                vi=vi,
                en=en,
                width=6,
                height=4,
                unit=Unit.SECONDS,
                says="Time since.",
                of=(judged,),
                queries=(Promql(f"time() - {asks.gauge(judged)}"),),
                steps=_SECONDS,
                empty=empty,
            )
            for vi, en, judged, empty in (
                (
                    "Đánh giá kết nối cách đây",
                    "Connections judged",
                    names.SOURCES_JUDGED,
                    "no source is registered.",
                ),
                (
                    "Đánh giá mục tiêu cách đây",
                    "Objectives judged",
                    objectives.JUDGED,
                    "no objective is in force.",
                ),
                (
                    "Đánh giá thời gian cách đây",
                    "Latencies judged",
                    latency.JUDGED,
                    "no worker has judged them.",
                ),
                (
                    "Dự báo hạn cách đây",
                    "Dues judged",
                    dues.JUDGED,
                    "no worker has judged them.",
                ),
            )
        ),
        Panel(
            kind=Kind.STAT,
            vi="Sự kiện kết nối chưa đếm",
            en="Bookings not counted for connections",
            width=8,
            height=4,
            of=(names.SENT_BACKLOG,),
            queries=(Promql(asks.gauge(names.SENT_BACKLOG)),),
        ),
        Panel(
            kind=Kind.STAT,
            vi="Bút toán máy chủ sổ cái đã mất",
            en="Forgotten by the ledger's server",
            width=8,
            height=4,
            of=(behind,),
            queries=(Promql(f"sum({behind.name})"),),
            steps=ANY_IS_BAD,
            empty=_NO_WORKER,
        ),
        Panel(
            kind=Kind.STAT,
            vi="Hồ sơ theo quy tắc cũ",
            en="Dossiers under other rules",
            width=8,
            height=4,
            of=(names.STALE,),
            queries=(Promql(asks.gauge(names.STALE)),),
            empty=_NEVER_RECONCILED,
        ),
        Panel(
            kind=Kind.TABLE,
            vi="Chính sách tính theo thời kỳ",
            en="Policies by epoch",
            says="Under which rules and reference files was booked, and since when.",
            of=(names.POLICY,),
            queries=(_EPOCHS,),
            columns=(
                Column(name="bắt đầu · begun", unit=Unit.TIME),
                Column(name="hiệu lực · activated", unit=Unit.TIME),
            ),
            empty="no worker has registered a policy.",
        ),
        Panel(
            kind=Kind.TABLE,
            vi="Dung lượng theo bảng",
            en="Size by table",
            says="With indexes; rows as PostgreSQL last estimated them.",
            queries=(_TABLES,),
            columns=(Column(name="dung lượng · size", unit=Unit.BYTES),),
        ),
    )


def _resources(of: Mapping[str, Metric]) -> tuple[Panel, ...]:
    build = of["emc_worker_build_info"]
    return (
        Panel(
            kind=Kind.LINES,
            vi="Số chuỗi số liệu",
            en="Series of a scrape",
            width=8,
            steps=(
                From(None, Colour.GOOD),
                From(names.SERIES_BUDGET * 0.9, Colour.WATCH),
                From(names.SERIES_BUDGET, Colour.BAD),
            ),
            says=f"The budget is {names.SERIES_BUDGET:,}.",
            of=(names.SNAPSHOT_SERIES,),
            queries=(Promql(asks.gauge(names.SNAPSHOT_SERIES), "emc serve"),),
        ),
        Panel(
            kind=Kind.LINES,
            vi="Bộ nhớ",
            en="Memory",
            width=8,
            unit=Unit.BYTES,
            says="Resident memory of each process.",
            queries=(Promql("process_resident_memory_bytes", "{{job}} {{instance}}"),),
        ),
        Panel(
            kind=Kind.LINES,
            vi="CPU",
            en="CPU",
            width=8,
            unit=Unit.NUMBER,
            says="Cores that each process uses.",
            queries=(
                Promql(
                    "rate(process_cpu_seconds_total[$__rate_interval])", "{{job}} {{instance}}"
                ),
            ),
        ),
        Panel(
            kind=Kind.TABLE,
            vi="Phiên bản",
            en="Releases",
            width=24,
            height=6,
            says="Which release runs where.",
            of=(names.BUILD, build),
            queries=(Promql('{__name__=~"emc_(worker_|gateway_)?build_info"}'),),
        ),
    )
