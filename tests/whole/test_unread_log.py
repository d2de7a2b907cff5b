"""A log that nobody reads any more does not stop the work."""

import subprocess
import sys

import pytest

# Waits until the test has closed the other end of the pipe, says three things, and goes on.
_WORK = """
import logging, sys
import structlog
from monitor.cli import _log_to_stderr
_log_to_stderr("json")
sys.stdin.readline()
for _ in range(3):
    structlog.get_logger().warning("said to nobody")
    logging.getLogger("aiokafka").error("nor this")
print("still at work", flush=True)
"""


@pytest.mark.parametrize("left", ["pipe", "closed"])
def test_work_goes_on_when_the_reader_of_its_log_has_gone(left: str) -> None:
    code = (
        _WORK if left == "pipe" else _WORK.replace("sys.stdin", "sys.stderr.close(); sys.stdin")
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.close()
        process.stderr = None

        said, _ = process.communicate("\n", timeout=60)

    assert said == "still at work\n"
    assert process.returncode == 0
