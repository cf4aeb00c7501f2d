import json
from pathlib import Path

import pytest
from specs import review_spec

from synth_datasets.errors import SpecError
from synth_datasets.spec import fingerprint, parse_spec

COLUMNS = {
    "label": {"classes": ["bad", "good"]},
    "origin": {"sample": ["north", "south"]},
    "tone": {"sample": ["plain", "warm"], "hidden": True},
    "text": {"prompt": "Write a {{ tone }} {{ label }} note from the {{ origin }}."},
}
TERMS = {"pronoun": {"she": ["she", "her"], "he": ["he", "his"]}}


def parsed(**changes):
    spec = review_spec(columns=COLUMNS, **{"checks": {}, **changes})
    return parse_spec(json.dumps(spec), origin="b.synth.yaml", read_file=Path.read_text)


def test_attributes_are_columns_or_words_and_change_no_row():
    spec = parsed(bias={"attributes": ["origin", "pronoun"], "terms": TERMS})
    assert [(each.name, bool(each.terms)) for each in spec.bias.attributes] == [
        ("origin", False),
        ("pronoun", True),
    ]
    assert (spec.bias.text, spec.bias.label) == ("text", "label")
    assert fingerprint(spec) == fingerprint(parsed())


@pytest.mark.parametrize(
    ("bias", "said"),
    [
        ({"attributes": ["tone"]}, "'tone' is neither a stored column nor one of `terms`"),
        ({"attributes": ["orign"]}, "origin"),
        ({"attributes": ["origin"], "terms": TERMS}, "'pronoun' is none of the attributes"),
        ({"attributes": ["origin"], "label": "text"}, "'text' is not a stored column of classes"),
        ({"attributes": ["origin"], "text": "label"}, "'label' is not a stored text"),
        ({"attributes": ["x"], "terms": {"x": {"one": ["a"]}}}, "bias"),
    ],
)
def test_what_cannot_be_measured_is_a_problem_of_the_spec(bias, said):
    with pytest.raises(SpecError, match=r".*") as error:
        parsed(bias=bias)
    assert said in str(error.value)
