"""Texts as 256 small whole numbers each, whose angle estimates how alike the texts are in what they say.

The mean of learned vectors of word pieces (Miller 2024, WordLlama, github.com/dleemiller/WordLlama, which trained them
on pairs of like sentences; the idea is Arora et al. 2017, "A Simple but Tough-to-Beat Baseline for Sentence
Embeddings"). Vectors and sums are whole numbers, and the one division is rounded as IEEE 754 says: every machine
gives the same. A sum knows neither the order of words nor what a "not" belongs to.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.package_files import package_files

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ALIKE", "MODEL", "WIDTH", "plain_words", "require_vectors", "semantic_marks", "vector_files"]

WIDTH = 256
_FILES = {
    "weights/l2_supercat_256.safetensors": "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
    "tokenizers/l2_supercat_tokenizer_config.json": "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
}
MODEL = "wordllama/l2_supercat_256@64b47a2dc493"
"""Which vectors these are: others would find other duplicates."""
ALIKE = 0.85
"""Cosine from which texts say the same, unless said: of 3,708 sentences of real reviews 2 in 100 repeat another one."""
_PACKAGE = "wordllama"
_INSTALL = "pip install 'synth-datasets[semantic]'"
_SCALE = 256.0
"""The weights are at most 8.02, so that whole 256ths of them are numbers of 12 bits."""
_MOST = 127
_REACH = 32_768
"""Longer texts are compared by so many characters from their beginning; a sum of their vectors has 29 bits."""
_TOGETHER = 4_096
"""Words whose vectors are summed in one step: 4 MB."""
_WORDS = 32_768
"""Words whose vectors are kept, 1 KB each; more than a text of `_REACH` characters has."""
_APOSTROPHES = frozenset("'\u2019\u02bc\uff07")


def semantic_marks(texts: Sequence[str]) -> "np.ndarray":
    """Return a row of 64 uint32 a text, which hold 256 numbers of int8; all are 0 where a text has no word.

    Case, punctuation and the order of words count for nothing. Some 15 µs a short text; raises `SettingsError` where
    the vectors are not there.
    """
    import numpy as np

    rows = np.zeros((len(texts), WIDTH), np.int8)
    words = [plain_words(text) for text in texts]
    start = 0
    for size in _sizes([len(each) for each in words]):
        rows[start : start + size] = _vectors().of(words[start : start + size])
        start += size
    return rows.view(np.uint32)


def plain_words(text: str) -> list[str]:
    """Return the words of a text in NFKC and case-folded, without punctuation but for apostrophes inside a word.

    Of a text of nothing but punctuation, the signs.
    """
    text = text[:_REACH]
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode(
            "utf-8"
        )  # half surrogates are no text for the tokenizer
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())[:_REACH]
    folded = text.lower()
    words = [word.strip("'") for word in folded.translate(_PLAIN).split()]
    return [word for word in words if word] or folded.split()


def require_vectors() -> None:
    """Raise `SettingsError` where what `semantic_marks` needs is not there, or is not what was published."""
    _vectors()


def vector_files() -> list[Path]:
    """Return where weights and tokenizer lie, found without importing their package, once their digests are checked.

    Raises `SettingsError` that says what to install.
    """
    return package_files(
        _PACKAGE,
        _FILES,
        needed="`unique: semantic` and `--embed wordllama` need the vectors of wordllama, 19 MB",
        install=_INSTALL,
        mend="pip install --force-reinstall --no-deps wordllama==0.4.0.post1",
    )


class _Vectors:
    """Sums of whole-number vectors; those of words are kept."""

    def __init__(self, weights: Path, tokenizer: Path) -> None:
        import numpy as np

        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise SettingsError(
                f"a check `unique: semantic` needs safetensors and tokenizers: {_INSTALL}"
            ) from error
        table: np.ndarray = load_file(weights)["embedding.weight"]
        self._table = np.rint(table.astype(np.float64) * _SCALE).astype(np.int16)
        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self._places: dict[str, int] = {}
        self._sums = np.zeros((1_024, WIDTH), np.int32)
        self._lock = Lock()

    def of(self, texts: Sequence[Sequence[str]]) -> "np.ndarray":
        """Return 256 numbers of int8 for the words of each text: their sum, as long as -127 to 127 allows."""
        import numpy as np

        with self._lock:
            places = self._known([word for words in texts for word in words])
            sums = _summed(self._sums, places, [len(words) for words in texts])
        longest = np.abs(sums).max(axis=1, keepdims=True)
        # A product of whole numbers below 2**53 is exact, and a quotient is rounded in one way only.
        return np.rint(sums.astype(np.float64) * _MOST / np.maximum(longest, 1)).astype(np.int8)

    def _known(self, words: Sequence[str]) -> list[int]:
        """Return where the words' vectors are kept; those of new ones are made."""
        import numpy as np

        new = [word for word in dict.fromkeys(words) if word not in self._places]
        if new and len(self._places) + len(new) > _WORDS:
            self._places.clear()
            new = [*dict.fromkeys(words)]
        for word in new:
            at = len(self._places)
            if at == len(self._sums):
                self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)])
            cut: list[int] = self._tokenizer.encode(word, add_special_tokens=False).ids
            self._sums[at] = self._table[cut].sum(axis=0, dtype="int32")
            self._places[word] = at
        return [self._places[word] for word in words]


def _summed(rows: "np.ndarray", places: Sequence[int], sizes: Sequence[int]) -> "np.ndarray":
    """Return the sum of each text's rows, which stand one text after the other; a fifth of the time of `reduceat`."""
    import numpy as np

    at, left = np.array(places, np.int64), np.array(sizes, np.int64)
    order = np.argsort(-left, kind="stable")
    starts, longest = (np.cumsum(left) - left)[order], left[order]
    sums = np.zeros((len(left), rows.shape[1]), rows.dtype)
    for word in range(
        int(longest[0])
    ):  # the longest texts first, so that those with so many words come first
        there = int(np.searchsorted(-longest, -word))
        sums[:there] += rows[at[starts[:there] + word]]
    found = np.empty_like(sums)
    found[order] = sums
    return found


@cache
def _vectors() -> _Vectors:
    return _Vectors(*vector_files())


def _sizes(counts: Sequence[int]) -> Iterator[int]:
    """Yield how many texts to take together, which have so many words each."""
    size = words = 0
    for count in counts:
        if words + count > _TOGETHER and size:
            yield size
            size = words = 0
        size += 1
        words += count
    if size:
        yield size


class _Plain(dict[int, int | str]):
    """What `str.translate` puts for a character; filled in as characters are met."""

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        if character in _APOSTROPHES:
            plain: int | str = "'"
        else:
            # With punctuation goes what `duplicates` puts between the fields of an answer.
            gone = unicodedata.category(character).startswith("P") or character == "\u241e"
            plain = " " if gone else code
        self[code] = plain
        return plain


_PLAIN = _Plain()
