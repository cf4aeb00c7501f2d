"""The perturbations that a `perturb` column may use: their names, what they do, and what they need."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PERTURBATIONS", "UNCHANGED", "Perturbation"]

UNCHANGED = "unchanged"
"""The slice of a row whose text none of the perturbations could change."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One way to make a text harder to read for a model, and not for a person."""

    does: str
    """What becomes of the text, for a person."""
    english: bool = False
    """Whether it knows English only."""


PERTURBATIONS: Mapping[str, Perturbation] = {
    "typos": Perturbation("a few words with a neighbouring key, two letters swapped, one dropped or doubled"),
    "case": Perturbation("all lower case, or all upper case"),
    "punctuation": Perturbation("punctuation dropped, doubled or trailing off"),
    "whitespace": Perturbation("doubled spaces, a line break, or a missing space after punctuation"),
    "emoji": Perturbation("emoji without a mood of their own, after sentences"),
    "diacritics": Perturbation("accents and other marks of Latin letters lost"),
    "homoglyphs": Perturbation("a few Latin letters replaced by Cyrillic ones that look the same"),
    "repeated_letters": Perturbation("a vowel of a few words drawn out, as in `sooo`"),
    "slang": Perturbation("short forms of chats: `you` as `u`, `because` as `cuz`", english=True),
    "contractions": Perturbation("`do not` as `don't`, or `don't` as `do not`", english=True),
    "number_words": Perturbation("`3` as `three`, or `three` as `3`; up to 99", english=True),
    "units": Perturbation("the same quantity in another unit: `2 hours` as `120 minutes`", english=True),
    "distractor": Perturbation("a sentence about something else at the end", english=True),
}
"""By name, in the order in which they are listed."""
