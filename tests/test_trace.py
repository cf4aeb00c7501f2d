"""The trace's tables are what a table of one dictionary a row would be, to the byte."""

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.trace_writer import sources_table, trace_schema
from synth_datasets.validation.outcome import Source

TEXT = st.text(max_size=20)
SOURCES = st.builds(
    Source,
    column=TEXT,
    attempt=st.integers(0, 9),
    key=TEXT,
    seed=st.integers(1, 2**31 - 1),
    messages=st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXT), max_size=4).map(
        tuple
    ),
    text=st.text(st.characters(), max_size=20),  # half surrogates as well
    model=TEXT,
    prompt_tokens=st.integers(0, 9),
    completion_tokens=st.integers(0, 9),
)


@given(st.lists(st.tuples(TEXT, SOURCES), min_size=1, max_size=8))
def test_columns_hold_what_rows_held(tmp_path_factory, batch):
    rows = [
        {
            "row_id": row_id,
            "column": source.column,
            "attempt": source.attempt,
            "seed": source.seed,
            "key": source.key,
            "model": source.model,
            "messages": [{"role": role, "content": text} for role, text in source.messages],
            "answer": source.text.encode("utf-8", "backslashreplace").decode("utf-8"),
        }
        for row_id, source in batch
    ]
    folder = tmp_path_factory.getbasetemp()
    files = []
    for name, table in (
        ("quick", sources_table(batch)),
        ("slow", pa.Table.from_pylist(rows, trace_schema())),
    ):
        pq.write_table(table, folder / name, compression="zstd")
        files.append((folder / name).read_bytes())
    assert files[0] == files[1]
