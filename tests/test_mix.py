"""Real rows among generated ones: as they are, in one split each, the same whoever asks."""

import json
import random

import pytest
import yaml
from datasets import load_dataset

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import SpecError
from synth_datasets.mix import real_counts
from synth_datasets.plan.clusters import clusters
from synth_datasets.publishing.release import read_release
from synth_datasets.publishing.verify import verify
from synth_datasets.spec import fingerprint, load_spec
from synth_datasets.spec.overrides import with_overrides

WORDS = [
    f"{a}{b}"
    for a in ("ka", "lo", "mi", "ru", "ten", "dra", "vel")
    for b in ("pa", "ster", "gon", "lik", "mo", "dun")
]
SPEC = {
    "name": "mixed",
    "model": "m",
    "columns": {
        "label": {"classes": ["negative", "positive"]},
        "product": {"sample": ["phone", "laptop"]},
        "text": {"prompt": "Write a {{ label }} review of a {{ product }}."},
    },
    "splits": {"train": 12, "test": 4},
    "mix": {
        "file": "real.csv",
        "columns": {"text": "review", "label": "mood"},
        "labels": {"pos": "positive", "neg": "negative"},
        "rows": {"train": 6, "test": "all"},
        "shares": {"train": 2, "test": 1},
    },
}


def real_rows(count=24):
    draw = random.Random(3)
    return [(" ".join(draw.sample(WORDS, 10)), ("pos", "neg")[at % 2]) for at in range(count)]


@pytest.fixture
def write(tmp_path):
    def written(rows=None, **changes):
        lines = "".join(f"{text},{label}\n" for text, label in (real_rows() if rows is None else rows))
        (tmp_path / "real.csv").write_text(f"review,mood\n{lines}", encoding="utf-8")
        mix = {
            key: value
            for key, value in {**SPEC["mix"], **changes.pop("mix", {})}.items()
            if value is not None
        }
        spec = {**SPEC, **changes, "mix": mix}
        path = tmp_path / "x.synth.yaml"
        path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
        return path

    return written


@pytest.fixture
def options(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    return {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}


def test_a_build_holds_real_rows_as_they_are_and_says_which_they_are(write, options, tmp_path, capsys):
    path = write()
    made = build(path, tmp_path / "out", cache_dir=tmp_path / "cache", options=options)
    train = made.dataset["train"]
    real = [row for row in train if row["source"] == "real"]
    assert (len(train), len(real)) == (18, 6)
    meant = {text: ("negative", "positive")[label == "pos"] for text, label in real_rows()}
    names = train.features["label"].names
    assert all(meant[row["text"]] == names[row["label"]] and row["product"] is None for row in real)
    assert all(row["product"] for row in train if row["source"] == "synthetic")
    places = [at for at, row in enumerate(train) if row["source"] == "real"]
    assert places == [1, 4, 7, 10, 13, 16]
    assert not {row["text"] for row in real} & set(made.dataset["test"]["text"])
    assert verify(tmp_path / "out").files
    ids = read_release(tmp_path / "out").folder.glob("rows/train*.parquet")
    (rows,) = [load_dataset("parquet", data_files=str(file), split="train")["row_id"][:] for file in ids]
    assert [at for at, identity in enumerate(rows) if identity.startswith("real/")] == places
    assert len(set(rows)) == 18
    figures = json.loads((tmp_path / "out/quality.json").read_text(encoding="utf-8"))
    assert figures["splits"]["train"]["labels"]["label"]["total_variation"] == 0
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "`train` 6 real and 12 generated" in card
    for row in (1, 2):
        with pytest.raises(SystemExit):
            main(["trace", str(tmp_path / "out"), "train", str(row)])
    said = capsys.readouterr().out
    assert "real/" in said
    assert train[2]["text"] in said


def test_real_rows_without_a_label_are_built_and_shown(write, options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = write(mix={"columns": {"text": "review"}, "labels": None, "order": "concatenate"})
    given = ["--base-url", options["base_url"], "--store", options["store"], "--cache-dir", "cache"]
    with pytest.raises(SystemExit) as ended:
        main(["build", str(path), *given])
    assert ended.value.code == 0, capsys.readouterr().err
    assert '"label": null' in capsys.readouterr().out


def test_a_stream_and_its_shards_give_the_same_rows(write, options, tmp_path):
    given = {"data_files": str(write()), "split": "train", **options}
    whole = load_dataset("synth", cache_dir=str(tmp_path / "cache"), **given)
    stream = load_dataset("synth", streaming=True, **given)
    assert list(stream) == list(whole)
    parts = [list(stream.shard(num_shards=2, index=at)) for at in range(2)]
    assert sorted(row["text"] for part in parts for row in part) == sorted(whole["text"])
    assert all(parts)
    begun = load_dataset("synth", streaming=True, **given)
    rows = iter(begun)
    first = [next(rows) for _ in range(7)]
    resumed = load_dataset("synth", streaming=True, **given)
    resumed.load_state_dict(begun.state_dict())
    assert [*first, *resumed] == list(whole)


def test_real_rows_cost_no_request_and_a_longer_split_keeps_its_rows(write, options, endpoint, tmp_path):
    def rows(train):
        path = write(mix={"rows": None, "ratio": {"train": 0.5}}, splits={"train": train, "test": 4})
        found = load_dataset("synth", data_files=str(path), cache_dir=str(tmp_path / f"c{train}"), **options)
        return list(found["train"])

    short = rows(8)
    asked = len(endpoint.bodies) if hasattr(endpoint, "bodies") else endpoint.count
    assert asked == 12
    long = rows(12)
    assert len(short) == 12
    assert long[:12] == short


@pytest.mark.parametrize(
    ("given", "expected"), [({"train": 6}, (6, 3)), ({"train": 16}, (16, 8)), (8, (6, 3))]
)
def test_a_build_of_another_size_keeps_the_proportion_of_real_rows(write, options, tmp_path, given, expected):
    def rows(name, **more):
        at = {"data_files": str(write()), "cache_dir": str(tmp_path / name), "split": "train"}
        found = list(load_dataset("synth", **at, **options, **more))
        return found, (
            sum(row["source"] == "synthetic" for row in found),
            sum(row["source"] == "real" for row in found),
        )

    whole, counted = rows("whole")
    assert counted == (12, 6)
    other, counted = rows("other", num_examples=given)
    assert counted == expected
    common = min(len(whole), len(other))
    assert whole[:common] == other[:common], "a shorter one is what a longer one begins with"


def test_a_build_of_the_size_of_the_spec_is_the_build_of_the_spec(write):
    spec = load_spec(write())
    assert fingerprint(with_overrides(spec, num_examples={"train": 12})) == fingerprint(spec)
    assert real_counts(with_overrides(spec, num_examples={"train": 0}))["test"] == real_counts(spec)["test"]
    with pytest.raises(SpecError, match="asks for 60 real rows") as error:
        real_counts(with_overrides(spec, num_examples={"train": 120}))
    assert "make fewer rows" in str(error.value)


def test_near_copies_and_groups_stay_in_one_split(write):
    rows = real_rows()
    rows += [(f"{text} {WORDS[0]}", label) for text, label in rows[:12]]
    spec = load_spec(write(rows, mix={"rows": {"train": "all", "test": "all"}}))
    from synth_datasets.mix import _real_rows

    texts = {name: [row.values["text"] for row in _real_rows(spec, name)] for name in ("train", "test")}
    assert all(texts.values())
    joined = clusters([*texts["train"], *texts["test"]])
    assert not set(joined[: len(texts["train"])]) & set(joined[len(texts["train"]) :])


def test_a_generated_copy_of_a_real_row_is_asked_again(write, options, endpoint, tmp_path):
    first = iter([True])
    endpoint.rule = lambda body: real_rows()[0][0] if next(first, False) else None
    made = build(write(), tmp_path / "out", cache_dir=tmp_path / "cache", options=options)
    reasons = [reason for tally in made.tallies.values() for (_, _, reason) in tally.rejected]
    assert reasons == ["seed_copy"]
    assert made.dataset["train"]["text"][:].count(real_rows()[0][0]) <= 1


def test_caps_order_and_content_count(write):
    spec = load_spec(write(mix={"rows": {"train": "all"}, "per_class": 3, "order": "concatenate"}))
    assert real_counts(spec) == {"train": {"negative": 3, "positive": 3}}
    plain = fingerprint(load_spec(write()))
    assert fingerprint(load_spec(write(real_rows(23)))) != plain
    assert fingerprint(load_spec(write(mix={"labels": {"pos": "negative", "neg": "positive"}}))) != plain
    assert fingerprint(load_spec(write(list(reversed(real_rows()))))) == plain


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ({"labels": {}}, "values of 'mood' do not fit: 'pos' (12), 'neg' (12): no class of label"),
        ({"columns": {"text": "review", "labl": "mood"}}, "there is no stored column 'labl'"),
        ({"columns": {"label": "mood"}}, "no column that the model writes is named"),
        ({"columns": {"text": "reviews", "label": "mood"}}, "there is no column 'reviews'"),
        ({"ratio": {"train": 1}}, "one of `rows` and `ratio` is needed"),
        ({"rows": {"trian": 3}}, "there is no split 'trian'"),
        ({"source": "text"}, "is a column already"),
        (
            {"columns": {"text": "review", "product": "mood", "label": "mood"}, "labels": {"pos": "x"}},
            "do not fit",
        ),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_asked(write, mix, said):
    with pytest.raises(SpecError) as error:
        load_spec(write(mix=mix))
    assert said in str(error.value)


def test_too_few_real_rows_are_told_with_how_many_there_are(write, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", str(write(mix={"rows": {"train": 23}, "shares": {"train": 1, "test": 1}}))])
    assert ended.value.code == 2
    assert "asks for 23 real rows, and" in capsys.readouterr().err


def test_too_few_real_rows_are_told_with_the_path_of_the_spec(write):
    path = write(mix={"rows": {"train": 23}, "shares": {"train": 1, "test": 1}})
    with pytest.raises(SpecError) as caught:
        real_counts(load_spec(path))
    assert caught.value.origin == str(path)


def test_numbers_come_as_numbers(write):
    columns = {**SPEC["columns"], "stars": {"number": {"min": 1, "max": 5}}}
    rows = [(text, str(at % 5 + 1)) for at, (text, _) in enumerate(real_rows())]
    mix = {"columns": {"text": "review", "stars": "mood"}, "labels": None}
    spec = load_spec(write(rows, columns=columns, mix=mix))
    from synth_datasets.mix import _real_rows

    assert {type(row.values["stars"]) for row in _real_rows(spec, "train")} == {int}
    with pytest.raises(SpecError, match="no whole number"):
        load_spec(write([(text, "1.5") for text, _ in rows], columns=columns, mix=mix))
