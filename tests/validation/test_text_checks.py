"""Checks of a text by a figure of its own, as a spec sets them."""

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Message, Request
from synth_datasets.spec import fingerprint, parse_spec
from synth_datasets.validation.judge import Verdict, judge
from synth_datasets.validation.relevance import prompt_similarity

SPEC = """
name: notes
language: {language}
model: {{id: m, max_tokens: 60}}
columns:
  text: {{prompt: "Write about the battery of a camera."}}
  card: {{fields: {{title: string, stars: integer}}, prompt: "Title and stars"}}
splits: {{train: 4}}
checks: {{{checks}}}
"""


def spec(checks: str, language: str = "en"):
    def no_file(name: str) -> str:
        raise OSError(name)

    return parse_spec(SPEC.format(checks=checks, language=language), origin="notes.yaml", read_file=no_file)


@pytest.mark.parametrize(
    ("checks", "text", "reason"),
    [
        ("text: {personal_data: reject}", "Write to jo@mail.org about it.", "personal_data"),
        ("text: {personal_data: keep}", "Write to jo@mail.org about it.", ""),
        ("", "Write to jo@mail.org about it.", ""),
        ("text: {readability: [60, 120]}", "It is a good camera.", ""),
        ("text: {readability: [60, 120]}", "Incomprehensible obfuscation necessitates clarification.", "readability"),
        ("text: {readability: [60, 120]}", "这个产品非常好用", ""),
        ("text: {similarity_to_prompt: [0.2, 0.95]}", "The camera's batteries last long.", ""),
        ("text: {similarity_to_prompt: [0.2, 0.95]}", "Green tea tastes nice.", "off_prompt"),
        ("text: {echo: keep, similarity_to_prompt: [0, 0.9]}", "Write about the camera, battery.", "off_prompt"),
    ],
)  # fmt: skip
def test_a_text_is_judged_by_its_own_figures(checks, text, reason):
    made = spec(checks)
    request = Request(
        endpoint="e",
        model="m",
        messages=(Message("user", "Write about the battery of a camera."), Message("assistant", "A")),
        seed=1,
    )
    answer = Answer(key=request.key, text=text, finish_reason="stop", completion_tokens=7)

    found = judge(made.columns[0], request, answer, {}, made)

    assert (str(found.reason) if isinstance(found, Verdict) else "") == reason
    if isinstance(found, Verdict):
        assert "jo@mail.org" not in found.detail


def test_fields_are_judged_as_texts_are():
    made = spec("title: {personal_data: reject}")
    request = Request(endpoint="e", model="m", messages=(Message("user", "Title"),), seed=1)
    answer = Answer(
        key=request.key, text='{"title": "Call +44 20 7946 0958", "stars": 3}', finish_reason="stop"
    )

    found = judge(made.columns[1], request, answer, {}, made)

    assert isinstance(found, Verdict)
    assert (found.reason, found.detail) == ("personal_data", "title: telephone number at characters 5 to 21")


@pytest.mark.parametrize(
    ("checks", "language", "said"),
    [
        ("text: {readability: [70, 30]}", "en", "expected [least, most], found [70, 30]"),
        ("text: {readability: [30, 70]}", "de", "known for English only, and the texts are in de"),
        ("text: {readability: [30, 70], language: German}", "en", "the texts are in German"),
        ("text: {similarity_to_prompt: [2, 3]}", "en", "no similarity lies within these bounds"),
        ("card: {personal_data: reject}", "en", "applies to texts, not to a whole answer"),
        ("text: {readabilty: [1, 2]}", "en", "readability"),
    ],
)
def test_mistakes_are_told_with_their_line(checks, language, said):
    with pytest.raises(SpecError) as caught:
        spec(checks, language)

    assert said in str(caught.value)
    assert "line 9" in str(caught.value)


def test_checks_that_are_off_leave_the_fingerprint_and_those_that_are_on_change_it():
    plain = fingerprint(spec(""))

    assert fingerprint(spec("text: {personal_data: keep}")) == plain
    others = {
        fingerprint(spec(f"text: {{{check}}}"))
        for check in ("personal_data: reject", "readability: [0, 50]", "similarity_to_prompt: [0, 0.5]")
    }
    assert len(others | {plain}) == 4


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("the battery", "the battery", 1, 1),
        ("Batteries of cameras", "the camera's battery", 1, 1),
        ("green tea tastes", "the camera's battery", 0, 0),
        ("", "anything", 0, 0),
        ("这个产品非常好用", "产品非常好", 0.6, 0.9),
        ("good battery life", "battery", 0.5, 0.6),  # 1 / sqrt(3): Ochiai's coefficient of 3 words and 1
    ],
)
def test_similarity_is_ochiais_coefficient_of_the_words(one, other, least, most):
    assert least <= prompt_similarity(one, other) <= most
    assert prompt_similarity(one, other) == prompt_similarity(other, one)


def test_vowel_signs_belong_to_words():
    prompt = "रसोई के लिए बिजली की केतली की समीक्षा लिखें।"

    assert prompt_similarity("यह बिजली की केतली दो हफ़्ते में खराब हो गई।", prompt) > 0.2
    assert prompt_similarity("छाता पहली बारिश में टूट गया।", prompt) == 0
