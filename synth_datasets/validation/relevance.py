"""How much a text speaks of what its prompt speaks of, by the words that the two share."""

import re
from functools import lru_cache

from synth_datasets.validation.tokens import MARKS

__all__ = ["prompt_similarity"]

_REACH = 20_000
"""Characters that are looked at."""
_STEM = 5
"""Letters of a word that count: enough to know `battery` in `batteries`, in most languages that inflect."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_LONG = re.compile(rf"(?:[^\W\d_]|[{MARKS}]){{4,}}|\d+")


def prompt_similarity(text: str, prompt: str) -> float:
    """Return the share of words that a text and its prompt have in common, 0 (none) to 1 (the same words).

    Definition: Ochiai's coefficient |A and B| / sqrt(|A| |B|) over the sets of words of four letters or more, cut to
    their first five, and of numbers; in scripts without spaces, over pairs of characters. 0 where either has none.
    Neither end is good: 0 is off the subject or speaks of it in other words, near 1 repeats the prompt. A prompt that
    is mostly instructions ("Write a short review of ...") leaves a good answer at 0.1 to 0.3.
    It cannot see synonyms, nor whether what was asked for is done.
    Source: Ochiai 1957, as the cosine of sets in van Rijsbergen 1979, Information Retrieval, chapter 3.
    """
    own, told = _stems(text), _told(prompt)
    return len(own & told) / (len(own) * len(told)) ** 0.5 if own and told else 0.0


@lru_cache(maxsize=256)
def _told(prompt: str) -> frozenset[str]:
    return _stems(prompt)


def _stems(text: str) -> frozenset[str]:
    folded = text[:_REACH].casefold()
    if folded.isascii():
        return frozenset(word[:_STEM] for word in _LONG.findall(folded))
    runs = _UNSPACED.findall(folded)
    pairs = {run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))}
    return frozenset(pairs.union(word[:_STEM] for word in _LONG.findall(_UNSPACED.sub(" ", folded))))
