"""Every address that `emc serve` has, for every role: what is refused is not merely hidden."""

import re
from contextlib import AsyncExitStack
from typing import Any

import httpx

from monitor.outlets.api.app import Frame as Api
from monitor.outlets.api.endpoint import BASE
from monitor.outlets.api.every import ENDPOINTS
from monitor.outlets.console.every import handlers
from monitor.outlets.console.frame import GUARD
from monitor.outlets.console.frame import Frame as Console
from monitor.outlets.serve import build_app
from tests.outlets.api.service import Here, now
from tests.outlets.console.ops import signed_in
from tests.outlets.console.service import last_month

MONTH = f"period={last_month():%Y-%m}"
# By hand: the status for who has not signed in, and for public, agency (of H56), national, admin.
ROLES = ("", "public", "agency", "national", "admin")
ALL = (200, 200, 200, 200, 200)
FIGURES = (403, 403, 200, 200, 200)
ELSEWHERE = (403, 403, 403, 200, 200)  # of another agency, or of the country
ADMINISTRATORS = (403, 403, 403, 403, 200)
OWN, ANOTHERS = "H56.14-991231-0001", "H26.01-991231-0001"  # nobody has spoken of either
PAGES = {
    "/": {"/": ALL, f"/?{MONTH}&format=csv": (200, 200, 200, 200, 200)},
    "/scorecards": {
        f"/scorecards?scope=H56&{MONTH}": FIGURES,
        f"/scorecards?scope=H26&{MONTH}": ELSEWHERE,
    },
    "/scorecards/{set:str}": {
        f"/scorecards/emc?scope=H56&{MONTH}": FIGURES,
        f"/scorecards/emc?scope=H56%2B1.004194&{MONTH}": FIGURES,
        f"/scorecards/emc?scope=H26&{MONTH}&format=csv": ELSEWHERE,
        f"/scorecards/emc?scope=H56/sector&{MONTH}": ELSEWHERE,
        f"/scorecards/emc?scope=country&each=unit&{MONTH}": ELSEWHERE,
    },
    "/rankings/{set:str}": {
        f"/rankings/emc?{MONTH}": FIGURES,
        f"/rankings/emc?{MONTH}&why=H26&by=online_share": ELSEWHERE,
        "/rankings/emc?period=2099": (403, 403, 403, 200, 200),
    },
    "/differences/{set:str}": {
        f"/differences/emc?scope=H56&{MONTH}": FIGURES,
        f"/differences/emc?scope=H26&{MONTH}": ELSEWHERE,
        f"/differences/emc?scope=country&{MONTH}&format=csv": ELSEWHERE,
    },
    "/reports": {"/reports": FIGURES},
    "/reports/{set:str}": {
        f"/reports/emc?scope=H56&{MONTH}&as=csv": FIGURES,
        f"/reports/emc?scope=H26&{MONTH}&as=csv": ELSEWHERE,
        f"/reports/emc?scope=H26&ranking=provinces&{MONTH}&as=csv": ELSEWHERE,
        "/reports/emc?ranking=provinces&period=2099&as=csv": (403, 403, 403, 200, 200),
    },
    "/reports/published/{number:str}": {"/reports/published/999999": (403, 403, 404, 404, 404)},
    "/agencies/{agency:str}": {
        "/agencies/H56?due=overdue": FIGURES,
        "/agencies/H26?due=overdue": ELSEWHERE,
        "/agencies/000.00.00.H26?format=csv": ELSEWHERE,
        "/agencies/H26.01?due=overdue&table=dossiers&format=csv": ELSEWHERE,
    },
    "/procedures/{procedure:str}": {
        "/procedures/1.004194": FIGURES,
        "/procedures/1.004194?agency=H26": ELSEWHERE,
        "/procedures/1.004194?agency=H26&due=overdue&table=dossiers&format=csv": ELSEWHERE,
    },
    "/dossiers/{dossier:str}": {
        # An agency is not told whether there is one that is not its own.
        f"/dossiers/{OWN}": (403, 403, 403, 404, 404),
        f"/dossiers/{ANOTHERS}": (403, 403, 403, 404, 404),
        "/dossiers/0123456789abcdef0123": (403, 403, 403, 404, 404),
    },
    "/connections": {"/connections": FIGURES},
    "/connections/{source:str}": {
        "/connections/H56-onestop": FIGURES,
        "/connections/H57-onestop?days=7": ELSEWHERE,
    },
    "/objectives": {"/objectives": FIGURES},
    "/objectives/{objective:str}": {
        "/objectives/on-time-766?scope=agency:H56": FIGURES,
        "/objectives/on-time-766?scope=agency:H57": ELSEWHERE,
        "/objectives/on-time-766?scope=country": ELSEWHERE,
    },
    "/quarantine": {"/quarantine": ADMINISTRATORS, "/quarantine?format=csv": ADMINISTRATORS},
    "/ledger": {"/ledger": ADMINISTRATORS, "/ledger?format=csv": ADMINISTRATORS},
    "/definitions": {"/definitions": ALL},
    "/definitions/{set:str}": {"/definitions/emc": ALL},
    "/find": {"/find?q=thanh": ALL},
    "/sign-in": {"/sign-in": ALL},
    "/sign-out": {"/sign-out": (403, 403, 303, 303, 303)},
}
# What is no page: told live below; the same to all; tests/outlets/api/test_roles.py has the API's.
LIVE = "/live"
OPEN = {
    *("/healthz", "/readyz", "/metrics", "/static/{name:str}"),
    *(f"{BASE}/openapi.json", f"{BASE}/docs"),
}


def test_every_address_has_its_line_here() -> None:
    nothing: Any = None
    api = Api(nothing, nothing, nothing, nothing, 1).handlers(ENDPOINTS)
    console = Console(nothing, nothing, nothing, nothing, nothing, now=now, patience_seconds=1)
    app = build_app(nothing, nothing, [*api, *handlers(console, now)])

    of_api = {(BASE + one.path).replace("}", ":str}") for one in ENDPOINTS}
    assert {route.path for route in app.routes} == {*PAGES, LIVE, *OPEN, *of_api}


async def test_what_a_role_may_see_is_answered_and_all_else_refused(console: Here) -> None:
    found, expected = {}, {}
    async with AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(signed_in(console, role)) for role in ROLES]
        for addresses in PAGES.values():
            for address, statuses in addresses.items():
                expected[address] = statuses
                answers = [await one.get(address) for one in visitors]
                found[address] = tuple(one.status_code for one in answers)
                for answer in answers:
                    guarded(answer)
    assert found == expected


def guarded(answer: httpx.Response) -> None:
    """Nobody else is to run it, frame it or keep it; and a refusal has no figure in it."""
    assert {name: answer.headers[name] for name in GUARD} == dict(GUARD)
    assert answer.headers["cache-control"].startswith(("private", "no-store"))
    if answer.status_code in (403, 404):
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<table|data-live=|Traceback", answer.text)


async def test_nothing_is_written_to_what_is_only_read(console: Here) -> None:
    origin = {"origin": console.serve.url}
    async with signed_in(console, "admin") as client:
        for addresses in PAGES.values():
            address = next(iter(addresses))
            if address.startswith("/sign-"):
                continue
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = await client.request(method, address, headers=origin)
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
                assert answer.headers["content-security-policy"]


async def test_metrics_are_for_who_scrapes_and_not_for_who_comes_through_a_proxy(
    console: Here,
) -> None:
    # It has every agency's figures, small counts too: what is put before the public is the console.
    assert (await console.get("/metrics")).status_code == 200
    for name in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"):
        answer = await console.get("/metrics", **{name.replace("-", "_"): "10.56.0.9"})
        assert (answer.status_code, "emc_" in answer.text) == (403, False), name


async def test_what_is_no_page_is_taken_for_nothing_else_either(console: Here) -> None:
    for address in ("/healthz", "/readyz", "/metrics", "/api/v1/docs", "/api/v1/nothing"):
        headers = (await console.get(address)).headers
        assert headers["x-content-type-options"] == "nosniff", address
        assert headers["content-security-policy"].startswith("default-src 'none'"), address
