"""Figures that cost more, or need more than the rows: asked for by name, each with what it cannot tell beside it."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

from synth_datasets.errors import SettingsError
from synth_datasets.quality import finders
from synth_datasets.quality.embedders import said, unseen
from synth_datasets.quality.figures import Measured
from synth_datasets.quality.fit import label_fit, prompt_fit
from synth_datasets.quality.label_noise import label_noise
from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
from synth_datasets.quality.leaks import contamination, seed_copies
from synth_datasets.quality.material import Found, Material
from synth_datasets.quality.mauve import compare_by_mauve
from synth_datasets.quality.real import compare_with_real
from synth_datasets.quality.semantic_duplicates import semantic_duplicate_rate
from synth_datasets.quality.spread import semantic_spread
from synth_datasets.quality.surprise import perplexity
from synth_datasets.quality.toxicity import toxicity_rate
from synth_datasets.quality.two_sample import two_sample_test
from synth_datasets.spec.languages import LANGUAGES, language_code

__all__ = ["MEASURES", "Material", "Measure", "measure_more"]

_LOWER, _HIGHER = "Lower is better.", "Higher is better."
_NEITHER = "Neither end is good: compare with real texts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure that can be asked for by name."""

    said: str
    """What it is, in a line."""
    needs: tuple[str, ...]
    """What of the material must be there, besides the texts."""
    of: Callable[..., object]
    """The plain function, whose docstring has definition, range and source."""
    find: Callable[[Material], Found]
    direction: str
    limits: str
    embeds: bool = False
    """Whether it looks at embeddings, whose maker a report names, with what that is blind to."""
    unembedded: str = ""
    """What it looks at instead where no embedder is given; empty: an embedding that is fitted on the rows."""
    beside_real: bool = False
    """Whether it looks at real rows where some are given."""
    english: bool = False
    """Whether it knows English only, so that texts said to be in other languages are not measured."""

    @property
    def source(self) -> str:
        """Where the definition comes from."""
        return " ".join((self.of.__doc__ or "").rpartition("Source: ")[2].split())


def measure_more(
    names: Sequence[str],
    materials: Mapping[str, Material],
    *,
    own: Mapping[str, Callable[[list[str]], object]] | None = None,
    if_possible: Collection[str] = (),
) -> tuple[Measured, ...]:
    """Return the named figures of each column that has what they need, in the order of the names.

    `own` are functions of one's own by name: each takes the texts and returns a number, or numbers by name. Raises
    `KeyError` for a name that is neither in `MEASURES` nor one's own, and `SettingsError` where a package or model is
    missing; for the names in `if_possible` the figure then is None, and its note says what is missing.
    """
    found = []
    for name in names:
        for column, material in materials.items():
            if own and name in own:
                found.append(_own(name, column, material, own[name]))
            elif all(getattr(material, need) is not None for need in MEASURES[name].needs):
                found.append(_measured(name, column, material, name in if_possible))
    return tuple(found)


def _measured(name: str, column: str, material: Material, if_possible: bool) -> Measured:
    measure = MEASURES[name]
    other = _not_english(material) if measure.english else ""
    try:
        got = _unknown(name, other) if other else measure.find(material)
    except SettingsError as error:
        if not if_possible:
            raise
        got = Found(rows=0, values={name: None}, notes=(str(error),))
    notes, limits = got.notes, measure.limits
    if measure.embeds and material.embed is None and measure.unembedded:
        notes = (*notes, f"embedding: none, {measure.unembedded} alone")
    elif measure.embeds:
        notes = (*notes, f"embedding: {said(material.embed)}")
        limits = f"{limits} {unseen(material.embed)}".rstrip()
    return Measured(
        name=name,
        column=column,
        rows=got.rows,
        values=got.values,
        direction=measure.direction,
        source=measure.source,
        limits=limits,
        notes=notes,
    )


def _not_english(material: Material) -> str:
    """Return the languages that the texts are said to be in when all are known and none is English; '' otherwise."""
    codes = [language_code(each) for each in material.languages]
    if None in codes or "en" in codes:
        return ""
    return ", ".join(LANGUAGES[code] for code in codes if code is not None)


def _unknown(name: str, languages: str) -> Found:
    note = f"not measured: known for English only, and the texts are in {languages}"
    return Found(rows=0, values={name: None}, notes=(note,))


def _own(name: str, column: str, material: Material, function: Callable[[list[str]], object]) -> Measured:
    got = function(list(material.texts))
    values = got if isinstance(got, Mapping) else {name: got}
    numbers = {
        str(key): float(value) if math.isfinite(value) else None
        for key, value in values.items()
        if isinstance(value, Real)
    }
    if not numbers:
        raise SettingsError(f"measure {name}: expected a number or numbers by name, got {str(got)[:80]!r}")
    return Measured(
        name=name,
        column=column,
        rows=len(material.texts),
        values=numbers,
        direction="",
        source="",
        limits="A measure of your own.",
        notes=(),
    )


MEASURES: Mapping[str, Measure] = {
    "semantic_spread": Measure(
        said="effective number of different rows (Vendi score), mean distance",
        needs=(),
        of=semantic_spread,
        find=finders.find_spread,
        direction="More is more varied; compare builds of one spec at one number of rows.",
        limits="Off-topic and cut-off rows score above good ones.",
        embeds=True,
    ),
    "semantic_duplicates": Measure(
        said="rows that say the same in other words, with the pairs (--embed)",
        needs=("embed",),
        of=semantic_duplicate_rate,
        find=finders.find_semantic_duplicates,
        direction=_LOWER,
        limits='Takes texts that differ in a name, a number or a "not" for the same; the bound of 0.85 is minilm\'s.',
        embeds=True,
        beside_real=True,
    ),
    "readability": Measure(
        said="quartiles of Flesch's reading ease (English)",
        needs=(),
        of=readability,
        find=finders.find_readability,
        direction="100 is the plainest, 60 to 70 plain, below 30 academic English.",
        limits="Cannot tell whether a text is clear or right; texts of a few words are off by 20 points.",
        english=True,
    ),
    "language": Measure(
        said="rows in another language than the spec's (extra `language`)",
        needs=("language",),
        of=wrong_language_rate,
        find=finders.find_language,
        direction=_LOWER,
        limits="Blind to parts in another language; does not tell close neighbours or texts of a word or two.",
    ),
    "grammar": Measure(
        said="findings of the checker Harper for 100 words (English; extra `grammar`)",
        needs=(),
        of=grammar_rate,
        find=finders.find_grammar,
        direction=_NEITHER,
        limits="Templates have the fewest findings; takes unknown names for misspelled, cannot see nonsense.",
        english=True,
    ),
    "toxicity": Measure(
        said="rows that a classifier of insults takes for offensive (English; extra `toxicity`)",
        needs=(),
        of=toxicity_rate,
        find=finders.find_toxicity,
        direction=_LOWER,
        limits='Sees words alone: flags "damn good" and quotations, passes polite contempt. A list to read.',
        english=True,
        beside_real=True,
    ),
    "perplexity": Measure(
        said="how surprising rows are to a small language model (--scorer)",
        needs=("scorer",),
        of=perplexity,
        find=finders.find_perplexity,
        direction=_NEITHER,
        limits="Cannot tell whether a text is true or on the subject; short texts surprise more; low is no praise.",
        beside_real=True,
    ),
    "prompt_fit": Measure(
        said="whether a row is more like its own prompt than like others",
        needs=("prompts",),
        of=prompt_fit,
        find=finders.find_prompts,
        direction=_HIGHER,
        limits="Sees words in common, not whether what was asked for is done.",
        embeds=True,
    ),
    "label_fit": Measure(
        said="rows nearest to the mean of their own label",
        needs=("labels",),
        of=label_fit,
        find=finders.find_labels,
        direction="Above chance, labels speak of different things.",
        limits="No check of the labels: sentiment, which few words carry, stays near chance on real reviews.",
        embeds=True,
    ),
    "label_noise": Measure(
        said="share of wrong labels by confident learning; with --embed and labelled --real rows it sees more",
        needs=("labels",),
        of=label_noise,
        find=finders.find_label_noise,
        direction=_LOWER,
        limits="Believe it as far as `planted` shows; noise that follows a rule is learnt as truth.",
        embeds=True,
        unembedded="words and pairs of words",
        beside_real=True,
    ),
    "seed_copies": Measure(
        said="rows that copy the spec's seeds",
        needs=("seeds",),
        of=seed_copies,
        find=finders.find_seeds,
        direction=_LOWER,
        limits="Blind to a seed in other words.",
    ),
    "contamination": Measure(
        said="rows that hold part of a test set (--test)",
        needs=("test",),
        of=contamination,
        find=finders.find_test,
        direction=_LOWER,
        limits="Blind to paraphrases and translations; set phrases of 13 words are shared rightly.",
    ),
    "real": Measure(
        said="precision, recall, density, coverage, Fréchet, Vendi, lengths beside real rows (--real)",
        needs=("real",),
        of=compare_with_real,
        find=finders.find_real,
        direction="Best is what real rows attain; read precision and density with coverage only.",
        limits="Blind to labels.",
        embeds=True,
        beside_real=True,
    ),
    "mauve": Measure(
        said="MAUVE beside what other real rows attain (--real)",
        needs=("real",),
        of=compare_by_mauve,
        find=finders.find_mauve,
        direction="Best is what real rows attain: a ratio of 1.",
        limits="Does not say what is amiss; compares with no published value; optimistic below 1,000 rows.",
        embeds=True,
        beside_real=True,
    ),
    "two_sample": Measure(
        said="whether a classifier tells rows from real ones, by which words (--real)",
        needs=("real",),
        of=two_sample_test,
        find=finders.find_two_sample,
        direction="0.5 cannot be told apart; lower is nearer to real data.",
        limits="One stock phrase in every row gives 1: read the words. Cannot tell whether what differs matters.",
        beside_real=True,
    ),
}
"""Every measure by its name, in the order of a full report."""
