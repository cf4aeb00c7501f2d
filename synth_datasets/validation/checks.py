"""Checks of one text that need no other row: characters, size, loops, and echoes of the prompt."""

import re
import zlib
from collections.abc import Iterable
from functools import lru_cache

from synth_datasets.spec.model import Checks
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

__all__ = ["bad_characters", "echoed", "out_of_size", "repeated"]

# Controls other than tab and line ends, half surrogates (no UTF-8), and a decoder's mark for broken bytes.
_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffd]")
# Words; one character each in scripts that do not set words apart.
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+", re.UNICODE)
# What `bytes.translate` puts for ASCII, in a tenth of the time that `str.translate` takes.
_ASCII_WORDS = b"".join(
    (chr(code).lower() if chr(code).isalnum() else " ").encode() for code in range(128)
) + bytes(128)

_REACH = 20_000
"""Characters at either end of a text that are searched for loops and echoes: what runs away fills an end."""
_LOOP = 4
"""Words of an n-gram that counts as said again."""
_LEAST_WORDS = 10
_MOST_REPEATED = 0.5
_LEAST_PACKED = 120
_MOST_PACKED = 5.0
_BYTES_A_WORD = 10
"""Bytes for each different word, white space included, from which on a text may shrink to a fifth."""
_ECHO = 5
_MOST_ECHOED = 0.5


def bad_characters(text: str) -> Verdict | None:
    """Find what no text should hold and Arrow may not be able to store."""
    # All of them but U+FFFD are what Unicode calls not printable, as are line ends.
    if text.replace("\n", "").isprintable() and "\ufffd" not in text:
        return None
    if found := _BAD.search(text):
        return Verdict(Reason.BAD_CHARACTERS, f"U+{ord(found.group()):04X} at character {found.start()}")
    return None


def out_of_size(text: str, checks: Checks) -> Verdict | None:
    """Compare characters with `length` and white-space separated words with `words`."""
    if checks.length is None and checks.words is None:
        return None
    for limits, count, unit in ((checks.length, len, "characters"), (checks.words, _words, "words")):
        if limits is None:
            continue
        size = count(text)
        if size < limits[0]:
            return Verdict(Reason.TOO_SHORT, f"{size} {unit}, at least {limits[0]} are asked for")
        if size > limits[1]:
            return Verdict(Reason.TOO_LONG, f"{size} {unit}, at most {limits[1]} are asked for")
    return None


def repeated(text: str) -> Verdict | None:
    """Find a text that runs in a loop, at its beginning or its end.

    Half of its word 4-grams have been said before (the duplicate n-gram fraction of Rae et al. 2021,
    arXiv:2112.11446, table A1, with a limit that leaves refrains alone), or it shrinks to a fifth under zlib,
    which sees loops of characters as well. Compression is tried only where words cannot tell, in texts with less than
    one different word (as a script without spaces, one character) in 10 bytes: any other word costs two bytes at
    least, packed, so that what holds more of them does not shrink that far, lists of numbered words aside.
    """
    for part in (text,) if len(text) <= _REACH else (text[:_REACH], text[-_REACH:]):
        words, distinct = _counted(part)
        grams = len(words) - _LOOP + 1
        # Each sequence begins with a word: where more than half begin with different ones, they are different.
        if len(words) >= _LEAST_WORDS and 2 * (len(distinct) - _LOOP + 1) <= grams:
            again = 1 - len(_grams(words, _LOOP)) / grams
            if again >= _MOST_REPEATED:
                return Verdict(Reason.REPETITION, f"{again:.0%} of its {_LOOP}-word sequences are repeats")
        if len(part) >= _LEAST_PACKED and (packed := _shrinks(part, len(distinct))) >= _MOST_PACKED:
            return Verdict(Reason.REPETITION, f"it shrinks {packed:.1f} times under compression")
    return None


def _shrinks(text: str, distinct: int) -> float:
    """Return how many times smaller the text becomes; 0.0 where its many different words rule out that it is much."""
    if text.isascii() and len(text) < _BYTES_A_WORD * distinct:
        return 0.0
    data = text.encode("utf-8", "surrogatepass")
    return 0.0 if len(data) < _BYTES_A_WORD * distinct else len(data) / len(zlib.compress(data, 1))


def echoed(text: str, told: Iterable[str]) -> Verdict | None:
    """Find a text that the model was told: a prompt or an example answer.

    Half of the words lie in 5-word sequences that one of the messages holds too: containment as in Broder
    1997, "On the Resemblance and Containment of Documents", over words as in the contamination studies of
    language models (Touvron et al. 2023, arXiv:2307.09288, A.6). A shorter text echoes only as a whole.
    """
    words, distinct = _counted(text[:_REACH])
    if not words:
        return None
    for message in told:
        if _shared(words, distinct, _told_words(message)) < _MOST_ECHOED * len(words):
            continue  # too few words of it to hold sequences of them
        own = list(zip(*(words[at:] for at in range(_ECHO)), strict=False)) or [tuple(words)]
        share = _covered(own, _told(message)) / len(words)
        if share >= _MOST_ECHOED:
            start = " ".join(message.split())[:60]
            return Verdict(Reason.ECHO, f"{share:.0%} of its words repeat what the model was told: {start}")
    return None


@lru_cache(maxsize=4)  # the checks look at one text after the other
def _counted(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the words of a text in their order, and the different ones among them."""
    words = _words_of(text)
    return words, frozenset(words)


def _words_of(text: str) -> tuple[str, ...]:
    if text.isascii():
        return tuple(text.encode("ascii").translate(_ASCII_WORDS).decode("ascii").split())  # the same, faster
    return tuple(_WORD.findall(text.casefold()))


def _shared(words: tuple[str, ...], distinct: frozenset[str], told: frozenset[str]) -> int:
    """Return how many of the words were told; no less than that when it is less than half of them."""
    most = len(words) - len(distinct) + len(distinct & told)  # if what is said again was told
    if most < _MOST_ECHOED * len(words):
        return most
    return sum(map(told.__contains__, words))


def _covered(own: list[tuple[str, ...]], grams: frozenset[tuple[str, ...]]) -> int:
    covered, end = 0, 0
    for at, gram in enumerate(own):
        if gram in grams:
            covered += at + len(gram) - max(at, end)
            end = at + len(gram)
    return covered


@lru_cache(maxsize=256)
def _told(message: str) -> frozenset[tuple[str, ...]]:
    words = _words_of(message[:_REACH])
    return _grams(words, _ECHO) if len(words) >= _ECHO else frozenset([words])


@lru_cache(maxsize=256)
def _told_words(message: str) -> frozenset[str]:
    return frozenset(_words_of(message[:_REACH]))


def _grams(words: tuple[str, ...], size: int) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(*(words[at:] for at in range(size)), strict=False))


def _words(text: str) -> int:
    return len(text.split())
