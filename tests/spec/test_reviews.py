"""Decisions by hand as lines of a file, and what they come to."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import review_spec, write_spec

from synth_datasets.errors import SpecError
from synth_datasets.spec import fingerprint, ingredients, load_spec
from synth_datasets.spec.review_file import fixable
from synth_datasets.spec.reviews import (
    Decision,
    DecisionFault,
    decision_line,
    last_words,
    read_decisions,
    row_digest,
    rulings_key,
    rulings_of,
)

FILE = "reviews.review.jsonl"


def decision(verdict="reject", **changes) -> Decision:
    values = (("text", "Better."),) if verdict == "fix" else ()
    given = {
        "row": "train/positive/0",
        "columns": ("label", "text"),
        "digest": "0" * 32,
        "verdict": verdict,
        "reviewer": "ann",
        "at": "2026-01-01T00:00:00Z",
        "values": values,
    }
    return Decision(**{**given, **changes})


def written(tmp_path, decisions, **changes):
    (tmp_path / FILE).write_text("".join(decision_line(each) + "\n" for each in decisions), encoding="utf-8")
    return load_spec(write_spec(tmp_path, reviews=FILE, **changes))


def test_a_line_gives_back_its_decision():
    every = [
        decision(),
        decision("accept", note="gut, 好"),
        decision("fix", gives="1" * 32),
        decision(column="text"),
    ]
    assert read_decisions("\n".join(map(decision_line, every))) == every
    assert all("\n" not in decision_line(each) for each in every)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "maybe"}, "`verdict` is none of"),
        ({"digest": "abc"}, "32 hex digits"),
        ({"at": "yesterday"}, "a time such as"),
        ({"reviewer": ""}, "`reviewer`"),
        ({"row": 7}, "`row` is no text"),
        ({"columns": "text"}, "`columns`"),
        ({"columns": []}, "`columns`"),
        ({"values": {"text": "x"}}, "belongs to a fix"),
        ({"verdict": "fix"}, "a fix needs it"),
        ({"verdict": "fix", "values": {"text": " "}}, "no text of 1 to"),
        ({"verdict": "fix", "values": {"text": "\ud800"}}, "no text of 1 to"),
        ({"verdict": "fix", "values": ["text"]}, "no mapping"),
        ({"note": "x" * 1001}, "`note`"),
    ],
)
def test_a_line_that_is_no_decision_is_named(change, words):
    record = {**json.loads(decision_line(decision())), **change}
    with pytest.raises(DecisionFault) as wrong:
        read_decisions(decision_line(decision()) + "\n" + json.dumps(record) + "\n")
    ((line, said),) = wrong.value.faults
    assert line == 2
    assert words in said


def test_what_is_no_json_or_an_unfinished_merge_is_named_and_a_torn_end_counts_for_nothing():
    good = decision_line(decision())
    assert read_decisions(f"{good}\n{good[: len(good) // 2]}") == [decision()]
    for bad, words in (
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ("<<<<<<< HEAD", "merge"),
        ("[" * 9999, "no JSON"),
    ):
        with pytest.raises(DecisionFault, match=words):
            read_decisions(f"{good}\n{bad}\n{good}\n")


def test_the_last_word_of_each_counts_and_can_be_taken_back():
    first, second = (
        decision("accept", at="2026-01-01T00:00:00Z"),
        decision("reject", at="2026-01-02T00:00:00Z"),
    )
    assert list(last_words([second, first]).values()) == [second]
    gone = decision("withdraw", at="2026-01-03T00:00:00Z")
    assert last_words([first, second, gone]) == {}
    assert rulings_of([first, second, gone]) == {}


@pytest.mark.parametrize(
    ("said", "comes_to"),
    [
        (["accept", "accept", "reject"], "accept"),
        (["accept", "reject"], "reject"),
        (["accept", "fix"], "fix"),
        (["fix", "reject"], "reject"),
        (["accept", "fix", "reject", "fix"], "fix"),
    ],
)
def test_most_reviewers_decide_and_the_more_cautious_where_as_many_do(said, comes_to):
    every = [decision(verdict, reviewer=f"r{number}") for number, verdict in enumerate(said)]
    ((ruling,),) = rulings_of(every).values()
    assert ruling.verdict == comes_to


def test_of_several_fixes_the_one_most_ask_for_counts_then_the_later():
    one, other = (("text", "One."),), (("text", "Other."),)
    early = decision("fix", reviewer="a", values=one)
    late = decision("fix", reviewer="b", values=other, at="2026-02-01T00:00:00Z")
    ((ruling,),) = rulings_of([early, late]).values()
    assert ruling.values == other
    ((ruling,),) = rulings_of([early, late, decision("fix", reviewer="c", values=one)]).values()
    assert ruling.values == one


DECISIONS = st.builds(
    decision,
    st.sampled_from(["accept", "reject", "fix", "withdraw"]),
    row=st.sampled_from(["train/a/0", "train/a/1"]),
    digest=st.sampled_from(["0" * 32, "1" * 32]),
    reviewer=st.sampled_from(["ann", "bo", "cy"]),
    at=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:01.5Z"]),
    note=st.sampled_from(["", "why"]),
)


@given(st.lists(DECISIONS, max_size=12).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_neither_order_nor_repetition_of_lines_counts(both):
    """So git may merge two files of decisions in any way."""
    given_order, other = both
    assert rulings_of(given_order) == rulings_of([*other, *other])
    assert rulings_key(rulings_of(given_order)) == rulings_key(rulings_of(other))


def test_a_digest_is_of_names_and_values_and_takes_classes_and_turns_as_they_are_stored():
    assert row_digest({"a": "x", "b": "y"}, ["b", "a"]) == row_digest(
        {"b": "y", "a": "x", "c": "z"}, ["a", "b"]
    )
    assert row_digest({"a": "x"}, ["a"]) != row_digest({"a": "y"}, ["a"])
    assert row_digest({"a": "x"}, ["a"]) != row_digest({"b": "x"}, ["b"])
    turns = [{"role": "user", "content": "Hi"}]
    assert row_digest({"a": turns}, ["a"]) == row_digest({"a": ({"content": "Hi", "role": "user"},)}, ["a"])


def test_only_what_changes_rows_changes_the_fingerprint(tmp_path):
    plain = fingerprint(load_spec(write_spec(tmp_path)))
    assert fingerprint(written(tmp_path, [])) == plain
    assert fingerprint(written(tmp_path, [decision("accept")])) == plain
    assert (
        fingerprint(written(tmp_path, [decision(note="a"), decision("withdraw", at="2027-01-01T00:00:00Z")]))
        == plain
    )
    rejected = written(tmp_path, [decision()])
    assert rejected.files == {FILE: decision_line(decision()) + "\n"}, "a release carries the decisions"
    assert fingerprint(rejected) != plain
    assert fingerprint(
        written(tmp_path, [decision(note="why", reviewer="bo", at="2027-01-01T00:00:00Z")])
    ) == (fingerprint(rejected)), "who said so, when and why changes no row"
    fixes = [written(tmp_path, [decision("fix", values=(("text", text),))]) for text in ("One.", "Two.")]
    assert len({plain, fingerprint(rejected), *map(fingerprint, fixes)}) == 4
    assert ingredients(rejected).keys() - ingredients(load_spec(write_spec(tmp_path))).keys() == {"reviews"}


@pytest.mark.parametrize("name", ["none.review.jsonl", "../out.jsonl", "/etc/passwd"])
def test_a_file_that_cannot_be_read_is_a_problem_of_the_spec(tmp_path, name):
    with pytest.raises(SpecError, match="reviews"):
        load_spec(write_spec(tmp_path, reviews=name))


def test_bad_lines_are_problems_of_the_spec_with_their_numbers(tmp_path):
    (tmp_path / FILE).write_text("{}\n\nnope\n")
    with pytest.raises(SpecError) as wrong:
        load_spec(write_spec(tmp_path, reviews=FILE))
    assert "line 1 of" in str(wrong.value)
    assert "line 3 of" in str(wrong.value)
    (tmp_path / FILE).write_bytes(b"\xff\n")
    with pytest.raises(SpecError, match="UTF-8"):
        load_spec(write_spec(tmp_path, reviews=FILE))


def test_a_fix_to_a_class_or_of_a_column_that_is_gone_is_left_out_and_counted(tmp_path):
    fixes = [
        decision("fix", row="train/positive/0", values=(("label", "neutral"),)),
        decision("fix", row="train/positive/1", values=(("product", "phone"),)),
        decision("fix", row="train/positive/2", values=(("label", "negative"), ("text", "Fine."))),
    ]
    reviews = written(tmp_path, fixes).reviews
    assert reviews is not None
    assert (list(reviews.rulings), reviews.unfit) == (["train/positive/2"], 2)


def test_what_other_stored_columns_are_computed_from_cannot_be_fixed(tmp_path):
    columns = review_spec()["columns"]
    assert fixable(load_spec(write_spec(tmp_path)).columns) == {"label": ("negative", "positive"), "text": ()}
    shout = {**columns, "title": {"text": "About: {{ text }}"}}
    assert [*fixable(load_spec(write_spec(tmp_path, columns=shout)).columns)] == ["label"]
    hidden = {**columns, "title": {"text": "About: {{ text }}", "hidden": True}}
    assert [*fixable(load_spec(write_spec(tmp_path, columns=hidden)).columns)] == ["label", "text"]
    fields = {
        "label": columns["label"],
        "review": {
            "fields": {"title": "string", "stars": "integer", "aspect": {"classes": ["a", "b"]}},
            "prompt": "Write a {{ label }} review.",
        },
    }
    assert fixable(load_spec(write_spec(tmp_path, columns=fields)).columns) == {
        "label": ("negative", "positive"),
        "title": (),
        "aspect": ("a", "b"),
    }
