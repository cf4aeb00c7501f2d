# ruff: noqa: RUF001 - letters and commas of many scripts

import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.spec.model import Checks
from synth_datasets.validation.checks import bad_characters, echoed, out_of_size, repeated

PROMPT = "Write an honest review of a tent that you took on a long trip to the mountains last summer."


@pytest.mark.parametrize("code", [0, 0x1B, 0x7F, 0x80, 0xD83D, 0xFFFD])
def test_characters_that_no_text_should_hold(code):
    verdict = bad_characters(f"a{chr(code)}b")
    assert verdict is not None
    assert f"U+{code:04X} at character 1" in verdict.detail


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffd")))
def test_texts_of_every_script_are_fine(text):
    assert bad_characters(f"{text}\n\t\r👩‍👩‍👧 e\u0301 \u202bעברית\u202c") is None


def test_size_is_counted_in_characters_and_words():
    checks = Checks(length=(5, 12), words=(2, 3))
    assert out_of_size("two words", checks) is None
    assert out_of_size("four", checks).detail == "4 characters, at least 5 are asked for"
    assert out_of_size("much too long", checks).reason == "too_long"
    assert out_of_size("single", checks).detail == "1 words, at least 2 are asked for"
    assert out_of_size("a b c d e", checks).detail == "5 words, at most 3 are asked for"
    assert out_of_size("", Checks()) is None


@pytest.mark.parametrize(
    "text",
    [
        "I love it. " * 6,
        "It is good. " + "very good and " * 20,
        "a" * 300,
        "好" * 200,
        "very " * 30,
        "Fine at first. " + " ".join(f"word{i}" for i in range(6000)) + " and so on" * 4000,
        "🎉" * 200,
    ],
)
def test_loops_are_found(text):
    assert repeated(text).reason == "repetition"


@pytest.mark.parametrize(
    "text",
    [
        "It is very, very, very good!!!!!!!!!!",
        "The tent is light, the tent is dry, and the tent is cheap.",
        "",
        "No, no, no, no, no.",
        PROMPT,
    ],
)
def test_emphasis_is_no_loop(text):
    assert repeated(text) is None


def test_real_reviews_neither_loop_nor_echo(reviews):
    assert [text for text in reviews if repeated(text)] == []
    assert [text for text in reviews if echoed(text, [PROMPT])] == []
    whole = " ".join(reviews)
    assert [at for at in range(0, len(whole), 5000) if repeated(whole[at : at + 5000])] == []


@pytest.mark.parametrize(
    "text",
    [
        PROMPT,
        PROMPT.upper().replace(".", "!"),
        f"Okay. {PROMPT} Fine.",
        "dry all night",
        "A review of a tent that you took on a long trip.",
    ],
)
def test_echoes_of_prompt_and_examples_are_found(text):
    assert echoed(text, [PROMPT, "Dry all night!"]).reason == "echo"


@pytest.mark.parametrize(
    "text",
    [
        "I took this tent on a long trip to the sea, and it kept us warm and dry for two whole weeks of rain.",
        "Dry night",
        "",
        "...",
    ],
)
def test_words_in_common_are_no_echo(text):
    assert echoed(text, [PROMPT, "Dry all night!", ""]) is None


def test_scripts_without_spaces_echo_too():
    prompt = "请写一篇关于帐篷的诚实评论，不超过五十个字。"
    assert echoed(prompt, [prompt]) is not None
    assert echoed("这个帐篷很轻，下雨的时候也不漏水，我很喜欢。", [prompt]) is None


@pytest.mark.parametrize(
    "text", ["a" * 10**6, "word " * 200_000, "".join(chr(0x4E00 + i % 20_000) for i in range(10**6))]
)
def test_a_megabyte_is_checked_in_no_time(text):
    begin = time.process_time()
    bad_characters(text), repeated(text), echoed(text, [PROMPT]), out_of_size(text, Checks(words=(1, 9)))
    assert time.process_time() - begin < 0.5


def test_different_words_rule_out_that_a_text_shrinks_and_few_do_not():
    words = " ".join(f"w{number}" for number in range(25))
    assert repeated(f"{words} {'x' * 400}").detail.startswith("it shrinks")
    assert repeated(f"{words} {'x' * 100}") is None
    joined = "".join(f"reviewitem{number:05}" for number in range(60))
    assert repeated(joined).detail.startswith("it shrinks")  # one word in 900 characters


@pytest.mark.parametrize("unit", ["very ", "so very good ", "a", "ha", "\N{PARTY POPPER}", "好", "да", "=-"])
def test_loops_planted_in_real_texts_are_found(reviews, unit):
    for at in range(0, 2000, 100):
        own = " ".join(reviews[at : at + 2])
        assert repeated(f"{own} {unit * (40 + 6 * len(own) // len(unit))}") is not None, own


def test_the_sieve_before_compressing_changes_no_verdict_on_real_texts(reviews):
    whole = " ".join(reviews)
    texts = [*reviews, *(whole[at : at + size] for size in (350, 2000) for at in range(0, 60_000, size))]
    assert [text for text in texts if _packed(text) >= 5 and repeated(text) is None] == []
    looping = [f"{text} {text[:3] * (2 * len(text))}" for text in texts[::50]]
    assert [text for text in looping if _packed(text) >= 5 and repeated(text) is None] == []
    assert sum(_packed(text) >= 5 for text in looping) > 50


def _packed(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data, 1))
