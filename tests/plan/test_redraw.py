"""Rows that are ruled out are drawn again: which ones move, to what, and what happens when nothing is left."""

from collections import Counter
from dataclasses import replace

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.plan.plan import Plan
from synth_datasets.spec import parse_spec, with_overrides

TEXT = """
name: demo
model: gpt-5-mini
columns:
  label: {classes: [good, bad]}
  product: {sample: {phone: 3, novel: 1}}
  topic: {sample: [battery, plot, price]}
  tone: {sample: [flat, warm, odd]}
  stars: {number: {min: 1, max: 5}}
  text: {prompt: "{{ label }} {{ product }}"}
never:
  - {product: novel, topic: battery}
  - {product: phone, topic: plot}
  - "{{ (label == 'good') == (stars < 3) }}"
splits: {train: 1200}
"""


def spec_of(text: str = TEXT):
    return parse_spec(text, origin="demo.synth.yaml", read_file=str)


def values_of(spec) -> list[dict[str, object]]:
    plan = Plan(spec, {})
    return [plan.values(key) for key in plan.rows("train")]


def test_no_row_is_ruled_out_and_those_that_were_fine_do_not_move():
    spec = spec_of()
    ruled, free = values_of(spec), values_of(replace(spec, never=()))
    assert not any(rule.holds(row) for rule in spec.never for row in ruled)
    fine = [not any(rule.holds(row) for rule in spec.never) for row in free]
    assert [row for row, good in zip(ruled, fine, strict=True) if good] == [
        row for row, good in zip(free, fine, strict=True) if good
    ]
    assert 0 < sum(fine) < len(fine)


def test_only_what_a_broken_rule_reads_is_drawn_again():
    spec = spec_of()
    for ruled, free in zip(values_of(spec), values_of(replace(spec, never=())), strict=True):
        broken = [rule for rule in spec.never if rule.holds(free)]
        reads = frozenset().union(*(rule.reads for rule in broken)) - {"label"}
        if not any({"product", "topic"} & rule.reads for rule in broken):
            assert (ruled["product"], ruled["topic"]) == (free["product"], free["topic"])
        assert {name for name in free if free[name] != ruled[name]} <= reads | {"topic", "product"}
        assert (ruled["label"], ruled["tone"]) == (free["label"], free["tone"])


def test_what_is_allowed_keeps_its_weights():
    counts = Counter((row["product"], row["topic"]) for row in values_of(spec_of()))
    assert set(counts) == {("phone", "battery"), ("phone", "price"), ("novel", "plot"), ("novel", "price")}
    phones = counts["phone", "battery"] + counts["phone", "price"]
    assert 0.69 < phones / 1200 < 0.81


def test_a_longer_split_keeps_its_rows():
    spec = spec_of()
    assert values_of(with_overrides(spec, num_examples=300)) == values_of(spec)[:300]


def test_a_rule_that_leaves_nothing_to_a_row_is_named():
    text = TEXT.replace(
        "stars: {number: {min: 1, max: 5}}", "stars: {number: {min: 0.5, max: 1.5, step: 0.001}}"
    )
    with pytest.raises(
        SpecError, match=r"demo.synth.yaml.*\n.*no row like train/good/0 .* of 1000 draws .*stars < 3"
    ):
        values_of(spec_of(text))
