"""Rows of the test that a training set holds as well, exactly or nearly: what has been seen is not tested."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.minhash import normalised
from synth_datasets.proof.rows import LabelledRows
from synth_datasets.quality.clip import clip
from synth_datasets.validation.tables import NearTable

__all__ = ["NEAR", "Leaks", "without_leaks"]

NEAR = 0.7
"""Estimated Jaccard similarity of character 5-grams from which two texts are near copies."""
_SHOWN = 5
_TOGETHER = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks:
    """What one training set lost."""

    rows: int
    """Before."""
    exact: int
    near: int
    grouped: int
    """Rows of a group that the test has rows of."""
    examples: tuple[tuple[str, str], ...]
    """A training text beside the test text that it copies, clipped."""

    @property
    def removed(self) -> int:
        """All together."""
        return self.exact + self.near + self.grouped


def without_leaks(train: LabelledRows, test: LabelledRows) -> tuple[LabelledRows, Leaks]:
    """Return the training rows that the test has no copy of, and what was left out.

    Near copies are found as `unique: near` finds them: of pairs as like as 0.7, 99 in 100. Paraphrases are not.
    """
    sought = [_text(each) for each in test.inputs]
    table = NearTable.holding(sought, NEAR)
    known = {normalised(text): at for at, text in enumerate(sought)}
    groups = set(test.groups) - {""} if train.groups else set[str]()
    kept: list[int] = []
    exact = near = grouped = 0
    examples: list[tuple[str, str]] = []
    texts = [_text(each) for each in train.inputs]
    for start in range(0, len(texts), _TOGETHER):
        table.prepare(texts[start : start + _TOGETHER])
        for at in range(start, min(start + _TOGETHER, len(texts))):
            found = known.get(normalised(texts[at]))
            if found is not None:
                exact += 1
            elif groups and train.groups[at] in groups:
                grouped += 1
                continue
            elif (alike := table.find(texts[at])) is not None:
                near += 1
                found = alike[0]
            else:
                kept.append(at)
                continue
            if len(examples) < _SHOWN:
                examples.append((clip(texts[at]), clip(sought[found])))
    leaks = Leaks(rows=len(train), exact=exact, near=near, grouped=grouped, examples=tuple(examples))
    return train.take(kept), leaks


def _text(given: str | Sequence[str]) -> str:
    return given if isinstance(given, str) else " ".join(given)
