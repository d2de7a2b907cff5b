"""Runs of `replay` on logs that a test writes down itself."""

import io
import json
from pathlib import Path
from typing import Any

from agents.replay.command import replay


class Run:
    """What a run gave: exit status, the JSON, and what it said on the error stream."""

    def __init__(self, status: int, result: dict[str, Any], said: str) -> None:
        self.status = status
        self.result = result
        self.said = said


def run(log: Path, mapping: Path | None, **options: Any) -> Run:
    out, err = io.StringIO(), io.StringIO()
    status = replay(
        log, mapping=mapping, offline=True, json_to="-", out=out, err=err, **options
    )
    return Run(status, json.loads(out.getvalue() or "{}"), err.getvalue())


def written(folder: Path, log: str | bytes, mapping: str) -> tuple[Path, Path]:
    """The log and the mapping as files of a folder."""
    paths = folder / "log", folder / "log.toml"
    paths[0].write_bytes(log.encode() if isinstance(log, str) else log)
    paths[1].write_text(mapping, encoding="utf-8")
    return paths
