# ruff: noqa: RUF001 - apostrophes of many kinds

import hashlib
import random
import re
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets import semantic
from synth_datasets.errors import SettingsError
from synth_datasets.polytopes import keys_of, likely_keys
from synth_datasets.semantic import plain_words, semantic_marks, vector_files
from synth_datasets.spec import parse_spec
from synth_datasets.validation.schemes import Cosine

pytest.importorskip("tokenizers")

TEXTS = [
    "The battery died after two days.",
    "Ok",
    "ein Zelt für vier",
    "这个帐篷很轻",
    "🎉 1,5 °C",
    "",
    "x\ud800y",
]


def cosine(one: str, other: str) -> float:
    marks = semantic_marks([one, other])
    return float(Cosine().likeness(marks[:1], marks[1:])[0])


def sha256(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def test_vectors_and_keys_are_the_same_numbers_on_every_machine():
    marks = semantic_marks(TEXTS)
    assert sha256(marks.view(np.int8)) == "3da640cf4aeaf10a6df2229173882545db7b3f5c4e4b0f098e07b5b98cd9b315"
    assert (
        sha256(keys_of(marks).astype("<u4"))
        == "a94f217450ee73dfa036fca524267dad5e1023233c90793cec8d20c656627873"
    )
    assert (
        sha256(likely_keys(marks).astype("<u4"))
        == "43d055c7e920f8db6ec28b9fc80d72453cf729fb488a0ed6b031f8072f0df987"
    )


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Please cancel my subscription.", "Cancel my SUBSCRIPTION, please", 1, 1),
        ("don’t", "DON'T", 1, 1),
        ("The battery died after two days.", "After just two days the battery was dead.", 0.85, 0.95),
        (
            "Great camera, takes beautiful pictures.",
            "A wonderful camera that takes lovely photos.",
            0.85,
            0.95,
        ),
        ("The screen is too small.", "The zoom is too slow.", 0, 0.5),
        ("The dog bit the man.", "The man bit the dog.", 1, 1),  # what it cannot tell, as the docs say
        ("The battery lasts long.", "The battery does not last long.", 0.85, 1),
    ],
)
def test_texts_are_as_alike_as_their_words(one, other, least, most):
    assert least <= cosine(one, other) <= most
    assert cosine(one, one) == 1


def test_the_reference_s_figures_and_its_spec_are_right():
    guide = (Path(__file__).parents[1] / "builders" / "README.md").read_text(encoding="utf-8")
    section = guide.partition("### Rows that say the same in other words\n")[2].partition("\n### ")[0]
    said = re.findall(r"^\| (.+) / (.+) \| ([\d.]+) \|$", section, re.MULTILINE)
    assert len(said) == 6
    for one, other, figure in said:
        assert f"{cosine(one, other):.2f}" == f"{float(figure):.2f}"
    [block] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    checks = parse_spec(block, origin="notes.yaml", read_file=lambda name: name).checks["text"]
    assert (checks.unique, checks.semantic_threshold, checks.semantic_model) == (
        "semantic",
        0.9,
        semantic.MODEL,
    )


def test_texts_without_a_word_are_like_none():
    assert not semantic_marks(["", "  \n"]).any()
    assert cosine("", "") == 0
    assert cosine("?", "?") == 1
    assert plain_words("'quoted' word’s -- end") == ["quoted", "word's", "end"]


@given(st.lists(st.text(), max_size=6))
def test_a_text_has_the_same_vector_alone_and_among_others(texts):
    together = semantic_marks(texts)
    assert together.shape == (len(texts), 64)
    for text, row in zip(texts, together, strict=True):
        assert (semantic_marks([text])[0] == row).all()


@pytest.mark.parametrize("long", ["x" * 10**6, "one more word. " * 70_000, "🧐" * 10**6, "\ufdfa" * 10**6])
def test_very_long_texts_are_compared_by_their_beginning(long):
    assert semantic_marks([long]).any()
    assert cosine(long, long[: len(long) // 2]) == 1


def test_words_whose_vectors_were_let_go_are_found_anew(monkeypatch):
    expected = semantic_marks(TEXTS * 3)
    monkeypatch.setattr(semantic, "_WORDS", 12)
    semantic._vectors.cache_clear()
    for _ in range(3):
        assert (np.concatenate([semantic_marks([text]) for text in TEXTS * 3]) == expected).all()
    assert len(semantic._vectors()._places) <= 12
    semantic._vectors.cache_clear()


def test_threads_share_the_vectors():
    texts = [f"word {number} and word {number * 7}" for number in range(2_000)]
    found: dict[int, np.ndarray] = {}

    def embed(name: int) -> None:
        shuffled = random.Random(name).sample(texts, len(texts))
        rows = dict(zip(shuffled, semantic_marks(shuffled), strict=True))
        found[name] = np.array([rows[text] for text in texts])

    threads = [threading.Thread(target=embed, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((found[name] == semantic_marks(texts)).all() for name in range(3))


def test_the_package_s_code_is_not_imported():
    import sys

    semantic_marks(["a text"])
    assert "wordllama" not in sys.modules


def test_other_weights_are_refused(tmp_path, monkeypatch):
    """Other vectors would find other duplicates, on this machine alone."""
    [weights, tokenizer] = vector_files()
    for name in ("weights", "tokenizers"):
        (tmp_path / "wordllama" / name).mkdir(parents=True)
    (tmp_path / "wordllama" / "__init__.py").write_text("raise ImportError('not to be imported')")
    other = tmp_path / "wordllama" / "weights" / weights.name
    shutil.copy(weights, other)
    shutil.copy(tokenizer, tmp_path / "wordllama" / "tokenizers")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert vector_files()[0] == other
    with other.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    with pytest.raises(SettingsError, match=r"is not the published file.* pip install .*wordllama==0\.4\.0"):
        vector_files()
    other.unlink()
    with pytest.raises(SettingsError, match=r"cannot be read.*pip install 'synth-datasets\[semantic\]'"):
        vector_files()


def test_without_the_package_its_extra_is_named(monkeypatch):
    monkeypatch.setattr(semantic, "_PACKAGE", "no_package_of_this_name")
    with pytest.raises(
        SettingsError,
        match=r"`unique: semantic` and `--embed wordllama` need .* 19 MB: pip install 'synth-datasets\[semantic\]'",
    ):
        vector_files()
