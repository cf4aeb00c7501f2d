"""Real rows as input, from a spec to a release: shown, varied, completed, never copied."""

import hashlib
import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.cli.real_data import completed_line
from synth_datasets.errors import SpecError
from synth_datasets.spec import load_spec, parse_spec
from synth_datasets.validation.seed_copies import find_copy

README = (Path(__file__).parents[1] / "builders" / "README.md").read_text(encoding="utf-8")
REAL = README[README.index("## Real rows in prompts") :]
SPECS = [
    block
    for block in re.findall(r"^```yaml\n(.*?)^```$", REAL, flags=re.MULTILINE | re.DOTALL)
    if "name: " in block and "adapter:" not in block  # that one is read in tests/spec/test_adapters.py
]
THINGS = [
    "kettle",
    "lamp",
    "tent",
    "novel",
    "phone",
    "piano",
    "rug",
    "drill",
    "boat",
    "cake",
    "scarf",
    "radio",
]
SAYS = {
    "positive": "lasts for years and everybody here loves it",
    "negative": "broke at once, and nobody answered my mail",
}
ROWS = [  # the digest keeps rows of one label from being near copies
    (f"The {thing} {says} ({hashlib.sha256((thing + label).encode()).hexdigest()[:48]})", label)
    for thing in THINGS
    for label, says in SAYS.items()
]


@pytest.fixture
def make(tmp_path, endpoint):
    def made(text, rows=ROWS, **options):
        (tmp_path / "reviews.csv").write_text(
            "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows), encoding="utf-8"
        )
        good = [
            {"id": f"r{at}", "split": ("train", "test")[at // 2 % 3 == 2], "text": row, "label": label}
            for at, (row, label) in enumerate(rows)
        ]
        (tmp_path / "reviews.seeds.jsonl").write_text("\n".join(map(json.dumps, good)), encoding="utf-8")
        (tmp_path / "x.synth.yaml").write_text(text, encoding="utf-8")
        given = {"base_url": endpoint.base_url, "store": str(tmp_path / "store"), **options}
        return build(tmp_path / "x.synth.yaml", tmp_path / "out", cache_dir=tmp_path / "cache", options=given)

    return made


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")


@pytest.fixture
def check(capsys):
    def checked(path):
        code = 0
        try:
            main(["check", str(path)])
        except SystemExit as ended:
            code = ended.code or 0
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return checked


@pytest.mark.parametrize("text", SPECS, ids=lambda text: text.split()[1])
def test_every_spec_of_the_reference_can_be_built(make, check, text, tmp_path):
    assert len(text.splitlines()) <= 25
    made = make(text)
    spec = made.spec
    assert {split.name: split.num_examples for split in spec.splits} == {
        name: len(rows) for name, rows in made.dataset.items()
    }
    if spec.seeds is not None:
        real = {identity: at for at, identity in enumerate(spec.seeds.data.ids)}
        shown = {name: {i for ids in rows["seed_ids"] for i in ids} for name, rows in made.dataset.items()}
        assert all(ids and ids <= real.keys() for ids in shown.values())
        assert not shown["train"] & shown.get("test", set())
    assert check(tmp_path / "x.synth.yaml")[0] == 0


def test_what_a_row_has_seen_is_in_the_trace_and_in_no_release(make, tmp_path):
    made = make(SPECS[0])
    lines = (tmp_path / "out/trace/train.seeds.jsonl").read_text(encoding="utf-8").splitlines()
    seen = {record["row_id"]: record["seeds"]["shown"] for record in map(json.loads, lines)}
    assert sorted(map(tuple, seen.values())) == sorted(map(tuple, made.dataset["train"]["seed_ids"]))
    assert not (tmp_path / "out/reviews.csv").exists()
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "24 real rows of reviews.csv" in card
    assert "not part of this release" in card


def test_a_copy_of_any_seed_is_rejected_and_counted(make, endpoint):
    first = iter([True])

    def copies(body):
        asked = body["messages"][-1]["content"]
        return next(text for text, _ in ROWS if text not in asked) if next(first, False) else None

    endpoint.rule = copies  # a seed that was never shown to the row
    made = make(SPECS[0])
    reasons = Counter(reason for tally in made.tallies.values() for (_, _, reason) in tally.rejected)
    assert reasons["seed_copy"] == 1


def test_real_rows_are_completed_to_a_balance(make, tmp_path):
    text = next(text for text in SPECS if "name: balanced" in text)
    made = make(text, rows=[*ROWS[:8:2], *ROWS[1:3:2]])
    assert Counter(made.dataset["train"]["label"]) == {0: 14, 1: 11}
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "| negative | 1 | 14 | 15 |" in card
    assert "| positive | 4 | 11 | 15 |" in card
    assert completed_line(made.spec, made.tallies).endswith("negative 1 + 14 = 15, positive 4 + 11 = 15")


def test_a_release_holds_the_rows_where_the_spec_says_so(make, tmp_path):
    make(SPECS[0].replace("text: text,", "release: true,"))
    assert (tmp_path / "out/reviews.csv").read_bytes() == (tmp_path / "reviews.csv").read_bytes()
    assert load_spec(tmp_path / "out").seeds == load_spec(tmp_path / "x.synth.yaml").seeds


def copies_of(text, tmp_path, **checks):
    (tmp_path / "reviews.csv").write_text(
        f"text,label\n{ROWS[0][0]},positive\nok,negative\n", encoding="utf-8"
    )
    (tmp_path / "x.synth.yaml").write_text(
        SPECS[0].replace("seed_copy: 0.7", checks.get("seed_copy", "seed_copy: 0.8"))
    )
    return find_copy(load_spec(tmp_path), "text", text)


def test_likeness_decides_what_a_copy_is(tmp_path):
    near = ROWS[0][0].replace("years", "weeks")
    assert copies_of(ROWS[0][0].upper(), tmp_path).reason == "seed_copy"
    assert "similarity 1.00" in copies_of(ROWS[0][0], tmp_path).detail
    assert copies_of("Something else entirely.", tmp_path) is None
    assert copies_of(near, tmp_path, seed_copy="seed_copy: 0.99") is None
    assert copies_of(near, tmp_path, seed_copy="seed_copy: 0.5") is not None
    assert copies_of(ROWS[0][0], tmp_path, seed_copy="seed_copy: keep") is None


def test_check_says_how_seeds_are_dealt_and_what_is_missing(tmp_path, check):
    (tmp_path / "reviews.csv").write_text(
        "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS), encoding="utf-8"
    )
    path = tmp_path / "x.synth.yaml"
    path.write_text(SPECS[0])
    assert "seeds: 24 of reviews.csv: train " in check(path)[1]
    path.write_text(SPECS[0].replace("count: 2", "count: 12"))
    code, output = check(path)
    assert code == 2
    assert "needs 12 seeds of label" in output
    path.write_text(
        SPECS[0].replace("file: reviews.csv", f"file: r.csv, hub: org/name, revision: {'a' * 40}")
    )
    assert "not looked at" in check(path)[1]


def test_a_spec_read_from_elsewhere_brings_its_rows(tmp_path):
    rows = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS)
    spec = parse_spec(SPECS[0], origin="hf://x", read_file=lambda name: {"reviews.csv": rows}[name])
    assert len(spec.seeds.data.ids) == 24
    with pytest.raises(SpecError, match=r"reviews\.csv"):
        parse_spec(SPECS[0], origin="hf://x", read_file=lambda _: (_ for _ in ()).throw(OSError(2, "gone")))


def test_rows_on_the_hub_are_read_at_their_commit(tmp_path, monkeypatch):
    import huggingface_hub
    import pyarrow as pa
    import pyarrow.parquet as pq

    from synth_datasets.plan.plan import Plan
    from synth_datasets.plan.real_data import resolved

    out = io.BytesIO()
    pq.write_table(pa.table({"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]}), out)
    commit = "c" * 40
    folder = tmp_path / "hub" / "datasets--org--name" / "snapshots" / commit / "data"
    folder.mkdir(parents=True)
    (folder / "all.parquet").write_bytes(out.getvalue())
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    where = f"file: data/all.parquet, hub: org/name, revision: {commit}"
    (tmp_path / "x.synth.yaml").write_text(SPECS[0].replace("file: reviews.csv", where))
    spec = load_spec(tmp_path)
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(tmp_path / "hub"), raising=False)
    shown = [Plan(spec, {}).values(key)["shown"] for key in Plan(spec, {}).rows("train")]
    assert {text for texts in shown for text in texts} <= {row[0] for row in ROWS}
    text = next(text for text in SPECS if "name: balanced" in text).replace("file: reviews.csv", where)
    (tmp_path / "x.synth.yaml").write_text(text)
    waiting = load_spec(tmp_path)
    assert waiting.splits[0].num_examples == 0
    assert resolved(waiting).splits[0].counts == (("negative", 3), ("positive", 3))


def test_a_spec_without_its_rows_beside_the_release_is_told_from_a_changed_one(make, tmp_path):
    from synth_datasets.errors import PublishError
    from synth_datasets.publishing.readiness import check_spec, missing_rows
    from synth_datasets.publishing.release import read_release

    text = SPECS[0].replace("train: 8", "train: {negative: 3, positive: 1}")
    made = make(text)
    release = read_release(tmp_path / "out")
    assert missing_rows(release) == {}
    check_spec(release, [tmp_path])
    (tmp_path / "reviews.csv").write_text(
        "text,label\na new one,positive\nand a bad one,negative\n", encoding="utf-8"
    )
    with pytest.raises(PublishError, match="has changed"):
        check_spec(release, [tmp_path])
    (tmp_path / "x.synth.yaml").write_text(text.replace("seed_copy: 0.7", "seed_copy: 0.6"), encoding="utf-8")
    with pytest.raises(PublishError, match="has changed"):
        check_spec(release, [tmp_path])
    assert Counter(made.dataset["train"]["label"]) == {0: 3, 1: 1}
