"""The verb `prove`: over a build that the loopback endpoint wrote, into its card and its report."""

import base64
import json
import random
import re

import pytest
import yaml

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.proof import Proof
from synth_datasets.publishing.proof import read_proof
from synth_datasets.publishing.verify import verify

GOOD, BAD = ("splendid", "lovely", "superb"), ("dreadful", "awful", "broken")
WORDS = [a + b for a in ("ka", "lo", "mi", "ru", "ten", "dra") for b in ("pa", "ster", "gon", "lik", "mo")]


def lines(name, count):
    draw = random.Random(name)
    rows = []
    for at in range(count):
        words, label = (GOOD, "positive") if at % 2 else (BAD, "negative")
        rows.append(f"{' '.join(draw.sample(WORDS, 8))} {words[at % 3]},{label}\n")
    return "review,mood\n" + "".join(rows)


@pytest.fixture
def folder(tmp_path, endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (tmp_path / "real.csv").write_text(lines("r", 30), encoding="utf-8")
    (tmp_path / "test.csv").write_text(lines("t", 40), encoding="utf-8")
    spec = {
        "name": "made",
        "model": "m",
        "columns": {
            "label": {"classes": ["negative", "positive"]},
            "text": {"prompt": "Write a {{ label }} review."},
        },
        "splits": {"train": 12},
    }
    (tmp_path / "x.synth.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    given = {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}
    build(tmp_path / "x.synth.yaml", tmp_path / "out", cache_dir=tmp_path / "cache", options=given)
    return tmp_path


@pytest.fixture
def prove(folder, capsys):
    def proved(*more, build="out"):
        capsys.readouterr()
        given = [
            "prove",
            str(folder / build),
            "--real",
            str(folder / "real.csv"),
            "--test",
            str(folder / "test.csv"),
        ]
        columns = [
            "--real-text",
            "review",
            "--real-label",
            "mood",
            "--seeds",
            "2",
            "--sizes",
            "10",
            "--mixes",
            "1",
        ]
        with pytest.raises(SystemExit) as ended:
            main([*given, *columns, *more])
        shown = capsys.readouterr()
        return ended.value.code, shown.out, shown.err

    return proved


def test_a_proof_goes_into_the_build_its_card_and_its_report(prove, folder, capsys):
    out = folder / "out"
    rows = {path: path.read_bytes() for path in (out / "data").iterdir()}
    lock = (out / "synth.lock").read_bytes()
    code, said, _ = prove()
    assert code == 0
    assert "Advice: " in said
    proof = read_proof(out)
    assert (proof.real, proof.synthetic, proof.test) == (30, 12, 40)
    assert verify(out).beside == ()
    assert rows == {path: path.read_bytes() for path in (out / "data").iterdir()}
    card, page = ((out / name).read_text(encoding="utf-8") for name in ("README.md", "report.html"))
    assert proof.advice in card
    assert card.index("### Proof by training") < card.index("## Bias")
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert base64.b64decode(picture[1]) == (out / "prove.png").read_bytes()
    assert "<script" not in (out / "prove.html").read_text(encoding="utf-8")
    assert "](prove.png)" in card
    assert (out / "synth.lock").read_bytes() == lock  # it pins what a rebuild gives, and that has no proof
    assert prove()[0] == 0
    assert (out / "README.md").read_text(encoding="utf-8").count("### Proof by training") == 1
    with pytest.raises(SystemExit):
        main(["report", str(out)])
    assert proof.advice in capsys.readouterr().out


def mentions(name, count):
    draw = random.Random(name)
    for _ in range(count):
        who, words = draw.choice(["Ann Lim", "Bo Berg", "Zoë Ruiz"]), " ".join(draw.sample(WORDS, 6))
        start = len(words) + 1
        span = {"start": start, "end": start + len(who), "label": "person"}
        yield {"text": f"{words} {who} {words[:9]}.", "entities": [span]}


def test_mentions_by_their_places_are_proved_with_as_tags(tmp_path, endpoint, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    for name in ("real", "test"):
        rows = "".join(json.dumps(row) + "\n" for row in mentions(name, 40))
        (tmp_path / f"{name}.jsonl").write_text(rows, encoding="utf-8")
    endpoint.rule = lambda body: (
        f"{' '.join(random.Random(body['seed']).sample(WORDS, 6))} {body['messages'][-1]['content'][13:-1]} left."
    )
    spec = {
        "name": "made",
        "model": "m",
        "columns": {
            "person": {"sample": ["Ann Lim", "Bo Berg", "Zoë Ruiz"], "hidden": True},
            "text": {"prompt": "Write of the {{ person }}."},
            "entities": {"spans": {"in": "text", "find": {"person": "person"}}},
        },
        "splits": {"train": 12},
        "checks": {"text": {"unique": "off"}},
    }
    (tmp_path / "x.synth.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    given = {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}
    build(tmp_path / "x.synth.yaml", tmp_path / "out", cache_dir=tmp_path / "cache", options=given)
    files = ["--real", tmp_path / "real.jsonl", "--test", tmp_path / "test.jsonl"]
    few = ["--label", "entities", "--seeds", "2", "--sizes", "10", "--mixes", "1"]
    with pytest.raises(SystemExit) as ended:
        main(["prove", str(tmp_path / "out"), *map(str, files), *few])
    assert ended.value.code == 0, capsys.readouterr().err
    proof = read_proof(tmp_path / "out")
    assert (proof.task, proof.real, proof.synthetic, proof.test) == ("tagging", 40, 12, 40)


@pytest.mark.parametrize(
    ("more", "together"), [([], ""), (["--group", "by"], " (all rows of one 'by' together)")]
)
def test_without_test_rows_it_says_in_a_line_what_they_are_for_and_where_from(folder, capsys, more, together):
    with pytest.raises(SystemExit) as ended:
        main(["prove", str(folder / "out"), "--real", str(folder / "real.csv"), *more])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert len(said.splitlines()) == 1
    assert "real rows that nothing is trained on" in said
    assert f"move every fifth row of real.csv{together} into a file of its own" in said


def test_a_build_without_a_proof_shows_none_and_a_new_build_of_the_same_rows_keeps_it(
    prove, folder, endpoint
):
    out = folder / "out"
    assert read_proof(out) is None
    assert "Proof by training" not in (out / "README.md").read_text(encoding="utf-8")
    prove()
    found = read_proof(out)
    assert found is not None
    given = {"base_url": endpoint.base_url, "store": str(folder / "store")}
    build(folder / "x.synth.yaml", out, cache_dir=folder / "cache", options=given)
    assert read_proof(out) == found
    assert "Proof by training" in (out / "README.md").read_text(encoding="utf-8")


def test_rows_that_were_changed_are_not_proved_with(prove, folder):
    (folder / "out/quality.json").write_text("{}", encoding="utf-8")
    code, _, said = prove()
    assert code == 5
    assert "quality.json" in said


def test_a_proof_elsewhere_leaves_the_build_alone_and_json_is_a_proof(prove, folder):
    code, said, wrong = prove("--json", "-o", str(folder / "elsewhere"))
    assert code == 0, wrong
    assert Proof.from_json(said).to_json() == (folder / "elsewhere/prove.json").read_text(encoding="utf-8")
    assert json.loads(said)["task"] == "classification"
    assert not (folder / "out/prove.json").exists()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--sizes", "many"], 2, "expected numbers above 0"),
        (["--label-map", "positive"], 2, "expected OURS=THEIRS"),
        (["--split", "dev"], 2, "has no split 'dev'"),
        (["--text", "body"], 2, "has no column 'body'"),
        (["--real-text", "body"], 2, "there is no column 'body'"),
    ],
)
def test_mistakes_are_told(prove, more, code, said):
    found = prove(*more)
    assert found[0] == code
    assert said in found[2]


def test_test_rows_that_prompts_showed_are_warned_of_and_the_build_keeps_the_warning(
    prove, folder, endpoint, monkeypatch
):
    spec = yaml.safe_load((folder / "x.synth.yaml").read_text(encoding="utf-8"))
    shown = {"seed": "review", "same": "label", "vary": True, "hidden": True}
    labels = {"positive": "positive", "negative": "negative"}
    spec["seeds"] = {"file": "test.csv", "text": "review", "label": "mood"}
    spec["columns"] = {
        "label": {"classes": list(labels)},
        "shown": shown,
        "text": {"prompt": "Not {{ shown }}."},
    }
    spec["splits"] = {"train": 40}
    (folder / "x.synth.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    given = {"base_url": endpoint.base_url, "store": str(folder / "store")}
    build(folder / "x.synth.yaml", folder / "seeded", cache_dir=folder / "cache", options=given)
    code, shown, errors = prove(build="seeded")
    assert code == 0, errors
    said = "40 of 40 test rows are among the seeds that prompts showed"
    assert f"Warning: {said}" in shown
    assert any(said in warning for warning in read_proof(folder / "seeded").warnings)
