"""Counts of classes in a split, as written or as real rows lack them."""

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.plan.plan import Plan
from synth_datasets.spec import load_spec, with_overrides

HEAD = "name: x\nmodel: m\n"
ROWS = "text,label,lang\n" + "a,pos,en\n" * 5 + "b,neg,en\n" * 2 + "c,pos,de\n"
SPEC = """\
balance: {file: rows.csv, column: label}
columns:
  label: {classes: [pos, mixed, neg]}
  lang: {classes: [en, de]}
  text: {prompt: "{{ label }}"}
splits: {train: balance, test: 3}
"""


def spec_of(folder, text=SPEC):
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    (folder / "x.synth.yaml").write_text(HEAD + text, encoding="utf-8")
    return load_spec(folder)


@pytest.mark.parametrize(
    ("to", "quotas"),
    [
        ("", {"pos": 0, "mixed": 6, "neg": 4}),
        (", to: 8", {"pos": 2, "mixed": 8, "neg": 6}),
        (", to: {neg: 7}", {"pos": 0, "mixed": 0, "neg": 5}),
    ],
)
def test_the_split_makes_exactly_what_is_missing(tmp_path, to, quotas):
    spec = spec_of(tmp_path, SPEC.replace("column: label", f"column: label{to}"))
    plan = Plan(spec, {})
    assert plan.quotas("train") == quotas
    rows = [key.stratum for key in plan.rows("train")]
    assert {name: rows.count(name) for name in quotas} == quotas
    assert plan.quotas("test") == {"pos": 1, "mixed": 1, "neg": 1}


def test_cells_of_two_columns_are_completed(tmp_path):
    spec = spec_of(tmp_path, SPEC.replace("column: label", "column: [label, lang]").replace("mixed, ", ""))
    plan = Plan(spec, {})
    found = [(key.stratum, plan.values(key)["lang"]) for key in plan.rows("train")]
    assert {cell: found.count(cell) for cell in set(found)} == {
        ("pos", "de"): 4,
        ("neg", "en"): 3,
        ("neg", "de"): 5,
    }


def test_an_override_keeps_the_proportion(tmp_path):
    spec = with_overrides(spec_of(tmp_path), num_examples={"train": 5})
    assert Plan(spec, {}).quotas("train") == {"pos": 0, "mixed": 3, "neg": 2}


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("rows.csv", "no.csv", "balance.file", "no file"),
        ("column: label", "column: {label: lable}", "balance.file", "did you mean 'label'"),
        ("column: label", "column: text", "balance.column", "none of the first two"),
        ("column: label", "column: lang", "balance.column", "first `classes` column"),
        ("column: label", "column: label, to: {nag: 3}", "balance.to.nag", "did you mean 'neg'"),
        ("column: label", "column: [label, lang], to: {neg: 3}", "balance.to", "one number"),
        ("column: label", "column: label, to: 0", "balance", "nothing is missing"),
        ("[pos, mixed, neg]", "[pos, mixed]", "balance", "2 rows of the data have 'neg'"),
        ("train: balance", "train: 4", "splits", "one split must say `balance`"),
        ("test: 3", "test: balance", "splits", "found 2"),
        ("balance: {file: rows.csv, column: label}\n", "", "splits.train", "no `balance:`"),
        ("test: 3", "test: {pos: 1, nag: 1}", "splits.test.nag", "did you mean 'neg'"),
        ("test: 3", "test: {pos: {fr: 1}}", "splits.test.pos.fr", "no class of lang"),
        ("test: 3", "test: 1.5", "splits.test", "whole number"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path, old, new, where, words):
    with pytest.raises(SpecError) as caught:
        spec_of(tmp_path, SPEC.replace(old, new, 1))
    found = [(problem.where, f"{problem.message} ({problem.hint})") for problem in caught.value.problems]
    assert any(place == where and words in said for place, said in found), found


def test_counts_of_a_split_are_met_class_by_class_and_cell_by_cell(tmp_path):
    counts = "{neg: {en: 4, de: 1}, pos: 6}"
    spec = spec_of(tmp_path, SPEC.replace("test: 3", f"test: {counts}"))
    plan = Plan(spec, {})
    assert spec.splits[1].num_examples == 11
    found = [(key.stratum, plan.values(key)["lang"]) for key in plan.rows("test")]
    assert found.count(("neg", "en")) == 4
    assert found.count(("neg", "de")) == 1
    assert (found.count(("pos", "en")), found.count(("pos", "de"))) == (3, 3)
    assert len(found) == 11


def test_counts_in_one_split_leave_the_rows_of_others_alone(tmp_path):
    plain, counted = (
        spec_of(tmp_path),
        spec_of(
            tmp_path,
            SPEC.replace("train: balance", "train: {neg: 9, pos: 4}").replace(
                "balance: {file: rows.csv, column: label}\n", ""
            ),
        ),
    )
    rows = [list(Plan(spec, {}).rows("test")) for spec in (plain, counted)]
    assert rows[0] == rows[1]
    assert sorted(map(str, Plan(counted, {}).decision_rows())) == sorted(
        str(key) for split in ("train", "test") for key in Plan(counted, {}).rows(split)
    )
