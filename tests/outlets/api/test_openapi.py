"""The API does what its description says, whatever it is asked."""

import json
import os
from typing import Any, Final
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitor.outlets.api import openapi
from monitor.outlets.api.every import ENDPOINTS
from monitor.outlets.api.page import page
from tests.outlets.api.service import OWN, Here
from tests.servers.require import ROOT

# `make fuzz` asks for more.
EXAMPLES: Final = int(os.environ.get("EMC_FUZZ_EXAMPLES", "12"))
CHECKS: Final = (
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
DESCRIBED: Final = json.loads(openapi.text(ENDPOINTS))
SCHEMA: Final = schemathesis.openapi.from_dict(DESCRIBED)


def test_the_description_in_docs_is_fresh() -> None:
    path = ROOT / openapi.PATH

    written = path.read_text("utf-8") if path.is_file() else ""

    assert written == openapi.text(ENDPOINTS), f"{openapi.PATH} is stale: run `make docs`"


async def test_the_description_is_served(api: Here):
    assert (await api.get("openapi.json")).json() == DESCRIBED


async def test_the_page_names_every_address_and_no_other_host(api: Here):
    answer = await api.get("docs")

    for path in DESCRIBED["paths"]:
        assert f"<code>GET {path}</code>" in answer.text or path.endswith("openapi.json")
    assert "<script" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.text == page(ENDPOINTS)


async def test_examples_of_the_description_are_answered_as_described(api: Here):
    """Each endpoint, with the examples of what it needs, as somebody would try them first."""
    for path, item in DESCRIBED["paths"].items():
        operation = item["get"]
        needed = {
            one["name"]: (one["in"], one["example"])
            for one in operation.get("parameters", ())
            if one["required"] or one["name"] in ("fact", "by")
        }
        address = path.replace("{dossier}", OWN[0])
        for name, (where, example) in needed.items():
            if where == "path":
                address = address.replace(f"{{{name}}}", example)
        query = "&".join(
            f"{name}={quote(example)}"
            for name, (where, example) in needed.items()
            if where == "query"
            and not (name == "by" and "rankings/" in path and "reasons" not in path)
        )
        answer = await api.get(f"{address}?{query}", "admin")

        if "differences" in path or "releases/" in path:  # there are none here
            assert answer.status_code == 404
            continue
        assert answer.status_code == 200, (address, query, answer.text)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": DESCRIBED["components"]}).validate(
            answer.json()
        )


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(DESCRIBED["paths"]))
def test_whatever_it_is_asked_it_answers_as_described(api: Here, path: str) -> None:
    found = [one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok)]
    assert len(found) == len(DESCRIBED["paths"])
    [operation] = [one for one in found if one.path == path]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="EMC_FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    @given(case=operation.as_strategy())
    def try_it(case: Any) -> None:
        case.call_and_validate(
            base_url=api.serve.url,
            headers={"Authorization": f"Bearer {api.held['admin']}"},
            checks=CHECKS,
        )

    try_it()
