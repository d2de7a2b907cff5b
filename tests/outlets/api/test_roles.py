"""Every address for every role: what is open, and what is refused and not merely hidden."""

import pytest

from monitor.outlets.api.every import ENDPOINTS
from tests.outlets.api.service import FOREIGN, NOBODYS, OWN, Here

# By hand: the status for who has no token, and for tokens public, agency (of H56), national, admin.
ROLES = ("", "public", "agency", "national", "admin")
ALL = (200, 200, 200, 200, 200)
FIGURES = (401, 403, 200, 200, 200)
ELSEWHERE = (401, 403, 403, 200, 200)  # of another agency, or of the country
MONTH = "period=2026-08"
THEN = "then=2026-11-01T00:00:00Z"
EXPECTED = {
    "index": {"": ALL},
    "whoami": {"whoami": ALL},
    "measures": {"measures": ALL},
    "agencies": {"agencies?limit=1": ALL},
    "procedures": {"procedures?limit=1": ALL},
    # Nothing is released here: test_releases.py reads some.
    "releases": {"releases": ALL},
    "releases_of": {"releases/received": (404,) * 5},
    "release": {"releases/received/2026-08-14": (404,) * 5},
    "sets": {"sets": ALL},
    "set": {"sets/emc": ALL},
    "scorecard": {
        f"scorecards/emc?scope=H56&{MONTH}": FIGURES,
        f"scorecards/emc?scope=H56.14&{MONTH}": FIGURES,
        f"scorecards/emc?scope=H56/own&{MONTH}": FIGURES,
        f"scorecards/emc?scope=H56%2B1.004194&{MONTH}": FIGURES,
        f"scorecards/emc?scope=H57&{MONTH}": ELSEWHERE,
        f"scorecards/emc?scope=country&{MONTH}": ELSEWHERE,
        f"scorecards/emc?scope=G01&{MONTH}": ELSEWHERE,
    },
    # Of peers, once the period is over.
    "ranking": {f"rankings/emc?{MONTH}": FIGURES, "rankings/emc?period=2099": ELSEWHERE},
    "reasons": {
        f"rankings/emc/reasons?scope=H56&{MONTH}&by=online_share": FIGURES,
        f"rankings/emc/reasons?scope=H57&{MONTH}&by=online_share": ELSEWHERE,
    },
    "difference": {
        # Before the first cut: whoever may ask is told so.
        f"differences/emc?scope=H56&{MONTH}&{THEN}": (401, 403, 404, 404, 404),
        f"differences/emc?scope=H57&{MONTH}&{THEN}": (401, 403, 403, 404, 404),
    },
    "breakdown": {
        f"breakdowns/emc?scope=H56&{MONTH}": FIGURES,
        f"breakdowns/emc?scope=country&{MONTH}&limit=1": ELSEWHERE,
    },
    "series": {
        "series/emc?scope=H56&from=2026-07&to=2026-08": FIGURES,
        "series/emc?scope=H57.03&from=2026-07&to=2026-08": ELSEWHERE,
    },
    "balances": {
        f"balances?scope=H56&{MONTH}&by=part": FIGURES,
        f"balances?scope=country&{MONTH}": ELSEWHERE,
        f"balances?scope=G01/sector&{MONTH}": ELSEWHERE,
    },
    "facts": {
        "series?scope=H56&from=2026-07&to=2026-08": FIGURES,
        "series?scope=country&from=2026-07&to=2026-08": ELSEWHERE,
    },
    "dossiers": {
        f"dossiers?scope=H56&{MONTH}&fact=completed": FIGURES,
        f"dossiers?scope=H57&{MONTH}&fact=completed": ELSEWHERE,
        f"dossiers?scope=country&{MONTH}&fact=completed": ELSEWHERE,
    },
    "timeline": {
        f"dossiers/{OWN[0]}": FIGURES,
        f"dossiers/{FOREIGN}": ELSEWHERE,
        # An agency is not told whether there is one that is not its own.
        f"dossiers/{NOBODYS}": (401, 403, 403, 404, 404),
        "dossiers/0123456789abcdef0123": (401, 403, 403, 404, 404),
    },
}


def test_every_endpoint_has_its_line_here() -> None:
    assert set(EXPECTED) == {one.name for one in ENDPOINTS}


@pytest.mark.parametrize("path", [path for paths in EXPECTED.values() for path in paths])
async def test_what_a_role_may_see_is_answered_and_all_else_refused(api: Here, path: str):
    [expected] = [paths[path] for paths in EXPECTED.values() if path in paths]

    answers = [await api.get(path, role) for role in ROLES]

    assert tuple(answer.status_code for answer in answers) == expected
    for answer in answers:
        if answer.status_code in (401, 403, 404):
            said = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert said["status"] == answer.status_code
            assert said["detail"]
            assert said["remedy"]
            assert answer.headers["cache-control"] == "no-store"
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"] == 'Bearer realm="emc"'


async def test_description_and_page_are_open_to_everybody(api: Here):
    for path in ("openapi.json", "docs"):
        assert [(await api.get(path, role)).status_code for role in ROLES] == [200] * 5


async def test_an_agency_is_told_whose_token_it_has(api: Here):
    refused = (await api.get(f"dossiers/{FOREIGN}", "agency")).json()

    assert refused["code"] == "not_yours"
    assert refused["detail"] == "this dossier is not of H56, whose figures this token is for"
    assert refused["remedy"].startswith("ask for H56 or an agency below it")
