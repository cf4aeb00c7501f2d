"""Where each row comes from, and what was rejected: written beside a split while it is made, read back by commands."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.plan.row import RowKey
from synth_datasets.trace_writer import REJECTION_FIELDS, REVIEWS
from synth_datasets.validation.outcome import Rejection, Tally

__all__ = [
    "TRACE_FOLDER",
    "TracedRow",
    "read_models",
    "read_real_ids",
    "read_rejections",
    "read_ruled",
    "read_tallies",
    "read_tally",
    "read_trace",
    "write_real_ids",
]

TRACE_FOLDER = "trace"
_TOGETHER = 65_536
"""Records that are looked through at once: the trace of a large split is not for one's memory."""
_MOST_RECORDS = 1_000
"""Of one row: it has one for each model column, of which a spec has fewer."""


@dataclass(frozen=True, slots=True)
class TracedRow:
    """One model column of one row: what was sent and what came back."""

    row_id: str
    column: str
    attempt: int
    seed: int
    key: str
    model: str
    messages: tuple[tuple[str, str], ...]
    answer: str


def read_trace(folder: Path, split: str, row: int | str) -> list[TracedRow]:
    """Return what was sent and answered for the row at `row` (from 0) of the stored split, or for the row of that id.

    Nothing for a real row, and for an id that no accepted row has.
    """
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    file = folder / f"{split}.parquet"
    if isinstance(row, int):
        real = read_real_ids(folder, split)
        if row in real:
            return []
        row = _nth_id(file, row - sum(position < row for position in real))
    found = ds.dataset(file, format="parquet").scanner(filter=pc.field("row_id") == row, batch_size=_TOGETHER)
    records = found.head(_MOST_RECORDS).to_pylist()
    return [
        TracedRow(
            row_id=record["row_id"],
            column=record["column"],
            attempt=record["attempt"],
            seed=record["seed"],
            key=record["key"],
            model=record["model"],
            messages=tuple((turn["role"], turn["content"]) for turn in record["messages"]),
            answer=record["answer"],
        )
        for record in records
    ]


def _nth_id(file: Path, number: int) -> str:
    """Return the id that is the nth other one in the file, from 0; empty where there are fewer."""
    import pyarrow.parquet as pq

    seen = dict[str, None]()
    with pq.ParquetFile(file) as stored:
        for batch in stored.iter_batches(_TOGETHER, columns=["row_id"]):
            for identity in batch.column(0).unique().to_pylist():
                seen[identity] = None
                if len(seen) > number:
                    return identity
    return ""


def write_real_ids(folder: Path, split: str, rows: Sequence[tuple[int, str]]) -> None:
    """Write where real rows stand in the stored split, and the name of each in its data."""
    with (folder / f"{split}.real.jsonl").open("w", encoding="utf-8") as lines:
        for position, identity in rows:
            record = {"position": position, "row_id": f"real/{identity}"}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_real_ids(folder: Path, split: str) -> dict[int, str]:
    """Return the id of each real row of the stored split, such as `real/17`, by its position; most splits have none."""
    path = folder / f"{split}.real.jsonl"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as lines:
        return {record["position"]: record["row_id"] for record in map(json.loads, lines)}


def read_models(folder: Path) -> tuple[str, ...]:
    """Return the models that the endpoints say have answered, sorted."""
    import pyarrow.parquet as pq

    found: set[str] = set()
    for path in folder.glob("*.parquet"):
        found.update(pq.read_table(path, columns=["model"]).column("model").unique().to_pylist())
    return tuple(sorted(found - {""}))


def read_rejections(folder: Path) -> Iterator[Rejection]:
    """Yield every rejected answer of every finished split: by split name, then in the order it was decided."""
    for path in sorted(folder.glob("*.rejections.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                row = RowKey(record["split"], record["stratum"], record["index"])
                yield Rejection(row=row, **{name: record[name] for name in REJECTION_FIELDS})


def read_ruled(folder: Path) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return by row id the digests of the decisions by hand that held, and the columns that they mended."""
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for path in sorted(folder.glob(f"*{REVIEWS}")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                found[record["row_id"]] = tuple(record["decisions"]), tuple(record.get("mended", ()))
    return found


def read_tallies(folder: Path) -> dict[str, Tally]:
    """Return the counts of each split that was finished."""
    return {
        path.name.removesuffix(".tally.json"): read_tally(path)
        for path in sorted(folder.glob("*.tally.json"))
    }


def read_tally(path: Path) -> Tally:
    """Return the counts that are in the file."""
    return Tally.from_json(json.loads(path.read_text(encoding="utf-8")))
