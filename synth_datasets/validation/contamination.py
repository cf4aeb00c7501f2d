"""Texts that hold part of a test set: whoever learns from them is not tested by it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from synth_datasets.spec.evaluation_set import EvaluationSet
from synth_datasets.spec.problems import shown
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.tables import NearTable
from synth_datasets.validation.tokens import passages, tokens

__all__ = ["TEST_GRAM", "TEST_NEAR", "find_test_copy"]

TEST_GRAM = 13
"""Words in a row that are a leak (Brown et al. 2020, arXiv:2005.14165, appendix C)."""
TEST_NEAR = 0.5
"""Jaccard similarity of 5-grams of characters, estimated, from which a text is nearly a test row."""
_REACH = 100_000
"""Characters of a text that are looked at."""
_KEPT = 4


def find_test_copy(text: str, held_out: EvaluationSet) -> Verdict | None:
    """Find 13 words in a row of a test row, or a text that is nearly one; its words are not repeated.

    In scripts without spaces as many characters as say as much: 26 of Chinese or Japanese, 52 of Thai.
    What the measure `contamination` finds. The first text of a process pays for an index of all test rows: some 60
    microseconds and 550 bytes each, and 100 bytes a word.
    """
    if not text.strip():
        return None
    index = _index_of(held_out)
    if (row := index.shared(text)) is not None:
        return Verdict(
            Reason.TEST_COPY, f"{TEST_GRAM} words in a row of test text {row + 1} of {_where(held_out)}"
        )
    if (found := index.near.find(text)) is not None:
        row, similarity = found
        said = f"similarity {similarity:.2f} to test text {row + 1} of {_where(held_out)}"
        return Verdict(Reason.TEST_COPY, said)
    return None


class _Index:
    def __init__(self, texts: Sequence[str]) -> None:
        self.near = NearTable.holding(texts, TEST_NEAR)
        self._texts = texts
        self._held: dict[int, int] = {}
        for row, text in enumerate(texts):
            for gram in _grams(text):
                self._held.setdefault(hash(gram), row)  # hashes alone: a million rows would not fit

    def shared(self, text: str) -> int | None:
        """Return the first test row that shares a sequence of words with the text."""
        for gram in _grams(text):
            row = self._held.get(hash(gram))
            # Hashes differ from process to process: what they find is looked at, so that none is wrong in one only.
            if row is not None and gram in _grams(self._texts[row]):
                return row
        return None


@lru_cache(maxsize=_KEPT)
def _index_of(held_out: EvaluationSet) -> _Index:
    return _Index(held_out.texts)


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    return passages(tokens(text[:_REACH]), TEST_GRAM)


def _where(held_out: EvaluationSet) -> str:
    return shown(str(held_out.source))
