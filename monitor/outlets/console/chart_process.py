"""Draws charts in a process of its own: a drawing stops whatever else its process does for as long as it lasts.

Run as a program it reads a specification from each line and writes the drawing, a line, until there
is nothing more to read: when whoever asked is gone, however that ended, it ends.
"""

import atexit
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

PATIENCE_SECONDS: Final = (
    10  # for a drawing; it takes a hundredth of a second, the first one half
)
SHAPES: Final = 200  # of charts that are kept: a kind, its months and its words
ROOT: Final = "source_0"  # how Vega-Lite names the values that a specification has itself
_CLOSING_SECONDS: Final = 2


class NotDrawn(Exception):
    """A chart could not be drawn; the text says why."""


class ChartProcess:
    """Asked from any thread, one drawing at a time. The process is started when it is first asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def draw(self, spec: dict[str, Any], locale: dict[str, Any] | None) -> str:
        """A Vega-Lite specification as SVG, with numbers as a locale writes them. Raises `NotDrawn`."""
        asked = json.dumps([spec, locale]).encode() + b"\n"
        with self._lock:
            try:
                said = self._ask(asked)
            except OSError:  # it has ended since it was last asked
                self._end()
                try:
                    said = self._ask(asked)
                except OSError as error:
                    self._end()
                    raise NotDrawn(str(error)) from None
        svg, why = json.loads(said)
        if why:
            raise NotDrawn(why)
        return str(svg)

    def begin(self) -> None:
        """Have the first drawing not wait for the process to start, which takes half a second."""
        if self._process is None:
            threading.Thread(target=self._begin, name="emc-charts", daemon=True).start()

    def _begin(self) -> None:
        with contextlib.suppress(NotDrawn):  # whoever wants a chart is told
            self.draw({"data": {"values": [{"n": 1}]}, "mark": "bar"}, None)

    def close(self) -> None:
        """End the process; another is started when a drawing is asked for again."""
        with self._lock:
            self._end()

    def _ask(self, asked: bytes) -> bytes:
        if self._process is None:
            self._process = _started()
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        # Whatever we wait for then, that it reads all of a question or writes all of an answer, has an end.
        late = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        late.daemon = True
        late.start()
        try:
            self._process.stdin.write(asked)
            self._process.stdin.flush()
            said = self._process.stdout.readline()
        finally:
            late.cancel()
        if not said.endswith(b"\n"):
            raise OSError(
                f"the process that draws charts has ended, or drew for {PATIENCE_SECONDS} s"
            )
        return said

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it no longer reads
                    pipe.close()
        try:
            process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _started() -> subprocess.Popen[bytes]:
    """With nothing of our environment, in which secrets are; and deaf to Ctrl-C, which is meant for us."""
    return subprocess.Popen(
        [sys.executable, "-I", __file__, *_library_folder()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath},
        start_new_session=True,
    )


def _library_folder() -> list[str]:
    """Where we would find the library: that may be by our environment, or in the home of a user."""
    found = importlib.util.find_spec("vl_convert")
    where = None if found is None else found.submodule_search_locations
    return [str(Path(one).parent) for one in where or ()]


class _Library:
    """vl-convert, of the process that draws only: it takes 100 MB."""

    def __init__(self) -> None:
        import vl_convert  # noqa: PLC0415 - see above

        self._library = vl_convert
        self._compiled: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def svg(self, spec: dict[str, Any], locale: dict[str, Any] | None) -> str:
        """A drawing. What is the same for all charts of a kind is compiled once, which is a third of the work."""
        values = spec.get("data", {}).get("values")
        if values is None:
            vega = self._compile(spec)
        else:
            shape = json.dumps({**spec, "data": None})
            vega = self._compiled.get(shape) or self._compile(spec)
            self._compiled[shape] = vega
            self._compiled.move_to_end(shape)
            if len(self._compiled) > SHAPES:
                self._compiled.popitem(last=False)
            data = [
                {**one, "values": values} if one["name"] == ROOT else one
                for one in vega["data"]
            ]
            vega = {**vega, "data": data}
        drawn: str = self._library.vega_to_svg(vega, format_locale=locale, allowed_base_urls=[])
        return drawn

    def _compile(self, spec: dict[str, Any]) -> dict[str, Any]:
        vega: dict[str, Any] = self._library.vegalite_to_vega(spec, vl_version="5.21")
        return vega


def main() -> None:
    sys.path += sys.argv[1:]
    library = _Library()
    # Whatever the library may print is no drawing.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        spec, locale = json.loads(line)
        svg = error = ""
        try:
            svg = library.svg(spec, locale)
        except ValueError as failed:
            error = str(failed) or "no reason was given"
        answers.write(json.dumps([svg, error]).encode() + b"\n")
        answers.flush()


DRAWS: Final = ChartProcess()
atexit.register(DRAWS.close)

if __name__ == "__main__":
    main()
