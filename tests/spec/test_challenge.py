"""Columns that test a model, as a spec writes them."""

import pytest

from synth_datasets.spec import column_order, fingerprint
from synth_datasets.spec.challenges import CHALLENGES
from synth_datasets.spec.model import ClassesColumn, TextColumn
from synth_datasets.spec.perturbations import PERTURBATIONS, UNCHANGED

SPEC = """\
name: hard
model: some-model
{top}
columns:
  label: {{classes: [negative, positive]}}
  topic: {{sample: [phone, kettle]}}
  text: {{prompt: "A {{{{ label }}}} text on {{{{ topic }}}}. {{{{ slices_instruction }}}}"}}
  slices: {challenge}
  {more}
splits: {{test: 8}}
"""


def spec(challenge="{challenge: [slang, negation]}", more="hard: {perturb: text}", top="language: en"):
    return SPEC.format(challenge=challenge, more=more, top=top)


def column(made, name):
    return next(column for column in made.columns if column.name == name)


def test_a_challenge_is_a_label_with_a_hidden_instruction(parse):
    made = parse(spec())
    slices, instruction = column(made, "slices"), column(made, "slices_instruction")
    assert isinstance(slices, ClassesColumn)
    assert (slices.names, slices.weights, slices.hidden) == (("slang", "negation"), (1.0, 1.0), False)
    assert isinstance(instruction, TextColumn)
    assert instruction.hidden
    assert instruction.template.pick({"slices": "slang"}).render({}) == CHALLENGES["slang"]


def test_all_means_every_slice_and_ones_own_besides(parse):
    made = parse(spec("{challenge: all, instructions: {legalese: 'As a {{ label }} contract.', slang: Yo.}}"))
    assert column(made, "slices").names == (*CHALLENGES, "legalese")
    cases = column(made, "slices_instruction").template
    assert cases.pick({"slices": "legalese"}).render({"label": "positive"}) == "As a positive contract."
    assert cases.pick({"slices": "slang"}).render({}) == "Yo."


def test_slices_have_weights_and_other_columns_may_depend_on_them(parse):
    made = parse(
        spec("{challenge: {slang: 3, typos: 1}}", "length: {sample: {by: slices, slang: [2], typos: [3]}}")
    )
    assert column(made, "slices").weights == (3.0, 1.0)


def test_a_perturbed_text_brings_its_slice_and_names_whom_to_ask_again(parse):
    made = parse(spec(more="hard: {perturb: text, using: {typos: 2, case: 1}, strength: 0.3}"))
    rule = column(made, "hard.perturbed").rule
    assert (rule.names, rule.strength, rule.asked) == (("typos", "case"), 0.3, "text")
    assert column(made, "hard.wanted").weights == (2.0, 1.0)
    assert column(made, "hard_slice").rule.classes == ("typos", "case")
    assert [item.name for item in column_order(made.columns)][-3:] == ["hard.perturbed", "hard", "hard_slice"]


def test_a_text_that_no_model_writes_may_stay_as_it_is_and_says_so(parse):
    made = parse(spec(more="hard: {perturb: topic}"))
    assert column(made, "hard.perturbed").rule.asked == ""
    assert column(made, "hard_slice").rule.classes == (*PERTURBATIONS, UNCHANGED)


def test_perturbations_can_follow_one_another(parse):
    made = parse(
        spec(more="hard: {perturb: text, using: [typos]}\n  harder: {perturb: hard, using: [emoji]}")
    )
    assert column(made, "harder.perturbed").rule.asked == "text"


@pytest.mark.parametrize(
    ("top", "more", "names"),
    [
        ("language: de", "hard: {perturb: text}", 8),
        ("language: de", "hard: {perturb: text, distractors: [Ja.]}", 9),
        ("language: [de, en-GB]", "hard: {perturb: text}", 13),
        ("seed: 1", "hard: {perturb: text}", 13),
    ],
)
def test_perturbations_of_english_are_left_to_english(parse, top, more, names):
    assert len(column(parse(spec(more=more, top=top)), "hard.wanted").names) == names


def test_what_changes_rows_changes_the_fingerprint(parse):
    texts = [
        spec(),
        spec("{challenge: [slang, typos]}"),
        spec("{challenge: [slang, negation], instructions: {slang: Yo.}}"),
        spec(more="hard: {perturb: text, strength: 0.5}"),
        spec(more="hard: {perturb: text, using: [typos]}"),
        spec(more="hard: {perturb: text, distractors: [Beside the point.]}"),
    ]
    assert len({fingerprint(parse(text)) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        ({"challenge": "{challenge: [slnag, typos]}"}, 8, "'slnag' is no known slice"),
        ({"challenge": "{challenge: [slnag, typos]}"}, 8, "did you mean 'slang'?"),
        ({"challenge": "{challenge: some}"}, 8, "expected one of all"),
        ({"challenge": "{challenge: 3}"}, 8, "expected `all`, a list of names, or a mapping of name: weight"),
        ({"challenge": "{challenge: [slang], instructions: {typos: Oops.}}"}, 8, "not among the slices"),
        ({"challenge": "{challenge: [slang], instructions: {slang: '{{ nope }}'}}"}, 8, "names 'nope'"),
        ({"challenge": "{challenge: [slang], instruction: {slang: Yo.}}"}, 8, "did you mean 'instructions'?"),
        ({"more": "slices_instruction: {text: x}"}, 8, "'slices_instruction' is taken"),
        (
            {"more": "hard: {perturb: txt}"},
            9,
            "`perturb` names 'txt', which is no column (did you mean 'text'?)",
        ),
        ({"more": "hard: {perturb: label}"}, 9, "'label' holds no text"),
        ({"more": "hard: {perturb: text, using: [typo]}"}, 9, "did you mean 'typos'?"),
        ({"more": "hard: {perturb: text, usign: [typos]}"}, 9, "did you mean 'using'?"),
        ({"more": "hard: {perturb: text, strength: 2}"}, 9, "must be at most 1"),
        ({"more": "hard: {perturb: hard}"}, 9, "reads itself"),
        ({"more": "hard: {perturb: text, using: [typos], distractors: [So.]}"}, 9, "nothing uses them"),
        ({"more": "hard: {perturb: text, using: [slang]}", "top": "language: de"}, 9, "knows English only"),
        (
            {"more": "secret: {text: So., hidden: true}\n  hard: {perturb: secret}"},
            10,
            "the text as it was would be lost",
        ),
        (
            {"more": "pair: {fields: {n: integer}, prompt: x}\n  hard: {perturb: n}"},
            10,
            "the field 'n' holds no text",
        ),
        ({"more": "hard: {perturb: text}\n  hard_slice: {text: x}"}, 9, "'hard_slice' is taken"),
        (
            {"more": "more: {sample: {by: hard_slice, typos: [1]}}\n  hard: {perturb: text}"},
            9,
            "fixed set of values",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(problems, change, line, words):
    found = problems(spec(**change))
    assert any(at == line and words in said for at, said in found), found
