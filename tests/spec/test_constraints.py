"""`never`: which rules are understood, and which leave nothing."""

import pytest

HEAD = "name: demo\nmodel: gpt-5-mini\nsplits: {train: 10}\ncolumns:\n"
COLUMNS = (
    "  label: {classes: [good, bad]}\n"
    "  tone: {classes: [flat, warm]}\n"
    "  product: {sample: [phone, novel]}\n"
    "  part: {sample: {by: product, phone: [screen, battery], novel: [plot]}}\n"
    "  stars: {number: {min: 1, max: 5}}\n"
    "  flag: {sample: [true, false]}\n"
    "  text: {prompt: 'A {{ label }} {{ product }}'}\n"
)

WRONG = {
    "an unknown column": ("{prodct: novel}", ["'prodct', which is no column", "did you mean 'product'?"]),
    "an unknown value": ("{product: nowel}", ["'nowel' is not a value of product", "did you mean 'novel'?"]),
    "only what is balanced": ("{label: good, tone: warm}", ["nothing can be drawn again: label, tone"]),
    "what the model writes": ("\"{{ text == 'x' }}\"", ["text comes from the model", "write a check"]),
    "every value": ("{product: [phone, novel]}", ["it rules out every row (rows are drawn again"]),
    "every value of one class": (
        "\"{{ label == 'bad' and stars > 0 }}\"",
        ["it rules out every row where label is bad"],
    ),
    "what depends on what is ruled out": ("{part: [screen, battery, plot]}", ["it rules out every row"]),
    "a template without a column": ("stars > 3", ["names no column", "`{{ stars > 3 }}`"]),
    "a template that does not parse": ('"{{ stars > }}"', ["not a valid template"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_rule_that_cannot_be_kept_is_explained_on_its_line(problems, case):
    rule, words = WRONG[case]
    found = problems(f"{HEAD}{COLUMNS}never:\n  - {{product: novel, stars: 1}}\n  - {rule}\n")
    assert [line for line, _ in found] == [14]
    assert all(each in found[0][1] for each in words), found


def test_rules_that_rule_out_everything_together_are_found(problems):
    found = problems(
        f"{HEAD}{COLUMNS}never:\n  - {{product: novel, label: bad}}\n  - {{product: phone, label: bad}}\n"
    )
    assert "together they rule out every row where label is bad" in found[0][1]


def test_values_are_meant_as_rows_print_them(parse):
    spec = parse(f"{HEAD}{COLUMNS}never:\n  - {{flag: true, stars: [1, 2]}}\n")
    (rule,) = spec.never
    assert rule.holds({"flag": True, "stars": 2})
    assert not rule.holds({"flag": False, "stars": 2})
    assert str(rule) == "flag is True and stars is 1 or 2"
