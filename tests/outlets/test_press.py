"""What is printed is what prometheus_client prints, whatever was printed before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import Exemplar, Sample
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor.outlets.press import Press

FORMATS = [
    "",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "application/openmetrics-text;version=1.0.0",
]
TYPES = {"counter": "_total", "gauge": "", "info": "_info", "histogram": "_bucket"}
VALUES = st.sampled_from([0, 1, 1.5, 2**60, 1e300, -3.25, float("inf"), float("nan")])
LABELS = st.sampled_from(["", "H56", 'ca"ll\\ed\n', "Bộ phận Một cửa", "a b", "}"])


@st.composite
def families(draw):
    made = []
    for name, type_ in zip("abcd", draw(st.permutations(sorted(TYPES))), strict=True):
        family = Family(f"emc_{name}", f"help \\ of {name}\n", type_)
        for labels in draw(st.lists(st.tuples(LABELS, LABELS), max_size=4, unique=True)):
            exemplar = timestamp = None
            if type_ == "histogram" and draw(st.booleans()):
                exemplar = Exemplar({"case": draw(LABELS)}, 1.5, 1_785_719_551.25)
            elif draw(st.integers(0, 5)) == 0:
                timestamp = 1_785_719_551
            said = dict(zip(("agency", "le"), labels, strict=True))
            family.samples.append(
                Sample(f"emc_{name}{TYPES[type_]}", said, draw(VALUES), timestamp, exemplar)
            )
        made.append(family)
    return made


class Families(Collector):
    def __init__(self, made):
        self.made = made

    def collect(self):
        return self.made


@pytest.mark.parametrize("accept", FORMATS)
@given(snapshots=st.lists(families(), min_size=1, max_size=4))
def test_every_snapshot_is_printed_as_the_library_prints_it(accept, snapshots):
    encode, _ = choose_encoder(accept)
    press = Press(encode)

    for made in snapshots:
        assert press.print(made) == encode(Families(made))


def test_a_series_that_goes_and_comes_back_is_printed_with_its_value_of_now():
    encode, _ = choose_encoder("")
    press = Press(encode)
    there = Family("emc_open_dossiers", "Open.", "gauge")
    there.samples.append(Sample("emc_open_dossiers", {"agency": "H56"}, 3))
    again = Family("emc_open_dossiers", "Open.", "gauge")
    again.samples.append(Sample("emc_open_dossiers", {"agency": "H56"}, 4))
    head = "# HELP emc_open_dossiers Open.\n# TYPE emc_open_dossiers gauge\n"

    assert press.print([there]).decode() == head + 'emc_open_dossiers{agency="H56"} 3.0\n'
    assert press.print([]) == b""
    assert press.print([again]).decode() == head + 'emc_open_dossiers{agency="H56"} 4.0\n'
