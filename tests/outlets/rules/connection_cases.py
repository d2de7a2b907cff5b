"""Connections: what each class and fact of a source leads to."""

from typing import Final

from tests.outlets.rules.case import Case, Fires, Told, series, serve

FILES: Final = ("fresh", "connections")
RUNBOOKS: Final = "https://emc.example.gov.vn/docs/how-to/alerts/"
BOARD: Final = "https://grafana.example.gov.vn/d/emc-connections"
S: Final = "H56-onestop"
HERE: Final[Fires] = [{"source": S}]
NOBODY: Final[Fires] = []
PAGED: Final = 'ALERTS{alertname="PortalDegraded",alertstate="firing"}'
MUTED: Final = 'ALERTS{alertname="SourceInMaintenance",alertstate="firing"}'


def standing(
    word: str, values: str, *, source: str = S, status: str = "live", instance: str = "a"
) -> dict[str, str]:
    name = series(
        "emc_source_class_since_timestamp_seconds",
        instance=instance,
        source=source,
        status=status,
        class_=word,
    )
    return {name: values}


def fact(word: str, values: str, *, instance: str = "a") -> dict[str, str]:
    name = series(
        "emc_source_fact_since_timestamp_seconds", instance=instance, source=S, fact=word
    )
    return {name: values}


def told_of_class(
    alert: str,
    word: str,
    *,
    severity: str,
    since: str,
    fires_at: str,
    before: str,
    texts: tuple[str, str, str],
    runbook: str,
    also: dict[str, str] | None = None,
    ended: str = "1h",
    more: tuple[Case, ...] = (),
) -> Told:
    """A class that holds from minute 0 for an hour, and is `connected` from then on.

    `fires_at` and `before`: when it must have fired, and when not yet; `ended`: when no longer.
    """
    also = also or {}
    hour = serve() | standing(word, f"{since}x120") | also
    mended = (
        serve() | standing(word, f"{since}x45 stale") | standing("connected", "_x46 2760x200")
    ) | also
    summary, summary_vi, description = texts
    return Told(
        alert=alert,
        files=FILES,
        labels={"severity": severity, "about": "connection"},
        texts={
            "summary": summary,
            "summary_vi": summary_vi,
            "description": description,
            "runbook_url": f"{RUNBOOKS}{runbook}.md",
            "dashboard_url": f"{BOARD}?var-source={S}",
        },
        firing=Case(
            says="it holds for long enough", given=hour, at={fires_at: HERE, before: NOBODY}
        ),
        not_firing=(
            Case(
                says="connected", given=serve() | standing("connected", "0x120"), at={"45m": []}
            ),
            Case(
                says="a source on trial",
                given=serve() | standing(word, f"{since}x120", status="trial"),
                at={"45m": []},
            ),
            Case(
                says="another class",
                given=serve() | standing("undetermined", f"{since}x120"),
                at={"45m": []},
            ),
        ),
        # It is kept for ten minutes: a gap in the scrapes is no recovery.
        resolving=Case(
            says="connected again", given=mended, at={"45m": HERE, "50m": HERE, ended: []}
        ),
        no_data=(
            Case(says="nothing at all", given={}, at={"45m": []}),
            Case(
                says="a gap of five minutes in the scrapes of emc serve resolves nothing",
                given={series("emc_snapshot_timestamp_seconds"): "0+60x45 stale _x4 3060+60x30"}
                | standing(word, f"{since}x45 stale _x4 {since}x30")
                | also,
                at={"45m": HERE, "48m": HERE, "55m": HERE},
            ),
        ),
        idle_night=Case(
            says="connected, and no event for ten hours",
            every="30m",
            given=serve(20, minutes=30) | standing("connected", "0x20"),
            at={"5h": [], "10h": []},
        ),
        tet=Case(
            says="connected through nine days off",
            every="30m",
            given=serve(500, minutes=30) | standing("connected", "0x500"),
            at={"1d": [], "5d": [], "9d": []},
        ),
        low_volume=Case(
            says="too few events to judge",
            every="30m",
            given=serve(20, minutes=30) | standing("undetermined", "0x20"),
            at={"2h": [], "10h": []},
        ),
        replicas=(
            Case(
                says="both say so, it is one alert",
                given=hour | serve(instance="b") | standing(word, f"{since}x120", instance="b"),
                at={fires_at: HERE},
            ),
            Case(
                says="b is absent",
                given=hour | serve(2, instance="b"),
                at={fires_at: HERE},
            ),
            Case(
                says="b hangs with what was so, and is not believed",
                given=serve()
                | standing("connected", "0x120")
                | serve(1, instance="b")
                | {series("emc_snapshot_timestamp_seconds", instance="b"): "0x120"}
                | standing(word, f"{since}x120", instance="b")
                | also,
                at={fires_at: []},
            ),
        ),
        more=more,
    )


def told_of_fact(
    alert: str,
    word: str,
    *,
    about: str = "data",
    severity: str = "ticket",
    lasts: bool = True,
    texts: tuple[str, str, str],
    runbook: str,
    also: dict[str, str] | None = None,
    files: tuple[str, ...] = FILES,
    more: tuple[Case, ...] = (),
) -> Told:
    """A fact that holds from minute 0 for an hour."""
    connected = serve() | standing("connected", "0x300")
    hour = connected | fact(word, "0x120") | (also or {})
    summary, summary_vi, description = texts
    mute = severity == "mute"
    return Told(
        alert=alert,
        files=files,
        labels={"severity": severity, "about": about},
        texts={
            "summary": summary,
            "summary_vi": summary_vi,
            "description": description,
            "runbook_url": f"{RUNBOOKS}{runbook}.md",
            "dashboard_url": f"{BOARD}?var-source={S}",
        },
        firing=Case(
            says="it holds for half an hour" if lasts else "it holds",
            given=hour,
            at={"45m": HERE, "20m": NOBODY if lasts else HERE},
        ),
        not_firing=(
            Case(says="no fact", given=connected, at={"45m": []}),
            Case(says="another fact", given=connected | fact("burst", "0x120"), at={"45m": []}),
            Case(
                says="a source on trial",
                given=serve()
                | standing("connected", "0x120", status="trial")
                | fact(word, "0x120"),
                at={"45m": []},
            ),
        ),
        resolving=Case(
            says="it holds no longer",
            given=connected | fact(word, "0x45 stale"),
            at={"45m": HERE, "50m": HERE, "1h": HERE if mute else [], "1h45m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"45m": []}),
        idle_night=Case(
            says="a night without events has no facts",
            every="30m",
            given=serve(20, minutes=30) | standing("connected", "0x20"),
            at={"10h": []},
        ),
        tet=Case(
            says="nine days off without events have no facts",
            every="30m",
            given=serve(500, minutes=30) | standing("connected", "0x500"),
            at={"1d": [], "9d": []},
        ),
        low_volume="emc ingest makes the fact of a least number of records, and keeps it back below"
        " that (tests/domain/test_connection.py)"
        if word in {"clock", "repeats"}
        else "the fact does not depend on how many events there are",
        replicas=(
            Case(
                says="both say so, it is one alert",
                given=hour | serve(instance="b") | fact(word, "0x120", instance="b"),
                at={"45m": HERE},
            ),
            Case(says="b is absent", given=hour | serve(2, instance="b"), at={"45m": HERE}),
            Case(
                says="b hangs with what was so, and is not believed",
                given=connected
                | {series("emc_snapshot_timestamp_seconds", instance="b"): "0x120"}
                | fact(word, "0x120", instance="b"),
                # Until minute 2 it was believed, and what mutes is kept for long.
                at={"1h30m" if mute else "45m": []},
            ),
        ),
        more=more,
    )


def working_time(values: str) -> dict[str, str]:
    return {series("emc_working_time", calendar="national"): values}


def many(interrupted: int, of: int, values: str = "0x120", **more: str) -> dict[str, str]:
    """So many sources, of which the first are interrupted."""
    found: dict[str, str] = {}
    for number in range(of):
        word = "interrupted" if number < interrupted else "connected"
        found |= standing(word, values, source=f"s{number:02}", **more)
    return found


CASES: Final = (
    told_of_class(
        "SourceInterrupted",
        "interrupted",
        severity="page",
        since="0",
        fires_at="10m",
        before="1m",
        also={
            series("emc_source_silence_explained_seconds", source=S): "420x120",
        },
        texts=(
            "H56-onestop has been silent for 10m 0s",
            "Nguồn H56-onestop mất tín hiệu đã 10m 0s",
            (
                "Neither an event nor a heartbeat of H56-onestop has come for 10m 0s, longer than its"
                " own rhythm explains (7m 0s)."
            ),
        ),
        runbook="source-interrupted",
    ),
    told_of_class(
        "SourceNotConnected",
        "not_connected",
        severity="page",
        since="-85800",  # 23 hours and 50 minutes before the beginning
        fires_at="45m",
        before="19m",
        also=working_time("1x300"),
        ended="3h30m",
        more=(
            Case(
                says="midnight is no time to be told of a day without an event",
                given=serve() | standing("not_connected", "-85800x600") | working_time("0x600"),
                at={"30m": [], "5h": [], "9h": []},
            ),
            Case(
                says="it is told in the morning, stands over noon, and ends in the evening",
                given=serve(1_200)
                | standing("not_connected", "-85800x1200")
                | working_time("0x90 1x239 0x119 1x209 0x600"),
                at={
                    "1h30m": [],
                    "1h45m": HERE,
                    "6h30m": HERE,
                    "7h35m": HERE,
                    "11h": HERE,
                    "14h": [],
                },
            ),
        ),
        texts=(
            "H56-onestop is not connected, for 1d 0h 35m 0s",
            "Nguồn H56-onestop chưa kết nối, đã 1d 0h 35m 0s",
            "No accepted event of H56-onestop since it went live, or none for 30 days: 1d 0h 35m 0s.",
        ),
        runbook="source-not-connected",
    ),
    told_of_class(
        "SourcePartial",
        "partial",
        severity="ticket",
        since="0",
        fires_at="45m",
        before="29m",
        texts=(
            "H56-onestop sends only a part of what it should",
            "Nguồn H56-onestop chỉ gửi một phần dữ liệu phải gửi",
            (
                "For 45m 0s an expected kind, unit or procedure of H56-onestop has not come. emc source"
                " health H56-onestop says which."
            ),
        ),
        runbook="source-partial",
    ),
    told_of_class(
        "SourceMismatch",
        "mismatch",
        severity="ticket",
        since="0",
        fires_at="45m",
        before="29m",
        texts=(
            "H56-onestop counts other dossiers than we do",
            "Số liệu của nguồn H56-onestop lệch với số liệu đã ghi nhận",
            (
                "The claim of H56-onestop and our count of the last closed working day differ by more"
                " than 1 %, for 45m 0s."
            ),
        ),
        runbook="source-mismatch",
    ),
    told_of_class(
        "SourceUnreconciled",
        "unreconciled",
        severity="ticket",
        since="0",
        fires_at="45m",
        before="29m",
        texts=(
            "H56-onestop has sent no claim for the last closed working day",
            "Nguồn H56-onestop chưa gửi số liệu đối soát của ngày làm việc gần nhất",
            "Nobody can tell whether all of H56-onestop has arrived, for 45m 0s.",
        ),
        runbook="source-unreconciled",
    ),
    told_of_fact(
        "SourceClockOff",
        "clock",
        also={series("emc_source_freshness_seconds", source=S, quantile="0.5"): "-25200x120"},
        texts=(
            "The clock of H56-onestop is off",
            "Đồng hồ của nguồn H56-onestop bị lệch giờ",
            (
                "For 45m 0s claimed time and arrival of nine events of ten of H56-onestop lie apart by"
                " about the same time (median -7h 0m 0s): its clock, or a zone that it forgot. Times of"
                " its dossiers are wrong by as much."
            ),
        ),
        runbook="source-clock-off",
    ),
    told_of_fact(
        "SourceRepeats",
        "repeats",
        texts=(
            "H56-onestop sends again what it has sent",
            "Nguồn H56-onestop gửi lặp lại dữ liệu đã gửi",
            (
                "For 45m 0s a fifth or more of the records of H56-onestop were sent before. They are"
                " counted once; what it cannot remember costs it and us work."
            ),
        ),
        runbook="source-repeats",
    ),
    told_of_fact(
        "SourceOutsideMandate",
        "outside_mandate",
        texts=(
            "H56-onestop speaks for an agency that it may not speak for",
            "Nguồn H56-onestop gửi dữ liệu của cơ quan ngoài phạm vi được giao",
            (
                "For 45m 0s events of H56-onestop have been refused for their agency: a mandate is"
                " missing, or the system is set up wrongly."
            ),
        ),
        runbook="source-outside-mandate",
    ),
    told_of_fact(
        "SourceAliveButSilent",
        "alive_but_silent",
        about="connection",
        texts=(
            "H56-onestop is alive and sends no events",
            "Nguồn H56-onestop vẫn hoạt động nhưng không gửi sự kiện",
            (
                "For 45m 0s heartbeats of H56-onestop have come and events that are due have not: its"
                " outbox or its relay stands still."
            ),
        ),
        runbook="source-alive-but-silent",
    ),
    told_of_fact(
        "SourceWaiting",
        "waiting",
        about="connection",
        texts=(
            "Events wait at H56-onestop that it cannot send",
            "Nguồn H56-onestop còn sự kiện chưa gửi được",
            (
                "For 45m 0s H56-onestop has told with its heartbeat that events wait. Figures lack"
                " them."
            ),
        ),
        runbook="source-waiting",
    ),
    told_of_fact(
        "MaintenanceShortNotice",
        "short_notice",
        about="maintenance",
        lasts=False,
        texts=(
            "H56-onestop went into maintenance with short notice",
            "Nguồn H56-onestop bảo trì mà không báo trước đủ 7 ngày làm việc",
            (
                "It has been away for 45m 0s, announced less than 7 working days ahead (Decree"
                " 224/2026/NĐ-CP, Art. 13) and not for force majeure. Pages about it are muted; its"
                " uptime and its budgets burn."
            ),
        ),
        runbook="maintenance-short-notice",
    ),
    told_of_fact(
        "SourceInMaintenance",
        "maintenance",
        about="maintenance",
        severity="mute",
        lasts=False,
        texts=(
            "H56-onestop is in announced maintenance",
            "Nguồn H56-onestop đang bảo trì theo thông báo",
            (
                "It has been away for 45m 0s. Nobody is told of this; it mutes what is said of its"
                " connection and of its portal and interfaces, and nothing that is said of dossiers."
            ),
        ),
        runbook="source-in-maintenance",
        # Beside what it mutes, whose windows still hold the outage when it has ended.
        files=("fresh", "services", "connections"),
        more=(
            Case(
                says="its portal is away for four hours, and no page outlasts what mutes it",
                given=serve()
                | standing("connected", "0x600")
                | fact("maintenance", "_x60 3600x240 stale")
                | {
                    series(
                        "probe_success", job="emc-portals", source=S, interface="/"
                    ): "1x60 0x240 1x300"
                },
                at={"4h": HERE, "5h50m": HERE, "6h30m": []},
                shows={
                    f"max_over_time((count({PAGED}) or vector(0))[6h:1m])": 1,
                    f"max_over_time((count({PAGED} unless on (source) {MUTED})"
                    " or vector(0))[6h:1m])": 0,
                },
            ),
            Case(
                says="emc serve is started anew, and shows nothing for some minutes",
                given={series("emc_snapshot_timestamp_seconds"): "0+60x45 stale _x7 3180+60x60"}
                | standing("connected", "0x45 stale _x7 0x60")
                | fact("maintenance", "0x45 stale _x7 0x60"),
                at={"45m": HERE, "50m": HERE, "1h": HERE},
            ),
        ),
    ),
    Told(
        alert="ManySourcesInterrupted",
        files=FILES,
        labels={"severity": "page", "about": "connection", "level": "country"},
        texts={
            "summary": "30% of all sources are silent at once",
            "summary_vi": "30% số nguồn dữ liệu cùng lúc mất tín hiệu",
            "description": "30% of the live sources are interrupted (6 of them): rather the network,"
            " Kafka or the gateway than each of them. Pages of single sources are held back.",
            "runbook_url": f"{RUNBOOKS}many-sources-interrupted.md",
            "dashboard_url": BOARD,
        },
        firing=Case(says="6 of 20", given=serve() | many(6, 20), at={"10m": [{}], "1m": []}),
        not_firing=(
            Case(
                says="5 of 20 is not more than a quarter",
                given=serve() | many(5, 20),
                at={"45m": []},
            ),
            Case(
                says="6 of 20, one of them in maintenance",
                given=serve()
                | many(6, 20)
                | {
                    series(
                        "emc_source_fact_since_timestamp_seconds",
                        source="s00",
                        fact="maintenance",
                    ): "0x120"
                },
                at={"45m": []},
            ),
        ),
        resolving=Case(
            says="all come back",
            given=serve()
            | many(6, 20, "0x30 stale")
            | {
                name: "_x31 1860x90"
                for number in range(6)
                for name in standing("connected", "", source=f"s{number:02}")
            }
            | {
                name: "0x120"
                for number in range(6, 20)
                for name in standing("connected", "", source=f"s{number:02}")
            },
            at={"30m": [{}], "35m": [{}], "45m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"45m": []}),
        idle_night=Case(
            says="all connected",
            every="30m",
            given=serve(20, minutes=30) | many(0, 20, "0x20"),
            at={"10h": []},
        ),
        tet=Case(
            says="all connected through nine days off",
            every="30m",
            given=serve(500, minutes=30) | many(0, 20, "0x500"),
            at={"1d": [], "9d": []},
        ),
        low_volume=Case(
            says="4 of 4, in a deployment with few sources: they page by themselves",
            given=serve() | many(4, 4),
            at={"45m": []},
        ),
        replicas=(
            Case(
                says="both say so, each source is counted once",
                given=serve() | serve(instance="b") | many(6, 20) | many(6, 20, instance="b"),
                at={"10m": [{}]},
            ),
            Case(
                says="5 of 20 by both is not 10 of 20",
                given=serve() | serve(instance="b") | many(5, 20) | many(5, 20, instance="b"),
                at={"10m": []},
            ),
            Case(
                says="b hangs with what was so, and is not believed",
                given=serve()
                | many(0, 20)
                | many(6, 20, instance="b")
                | {series("emc_snapshot_timestamp_seconds", instance="b"): "0x120"},
                at={"45m": []},
            ),
        ),
    ),
)
