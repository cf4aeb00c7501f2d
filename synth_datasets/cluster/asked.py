"""A build's parts asked by workers of Ray: given out, given out again when a worker dies, and collected."""

import io
import os
import tarfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from synth_datasets.answers_bar import answers_bar
from synth_datasets.cluster.desk import Desk
from synth_datasets.cluster.post import open_post
from synth_datasets.cluster.scratch import scratch
from synth_datasets.cluster.secrets import without_secrets
from synth_datasets.cluster.session import joined
from synth_datasets.cluster.shares import default_workers, number_of_parts, shares_of
from synth_datasets.cluster.worker import Assignment, ask_assigned
from synth_datasets.disks import disk_advice
from synth_datasets.endpoints import endpoints_of, model_ids
from synth_datasets.errors import BudgetError, SettingsError, SynthError
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.store import AnswerStore
from synth_datasets.parts.ask import ask_part
from synth_datasets.parts.info import ANSWERS, package_version
from synth_datasets.parts.shard import Shard
from synth_datasets.plan.plan import Plan
from synth_datasets.settings import Settings
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spending import Course

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Cluster", "asked_parts", "parts_asked_for_now"]

_LOOK_S = 0.5
_DEATHS = 20
"""Of workers over one part, without an answer between them: then it is not chance any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where parts are asked."""

    workers: int | None = None
    """Parts asked at a time; None: as many as there are CPUs, 64 at most."""
    address: str | None = None
    """Of a Ray cluster that runs, such as `auto` or `10.0.0.1:6379`; None: Ray on this machine, for this build."""


@contextmanager
def parts_asked_for_now(
    spec: DatasetSpec,
    settings: Settings,
    cluster: Cluster,
    *,
    budget: Budget,
    overrides: Mapping[str, Any],
    keep_short: bool,
) -> Iterator[list[Path]]:
    """Ask all rows of the spec in parts, which lie beside the store until the context ends; see `asked_parts`."""
    beside = settings.store_path.parent
    with ExitStack() as stack:
        with disk_advice(beside, "--store or SYNTH_STORE"):
            beside.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = stack.enter_context(scratch(beside, ".parts"))
            made = asked_parts(
                spec, settings, folder, cluster, budget=budget, overrides=overrides, keep_short=keep_short
            )
        yield made


def asked_parts(
    spec: DatasetSpec,
    settings: Settings,
    folder: Path,
    cluster: Cluster,
    *,
    budget: Budget,
    overrides: Mapping[str, Any] | None = None,
    keep_short: bool = False,
) -> list[Path]:
    """Ask all rows of the spec in parts, and return the parts' folders, which lie below `folder`.

    Answers are in the store of `settings`, on this machine, before any worker sees them; caps and limits a minute hold
    for all workers together, and so does the concurrency, of which each has a share. A worker that dies costs
    at most its share of requests in flight; another asks its part. Raises what a part raises: of a `BudgetError` the
    answers that were under way are waited for.
    """
    if settings.batch:
        raise SettingsError(
            "batches wait at the provider, whoever has sent them: leave out --batch (batch=True, SYNTH_BATCH) or "
            "--engine ray"
        )
    rows = sum(split.num_examples for split in spec.splits)
    with ExitStack() as stack:
        ray = stack.enter_context(joined(cluster.address, cluster.workers or default_workers()))
        workers = cluster.workers or default_workers(ray.cluster_resources().get("CPU", 1))
        shares = shares_of(spec, settings, min(workers, max(1, rows)))
        store = stack.enter_context(AnswerStore(settings.store_path))
        post = open_post(ray)
        desk = stack.enter_context(Desk(post, store, budget, settings))
        models = ", ".join(model_ids(spec))
        bar = stack.enter_context(answers_bar(f"Asking {models} with {len(shares)} workers"))
        of = number_of_parts(rows, len(shares))
        order = Assignment(
            shard=Shard(0, of),
            sender="",
            settings=without_secrets(settings),
            store=store.path,
            lists=_lists(spec, settings, folder, of, budget),
            overrides=overrides or {},
            keep_short=keep_short,
            version=package_version(),
        )
        run = _Run(ray, desk, post, ray.put(spec), order, shares, folder)
        run.waiting.extend(Shard(number, of) for number in range(1, of + 1))
        with run.cancelled_at_the_end():
            while run.waiting or run.running:
                run.give_out()
                run.collect()
                desk.check()
                _show(bar, desk, budget)
        if run.error is not None:
            run.error.__notes__ = [
                _missing(spec, settings, desk, budget)
            ]  # a worker's are about its part alone
            raise run.error
        return [run.made[shard] for shard in sorted(run.made)]


@dataclass(frozen=True, slots=True)
class _Given:
    """A part that a worker has."""

    shard: Shard
    share: Settings
    sender: str


@dataclass(slots=True)
class _Run:
    """What is given out, and what has come back."""

    ray: Any
    desk: Desk
    post: Any
    spec: Any
    order: Assignment
    """What all of them are given, but for the part and the share."""
    shares: list[Settings]
    """Those that no worker has now."""
    folder: Path
    waiting: deque[Shard] = field(default_factory=deque)
    running: dict[Any, _Given] = field(default_factory=dict)
    made: dict[Shard, Path] = field(default_factory=dict)
    deaths: dict[Shard, int] = field(default_factory=dict)
    times: int = 0
    error: SynthError | None = None

    def give_out(self) -> None:
        """Give parts to workers while there are both."""
        ask = self.ray.remote(num_cpus=1, max_retries=0)(ask_assigned)
        while self.waiting and self.shares:
            shard, share = self.waiting.popleft(), self.shares.pop()
            self.times += 1
            sender = f"{shard} {self.times} {os.urandom(4).hex()}"
            assignment = replace(self.order, shard=shard, sender=sender, settings=without_secrets(share))
            task = ask.options(name=f"part {shard}").remote(assignment, self.spec, self.post)
            self.running[task] = _Given(shard, share, sender)

    def collect(self) -> None:
        """Take what workers have finished, and what died with them, as far as there is any within half a second."""
        done, _ = self.ray.wait([*self.running], timeout=_LOOK_S)
        for each in done:
            given = self.running.pop(each)
            self.shares.append(given.share)
            try:
                result = self.ray.get(each)
            except self.ray.exceptions.RayTaskError:
                raise  # a fault of ours, told with the worker's traceback
            except self.ray.exceptions.RayError as error:
                self._bury(given, error)
                continue
            self.desk.dismiss(given.sender, finished=True)
            if isinstance(result, SynthError):
                self._stop(result)
            else:
                self.made[given.shard] = _unpacked(result, self.folder, given.shard)

    @contextmanager
    def cancelled_at_the_end(self) -> Iterator[None]:
        """Leave no worker behind that asks, whatever ends the run."""
        try:
            yield
        finally:
            for each in self.running:
                self.ray.cancel(each, force=True)

    def _bury(self, given: _Given, error: Exception) -> None:
        """Give the part of a worker that died to another; raises when that does not help."""
        brought = self.desk.dismiss(given.sender, finished=False)
        self.deaths[given.shard] = 0 if brought else self.deaths.get(given.shard, 0) + 1
        if self.deaths[given.shard] >= _DEATHS:
            raise SettingsError(
                f"{_DEATHS} workers in a row died over part {given.shard} before they had an answer. Is there enough "
                f"memory for --workers {len(self.shares) + len(self.running)}? The last one: {error}"
            ) from error
        if self.error is None:
            self.waiting.appendleft(given.shard)

    def _stop(self, error: SynthError) -> None:
        """Give out no more; a cap lets the other workers end by themselves, with the answers that are under way."""
        self.error = self.error or error
        self.waiting.clear()
        if not isinstance(error, BudgetError):
            raise error


def _lists(spec: DatasetSpec, settings: Settings, folder: Path, of: int, budget: Budget) -> bytes | None:
    """Return the answers that generated lists come from, which are asked once, here."""
    if not spec.lists:
        return None
    first = Shard(0, of)
    ask_part(spec, settings, first, folder / first.folder, budget=budget)
    return (folder / first.folder / ANSWERS).read_bytes()


def _unpacked(packed: bytes, folder: Path, shard: Shard) -> Path:
    target = folder / shard.folder
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(target, filter="data")
    return target


def _missing(spec: DatasetSpec, settings: Settings, desk: Desk, budget: Budget) -> str:
    """Return what is still to be spent, for a person whose run was ended by a cap."""
    course = Course(
        rows=sum(split.num_examples for split in spec.splits),
        columns=len(Plan(spec, endpoints_of(spec, settings)).model_columns),
        answered=sum(each.asked for each in desk.reports),
        reused=sum(each.reused for each in desk.reports),
        rejected=sum(each.rejected for each in desk.reports),
    )
    return course.missing(budget.spent, budget.currency)


def _show(bar: "tqdm[NoReturn]", desk: Desk, budget: Budget) -> None:
    if bar.disable:
        return
    reports = desk.reports
    shown = {
        "accepted": sum(each.accepted for each in reports),
        "rejected": sum(each.rejected for each in reports),
        "from store": sum(each.reused for each in reports),
        "tokens": f"{budget.spent.tokens:,}",
    }
    bar.set_postfix(shown, refresh=False)
    bar.update(sum(each.asked + each.reused for each in reports) - bar.n)
