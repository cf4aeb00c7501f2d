"""What measures look at: a build's texts, each with its prompt and label, its seeds, and what is given besides."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.features import label_columns, text_columns
from synth_datasets.plan.seeds import index_of
from synth_datasets.quality import columns
from synth_datasets.quality.figures import Measured
from synth_datasets.quality.own import Own
from synth_datasets.quality.suite import MEASURES, Material, measure_more
from synth_datasets.spec.graph import outputs
from synth_datasets.spec.measures import is_own
from synth_datasets.spec.model import DatasetSpec

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

    from synth_datasets.quality.embeddings import Embed

__all__ = ["measured_for", "prompts_of", "seed_texts"]

_NOT_RUN = "not measured: it is code that the spec names, which runs only if you say so (--run-measures)"


def measured_for(
    spec: DatasetSpec,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    trace: Path,
    *,
    own: Mapping[str, Own],
    real: Sequence[str] | None = None,
    embed: "Embed | None" = None,
    known: Sequence[Measured] = (),
) -> tuple[Measured, ...]:
    """Return the figures that the spec's `measures` ask for, in that order, of each text column.

    Those of `known`, figures of the same rows beside no real ones, are taken as they are where real rows are not looked
    at. What cannot be measured stands there with the reason, and so do the spec's own measures that are not in `own`,
    and those that raise: rows that are paid for are not held up by them.
    """
    if not spec.measures:
        return ()
    materials = _materials(spec, tables, trace, real, embed)
    found: list[Measured] = []
    for name in spec.measures:
        if known and (is_own(name) or not MEASURES[name].beside_real):
            found += (each for each in known if each.name == name)
            continue
        if is_own(name) and name not in own:
            found.append(_left_out(name, _NOT_RUN))
            continue
        if is_own(name):
            found += _own(name, materials, own)
            continue
        got = measure_more([name], materials, if_possible=(name,))
        found += got or (_left_out(name, f"not measured: it needs {_needs(name)}"),)
    return tuple(found)


def prompts_of(
    trace: Path, splits: Sequence[str], spec: DatasetSpec, column: str, rows: int
) -> list[str] | None:
    """Return what the user said last before each row's text was written; None unless every row has its own."""
    import pyarrow.parquet as pq

    owners = {name: each.name for each in spec.columns for name in outputs(each)}
    owner = owners.get(column, column)
    found: list[str] = []
    for split in splits:
        path = trace / f"{split}.parquet"
        if not path.is_file():
            return None
        table = pq.read_table(
            path, columns=["row_id", "column", "messages"], filters=[("column", "=", owner)]
        )
        said = {
            row: next((turn["content"] for turn in reversed(messages) if turn["role"] == "user"), "")
            for row, messages in zip(
                table.column("row_id").to_pylist(), table.column("messages").to_pylist(), strict=True
            )
        }
        found += said.values()
    return found if len(found) == rows else None


def seed_texts(spec: DatasetSpec) -> Sequence[str] | None:
    """Return the texts of seeds that lie beside the spec; those on the Hub are not fetched for a report."""
    return None if spec.seeds is None or spec.seeds.data is None else index_of(spec.seeds).texts


def _materials(
    spec: DatasetSpec,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    trace: Path,
    real: Sequence[str] | None,
    embed: "Embed | None",
) -> dict[str, Material]:
    labels = label_columns(spec)
    first = next(iter(labels), None)
    shared: dict[str, Any] = {
        "labels": columns.worded(tables, first, labels[first]) if first else None,
        "seeds": seed_texts(spec),
        "language": spec.language[0] if len(spec.language) == 1 else None,
        "languages": spec.language,
        "real": real,
        "embed": embed,
    }
    found: dict[str, Material] = {}
    for column in text_columns(spec):
        texts = columns.worded(tables, column, None)
        prompts = prompts_of(trace, [str(split) for split in tables], spec, column, len(texts))
        found[column] = Material(texts=texts, prompts=prompts, **shared)
    return found


def _own(name: str, materials: Mapping[str, Material], own: Mapping[str, Own]) -> tuple[Measured, ...]:
    try:
        return measure_more([name], materials, own=own)
    except SettingsError as error:  # what it raised, or that it returned no number
        return (_left_out(name, f"not measured: {error}"),)


def _left_out(name: str, why: str) -> Measured:
    measure = MEASURES.get(name)
    return Measured(
        name=name,
        column="",
        rows=0,
        values={name: None},
        direction="" if measure is None else measure.direction,
        source="" if measure is None else measure.source,
        limits="A measure of your own." if measure is None else measure.limits,
        notes=(why,),
    )


def _needs(name: str) -> str:
    options = {"embed": "--embed", "scorer": "--scorer", "real": "--real", "test": "--test"}
    given = {
        "seeds": "`seeds` in the spec",
        "language": "one `language` in the spec",
        "labels": "a column of classes",
    }
    return ", ".join(
        f"{options[need]} of `synth report`" if need in options else given.get(need, need)
        for need in MEASURES[name].needs
    )
