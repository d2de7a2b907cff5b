"""What is heard of an incident is the alert that was meant, or one too many."""

import asyncio
from dataclasses import replace

import orjson

from agents.demo.bell import Bell, Ring, rings
from agents.demo.incident import Evening, Story
from agents.demo.incidents import Times

TIMES = Times(agency="H56", seed=1, now_ms=0, begins_ms=100_000, beat_ms=10_000)
MEANT = Ring(
    name="SourceInterrupted",
    severity="page",
    receiver="page",
    firing=True,
    began_ms=150_000,
    came_ms=160_000,
    labels={"alertname": "SourceInterrupted", "source": "H56-onestop", "severity": "page"},
    annotations={"summary": "H56-onestop has been silent for 1m"},
)


def evening() -> Evening:
    return Evening([Story("source-silent", TIMES)])


def test_the_alert_that_was_meant_ends_it_well() -> None:
    before, here = evening(), evening()

    assert here.hear([MEANT]) == [MEANT]
    assert (before.right, here.right) == (False, True)
    assert here.verdict() == [
        "source-silent: expected SourceInterrupted, received at 'page' after 60 s",
        "others raised: none",
    ]


def test_of_another_source_by_another_route_or_too_early_it_is_one_too_many() -> None:
    for wrong in (
        replace(MEANT, labels=dict(MEANT.labels) | {"source": "H41-onestop"}),
        replace(MEANT, receiver="ticket"),
        replace(MEANT, came_ms=99_999),
        replace(MEANT, name="LedgerDrift"),
    ):
        here = evening()

        here.hear([wrong])
        early = here.over
        here.hear([wrong, MEANT])

        assert here.others == [wrong]
        assert (early, here.over, here.right) == (False, True, False)


def test_a_digest_and_what_resolves_are_no_alert_too_many() -> None:
    here = evening()

    here.hear([replace(MEANT, severity="digest", name="AgencyDigest")])
    here.hear(
        [replace(MEANT, severity="digest", name="AgencyDigest"), replace(MEANT, firing=False)]
    )

    assert here.others == []
    assert not here.over


def test_a_control_run_is_right_if_nothing_comes() -> None:
    here = Evening([Story("none", TIMES)])
    before = here.right

    here.hear([MEANT])

    assert (before, here.right) == (True, False)
    assert here.verdict() == ["none: no alert expected", "others raised: SourceInterrupted"]


async def test_a_notification_of_alertmanager_is_heard() -> None:
    """Version 4 of its webhook, as its documentation has it."""
    notification = {
        "version": "4",
        "receiver": "page",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "WorkerDown", "severity": "page"},
                "annotations": {"summary": "No worker runs"},
                "startsAt": "2026-11-27T23:00:00.123456789Z",
                "endsAt": "0001-01-01T00:00:00Z",
            }
        ],
    }
    body = orjson.dumps(notification)
    async with Bell.hung(lambda: 5) as bell:
        host, port = bell.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()

    [ring] = bell.rung
    assert (ring.name, ring.severity, ring.receiver, ring.firing, ring.summary) == (
        "WorkerDown", "page", "page", True, "No worker runs",
    )  # fmt: skip
    assert (ring.began_ms, ring.came_ms) == (1_795_820_400_123, 5)
    assert [ring] == list(rings(notification, 5))
