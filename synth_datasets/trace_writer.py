"""Writes beside a split, while it is made, where each row comes from and what was rejected."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from synth_datasets.spec.rules_seeds import SEEDS
from synth_datasets.validation.outcome import Example, Missing, Rejection, Source, Tally

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "REJECTION_FIELDS",
    "REVIEWS",
    "SIDES",
    "TraceWriter",
    "rejection_record",
    "side_lines",
    "sources_table",
    "trace_schema",
]

BATCH_ROWS = 1000
REVIEWS = ".reviews.jsonl"
SIDES = {"rejections": ".rejections.jsonl", "seeds": ".seeds.jsonl", "reviews": REVIEWS}
"""Files of lines beside a split's table: what was rejected, which real rows were seen, which decisions held."""
REJECTION_FIELDS = (
    "column",
    "attempt",
    "reason",
    "detail",
    "text",
    "key",
    "prompt_tokens",
    "completion_tokens",
)


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
        self._schema = trace_schema()
        self._rows = pq.ParquetWriter(folder / f"{split}.parquet", self._schema, compression="zstd")
        self._batch: list[tuple[str, Source]] = []
        self._kept: list[pa.Table] = []
        self._folder, self._split = folder, split
        self._sides: dict[str, IO[str]] = {}
        self._side("rejections")

    def add(self, outcome: Example | Missing, lines: Mapping[str, Sequence[str]] | None = None) -> None:
        """Keep where an example comes from, and what its row rejected; `lines` are its `side_lines`, where known."""
        self.add_lines(side_lines(outcome) if lines is None else lines)
        if isinstance(outcome, Example):
            row_id = str(outcome.row)
            self._batch += [(row_id, source) for source in outcome.sources]
        if len(self._batch) >= BATCH_ROWS:
            self._flush()

    def add_lines(self, lines: Mapping[str, Sequence[str]]) -> None:
        """Add lines to the files beside the table, by the names in `SIDES`."""
        for side, texts in lines.items():
            if texts:
                self._side(side).writelines(texts)

    def add_sources(self, sources: "pa.Table", counts: Sequence[int]) -> None:
        """Keep the sources of several examples, so many a row: what `add` does with each of them."""
        start = stop = 0
        before = sum(len(table) for table in self._kept)
        for count in counts:
            stop += count
            if before + stop - start >= BATCH_ROWS:
                self._kept.append(sources.slice(start, stop - start))
                self._flush_kept()
                start, before = stop, 0
        if stop > start:
            self._kept.append(sources.slice(start, stop - start))

    def _side(self, name: str) -> IO[str]:
        if name not in self._sides:
            path = self._folder / f"{self._split}{SIDES[name]}"
            # Half a surrogate becomes a JSON escape.
            self._sides[name] = path.open("w", encoding="utf-8", errors="backslashreplace")
        return self._sides[name]

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
                self._flush_kept()
                self._rows.close()
                for file in self._sides.values():
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
        for file in self._sides.values():
            with suppress(OSError):
                file.close()

    def _flush(self) -> None:
        if self._batch:
            self._rows.write_table(sources_table(self._batch))
            self._batch = []

    def _flush_kept(self) -> None:
        import pyarrow as pa

        if self._kept:
            self._rows.write_table(pa.concat_tables(self._kept).combine_chunks())
            self._kept = []


def side_lines(outcome: Example | Missing) -> dict[str, list[str]]:
    """Return the lines that a row has in each of the files beside the table."""
    lines = {"rejections": [_line(rejection_record(each)) for each in outcome.rejections]}
    if outcome.ruled:
        mended = {"mended": outcome.mended} if isinstance(outcome, Example) and outcome.mended else {}
        lines["reviews"] = [_line({"row_id": str(outcome.row), "decisions": outcome.ruled, **mended})]
    if isinstance(outcome, Example):
        seeds = {n.removesuffix(SEEDS): value for n, value in outcome.values.items() if n.endswith(SEEDS)}
        lines["seeds"] = [_line({"row_id": str(outcome.row), "seeds": seeds})] if seeds else []
    return lines


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def sources_table(batch: Sequence[tuple[str, Source]]) -> "pa.Table":
    """Return sources, each with the id of its row, as a table.

    Made column by column: a dictionary a row would cost three times as much.
    """
    import pyarrow as pa

    schema = trace_schema()
    row_ids, sources = zip(*batch, strict=True) if batch else ((), ())
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


def rejection_record(rejection: Rejection) -> dict[str, str | int]:
    """Return the rejection as one line of the file holds it."""
    row = rejection.row
    return {
        "row_id": str(row),
        "split": row.split,
        "stratum": row.stratum,
        "index": row.index,
        **{name: getattr(rejection, name) for name in REJECTION_FIELDS},
    }


def trace_schema() -> "pa.Schema":
    """Return what a record of the trace holds: one model column of one row."""
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
