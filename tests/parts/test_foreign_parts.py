"""Parts that are a stranger's, damaged or made to do harm: refused by name, before anybody is asked."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from fake_endpoint import FakeEndpoint
from workshop import Workshop

from synth_datasets.cli import main
from synth_datasets.errors import SettingsError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.parts.info import read_part, whole_of


@pytest.fixture
def pair(shop: Workshop, endpoint: FakeEndpoint, spec: Callable[..., Path]) -> list[Path]:
    parts = shop.parts(spec(splits={"train": 12}), 2)
    endpoint.clear()
    return parts


def change(folder: Path, **fields: object) -> None:
    path = folder / "part.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def sign_again(folder: Path) -> None:
    """Make what the part says of its files true."""
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "part.json"
    }
    change(folder, files=files)


@pytest.mark.parametrize(
    "fields",
    [
        {"spec_file": "../../secret.synth.yaml"},
        {"spec_file": "/etc/passwd"},
        {"spec_file": 3},
        {"files": {"../../secret": "0" * 64}},
        {"files": ["a"]},
        {"files": {}},
        {"shard": "1/99999999999999999999"},
        {"shard": [1, 2]},
        {"rows": {"train": 1e300}},
        {"rows": {"train": -1}},
        {"answers": "many"},
        {"keep_short": "yes"},
        {"endpoints": {"some-model": None}},
        {"fingerprint": "\u001b[2J"},
        {"format": 99},
        {"format": []},
        {"overrides": {"base_url": "http://elsewhere.example/v1"}},
        {"overrides": {"store": "/tmp/another.sqlite"}},
        {"overrides": {"model": {"a": 1}}},
        {"ingredients": None},
        {"surprise": 1},
    ],
)
def test_a_description_that_is_none_is_refused_by_name(pair, fields):
    change(pair[1], **fields)
    with pytest.raises(SettingsError) as refused:
        read_part(pair[1])
    assert str(pair[1]) in str(refused.value) or "parts" in str(refused.value)
    assert "\u001b" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, '{"format": 1}', "9" * 10_000, "null", "\ud800"]
)
def test_what_is_no_description_is_refused_by_name(pair, text):
    (pair[1] / "part.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError, match=str(pair[1])):
        read_part(pair[1])


def test_links_are_not_followed(pair, tmp_path):
    secret = tmp_path / "secret"
    path = pair[1] / "train.rows.arrow"
    shutil.copy(path, secret)
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(SettingsError, match=r"train.rows.arrow is not as it was written"):
        read_part(pair[1])


def test_files_that_the_part_does_not_name_are_refused_and_those_of_a_file_manager_are_not(pair):
    (pair[1] / ".DS_Store").touch()
    (pair[1] / "answers.sqlite-wal").touch()
    read_part(pair[1])
    (pair[1] / "trace" / "train.seeds.jsonl").write_text("{}\n")
    with pytest.raises(SettingsError, match=r"trace/train.seeds.jsonl is not as it was written"):
        read_part(pair[1])


def other_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(bytes(data))


def of_names(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET key = 'name' WHERE rowid = 1")
    connection.close()


def a_view(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE failures")
        connection.execute("CREATE VIEW failures AS SELECT 1 AS key, 2 AS reason, 3 AS detail, 4 AS request")
    connection.close()


@pytest.mark.parametrize(
    "spoil",
    [other_program, cut, damaged, of_names, a_view, lambda path: path.write_bytes(b"x" * 5000)],
    ids=["another program's", "cut", "damaged", "no keys", "a view", "no database"],
)
def test_answers_that_are_none_are_refused_and_the_own_store_stays(shop, pair, endpoint, spoil):
    """With digests that fit: the store of whoever merges is neither moved aside nor changed."""
    spoil(pair[1] / "answers.sqlite")
    sign_again(pair[1])
    home = shop.home()
    home.mkdir()
    with AnswerStore(home / "answers.sqlite") as store:
        store.absorb(pair[0] / "answers.sqlite")
    with pytest.raises(SettingsError) as refused:
        shop.merged(pair, home=home)
    assert str(pair[1]) in str(refused.value)
    assert [each.name for each in home.iterdir() if "damaged" in each.name] == []
    with AnswerStore(home / "answers.sqlite") as store:
        assert len(store) == json.loads((pair[0] / "part.json").read_text())["answers"]
    assert endpoint.count == 0


def arrow(path: Path, **columns: object) -> None:
    table = pa.table(columns)
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def index_of(path: Path, **changes: object) -> None:
    table = pa.ipc.open_file(pa.py_buffer(path.read_bytes())).read_all()
    arrow(path, **{**{name: table[name] for name in table.column_names}, **changes})


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("train.index.arrow", lambda path: path.unlink()),
        ("train.index.arrow", lambda path: path.write_bytes(b"no arrow")),
        ("train.index.arrow", lambda path: arrow(path, other=[1, 2])),
        ("train.index.arrow", lambda path: index_of(path, state=pa.array([7] * 6, pa.uint8()))),
        ("train.index.arrow", lambda path: index_of(path, state=["a"] * 6)),
        ("train.index.arrow", lambda path: index_of(path, sources=pa.array([2**32 - 1] * 6, pa.uint32()))),
        ("train.index.arrow", lambda path: index_of(path, sources=[-1] * 6)),
        ("train.index.arrow", lambda path: index_of(path, rejections=pa.array([9] * 6, pa.uint32()))),
        ("train.index.arrow", lambda path: index_of(path, sources=pa.array([None] * 6, pa.uint32()))),
        ("train.check0.bin", lambda path: path.write_bytes(b"")),
        ("train.check0.bin", lambda path: path.unlink()),
        ("train.rows.arrow", lambda path: arrow(path, text=["a"])),
        ("train.rows.arrow", lambda path: path.write_bytes(b"")),
        ("train.rows.arrow", cut),
        ("trace/train.parquet", lambda path: path.write_bytes(b"PAR1" * 9)),
        ("trace/train.parquet", cut),
        ("trace/train.tally.json", lambda path: path.write_text("[]")),
        ("trace/train.tally.json", lambda path: path.write_text('{"answers": "x"}')),
    ],
    ids=map(str, range(18)),
)
def test_rows_that_are_none_are_refused_by_name(shop, pair, endpoint, name, spoil):
    """With digests that fit."""
    assert read_part(pair[1]).rows["train"] == 6
    spoil(pair[1] / name)
    sign_again(pair[1])
    with pytest.raises(SettingsError, match=str(pair[1])):
        shop.merged(pair)
    assert endpoint.count == 0


def test_a_part_asked_elsewhere_is_not_taken_for_this_one(shop, pair):
    change(pair[1], endpoints={"some-model": "http://elsewhere.example/v1"})
    with pytest.raises(SettingsError, match=r"was asked at .*elsewhere"):
        whole_of(pair)


def test_other_lists_are_named(pair):
    change(pair[0], lists="0" * 64)
    change(pair[1], lists="1" * 64)
    with pytest.raises(SettingsError, match=r"draws from other generated lists than"):
        whole_of(pair)


# --- answers of a part, taken by themselves


@pytest.mark.parametrize("name", ["", "answers.sqlite"])
def test_the_answers_of_a_part_are_imported_as_its_messages_advise(pair, tmp_path, capsys, name):
    store = tmp_path / "mine.sqlite"
    with pytest.raises(SystemExit) as ended:
        main(["answers", "import", str(pair[0] / name), "--store", str(store)])
    assert ended.value.code == 0
    count = json.loads((pair[0] / "part.json").read_text())["answers"]
    assert f"{count} answers, {count} of them new" in capsys.readouterr().out
    with AnswerStore(store) as answers:
        assert len(answers) == count


def test_an_answer_under_the_key_of_another_request_is_refused(pair, tmp_path, capsys):
    path = pair[0] / "answers.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE answers SET request = (SELECT request FROM answers WHERE rowid = 2) WHERE rowid = 1"
        )
        connection.execute("DELETE FROM answers WHERE rowid = 2")
    connection.close()
    with pytest.raises(SystemExit) as ended:
        main(["answers", "import", str(path), "--store", str(tmp_path / "mine.sqlite")])
    assert ended.value.code == 2
    assert "nothing was imported" in capsys.readouterr().err
    with AnswerStore(tmp_path / "mine.sqlite") as answers:
        assert len(answers) == 0
