"""From a build's rows and trace to its quality report."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.features import label_columns, text_columns
from synth_datasets.lists import filled_in
from synth_datasets.materials import measured_for
from synth_datasets.mix import REAL, with_real
from synth_datasets.plan.order import stratified
from synth_datasets.plan.plan import Plan
from synth_datasets.quality.ballots import prompts_asked, vote_figures
from synth_datasets.quality.bias import BiasPlan
from synth_datasets.quality.columns import read_all, worded
from synth_datasets.quality.completed import completed_figures
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.figures import NearCheck
from synth_datasets.quality.memorisation import memorisation
from synth_datasets.quality.own import Own
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.report import QualityReport, measure, set_beside
from synth_datasets.spec.model import ClassesColumn, DatasetSpec
from synth_datasets.trace import read_rejections, read_tallies

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["examine", "examine_beside"]

ASKED_LIMIT = 200_000
"""Rows up to which the classes asked for in further label columns are counted, at some 50 microseconds a row."""


def examine(
    spec: DatasetSpec,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    trace: Path,
    *,
    real: RealRows | None = None,
    embed: Embed | None = None,
    own: Mapping[str, Own] | None = None,
) -> QualityReport:
    """Measure the rows of a spec's splits; votes, prompts, counts and rejections come from their trace.

    Without `real`, the rows are set beside the real ones that the spec has: those of `mix`, or else its seeds. `own`
    are functions of somebody's own that the spec's `measures` name, and that may run.
    """
    tallies, labels = read_tallies(trace), label_columns(spec)
    prompts = None
    if spec.bias is not None and spec.bias.text is not None:
        rows = {split: len(table) for split, table in tables.items()}
        prompts = prompts_asked(spec, trace, rows, spec.bias.text)
    report = measure(
        tables,
        text_columns=text_columns(spec),
        label_columns=labels,
        near_checks=_near_checks(spec),
        asked={split.name: with_real(spec, split.name, _asked(spec, split.name)) for split in spec.splits},
        tallies=tallies,
        rejections=read_rejections(trace),
        title=f"{spec.pretty_name or spec.name} {spec.version}",
        votes=vote_figures(spec, tables, trace, labels),
        completed=completed_figures(spec.balance, tallies),
        bias=None if spec.bias is None else BiasPlan(bias=spec.bias, prompts=prompts, real=real),
        real=real or _seeds(spec),
        real_at=_real_at(spec, tables),
        embed=embed,
    )
    named = measured_for(
        spec, tables, trace, own=own or {}, real=None if real is None else real.texts, embed=embed
    )
    return replace(report, more=(*memorisation(spec, tables), *named))


def examine_beside(
    report: QualityReport,
    spec: DatasetSpec,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    trace: Path,
    *,
    real: RealRows,
) -> QualityReport:
    """Return what `examine` makes of the same rows beside these real ones, of what it made of them without any."""
    labels = label_columns(spec)
    found = set_beside(
        *(report, tables, read_all(tables, text_columns(spec), labels)),
        labels=labels,
        bias=None if spec.bias is None else BiasPlan(bias=spec.bias, real=real),
        real=real,
        real_at=_real_at(spec, tables),
    )
    named = measured_for(spec, tables, trace, own={}, real=real.texts, known=report.more)
    return replace(found, more=(*(each for each in report.more if each.name not in spec.measures), *named))


def _near_checks(spec: DatasetSpec) -> list[NearCheck]:
    checked = ((column, spec.checks.get(column)) for column in text_columns(spec))
    return [
        NearCheck(column=column, threshold=checks.near_threshold)
        for column, checks in checked
        if checks is not None and checks.unique == "near"
    ]


def _real_at(spec: DatasetSpec, tables: "Mapping[str, pa.Table | datasets.Dataset]") -> list[int]:
    """Return where real rows stand among the others, counted over all splits."""
    if spec.mix is None:
        return []
    sources = worded(tables, spec.mix.source, label_columns(spec).get(spec.mix.source))
    return [row for row, source in enumerate(sources) if source == REAL]


def _seeds(spec: DatasetSpec) -> RealRows | None:
    """Return the seeds as real rows; None where a mix has real rows, and for those on the Hub, which stay there."""
    seeds = spec.seeds
    if seeds is None or seeds.data is None or spec.mix is not None:
        return None
    texts, labels = text_columns(spec), label_columns(spec)
    known = set(labels[next(iter(labels))]) if labels else set()
    classes = seeds.data.columns[seeds.label] if seeds.label is not None else ()
    return RealRows(
        texts=seeds.data.columns[seeds.text],
        labels=[name if name in known else "" for name in classes],
        of=next((name for name in seeds.copies if name in texts), ""),
        source=f"the seeds, {seeds.source}, which prompts showed",
        public=set(seeds.source.files) <= spec.files.keys(),
    )


def _asked(spec: DatasetSpec, split: str) -> dict[str, dict[str, int]]:
    """Return how many rows of each class the plan asks of the split, by stored label column."""
    # Classes follow from nothing that is written or ruled out, so stand-ins do for generated lists.
    plan = Plan(replace(filled_in(spec, [], guess=True), never=()), {})
    columns = [column for column in spec.columns if isinstance(column, ClassesColumn) and not column.hidden]
    first = stratified(spec)
    asked = {first.name: plan.quotas(split)} if first in columns and first is not None else {}
    rest = [column for column in columns if column is not first]
    total = next(each.num_examples for each in spec.splits if each.name == split)
    if rest and total <= ASKED_LIMIT:
        for column in rest:
            asked[column.name] = dict.fromkeys(column.names, 0)
        for key in plan.rows(split):
            values = plan.values(key)
            for column in rest:
                asked[column.name][str(values[column.name])] += 1
    return asked
