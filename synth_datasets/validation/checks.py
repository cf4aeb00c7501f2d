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

_REACH = 20_000
"""Characters at either end of a text that are searched for loops and echoes: what runs away fills an end."""
_LOOP = 4
"""Words of an n-gram that counts as said again."""
_LEAST_WORDS = 10
_MOST_REPEATED = 0.5
_LEAST_PACKED = 120
_MOST_PACKED = 5.0
_ECHO = 5
_MOST_ECHOED = 0.5


def bad_characters(text: str) -> Verdict | None:
    """Find what no text should hold and Arrow may not be able to store."""
    if found := _BAD.search(text):
        return Verdict(Reason.BAD_CHARACTERS, f"U+{ord(found.group()):04X} at character {found.start()}")
    return None


def out_of_size(text: str, checks: Checks) -> Verdict | None:
    """Compare characters with `length` and white-space separated words with `words`."""
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
    which sees loops of characters as well.
    """
    for part in (text,) if len(text) <= _REACH else (text[:_REACH], text[-_REACH:]):
        words = _WORD.findall(part.casefold())
        grams = len(words) - _LOOP + 1
        if len(words) >= _LEAST_WORDS:
            again = 1 - len(_grams(words, _LOOP)) / grams
            if again >= _MOST_REPEATED:
                return Verdict(Reason.REPETITION, f"{again:.0%} of its {_LOOP}-word sequences are repeats")
        if len(part) >= _LEAST_PACKED:
            data = part.encode("utf-8", "surrogatepass")
            packed = len(data) / len(zlib.compress(data, 1))
            if packed >= _MOST_PACKED:
                return Verdict(Reason.REPETITION, f"it shrinks {packed:.1f} times under compression")
    return None


def echoed(text: str, told: Iterable[str]) -> Verdict | None:
    """Find a text that the model was told: a prompt or an example answer.

    Half of the words lie in 5-word sequences that one of the messages holds too: containment as in Broder
    1997, "On the Resemblance and Containment of Documents", over words as in the contamination studies of
    language models (Touvron et al. 2023, arXiv:2307.09288, A.6). A shorter text echoes only as a whole.
    """
    words = _WORD.findall(text[:_REACH].casefold())
    if not words:
        return None
    own = list(zip(*(words[at:] for at in range(_ECHO)), strict=False)) or [tuple(words)]
    for message in told:
        grams = _told(message)
        if grams.isdisjoint(own):
            continue
        share = _covered(own, grams) / len(words)
        if share >= _MOST_ECHOED:
            start = " ".join(message.split())[:60]
            return Verdict(Reason.ECHO, f"{share:.0%} of its words repeat what the model was told: {start}")
    return None


def _covered(own: list[tuple[str, ...]], grams: frozenset[tuple[str, ...]]) -> int:
    covered, end = 0, 0
    for at, gram in enumerate(own):
        if gram in grams:
            covered += at + len(gram) - max(at, end)
            end = at + len(gram)
    return covered


@lru_cache(maxsize=256)
def _told(message: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(message[:_REACH].casefold())
    return _grams(words, _ECHO) if len(words) >= _ECHO else frozenset([tuple(words)])


def _grams(words: list[str], size: int) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(*(words[at:] for at in range(size)), strict=False))


def _words(text: str) -> int:
    return len(text.split())
