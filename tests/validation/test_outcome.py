import json
from dataclasses import replace

import pytest

from synth_datasets.plan.row import RowKey
from synth_datasets.validation.outcome import Example, Missing, Rejection, Source, Tally

ROW = RowKey("train", "positive", 0)


def _rejection(reason, *, row=ROW, tokens=(0, 0)):
    return Rejection(
        row=row,
        column="text",
        attempt=0,
        reason=reason,
        detail="",
        text="x",
        key="k",
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
    )


SOURCE = Source(
    column="text",
    attempt=1,
    key="k",
    seed=1,
    messages=(("user", "x"),),
    text="Fine.",
    model="m",
    prompt_tokens=10,
    completion_tokens=5,
)


@pytest.fixture
def tally() -> Tally:
    counted = Tally()
    rejections = (_rejection("refusal", tokens=(9, 4)), _rejection("endpoint_error"))
    counted.add(Example(row=ROW, values={"text": "Fine."}, sources=(SOURCE,), rejections=rejections))
    other = RowKey("train", "negative", 3)
    counted.add(Missing(row=other, column="text", rejections=(_rejection("too_short", row=other),)))
    return counted


def test_rows_answers_and_tokens_are_counted(tally):
    assert tally.accepted == {"positive": 1}
    assert tally.missing == {"negative": 1}
    assert tally.rejected == {
        ("positive", "text", "refusal"): 1,
        ("positive", "text", "endpoint_error"): 1,
        ("negative", "text", "too_short"): 1,
    }
    assert tally.answers == 3, "a request that failed is no answer"
    assert (tally.prompt_tokens, tally.completion_tokens) == (19, 9)


def test_what_the_endpoint_did_not_take_is_counted_by_answer(tally):
    plain = json.dumps(tally.to_json())
    assert "notes" not in plain, "absent when there is nothing to say"
    noted = replace(SOURCE, notes=("seed left out", "stop left out"))
    refused = replace(_rejection("refusal"), notes=("seed left out",))
    tally.add(Example(row=ROW, values={}, sources=(noted,), rejections=(refused,)))
    assert tally.notes == {"seed left out": 2, "stop left out": 1}
    assert Tally.from_json(json.loads(json.dumps(tally.to_json()))) == tally


def test_a_tally_goes_through_a_file(tally):
    data = json.loads(json.dumps(tally.to_json()))
    assert data["rejected"][0] == ["negative", "text", "too_short", 1]
    assert Tally.from_json(data) == tally
    assert Tally.from_json(json.loads(json.dumps(Tally().to_json()))) == Tally()


def test_equal_tallies_are_written_alike():
    one, other = Tally(), Tally()
    for strata, counted in ((("a", "b"), one), (("b", "a"), other)):
        for stratum in strata:
            counted.accepted[stratum] += 1
            counted.rejected[stratum, "text", "empty"] += 2
    assert json.dumps(one.to_json()) == json.dumps(other.to_json())


def test_the_funnel_reads_from_answers_to_reasons(tally):
    tally.rejected["negative", "text", "too_short"] += 11
    assert tally.funnel() == [
        "3 answers: 1 rows, 14 rejected, 1 rows missing",
        "      12 too_short",
        "       1 endpoint_error",
        "       1 refusal",
    ]
    assert Tally().funnel() == ["0 answers: 0 rows, 0 rejected"]
