"""What a spec says about real rows, and what is said of its mistakes."""

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.spec import fingerprint, load_spec, with_overrides

HEAD = "name: x\nmodel: m\n"
ROWS = "text,label,lang\ngood one,pos,en\nbad one,neg,en\nanother good one,pos,de\n"
SPEC = """\
seeds: {file: rows.csv, label: label}
columns:
  label: {classes: [pos, neg]}
  shown: {seed: text, same: label}
  text: {prompt: "{{ shown }}"}
splits: {train: 4, test: 2}
"""


def spec_of(folder, text=SPEC, rows=ROWS, name="rows.csv"):
    (folder / name).write_text(rows, encoding="utf-8")
    (folder / "x.synth.yaml").write_text(HEAD + text, encoding="utf-8")
    return load_spec(folder)


def problems_of(folder, text=SPEC, rows=ROWS):
    with pytest.raises(SpecError) as caught:
        spec_of(folder, text, rows)
    return [
        (problem.line, problem.where, f"{problem.message} ({problem.hint})")
        for problem in caught.value.problems
    ]


def test_seeds_are_read_and_the_rest_follows_from_the_spec(tmp_path):
    seeds = spec_of(tmp_path).seeds
    assert seeds.data.columns["text"] == ("good one", "bad one", "another good one")
    assert seeds.shares == (("train", 4.0), ("test", 2.0))
    assert seeds.copies == {"text": 0.8}
    assert len(set(seeds.data.ids)) == 3


@pytest.mark.parametrize(
    ("edit", "line", "where", "words"),
    [
        (("rows.csv", "row.csv"), 3, "seeds.file", "did you mean 'rows.csv'"),
        (("rows.csv", "../rows.csv"), 3, "seeds.file", "outside of the spec's folder"),
        (("rows.csv", "rows.xlsx"), 3, "seeds.file", "none of .csv"),
        (("label: label}", "label: lable}"), 3, "seeds.label", "did you mean 'label'"),
        (("seed: text", "seed: texts"), 6, "columns.shown.seed", "did you mean 'text'"),
        (("same: label", "same: lable"), 6, "columns.shown.same", "did you mean 'label'"),
        (("[pos, neg]", "[pos, mixed]"), 6, "columns.shown.same", "no seed has the label 'mixed'"),
        ((", label: label}", "}"), 6, "columns.shown.same", "no label to compare"),
        (("seeds: {file: rows.csv, label: label}\n", ""), 5, "columns.shown.seed", "no `seeds:`"),
        (("rows.csv,", "rows.csv, hub: a/b,"), 3, "seeds.hub", "pinned by its commit"),
        (("rows.csv,", "rows.csv, hub: a/b, revision: main,"), 3, "seeds.revision", "40 hex digits"),
        (("rows.csv,", "rows.csv, lable: x,"), 3, "seeds.lable", "did you mean 'label'"),
        (("rows.csv,", "rows.csv, shares: {tests: 1},"), 3, "seeds.shares.tests", "did you mean 'test'"),
        (("same: label", "of: text"), 6, "columns.shown.of", "no column of kind `seed`"),
        (("same: label", "vary: true, near: label"), 6, "columns.shown.near", "choose one"),
        (("same: label", "vary: true, count: 2"), 6, "columns.shown.count", "one seed"),
        (("same: label", "classes: [good one]"), 6, "columns.shown.classes", "'bad one'"),
        (("splits:", "checks: {shown: {seed_copy: 0.5}}\nsplits:"), 8, "checks.shown", "model writes"),
        (("splits:", "  seed_ids: {sample: [a]}\nsplits:"), 8, "columns.seed_ids", "ids: false"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path, edit, line, where, words):
    found = problems_of(tmp_path, SPEC.replace(*edit, 1))
    assert any((at, place) == (line, where) and words in said for at, place, said in found), found


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS + "x,y\n", "line 5: 2 values, the header names 3"),
        (ROWS + " ,pos,en\n", "line 5: no text in 'text'"),
        (ROWS + "fine,,en\n", "line 5: no value in 'label'"),
        ("text,label\n", "holds no row"),
    ],
)
def test_a_broken_row_is_told_with_its_line(tmp_path, rows, words):
    assert any(words in said for _, _, said in problems_of(tmp_path, rows=rows))


def test_content_counts_and_names_and_the_order_of_drawn_rows_do_not(tmp_path):
    one = fingerprint(spec_of(tmp_path))
    head, *rows = ROWS.splitlines(keepends=True)
    assert fingerprint(spec_of(tmp_path, rows=head + "".join(rows[::-1]))) == one
    assert fingerprint(spec_of(tmp_path, SPEC.replace("rows.csv", "b.csv"), name="b.csv")) == one
    assert fingerprint(spec_of(tmp_path, rows=ROWS + "a new one,neg,en\n")) != one
    assert fingerprint(spec_of(tmp_path, rows=ROWS + rows[0])) == one  # there already
    varied = SPEC.replace("same: label", "vary: true")
    assert fingerprint(spec_of(tmp_path, varied)) != fingerprint(
        spec_of(tmp_path, varied, head + "".join(rows[::-1]))
    )


def test_fewer_rows_move_no_seed(tmp_path):
    spec = spec_of(tmp_path)
    assert with_overrides(spec, num_examples={"train": 100}).seeds == spec.seeds


def test_a_dataset_on_the_hub_is_not_looked_at(tmp_path):
    text = SPEC.replace("file: rows.csv", f"file: a.parquet, hub: org/name, revision: {'a' * 40}")
    spec = spec_of(tmp_path, text)
    assert spec.seeds.data is None
    assert fingerprint(spec) != fingerprint(spec_of(tmp_path, text.replace("a" * 40, "b" * 40)))


def test_ids_can_be_left_out_and_labels_declared(tmp_path):
    text = SPEC.replace("label: label}", "label: label, ids: false}").replace(
        "  text:", "  was: {seed: label, of: shown, classes: [neg, pos]}\n  text:"
    )
    assert [column.name for column in spec_of(tmp_path, text).columns] == [
        "label",
        "shown.seeds",
        "shown",
        "was",
        "text",
    ]
