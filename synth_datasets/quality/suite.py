"""Figures that cost more, or need more than the rows: asked for by name, each with what it cannot tell beside it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

from synth_datasets.errors import SettingsError
from synth_datasets.quality.clip import clip
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.figures import Measured
from synth_datasets.quality.fit import label_fit, prompt_fit
from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
from synth_datasets.quality.leaks import CopyFigures, contamination, seed_copies
from synth_datasets.quality.real import LEAST_ROWS, compare_with_real, length_distance
from synth_datasets.quality.spread import semantic_spread
from synth_datasets.quality.two_sample import two_sample_test

__all__ = ["MEASURES", "Material", "Measure", "measure_more"]

_LOWER, _HIGHER = "Lower is better.", "Higher is better."
_NEITHER = "Neither end is good: compare with real texts."
_SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What there is to measure of one text column; None: it is not at hand."""

    texts: Sequence[str]
    labels: Sequence[str] | None = None
    """The label of each row, '' for none."""
    prompts: Sequence[str] | None = None
    """The prompt of each row."""
    seeds: Sequence[str] | None = None
    """The real rows that prompts could show."""
    language: str | None = None
    """The code of the language that the texts are to be in."""
    real: Sequence[str] | None = None
    test: Sequence[str] | None = None
    embed: Embed | None = None
    """None: the embedding that needs no model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a measure found: numbers by name, and what they rest on."""

    rows: int
    values: Mapping[str, float | None]
    notes: tuple[str, ...] = ()


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

    @property
    def source(self) -> str:
        """Where the definition comes from."""
        return " ".join((self.of.__doc__ or "").rpartition("Source: ")[2].split())


def measure_more(
    names: Sequence[str],
    materials: Mapping[str, Material],
    *,
    own: Mapping[str, Callable[[list[str]], object]] | None = None,
) -> tuple[Measured, ...]:
    """Return the named figures of each column that has what they need, in the order of the names.

    `own` are functions of one's own by name: each takes the texts and returns a number, or numbers by name. Raises
    `KeyError` for a name that is neither in `MEASURES` nor one's own.
    """
    found = []
    for name in names:
        for column, material in materials.items():
            if own and name in own:
                found.append(_own(name, column, material, own[name]))
                continue
            measure = MEASURES[name]
            if all(getattr(material, need) is not None for need in measure.needs):
                got = measure.find(material)
                found.append(
                    Measured(
                        name=name,
                        column=column,
                        rows=got.rows,
                        values=got.values,
                        direction=measure.direction,
                        source=measure.source,
                        limits=measure.limits,
                        notes=got.notes,
                    )
                )
    return tuple(found)


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


def _spread(given: Material) -> Found:
    got = semantic_spread(given.texts, embed=given.embed)
    return Found(rows=got.rows, values={"vendi": got.vendi, "mean_distance": got.distance})


def _readability(given: Material) -> Found:
    got = readability(given.texts)
    return Found(
        rows=got.texts,
        values={
            "lower_quartile": got.lower_quartile,
            "median": got.median,
            "upper_quartile": got.upper_quartile,
        },
    )


def _language(given: Material) -> Found:
    got = wrong_language_rate(given.texts, given.language or "en")
    return Found(rows=got.rows, values={"in_another_language": got.rate}, notes=got.examples)


def _grammar(given: Material) -> Found:
    got = grammar_rate(given.texts)
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in got.kinds)
    return Found(rows=got.rows, values={"per_100_words": got.per_100_words}, notes=(kinds,) if kinds else ())


def _prompts(given: Material) -> Found:
    got = prompt_fit(given.texts, given.prompts or (), embed=given.embed)
    values = {"auc": got.auc, "less_like_their_own": got.worse, "mean_similarity": got.similarity}
    return Found(rows=got.rows, values=values, notes=(f"{got.prompts:,} different prompts; chance is 0.5",))


def _labels(given: Material) -> Found:
    got = label_fit(given.texts, given.labels or (), embed=given.embed)
    return Found(rows=got.rows, values={"nearest_to_own_label": got.nearest, "by_chance": got.chance})


def _copies(got: CopyFigures) -> Found:
    notes = tuple(f"{clip(one, _SHOWN)} | {clip(other, _SHOWN)}" for one, other in got.examples)
    return Found(
        rows=got.rows,
        values={"rows": got.copied, "share_of_rows": got.rate, "share_held": got.held},
        notes=notes,
    )


def _seeds(given: Material) -> Found:
    return _copies(seed_copies(given.texts, given.seeds or ()))


def _test(given: Material) -> Found:
    return _copies(contamination(given.texts, given.test or ()))


def _real(given: Material) -> Found:
    got = compare_with_real(given.texts, given.real or (), embed=given.embed)
    values: dict[str, float | None] = {}
    for name in ("precision", "recall", "density", "coverage"):
        values[name] = getattr(got.made, name, None)
        values[f"{name}_of_real"] = getattr(got.baseline, name, None)
    values |= {"frechet": got.frechet, "frechet_of_real": got.frechet_baseline}
    values |= {"vendi": got.vendi, "vendi_of_real": got.vendi_baseline}
    values["length_distance"] = length_distance(given.texts, given.real or ())
    few = f"too few rows: {got.rows:,}, at least {LEAST_ROWS} made and {2 * LEAST_ROWS} real ones are needed"
    notes = (
        (few,) if got.made is None else ("`of real` is what other real rows attain at this number of rows",)
    )
    return Found(rows=got.rows, values=values, notes=notes)


def _two_sample(given: Material) -> Found:
    got = two_sample_test(given.texts, given.real or ())
    notes = (
        (f"made: {', '.join(got.made_words)}", f"real: {', '.join(got.real_words)}")
        if got.accuracy is not None
        else ("too few rows that are not in both sets",)
    )
    return Found(
        rows=got.rows, values={"accuracy": got.accuracy, "auc": got.auc, "p_value": got.p_value}, notes=notes
    )


MEASURES: Mapping[str, Measure] = {
    "semantic_spread": Measure(
        said="effective number of different rows (Vendi score), mean distance",
        needs=(),
        of=semantic_spread,
        find=_spread,
        direction="More is more varied; compare builds of one spec at one number of rows.",
        limits="Off-topic and cut-off rows score above good ones; the default embedding sees words, not their order.",
    ),
    "readability": Measure(
        said="quartiles of Flesch's reading ease (English)",
        needs=(),
        of=readability,
        find=_readability,
        direction="100 is the plainest, 60 to 70 plain, below 30 academic English.",
        limits="Cannot tell whether a text is clear or right; texts of a few words are off by 20 points.",
    ),
    "language": Measure(
        said="rows in another language than the spec's (extra `language`)",
        needs=("language",),
        of=wrong_language_rate,
        find=_language,
        direction=_LOWER,
        limits="Blind to parts in another language; does not tell close neighbours or texts of a word or two.",
    ),
    "grammar": Measure(
        said="findings of the checker Harper for 100 words (English; extra `grammar`)",
        needs=(),
        of=grammar_rate,
        find=_grammar,
        direction=_NEITHER,
        limits="Templates have the fewest findings; takes unknown names for misspelled, cannot see nonsense.",
    ),
    "prompt_fit": Measure(
        said="whether a row is more like its own prompt than like others",
        needs=("prompts",),
        of=prompt_fit,
        find=_prompts,
        direction=_HIGHER,
        limits="Sees words in common, not whether what was asked for is done.",
    ),
    "label_fit": Measure(
        said="rows nearest to the mean of their own label",
        needs=("labels",),
        of=label_fit,
        find=_labels,
        direction="Above chance, labels speak of different things.",
        limits="No check of the labels: sentiment, which few words carry, stays near chance on real reviews.",
    ),
    "seed_copies": Measure(
        said="rows that copy the spec's seeds",
        needs=("seeds",),
        of=seed_copies,
        find=_seeds,
        direction=_LOWER,
        limits="Blind to a seed in other words.",
    ),
    "contamination": Measure(
        said="rows that hold part of a test set (--test)",
        needs=("test",),
        of=contamination,
        find=_test,
        direction=_LOWER,
        limits="Blind to paraphrases and translations; set phrases of 13 words are shared rightly.",
    ),
    "real": Measure(
        said="precision, recall, density, coverage, Fréchet, Vendi, lengths beside real rows (--real)",
        needs=("real",),
        of=compare_with_real,
        find=_real,
        direction="Best is what real rows attain; read precision and density with coverage only.",
        limits="The default embedding is blind to the order of words and to labels.",
    ),
    "two_sample": Measure(
        said="whether a classifier tells rows from real ones, by which words (--real)",
        needs=("real",),
        of=two_sample_test,
        find=_two_sample,
        direction="0.5 cannot be told apart; lower is nearer to real data.",
        limits="One stock phrase in every row gives 1: read the words. Cannot tell whether what differs matters.",
    ),
}
"""Every measure by its name, in the order of a full report."""
