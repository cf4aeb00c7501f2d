"""What a worker does: it asks one part, keeps the answers at the driver, and hands the part's folder back as bytes."""

import io
import logging
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth_datasets.asking import Progress
from synth_datasets.cluster.letters import Report
from synth_datasets.cluster.mail import Mail
from synth_datasets.cluster.remote import RemoteBudget, RemoteStore, without_limits
from synth_datasets.cluster.secrets import with_own_secrets
from synth_datasets.errors import SettingsError, SynthError
from synth_datasets.parts.ask import ask_part
from synth_datasets.parts.info import ANSWERS, package_version
from synth_datasets.parts.shard import Shard
from synth_datasets.settings import Settings
from synth_datasets.spec.model import DatasetSpec

__all__ = ["Assignment", "ask_assigned"]

_REPORT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One part for one worker, as often as it takes."""

    shard: Shard
    sender: str
    """Of its letters: another one for each time that the part is given out."""
    settings: Settings
    """With the worker's share of the concurrency, and without secrets."""
    store: Path
    """The driver's, for messages."""
    lists: bytes | None
    """The file of answers that generated lists come from, where the spec has any."""
    overrides: Mapping[str, Any]
    """That the spec has had."""
    keep_short: bool
    version: str
    """Of this package, at the driver."""


def ask_assigned(assignment: Assignment, spec: DatasetSpec, post: Any) -> bytes | SynthError:  # noqa: ANN401 - an actor of Ray
    """Ask the part and return its folder as a tar, or what a person must be told."""
    from datasets import disable_progress_bars

    disable_progress_bars()
    logging.getLogger("synth_datasets").setLevel(logging.WARNING)
    try:
        if assignment.version != package_version():
            raise SettingsError(
                f"this node has synth-datasets {package_version()}, the driver {assignment.version}: "
                "install the same version on every node"
            )
        return _asked(assignment, spec, Mail(post, assignment.sender))
    except SynthError as error:
        return error


def _asked(assignment: Assignment, spec: DatasetSpec, mail: Mail) -> bytes:
    budget, told = RemoteBudget(assignment.settings, mail), _Told(mail)
    with tempfile.TemporaryDirectory(prefix="synth-part-") as scratch:
        folder, lists = Path(scratch) / "part", Path(scratch) / ANSWERS
        if assignment.lists is not None:
            lists.write_bytes(assignment.lists)
        settings = replace(without_limits(with_own_secrets(assignment.settings)), store=lists)
        try:
            ask_part(
                spec,
                settings,
                assignment.shard,
                folder,
                overrides=assignment.overrides,
                keep_short=assignment.keep_short,
                budget=budget,
                store=RemoteStore(mail, assignment.store),
                told=told,
            )
        finally:
            budget.close()
            told.close()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(folder, arcname=".")
        return packed.getvalue()


class _Told:
    """Tells the driver, once a second, how far the part is."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._at = 0.0
        self._progress = Progress()

    def __call__(self, progress: Progress) -> None:
        self._progress = progress
        if (now := time.monotonic()) - self._at >= _REPORT_S:
            self._at = now
            self.close()

    def close(self) -> None:
        """Tell how far it is now."""
        done = self._progress
        self._mail.tell(Report(done.asked, done.reused, done.accepted, done.rejected))
