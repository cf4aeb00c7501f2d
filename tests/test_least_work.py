"""What an edit costs: exactly the requests that it changes, counted by the endpoint."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml
from fake_endpoint import FakeEndpoint

from synth_datasets.errors import ShortfallError

SPEC: dict[str, Any] = {
    "name": "reviews",
    "version": "1.0.0",
    "description": "Reviews for tests.",
    "license": "cc0-1.0",
    "language": "en",
    "task": "text-classification",
    "model": {"id": "some-model", "temperature": 0.7, "max_tokens": 100},
    "seed": 17,
    "attempts": 9,
    "columns": {
        "label": {"classes": ["negative", "positive"]},
        "product": {"sample": {"phone": 2, "laptop": 1}},
        "tone": {"sample": ["plain", "ironic"], "hidden": True},
        "text": {
            "prompt": {
                "by": "label",
                "negative": "Write a {{ tone }} negative review of a {{ product }}.",
                "positive": "Write a {{ tone }} positive review of a {{ product }}.",
            }
        },
    },
    "splits": {"train": 40, "test": 10},
    "checks": {"text": {"length": [20, 900], "words": [3, 90]}},
}
NEGATIVE, POSITIVE = 20 + 5, 20 + 5
ALL = NEGATIVE + POSITIVE

Spec = dict[str, Any]


@dataclass
class Bench:
    """One store, one cache, one endpoint; counts what each load asks."""

    endpoint: FakeEndpoint
    home: Path

    def load(self, spec: Spec | str, place: str = "spec", **options: Any) -> datasets.DatasetDict:
        path = self.home / place / "reviews.synth.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(spec if isinstance(spec, str) else yaml.safe_dump(spec, sort_keys=False))
        return datasets.load_dataset(
            "synth", data_files=str(path), cache_dir=str(self.home / "cache"), **options
        )

    def rejections(self) -> list[dict[str, Any]]:
        """Return what the build that was made last has rejected."""
        newest = max(
            (self.home / "cache").rglob("dataset_info.json"), key=lambda path: path.stat().st_mtime_ns
        )
        files = sorted((newest.parent / "trace").glob("*.rejections.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def cost(self, spec: Spec | str, place: str = "spec", **options: Any) -> int:
        """Load and return how many requests it took; every one must be new."""
        before = self.endpoint.count
        self.load(spec, place, **options)
        bodies = [repr(body) for body in self.endpoint.bodies]
        assert len(bodies) == len(set(bodies)), "a request was asked twice"
        return self.endpoint.count - before


@pytest.fixture
def bench(endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "answers.sqlite"))
    datasets.disable_progress_bars()
    yield Bench(endpoint, tmp_path)
    datasets.enable_progress_bars()


def changed(edit: Callable[[Spec], object]) -> Spec:
    spec = copy.deepcopy(SPEC)
    edit(spec)
    return spec


def at(*path: str, value: object) -> Callable[[Spec], object]:
    """Return the edit that puts a value at a place of the spec."""

    def edit(spec: Spec) -> None:
        for name in path[:-1]:
            spec = spec[name]
        spec[path[-1]] = value

    return edit


def column(name: str, definition: Spec) -> Callable[[Spec], object]:
    return at("columns", name, value=definition)


def both(*edits: Callable[[Spec], object]) -> Callable[[Spec], object]:
    return lambda spec: [edit(spec) for edit in edits]


def rotated(spec: Spec) -> None:
    """Every mapping whose order means nothing in another order; that of the columns is the dataset's."""
    turned = dict(reversed(spec.items()))
    turned["model"] = dict(reversed(spec["model"].items()))
    turned["columns"]["product"]["sample"] = {"laptop": 1, "phone": 2}
    turned["columns"]["tone"]["sample"] = ["ironic", "plain"]
    prompt = turned["columns"]["text"]["prompt"]
    turned["columns"]["text"]["prompt"] = dict(reversed(prompt.items()))
    spec.clear()
    spec.update(turned)


COSTS = {
    "description": (at("description", value="Other words."), 0),
    "name": (at("name", value="renamed"), 0),
    "version": (at("version", value="2.0.0"), 0),
    "license": (at("license", value="mit"), 0),
    "language": (at("language", value=["en", "de"]), 0),
    "task": (at("task", value="text-generation"), 0),
    "tags": (at("tags", value=["a"]), 0),
    "pretty name": (at("pretty_name", value="Pretty"), 0),
    "order of keys": (rotated, 0),
    "more attempts": (at("attempts", value=12), 0),
    "one class's prompt": (
        at("columns", "text", "prompt", "positive", value="Praise a {{ product }} in a {{ tone }} way."),
        POSITIVE,
    ),
    "an example for one class": (
        at(
            "columns",
            "text",
            "examples",
            value={"by": "label", "negative": [{"prompt": "One?", "answer": "Bad it is."}], "default": []},
        ),
        NEGATIVE,
    ),
    "temperature": (at("model", "temperature", value=0.8), ALL),
    "another model": (at("model", "id", value="other-model"), ALL),
    "seed": (at("seed", value=18), ALL),
    "a hidden column that nobody reads": (column("mood", {"sample": ["a", "b"], "hidden": True}), 0),
    "a stored column that nobody reads": (column("stars", {"number": {"min": 1, "max": 5}}), 0),
    "a text column": (column("line", {"text": "{{ product }}: {{ text }}"}), 0),
    "a column is hidden": (at("columns", "product", "hidden", value=True), 0),
    "a hidden column that one class's prompt reads": (
        both(
            column("mood", {"sample": ["glad", "calm"], "hidden": True}),
            at("columns", "text", "prompt", "positive", value="Praise a {{ product }}, {{ mood }}."),
        ),
        POSITIVE,
    ),
    "a second prompt column": (column("title", {"prompt": "A title for: {{ text }}"}), ALL),
    "a new label, the old ones keep their rows": (
        both(
            at("columns", "label", "classes", value=["negative", "positive", "mixed"]),
            at("columns", "text", "prompt", "mixed", value="Write a mixed review of a {{ product }}."),
            at("splits", value={"train": 60, "test": 15}),
        ),
        25,
    ),
    "a split grows": (at("splits", "train", value=90), 50),
    "a split shrinks": (at("splits", "train", value=20), 0),
    "one more split": (at("splits", "extra", value=7), 7),
    "a split goes": (lambda spec: spec["splits"].pop("test"), 0),
    "a check that nobody fails is switched off": (at("checks", "text", "refusals", value="keep"), 0),
    "a check is loosened": (at("checks", "text", "words", value=[1, 200]), 0),
}


@pytest.mark.parametrize("name", COSTS)
def test_an_edit_costs_exactly_what_it_changes(bench, name):
    edit, cost = COSTS[name]
    assert bench.cost(SPEC) == ALL
    spec = changed(edit)
    assert yaml.safe_dump(spec, sort_keys=False) != yaml.safe_dump(SPEC, sort_keys=False)
    assert bench.cost(spec) == cost
    assert bench.cost(SPEC) == 0, "and going back costs nothing"


def test_comments_and_other_folders_cost_nothing(bench):
    text = yaml.safe_dump(SPEC, sort_keys=False)
    assert bench.cost(text) == ALL
    assert bench.cost("# a comment\n" + text.replace("splits:", "splits: # how many")) == 0
    assert bench.cost(text, place="elsewhere/deeper") == 0


def test_the_order_of_columns_and_of_labels_costs_nothing(bench):
    """Labels in another order are other numbers in the data, and the same requests."""
    assert bench.cost(SPEC) == ALL
    columns = dict(reversed(SPEC["columns"].items()))
    assert bench.cost(changed(at("columns", value=columns))) == 0
    assert bench.cost(changed(at("columns", "label", "classes", value=["positive", "negative"]))) == 0


def test_a_tightened_check_asks_only_for_what_it_newly_rejects(bench):
    before = bench.load(SPEC)
    texts = [text for split in before.values() for text in split["text"]]
    limit = sorted(map(len, texts))[-8]
    strict = changed(at("checks", "text", "length", value=[20, limit]))
    cost = bench.cost(strict)
    rejected = bench.rejections()
    assert {each["reason"] for each in rejected} == {"too_long"}
    assert {each["text"] for each in rejected} >= {text for text in texts if len(text) > limit}
    assert cost == len(rejected) < 30, "one more request for each rejection, and none for the rest"
    after = bench.load(strict)
    for split, rows in before.items():
        for old, new in zip(rows, after[split], strict=True):
            assert new == old or len(old["text"]) > limit
    loosened = changed(at("checks", "text", "length", value=[20, limit + 1000]))
    assert bench.cost(loosened) == 0
    assert bench.load(loosened)["train"].to_list() == before["train"].to_list()


def test_five_hundred_more_rows_cost_five_hundred_and_what_they_repeat(bench):
    bench.endpoint.rule = lambda body: (
        "The same again, as so often, my friend." if body["seed"] % 40 == 0 else None
    )
    before = bench.load(SPEC)
    known = len(bench.rejections())
    grown = changed(at("splits", "train", value=540))
    cost = bench.cost(grown)
    repeats = len(bench.rejections()) - known
    assert repeats > 0
    assert cost == 500 + repeats
    assert bench.load(grown)["train"].select(range(40)).to_list() == before["train"].to_list()


def test_more_attempts_ask_only_for_the_rows_that_were_short(bench):
    bench.endpoint.rule = lambda body: "Meh." if body["seed"] % 3 else None
    bench.load(changed(at("attempts", value=1)), keep_short=True)
    with pytest.raises(ShortfallError):  # from the store: one that ends early abandons what is in flight
        bench.load(changed(at("attempts", value=1)))
    short = changed(at("attempts", value=2))
    kept = bench.load(short, keep_short=True)
    missing = ALL - sum(map(len, kept.values()))
    assert 0 < missing < ALL
    known = len(bench.rejections())
    patient = changed(at("attempts", value=40))
    cost = bench.cost(patient)
    # Each row that was short is asked until it is filled, from its third attempt on: one answer more than rejections.
    assert cost == missing + len(bench.rejections()) - known
    for split, rows in kept.items():
        texts = set(bench.load(patient)[split]["text"])
        assert texts >= set(rows["text"])


def test_columns_are_asked_apart(bench):
    """What reads a changed answer is asked again with it, what does not is not."""
    chained = changed(
        both(
            column("title", {"prompt": "A title for: {{ text }}"}),
            column("reply", {"prompt": {"by": "label", "negative": "Console.", "positive": "Thank them."}}),
        )
    )
    assert bench.cost(chained) == 3 * ALL
    chained["columns"]["title"]["prompt"] = "A headline for: {{ text }}"
    assert bench.cost(chained) == ALL
    chained["columns"]["reply"]["prompt"]["negative"] = "Console them."
    assert bench.cost(chained) == NEGATIVE
    chained["columns"]["text"]["prompt"]["positive"] = "Praise a {{ product }} in a {{ tone }} way."
    assert bench.cost(chained) == 2 * POSITIVE, "its own, and the titles"
    chained["columns"]["reply"]["model"] = {"temperature": 0.1}
    assert bench.cost(chained) == ALL
    del chained["columns"]["title"]
    assert bench.cost(chained) == 0


def test_a_build_that_gives_up_keeps_the_answers_to_what_it_has_asked(bench, endpoint):
    """Which are paid for: the next build asks for none of them again."""
    endpoint.rule = lambda body: "Meh."
    endpoint.latency_s = lambda body: 0.02 + 0.3 * (body["seed"] % 5 == 0)
    spec = copy.deepcopy(SPEC) | {"splits": {"train": 400}, "attempts": 1}
    with pytest.raises(ShortfallError, match="stopped early"):
        bench.load(spec, concurrency=16)
    asked = endpoint.count
    endpoint.latency_s = 0
    spec["checks"] = {"text": {"length": [1, 900], "words": [1, 90], "unique": "off"}}
    assert len(bench.load(spec, concurrency=16)["train"]) == 400
    bodies = {json.dumps(body, sort_keys=True) for body in endpoint.bodies}
    assert asked < 400
    assert len(bodies) == len(endpoint.bodies) == 400
