"""`perplexity` under `checks`: the question it becomes, what changes the fingerprint, and what is wrong with it."""

import pytest

from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
from synth_datasets.spec.fingerprint import fingerprint
from synth_datasets.spec.model import FieldsColumn
from synth_datasets.spec.overrides import with_overrides

HEAD = "name: demo\nmodel: gpt-5-mini\nsplits: {train: 10}\n"
COLUMNS = (
    "columns:\n"
    "  label: {classes: [good, bad]}\n"
    "  text: {prompt: 'A {{ label }} text'}\n"
    "  told: {fields: {title: string, stars: integer, tags: list}, prompt: 'About {{ text }}'}\n"
)
WRONG = {
    "one number": ("{text: {perplexity: 80}}", ["expected two numbers, [least, most]"]),
    "three numbers": ("{text: {perplexity: [1, 2, 3]}}", ["expected two numbers"]),
    "the wrong way round": (
        "{text: {perplexity: [90, 10]}}",
        ["checks.text.perplexity", "expected [least, most], found [90, 10]"],
    ),
    "what no text has": (
        "{text: {perplexity: [0, 0.5]}}",
        ["no text has a perplexity of 0.5 or less", "it goes from 1 upwards"],
    ),
    "an unknown key": (
        "{text: {perplexity: {within: [5, 90], tokns: 32}}}",
        ["unknown key 'tokns'", "did you mean 'tokens'?"],
    ),
    "too many tokens": ("{text: {perplexity: {within: [5, 90], tokens: 100000}}}", ["4096"]),
    "a list": ("{tags: {perplexity: [5, 90]}}", ["'tags' is no text that the model writes"]),
    "a whole answer": (
        "{told: {perplexity: [5, 90]}}",
        ["`perplexity` applies to texts that the model writes", "name a column or a field that holds a text"],
    ),
    "a label": ("{label: {perplexity: [5, 90]}}", ["'label' is no text that the model writes"]),
    "a column that is there": (
        "{text: {perplexity: {within: [5, 90], column: label}}}",
        ["the name 'label' is taken"],
    ),
    "a column that is no name": (
        "{text: {perplexity: {within: [5, 90], column: a b}}}",
        ["'a b' is no name for a column"],
    ),
    "two columns of one name": (
        "{text: {perplexity: {within: [5, 90], column: p}}, title: {perplexity: {within: [5, 90], column: p}}}",
        ["the name 'p' is taken"],
    ),
}


def with_checks(parse, checks: str):
    return parse(f"{HEAD}{COLUMNS}checks: {checks}\n")


@pytest.mark.parametrize(("checks", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_one_problem_that_says_what_to_write(problems, checks, words):
    [(line, problem)] = problems(f"{HEAD}{COLUMNS}checks: {checks}\n")
    assert line == 8
    assert all(each in problem for each in words), problem


def test_the_check_becomes_a_hidden_question_to_the_embedded_model(parse):
    spec = with_checks(parse, "{text: {perplexity: [5, 90]}}")
    column = spec.columns[-1]
    assert isinstance(column, FieldsColumn)
    assert (column.name, column.judges, column.reads, column.hidden) == ("text.perplexity", "text", 64, True)
    assert (column.prompt.model.id, column.prompt.model.temperature) == (EMBEDDED_MODEL_ID, None)
    assert (spec.checks["text.perplexity"].perplexity, spec.checks["text.perplexity"].blames) == (
        (5.0, 90.0),
        "text",
    )


def test_a_field_is_read_by_itself_and_its_whole_answer_is_to_blame(parse):
    spec = with_checks(
        parse, "{title: {perplexity: {within: [5, 90], model: org/base, tokens: 8, column: ppl}}}"
    )
    column = spec.columns[-1]
    assert isinstance(column, FieldsColumn)
    assert ([each.name for each in column.fields], column.reads, column.hidden) == (["ppl"], 8, False)
    assert (column.prompt.model.id, spec.checks[column.name].blames) == ("org/base", "told")


def test_bounds_reader_and_tokens_are_in_the_fingerprint_and_specs_without_the_check_keep_theirs(parse):
    plain = fingerprint(with_checks(parse, "{}"))
    given = (
        "[5, 90]",
        "[5, 91]",
        "{within: [5, 90], tokens: 63}",
        "{within: [5, 90], model: x}",
        "{within: [5, 90], column: p}",
    )
    prints = [fingerprint(with_checks(parse, f"{{text: {{perplexity: {each}}}}}")) for each in given]
    same = fingerprint(with_checks(parse, "{text: {perplexity: {within: [5, 90], tokens: 64}}}"))
    assert len({plain, *prints}) == 6
    assert same == prints[0]


def test_another_model_for_the_texts_leaves_the_reader_as_it_is(parse):
    text = f"{HEAD}{COLUMNS}checks: {{text: {{perplexity: [5, 90]}}}}\n".replace(
        "gpt-5-mini", EMBEDDED_MODEL_ID
    )
    changed = with_overrides(parse(text), model="gpt-5", temperature=0.5, max_tokens=20)
    writer, reader = changed.columns[1], changed.columns[-1]
    assert (writer.prompt.model.id, writer.prompt.model.max_tokens) == ("gpt-5", 20)
    assert (reader.prompt.model.id, reader.prompt.model.max_tokens) == (EMBEDDED_MODEL_ID, 1)
