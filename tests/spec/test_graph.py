import pytest

from synth_datasets.spec import column_order, inputs, outputs
from synth_datasets.spec.graph import find_cycle
from synth_datasets.spec.model import PerValue, TextColumn
from synth_datasets.spec.templates import Template


def _text(name, source):
    return TextColumn(name=name, template=PerValue(None, {}, Template(source)))


def test_inputs_are_what_any_part_reads(parse, full):
    columns = {column.name: column for column in parse(full).columns}
    assert inputs(columns["label"]) == inputs(columns["stars"]) == inputs(columns["product"]) == frozenset()
    assert inputs(columns["place"]) == {"label"}
    assert inputs(columns["opener"]) == {"label", "product"}
    assert inputs(columns["text"]) == {"label", "product", "tone", "place", "stars", "opener"}
    assert inputs(columns["review"]) == {"text", "label"}
    assert inputs(columns["hint"]) == {"aspect"}


def test_examples_are_inputs_too(parse):
    spec = parse(
        "name: d\nmodel: x\nsplits: {train: 1}\ncolumns:\n  a: {sample: [p]}\n  b: {sample: [q]}\n"
        "  t: {prompt: Say., examples: [{prompt: '{{ a }}', answer: '{{ b }}'}]}\n"
    )
    assert inputs(spec.columns[2]) == {"a", "b"}


def test_a_group_gives_its_fields(parse, full):
    columns = {column.name: column for column in parse(full).columns}
    assert outputs(columns["review"]) == ("title", "rating", "aspect", "keywords")
    assert outputs(columns["text"]) == ("text",)


def test_columns_come_after_what_they_read_and_else_in_the_files_order():
    columns = [_text("d", "{{ b }}{{ elsewhere }}"), _text("a", "x"), _text("b", "{{ c }}"), _text("c", "x")]
    assert [column.name for column in column_order(columns)] == ["a", "c", "b", "d"]
    columns = [_text("a", "x"), _text("b", "x"), _text("c", "{{ a }}")]
    assert [column.name for column in column_order(columns)] == ["a", "b", "c"]


def test_a_cycle_is_named():
    columns = [_text("z", "{{ c }}"), _text("a", "{{ b }}"), _text("b", "{{ c }}"), _text("c", "{{ a }}")]
    assert find_cycle(columns) == ("a", "b", "c", "a")
    assert find_cycle(columns[:3]) == ()
    with pytest.raises(ValueError, match="a -> b -> c -> a"):
        column_order(columns)
