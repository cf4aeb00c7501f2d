"""Where each row comes from, and what was rejected: written beside a split while it is made, read back by commands."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from synth_datasets.plan.row import RowKey
from synth_datasets.spec.rules_seeds import SEEDS
from synth_datasets.validation.outcome import Example, Missing, Rejection, Source, Tally

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "TRACE_FOLDER",
    "TraceWriter",
    "TracedRow",
    "read_models",
    "read_real_ids",
    "read_rejections",
    "read_ruled",
    "read_tallies",
    "read_trace",
    "rejection_record",
    "write_real_ids",
]

TRACE_FOLDER = "trace"
BATCH_ROWS = 1000
_REVIEWS = ".reviews.jsonl"
_REJECTION_FIELDS = (
    "column",
    "attempt",
    "reason",
    "detail",
    "text",
    "key",
    "prompt_tokens",
    "completion_tokens",
)


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


class TraceWriter(AbstractContextManager["TraceWriter"]):
    """Writes `<split>.parquet`, `<split>.rejections.jsonl` and, when all went well, `<split>.tally.json`.

    Where rows have seen real ones, `<split>.seeds.jsonl` says which, by column; where people decided about rows,
    `<split>.reviews.jsonl` says which decisions held, and what they mended.

    Memory stays flat: rows go out in batches. The bytes depend on the rows alone.
    """

    def __init__(self, folder: Path, split: str) -> None:
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        self._tally_path = folder / f"{split}.tally.json"
        self._schema = _schema()
        self._rows = pq.ParquetWriter(folder / f"{split}.parquet", self._schema, compression="zstd")
        self._rejections = (folder / f"{split}.rejections.jsonl").open(
            "w",
            encoding="utf-8",
            errors="backslashreplace",  # half a surrogate becomes a JSON escape
        )
        self._batch: list[tuple[str, Source]] = []
        self._folder, self._split = folder, split
        self._seeded: list[str] | None = None
        """The columns that say which real rows a row has seen; None before the first row, all have the same."""
        self._seeds: IO[str] | None = None
        self._reviews: IO[str] | None = None

    def add(self, outcome: Example | Missing) -> None:
        """Keep where an example comes from, and what its row rejected."""
        for rejection in outcome.rejections:
            self._rejections.write(json.dumps(rejection_record(rejection), ensure_ascii=False) + "\n")
        if outcome.ruled:
            self._add_review(outcome)
        if isinstance(outcome, Example):
            row_id = str(outcome.row)
            self._batch += [(row_id, source) for source in outcome.sources]
            if self._seeded is None:
                self._seeded = [name for name in outcome.values if name.endswith(SEEDS)]
            if self._seeded:
                seeds = {name.removesuffix(SEEDS): outcome.values[name] for name in self._seeded}
                self._add_seeds({"row_id": row_id, "seeds": seeds})
        if len(self._batch) >= BATCH_ROWS:
            self._flush()

    def _add_seeds(self, record: Mapping[str, object]) -> None:
        if self._seeds is None:
            self._seeds = (self._folder / f"{self._split}.seeds.jsonl").open("w", encoding="utf-8")
        self._seeds.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _add_review(self, outcome: Example | Missing) -> None:
        if self._reviews is None:
            self._reviews = (self._folder / f"{self._split}{_REVIEWS}").open("w", encoding="utf-8")
        mended = {"mended": outcome.mended} if isinstance(outcome, Example) and outcome.mended else {}
        record = {"row_id": str(outcome.row), "decisions": outcome.ruled, **mended}
        self._reviews.write(json.dumps(record, ensure_ascii=False) + "\n")

    def finish(self, tally: Tally) -> None:
        """Write the counts of the whole split."""
        self._tally_path.write_text(
            json.dumps(tally.to_json(), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._rows.close()
                self._rejections.close()
                for file in (self._seeds, self._reviews):
                    if file is not None:
                        file.close()
        finally:
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def _let_go(self) -> None:
        """Close what is still open: on a full disk that fails, too, and must not hide why the split failed."""
        with suppress(OSError):
            self._rows.close()
        self._rows.is_open = False  # otherwise it tries again, and complains, when it is collected
        with suppress(OSError):
            self._rejections.close()
        for file in (self._seeds, self._reviews):
            if file is not None:
                with suppress(OSError):
                    file.close()

    def _flush(self) -> None:
        if self._batch:
            self._rows.write_table(_table(self._batch, self._schema))
            self._batch = []


def _table(batch: Sequence[tuple[str, Source]], schema: "pa.Schema") -> "pa.Table":
    """Return the sources as a table, made column by column: a dictionary a row would cost three times as much."""
    import pyarrow as pa

    row_ids, sources = zip(*batch, strict=True)
    turns = [turn for source in sources for turn in source.messages]
    ends = accumulate((len(source.messages) for source in sources), initial=0)
    spoken = pa.StructArray.from_arrays(
        [pa.array([turn[at] for turn in turns], pa.string()) for at in (0, 1)],
        fields=list(schema.field("messages").type.value_type),
    )
    columns: dict[str, Any] = {
        "row_id": row_ids,
        "column": [source.column for source in sources],
        "attempt": [source.attempt for source in sources],
        "seed": [source.seed for source in sources],
        "key": [source.key for source in sources],
        "model": [source.model for source in sources],
        "messages": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), spoken),
        "answer": [_storable(source.text) for source in sources],
    }
    return pa.Table.from_pydict(columns, schema=schema)


def _storable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def read_trace(folder: Path, split: str, row: int) -> list[TracedRow]:
    """Return what was sent and answered for the row at `row` (from 0) of the stored split; nothing if it is real."""
    import pyarrow.parquet as pq

    real = read_real_ids(folder, split)
    if row in real:
        return []
    table = pq.read_table(folder / f"{split}.parquet")
    made = list(dict.fromkeys(table.column("row_id").to_pylist()))
    wanted = made[row - sum(position < row for position in real)]
    records = table.filter([given == wanted for given in table.column("row_id").to_pylist()]).to_pylist()
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
                yield Rejection(row=row, **{name: record[name] for name in _REJECTION_FIELDS})


def read_ruled(folder: Path) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return by row id the digests of the decisions by hand that held, and the columns that they mended."""
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for path in sorted(folder.glob(f"*{_REVIEWS}")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                found[record["row_id"]] = tuple(record["decisions"]), tuple(record.get("mended", ()))
    return found


def read_tallies(folder: Path) -> dict[str, Tally]:
    """Return the counts of each split that was finished."""
    return {
        path.name.removesuffix(".tally.json"): Tally.from_json(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.tally.json"))
    }


def rejection_record(rejection: Rejection) -> dict[str, str | int]:
    """Return the rejection as one line of the file holds it."""
    row = rejection.row
    return {
        "row_id": str(row),
        "split": row.split,
        "stratum": row.stratum,
        "index": row.index,
        **{name: getattr(rejection, name) for name in _REJECTION_FIELDS},
    }


def _schema() -> "pa.Schema":
    import pyarrow as pa

    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    names = ["row_id", "column"]
    return pa.schema(
        [
            *[(name, pa.string()) for name in names],
            ("attempt", pa.int32()),
            ("seed", pa.int64()),
            ("key", pa.string()),
            ("model", pa.string()),
            ("messages", pa.list_(turn)),
            ("answer", pa.string()),
        ]
    )
