import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest

from synth_datasets.quality.document import plain, restore, schema


@dataclass(frozen=True)
class Inner:
    """Something inside."""

    share: float | None
    kind: Literal["x", "y"]


@dataclass(frozen=True)
class Outer:
    """Something outside."""

    name: str
    counts: Mapping[str, int]
    parts: tuple[Inner, ...]
    pair: tuple[str, int]
    sure: bool


WHOLE = Outer("n", {"a": 1}, (Inner(0.5, "x"), Inner(None, "y")), ("p", 2), sure=True)


def test_what_is_written_is_read_back():
    assert restore(Outer, json.loads(json.dumps(plain(WHOLE)))) == WHOLE


def test_floats_are_rounded_and_whole_numbers_read_as_floats():
    assert plain(Inner(1 / 3, "x")) == {"share": 0.333333, "kind": "x"}
    assert restore(Inner, {"share": 1, "kind": "x"}).share == 1.0


def test_unknown_keys_are_passed_over():
    assert restore(Inner, {"share": None, "kind": "x", "later": []}) == Inner(None, "x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, r"report.name: expected string, found '3'"),
        ({"counts": {"a": "1"}}, r"report.counts.a: expected integer"),
        ({"counts": {"a": True}}, r"report.counts.a: expected integer"),
        ({"parts": [{"share": "?", "kind": "x"}]}, r"report.parts\[0\].share: expected number"),
        ({"parts": [{"share": None, "kind": "z"}]}, r"report.parts\[0\].kind: expected one of x, y"),
        ({"parts": [{"kind": "x"}]}, r"report.parts\[0\]: share is missing"),
        ({"parts": {}}, r"report.parts: expected a list"),
        ({"parts": [1]}, r"report.parts\[0\]: expected an object"),
        ({"pair": ["p"]}, r"report.pair: expected 2 items"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change, message):
    with pytest.raises(ValueError, match=message):
        restore(Outer, {**plain(WHOLE), **change})


def test_the_schema_says_what_is_written():
    found = schema(Outer)
    assert found["description"] == "Something outside."
    assert found["required"] == ["name", "counts", "parts", "pair", "sure"]
    assert found["properties"]["counts"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert found["properties"]["parts"]["items"]["properties"]["share"] == {
        "anyOf": [{"type": "number"}, {"type": "null"}]
    }
    assert found["properties"]["pair"]["prefixItems"] == [{"type": "string"}, {"type": "integer"}]
