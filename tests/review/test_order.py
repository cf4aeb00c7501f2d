"""Which rows are shown first, and why."""

import json

import pytest
from specs import write_spec

from synth_datasets.plan.row import RowKey
from synth_datasets.review.order import Sign, in_order, signs_of
from synth_datasets.review.rows import BuiltRow
from synth_datasets.spec import load_spec
from synth_datasets.trace_writer import TraceWriter
from synth_datasets.validation.outcome import Example, Source

LONG = "The screen of this phone is bright and its battery lasts for two whole days of steady use"


def row(number: int, text: str) -> BuiltRow:
    return BuiltRow(
        id=f"train/positive/{number}", split="train", values={"label": "positive", "text": text}, digest=""
    )


def test_the_weightiest_come_first_and_the_rest_in_an_order_that_all_reviewers_share(rows):
    signs = {rows[4].id: [Sign(0.2, "")], rows[2].id: [Sign(0.1, ""), Sign(1.3, "")]}
    found = in_order(rows, signs)
    assert found[:2] == [rows[2], rows[4]]
    assert found == in_order(rows[::-1], signs)
    assert sorted(each.id for each in found) == sorted(each.id for each in rows)
    assert found[2:] != [each for each in rows if each not in found[:2]], (
        "neither is it the order of the build"
    )


def test_texts_near_a_limit_on_their_length_are_shown_with_it(tmp_path):
    spec = load_spec(
        write_spec(tmp_path, checks={"text": {"length": [20, 100], "words": [1, 50], "unique": "off"}})
    )
    found = signs_of(
        [row(0, "x " + "x" * 17 + " x"), row(1, "a " * 25), row(2, "a b" + "x" * 92), row(3, "a b" * 15)],
        spec,
        tmp_path,
    )
    assert [each.words for each in found["train/positive/0"]] == ["text: 21 characters, at least 20"]
    assert "train/positive/1" not in found
    assert {each.words for each in found["train/positive/2"]} == {
        "text: 95 characters, at most 100",
    }


def test_texts_that_are_nearly_near_duplicates_name_each_other(tmp_path):
    spec = load_spec(write_spec(tmp_path, checks={"text": {"unique": {"near": 0.9}}}))
    rows = [
        row(0, LONG),
        row(1, f"{LONG} or so"),
        row(2, "Nothing in common with the others whatever, said the cook."),
    ]
    found = signs_of(rows, spec, tmp_path)
    assert found.keys() == {"train/positive/0", "train/positive/1"}
    assert "to train/positive/1, below 0.9 is kept" in found["train/positive/0"][0].words
    assert 0 < found["train/positive/0"][0].weight <= 1


def traced(number: int, answers: dict[str, str]) -> Example:
    """A row as the trace has it, with these answers by column."""
    sources = tuple(
        Source(
            column=name,
            attempt=0,
            key="k",
            seed=1,
            messages=(),
            text=said,
            model="m",
            prompt_tokens=0,
            completion_tokens=0,
        )
        for name, said in answers.items()
    )
    return Example(row=RowKey("train", "positive", number), values={}, sources=sources, rejections=())


def test_texts_near_a_limit_on_perplexity_are_worth_a_look(tmp_path):
    spec = load_spec(write_spec(tmp_path, checks={"text": {"perplexity": [10, 100]}}))
    with TraceWriter(tmp_path / "trace", "train") as trace:
        for number, figure in enumerate((11, 50, 95.5)):
            said = json.dumps({"perplexity": figure, "tokens": 9})
            trace.add(traced(number, {"text": "unread", "text.perplexity": said}))
    rows = [row(number, f"{number} {'abc'[number] * 60}") for number in range(3)]
    found = signs_of(rows, spec, tmp_path)
    assert {name: each[0].words for name, each in found.items()} == {
        "train/positive/0": "text.perplexity 11, at least 10",
        "train/positive/2": "text.perplexity 95.5, at most 100",
    }
    assert found["train/positive/0"][0].weight == pytest.approx(0.5)


def test_contested_labels_come_before_low_scores(tmp_path):
    columns = {
        "label": {"classes": ["negative", "positive"]},
        "text": {"prompt": "Write a {{ label }} review."},
        "merit": {"score": {"of": "text", "rubric": "How good?", "min": 1, "max": 5}, "hidden": True},
    }
    checks = {"label": {"verify": {"votes": 3, "agree": 1, "on_disagreement": "keep"}}, "merit": {"min": 2}}
    spec = load_spec(write_spec(tmp_path, columns=columns, checks=checks))
    with TraceWriter(tmp_path / "trace", "train") as trace:
        for number, (votes, score) in enumerate(
            [(("positive",) * 3, 5), (("positive", "negative", "positive"), 5), (("positive",) * 3, 2)]
        ):
            answers = {f"label.vote_{at}": json.dumps({"label": vote}) for at, vote in enumerate(votes, 1)}
            answers["merit"] = json.dumps({"rationale": "", "score": score})
            answers["text"] = "unread"
            trace.add(traced(number, answers))
    rows = [row(number, f"{number} {'abc'[number] * 60}") for number in range(3)]
    found = signs_of(rows, spec, tmp_path)
    assert [each.words for each in found["train/positive/1"]] == ["votes on label: 2 positive, 1 negative"]
    assert [each.words for each in found["train/positive/2"]] == ["merit 2 of 5, at least 2 is kept"]
    assert found["train/positive/1"][0].weight == pytest.approx(4 / 3)
    assert [each.id[-1] for each in in_order(rows, found)] == ["1", "2", "0"]
