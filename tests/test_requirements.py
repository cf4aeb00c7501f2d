"""The manual's specs of lists, judges and rules, and these in `load_dataset`, workers, batches and under a lock."""

import json
import re
from pathlib import Path

import datasets
import pytest
import yaml
from fake_endpoint import FakeEndpoint, default_text, text

import synth_datasets  # noqa: F401 - registers the builder
from synth_datasets.build import build
from synth_datasets.errors import SettingsError
from synth_datasets.estimate import estimate
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec

README = (Path(__file__).parents[1] / "builders/README.md").read_text(encoding="utf-8")


KETTLES = (
    "The water was hot after three minutes, and the handle stays cool. I would buy this kettle again.",
    "It leaked on the second morning. The shop has not answered any of my letters since then.",
    "My mother has used hers for ten years without a fault. So I bought the same one for my kitchen.",
    "The lid does not close when it is full. You have to hold it down with your hand until the water boils.",
    "It looks good on the table and makes little noise. The cable could be a bit longer.",
    "After a month there was rust at the bottom. I sent it back and got my money the next week.",
    "For the price you cannot ask for more. It does one thing, and it does that well.",
    "The switch broke off in my hand on the first day. I will not buy from this company again.",
)


def documented():
    part = README.split("## Lists, judges and rules\n")[1].split("\n## ")[0]
    specs = re.findall(r"^```yaml\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL)
    return {yaml.safe_load(text)["name"]: text for text in specs}


def model(body):
    """Say what a good model says to the specs of the manual."""
    prompt = body["messages"][-1]["content"]
    if "different ones" in prompt:
        count = int(re.search(r"List (\d+) different", prompt)[1])
        begin = prompt.count("\n- ")
        about = re.search(r"details of (.*) do", prompt)
        words = [
            default_text(
                {"messages": [{"role": "user", "content": f"{about and about[1]} {begin + number}"}]}
            )
            for number in range(count)
        ]
        return text(json.dumps({"items": [" ".join(each.split()[:8]) for each in words]}))
    if found := re.search(r"street in about (\d+) words", prompt):
        return text(" ".join(default_text(body).split()[: int(found[1])]).rstrip(".,") + ".")
    if "kettle in two sentences" in prompt:
        return text(KETTLES[body["seed"] % len(KETTLES)])
    if "Beschreibe" in prompt:
        return text(
            "In unserer Straße stehen alte Linden, und am Abend sitzen die Nachbarn vor ihren Häusern "
            f"und erzählen, was bei Nummer {body['seed']} geschehen ist. Im Winter hört man nur den Schnee."
        )
    return None


def options(endpoint: FakeEndpoint, tmp_path: Path) -> dict[str, str]:
    return {
        "base_url": endpoint.base_url,
        "store": str(tmp_path / "answers.sqlite"),
        "cache_dir": str(tmp_path / "hf"),
    }


def written(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"{name}.synth.yaml"
    path.write_text(documented()[name], encoding="utf-8")
    (tmp_path / "test.csv").write_text(
        "text\nThe rows of a test set that nobody may learn.\n", encoding="utf-8"
    )
    return path


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")


@pytest.mark.parametrize("name", documented())
def test_the_manual_s_specs_make_what_they_say(endpoint, tmp_path, name):
    assert documented()[name].count("\n") < 25
    endpoint.rule = model
    path = written(tmp_path, name)
    rows = datasets.load_dataset("synth", data_files=str(path), **options(endpoint, tmp_path))
    spec = load_spec(path)
    assert {split: len(rows[split]) for split in rows} == {
        split.name: split.num_examples for split in spec.splits
    }
    match name:
        case "many_voices":
            assert rows["train"].column_names == ["topic", "text"]
            assert len(set(rows["train"]["topic"])) > 1
        case "natural":
            assert all(1 <= score <= 5 for score in rows["train"]["quality"])
        case "agreed":
            assert rows["train"].features["ballots"].feature.names == ["negative", "neutral", "positive"]
            for row in rows["train"]:
                assert row["ballots"].count(row["label"]) == row["agreement"]
        case "planned":
            assert all(("Straße" in row["text"]) == (row["language"] == "German") for row in rows["train"])
        case "sensible":
            assert {row["topic"] for row in rows["train"] if row["product"] == "novel"} <= {"plot", "price"}
            assert all((row["label"] == 0) == (row["stars"] < 3) for row in rows["train"])


def test_a_stream_and_the_readers_of_its_shards_see_the_rows_of_a_build(endpoint, tmp_path):
    endpoint.rule = model
    given = {
        "data_files": str(written(tmp_path, "many_voices")),
        "split": "train",
        **options(endpoint, tmp_path),
    }
    rows = datasets.load_dataset("synth", **given)
    asked = endpoint.count
    stream = datasets.load_dataset("synth", **given, streaming=True)
    assert list(stream) == list(rows)
    halves = [list(stream.shard(2, index)) for index in (0, 1)]
    assert sorted(row["text"] for half in halves for row in half) == sorted(rows["text"])
    assert endpoint.count == asked


def test_a_release_is_rebuilt_under_its_lock_and_another_list_is_refused(endpoint, tmp_path):
    endpoint.rule = model
    path = written(tmp_path, "many_voices")
    given = {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}
    first = build(path, tmp_path / "a", cache_dir=tmp_path / "hf", options=given)
    card = (first.folder / "README.md").read_text(encoding="utf-8")
    assert "the list personas, which the model wrote" in card
    assert "**Prompt** for `lists.details`" in card
    asked = endpoint.count
    again = build(
        first.folder,
        tmp_path / "b",
        cache_dir=tmp_path / "hf2",
        options={**given, "offline": True},
        locked=True,
    )
    assert endpoint.count == asked
    assert [each.read_bytes() for each in sorted((again.folder / "trace").glob("list-*"))] == [
        each.read_bytes() for each in sorted((first.folder / "trace").glob("list-*"))
    ]
    path.write_text(path.read_text(encoding="utf-8").replace("count: 12", "count: 13"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"lists.personas.count: 12 → 13"):
        build(path, tmp_path / "c", cache_dir=tmp_path / "hf3", options=given, locked=first.folder)
    assert endpoint.count == asked


def test_the_answers_of_a_preview_s_size_are_enough_to_estimate_the_rest(endpoint, tmp_path):
    endpoint.rule = model
    path = written(tmp_path, "agreed")
    given = options(endpoint, tmp_path)
    datasets.load_dataset("synth", data_files=str(path), num_examples=3, **given)
    where = Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite")
    found = estimate(load_spec(path), where)
    assert {each.column for each in found.columns} == {"text", "label.vote_1", "label.vote_2", "label.vote_3"}
    assert found.requests == 6 * 4
