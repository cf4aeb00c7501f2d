"""Writing a release: data, card, spec and lock into one folder, which takes its place at once."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import ADDED_FILES, CARD_FILE, PLOTS_FOLDER, QUALITY_FILE, REPORT_FILE
from synth_datasets.publishing.card import default_citation, licence_url, render_card
from synth_datasets.publishing.croissant import CROISSANT_FILE, croissant_json
from synth_datasets.publishing.facts import CardFacts, DataFile, Figure, SplitFacts, endpoint_kind
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE, Lock
from synth_datasets.publishing.lock_of import lock_of, package_versions
from synth_datasets.publishing.locked import check_splits, pinned_origin
from synth_datasets.publishing.manifest import MANIFEST_FILE, write_manifest
from synth_datasets.publishing.placing import in_place_of, inside
from synth_datasets.publishing.release import CHANGELOG_FILE, PLOT_FILES, Release, check_target
from synth_datasets.publishing.row_ids import write_row_ids
from synth_datasets.publishing.shards import MAX_SHARD_BYTES, write_split
from synth_datasets.publishing.terms import terms_warnings
from synth_datasets.publishing.vocabulary import hub_terms
from synth_datasets.quality.beside_real import BesideReal
from synth_datasets.quality.figures import FamilyVerdict
from synth_datasets.quality.pictures import Picture
from synth_datasets.spec.model import DatasetSpec, Scalar
from synth_datasets.trace import TRACE_FOLDER
from synth_datasets.validation.outcome import Tally

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["write_release"]

_BESIDE_LOCK = (LOCK_FILE, MANIFEST_FILE, CHANGELOG_FILE, ANSWERS_FILE, *ADDED_FILES)
"""What is no part of what a lock pins: itself, and what may come or go with the same data."""


def write_release(
    folder: Path,
    *,
    spec: DatasetSpec,
    fingerprint: str,
    dataset: "DatasetDict",
    tallies: Mapping[str, Tally] | None = None,
    quality: Mapping[str, object] | None = None,
    figures: Sequence[Figure] = (),
    report: str | None = None,
    verdicts: Sequence[FamilyVerdict] = (),
    pictures: Sequence[Picture] = (),
    real: Sequence[BesideReal] = (),
    trace: Path | None = None,
    answers: Callable[[Path], object] | None = None,
    endpoint: str | None = None,
    endpoint_check: str = "",
    answered_by: Sequence[str] = (),
    overrides: Mapping[str, Scalar | Mapping[str, int]] | None = None,
    keep_short: bool = False,
    locked: Lock | None = None,
    citation: str | None = None,
    cost: str = "",
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> Release:
    """Write a release and put it in place of `folder` at once; an older release there is replaced.

    `quality` becomes `quality.json`, `figures` the card's table below the `verdicts`, `pictures` its plots, `real` its
    figures beside real rows, and `cost` what it says of money; `report` is the text of an HTML page; `trace` a folder
    that is copied, from which the rows' ids are taken; `answers` writes the archive of answers to the path that it is
    given; `endpoint` the identity that the requests carry, and `endpoint_check` what the lock tells it by. A split
    without rows is left out, and named in the card where the spec asks for some: `datasets` cannot load one.
    Raises `PublishError` for a folder that `check_target` refuses, for a dataset without any row, for splits other
    than those of the lock `locked`, and for a spec whose files would take the place of the release's own.
    """
    check_target(folder)
    filled = {name: split for name, split in dataset.items() if len(split)}
    if not filled:
        raise PublishError(f"{spec.name}: no split has a row, so there is nothing to release")
    unasked = {split.name for split in spec.splits if not split.num_examples}
    with in_place_of(folder) as target:
        splits = {
            name: write_split(target, str(name), split, max_shard_bytes=max_shard_bytes)
            for name, split in filled.items()
        }
        facts = CardFacts(
            spec=spec,
            fingerprint=fingerprint,
            features=next(iter(filled.values())).features,
            splits=tuple(
                SplitFacts(
                    name=str(name),
                    num_examples=len(filled[name]),
                    num_bytes=written.num_bytes,
                    file_bytes=written.file_bytes,
                    digest=written.digest,
                    files=tuple(
                        DataFile(path, digest, size)
                        for (path, digest), size in zip(written.digests.items(), written.sizes, strict=True)
                    ),
                    sample=filled[name].with_format(None)[0],
                )
                for name, written in splits.items()
            ),
            empty_splits=tuple(str(name) for name in dataset if name not in filled and name not in unasked),
            endpoint=None if endpoint is None else endpoint_kind(endpoint),
            answered_by=tuple(answered_by),
            tallies=tallies or {},
            cost=cost,
            quality=tuple(figures),
            verdicts=tuple(verdicts),
            pictures=tuple(pictures),
            real=tuple(real),
            overrides=overrides or {},
            packages=package_versions(spec),
            citation=citation,
        )
        if locked is not None:
            check_splits(
                locked,
                {split.name: split.digest for split in facts.splits},
                rows={split.name: split.num_examples for split in facts.splits},
                packages=facts.packages,
            )
        _write_texts(target, facts, quality=quality, report=report)
        if trace is not None:
            shutil.copytree(trace, target / TRACE_FOLDER)
            write_row_ids(target, trace, {str(name): split for name, split in filled.items()})
        lock = replace(
            lock_of(target, facts),
            endpoint_check=endpoint_check,
            keep_short=keep_short,
            spec_origin=pinned_origin(spec, locked),
        )
        (target / LOCK_FILE).write_text(lock.to_json(), encoding="utf-8")
        if answers is not None:
            answers(target / ANSWERS_FILE)
        write_manifest(target, {**lock.files, **lock.trace})
    return Release(folder=folder, lock=lock, warnings=(*hub_terms(spec).warnings, *terms_warnings(spec)))


def _write_texts(
    target: Path, facts: CardFacts, *, quality: Mapping[str, object] | None, report: str | None
) -> None:
    spec = facts.spec
    texts = {facts.spec_file: spec.source}
    own = {CARD_FILE, CROISSANT_FILE, QUALITY_FILE, REPORT_FILE, *PLOT_FILES, facts.spec_file, *_BESIDE_LOCK}
    for path, text in spec.files.items():
        texts[inside(path, taken=own)] = text
    texts[CARD_FILE] = render_card(facts)
    texts[CROISSANT_FILE] = croissant_json(
        facts, license_url=licence_url(spec.license), citation=facts.citation or default_citation(facts)
    )
    if quality is not None:
        texts[QUALITY_FILE] = json.dumps(quality, indent=1, ensure_ascii=False) + "\n"
    if report is not None:
        texts[REPORT_FILE] = report
    for path, text in texts.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # Bytes, so that no platform changes the line ends of what was hashed.
        file.write_bytes(text.encode("utf-8"))
    for picture in facts.pictures:
        file = target / PLOTS_FOLDER / picture.name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(picture.png)
