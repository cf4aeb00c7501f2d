"""What becomes of a text, or of what a prompt brings about, when nothing but an attribute is another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.association import permuted
from synth_datasets.quality.clip import clip
from synth_datasets.quality.intervals import wilson
from synth_datasets.quality.out_of_fold import OutOfFold

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PromptFigures", "SwapExample", "SwapFigures", "prompt_pairs", "swap_test", "value_in"]

Terms = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapExample:
    """A text whose predicted class changed."""

    row: int
    """Counts from 0 over all splits."""
    text: str
    """Clipped, as `swapped`."""
    swapped: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapFigures:
    """Texts in which the words of one value took the place of those of another."""

    rows: int
    """Rows that hold words of exactly one value."""
    changed: int
    """Rows for which a classifier that has not seen them predicts another class then."""
    share: float
    interval: tuple[float, float]
    """Wilson's, 95 %."""
    examples: tuple[SwapExample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFigures:
    """Rows of prompts that differ in the attribute only."""

    prompts: int
    """Prompts that were asked with at least two values."""
    rows: int
    words: Mapping[str, float]
    """By value: mean number of words, less that of all rows of the same prompt and label."""
    words_p: float
    """Of a permutation test within prompts and labels."""
    predicted: Mapping[str, Mapping[str, float]]
    """By value and class: share of rows predicted to be of the class, less that of the same prompt and label."""
    predicted_p: float | None
    """None where no classifier was trained."""
    words_p_holm: float
    """Corrected for the number of tests of the report, as is the other."""
    predicted_p_holm: float | None


def value_in(text: str, terms: Terms) -> str:
    """Return the value whose words the text holds; empty for none, `several` for more than one."""
    found = [value for value, words in terms if _pattern(tuple(words)).search(text)]
    return "" if not found else found[0] if len(found) == 1 else "several"


def swap_test(
    rows: Sequence[int],
    texts: Sequence[str],
    values: Sequence[str],
    terms: Terms,
    *,
    found: OutOfFold,
    names: Sequence[str],
    called: Sequence[int],
) -> SwapFigures | None:
    """Swap each text's words for those of the next value, and predict it anew; None where no text holds any.

    A word becomes the one at its place of the next value's list (the last, where that is shorter), in its own case.
    `rows` are positions among those that `found` knows, `called` what they are called. The classifier learns from these
    rows: a change says that the dataset teaches that the attribute matters, not that the model which wrote it does.
    Source: Kusner et al. 2017, Counterfactual Fairness (arXiv:1703.06856); Garg et al. 2019 (arXiv:1809.10610).
    """
    order = [value for value, _ in terms]
    tried = [at for at, value in enumerate(values) if value in order]
    if not tried:
        return None
    swapped = [_swapped(texts[at], terms, order.index(values[at])) for at in tried]
    before = found.predict([rows[at] for at in tried], [texts[at] for at in tried])
    after = found.predict([rows[at] for at in tried], swapped)
    changed = [place for place in range(len(tried)) if before[place] != after[place]]
    return SwapFigures(
        rows=len(tried),
        changed=len(changed),
        share=len(changed) / len(tried),
        interval=wilson(len(changed), len(tried)),
        examples=tuple(
            SwapExample(
                row=called[tried[place]],
                text=clip(texts[tried[place]]),
                swapped=clip(swapped[place]),
                before=names[before[place]],
                after=names[after[place]],
            )
            for place in changed[:3]
        ),
    )


def prompt_pairs(
    prompts: Sequence[str],
    values: Sequence[str],
    *,
    labels: Sequence[str],
    texts: Sequence[str],
    terms: Terms,
    predicted: Sequence[str] | None,
) -> PromptFigures | None:
    """Compare the rows of prompts that are equal but for the attribute's words; None where there are none.

    Whatever else a prompt varies must be equal: with many sampled columns few prompts have a counterpart.
    """
    import numpy as np

    every = _pattern(tuple(word for value, words in terms for word in words))
    keys = [(every.sub("\x00", prompt), label) for prompt, label in zip(prompts, labels, strict=True)]
    seen: dict[tuple[str, str], set[str]] = {}
    for key, value in zip(keys, values, strict=True):
        seen.setdefault(key, set()).update([value] if value not in ("", "several") else [])
    strata = {key: at for at, key in enumerate(key for key, each in seen.items() if len(each) > 1)}
    rows = [at for at, key in enumerate(keys) if key in strata and values[at] not in ("", "several")]
    if not rows:
        return None
    names = sorted({values[at] for at in rows})
    codes = np.array([names.index(values[at]) for at in rows])
    places = np.array([strata[keys[at]] for at in rows])
    words = np.array([[float(len(texts[at].split()))] for at in rows])
    classes = sorted({predicted[at] for at in rows}) if predicted else []
    guessed = (
        np.array([[float(predicted[at] == name) for name in classes] for at in rows]) if predicted else None
    )
    effects = _effects(words, codes, places, len(names))
    guesses = None if guessed is None else _effects(guessed, codes, places, len(names))
    words_p = permuted(words, codes, places)
    predicted_p = None if guessed is None else permuted(guessed, codes, places)
    return PromptFigures(
        prompts=len(strata),
        rows=len(rows),
        words={name: float(effects[at, 0]) for at, name in enumerate(names)},
        words_p=words_p,
        predicted={}
        if guesses is None
        else {
            name: dict(zip(classes, map(float, guesses[at]), strict=True)) for at, name in enumerate(names)
        },
        predicted_p=predicted_p,
        words_p_holm=words_p,
        predicted_p_holm=predicted_p,
    )


def _effects(outcomes: "np.ndarray", codes: "np.ndarray", places: "np.ndarray", values: int) -> "np.ndarray":
    import numpy as np

    sizes = np.bincount(places)[:, None]
    means = np.stack([np.bincount(places, each) for each in outcomes.T], axis=1) / np.maximum(sizes, 1)
    rest = outcomes - means[places]
    return np.stack([rest[codes == at].mean(axis=0) for at in range(values)])


def _swapped(text: str, terms: Terms, value: int) -> str:
    words, others = terms[value][1], terms[(value + 1) % len(terms)][1]
    place = {word.casefold(): at for at, word in enumerate(words)}

    def other(found: re.Match[str]) -> str:
        word = others[min(place[found[0].casefold()], len(others) - 1)]
        if found[0].isupper() and len(found[0]) > 1:
            return word.upper()
        return word[:1].upper() + word[1:] if found[0][:1].isupper() else word

    return _pattern(tuple(words)).sub(other, text)


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    longest = sorted(map(re.escape, words), key=lambda word: (-len(word), word))
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)", re.IGNORECASE)
