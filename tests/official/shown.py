"""Official figures wherever they are shown: reports, the interface, /metrics, a dashboard, the topic."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from monitor.outlets.dashboards.declare import Sql
from monitor.outlets.dashboards.official import DASHBOARD
from monitor.outlets.official import INDICATORS
from tests.official.compare import Both
from tests.official.figures import Card, Figure, Points
from tests.official.way import Way, emc
from tests.outlets.api.service import Here, serving

SHARE = "full_process_dossier_share"


async def everywhere(
    way: Way, both: Both, scopes: Mapping[str, str], periods: Sequence[str], folder: Path
) -> None:
    """Hold each place against the raw events: of agencies, whose kinds are given, and periods.

    The first agency is a province or ministry, the first period the month under way.
    """
    first, month = next(iter(scopes)), periods[0]
    await way.evaluated()
    # Some is read from the books: what is asked for here is exactness, not speed.
    async with serving(way.database, folder, api_patience_seconds="300") as service:
        for period in periods:
            for set_id in both.second.valid(period):
                for scope, kind in scopes.items():
                    path = f"scorecards/{set_id}?scope={scope}&period={period}"
                    answer = await service.get(path, "national")
                    assert answer.status_code == 200, answer.text
                    card = both.second.card(set_id, scope, kind, period, both.as_of)
                    _document(both, "interface", path, json.loads(answer.content), card)
                    if scope == first and period == month:
                        arguments = (set_id, "--scope", scope, "--period", period)
                        report = await emc(
                            way.database, "report", *arguments, "--format", "json"
                        )
                        both.same("report as the interface", path, report, answer.content)
                way.tell(f"asked of {set_id} in {period}", 1, 1)
        await _metrics(service, both, first, scopes[first], month)
    await _told(way, both, first, scopes[first])


def _document(
    both: Both, place: str, where: str, document: Mapping[str, Any], card: Card
) -> None:
    found = {one["indicator"]: one for one in document["figures"]}
    both.same(f"{place}: which figures", where, set(found), set(card.figures))
    for id_, figure in card.figures.items():
        one = found[id_]
        said = (
            *(one["standing"], one["numerator"], one["denominator"], one["value"]),
            *(one["score"], one["max_score"], one["excluded"]),
            None if one["target"] is None else one["target"]["distance"],
        )
        both.same(place, f"{where}, {id_}", said, _written(figure))
    sums = {one["group"]: one for one in document["groups"]} | {"": document["total"]}
    for group, points in {**card.groups, "": card.points}.items():
        one = sums[group]
        four = (one["score"], one["out_of"], one["nothing_to_measure"], one["unknown"])
        both.same(f"{place}: points", f"{where} {group}", four, _points(points))
    band = document["total"]["band"]
    both.same(f"{place}: verdict", where, None if band is None else band["id"], card.band)
    checks = {one["id"]: (one["left"], one["right"]) for one in document["checks"]}
    both.same(f"{place}: identities", where, checks, dict(card.checks))


def _written(figure: Figure) -> tuple[Any, ...]:
    return (
        *(figure.standing, figure.numerator, figure.denominator, _number(figure.shown)),
        *(_number(figure.score), _number(figure.most), figure.excluded),
        _number(figure.distance),
    )


def _points(points: Points) -> tuple[float | None, ...]:
    return (
        _number(points.total),
        _number(points.out_of),
        _number(points.empty),
        _number(points.unknown),
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


async def _metrics(service: Here, both: Both, scope: str, kind: str, month: str) -> None:
    """Both sides of each figure that is on /metrics, and of the ranking that Grafana asks for."""
    text = (await service.get("/metrics")).text
    found: dict[tuple[str, str], dict[str, int]] = {}
    for side, labels, value in re.findall(
        r"^emc_indicator_(numerator|denominator)\{(.*)\} (\S+)$", text, re.MULTILINE
    ):
        said = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if said["scope"] == scope:
            found.setdefault((said["set"], said["indicator"]), {})[side] = int(float(value))
    for set_id, ids in INDICATORS.items():
        figures = both.second.figures(set_id, scope, kind, month, both.as_of)
        for id_ in ids:
            sides = {
                side: value
                for side, value in (
                    ("numerator", figures[id_].numerator),
                    ("denominator", figures[id_].denominator),
                )
                if value is not None
            }
            both.same("metrics", f"{set_id} {id_}", found.get((set_id, id_), {}), sides)
    share = both.second.figures("emc", scope, kind, month, both.as_of)[SHARE]
    shown = await _on_the_dashboard(service, scope)
    both.same("dashboard", SHARE, shown, (share.numerator, share.denominator))


async def _on_the_dashboard(service: Here, scope: str) -> tuple[int, int]:
    """The agency's row in the ranking of the month, by the query that Grafana sends."""
    queries = (
        query.text
        for row in DASHBOARD.rows
        for panel in row.panels
        for query in panel.queries
        if isinstance(query, Sql)
    )
    ranking = next(q for q in queries if "full_process" in q and "span = 'month'" in q)
    [row] = [row for row in await service.ledger(ranking) if row["agency"] == scope]
    return row["tử số · numerator"], row["mẫu số · denominator"]


async def _told(way: Way, both: Both, scope: str, kind: str) -> None:
    """What the Government's systems have been told last of the agency, by set and period."""
    partition = TopicPartition(way.indicators, 0)
    last: dict[bytes, bytes] = {}
    async with AIOKafkaConsumer(bootstrap_servers=way.stage.bootstrap) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        [end] = (await consumer.end_offsets([partition])).values()
        while await consumer.position(partition) < end:
            for run in (await consumer.getmany(timeout_ms=500)).values():
                last |= {one.key: one.value for one in run}
    for key, value in last.items():
        set_id, of, period = key.decode().split("|")
        document = json.loads(value)["data"]
        # Of a period that is not over, nobody is told twice within a quarter of an hour.
        if of == scope and document["period"]["over"]:
            card = both.second.card(set_id, scope, kind, period, both.as_of)
            _document(both, "topic", f"{set_id} in {period}", document, card)
