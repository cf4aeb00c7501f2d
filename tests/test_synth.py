"""The builder through `load_dataset`, against a counting endpoint: what is made, when it is asked, and what is not."""

import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import datasets
import pytest
from fake_endpoint import FakeEndpoint, default_text, quota_exhausted, server_error, text
from specs import review_spec, write_spec

import synth_datasets
from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.cli.built import show_build
from synth_datasets.errors import EndpointError, SettingsError, ShortfallError, SpecError
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.publishing.release import read_release, verify_release


@pytest.fixture
def load(endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """`load_dataset("synth", ...)` with this test's own endpoint, cache and store."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "store" / "answers.sqlite"))
    datasets.disable_progress_bars()

    def load_with(path="synth", **options):
        return datasets.load_dataset(path, cache_dir=str(tmp_path / "cache"), **options)

    yield load_with
    datasets.enable_progress_bars()


def test_a_spec_file_gives_its_splits_with_features_and_balanced_labels(load, endpoint, tmp_path):
    spec = write_spec(tmp_path)
    made = load(data_files=str(spec))
    assert {name: len(split) for name, split in made.items()} == {"train": 6, "test": 2}
    assert made["train"].features == datasets.Features(
        {
            "label": datasets.ClassLabel(names=["negative", "positive"]),
            "product": datasets.Value("string"),
            "text": datasets.Value("string"),
        }
    )
    assert sorted(made["train"]["label"]) == [0, 0, 0, 1, 1, 1]
    assert endpoint.count >= 8
    texts = [*made["train"]["text"], *made["test"]["text"]]
    assert len(set(texts)) == 8


def test_the_second_load_asks_nothing_and_gives_the_same(load, endpoint, tmp_path):
    spec = write_spec(tmp_path)
    first = load(data_files=str(spec))
    asked = endpoint.count
    second = load(data_files=str(spec))
    assert endpoint.count == asked
    assert second["train"].to_list() == first["train"].to_list()


def test_touching_moving_cloning_commenting_and_reordering_a_spec_asks_nothing(load, endpoint, tmp_path):
    spec = write_spec(tmp_path / "one")
    first = load(data_files=str(spec))
    asked = endpoint.count
    os.utime(spec, (1, 1))
    clone = tmp_path / "elsewhere" / "renamed.synth.yaml"
    clone.parent.mkdir()
    clone.write_text("# a comment\n" + spec.read_text() + "# and another\n")
    reordered = dict(reversed(list(review_spec().items())))
    for given in (spec, clone, write_spec(tmp_path / "two", **reordered)):
        again = load(data_files=str(given))
        assert again["train"].to_list() == first["train"].to_list()
    shutil.rmtree(spec.parent)
    assert load(data_files=str(clone))["test"].to_list() == first["test"].to_list()
    assert endpoint.count == asked


def test_changed_content_is_seen_even_when_the_file_time_is_not(load, endpoint, tmp_path):
    spec = write_spec(tmp_path)
    before = spec.stat()
    first = load(data_files=str(spec))
    asked = endpoint.count
    write_spec(tmp_path, seed=18)
    os.utime(spec, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = load(data_files=str(spec))
    assert endpoint.count > asked
    assert second["train"]["text"] != first["train"]["text"]


def test_an_override_equal_to_what_the_spec_says_asks_nothing(load, endpoint, tmp_path):
    spec = write_spec(tmp_path)
    load(data_files=str(spec))
    asked = endpoint.count
    load(data_files=str(spec), seed=17, model="some-model")
    assert endpoint.count == asked


def test_overrides_replace_what_the_spec_says(load, endpoint, tmp_path):
    made = load(data_files=str(write_spec(tmp_path)), num_examples=4, model="other-model", temperature=0.1)
    assert sum(len(split) for split in made.values()) == 4
    assert {body["model"] for body in endpoint.bodies} == {"other-model"}
    assert {body["temperature"] for body in endpoint.bodies} == {0.1}


def test_growing_a_split_keeps_its_first_rows_and_asks_for_the_new_ones_alone(load, endpoint, tmp_path):
    small = load(data_files=str(write_spec(tmp_path)))
    asked = endpoint.count
    grown = load(data_files=str(write_spec(tmp_path, splits={"train": 10, "test": 2})))
    assert grown["train"].select(range(6)).to_list() == small["train"].to_list()
    assert endpoint.count - asked >= 4
    assert endpoint.count - asked <= 4 + 4, "only rejected duplicates may add to the four new rows"


def test_an_unknown_option_is_named_with_a_suggestion(load, tmp_path):
    with pytest.raises(SettingsError, match=r"'num_example'.*did you mean 'num_examples'"):
        load(data_files=str(write_spec(tmp_path)), num_example=3)


def test_features_cannot_be_given(load, tmp_path):
    with pytest.raises(SettingsError, match="follow from the spec"):
        load(
            data_files=str(write_spec(tmp_path)), features=datasets.Features({"a": datasets.Value("string")})
        )


def test_a_bad_spec_shows_every_problem_and_asks_nothing(load, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": -1}, nonsense=1)
    with pytest.raises(SpecError) as caught:
        load(data_files=str(spec))
    assert len(caught.value.problems) >= 2
    assert endpoint.count == 0


def test_no_spec_among_the_data_files_is_said(load, tmp_path):
    (tmp_path / "rows.csv").write_text("a\n1\n")
    with pytest.raises(SettingsError, match=r"rows\.csv.*\.synth\.yaml"):
        load(data_files=str(tmp_path / "rows.csv"))


def test_splits_come_from_the_spec_not_from_the_file_name(load, tmp_path):
    spec = write_spec(tmp_path, "my_eval test.synth.yaml")
    assert set(load(data_files=str(spec))) == {"train", "test"}


def test_a_folder_that_holds_a_spec_is_a_dataset(load, endpoint, tmp_path):
    write_spec(tmp_path / "folder")
    made = load(str(tmp_path / "folder"))
    asked = endpoint.count
    assert len(made["train"]) == 6
    direct = load(data_files=str(tmp_path / "folder" / "reviews.synth.yaml"))
    assert endpoint.count == asked, "folder and file share the cache"
    assert direct["train"].to_list() == made["train"].to_list()


def test_a_folder_with_several_specs_asks_which_one(load, tmp_path):
    write_spec(tmp_path / "many", "first.synth.yaml", name="first")
    write_spec(tmp_path / "many", "second.synth.yaml", name="second", splits={"train": 2})
    with pytest.raises(SettingsError, match="first, second"):
        load(str(tmp_path / "many"))
    made = load(str(tmp_path / "many"), name="second")
    assert {name: len(split) for name, split in made.items()} == {"train": 2}
    with pytest.raises(SettingsError, match="'third'"):
        load(str(tmp_path / "many"), name="third")


def test_configs_in_a_readme_name_specs_and_overrides(load, endpoint, tmp_path):
    folder = tmp_path / "configured"
    write_spec(folder)
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: small\n  data_files: reviews.synth.yaml\n  num_examples: 2\n"
        "- config_name: full\n  data_files: reviews.synth.yaml\n  default: true\n---\n"
    )
    assert sum(map(len, load(str(folder), name="small").values())) == 2
    assert sum(map(len, load(str(folder)).values())) == 8
    asked = endpoint.count
    write_spec(folder, seed=99)
    assert sum(map(len, load(str(folder), name="small").values())) == 2
    assert endpoint.count > asked, "a changed spec is seen although the README is the same"


def test_two_folders_of_one_name_and_readme_keep_their_own_rows(load, tmp_path):
    readme = "---\nconfigs:\n- config_name: default\n  data_files: reviews.synth.yaml\n---\n"
    for place, seed in (("a", 1), ("b", 2)):
        write_spec(tmp_path / place / "data", seed=seed)
        (tmp_path / place / "data" / "README.md").write_text(readme)
    one, two = load(str(tmp_path / "a" / "data")), load(str(tmp_path / "b" / "data"))
    assert one["train"]["text"] != two["train"]["text"]


def test_dataset_info_in_a_readme_beside_a_spec_is_not_enforced(load, tmp_path):
    folder = tmp_path / "described"
    write_spec(folder)
    (folder / "README.md").write_text(
        "---\ndataset_info:\n  features:\n  - name: other\n    dtype: string\n  splits:\n"
        "  - name: train\n    num_examples: 1000\n    num_bytes: 10\n---\n"
    )
    assert len(load(str(folder))["train"]) == 6


def test_slices_and_sums_of_splits_work(load, tmp_path):
    spec = str(write_spec(tmp_path))
    assert len(load(data_files=spec, split="train[:3]")) == 3
    assert len(load(data_files=spec, split="train+test")) == 8


def test_a_stream_gives_its_first_row_after_one_answer(load, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 500, "test": 50})
    stream = load(data_files=str(spec), split="train", streaming=True)
    first = next(iter(stream))
    assert first["label"] == 0
    assert endpoint.count <= 2
    rows = list(stream.take(3))
    assert rows[0] == first
    assert endpoint.count <= 14, (
        "three rows of train and of test that are judged before them, and as many begun"
    )


def test_a_stream_gives_the_rows_of_the_dataset_and_leaves_the_answers_to_it(load, endpoint, tmp_path):
    spec = str(write_spec(tmp_path))
    streamed = list(load(data_files=spec, split="train", streaming=True))
    asked = endpoint.count
    made = load(data_files=spec, split="train")
    assert [dict(row) for row in made] == streamed
    assert endpoint.count - asked <= 2 * 2, "only the test rows that train did not need were still unasked"


def test_info_is_there_before_anything_is_asked(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    builder = datasets.load_dataset_builder(
        "synth", data_files=str(write_spec(tmp_path)), cache_dir=str(tmp_path / "c")
    )
    assert builder.info.description == "Reviews for tests."
    assert builder.info.license == "cc0-1.0"
    assert list(builder.info.features) == ["label", "product", "text"]
    assert str(builder.info.version) == "1.0.0"
    assert endpoint.count == 0


def test_forced_downloads_make_the_splits_anew_from_the_stored_answers(load, endpoint, tmp_path):
    spec = str(write_spec(tmp_path))
    first = load(data_files=spec)
    asked = endpoint.count
    again = load(data_files=spec, download_mode="force_redownload")
    assert endpoint.count == asked
    assert again["train"].to_list() == first["train"].to_list()


def test_what_was_mapped_of_other_answers_is_not_taken_for_the_same(load, endpoint, tmp_path, monkeypatch):
    """`datasets` keeps what is mapped beside the first of several datasets, here in a folder of somebody else's."""
    numbers = count()
    endpoint.rule = lambda body: default_text({**body, "seed": next(numbers)})
    spec = str(write_spec(tmp_path))
    (tmp_path / "real.csv").write_text("text\nIt broke.\n")
    real = datasets.load_dataset(
        "csv", data_files=str(tmp_path / "real.csv"), split="train", cache_dir=str(tmp_path)
    )
    for store in ("one", "two"):
        monkeypatch.setenv("SYNTH_STORE", str(tmp_path / store / "answers.sqlite"))
        made = load(data_files=spec, split="train", download_mode="force_redownload").select_columns("text")
        both = datasets.concatenate_datasets([real.cast(made.features), made])
        mapped = both.map(lambda row: {"upper": row["text"].upper()})
        assert mapped["upper"][1:] == [each.upper() for each in made["text"]]
        again = load(data_files=spec, split="train").select_columns("text")
        assert again._fingerprint == made._fingerprint, "else nothing that was mapped would be found again"


def test_workers_neither_multiply_requests_nor_rows(load, endpoint, tmp_path):
    made = load(data_files=str(write_spec(tmp_path, splits={"train": 6})), num_proc=2)
    assert len(made["train"]) == 6
    assert endpoint.count == len({repr(body) for body in endpoint.bodies})
    assert len(set(made["train"]["text"])) == 6


def test_another_endpoint_is_another_dataset(load, endpoint, tmp_path, monkeypatch):
    spec = str(write_spec(tmp_path))
    load(data_files=spec)
    asked = endpoint.count
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url.replace("127.0.0.1", "localhost"))
    load(data_files=spec)
    assert endpoint.count > asked


def test_an_endpoint_that_refuses_raises_our_error_and_keeps_what_was_answered(load, endpoint, tmp_path):
    spec = str(write_spec(tmp_path))
    endpoint.rule = lambda body: quota_exhausted() if endpoint.count > 3 else None
    with pytest.raises(EndpointError, match="quota"):
        load(data_files=spec)
    answered = 3
    before = endpoint.count
    endpoint.rule = lambda body: None
    load(data_files=spec)
    seen = [repr(body) for body in endpoint.bodies]
    assert len(set(seen[:answered]) & set(seen[before:])) == 0, "what was answered is not asked again"


def test_what_never_began_shows_no_bar_of_a_split(load, tmp_path, monkeypatch, capfd):
    datasets.enable_progress_bars()
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(SettingsError, match="needs an API key"):
        load(data_files=str(write_spec(tmp_path)))
    assert "Generating" not in capfd.readouterr().err

    with pytest.raises(AnswerMissingError):
        load(data_files=str(write_spec(tmp_path)), offline=True)
    assert "Generating" not in capfd.readouterr().err


def test_a_split_that_began_shows_its_bar(load, tmp_path, capfd):
    datasets.enable_progress_bars()
    load(data_files=str(write_spec(tmp_path)))
    assert "Generating train split: 6 examples" in capfd.readouterr().err


@pytest.mark.parametrize("last", [1, 5])
def test_a_build_that_fails_says_what_it_has_asked_wherever_it_was(load, endpoint, tmp_path, last):
    endpoint.rule = lambda body: quota_exhausted() if endpoint.count > last else None
    with pytest.raises(EndpointError) as caught:
        load(data_files=str(write_spec(tmp_path)), concurrency=1)
    assert any(note.startswith("This run asked: ") for note in caught.value.__notes__)


def test_a_row_that_always_fails_costs_that_row_alone(load, endpoint, tmp_path):
    spec = write_spec(tmp_path, attempts=2, splits={"train": 6})
    poisoned = []

    def rule(body):
        if not poisoned:
            poisoned.append(body["messages"])
        return text("No.") if body["messages"] == poisoned[0] and body.get("seed") else None

    endpoint.rule = rule
    checks = {"text": {"length": [20, 900]}}
    with pytest.raises(ShortfallError, match=r"train.*\n.*missing.*too_short"):
        load(data_files=str(write_spec(tmp_path, attempts=2, splits={"train": 6}, checks=checks)))
    kept = load(data_files=str(spec), keep_short=True)
    assert 1 <= len(kept["train"]) <= 6


def test_a_short_split_is_kept_only_when_asked_for(load, endpoint, tmp_path):
    endpoint.rule = lambda body: text("Too short.") if "negative" in str(body["messages"]) else None
    spec = str(write_spec(tmp_path, attempts=2, checks={"text": {"length": [20, 900]}}))
    with pytest.raises(ShortfallError) as caught:
        load(data_files=spec)
    assert "negative: 3 missing" in str(caught.value)
    assert "attempts: 4" in str(caught.value)
    asked = endpoint.count
    kept = load(data_files=spec, keep_short=True)
    assert endpoint.count - asked <= 2, "train is judged from the stored answers, only test was not asked yet"
    assert kept["train"]["label"] == [1, 1, 1]
    with pytest.raises(ShortfallError):
        load(data_files=spec)


def test_a_split_without_any_row_is_kept_empty_when_asked_for(load, endpoint, tmp_path, capsys):
    endpoint.rule = lambda body: text("No.") if "negative" in str(body["messages"]) else None
    checks = {"text": {"length": [20, 900]}}
    spec = write_spec(
        tmp_path, attempts=1, checks=checks, splits={"train": {"positive": 3}, "test": {"negative": 2}}
    )
    with pytest.raises(ShortfallError, match="'test' of reviews: 0 of 2 rows"):
        load(data_files=str(spec))
    for _ in range(2):  # made, then from the cache
        kept = load(data_files=str(spec), keep_short=True)
        assert {name: len(split) for name, split in kept.items()} == {"train": 3, "test": 0}
        assert kept["test"].features == kept["train"].features
    assert len(load(data_files=str(spec), split="test", keep_short=True)) == 0
    assert len(load(data_files=str(spec), split="train+test", keep_short=True)) == 3

    options = {"keep_short": True, "base_url": endpoint.base_url}
    made = build(spec, tmp_path / "made", cache_dir=tmp_path / "cache", options=options)
    verify_release(read_release(made.folder))
    assert made.release.splits == {"train": 3}
    assert made.tallies["test"].missing.total() == 2
    show_build(made)
    assert "(train 3 rows; without a row, so left out: test; " in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(made.folder)])
    assert ended.value.code in (0, None)
    assert "Rows     train 3 rows; without a row, so left out: test\n" in capsys.readouterr().out
    assert "No row was accepted for test" in (made.folder / "README.md").read_text(encoding="utf-8")
    assert {name: len(split) for name, split in load(str(made.folder)).items()} == {"train": 3}


def test_a_dataset_without_any_row_is_no_release_and_says_why(load, endpoint, tmp_path):
    endpoint.rule = lambda body: text("No.")
    spec = write_spec(tmp_path, attempts=1, checks={"text": {"length": [20, 900]}})
    options = {"keep_short": True, "base_url": endpoint.base_url}
    with pytest.raises(ShortfallError, match=r"(?s)'train' of reviews: 0 of 6.*too_short.*attempts: 2"):
        build(spec, tmp_path / "made", cache_dir=tmp_path / "cache", options=options)
    assert not (tmp_path / "made").exists()


def test_a_split_that_a_spec_leaves_empty_is_there(load, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 2, "test": 0})
    made = build(spec, tmp_path / "made", cache_dir=tmp_path / "cache")
    assert {name: len(split) for name, split in made.dataset.items()} == {"train": 2, "test": 0}
    verify_release(read_release(made.folder))
    assert "No row was accepted" not in (made.folder / "README.md").read_text(encoding="utf-8")


def test_a_server_error_that_never_ends_is_a_rejection_not_a_crash(load, endpoint, tmp_path):
    spec = str(write_spec(tmp_path, attempts=1, splits={"train": 4}))
    endpoint.rule = lambda body: server_error(500) if "positive" in str(body["messages"]) else None
    kept = load(data_files=spec, keep_short=True)
    assert kept["train"]["label"] == [0, 0]


def test_streams_survive_pickling_into_a_process_that_never_imported_us(load, endpoint, tmp_path):
    stream = load(data_files=str(write_spec(tmp_path)), split="train", streaming=True)
    expected = list(stream)
    (tmp_path / "stream.pickle").write_bytes(pickle.dumps(stream))
    code = (
        "import pickle, pathlib, sys; stream = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(len(list(stream)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "stream.pickle")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(len(expected)), done.stderr


def _load_in_process(spec: str, cache: str, results) -> None:
    import synth_datasets  # noqa: F401

    datasets.disable_progress_bars()
    made = datasets.load_dataset("synth", data_files=spec, cache_dir=cache)
    results.put([made["train"]["text"][:], made["test"]["text"][:]])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_several_processes_at_once_build_once(load, endpoint, tmp_path, method):
    spec = str(write_spec(tmp_path))
    endpoint.latency_s = 0.05
    context = multiprocessing.get_context(method)
    results = context.Queue()
    processes = [
        context.Process(target=_load_in_process, args=(spec, str(tmp_path / "cache"), results))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    made = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    assert made[0] == made[1] == made[2]
    assert len({repr(body) for body in endpoint.bodies}) == endpoint.count


def test_a_ready_dataset_is_one_line():
    path = Path(synth_datasets.builder("customer_feedback"))
    assert path.name == "customer_feedback.synth.yaml"
    assert "customer_feedback" in synth_datasets.builders()
    with pytest.raises(SettingsError, match="customer_feedback"):
        synth_datasets.builder("customer_feedbak")


@pytest.mark.alone
def test_importing_us_after_datasets_is_quick():
    code = (
        "import datasets, time; start = time.perf_counter(); import synth_datasets;"
        "print(time.perf_counter() - start)"
    )
    times = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    assert min(times) < 0.15


def test_importing_us_imports_neither_datasets_nor_openai_nor_torch():
    heavy = ("datasets", "openai", "torch", "numpy")
    code = f"import synth_datasets, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("first", ["synth_datasets", "datasets"])
def test_the_builder_is_known_whichever_is_imported_first(first):
    other = {"synth_datasets": "datasets", "datasets": "synth_datasets"}[first]
    code = (
        f"import {first}, {other}, datasets.packaged_modules as tables;"
        "print(tables._PACKAGED_DATASETS_MODULES['synth'][0], tables._EXTENSION_TO_MODULE['.synth'][0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["synth_datasets.synth", "synth"]


@pytest.mark.alone
def test_a_cached_load_is_quick(load, tmp_path):
    spec = str(write_spec(tmp_path))
    load(data_files=spec)
    start = time.perf_counter()
    load(data_files=spec)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("num_rows", "did you mean 'num_examples'?"),
        ("modell", "did you mean 'model'?"),
        ("zzz", "'zzz'. The"),
    ],
)
def test_an_option_that_there_is_not_is_answered_with_those_that_are(tmp_path, name, said):
    with pytest.raises(SettingsError) as refused:
        datasets.load_dataset("synth", data_files=str(write_spec(tmp_path)), **{name: 4})
    assert said in str(refused.value)
    assert "num_examples, model, seed" in str(refused.value)
