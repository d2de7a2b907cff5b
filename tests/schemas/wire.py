"""What tests of the wire share: the examples, a decoder, and values of every shape."""

from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from monitor.domain.zone import Zone
from schemas import Decoder

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
HANOI = Zone("Asia/Ho_Chi_Minh")
DECODER = Decoder(HANOI)
RECORD_MS = 1_785_719_553_500  # 2026-08-03T01:12:33.500Z
QUICK = settings(max_examples=150, deadline=None)


def read(value, headers=(), record_time_ms=RECORD_MS):
    return DECODER.decode(value, headers=headers, record_time_ms=record_time_ms)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | st.sampled_from(
        ["", "2026-08-03", "2026-08-03T08:12:31", "0001-01-01T00:00:00+07:00", "\ud800", "\0",
         "9999-12-31T23:59:59-14:00", "dossier.state.v1", 2**63, -1, 11, 1e400]
    )
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
