"""The gateway does what its description says, whatever it is sent."""

import json
import os
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agents.gateway import legacy, openapi
from tests.gateway.raw import Raw
from tests.gateway.service import Stage

# `make fuzz` asks for more.
EXAMPLES: Final = int(os.environ.get("EMC_FUZZ_EXAMPLES", "60"))
CHECKS: Final = (
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
DESCRIBED: Final = json.loads(openapi.text(legacy.paths()))
SCHEMA: Final = schemathesis.openapi.from_dict(DESCRIBED)
# Names, numbers and addresses that nobody but the sender may ever see again.
PLANTED: Final = "079203001234"


async def test_the_description_is_served(here):
    async with here.client("") as client:
        answer = await client.get("/v1/openapi.json")

    assert answer.json() == DESCRIBED


async def test_its_examples_are_accepted(here):
    async with here.client() as client:
        answers = {
            (path, media): (
                await client.post(
                    path + ("?day=2026-08-03&claim=2026-08-03.9" if "reconc" in path else ""),
                    content=one["example"]
                    if isinstance(one["example"], str)
                    else json.dumps(one["example"]),
                    headers={"content-type": media, **_binary(path, media)},
                )
            ).status_code
            for path, item in DESCRIBED["paths"].items()
            if path.startswith("/v1/")
            for media, one in item.get("post", {})
            .get("requestBody", {})
            .get("content", {})
            .items()
        }

    assert len(answers) >= 11
    assert set(answers.values()) == {202}, answers


def _binary(path: str, media: str) -> dict[str, str]:
    if (path, media) != ("/v1/events", "application/json"):
        return {}
    said = {name: value for name, value in openapi.EXAMPLE.items() if name != "data"}
    return {f"ce-{name}": value for name, value in said.items()}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(DESCRIBED["paths"]))
def test_whatever_it_is_sent_it_answers_as_described(here: Stage, path: str) -> None:
    found = [one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok)]
    assert len(found) == len(DESCRIBED["paths"])
    for operation in (one for one in found if one.path == path):

        @settings(
            max_examples=EXAMPLES if operation.method == "post" else 3,
            deadline=None,
            derandomize="EMC_FUZZ_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
        )
        @given(case=operation.as_strategy())
        def try_it(case: Any) -> None:
            case.call_and_validate(
                base_url=here.gateway.url,
                headers={"Authorization": f"Bearer {here.token}"},
                checks=CHECKS,
            )

        try_it()


@pytest.mark.slow
def test_bytes_of_any_kind_are_no_fault_of_ours(here: Stage) -> None:
    """Also through headers that the client libraries would not send."""
    media = ["application/cloudevents+json", "application/cloudevents-batch+json"]
    media += ["application/x-ndjson", "application/json", "text/csv", "text/plain"]
    paths = [path for path, item in DESCRIBED["paths"].items() if "post" in item]
    # What the client sends at all: no control characters.
    printable = st.characters(
        min_codepoint=32, max_codepoint=255, categories=("L", "N", "P", "S")
    )
    texts = st.text(printable, max_size=40)

    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        derandomize="EMC_FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    @given(
        path=st.sampled_from(paths),
        kind=st.sampled_from(media),
        body=st.binary(max_size=300)
        | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(
            lambda said: json.dumps(said).encode()
        ),
        gzip=st.booleans(),
        attribute=st.sampled_from(["ce-id", "ce-type", "ce-time", "ce-source", "x-request-id"]),
        said=texts,
    )
    def try_it(
        path: str, kind: str, body: bytes, gzip: bool, attribute: str, said: str
    ) -> None:
        headers = [
            (b"authorization", f"Bearer {here.token}".encode()),
            (b"content-type", kind.encode()),
            (attribute.encode(), said.strip().encode("latin-1")),
            *([(b"content-encoding", b"gzip")] if gzip else []),
        ]
        answer = caller.post(f"{here.gateway.url}{path}", content=body, headers=headers)
        assert answer.status_code in {200, 202, 400, 413, 415}, answer.text

    with httpx.Client(timeout=30) as caller:
        try_it()


async def test_what_is_no_http_at_all_is_hung_up_on(here):
    for said in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
    ):
        async with Raw.to(here) as connection:
            await connection.say(said)
            answer = await connection.hear()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), said


async def test_nothing_that_was_sent_is_in_the_log_or_in_an_answer(here):
    """Planted everywhere that a caller can write to."""
    said = {
        "specversion": PLANTED,
        "id": PLANTED,
        "source": PLANTED,
        "type": PLANTED,
        "time": PLANTED,
        "data": {"dossier": PLANTED, "state": PLANTED},
    }
    answers = []
    async with here.client(f"emc_{PLANTED}") as client:
        answers.append(await client.post(f"/v1/events?a={PLANTED}", json=said))
    async with here.client() as client:
        for path in [*DESCRIBED["paths"], f"/{PLANTED}"]:
            for media in ("application/cloudevents+json", "application/json", "text/csv"):
                for body in (json.dumps(said), json.dumps([said]), PLANTED):
                    answers += [
                        await client.post(
                            f"{path}?day={PLANTED}&claim=1",
                            content=body,
                            headers={
                                "content-type": media,
                                "ce-id": PLANTED,
                                "ce-type": PLANTED,
                                "idempotency-key": PLANTED,
                                "x-request-id": PLANTED,
                                "user-agent": PLANTED,
                            },
                        )
                    ]
        metrics = (await client.get(here.gateway.metrics)).text

    assert len(answers) > 50
    for answer in answers:
        assert answer.status_code < 500
        assert PLANTED not in answer.text + str(answer.headers), answer.request.url
    assert PLANTED not in here.gateway.said()
    assert here.token not in here.gateway.said()
    assert PLANTED not in metrics
