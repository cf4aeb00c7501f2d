"""A fake endpoint in a process of its own, that can be killed, and whose requests stay on record after that.

    with EndpointProcess(tmp_path) as server:
        ...                         # ask server.base_url
        server.slow_down(0.5)       # from now on each answer takes so many seconds
        server.kill()               # SIGKILL, in the middle of whatever it does
        server.asked                # the seeds that arrived, in order

Run as a script it is the server: it prints its base URL, and reads latencies from its input until that ends.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from fake_endpoint import FakeEndpoint

__all__ = ["EndpointProcess"]


class EndpointProcess:
    """One server; `latency_s` is how long each answer takes at first."""

    def __init__(self, folder: Path, *, latency_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._record = folder / "asked.txt"
        self._record.touch()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._record), str(latency_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()

    @property
    def asked(self) -> list[int]:
        """The seeds of the requests that arrived; those of probes are 0."""
        return [int(line) for line in self._record.read_text().split()]

    def slow_down(self, latency_s: float) -> None:
        """Let each answer that is asked for from now on take so long."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{latency_s}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it at once."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def _serve(record: str, latency_s: str) -> None:
    server = FakeEndpoint()
    server.latency_s = float(latency_s)
    written = os.open(record, os.O_WRONLY | os.O_APPEND)

    def rule(body: dict[str, Any]) -> None:
        os.write(written, b"%d\n" % body["seed"])

    server.rule = rule
    server.start()
    sys.stdout.write(f"{server.base_url}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        server.latency_s = float(line)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
