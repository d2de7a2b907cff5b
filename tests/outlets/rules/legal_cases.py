"""What the ledger says of objectives and dossiers: tickets, and one digest an agency."""

from typing import Final

from tests.outlets.rules.case import Case, Fires, Told, series, serve

RUNBOOKS: Final = "https://emc.example.gov.vn/docs/how-to/alerts/"
BOARDS: Final = "https://grafana.example.gov.vn/d/"
UNIT: Final = "unit:H56.12"
NAME: Final = "on-time-766"
LADDER: Final[Fires] = [
    {"objective": NAME, "scope": UNIT, "level": "unit", "agency": "H56", "unit": "H56.12"}
]
LEGAL: Final = {"severity": "ticket", "about": "legal"}
OFFICE: Final = (
    "the ledger judges in working time and keeps the state at night"
    " (tests of monitor/domain/objective.py); the rule compares"
)


def told(runbook: str, board: str, **said: str) -> dict[str, str]:
    return {
        **said,
        "runbook_url": f"{RUNBOOKS}{runbook}.md",
        "dashboard_url": f"{BOARDS}{board}",
    }


def state(
    word: str, values: str = "1x120", *, scope: str = UNIT, instance: str = "a"
) -> dict[str, str]:
    name = "emc_objective_state"
    return {series(name, instance=instance, objective=NAME, scope=scope, state=word): values}


def of(name: str, values: str, *, instance: str = "a", **labels: str) -> dict[str, str]:
    return {series(name, instance=instance, **labels): values}


def budget(values: str, *, scope: str = UNIT, instance: str = "a") -> dict[str, str]:
    name = "emc_objective_budget_remaining_ratio"
    return of(name, values, instance=instance, objective=NAME, scope=scope)


def burn(
    values: str, *, window: str = "1d", scope: str = UNIT, instance: str = "a"
) -> dict[str, str]:
    name = "emc_objective_burn_rate"
    return of(name, values, instance=instance, objective=NAME, scope=scope, window=window)


RATIOS: Final = of("emc_objective_ratio", "0.88x120", objective=NAME, scope=UNIT) | of(
    "emc_objective_target_ratio", "0.9x120", objective=NAME
)


def objective(alert: str, word: str, value: dict[str, str], texts: dict[str, str]) -> Told:
    """An objective in a state, with its value."""
    firing = serve() | state(word) | value | RATIOS
    of_b = {key.replace('instance="a"', 'instance="b"'): v for key, v in value.items()}
    country = {key.replace(UNIT, "country"): v for key, v in value.items()}
    group = {key.replace(UNIT, "agency:H56,group:land"): v for key, v in value.items()}
    return Told(
        alert=alert,
        files=("fresh", "objectives"),
        labels=LEGAL,
        texts=texts,
        firing=(
            Case(says="of a unit", given=firing, at={"30m": LADDER, "9m": []}),
            Case(
                says="of the country",
                given=serve() | state(word, scope="country") | country,
                at={"30m": [{"objective": NAME, "scope": "country", "level": "country"}]},
            ),
            Case(
                says="of a group at an agency",
                given=serve() | state(word, scope="agency:H56,group:land") | group,
                at={
                    "30m": [
                        {
                            "objective": NAME,
                            "scope": "agency:H56,group:land",
                            "level": "agency",
                            "agency": "H56",
                            "beside": "group:land",
                        }
                    ]
                },
            ),
        ),
        not_firing=(
            Case(says="good", given=serve() | state("good") | value, at={"1h": []}),
            Case(
                says="an objective without alerts: nothing of it burns",
                given=serve() | state(word) | budget("-0.2x120"),
                at={"1h": []},
            ),
            Case(
                says="the value alone says nothing: there may be too few",
                given=serve() | state("too_few") | value,
                at={"1h": []},
            ),
        ),
        resolving=Case(
            says="good again",
            given=serve() | state(word, "1x30 stale") | state("good", "_x31 1x60") | value,
            at={"30m": LADDER, "40m": LADDER, "50m": []},
        ),
        no_data=(
            Case(says="nothing at all", given={}, at={"1h": []}),
            Case(says="the state no_data", given=serve() | state("no_data"), at={"1h": []}),
        ),
        idle_night=Case(
            says="idle",
            every="30m",
            given=serve(20, minutes=30) | state("idle", "1x20") | value,
            at={"5h": [], "10h": []},
        ),
        tet=Case(
            says="idle through nine days off",
            every="30m",
            given=serve(500, minutes=30) | state("idle", "1x500"),
            at={"1d": [], "9d": []},
        ),
        low_volume=Case(
            says="too few to judge", given=serve() | state("too_few") | value, at={"1h": []}
        ),
        replicas=(
            Case(
                says="both say so, it is one alert",
                given=firing | serve(instance="b") | state(word, instance="b") | of_b,
                at={"30m": LADDER},
            ),
            Case(
                says="b hangs with what was so, and is not believed",
                given=serve()
                | state("good")
                | of("emc_snapshot_timestamp_seconds", "0x60", instance="b")
                | state(word, instance="b")
                | value
                | of_b,
                at={"30m": []},
            ),
        ),
    )


AGENCY: Final[Fires] = [{"agency": "H56", "group": "land"}]


def service(reason: str, dossiers: str = "420x120", instance: str = "a") -> dict[str, str]:
    labels = {"agency": "H56", "group": "land"}
    found = (
        of("emc_service_open_dossiers", dossiers, instance=instance, **labels)
        | of(
            "emc_service_working_time_seconds",
            "144000x120",
            instance=instance,
            quantile="0.5",
            **labels,
        )
        | of("emc_service_limit_seconds", "115200x120", instance=instance, **labels)
    )
    if reason:
        found |= of("emc_service_degraded", "1x120", instance=instance, reason=reason, **labels)
    return found


STEP: Final[Fires] = [{"agency": "H56", "step": "appraisal"}]
DAY: Final = "it is by working time of the last 20 working days, which does not move at night"


def step(
    agency: str, hours: float, dossiers: int = 100, *, values: str = "", instance: str = "a"
) -> dict[str, str]:
    labels = {"agency": agency, "step": "appraisal"}
    return of(
        "emc_step_working_seconds",
        values or f"{hours * 3600:g}x120",
        instance=instance,
        quantile="0.5",
        **labels,
    ) | of("emc_step_dossiers", f"{dossiers}x120", instance=instance, **labels)


def peers(hours: float = 8, instance: str = "a") -> dict[str, str]:
    """Four other agencies, which need so long."""
    found: dict[str, str] = {}
    for agency in ("H01", "H02", "H03", "H04"):
        found |= step(agency, hours, instance=instance)
    return found


def flow(name: str, values: str, instance: str = "a", **labels: str) -> dict[str, str]:
    every = {"agency": "H56", "class_": "late", **labels}
    return of(f"{name}_credit_total", values, instance=instance, **every) | of(
        f"{name}_debit_total", "0x300", instance=instance, **every
    )


def backdated(
    ends: str, all_: str, instance: str = "a", class_: str = "late"
) -> dict[str, str]:
    return flow(
        "emc_dossiers_warned", ends, instance, warning="backdated_end", class_=class_
    ) | flow("emc_dossiers_completed", all_, instance, class_=class_)


def records(
    refused: str, counted: str, instance: str = "a", source: str = "s"
) -> dict[str, str]:
    name = "emc_records_total"
    return of(name, refused, instance=instance, source=source, outcome="refused") | of(
        name, counted, instance=instance, source=source, outcome="counted"
    )


def due(
    overdue: int, today: int, instance: str = "a", agency: str = "H56", minutes: int = 120
) -> dict[str, str]:
    found: dict[str, str] = {}
    for when, number in (("overdue", overdue), ("today", today), ("in_1", 7), ("in_2", 4)):
        found |= of(
            "emc_agency_dossiers_due",
            f"{number if overdue or today else 0}x{minutes}",
            instance=instance,
            agency=agency,
            when=when,
        )
    for within, expected in (("1", 33.2), ("3", 35.7), ("5", 40.0)):
        found |= of(
            "emc_agency_dossiers_expected_overdue",
            f"{expected if overdue or today else 0}x{minutes}",
            instance=instance,
            agency=agency,
            within=within,
        )
    return found | judged(
        f"0+60x{minutes}" if minutes == 120 else f"0+1800x{minutes}", instance
    )


def judged(values: str, instance: str = "a") -> dict[str, str]:
    return of("emc_dues_judged_timestamp_seconds", values, instance=instance)


def digest_time(values: str, instance: str = "a", calendar: str = "national") -> dict[str, str]:
    return of("emc_digest_time", values, instance=instance, calendar=calendar)


HALF_PAST_SEVEN: Final = digest_time("0x29 1x29 0x60")  # minutes 30 to 59
H56: Final[Fires] = [{"agency": "H56"}]

CASES: Final = (
    objective(
        "ObjectiveBudgetSpent",
        "spent",
        budget("-0.2x120") | burn("0x120"),
        told(
            "objective-budget-spent",
            "emc-objectives?var-objective=on-time-766",
            summary="on-time-766, unit:H56.12: the budget is spent",
            summary_vi="Mục tiêu on-time-766, phạm vi unit:H56.12: đã dùng hết hạn mức sai lệch cho phép",
            description="-20% of the budget of on-time-766 is left for unit:H56.12 (good 88%, target"
            " 90%). The objective of this window is missed unless figures are corrected.",
        ),
    ),
    objective(
        "ObjectiveBurning",
        "burning",
        burn("2.5x120") | burn("4x120", window="4h") | budget("0.4x120"),
        told(
            "objective-burning",
            "emc-objectives?var-objective=on-time-766",
            summary="on-time-766, unit:H56.12: the budget burns 4 times too fast",
            summary_vi="Mục tiêu on-time-766, phạm vi unit:H56.12: tốc độ vi phạm gấp 4"
            " lần mức cho phép",
            description="In working time the budget burns up to 4 times as fast as it may. Left of it:"
            " 40%.",
        ),
    ),
    Told(
        alert="ServiceDegraded",
        files=("fresh", "objectives"),
        labels=LEGAL,
        texts=told(
            "service-degraded",
            "emc-agency?var-agency=H56",
            summary="land at H56: the backlog grows and dossiers take too long",
            summary_vi="land tại H56: hồ sơ tồn tăng và thời gian giải quyết vượt giới hạn",
            description="420 dossiers of land are open at H56, more than before, and the median takes"
            " 40 working hours, beyond its limit of 32.",
        ),
        firing=Case(
            says="backlog and slow",
            given=serve() | service("backlog_and_slow"),
            at={"30m": AGENCY, "14m": []},
        ),
        not_firing=Case(
            says="many are open, and the ledger does not call it degraded",
            given=serve() | service("", "90000x120"),
            at={"1h": []},
        ),
        resolving=Case(
            says="the ledger calls it degraded no longer",
            given=serve()
            | service("")
            | of(
                "emc_service_degraded",
                "1x30 stale",
                agency="H56",
                group="land",
                reason="backlog_and_slow",
            ),
            at={"30m": AGENCY, "40m": AGENCY, "50m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=OFFICE,
        tet=OFFICE,
        low_volume="the ledger calls nothing degraded below its least number of dossiers",
        replicas=(
            Case(
                says="both say so, it is one alert",
                given=serve()
                | serve(instance="b")
                | service("backlog_and_slow")
                | service("backlog_and_slow", instance="b"),
                at={"30m": AGENCY},
            ),
            Case(
                says="b hangs with what was so, and is not believed",
                given=serve()
                | service("")
                | of("emc_snapshot_timestamp_seconds", "0x60", instance="b")
                | service("backlog_and_slow", instance="b"),
                at={"30m": []},
            ),
        ),
    ),
    Told(
        alert="StepStuck",
        files=("fresh", "data"),
        labels=LEGAL,
        texts=told(
            "step-stuck",
            "emc-steps?var-agency=H56",
            summary="appraisal at H56 takes 20 working hours",
            summary_vi="Bước appraisal tại H56 mất 20 giờ làm việc",
            description="The median of the step appraisal at H56 is 20 working hours, 2 times that of"
            " four weeks ago or of other agencies, or more, and at least 4 hours longer.",
        ),
        firing=(
            Case(
                says="20 hours where four other agencies need 8",
                given=serve() | step("H56", 20) | peers(),
                at={"1h": STEP, "29m": []},
            ),
            Case(
                says="20 hours after 8 four weeks ago, and no peers",
                every="30m",
                given=serve(1500, minutes=30)
                | step("H56", 0, values="28800x1343 72000x100")
                | of("emc_step_dossiers", "100x1500", agency="H56", step="appraisal"),
                at={"29d": STEP, "27d": []},
            ),
        ),
        not_firing=(
            Case(
                says="15 hours where others need 8: not twice",
                given=serve() | step("H56", 15) | peers(),
                at={"1h": []},
            ),
            Case(
                says="3 hours where others need 1: not 4 hours longer",
                given=serve() | step("H56", 3) | peers(1),
                at={"1h": []},
            ),
            Case(
                says="the time is the citizen's",
                given={
                    name.replace("appraisal", "citizen"): values
                    for name, values in (serve() | step("H56", 20) | peers()).items()
                },
                at={"1h": []},
            ),
            Case(
                says="only three other agencies have the step",
                given={
                    name: values
                    for name, values in (serve() | step("H56", 20) | peers()).items()
                    if "H04" not in name
                },
                at={"1h": []},
            ),
        ),
        resolving=Case(
            says="it is as fast as others again",
            given=serve() | step("H56", 0, values="72000x60 28800x60") | peers(),
            at={"1h": STEP, "1h2m": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=DAY,
        tet=DAY,
        low_volume=Case(
            says="of 29 dossiers",
            given=serve() | step("H56", 20, 29) | peers(),
            at={"1h": []},
        ),
        replicas=(
            Case(
                says="both say so, it is one alert",
                given=serve()
                | serve(instance="b")
                | step("H56", 20)
                | peers()
                | step("H56", 20, instance="b")
                | peers(instance="b"),
                at={"1h": STEP},
            ),
            Case(
                says="b hangs with what was so, and is not believed",
                given=serve()
                | of("emc_snapshot_timestamp_seconds", "0x60", instance="b")
                | step("H56", 8)
                | peers()
                | step("H56", 20, instance="b"),
                at={"1h": []},
            ),
        ),
    ),
    Told(
        alert="DossiersBackdated",
        files=("fresh", "data"),
        labels={"severity": "ticket", "about": "data"},
        texts=told(
            "dossiers-backdated",
            "emc-agency?var-agency=H56",
            summary="H56 claims the ends of 50% of its dossiers afterwards",
            summary_vi="H56 ghi lùi ngày kết thúc của 50% hồ sơ",
            description="Of the dossiers of H56 that were completed in a day, 50% were said to have"
            " ended more than a working day before that was sent: written late, or written so as to"
            " be on time.",
        ),
        firing=Case(
            says="half of a bulk finish",
            given=serve() | backdated("0+5x120", "0+10x120"),
            at={"1h": [{"agency": "H56"}], "10m": []},
        ),
        not_firing=(
            Case(
                says="one in fifty",
                given=serve() | backdated("0+1x120", "0+50x120"),
                at={"2h": []},
            ),
            Case(
                says="history that is brought in (backfill)",
                given=serve() | backdated("0+5x120", "0+10x120", class_="backfill"),
                at={"2h": []},
            ),
            Case(
                says="a recompute",
                given=serve() | backdated("0+5x120", "0+10x120", class_="recompute"),
                at={"2h": []},
            ),
        ),
        resolving=Case(
            says="a day later",
            every="5m",
            given=serve(400, minutes=5) | backdated("0+5x12 60x400", "0+10x12 120+10x400"),
            at={"1h": [{"agency": "H56"}], "1d6h": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=Case(
            says="nothing is booked for ten hours",
            every="5m",
            given=serve(400, minutes=5) | backdated("600x300", "800x300"),
            at={"10h": []},
        ),
        tet=Case(
            says="nothing is booked for a day and a half",
            every="30m",
            given=serve(100, minutes=30) | backdated("600x100", "800x100"),
            at={"1d": [], "1d12h": []},
        ),
        low_volume=Case(
            says="12 of 12",
            given=serve() | backdated("0+1x12 12x120", "0+1x12 12x120"),
            at={"1h": [], "2h": []},
        ),
        replicas=(
            Case(
                says="12 shown by two instances are not 24",
                given=serve()
                | backdated("0+1x12 12x120", "0+1x12 12x120")
                | backdated("0+1x12 12x120", "0+1x12 12x120", "b"),
                at={"1h": []},
            ),
            Case(
                says="b is absent",
                given=serve()
                | backdated("0+5x120", "0+10x120")
                | backdated("0 stale", "0 stale", "b"),
                at={"1h": [{"agency": "H56"}]},
            ),
        ),
    ),
    Told(
        alert="RecordsRefused",
        files=("fresh", "data"),
        labels={"severity": "ticket", "about": "data"},
        texts=told(
            "records-refused",
            "emc-connections?var-source=s",
            summary="50% of what s sends is refused",
            summary_vi="50% bản ghi của nguồn s bị từ chối",
            description="Of the records of a day from s, 50% were no events and lie in quarantine."
            " Figures lack them.",
        ),
        firing=Case(
            says="half of it",
            given=serve() | records("0+5x120", "0+5x120"),
            at={"1h": [{"source": "s"}], "10m": []},
        ),
        not_firing=(
            Case(
                says="one in fifty",
                given=serve() | records("0+1x120", "0+49x120"),
                at={"2h": []},
            ),
            Case(
                says="what is summed into other is no source, and leaps as sources come and go",
                given=serve() | records("0+5x120", "0+5x120", source="other"),
                at={"2h": []},
            ),
        ),
        resolving=Case(
            says="a day later",
            every="5m",
            given=serve(400, minutes=5) | records("0+5x12 60x400", "0+5x12 60+10x400"),
            at={"1h": [{"source": "s"}], "1d6h": []},
        ),
        no_data=Case(says="nothing at all", given={}, at={"1h": []}),
        idle_night=Case(
            says="nothing is sent for ten hours",
            every="5m",
            given=serve(400, minutes=5) | records("600x300", "800x300"),
            at={"10h": []},
        ),
        tet=Case(
            says="nothing is sent for a day and a half",
            every="30m",
            given=serve(100, minutes=30) | records("600x100", "800x100"),
            at={"1d": [], "1d12h": []},
        ),
        low_volume=Case(
            says="12 of 12", given=serve() | records("0+1x12 12x120", "0x120"), at={"2h": []}
        ),
        replicas=(
            Case(
                says="12 shown by two instances are not 24",
                given=serve()
                | records("0+1x12 12x120", "0x120")
                | records("0+1x12 12x120", "0x120", "b"),
                at={"2h": []},
            ),
            Case(
                says="b is absent",
                given=serve()
                | records("0+5x120", "0+5x120")
                | records("0 stale", "0 stale", "b"),
                at={"1h": [{"source": "s"}]},
            ),
        ),
    ),
    Told(
        alert="AgencyDigest",
        files=("fresh", "digest"),
        labels={"severity": "digest", "about": "legal"},
        texts=told(
            "agency-digest",
            "emc-due?var-agency=H56",
            summary="H56: 31 dossiers overdue, 12 fall due today",
            summary_vi="H56: 31 hồ sơ quá hạn, 12 hồ sơ đến hạn hôm nay",
            description="Overdue: 31. Due today: 12; on the next working day: 7; the day after: 4. At"
            " the present pace there will be 33 overdue one working day after today began, 36 after"
            " three, 40 after five.",
            description_vi="Hồ sơ quá hạn: 31. Đến hạn hôm nay: 12; ngày làm việc tiếp theo: 7; ngày"
            " làm việc sau đó: 4. Với tiến độ hiện nay, dự kiến số hồ sơ quá hạn sau 1 ngày làm việc"
            " là 33, sau 3 ngày làm việc là 36, sau 5 ngày làm việc là 40.",
        ),
        firing=(
            Case(
                says="07:30 on a working day, one an agency",
                given=serve() | due(31, 12) | HALF_PAST_SEVEN,
                at={"45m": H56, "29m": [], "1h1m": []},
            ),
            Case(
                says="an agency with hours of its own is told by its own calendar",
                given=serve()
                | due(31, 12)
                | due(31, 12, agency="H01")
                | HALF_PAST_SEVEN
                | digest_time("0x89 1x29 0x60", calendar="H01"),
                at={"45m": H56, "1h45m": [{"agency": "H01"}]},
            ),
            Case(
                says="nothing is due, and one is expected to be overdue",
                given=serve()
                | due(0, 0)
                | of(
                    "emc_agency_dossiers_expected_overdue",
                    "0.8x120",
                    agency="H56",
                    within="5",
                )
                | HALF_PAST_SEVEN,
                at={"45m": H56},
            ),
        ),
        not_firing=(
            Case(
                says="nobody has judged what is due for more than a quarter of an hour",
                given=serve() | due(31, 12) | judged("0+60x20 1200x100") | HALF_PAST_SEVEN,
                at={"34m": H56, "36m": [], "59m": []},
            ),
            Case(
                says="nothing overdue, due or expected",
                given=serve() | due(0, 0) | HALF_PAST_SEVEN,
                at={"45m": []},
            ),
            Case(
                says="what is summed into other is no agency",
                given=serve() | due(31, 12, agency="other") | HALF_PAST_SEVEN,
                at={"45m": []},
            ),
        ),
        resolving=Case(
            says="08:00",
            given=serve() | due(31, 12) | HALF_PAST_SEVEN,
            at={"59m": H56, "1h": []},
        ),
        no_data=(
            Case(says="nothing at all", given={}, at={"45m": []}),
            Case(
                says="no figures of agencies",
                given=serve() | HALF_PAST_SEVEN,
                at={"45m": []},
            ),
        ),
        idle_night=Case(
            says="dossiers are overdue at night too",
            every="30m",
            given=serve(20, minutes=30) | due(31, 12) | digest_time("0x20"),
            at={"5h": [], "10h": []},
        ),
        tet=Case(
            says="nine days off: emc serve says on none that it is time",
            every="30m",
            given=serve(500, minutes=30) | due(31, 12, minutes=500) | digest_time("0x500"),
            at={"1d": [], "9d": []},
        ),
        low_volume=Case(
            says="one dossier due today is told: a person waits for it",
            given=serve() | due(0, 1) | HALF_PAST_SEVEN,
            at={"45m": H56},
        ),
        replicas=(
            Case(
                says="b has what was judged an hour ago, and a what was judged now",
                given=serve() | due(31, 12) | judged("-3600x120", "b") | HALF_PAST_SEVEN,
                at={"45m": H56},
            ),
            Case(
                says="both show it, it is one",
                given=serve()
                | serve(instance="b")
                | due(31, 12)
                | due(31, 12, "b")
                | HALF_PAST_SEVEN
                | digest_time("0x29 1x29 0x60", "b"),
                at={"45m": H56},
            ),
            Case(
                says="b hangs at 07:45 of yesterday, and is not believed",
                given=serve()
                | due(31, 12)
                | digest_time("0x120")
                | of("emc_snapshot_timestamp_seconds", "0x120", instance="b")
                | digest_time("1x120", "b"),
                at={"45m": []},
            ),
        ),
    ),
)
