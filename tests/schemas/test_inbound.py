"""What comes in at the edge may say two things more than what is on a topic."""

import json

import msgspec
import pytest

from schemas.inbound import INBOUND, KIND_OF, inbound_reader
from tests.schemas.wire import EXAMPLES

STATE = json.loads((EXAMPLES / "dossier.state.v1.json").read_text(encoding="utf-8"))
MORE = {"applicant_id": "079203001234", "stated_by": "G15.03"}


def test_whose_number_it_is_and_who_states_it_are_read_at_the_edge():
    said = {**STATE, "data": {**STATE["data"], **MORE}}
    event = inbound_reader().read(json.dumps(said).encode(), ())

    assert KIND_OF[type(event)].type == "dossier.state.v1"
    assert (event.data.applicant_id, event.data.stated_by) == ("079203001234", "G15.03")
    assert event.data.agency == STATE["data"]["agency"]


def test_they_are_read_where_the_envelope_lies_in_headers_too():
    data = {**STATE["data"], **MORE}
    headers = [
        (f"ce_{name}", str(value).encode()) for name, value in STATE.items() if name != "data"
    ]
    event = inbound_reader().read(json.dumps(data).encode(), headers)

    assert (event.data.applicant_id, event.id) == ("079203001234", STATE["id"])


@pytest.mark.parametrize("type_", sorted(INBOUND))
def test_every_example_is_read_as_its_kind_without_them(type_):
    value = (EXAMPLES / f"{type_}.json").read_bytes()
    event = inbound_reader().read(value, ())

    assert KIND_OF[type(event)].type == type_
    assert {name for name in MORE if getattr(event.data, name, None) is not None} == set()
    assert msgspec.json.decode(value)["id"] == event.id
