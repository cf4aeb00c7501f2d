"""Scores, votes, planned sizes, languages and lists in a spec file: what they become, and what is wrong with them."""

import pytest

from synth_datasets.spec.languages import language_code
from synth_datasets.spec.model import Planned, Spoken
from synth_datasets.spec.score import written_by

HEAD = "name: demo\nmodel: gpt-5-mini\nsplits: {train: 10}\n"
COLUMNS = (
    "columns:\n"
    "  label: {classes: [good, bad]}\n"
    "  size: {number: {min: 10, max: 50}}\n"
    "  share: {number: {min: 0.5, max: 2.5}}\n"
    "  language: {sample: [en, German]}\n"
    "  text: {prompt: 'A {{ label }} text'}\n"
)
SCORE = "  q: {score: {of: text, rubric: How good?}}\n"

# What comes after the columns above, and the words that the only problem must hold.
WRONG = {
    "a score of nothing": (
        "  q: {score: {of: txt, rubric: Good?}}",
        ["columns.q.score.of", "did you mean 'text'?"],
    ),
    "a score of itself": ("  q: {score: {of: q, rubric: Good?}}", ["cannot judge itself"]),
    "a score without a range": (
        "  q: {score: {of: text, rubric: Good?, min: 3, max: 3}}",
        ["`min` 3 must be below `max` 3"],
    ),
    "a score without a rubric": ("  q: {score: {of: text}}", ["`rubric` is missing"]),
    "an unknown key of a score": (
        "  q: {score: {of: text, rubric: Good?, rational: true}}",
        ["unknown key 'rational'", "did you mean 'rationale'?"],
    ),
    "a least score out of range": (SCORE + "checks: {q: {min: 6}}", ["no score is 6: `q` goes from 1 to 5"]),
    "words of a score": (SCORE + "checks: {q: {words: [1, 2]}}", ["`words` does not apply to a score"]),
    "a least score of what is sampled": (
        "  q: {score: {of: size, rubric: Good?}}\nchecks: {q: {min: 2}}",
        ["no model writes 'size'"],
    ),
    "min of a text": ("checks: {text: {min: 2}}", ["`min` applies to columns of kind `score`"]),
    "a plan that is no column": ("checks: {text: {words: {from: sise}}}", ["'sise'", "did you mean 'size'?"]),
    "a plan of floats": ("checks: {text: {words: {from: share}}}", ["needs a column of whole numbers"]),
    "a plan from the model": ("checks: {text: {length: {from: text}}}", ["'text' comes from the model"]),
    "a language that is none": ("checks: {text: {language: xx}}", ["'xx' is no language"]),
    "a column of other values": (
        "  lang: {sample: [xx]}\nchecks: {text: {language: {from: lang}}}",
        ["'xx' is no language"],
    ),
    "an unknown key of a plan": (
        "checks: {text: {words: {from: size, wihtin: 0.1}}}",
        ["unknown key 'wihtin'", "did you mean 'within'?"],
    ),
    "an unknown key of a vote": (
        "checks: {label: {verify: {vote: 3}}}",
        ["unknown key 'vote'", "did you mean 'votes'?"],
    ),
    "an unknown key of a list's model": (
        "  p: {sample: {list: people}}\nlists: {people: {prompt: Who?, count: 3, model: {temprature: 1}}}",
        ["unknown key 'temprature'", "did you mean 'temperature'?"],
    ),
    "an unknown key of a list": (
        "  p: {sample: {list: people}}\nlists: {people: {prompt: Who?, count: 3, size: 4}}",
        ["unknown key 'size'", "known: "],
    ),
    "an unknown key of what is sampled": (
        "  p: {sample: {list: people, off: size}}\nlists: {people: {prompt: Who?, count: 3}}",
        ["unknown key 'off'", "did you mean 'of'?"],
    ),
    "a list without a count": (
        "  p: {sample: {list: people}}\nlists: {people: {prompt: Who?}}",
        ["`count` is missing"],
    ),
    "a column without values": ("checks: {text: {language: {from: size}}}", ["a fixed set of values"]),
    "votes on no label": ("checks: {size: {verify: {votes: 3}}}", ["'size' is no label"]),
    "votes that cannot agree": (
        "checks: {label: {verify: {votes: 2, agree: 3}}}",
        ["3 of 2 votes cannot agree"],
    ),
    "votes on an unknown text": (
        "checks: {label: {verify: {of: txt}}}",
        ["checks.label.verify.of", "did you mean 'text'?"],
    ),
    "votes on one of two texts": (
        "  more: {prompt: Say.}\nchecks: {label: {verify: {votes: 3}}}",
        ["which text do the votes see? The model writes text, more"],
    ),
    "votes that see the label": (
        "checks: {label: {verify: {prompt: 'Is it {{ label }}?'}}}",
        ["the votes must not see 'label'"],
    ),
    "a column of agreement that is there": (
        "checks: {label: {verify: {agreement: size}}}",
        ["the name 'size' is taken"],
    ),
    "a column of agreement that is no name": (
        "checks: {label: {verify: {agreement: a b}}}",
        ["'a b' is no name for a column"],
    ),
    "a list that is not there": (
        "  p: {sample: {list: peple}}\nlists: {people: {prompt: Who?, count: 3}}",
        ["there is no list 'peple'", "did you mean 'people'?"],
    ),
    "a list with a strange name": (
        "  p: {sample: {list: a-b}}\nlists: {a-b: {prompt: Who?, count: 3}}",
        ["'a-b' is no name for a list"],
    ),
    "a list whose prompt is alike for all parents": (
        "  a: {sample: {list: b}}\n  p: {sample: {list: c, of: a}}\n"
        "lists: {b: {prompt: Who?, count: 3}, c: {prompt: Who?, per: b, count: 3}}",
        ["the prompt must say for which item the list is"],
    ),
    "a list of three levels": (
        "  a: {sample: {list: b}}\n  p: {sample: {list: d, of: a}}\n"
        "lists: {b: {prompt: Who?, count: 3}, c: {prompt: '{{ parent }}', per: b, count: 3},"
        " d: {prompt: '{{ parent }}', per: c, count: 3}}",
        ["'c' is itself a list for each item of another one"],
    ),
    "a system message of a score that does not parse": (
        "  q: {score: {of: text, rubric: Good?, system: '{{ x'}}",
        ["not a valid template"],
    ),
    "a list that nobody samples": (
        "lists: {people: {prompt: Who?, count: 3}}",
        ["no column samples this list"],
    ),
    "a list that reads a column": (
        "  p: {sample: {list: people}}\nlists: {people: {prompt: 'Who {{ size }}?', count: 3}}",
        ["the prompt of a list reads nothing", "found 'size'"],
    ),
    "a list for the items of none": (
        "  p: {sample: {list: a}}\nlists: {a: {prompt: '{{ parent }}', per: b, count: 3}}",
        ["there is no list 'b'"],
    ),
    "a list for items without a parent": (
        "  p: {sample: {list: a}}\n"
        "lists: {b: {prompt: Who?, count: 3}, a: {prompt: '{{ parent }}', per: b, count: 3}}",
        ["'a' has a list for each item of 'b'", "of: COLUMN"],
    ),
    "a prompt by generated items": (
        "  p: {sample: {list: people}}\n  t: {prompt: {by: p, default: Say.}}\n"
        "lists: {people: {prompt: Who?, count: 3}}",
        ["`by: p` needs a column with a fixed set of values"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_once(problems, case):
    text, words = WRONG[case]
    found = problems(f"{HEAD}{COLUMNS}{text}\n")
    assert any(all(word in each for word in words) for _, each in found), found
    assert len(found) <= (2 if "list" in case or "votes on an unknown" in case else 1), found


def test_checks_of_a_row_s_own_values_are_kept_with_the_others(parse):
    checks = (
        "checks: {text: {words: {from: size}, length: [5, 900], language: {from: language}, unique: exact}}\n"
    )
    made = parse(HEAD + COLUMNS + checks).checks["text"]
    assert (made.planned_words, made.length, made.language, made.unique) == (
        Planned("size", 0.2),
        (5, 900),
        Spoken("language"),
        "exact",
    )


def test_a_judge_s_answers_may_all_be_alike(parse):
    spec = parse(HEAD + COLUMNS + SCORE + "checks: {q: {min: 3}, label: {verify: {votes: 3}}}\n")
    for name in ("q", "q.rationale", "label.vote_1"):
        assert spec.checks[name].unique is None
        assert not spec.checks[name].refusals
    assert (spec.checks["q"].least, spec.checks["q"].blames) == (3, "text")
    assert [column.name for column in spec.columns if column.hidden] == [
        "label.vote_1",
        "label.vote_2",
        "label.vote_3",
        "label.verified",
    ]


def test_a_rubric_that_shows_the_text_is_left_as_it_is(parse):
    spec = parse(
        HEAD
        + COLUMNS
        + "  q: {score: {of: text, rubric: 'Rate {{ text }} for {{ label }}.', rationale: false}}\n"
    )
    source = spec.columns[-1].prompt.user.default.source
    assert source == "Rate {{ text }} for {{ label }}.\n\nGive the score: a whole number from 1 to 5."


def test_labels_with_braces_are_no_templates(parse):
    columns = COLUMNS.replace("[good, bad]", "['{{ text }}', '{% x %}']").replace(
        "'A {{ label }} text'", "Say."
    )
    spec = parse(HEAD + columns + "checks: {label: {verify: {votes: 1}}}\n")
    vote = next(column for column in spec.columns if column.name == "label.vote_1")
    shown = vote.prompt.user.default.render({"text": "T"})
    assert '"{{ text }}", "{% x %}"' in shown


def test_a_label_that_the_model_gives_is_verified_by_a_field_beside_it(parse):
    columns = (
        "columns:\n  r: {fields: {title: string, aspect: {classes: [screen, sound]}}, prompt: Review.}\n"
    )
    spec = parse(HEAD + columns + "checks: {aspect: {verify: {of: title, on_disagreement: relabel}}}\n")
    last = spec.columns[-1]
    assert (last.replaces, last.rule.blames, last.rule.agree) == ("aspect", "r", 2)


def test_what_is_made_of_several_answers_is_mended_from_the_first(parse):
    more = "  b: {prompt: 'On {{ text }}'}\n  both: {text: '{{ b }} {{ text }}'}\n"
    columns = parse(HEAD + COLUMNS + more).columns
    assert [written_by(name, columns) for name in ("both", "b", "size", "nothing")] == ["text", "b", "", ""]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("German", "de"),
        ("nb", "no"),
        ("zh_Hans", "zh"),
        ("Klingon", None),
        ("", None),
    ],
)
def test_languages_have_codes_and_names(text, code):
    assert language_code(text) == code
