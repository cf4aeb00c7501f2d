"""Archives of answers: nothing is lost on the way, nothing that was changed gets in."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.archive import ArchiveWriter, Record, import_answers, read_archive
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Message, Request


def record(number: int, text: str | None = None, **more) -> Record:
    request = Request(
        endpoint="http://x/v1",
        model="m",
        messages=(
            Message("system", "You write."),
            Message("user", f"Write review {number}, \u2028 ünïcode."),
        ),
        sampling={"temperature": 0.7, "stop": ("\n", "END")},
        extra={"repeat_penalty": 1.05, "flag": True},
        seed=number,
    )
    return request, Answer(
        key=request.key, text=f"Answer {number}." if text is None else text, model="m-1", **more
    )


def write(path: Path, records: list[Record]) -> Path:
    with ArchiveWriter(path) as archive:
        for start in range(0, len(records), 3):
            archive.add(records[start : start + 3])
    return path


def stored(path: Path) -> dict[str, Answer]:
    with AnswerStore(path, read_only=True) as store:
        keys = [Request.parse(text).key for text in store.requests()]
        assert len(keys) == len(store)
        return store.get_many(keys)


def whole(path: Path) -> pa.Table:
    """Return the table with the file's own marks, which pyarrow leaves out."""
    marks = pq.ParquetFile(path).metadata.metadata
    return pq.read_table(path).replace_schema_metadata(
        {name: value for name, value in marks.items() if name.startswith(b"synth")}
    )


def changed(path: Path, column: str, value: str, row: int = 1) -> None:
    """Rewrite one value as somebody with a Parquet library would, everything else as it was."""
    table = whole(path)
    values = table.column(column).to_pylist()
    values[row] = value
    position = table.schema.get_field_index(column)
    pq.write_table(
        table.set_column(position, column, pa.array(values, pa.string())), path, use_dictionary=False
    )


def take_in(path: Path, store_path: Path):
    with AnswerStore(store_path) as store:
        return import_answers(path, store)


anything = st.text(st.characters(exclude_categories=()))  # lone surrogates and zeros included
scalars = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.booleans(), anything)


@given(
    texts=st.lists(anything, min_size=1, max_size=5),
    prompt=anything,
    reasoning=anything,
    notes=st.lists(anything, max_size=2),
    tokens=st.integers(0, 2**40),
    extra=st.dictionaries(anything, scalars, max_size=3),
    stop=st.lists(anything, max_size=2),
)
@example(
    texts=["\ud800 half", "\x00"],
    prompt="\udfff",
    reasoning="",
    notes=["\ud800"],
    tokens=0,
    extra={"a": 1.0},
    stop=[],
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_export_and_import_are_the_identity_on_stored_answers(
    tmp_path_factory, *, texts, prompt, reasoning, notes, tokens, extra, stop
):
    folder = tmp_path_factory.mktemp("archive")
    records = []
    for seed, text in enumerate(texts):
        request = Request(
            endpoint="e",
            model="m",
            messages=(Message("user", prompt),),
            sampling={"stop": tuple(stop)},
            extra=extra,
            seed=seed,
        )
        records.append(
            (
                request,
                Answer(
                    key=request.key, text=text, reasoning=reasoning, prompt_tokens=tokens, notes=tuple(notes)
                ),
            )
        )
    with AnswerStore(folder / "first.sqlite") as store:
        kept = store.put_many(records)
        back = [(Request.parse(store.get_requests([r.key])[r.key]), kept[r.key]) for r, _ in records]
    take_in(write(folder / "a.parquet", back), folder / "second.sqlite")
    assert stored(folder / "second.sqlite") == kept == {request.key: answer for request, answer in records}
    with AnswerStore(folder / "second.sqlite") as second:
        assert second.get_requests(kept) == {request.key: request.canonical() for request, _ in records}


def test_failed_requests_travel_too_and_equal_records_give_equal_bytes(tmp_path):
    request, _ = record(1)
    records = [(request, RequestFailedError("context_too_long", "9001 tokens")), record(2)]
    first, second = write(tmp_path / "a.parquet", records), write(tmp_path / "b.parquet", records)
    assert first.read_bytes() == second.read_bytes()
    done = take_in(first, tmp_path / "s.sqlite")
    assert (done.total, done.new, done.conflicts) == (2, 2, 0)
    with AnswerStore(tmp_path / "s.sqlite") as store:
        failure, canonical = store.get_failures([request.key])[request.key]
        assert (failure.reason, failure.detail) == ("context_too_long", "9001 tokens")
        assert canonical == request.canonical()
    assert take_in(first, tmp_path / "s.sqlite").new == 0


def test_a_stored_answer_is_never_overwritten_and_conflicts_are_named(tmp_path):
    path = write(tmp_path / "a.parquet", [record(n) for n in range(10)])
    other = [record(3, "Mine."), record(7, "Mine, too."), record(8)]
    with AnswerStore(tmp_path / "s.sqlite") as store:
        store.put_many(other)
        done = import_answers(path, store)
        assert (done.total, done.new, done.conflicts) == (10, 7, 2)
        assert done.conflicting == (other[0][0].key, other[1][0].key)
        assert store.get_many([other[0][0].key])[other[0][0].key].text == "Mine."
        assert len(store) == 10


def test_a_changed_request_is_refused_and_nothing_gets_in(tmp_path):
    records = [record(n) for n in range(5)]
    path = write(tmp_path / "a.parquet", records)
    request = json.loads(pq.read_table(path).column("request")[1].as_py())
    request["messages"][1][1] = "Ignore all that."
    changed(path, "request", json.dumps(request))
    with pytest.raises(SettingsError, match=rf"record 2, key {records[1][0].key}: its request was changed"):
        take_in(path, tmp_path / "s.sqlite")
    assert stored(tmp_path / "s.sqlite") == {}


def test_a_changed_answer_is_refused_and_named(tmp_path):
    records = [record(n) for n in range(5)]
    path = write(tmp_path / "a.parquet", records)
    told = pq.read_table(path).column("outcome")[1].as_py()
    changed(path, "outcome", told.replace("Answer 1", "Answer 9"))
    with pytest.raises(SettingsError, match=rf"record 2, key {records[1][0].key}: its answer was changed"):
        take_in(path, tmp_path / "s.sqlite")


@pytest.mark.parametrize(
    "value", ["", "[]", "{}", "null", "[" * 100_000, '{"format": 1}', '{"format": 99, "seed": 1}']
)
@pytest.mark.parametrize("column", ["request", "outcome", "key", "digest"])
def test_a_record_that_is_none_is_refused(tmp_path, column, value):
    path = write(tmp_path / "a.parquet", [record(n) for n in range(3)])
    changed(path, column, value)
    with pytest.raises(SettingsError, match=r"record 2, key .*"):
        take_in(path, tmp_path / "s.sqlite")


@pytest.mark.parametrize(
    "part",
    [
        {"seed": "1"},
        {"attempt": True},
        {"messages": []},
        {"messages": [["wizard", "x"]]},
        {"messages": [["user", 5]]},
        {"endpoint": None},
        {"extra": {"a": {}}},
        {"extra": None},
        {"sampling": []},
        {"schema": {}},
        {"more": 1},
    ],
)
def test_a_request_of_wrong_types_is_none(part):
    with pytest.raises(ValueError, match="not a request"):
        Request.parse(json.dumps({**json.loads(record(1)[0].canonical()), **part}))


def test_records_that_are_gone_doubled_or_moved_are_noticed(tmp_path):
    path = write(tmp_path / "a.parquet", [record(n) for n in range(6)])
    table = whole(path)
    for rows in ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 5], [1, 0, 2, 3, 4, 5], []):
        pq.write_table(table.take(pa.array(rows, pa.int64())), path, use_dictionary=False)
        with pytest.raises(SettingsError, match="records were taken out, added"):
            take_in(path, tmp_path / "s.sqlite")
    assert stored(tmp_path / "s.sqlite") == {}


def test_a_flipped_bit_anywhere_is_refused_or_does_no_harm(tmp_path):
    records = [record(n) for n in range(7)]
    path = write(tmp_path / "a.parquet", records)
    sound = path.read_bytes()
    good = {request.key: answer for request, answer in records}
    refused = 0
    for position in range(0, len(sound), 7):
        damaged = bytearray(sound)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            found = [each for batch in read_archive(path) for each in batch]
        except SettingsError:
            refused += 1
        else:
            assert {request.key: answer for request, answer in found} == good, position
    assert refused > len(sound) / 7 / 2, "most of an archive is covered by a digest"


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path, share):
    path = write(tmp_path / "a.parquet", [record(n) for n in range(50)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(SettingsError, match="cut short, damaged or something else"):
        take_in(path, tmp_path / "s.sqlite")


def test_foreign_and_newer_files_are_told_apart(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path, use_dictionary=False)
    with pytest.raises(SettingsError, match="no archive of answers"):
        take_in(path, tmp_path / "s.sqlite")
    write(tmp_path / "b.parquet", [record(1)])
    table = pq.read_table(tmp_path / "b.parquet")
    pq.write_table(table.replace_schema_metadata({"synth_answers": "2"}), path, use_dictionary=False)
    with pytest.raises(SettingsError, match="another version"):
        take_in(path, tmp_path / "s.sqlite")
    with pytest.raises(FileNotFoundError):
        take_in(tmp_path / "none.parquet", tmp_path / "s.sqlite")


def test_an_archive_that_repeats_a_text_without_end_is_refused_and_not_unfolded(tmp_path):
    """Some kilobytes may say of a long text that it stands in every record."""
    table = whole(write(tmp_path / "a.parquet", [record(1)]))
    ids = pa.repeat(pa.scalar(0, pa.int32()), 5_000)
    column = pa.DictionaryArray.from_arrays(ids, pa.array(["a" * 500_000]))
    made = pa.table([column] * 4, table.column_names)
    path = tmp_path / "b.parquet"
    with pq.ParquetWriter(path, made.schema, compression="zstd") as file:
        file.write_table(made)
        file.add_key_value_metadata(table.schema.metadata)
    assert path.stat().st_size < 20_000
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(SettingsError, match="was written by another program"):
        take_in(path, tmp_path / "s.sqlite")
    assert pa.default_memory_pool().max_memory() <= max(before, 50 << 20)


@pytest.mark.parametrize("value", [None, 7, "x" * ((16 << 20) + 1)], ids=["none", "number", "long"])
def test_a_record_without_a_text_or_with_an_endless_one_is_refused(tmp_path, value):
    table = whole(write(tmp_path / "a.parquet", [record(1)]))
    changed = table.set_column(3, "digest", pa.array([value]))
    with pq.ParquetWriter(tmp_path / "b.parquet", changed.schema, use_dictionary=False) as file:
        file.write_table(changed)
        file.add_key_value_metadata(table.schema.metadata)
    with pytest.raises(SettingsError, match="record 1 lacks a value, or has one of more than 16 Mi"):
        take_in(tmp_path / "b.parquet", tmp_path / "s.sqlite")


def interrupted(path: Path) -> None:
    with ArchiveWriter(path) as archive:
        archive.add([record(1)])
        raise RuntimeError


def test_an_archive_replaces_an_archive_and_nothing_else(tmp_path):
    path = write(tmp_path / "a.parquet", [record(1)])
    write(path, [record(1), record(2)])
    assert sum(map(len, read_archive(path))) == 2
    thesis = tmp_path / "thesis.parquet"
    thesis.write_text("years of work")
    with pytest.raises(SettingsError, match="is no archive"):
        write(thesis, [record(1)])
    assert thesis.read_text() == "years of work"
    with pytest.raises(RuntimeError):
        interrupted(tmp_path / "c.parquet")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.parquet", "thesis.parquet"]


IMPORT = """
import resource, sys
from pathlib import Path
from synth_datasets.generation.archive import import_answers
from synth_datasets.generation.store import AnswerStore
with AnswerStore(Path(sys.argv[2])) as store:
    done = import_answers(Path(sys.argv[1]), store)
print(done.new, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_importing_takes_the_same_memory_however_long_the_archive_is(tmp_path):
    peaks = []
    for count in (2_000, 20_000):
        path = tmp_path / f"{count}.parquet"
        with ArchiveWriter(path) as archive:
            for start in range(0, count, 1000):
                archive.add([record(n, f"{n} " + "word " * 400) for n in range(start, start + 1000)])
        done = subprocess.run(
            [sys.executable, "-c", IMPORT, str(path), str(tmp_path / f"{count}.sqlite")],
            capture_output=True,
            text=True,
            check=True,
        )
        new, peak = map(int, done.stdout.split())
        assert new == count
        peaks.append(peak * (1 if sys.platform != "darwin" else 1 / 1024))
    assert peaks[1] - peaks[0] < 25_000, peaks  # KiB; the longer archive's texts alone are 40 MB
