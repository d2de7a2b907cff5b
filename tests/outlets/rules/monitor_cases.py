"""The monitor itself: processes, then the ledger."""

from typing import Final

from tests.outlets.rules.case import Case, Fires, Told, series, serve

PROCESSES: Final = ("fresh", "monitor")
RUNBOOKS: Final = "https://emc.example.gov.vn/docs/how-to/alerts/"
BOARD: Final = "https://grafana.example.gov.vn/d/emc-monitor"
FIRES: Final[Fires] = [{}]
DAY_AND_NIGHT: Final = "a process runs by night as by day: nothing of it depends on traffic"
NO_VOLUME: Final = "nothing of it is a share of a volume"


def labels(severity: str) -> dict[str, str]:
    return {"severity": severity, "about": "monitor"}


def texts(runbook: str, summary: str, summary_vi: str, description: str) -> dict[str, str]:
    return {
        "summary": summary,
        "summary_vi": summary_vi,
        "description": description,
        "runbook_url": f"{RUNBOOKS}{runbook}.md",
        "dashboard_url": BOARD,
    }


def up(job: str, values: str, instance: str = "a") -> dict[str, str]:
    return {series("up", job=job, instance=instance): values}


def one(metric: str, values: str, instance: str = "a", **labels: str) -> dict[str, str]:
    return {series(metric, instance=instance, **labels): values}


def down(alert: str, job: str, runbook: str, said: tuple[str, str, str], no_data: Case) -> Told:
    """All processes of a job are away."""
    return Told(
        alert=alert,
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(runbook, *said),
        firing=Case(
            says="both do not answer for two minutes",
            given=up(job, "1x5 0x30") | up(job, "1x5 0x30", "b"),
            at={"10m": FIRES, "7m": []},
        ),
        not_firing=Case(
            says="both answer", given=up(job, "1x30") | up(job, "1x30", "b"), at={"20m": []}
        ),
        resolving=Case(
            says="one answers again",
            given=up(job, "1x5 0x10 1x20") | up(job, "1x5 0x30", "b"),
            at={"15m": FIRES, "17m": []},
        ),
        no_data=no_data,
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=(
            Case(
                says="one of two is down: the other does the work",
                given=up(job, "1x5 0x30") | up(job, "1x40", "b"),
                at={"20m": []},
            ),
            Case(
                says="they are upgraded one after the other",
                given=up(job, "1x5 0 0 1x30") | up(job, "1x8 0 0 1x30", "b"),
                at={"7m": [], "10m": [], "12m": []},
            ),
        ),
    )


def ledger_time(
    alert: str,
    metric: str,
    runbook: str,
    said: tuple[str, str, str],
    never: str,
    fires: Fires = FIRES,
) -> Told:
    """A time that should move on and stands still from minute 10."""
    return Told(
        alert=alert,
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(runbook, *said),
        firing=Case(
            says="it stands still",
            given=serve() | one(metric, "0+60x10 600x60"),
            at={"30m": fires, "25m": [], "19m": []},
        ),
        not_firing=Case(
            says="it moves on each minute",
            given=serve() | one(metric, "0+60x60"),
            at={"10m": [], "1h": []},
        ),
        resolving=Case(
            says="it moves on again",
            given=serve() | one(metric, "0+60x10 600x20 1860+60x30"),
            at={"30m": fires, "33m": []},
        ),
        no_data=(
            Case(says=never, given=serve(), at={"1h": []}),
            Case(says="nothing at all: ExporterStale tells of that", given={}, at={"1h": []}),
        ),
        idle_night=Case(
            says="it moves on while nothing is booked",
            given=serve() | one(metric, "0+60x300") | one("emc_ledger_next_offset", "7x300"),
            at={"5h": []},
        ),
        tet=Case(
            says="it moves on through nine days off",
            every="30m",
            given=serve(500, minutes=30) | one(metric, "0+1800x500"),
            at={"1d": [], "9d": []},
        ),
        low_volume=NO_VOLUME,
        replicas=(
            Case(
                says="a reads a standby that lags; b shows it moving on",
                given=serve()
                | serve(instance="b")
                | one(metric, "0+60x10 600x60")
                | one(metric, "0+60x70", "b"),
                at={"40m": []},
            ),
            Case(
                says="b is absent",
                given=serve() | one(metric, "0+60x10 600x60") | one(metric, "0 stale", "b"),
                at={"30m": fires},
            ),
        ),
    )


def gateway(failed: str, good: str, instance: str = "a") -> dict[str, str]:
    metric = "emc_gateway_requests_total"
    every = {"job": "emc-gateway", "instance": instance, "endpoint": "events", "source": "s"}
    return {
        series(metric, status="5xx", **every): failed,
        series(metric, status="2xx", **every): good,
    }


def lag(seconds: str, records: str, instance: str = "a") -> dict[str, str]:
    every = {
        "job": "emc-worker",
        "instance": instance,
        "topic": "emc.dossiers",
        "partition": "3",
    }
    return {
        series("emc_worker_lag_seconds", **every): seconds,
        series("emc_worker_lag_records", **every): records,
    }


TOPIC: Final[Fires] = [{"job": "emc-worker", "topic": "emc.dossiers"}]
BEHIND: Final = "emc_worker_ledger_behind_records_total"
CERTIFICATE: Final = "emc_gateway_certificate_valid_until_timestamp_seconds"
STARTED: Final = "process_start_time_seconds"

CASES: Final = (
    Told(
        alert="ExporterStale",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "exporter-stale",
            "No emc serve shows what the ledger has now",
            "Không có emc serve nào hiển thị số liệu hiện tại của sổ cái",
            "For a minute no instance of emc serve has shown figures younger than 120 s. The last are"
            " 5m 0s old. Until it answers, alerts about sources and objectives are blind.",
        ),
        firing=(
            Case(
                says="both instances stop",
                given=serve(10) | serve(10, "b"),
                at={"15m": FIRES, "12m": []},
            ),
            Case(
                says="the scrape fails, as when the ledger is away",
                given=one("emc_snapshot_timestamp_seconds", "0+60x10 stale"),
                at={"13m": FIRES},
            ),
        ),
        not_firing=Case(says="one instance is scraped", given=serve(60), at={"1h": []}),
        resolving=Case(
            says="it answers again",
            given=one("emc_snapshot_timestamp_seconds", "0+60x10 stale _x9 1260+60x20"),
            at={"20m": FIRES, "22m": []},
        ),
        no_data=Case(says="there never was any: it is about that", given={}, at={"2m": FIRES}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=(
            Case(says="b is absent", given=serve(60) | serve(10, "b"), at={"30m": []}),
            Case(
                says="b hangs",
                given=serve(60) | one("emc_snapshot_timestamp_seconds", "0x60", "b"),
                at={"30m": []},
            ),
        ),
    ),
    down(
        "WorkerDown",
        "emc-worker",
        "worker-down",
        (
            "No worker runs: nothing is booked",
            "Không có worker nào chạy: không ghi nhận được sự kiện hồ sơ",
            (
                "Prometheus has reached no emc worker for 2 minutes. Events wait in Kafka and are not"
                " lost; every figure stands still."
            ),
        ),
        Case(
            says="no target at all: there must be a worker", given=serve(30), at={"10m": FIRES}
        ),
    ),
    down(
        "IngestDown",
        "emc-ingest",
        "ingest-down",
        (
            "No emc ingest runs: what systems put on Kafka is not taken in",
            "Không có emc ingest nào chạy: dữ liệu các hệ thống gửi qua Kafka chưa được tiếp nhận",
            (
                "Prometheus has reached no emc ingest for 2 minutes. Records wait on the topics of"
                " sources, and connections are not judged."
            ),
        ),
        Case(says="no target: it is not run here", given=serve(30), at={"10m": []}),
    ),
    down(
        "GatewayDown",
        "emc-gateway",
        "gateway-down",
        (
            "No gateway runs: systems cannot send over HTTP",
            "Không có cổng tiếp nhận (gateway) nào chạy: các hệ thống không gửi được qua HTTP",
            (
                "Prometheus has reached no emc gateway for 2 minutes. Clients with an outbox keep what"
                " they have; others lose it."
            ),
        ),
        Case(says="no target: it is not run here", given=serve(30), at={"10m": []}),
    ),
    Told(
        alert="WorkerRestarting",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "worker-restarting",
            "a (emc-worker) starts again and again",
            "a (emc-worker) liên tục khởi động lại",
            "3 starts within 15 minutes. It ends with one line that says why; refusals that are our"
            " own fault end it so.",
        ),
        firing=Case(
            says="three starts in a quarter of an hour",
            given={series(STARTED, job="emc-worker"): "0x3 240x3 480x3 720x20"},
            at={"13m": [{"job": "emc-worker", "instance": "a"}], "11m": []},
        ),
        not_firing=Case(
            says="started again once",
            given={series(STARTED, job="emc-worker"): "0x3 240x30"},
            at={"13m": [], "30m": []},
        ),
        resolving=Case(
            says="it runs on",
            given={series(STARTED, job="emc-worker"): "0x3 240x3 480x3 720x40"},
            at={"15m": [{"job": "emc-worker", "instance": "a"}], "25m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"30m": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=Case(
            says="six workers are upgraded, each starts once",
            given={
                series(STARTED, job="emc-worker", instance=name): f"0x{at} {at * 60}x30"
                for at, name in enumerate("abcdef", start=3)
            },
            at={"9m": [], "15m": []},
        ),
    ),
    Told(
        alert="GatewayFailing",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "gateway-failing",
            "The gateway cannot take in what systems send",
            "Cổng tiếp nhận (gateway) không nhận được dữ liệu các hệ thống gửi",
            "50% of the requests of 10 minutes were answered with 5xx, for the most part since Kafka"
            " does not acknowledge. Clients are asked to send again.",
        ),
        firing=Case(
            says="half of the requests fail",
            given=gateway("0+30x60", "0+30x60"),
            at={"20m": FIRES, "2m": []},
        ),
        not_firing=(
            Case(
                says="one in twenty fails", given=gateway("0+3x60", "0+57x60"), at={"20m": []}
            ),
            Case(says="none fails", given=gateway("0x60", "0+60x60"), at={"20m": []}),
        ),
        resolving=Case(
            says="Kafka is back",
            given=gateway("0+30x20 600x60", "0+30x20 600+60x60"),
            at={"20m": FIRES, "40m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"30m": []}),
        idle_night=Case(
            says="no request for five hours", given=gateway("5x300", "900x300"), at={"5h": []}
        ),
        tet=Case(
            says="no request for a day",
            every="5m",
            given=gateway("5x300", "900x300"),
            at={"1d": []},
        ),
        low_volume=Case(
            says="six of six fail within half an hour",
            given=gateway("0 0 1 1 1 1 2 2 2 2 3 3 3 4 4 4 5 5 5 6x20", "0x60"),
            at={"12m": [], "20m": [], "30m": []},
        ),
        replicas=(
            Case(
                says="a cannot reach Kafka and b can: a tenth and more of all fail",
                given=gateway("0+30x60", "0x60") | gateway("0x60", "0+30x60", "b"),
                at={"20m": FIRES},
            ),
            Case(
                says="b is absent",
                given=gateway("0+30x60", "0+30x60") | gateway("0 stale", "0 stale", "b"),
                at={"20m": FIRES},
            ),
        ),
    ),
    Told(
        alert="WorkerLagging",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "worker-lagging",
            "emc.dossiers is read 20m 0s late",
            "Chủ đề emc.dossiers được đọc chậm 20m 0s",
            "The last booked record of a partition of emc.dossiers is 20m 0s old, and as it goes the"
            " lag will not be gone within an hour. Figures are as old.",
        ),
        firing=Case(
            says="a partition stands still while producers send",
            given=lag("0+60x60", "0+600x60"),
            at={"20m": TOPIC, "10m": []},
        ),
        not_firing=(
            Case(says="half a minute late", given=lag("30x60", "40x60"), at={"1h": []}),
            Case(
                says="an old log is replayed, and will be read in half an hour",
                given=lag("90000-3000x30 0x30", "30000-1000x30 0x30"),
                at={"10m": [], "20m": [], "29m": []},
            ),
        ),
        resolving=Case(
            says="it has caught up",
            given=lag("0+60x30 0x30", "0+600x30 0x30"),
            at={"30m": TOPIC, "31m": []},
        ),
        no_data=Case(says="nothing at all: WorkerDown tells of that", given={}, at={"1h": []}),
        idle_night=Case(
            says="nothing is sent, so nothing lags",
            given=lag("0x300", "0x300"),
            at={"1h": [], "5h": []},
        ),
        tet=Case(
            says="nothing is sent for nine days",
            every="30m",
            given=lag("0x500", "0x500"),
            at={"1d": [], "9d": []},
        ),
        low_volume=Case(
            says="one record an hour, each booked within the minute",
            given=lag("0 0 40 0x56 0 0 40 0x56", "0 0 1 0x56 0 0 1 0x56"),
            at={"2m": [], "1h2m": [], "1h30m": []},
        ),
        replicas=(
            Case(
                says="b has taken the partition over and is well, a still shows what it had",
                given=lag("200x60", "10x60") | lag("0x60", "0x60", "b"),
                at={"30m": []},
            ),
            Case(
                says="a lags, b is absent",
                given=lag("0+60x60", "0+600x60") | lag("0 stale", "0 stale", "b"),
                at={"20m": TOPIC},
            ),
        ),
    ),
    Told(
        alert="InstanceDown",
        files=PROCESSES,
        labels=labels("ticket"),
        texts=texts(
            "instance-down",
            "b (emc-worker) does not answer",
            "b (emc-worker) không trả lời",
            "Prometheus has not reached it for 15 minutes. The others of its kind do the work, if"
            " there are any.",
        ),
        firing=Case(
            says="one of two workers is away",
            given=up("emc-worker", "1x60") | up("emc-worker", "1x5 0x60", "b"),
            at={"25m": [{"job": "emc-worker", "instance": "b"}], "20m": []},
        ),
        not_firing=(
            Case(says="both answer", given=up("emc-worker", "1x60"), at={"30m": []}),
            Case(
                says="somebody else's job",
                given=up("node", "0x60"),
                at={"30m": []},
            ),
        ),
        resolving=Case(
            says="it answers",
            given=up("emc-ledger", "0x20 1x20"),
            at={"20m": [{"job": "emc-ledger", "instance": "a"}], "22m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"30m": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=Case(
            says="each by itself",
            given=up("emc-ledger", "0x60") | up("emc-ledger", "0x60", "b"),
            at={
                "20m": [
                    {"job": "emc-ledger", "instance": "a"},
                    {"job": "emc-ledger", "instance": "b"},
                ]
            },
        ),
    ),
    Told(
        alert="ProbesMissing",
        files=PROCESSES,
        labels=labels("ticket"),
        texts=texts(
            "probes-missing",
            "2 addresses are not probed",
            "2 địa chỉ không được kiểm tra từ bên ngoài",
            "The blackbox exporter has not answered for 10 minutes about 2 targets of emc-portals:"
            " whether they can be reached is not known.",
        ),
        firing=Case(
            says="the exporter is away",
            given=up("emc-portals", "1x5 0x60", "https://one")
            | up("emc-portals", "1x5 0x60", "https://two"),
            at={"25m": [{"job": "emc-portals"}], "15m": []},
        ),
        not_firing=(
            Case(
                says="the exporter answers that a portal is down: that is another matter",
                given=up("emc-portals", "1x60", "https://one")
                | {series("probe_success", job="emc-portals", instance="https://one"): "0x60"},
                at={"30m": []},
            ),
            Case(
                says="away for five minutes",
                given=up("emc-portals", "0x5 1x30"),
                at={"11m": []},
            ),
        ),
        resolving=Case(
            says="it answers",
            given=up("emc-portals", "0x20 1x20"),
            at={"20m": [{"job": "emc-portals"}], "22m": []},
        ),
        no_data=Case(says="no targets: nothing is probed here", given={}, at={"30m": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas="the exporter is not ours and is asked by each Prometheus for itself",
    ),
    Told(
        alert="CertificateExpiring",
        files=PROCESSES,
        labels=labels("ticket"),
        texts=texts(
            "certificate-expiring",
            "The certificate of the gateway a ends in 10d 0h 0m 0s",
            "Chứng thư TLS của gateway a còn hiệu lực 10d 0h 0m 0s",
            "Afterwards no system can send to it. It is valid for 10d 0h 0m 0s more; below zero it"
            " has ended.",
        ),
        firing=(
            Case(
                says="ten days are left",
                given={series(CERTIFICATE, job="emc-gateway"): "871200x120"},  # 10d 2h
                at={"2h": [{"instance": "a"}], "59m": []},
            ),
            Case(
                says="it has ended",
                given={series(CERTIFICATE, job="emc-gateway"): "60x120"},
                at={"2h": [{"instance": "a"}]},
            ),
        ),
        not_firing=(
            Case(
                says="three weeks are left",
                given={series(CERTIFICATE, job="emc-gateway"): "1814400x120"},
                at={"2h": []},
            ),
            Case(
                says="plain HTTP has none",
                given={series(CERTIFICATE, job="emc-gateway"): "0x120"},
                at={"2h": []},
            ),
        ),
        resolving=Case(
            says="a new one is in place",
            given={series(CERTIFICATE, job="emc-gateway"): "871200x120 31536000x20"},
            at={"2h": [{"instance": "a"}], "2h2m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"2h": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=Case(
            says="each by itself, as each may have its own",
            given={
                series(CERTIFICATE, job="emc-gateway"): "871200x120",
                series(CERTIFICATE, job="emc-gateway", instance="b"): "31536000x120",
            },
            at={"2h": [{"instance": "a"}]},
        ),
    ),
    Told(
        alert="TopicUnread",
        files=PROCESSES,
        labels=labels("ticket"),
        texts=texts(
            "topic-unread",
            "2 topics of sources are not read: producers_time",
            "2 chủ đề Kafka của nguồn dữ liệu không được đọc: producers_time",
            "For 30 minutes emc ingest has left 2 topics unread, which it calls producers_time.",
        ),
        firing=Case(
            says="two topics carry the producers' time",
            given={
                series("emc_ingest_topics", job="emc-ingest", state="read"): "54x60",
                series("emc_ingest_topics", job="emc-ingest", state="producers_time"): "2x60",
            },
            at={"45m": [{"state": "producers_time"}], "29m": []},
        ),
        not_firing=(
            Case(
                says="all are read",
                given={
                    series("emc_ingest_topics", job="emc-ingest", state="read"): "56x60",
                    series(
                        "emc_ingest_topics", job="emc-ingest", state="producers_time"
                    ): "0x60",
                },
                at={"1h": []},
            ),
            Case(
                says="sources that send over HTTP have no topic",
                given={
                    series("emc_ingest_topics", job="emc-ingest", state="missing"): "51x60",
                },
                at={"1h": []},
            ),
        ),
        resolving=Case(
            says="they are made anew",
            given={
                series("emc_ingest_topics", job="emc-ingest", state="another_log"): "1x45 0x20"
            },
            at={"45m": [{"state": "another_log"}], "46m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=Case(
            says="two of ingest say so, it is one alert",
            given={
                series(
                    "emc_ingest_topics", job="emc-ingest", instance=name, state="nobodys"
                ): "1x60"
                for name in "ab"
            },
            at={"45m": [{"state": "nobodys"}]},
        ),
    ),
    Told(
        alert="LedgerBehind",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "ledger-behind",
            "PostgreSQL has lost bookings that it had acknowledged",
            "PostgreSQL đã mất các bút toán mà nó từng xác nhận",
            "Within an hour workers found 60 records not booked that had been. They are read again"
            " from the log; what Kafka has deleted meanwhile is not.",
        ),
        firing=(
            Case(
                says="a standby was promoted that had not caught up",
                given={series(BEHIND, job="emc-worker"): "0x90 60x10"},
                at={"1h31m": FIRES},
            ),
            Case(
                says="a worker has found it as it started, before the first scrape",
                given={series(BEHIND, job="emc-worker"): "60x60"}
                | {series("process_start_time_seconds", job="emc-worker"): "0x60"},
                at={"5m": FIRES},
            ),
        ),
        not_firing=(
            Case(
                says="none was ever missing",
                given={series(BEHIND, job="emc-worker"): "0x90"},
                at={"1h": []},
            ),
            Case(
                says="found long ago, and the scrapes have a gap",
                given={series(BEHIND, job="emc-worker"): "5x200 stale _x9 5x300"}
                | {series("process_start_time_seconds", job="emc-worker"): "-86400x511"},
                at={"199m": [], "212m": [], "265m": [], "5h": []},
            ),
            Case(
                says="found long ago, and Prometheus begins",
                given={series(BEHIND, job="emc-worker"): "5x300"}
                | {series("process_start_time_seconds", job="emc-worker"): "-86400x300"},
                at={"5m": [], "30m": [], "62m": []},
            ),
        ),
        resolving=Case(
            says="an hour later nothing more",
            given={series(BEHIND, job="emc-worker"): "0x10 60x120"},
            at={"20m": FIRES, "1h40m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume="one record is one too many",
        replicas=Case(
            says="of two workers one found it",
            given={
                series(BEHIND, job="emc-worker"): "0x60",
                series(BEHIND, job="emc-worker", instance="b"): "0x10 1x50",
            },
            at={"12m": FIRES},
        ),
    ),
    Told(
        alert="LedgerDrift",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "ledger-drift",
            "The books disagree: totals",
            "Số liệu trong sổ cái không khớp: totals",
            "emc reconcile has found 3 accounts (or dossiers) that differ in the check totals."
            " Figures may be wrong.",
        ),
        firing=Case(
            says="three accounts differ",
            given=serve()
            | one("emc_ledger_drift", "0x5 3x60", check="totals")
            | one("emc_ledger_drift", "0x60", check="entries"),
            at={"8m": [{"check": "totals"}], "4m": []},
        ),
        not_firing=Case(
            says="no drift",
            given=serve() | one("emc_ledger_drift", "0x60", check="totals"),
            at={"1h": []},
        ),
        resolving=Case(
            says="mended and checked again",
            given=serve() | one("emc_ledger_drift", "3x20 0x60", check="totals"),
            at={"20m": [{"check": "totals"}], "30m": [{"check": "totals"}], "40m": []},
        ),
        no_data=(
            Case(
                says="never checked: LedgerUnchecked is for that", given=serve(), at={"1h": []}
            ),
            Case(says="nothing at all", given={}, at={"1h": []}),
        ),
        idle_night="it is known when emc reconcile has run, at any time",
        tet="it is known when emc reconcile has run, at any time",
        low_volume="one account is one too many",
        replicas=(
            Case(
                says="both say so, it is one alert",
                given=serve()
                | serve(instance="b")
                | one("emc_ledger_drift", "3x60", check="totals")
                | one("emc_ledger_drift", "3x60", "b", check="totals"),
                at={"8m": [{"check": "totals"}]},
            ),
            Case(
                says="b hangs with what was so, and is not believed",
                given=serve()
                | one("emc_snapshot_timestamp_seconds", "0x60", "b")
                | one("emc_ledger_drift", "0x60", check="totals")
                | one("emc_ledger_drift", "3x60", "b", check="totals"),
                at={"30m": []},
            ),
        ),
    ),
    ledger_time(
        "BalancesBehind",
        "emc_ledger_follower_watermark_timestamp_seconds",
        "balances-behind",
        (
            "Balances are 20m 0s behind the journal",
            "Số dư chậm 20m 0s so với nhật ký sổ cái",
            (
                "What was booked in the last 20m 0s is in no report by day and in no objective yet. No"
                " worker makes balances."
            ),
        ),
        "no balances were ever made",
    ),
    ledger_time(
        "ObjectivesStale",
        "emc_objectives_judged_timestamp_seconds",
        "objectives-stale",
        (
            "objectives: judged 20m 0s ago",
            "objectives: được đánh giá lần cuối cách đây 20m 0s",
            (
                "What emc serve shows of objectives is 20m 0s old: no worker judges it. Alerts and"
                " digests that rest on it are as old."
            ),
        ),
        "there are no objectives",
        [{"what": "objectives"}],
    ),
    ledger_time(
        "ConnectionsStale",
        "emc_sources_judged_timestamp_seconds",
        "connections-stale",
        (
            "Nobody judges connections",
            "Tình trạng kết nối của các nguồn không được cập nhật",
            (
                "The oldest judgement is more than 600 s old, or more than 10000 bookings wait to be"
                " counted (1.2k): a source that falls silent now is not noticed."
            ),
        ),
        "no source is registered",
    ),
    Told(
        alert="QuarantineLimitReached",
        files=PROCESSES,
        labels=labels("page"),
        texts=texts(
            "quarantine-limit-reached",
            "The quarantine of s is full",
            "Khu cách ly của nguồn s đã đầy",
            "10500 refused records of s are held; further ones are counted, and their bytes are not"
            " kept.",
        ),
        firing=Case(
            says="more are held than have a place",
            given=serve()
            | one("emc_records_total", "0x5 12000x60", source="s", outcome="refused")
            | one("emc_records_total", "90000x65", source="s", outcome="counted")
            | one("emc_quarantine_settled_total", "1000x65", source="s", how="returned")
            | one("emc_quarantine_settled_total", "500x65", source="s", how="dropped"),
            at={"10m": [{"source": "s"}], "4m": []},
        ),
        not_firing=Case(
            says="as many came, and a part was returned",
            given=serve()
            | one("emc_records_total", "12000x60", source="s", outcome="refused")
            | one("emc_quarantine_settled_total", "2001x60", source="s", how="returned"),
            at={"10m": []},
        ),
        resolving=Case(
            says="they are returned",
            given=serve()
            | one("emc_records_total", "12000x60", source="s", outcome="refused")
            | one("emc_quarantine_settled_total", "0x10 12000x60", source="s", how="returned"),
            at={"10m": [{"source": "s"}], "20m": [{"source": "s"}], "30m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night="it counts what is held, at any time",
        tet="it counts what is held, at any time",
        low_volume=Case(
            says="nine of ten are refused, and there is room",
            given=serve()
            | one("emc_records_total", "9x60", source="s", outcome="refused")
            | one("emc_records_total", "1x60", source="s", outcome="counted"),
            at={"10m": []},
        ),
        replicas=Case(
            says="two instances show the same records, which are not twice as many",
            given=serve()
            | serve(instance="b")
            | one("emc_records_total", "6000x60", source="s", outcome="refused")
            | one("emc_records_total", "6000x60", "b", source="s", outcome="refused"),
            at={"10m": []},
        ),
    ),
    Told(
        alert="LedgerUnchecked",
        files=PROCESSES,
        labels=labels("ticket"),
        texts=texts(
            "ledger-unchecked",
            "emc reconcile has not checked totals for 9d 0h 0m 0s",
            "Đã 9d 0h 0m 0s chưa đối chiếu sổ cái: totals",
            "It should run each week, and has not for more than 8 days.",
        ),
        firing=Case(
            says="checked nine days ago",
            every="30m",
            given=serve(500, minutes=30)
            | one("emc_ledger_reconciled_timestamp_seconds", "0x500", check="totals"),
            # For an hour beyond the eight days.
            at={"9d": [{"check": "totals"}], "8d30m": []},
        ),
        not_firing=Case(
            says="checked each day",
            every="30m",
            given=serve(500, minutes=30)
            | one("emc_ledger_reconciled_timestamp_seconds", "0+1800x500", check="totals"),
            at={"9d": []},
        ),
        resolving=Case(
            says="checked again",
            every="30m",
            given=serve(500, minutes=30)
            | one("emc_ledger_reconciled_timestamp_seconds", "0x432 777600x60", check="totals"),
            at={"9d": [{"check": "totals"}], "9d1h": []},
        ),
        no_data=Case(
            says="never checked: whoever starts has nothing to check yet",
            every="30m",
            given=serve(500, minutes=30),
            at={"9d": []},
        ),
        idle_night=DAY_AND_NIGHT,
        tet="eight days are more than a week, whatever days they are",
        low_volume=NO_VOLUME,
        replicas=Case(
            says="both say so, it is one alert",
            every="30m",
            given=serve(500, minutes=30)
            | serve(500, "b", minutes=30)
            | one("emc_ledger_reconciled_timestamp_seconds", "0x500", check="totals")
            | one("emc_ledger_reconciled_timestamp_seconds", "0x500", "b", check="totals"),
            at={"9d": [{"check": "totals"}]},
        ),
    ),
    Told(
        alert="SeriesOverflow",
        files=PROCESSES,
        labels=labels("ticket"),
        texts=texts(
            "series-overflow",
            "40 label sets of flows are summed into other",
            "40 tổ hợp nhãn của flows bị gộp vào nhóm other",
            "The budget of series, or a limit, is reached: sums are right, and 40 label sets of flows"
            " are not shown by themselves.",
        ),
        firing=Case(
            says="forty flows found no place",
            given=serve()
            | one("emc_snapshot_summed_into_other", "40x60", part="flows")
            | one("emc_snapshot_summed_into_other", "0x60", part="agencies"),
            at={"45m": [{"part": "flows"}], "29m": []},
        ),
        not_firing=Case(
            says="all have one",
            given=serve() | one("emc_snapshot_summed_into_other", "0x60", part="flows"),
            at={"1h": []},
        ),
        resolving=Case(
            says="there is room again",
            given=serve() | one("emc_snapshot_summed_into_other", "40x40 0x20", part="flows"),
            at={"40m": [{"part": "flows"}], "42m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=DAY_AND_NIGHT,
        tet=DAY_AND_NIGHT,
        low_volume=NO_VOLUME,
        replicas=Case(
            says="both say so, it is one alert",
            given=serve()
            | serve(instance="b")
            | one("emc_snapshot_summed_into_other", "40x60", part="flows")
            | one("emc_snapshot_summed_into_other", "40x60", "b", part="flows"),
            at={"45m": [{"part": "flows"}]},
        ),
    ),
)
