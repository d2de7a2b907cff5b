"""A server as a child process, with a log whose end is shown when something fails."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@runtime_checkable
class Logged(Protocol):
    """What can show the end of its log, beside a test that failed."""

    def tail(self, lines: int = 40) -> str: ...


class ServerFailed(Exception):
    """The server ended, or did not become ready; the message ends with its log."""


class Server:
    """One process that can be started, stopped, killed, frozen, and started again.

    Every call blocks; from a coroutine, hand it to `asyncio.to_thread`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        ready: Callable[["Server"], bool],
        patience_s: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.patience_s = patience_s
        self._ready = ready
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._alive().pid

    def start(self) -> None:
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start without waiting: the members of a quorum become ready only together."""
        if self.running:
            raise ServerFailed(f"{self.name} runs already")
        with self.log.open("ab") as log:
            self._began_at = log.tell()
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )

    def await_ready(self) -> None:
        deadline = time.monotonic() + self.patience_s
        while not self._ready(self):
            if not self.running:
                raise ServerFailed(f"{self.name} ended while starting\n{self.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(
                    f"{self.name} was not ready in {self.patience_s} s\n{self.tail()}"
                )
            time.sleep(0.05)

    def ask_to_end(self) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()

    def stop(self, patience_s: float = 20) -> None:
        """End it in its own way, or by force when that takes too long. Ended already is fine."""
        if self._process is None:
            return
        self.ask_to_end()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def succeed(self, within_s: float) -> None:
        """Wait for a process that is to end by itself, and to end well."""
        if self._process is None:
            raise ServerFailed(f"{self.name} was not started")
        try:
            status = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"{self.name} took over {within_s} s\n{self.tail()}") from None
        if status:
            raise ServerFailed(f"{self.name} ended with status {status}\n{self.tail()}")
        self._process = None

    def kill(self) -> None:
        """What a power cut does: no farewell to anyone."""
        process = self._alive()
        process.kill()
        process.wait()
        self._process = None

    def freeze(self) -> None:
        """Alive, connected and silent, as in a long pause of a machine."""
        self._alive().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._alive().send_signal(signal.SIGCONT)

    def said(self) -> str:
        """What it has written since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self._began_at)
            return log.read().decode(errors="replace")

    def tail(self, lines: int = 40) -> str:
        if not self.log.exists():
            return f"{self.name} has no log"
        end = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- end of the log of {self.name}", *end])

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self.running:
            raise ServerFailed(f"{self.name} does not run\n{self.tail()}")
        return self._process
