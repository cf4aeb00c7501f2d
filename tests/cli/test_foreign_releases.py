"""A release that is a stranger's: nothing outside its folder is read or written for it, and nothing it says acts."""

import json
import shutil

import datasets
import pytest
from specs import write_spec

from synth_datasets.publishing.manifest import write_manifest

SECRET = "words of a table that lies elsewhere"
TABLE = "text,label\n" + "".join(f"{SECRET} {n},{('negative', 'positive')[n % 2]}\n" for n in range(4))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a build, made once."""
    from fake_endpoint import FakeEndpoint

    from synth_datasets.build import build

    place = tmp_path_factory.mktemp("made")
    server = FakeEndpoint()
    server.start()
    datasets.disable_progress_bars()
    options = {"base_url": server.base_url, "store": str(place / "answers.sqlite")}
    spec = write_spec(place / "spec", splits={"train": 12, "test": 4})
    folder = build(spec, place / "build", cache_dir=place / "cache", options=options).folder
    server.stop()
    yield folder
    datasets.enable_progress_bars()


@pytest.fixture
def stranger(made, tmp_path, monkeypatch):
    """A copy of it in a folder beside a table of one's own."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "secret.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    shutil.copytree(made, tmp_path / "theirs")
    return tmp_path / "theirs"


def change(file, **values):
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}, ensure_ascii=False))


def test_splits_of_a_quality_report_name_no_files(stranger, run, tmp_path):
    rows = datasets.Dataset.from_dict({"text": [SECRET] * 4, "label": [0, 1] * 2, "product": ["a"] * 4})
    rows.to_parquet(str(tmp_path / "mine" / "x-0.parquet"))
    file = stranger / "quality.json"
    train = json.loads(file.read_text())["splits"]["train"]
    for named in ("../../mine/x", str(tmp_path / "mine" / "x")):
        change(file, splits={named: train})
        for asked in (["--again"], ["--measure", "readability"]):
            code, _, errors = run("report", "theirs", *asked, "--page", "page.html")
            assert (code, SECRET in (tmp_path / "page.html").read_text()) == (0, False), errors


@pytest.mark.parametrize(
    "named", ["../mine/secret.csv", "{here}/mine/secret.csv", "http://127.0.0.1:9/x.csv"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_card_names_no_files_elsewhere_as_data(stranger, run, tmp_path, named, whole):
    given = named.format(here=tmp_path)
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: {given}\n---\n"
    (stranger / "README.md").write_text(card)
    (tmp_path / "guesses.csv").write_text("prediction\n" + "negative\n" * 4)
    if not whole:
        (stranger / "synth.lock").unlink()  # a folder with data and a card
    code, shown, errors = run("evaluate", "theirs", "--predictions", "guesses.csv", "--json")
    if whole:
        assert (code, json.loads(shown)["overall"]["n"]) == (0, 4), errors
    else:
        assert code != 0
        assert "which does not lie there" in errors or "http" in named
    real = ["--real", "mine/secret.csv", "--test", "mine/secret.csv", "--split", "test"]
    code, _, errors = run("prove", "theirs", *real, "-o", "proof", "--sizes", "2", "--seeds", "1")
    assert "theirs (test): every row is a copy" not in errors  # as it would be, were they one's own


def test_links_are_not_followed_out_of_a_release(stranger, run, tmp_path):
    victim = tmp_path / "mine" / "notes.txt"
    real = ["--real", "mine/secret.csv"]
    for name, verb in {
        "reviews.review.jsonl": ["review", "theirs", "--summary"],
        "reviews.seeds.jsonl": ["review", "theirs", "--export-seeds"],
        "prove.json": ["prove", "theirs", *real, "--test", "mine/secret.csv"],
        "real.json": ["report", "theirs", *real, "--write"],
        "data/train-00000.parquet": ["report", "theirs", "--again"],
        "trace/train.parquet": ["trace", "theirs", "train", "0"],
        "reviews.synth.yaml": ["rebuild", "theirs"],
        "trace": ["trace", "theirs", "train", "0"],
        "loop": ["diff", "theirs", "theirs"],
    }.items():
        victim.write_text("mine\n")
        path = stranger / name
        aside = tmp_path / "aside"
        if path.exists():
            path.rename(aside)
        path.symlink_to(path if name == "loop" else victim)
        code, _, errors = run(*verb)
        assert (code, "leads out of the release" in errors) == (5, True), (name, errors)
        assert victim.read_text() == "mine\n"
        path.unlink()
        if aside.exists():
            aside.rename(path)
    (stranger / "again.parquet").symlink_to("data/train-00000.parquet")
    assert run("report", "theirs")[0] == 0


def test_a_release_in_the_cache_of_the_hubs_client_is_read(stranger, run, tmp_path):
    """Its files are links to where that client keeps them."""
    cache = tmp_path / "datasets--org--theirs"
    (cache / "blobs").mkdir(parents=True)
    (cache / "snapshots").mkdir()
    stranger.rename(cache / "snapshots" / "abc")
    for number, file in enumerate((cache / "snapshots" / "abc").rglob("*.*")):
        if file.is_file():
            file.rename(cache / "blobs" / str(number))
            file.symlink_to(cache / "blobs" / str(number))
    assert run("report", cache / "snapshots" / "abc", "--again")[0] == 0


def test_no_terminal_obeys_what_a_report_says(stranger, run):
    change(stranger / "quality.json", title="a\x9b31m\u202eb")
    for asked in ([], ["--json"]):
        code, shown, _ = run("report", "theirs", *asked)
        assert code == 0
        assert not {"\x9b", "\u202e"} & set(shown)
    assert json.loads(shown)["title"] == "a\x9b31m\u202eb"


@pytest.mark.parametrize("version", ["../../x", "1.0.0/../../x", "", "1.0.0\x1b[31m", 3, None])
def test_a_version_that_is_none_is_refused(stranger, run, version):
    change(stranger / "synth.lock", version=version)
    code, _, errors = run("push", "theirs", "./home", "--dry-run")
    assert (code, "its version" in errors) == (5, True), errors


@pytest.mark.parametrize("file", ["synth.lock", "quality.json", "prove.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "no"])
def test_what_cannot_be_read_is_told_in_a_line(stranger, run, file, text):
    (stranger / file).write_text(text)
    code, _, errors = run("report", "theirs")
    assert (code in (2, 5), errors.count("\n")) == (True, 1), errors


def repeated(file, times):
    """Write a small file that says of one id that it stands in a great many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), times), pa.array(["train/a/0"]))
    pq.write_table(pa.table({"row_id": ids}), file)
    assert file.stat().st_size < 100_000


def test_rows_that_are_only_named_are_counted_and_not_read(stranger, run):
    import pyarrow as pa

    repeated(stranger / "rows" / "train-00000.parquet", 20_000_000)
    before = pa.default_memory_pool().max_memory()
    write_manifest(stranger, {})
    change(stranger / "synth.lock", files=dict(map(str.split, reversed_lines(stranger))))
    write_manifest(stranger, {})
    assert "rows/train: names 20000000 rows, the split has 12" in run("verify", "theirs")[2]
    assert "holds other rows than it says" in run("review", "theirs", "--summary")[2]
    assert pa.default_memory_pool().max_memory() <= max(before, 50 << 20)


def reversed_lines(folder):
    lines = (folder / "synth.sha256").read_text().splitlines()[:-1]
    return [
        " ".join(line.split("  ")[::-1])
        for line in lines
        if "trace/" not in line and "synth.lock" not in line
    ]


def test_a_trace_that_is_none_is_told_in_a_line(stranger, run):
    repeated(stranger / "trace" / "train.parquet", 1_000_000)
    for row in ("0", "7"):
        code, _, errors = run("trace", "theirs", "train", row)
        assert (code, errors.count("\n")) == (2, 1), errors
    (stranger / "trace" / "train.real.jsonl").write_text("[" * 100_000)
    assert run("trace", "theirs", "train", "0")[0] == 2


def test_links_beside_a_spec_are_not_written_through(stranger, run, tmp_path):
    """A spec's folder may be a stranger's as well, and is no release."""
    spec = write_spec(tmp_path / "specs", splits={"train": 12, "test": 4})
    victim = tmp_path / "mine" / "notes.txt"
    victim.write_text("")
    (tmp_path / "specs" / "reviews.review.jsonl").symlink_to(victim)
    code, _, errors = run("review", "theirs", "--spec", spec, "--summary")
    assert (code, "leads out of the spec's folder" in errors) == (2, True), errors
    (tmp_path / "specs" / "reviews.review.jsonl").unlink()
    assert run("review", "theirs", "--spec", spec, "--export", "t.csv")[0] == 0
    (tmp_path / "t.csv").write_text((tmp_path / "t.csv").read_text().replace(",,,,\n", ",accept,ann,,\n"))
    assert run("review", "theirs", "--spec", spec, "--import", "t.csv")[0] == 0
    (tmp_path / "specs" / "reviews.seeds.jsonl").symlink_to(victim)
    code, _, errors = run("review", "theirs", "--spec", spec, "--export-seeds")
    assert (code, victim.read_text()) == (2, ""), errors


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1, "metadata": [1]}]',
        '[{"id": 1, "responses": {"verdict": 5}}]',
        '[{"id": 1, "responses": {"verdict": ["a"]}}]',
        "[" * 100_000,
        b"\xff\xfe",
        "row,digest,verdict\n" + "x" * 200_000 + ",a,reject\n",
    ],
)
def test_decisions_that_are_none_are_told_in_a_line(stranger, run, tmp_path, text):
    name = "t.csv" if str(text).startswith("row") else "t.json"
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    code, _, errors = run("review", "theirs", "--import", name)
    assert (code, errors.count("\n")) == (2, 1), errors


@pytest.mark.parametrize(
    "verb",
    [
        ["evaluate", "theirs", "--predictions", "t.jsonl"],
        ["prove", "theirs", "--real", "t.jsonl", "--test", "t.jsonl"],
        ["report", "theirs", "--real", "t.jsonl"],
    ],
)
def test_rows_nested_without_end_are_told_in_a_line(stranger, run, tmp_path, verb):
    (tmp_path / "t.jsonl").write_text("[" * 100_000 + "\n")
    code, _, errors = run(*verb)
    assert (code, "Traceback" in errors) == (2, False), errors


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "no", "[]"])
def test_rejections_that_are_none_are_told_in_a_line(stranger, run, text):
    (stranger / "trace" / "train.rejections.jsonl").write_text(text)
    code, _, errors = run("rejections", "theirs")
    assert (code, errors.count("\n")) == (2, 1), errors
