"""Decisions by hand in builds: what they change, what they cost, and that they never apply to another text."""

import json

import pytest
from fake_endpoint import default_text, text
from hypothesis import HealthCheck
from hypothesis import given as examples
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from specs import review_spec, write_spec

from synth_datasets.outcomes import stored_outcomes
from synth_datasets.plan.part import Part
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec
from synth_datasets.spec.reviews import Decision, decision_line, row_digest
from synth_datasets.splits import part_rows, split_outcomes
from synth_datasets.trace import read_ruled
from synth_datasets.validation.outcome import Example, Missing

FILE = "reviews.review.jsonl"
SEEN = ("label", "text")


@pytest.fixture
def bench(endpoint, tmp_path):
    return Bench(endpoint, tmp_path)


class Bench:
    """Builds of one spec on one store, with decisions beside it."""

    def __init__(self, endpoint, folder):
        self.endpoint, self.folder = endpoint, folder
        self.settings = Settings(base_url=endpoint.base_url, api_key="k", store=folder / "answers.sqlite")
        self.decisions: list[Decision] = []

    def say(self, outcome, verdict, seen=SEEN, **changes):
        given = {
            "row": str(outcome.row),
            "columns": seen,
            "digest": row_digest(outcome.values, seen),
            "verdict": verdict,
            "reviewer": "ann",
            "at": "2026-01-01T00:00:00Z",
        }
        self.decisions.append(Decision(**{**given, **changes}))

    def spec(self, **changes):
        lines = "".join(decision_line(each) + "\n" for each in self.decisions)
        (self.folder / FILE).write_text(lines, encoding="utf-8")
        return load_spec(write_spec(self.folder, reviews=FILE, **{"splits": {"train": 8}, **changes}))

    def build(self, **changes):
        """Return the rows by id, and what they cost."""
        before = self.endpoint.count
        spec = self.spec(**changes)
        rows = {
            str(each.row): each
            for split in spec.splits
            for each in split_outcomes(spec, self.settings, split.name)
        }
        return rows, self.endpoint.count - before


def test_a_rejected_row_costs_one_request_and_the_others_stay(bench):
    rows, cost = bench.build()
    assert cost == 8
    bad = rows["train/positive/1"]
    bench.say(bad, "reject", note="off topic")
    again, cost = bench.build()
    assert cost == 1
    new = again[str(bad.row)]
    assert new.values["text"] != bad.values["text"]
    assert [(each.reason, each.detail, each.text) for each in new.rejections] == [
        ("reviewed", "rejected by hand: off topic", bad.sources[0].text)
    ]
    assert {name: each.values for name, each in again.items() if each is not new} == {
        name: each.values for name, each in rows.items() if name != str(bad.row)
    }
    assert bench.build()[1] == 0


def test_a_second_answer_can_be_rejected_too_with_no_attempts_to_spare(bench):
    """A person's word costs a row none of its `attempts`."""
    for rejected in range(4):
        rows, cost = bench.build(attempts=1)
        assert cost == (1 if rejected else 8)
        row = rows["train/negative/0"]
        assert [each.reason for each in row.rejections] == ["reviewed"] * rejected
        bench.say(row, "reject")


def test_a_row_whose_every_answer_is_the_rejected_one_ends_missing(bench):
    bench.endpoint.rule = lambda body: text("Always one and the same text about the phone.")
    rows, _ = bench.build(splits={"train": 1}, attempts=3)
    bench.say(rows["train/negative/0"], "reject")
    outcomes = list(split_outcomes(bench.spec(splits={"train": 1}, attempts=3), bench.settings, "train"))
    assert isinstance(outcomes[0], Missing)
    assert [each.reason for each in outcomes[0].rejections] == ["reviewed"] * 4
    assert len(outcomes[0].ruled) == 1


def test_fixed_rows_hold_what_was_written_and_cost_nothing(bench):
    rows, _ = bench.build()
    bench.say(rows["train/positive/0"], "fix", values=(("text", "What a person wrote."),))
    bench.say(rows["train/positive/1"], "fix", values=(("label", "negative"),))
    bench.say(rows["train/positive/2"], "accept")
    again, cost = bench.build()
    assert cost == 0
    assert again["train/positive/0"].values == {
        **rows["train/positive/0"].values,
        "text": "What a person wrote.",
    }
    assert again["train/positive/1"].values == {**rows["train/positive/1"].values, "label": "negative"}
    assert (again["train/positive/0"].mended, again["train/positive/1"].mended) == (("text",), ("label",))
    assert again["train/positive/0"].sources == rows["train/positive/0"].sources, (
        "the answer is kept as it was"
    )
    assert again["train/positive/2"].values == rows["train/positive/2"].values
    assert [name for name, each in again.items() if each.ruled] == [
        f"train/positive/{at}" for at in (0, 1, 2)
    ]


def test_a_fixed_row_can_be_judged_again(bench):
    rows, _ = bench.build()
    bench.say(rows["train/positive/0"], "fix", values=(("text", "What a person wrote."),))
    fixed, _ = bench.build()
    bench.say(
        fixed["train/positive/0"], "fix", values=(("text", "What another person wrote."),), reviewer="bo"
    )
    assert bench.build()[0]["train/positive/0"].values["text"] == "What another person wrote."
    bench.say(fixed["train/positive/0"], "reject", reviewer="cy")
    again, cost = bench.build()
    assert cost == 1
    assert again["train/positive/0"].values["text"] not in (
        rows["train/positive/0"].values["text"],
        "What a person wrote.",
    )
    assert not again["train/positive/0"].mended


def test_fixes_that_lead_in_a_circle_end(bench):
    rows, _ = bench.build()
    first = rows["train/positive/0"]
    bench.say(first, "fix", values=(("text", "What a person wrote."),))
    fixed = bench.build()[0]["train/positive/0"]
    bench.say(fixed, "fix", values=(("text", first.values["text"]),))
    assert bench.build()[0]["train/positive/0"].values["text"] == first.values["text"]


def test_a_fixed_text_is_a_duplicate_like_any_other(bench):
    rows, _ = bench.build()
    order = list(rows)
    later, earlier = rows[order[5]], rows[order[1]]
    bench.say(earlier, "fix", values=(("text", later.values["text"]),))
    again, cost = bench.build()
    assert again[order[1]].values["text"] == later.values["text"]
    assert [each.reason for each in again[order[5]].rejections] == ["near_duplicate"]
    assert cost == 1


def test_a_decision_never_applies_to_another_text(bench):
    rows, _ = bench.build()
    for each in list(rows.values())[:4]:
        bench.say(each, "reject")
    bench.say(rows["train/positive/3"], "fix", values=(("text", "What a person wrote."),))
    changed = review_spec()["columns"]
    changed["text"]["prompt"] = {
        name: f"{said} Be short." if name != "by" else said
        for name, said in changed["text"]["prompt"].items()
    }
    other, cost = bench.build(columns=changed)
    assert cost == 8
    assert not any(each.ruled or each.rejections or each.mended for each in other.values())
    assert bench.build(seed=3)[1] == 8


def test_a_column_that_comes_later_leaves_decisions_in_force(bench):
    rows, _ = bench.build()
    bench.say(rows["train/positive/0"], "fix", values=(("text", "What a person wrote."),))
    columns = {**review_spec()["columns"], "title": {"prompt": "Write a title."}}
    again, _ = bench.build(columns=columns, checks={"title": {"unique": "off"}}, attempts=20)
    assert again["train/positive/0"].values["text"] == "What a person wrote."


def test_the_column_at_fault_is_asked_again_and_those_made_of_it(bench):
    columns = {**review_spec()["columns"], "title": {"prompt": "A title for: {{ text }}"}}
    given = {"columns": columns, "checks": {"title": {"echo": "keep", "unique": "off"}}}
    rows, cost = bench.build(**given)
    assert cost == 16
    seen = ("label", "text", "title")
    bench.say(rows["train/positive/0"], "reject", seen, column="title")
    again, cost = bench.build(**given)
    assert cost == 1
    assert again["train/positive/0"].values["text"] == rows["train/positive/0"].values["text"]
    bench.say(rows["train/positive/1"], "reject", seen, column="text")
    assert bench.build(**given)[1] == 2


def test_decisions_hold_in_streams_splits_and_without_anybody_to_ask(bench):
    rows, _ = bench.build(splits={"train": 8, "test": 4})
    bench.say(rows["test/positive/1"], "reject")
    bench.say(rows["train/negative/2"], "fix", values=(("text", "What a person wrote."),))
    spec = bench.spec(splits={"train": 8, "test": 4})
    stopped = [each for each in stored_outcomes(spec, bench.settings) if not isinstance(each, Example)]
    assert [(str(each.row), len(each.ruled)) for each in stopped] == [("test/positive/1", 1)]
    again, cost = bench.build(splits={"train": 8, "test": 4})
    assert cost == 1
    streamed = dict(part_rows(spec, bench.settings, "train", Part(), offline=True))
    assert [row["text"] for row in streamed.values()] == [
        each.values["text"] for name, each in again.items() if name.startswith("train")
    ]


@pytest.mark.parametrize("concurrency", [1, 64])
def test_decided_rows_do_not_depend_on_how_they_are_asked(bench, concurrency):
    rows, _ = bench.build(splits={"train": 24, "test": 8})
    for number, row in enumerate(rows.values()):
        if number % 3 == 0:
            bench.say(row, "reject")
        elif number % 3 == 1:  # alike: each later one is asked again
            bench.say(
                row,
                "fix",
                values=(("text", f"What a person wrote about the phone, over and over. {number}"),),
            )
    spec = bench.spec(splits={"train": 24, "test": 8}, attempts=8)
    store = bench.folder / f"other-{concurrency}.sqlite"
    where = Settings(base_url=bench.endpoint.base_url, api_key="k", store=store, concurrency=concurrency)
    found = [split_outcomes(spec, where, name) for name in ("test", "train")]
    expected, _ = bench.build(splits={"train": 24, "test": 8}, attempts=8)
    made = {str(each.row): each for outcomes in found for each in outcomes}
    assert {name: (each.values, each.ruled, each.mended) for name, each in made.items()} == {
        name: (each.values, each.ruled, each.mended) for name, each in expected.items()
    }
    assert {each.reason for row in made.values() for each in row.rejections} == {"reviewed", "near_duplicate"}


def test_a_label_that_votes_have_replaced_is_judged_and_fixed_as_it_is_stored(bench):
    """The voters find every text negative, so that is what rows of both classes hold."""

    def voters(body):
        return '{"label": "negative"}' if "response_format" in body else None

    bench.endpoint.rule = voters
    checks = {"label": {"verify": {"votes": 1, "on_disagreement": "relabel", "agreement": "agreement"}}}
    rows, cost = bench.build(checks=checks)
    assert cost == 16
    row = rows["train/positive/0"]
    assert row.values["label"] == "negative"
    bench.say(row, "fix", values=(("label", "positive"),))
    again, cost = bench.build(checks=checks)
    assert (again["train/positive/0"].values["label"], again["train/positive/0"].mended, cost) == (
        "positive",
        ("label",),
        0,
    )


def test_a_built_row_has_the_digest_that_its_making_looks_for(bench, monkeypatch):
    """Whatever a column holds: turns, numbers, classes, lists."""
    import datasets

    from synth_datasets.build import build
    from synth_datasets.review.rows import built_rows, judged_columns

    columns = {
        **review_spec()["columns"],
        "facts": {
            "fields": {
                "title": "string",
                "stars": "integer",
                "aspect": {"classes": ["a", "b"]},
                "tags": "list",
            },
            "prompt": "Facts of: {{ text }}",
        },
        "chat": {"messages": {"turns": 2, "user": {"system": "You ask about a {{ product }}."}}},
    }
    spec = bench.spec(columns=columns, splits={"train": 3}, checks={"facts": {"unique": "off"}})
    datasets.disable_progress_bars()
    where = {"base_url": bench.endpoint.base_url, "store": str(bench.settings.store)}
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    made = build(spec.origin, bench.folder / "out", cache_dir=bench.folder / "cache", options=where)
    datasets.enable_progress_bars()
    judged = judged_columns(spec)
    assert {"label", "text", "title", "aspect", "chat"} <= set(judged.columns)
    outcomes = {str(each.row): each for each in stored_outcomes(spec, bench.settings)}
    rows = built_rows(made.folder, judged)
    assert [row.digest for row in rows] == [
        row_digest(outcomes[row.id].values, judged.columns) for row in rows
    ]


def test_the_trace_says_which_decisions_held(bench, tmp_path):
    from synth_datasets.splits import split_rows

    rows, _ = bench.build()
    bench.say(rows["train/positive/0"], "fix", values=(("text", "What a person wrote."),))
    bench.say(rows["train/positive/1"], "reject")
    list(split_rows(bench.spec(), bench.settings, "train", trace=tmp_path / "trace"))
    said = {each.row: each.digest for each in bench.decisions}
    assert read_ruled(tmp_path / "trace") == {
        "train/positive/0": ((said["train/positive/0"],), ("text",)),
        "train/positive/1": ((said["train/positive/1"],), ()),
    }
    lines = (tmp_path / "trace/train.rejections.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["reviewed"]


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@examples(st.lists(st.sampled_from(["", "accept", "reject", "fix"]), min_size=8, max_size=8))
def test_any_decisions_cost_what_they_reject_and_leave_the_rest(bench, verdicts):
    bench.decisions.clear()
    rows, _ = bench.build()
    for number, (row, verdict) in enumerate(zip(rows.values(), verdicts, strict=True)):
        if verdict:
            words = default_text({"messages": [{"role": "user", "content": f"By hand: {number}"}]})
            bench.say(row, verdict, values=(("text", words),) if verdict == "fix" else ())
    stored = {str(each.row): each for each in stored_outcomes(bench.spec(), bench.settings)}
    unanswered = sum(not isinstance(each, Example) for each in stored.values())
    again, cost = bench.build()
    assert cost == unanswered <= verdicts.count("reject")
    for (name, row), verdict in zip(rows.items(), verdicts, strict=True):
        same = again[name].values["text"] == row.values["text"]
        assert same == (verdict in ("", "accept"))
        assert bool(again[name].mended) == (verdict == "fix")
    assert bench.build() == (again, 0)
