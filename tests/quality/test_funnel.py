from synth_datasets.quality.funnel import rejection_funnel
from synth_datasets.validation.outcome import Tally


def tally(answers, accepted, rejected, missing=()):
    made = Tally(answers=answers, prompt_tokens=10, completion_tokens=5)
    made.accepted.update(dict(accepted))
    made.rejected.update(dict(rejected))
    made.missing.update(dict(missing))
    return made


def test_every_answer_ends_as_kept_or_rejected_for_a_reason():
    found = rejection_funnel(
        [tally(10, {"a": 4, "b": 2}, {("a", "text", "refusal"): 1, ("b", "text", "echo"): 3}, {"b": 1})]
    )
    assert (found.answers, found.kept, found.acceptance_rate) == (10, 6, 0.6)
    assert list(found.rejected.items()) == [("echo", 3), ("refusal", 1)]
    assert (found.accepted_rows, found.missing_rows) == (6, 1)
    assert found.by_class["b"].answers == 5
    assert found.by_class["b"].rejected == {"echo": 3}
    assert found.by_class["b"].missing_rows == 1


def test_splits_add_up():
    one, other = tally(3, {"a": 2}, {("a", "text", "echo"): 1}), tally(4, {"a": 4}, {})
    found = rejection_funnel([one, other])
    assert (found.answers, found.accepted_rows, found.prompt_tokens, found.completion_tokens) == (
        7,
        6,
        20,
        10,
    )
    assert one.answers == 3, "what was given is left as it was"


def test_rows_of_several_answers_leave_the_answers_by_class_unmeasured():
    """Two columns a row: 4 rows take 8 kept answers, and nothing says whose class a kept answer was."""
    found = rejection_funnel([tally(9, {"a": 4}, {("a", "title", "echo"): 1})])
    assert found.kept == 8
    assert found.by_class["a"].answers is None
    assert found.by_column == {"title": {"echo": 1}}


def test_ties_are_ordered_by_name():
    found = rejection_funnel([tally(2, {}, {("", "t", "z"): 1, ("", "t", "b"): 1})])
    assert list(found.rejected) == ["b", "z"]


def test_without_answers_there_is_no_rate():
    assert rejection_funnel([]).acceptance_rate is None
