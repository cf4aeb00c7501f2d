"""Builds and pushes in processes of their own that begin in milliseconds, so that tests can kill them by the dozen.

One helper process imports everything once and forks a child for each build:

    with Nursery() as nursery:
        child = nursery.build(spec, folder, cache_dir=..., options={...}, environment={...})
        child.kill()                      # SIGKILL
        child.wait()                      # exit status as `subprocess` counts: negative for a signal
        child.output                      # what it printed, errors included
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Child", "Nursery"]


@dataclass
class Child:
    """One build on its way."""

    nursery: "Nursery"
    pid: int
    log: Path
    status: int | None = None

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def running(self) -> bool:
        if self.status is None:
            self.status = self.nursery.ask("poll", pid=self.pid)
        return self.status is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal, unless it has ended."""
        if self.running():  # its number is free for others only once it was polled
            os.kill(self.pid, number)

    def wait(self) -> int:
        if self.status is None:
            self.status = self.nursery.ask("wait", pid=self.pid)
        return self.status


class Nursery:
    """The helper process; a context manager that ends it and every child that is left."""

    def __init__(self) -> None:
        self._logs = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._count = 0

    def build(self, spec: Path, folder: Path, **how: Any) -> Child:
        """Begin `synth_datasets.build.build(spec, folder, **how)`; `environment` is laid over the child's."""
        return self._start("build", [str(spec), str(folder)], how)

    def part(self, spec: Path, folder: Path, shard: str, **how: Any) -> Child:
        """Begin `synth_datasets.parts.ask.ask_part` for a shard such as 1/3, with `settings` and `killed_at` as below.

        Builds take `killed_at` and `within`, too, and both `most_bytes`, which no file may grow beyond.
        """
        return self._start("part", [str(spec), str(folder), shard], how)

    def rows(self, spec: Path, splits: list[str], **how: Any) -> Child:
        """Begin `rows_of_splits` below, which prints the rows as JSON."""
        return self._start("rows", [str(spec), splits], how)

    def push(self, folder: Path, repo_id: str, *, killed_at: int = 0, within: str = "") -> Child:
        """Begin `synth_datasets.publishing.push.push(folder, repo_id)`.

        It kills itself before the `killed_at`th file, folder or program is opened, made, renamed or run whose path or
        arguments have `within` in them.
        """
        return self._start("push", [str(folder), repo_id], {"killed_at": killed_at, "within": within})

    def ask(self, do: str, **what: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **what}, default=str) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], 240)
        assert ready, f"no reply to {do} {what}"
        return json.loads(self._process.stdout.readline())

    def _start(self, call: str, args: list[Any], how: dict[str, Any]) -> Child:
        self._count += 1
        log = Path(self._logs.name) / f"{self._count}.log"
        environment = how.pop("environment", {})
        pid = self.ask("start", call=call, args=args, how=how, log=log, environment=environment)
        return Child(self, pid, log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate("", timeout=60)
        self._logs.cleanup()


def rows_of_splits(
    spec: str, splits: list[str], *, settings: dict[str, Any], trace: str, shard: int = 0, of: int = 1
) -> None:
    """Print the rows of the splits (or of one shard of each) with their positions, a line of JSON a split."""
    from synth_datasets.plan.part import Part
    from synth_datasets.settings import load_settings
    from synth_datasets.spec import load_spec
    from synth_datasets.splits import part_rows

    part = Part(frozenset({shard}), of)
    for split in splits:
        rows = part_rows(
            load_spec(spec),
            load_settings(settings),
            split,
            part,
            trace=Path(trace) if trace else None,
            eager=True,
        )
        sys.stdout.write(json.dumps([split, list(rows)]) + "\n")


def part_of_spec(spec: str, folder: str, shard: str, *, settings: dict[str, Any]) -> None:
    """Make the part of the spec."""
    from synth_datasets.parts.ask import ask_part
    from synth_datasets.parts.shard import Shard
    from synth_datasets.settings import load_settings
    from synth_datasets.spec import load_spec

    ask_part(load_spec(spec), load_settings(settings), Shard.parse(shard), Path(folder))


def _child(call: str, args: list[Any], how: dict[str, Any], log: str, environment: dict[str, str]) -> None:
    """What the forked process does, to its end."""
    status = 1
    try:
        file = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(environment)
        _kill_at(how.pop("killed_at", 0), how.pop("within", ""))
        _limit(how.pop("most_bytes", 0))
        if call == "build":
            from synth_datasets.build import build

            build(*args, **how)
        elif call == "part":
            part_of_spec(*args, **how)
        elif call == "push":
            from synth_datasets.publishing.push import push

            push(Path(args[0]), args[1])
        else:
            rows_of_splits(*args, **how)
        status = 0
    except BaseException:  # noqa: BLE001 - the log has it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _kill_at(number: int, within: str) -> None:
    count = 0

    def audit(event: str, args: tuple[Any, ...]) -> None:
        nonlocal count
        if event in ("open", "os.rename", "os.mkdir", "os.rmdir", "subprocess.Popen") and within in str(args):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    if number:
        sys.addaudithook(audit)


def _limit(most_bytes: int) -> None:
    if most_bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a write fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def _serve() -> None:
    import datasets
    import openai  # noqa: F401 - so that no child has to
    import pyarrow.parquet  # noqa: F401 - as above
    from huggingface_hub import DatasetCard, HfApi  # noqa: F401 - as above

    import synth_datasets.publishing.push
    import synth_datasets.quality.report  # noqa: F401 - as above

    datasets.disable_progress_bars()
    children = set()
    replies = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        order = json.loads(line)
        match order.pop("do"):
            case "start":
                if (reply := os.fork()) == 0:
                    replies.close()
                    _child(**order)
                children.add(reply)
            case do:
                pid, status = os.waitpid(order["pid"], os.WNOHANG if do == "poll" else 0)
                reply = os.waitstatus_to_exitcode(status) if pid else None
                children.discard(pid)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    _serve()
