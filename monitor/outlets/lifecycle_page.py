"""The drawing of the life cycle in docs/explanation/lifecycle.md, made from the table in code.

`python -m monitor.outlets.lifecycle_page` prints it. The tables of that page are kept by hand:
they are the approved statement that a test holds the code to.
"""

import sys
from collections.abc import Iterator
from typing import Final

from monitor.domain.event import State
from monitor.domain.lifecycle import PAUSING, STANDING, TRANSITIONS

_NAMES: Final = {state: state.name.lower().replace("_", " ") for state in State}


def diagram() -> str:
    """The transitions as a Mermaid state diagram."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *_lines(), "```"])


def _lines() -> Iterator[str]:
    for state in TRANSITIONS:
        if state is not None:
            yield f"    s{state.value}: {state.value} {_NAMES[state]}"
    for before, following in TRANSITIONS.items():
        origin = "[*]" if before is None else f"s{before.value}"
        for state in sorted(following):
            yield f"    {origin} --> s{state.value}"
    for state in sorted(STANDING):
        yield f"    s{state.value} --> [*]"
    yield "    classDef paused stroke-dasharray: 5 5"
    yield f"    class {','.join(f's{state.value}' for state in sorted(PAUSING))} paused"


if __name__ == "__main__":
    sys.stdout.write(f"{diagram()}\n")
