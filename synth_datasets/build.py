"""From a spec to a release folder: the dataset, its quality report and its card, in one call."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from synth_datasets.answers import export_answers
from synth_datasets.cluster.asked import Cluster, parts_asked_for_now
from synth_datasets.errors import SettingsError, ShortfallError
from synth_datasets.examined import examine, examine_beside
from synth_datasets.features import text_columns
from synth_datasets.parts.info import whole_of
from synth_datasets.parts.merge import merge
from synth_datasets.prices import money
from synth_datasets.publishing.added_real import add_real
from synth_datasets.publishing.figures import card_figures
from synth_datasets.publishing.funnel import token_counts
from synth_datasets.publishing.locked import check_build, endpoint_check, endpoint_kinds, find_lock
from synth_datasets.publishing.origins import remember_origin
from synth_datasets.publishing.prompts import describe_models
from synth_datasets.publishing.release import check_target
from synth_datasets.publishing.replaced import replaced_at
from synth_datasets.publishing.writing import write_release
from synth_datasets.quality.html import render_html
from synth_datasets.quality.own import Own, load_measure
from synth_datasets.quality.pictures import draw_pictures
from synth_datasets.real_file import read_real
from synth_datasets.shortfall import shortfall_message
from synth_datasets.spec import fingerprint
from synth_datasets.spec.card import load_card
from synth_datasets.spec.measures import is_own
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spending import spent_line
from synth_datasets.trace import TRACE_FOLDER, read_models, read_tallies

if TYPE_CHECKING:
    import datasets

    from synth_datasets.publishing.release import Release
    from synth_datasets.quality.report import QualityReport
    from synth_datasets.settings import Settings
    from synth_datasets.validation.outcome import Tally

__all__ = ["Build", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a build left behind."""

    spec: DatasetSpec
    dataset: "datasets.DatasetDict"
    release: "Release"
    quality: "QualityReport"
    tallies: "Mapping[str, Tally]"
    folder: Path
    seconds: float
    asked: str
    """What this run asked and spent, in one line."""


def build(
    spec: str | Path,
    folder: str | Path | None = None,
    *,
    cache_dir: str | Path | None = None,
    again: bool = False,
    options: Mapping[str, Any] | None = None,
    locked: str | Path | bool = False,
    with_answers: bool = False,
    card: str | Path | None = None,
    parts: Sequence[str | Path] = (),
    said: Callable[[str], None] = lambda _: None,
    cluster: Cluster | None = None,
    real: str | None = None,
    run_measures: bool = False,
) -> Build:
    """Make the dataset of the spec at a path or hf:// URL, measure it, and write its release folder.

    `options` are those of `load_dataset("synth", ...)`; `again` makes the splits anew from the stored answers. The
    folder, `build/<name>` by default, appears whole or not at all. Raises what `load_dataset` raises, unwrapped.

    `locked` (True: the `synth.lock` beside the spec; or a lock's path) rebuilds what a lock pins: overrides that are
    not given are the lock's; `SettingsError` before anything is asked when the dataset would be another, and
    `PublishError` after it is made when a split is.

    `with_answers` puts the archive of all answers that the rows took into the folder: whoever has it can rebuild the
    same bytes. It holds prompts, rejected answers and the address that was asked.

    `real` names a file of real rows, FILE or FILE:COLUMN: all figures stand beside theirs in report, plots and card.
    The rows themselves stay where they are, and the lock pins what a rebuild without them gives.

    `parts` are the folders of all parts of the dataset (`ask_part`), or folders that hold them: their rows are taken,
    rows that repeat rows of other parts are asked again, and `said` hears of each such round. With a `cluster` such
    parts are asked there first, unless the dataset is made already or nobody may be asked.

    Of a release in the folder what `synth prove` found is kept where the rows are the same; where another spec's rows
    would replace it, `PublishError` is raised before anything is asked. `said` hears when it held more rows.

    `run_measures` runs the code that the spec's `measures` name beside ours; without it the report says so.

    `card` is the path of a template of the card (`spec.card`), in place of the one that the spec names or of ours.
    """
    from synth_datasets.builder_config import OVERRIDES
    from synth_datasets.synth import Synth

    started = time.monotonic()
    given = dict(options or {})
    file = _spec_file(spec)
    lock_path, lock = (
        find_lock(Path(file), None if locked is True else Path(locked)) if locked else (Path(file), None)
    )
    if lock is not None:
        # Of what a lock says only these are taken: it may come from a stranger.
        given.update(
            {n: lock.overrides[n] for n in OVERRIDES if n in lock.overrides and given.get(n) is None}
        )
        given["keep_short"] = given.get("keep_short") or lock.keep_short is True
    builder = Synth(
        data_files=file,
        cache_dir=None if cache_dir is None else str(cache_dir),
        **given,
    )
    target = Path(folder or Path("build") / builder.spec.name)
    check_target(target)
    if (before := replaced_at(target)) is not None:
        before.check(fingerprint(builder.spec))
    described = builder.spec if card is None else replace(builder.spec, card=load_card(Path(card)))
    overrides = {name: given[name] for name in OVERRIDES if given.get(name) is not None}
    if lock is not None:
        check_build(lock_path, lock, spec=builder.spec, overrides=overrides, endpoints=builder.endpoints)
    own = _own_measures(builder.spec, file) if run_measures else {}
    budget = builder.open_budget()
    made = Path(builder.cache_dir).is_dir() and not again
    with ExitStack() as stack:
        merged = None
        if cluster is not None and not (made or parts or given.get("offline")):
            asked = parts_asked_for_now(
                builder.spec,
                builder.settings,
                cluster,
                budget=budget,
                overrides=overrides,
                keep_short=bool(given.get("keep_short")),
            )
            parts = stack.enter_context(asked)
        if parts:
            merged = merge(
                *(builder.spec, builder.settings, whole_of(map(Path, parts))),
                offline=bool(given.get("offline")),
                budget=budget,
                said=said,
            )
        builder.download_and_prepare(
            budget=budget,
            merged=merged,
            download_mode="reuse_cache_if_exists" if again or parts else "reuse_dataset_if_exists",
        )
    dataset = cast("datasets.DatasetDict", builder.as_dataset())  # no split is named
    trace = Path(builder.cache_dir) / TRACE_FOLDER
    tallies = read_tallies(trace)
    tables = {str(name): rows for name, rows in dataset.items()}
    if not any(map(len, tables.values())):
        raise ShortfallError(_no_row(builder.spec, tallies))
    text = next(iter(text_columns(builder.spec)), None)
    beside = None if real is None or text is None else read_real(real, text, builder.spec)
    quality = examine(builder.spec, tables, trace, own=own)
    release = write_release(
        target,
        spec=described,
        fingerprint=fingerprint(builder.spec),
        dataset=dataset,
        tallies=tallies,
        quality=json.loads(quality.to_json()),
        cost=_cost(builder.spec, tallies, builder.settings),
        figures=card_figures(quality),
        report=render_html(quality),
        verdicts=quality.verdicts,
        pictures=draw_pictures(quality),
        real=quality.real,
        trace=trace,
        answers=(lambda path: export_answers(builder.spec, builder.settings, path)) if with_answers else None,
        endpoint=endpoint_kinds(builder.endpoints),
        endpoint_check=endpoint_check(builder.endpoints, fingerprint(builder.spec)),
        answered_by=read_models(trace),
        overrides=overrides,
        keep_short=bool(given.get("keep_short")),
        locked=lock,
    )
    if beside is not None:
        quality = examine_beside(quality, builder.spec, tables, trace, real=beside)
        add_real(target, quality)
    remember_origin(target, file)
    for line in () if before is None else before.settle(release):
        said(line)
    return Build(
        spec=builder.spec,
        dataset=dataset,
        release=release,
        quality=quality,
        tallies=tallies,
        folder=target,
        seconds=time.monotonic() - started,
        asked=spent_line(
            budget.spent, budget.currency, answers=sum(tally.answers for tally in tallies.values())
        ),
    )


def _no_row(spec: DatasetSpec, tallies: "Mapping[str, Tally]") -> str:
    """Return what to say where `keep_short` has nothing to keep, of the first split that was to hold rows."""
    split = next(split for split in spec.splits if split.num_examples)
    return shortfall_message(spec, split.name, tallies[split.name], asked=split.num_examples, to_keep=False)


def _cost(spec: DatasetSpec, tallies: "Mapping[str, Tally]", settings: "Settings") -> str:
    """Return what the answers cost by the user's own prices; empty where no price tells, as with several models."""
    models = {asked.model.id for asked in describe_models(spec)}
    models.update(each.column.prompt.model.id for each in spec.lists)
    price = settings.prices.get(next(iter(models))) if len(models) == 1 else None
    tokens = token_counts(tallies)
    return "" if price is None or tokens is None else money(price.cost(*tokens), settings.currency)


def _own_measures(spec: DatasetSpec, file: str) -> dict[str, Own]:
    """Load what `measures` names of somebody's own; files are beside the spec."""
    folder = None if "://" in file else Path(file).parent
    return {name: load_measure(name, folder) for name in spec.measures if is_own(name)}


def _spec_file(spec: str | Path) -> str:
    """Return the spec's file or URL: what was given, or the only spec in the folder."""
    if "://" in str(spec) or not (path := Path(spec)).is_dir():
        return str(spec)
    found = sorted(file for pattern in ("*.synth.yaml", "*.synth.yml") for file in path.glob(pattern))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise SettingsError(f"{path} holds {len(found)} specs ({names}); name the file")
    return str(found[0])
