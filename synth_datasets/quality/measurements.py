"""The figures as `evaluate` measurements: `DistinctN().compute(data=texts, n=2)`.

Each gives what the plain function of the same meaning gives, as a dict of plain numbers. They work offline,
write nothing (`evaluate` would keep what is added in a file, even where the cache is read-only), and can be
combined with `evaluate.combine`. Importing this module imports `evaluate`, which takes seconds; reports
call the functions.
"""

from synth_datasets.quality.boilerplate import boilerplate_rate
from synth_datasets.quality.diversity import compression_ratio, distinct_n
from synth_datasets.quality.duplicates import duplicate_rate, split_overlap
from synth_datasets.quality.fit import label_fit, prompt_fit
from synth_datasets.quality.label_noise import label_noise
from synth_datasets.quality.labels import label_distribution
from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
from synth_datasets.quality.leaks import contamination, seed_copies
from synth_datasets.quality.lengths import length_distribution
from synth_datasets.quality.mauve import compare_by_mauve
from synth_datasets.quality.measurement import TextMeasurement
from synth_datasets.quality.personal import personal_data_rate
from synth_datasets.quality.real import compare_with_real, length_distance
from synth_datasets.quality.repetition import openings, repetition_rate
from synth_datasets.quality.semantic_duplicates import semantic_duplicate_rate
from synth_datasets.quality.spread import semantic_spread
from synth_datasets.quality.surprise import perplexity
from synth_datasets.quality.toxicity import toxicity_rate
from synth_datasets.quality.two_sample import two_sample_test

__all__ = [
    "BoilerplateRate",
    "CompressionRatio",
    "Contamination",
    "DistinctN",
    "DuplicateRate",
    "GrammarRate",
    "LabelDistribution",
    "LabelFit",
    "LabelNoise",
    "LengthDistance",
    "LengthDistribution",
    "Mauve",
    "Openings",
    "Perplexity",
    "PersonalDataRate",
    "PromptFit",
    "Readability",
    "RealComparison",
    "RepetitionRate",
    "SeedCopies",
    "SemanticDuplicates",
    "SemanticSpread",
    "SplitOverlap",
    "Toxicity",
    "TwoSampleTest",
    "WrongLanguageRate",
]


class LabelDistribution(TextMeasurement):
    """`label_distribution` of the positions that a `ClassLabel` column holds."""

    figure = staticmethod(label_distribution)
    usage = (
        "data: class positions, -1 for none. names: the classes. asked: rows asked for by class (optional)."
    )
    feature = "int64"


class LengthDistribution(TextMeasurement):
    """`length_distribution` of texts."""

    figure = staticmethod(length_distribution)


class DistinctN(TextMeasurement):
    """`distinct_n` of texts."""

    figure = staticmethod(distinct_n)
    usage = "data: the texts. n: length of the sequences (2). budget: tokens to look at (5000)."


class CompressionRatio(TextMeasurement):
    """`compression_ratio` of texts."""

    figure = staticmethod(compression_ratio)
    usage = "data: the texts. limit_bytes: how much of them to compress (200000)."


class RepetitionRate(TextMeasurement):
    """`repetition_rate` of texts."""

    figure = staticmethod(repetition_rate)


class Openings(TextMeasurement):
    """`openings` of texts."""

    figure = staticmethod(openings)
    usage = "data: the texts. words: length of an opening (3). top: how many openings count as frequent (10)."


class DuplicateRate(TextMeasurement):
    """`duplicate_rate` of texts."""

    figure = staticmethod(duplicate_rate)
    usage = "data: the texts. threshold: similarity from which two texts are nearly equal (0.5)."


class SplitOverlap(TextMeasurement):
    """`split_overlap` of texts with those of an earlier split."""

    figure = staticmethod(split_overlap)
    usage = "data: the texts. earlier: the other split's. threshold: similarity of near equality (0.5)."


class BoilerplateRate(TextMeasurement):
    """`boilerplate_rate` of texts."""

    figure = staticmethod(boilerplate_rate)


class Contamination(TextMeasurement):
    """`contamination` of texts by a test set."""

    figure = staticmethod(contamination)
    usage = "data: the texts. test: the texts of the test set."


class GrammarRate(TextMeasurement):
    """`grammar_rate` of texts."""

    figure = staticmethod(grammar_rate)
    usage = "data: the texts. limit: how many of them to look at (200)."


class LabelFit(TextMeasurement):
    """`label_fit` of texts and their labels."""

    figure = staticmethod(label_fit)
    usage = "data: the texts. labels: the label of each. embed: a function that embeds texts (optional)."


class LabelNoise(TextMeasurement):
    """`label_noise` of texts and the positions of their labels."""

    figure = staticmethod(label_noise)
    usage = (
        "data: the texts. labels: class positions. names: the classes. embed: as elsewhere. groups: what rows that "
        "belong together share, such as a review's id (both optional)."
    )


class LengthDistance(TextMeasurement):
    """`length_distance` of texts from real ones."""

    figure = staticmethod(length_distance)
    usage = "data: the texts. real: real texts."


class Mauve(TextMeasurement):
    """`compare_by_mauve` of texts with real ones."""

    figure = staticmethod(compare_by_mauve)
    usage = "data: the texts. real: real texts. embed: a function that embeds texts (optional)."


class Perplexity(TextMeasurement):
    """`perplexity` of texts."""

    figure = staticmethod(perplexity)
    usage = "data: the texts. scorer: a `Scorer`. real: real texts (optional). limit: rows to look at (100)."


class PersonalDataRate(TextMeasurement):
    """`personal_data_rate` of texts."""

    figure = staticmethod(personal_data_rate)


class PromptFit(TextMeasurement):
    """`prompt_fit` of texts and their prompts."""

    figure = staticmethod(prompt_fit)
    usage = "data: the texts. prompts: the prompt of each. embed: a function that embeds texts (optional)."


class Readability(TextMeasurement):
    """`readability` of texts."""

    figure = staticmethod(readability)


class RealComparison(TextMeasurement):
    """`compare_with_real` of texts with real ones."""

    figure = staticmethod(compare_with_real)
    usage = "data: the texts. real: real texts. embed: a function that embeds texts (optional)."


class SeedCopies(TextMeasurement):
    """`seed_copies` among texts."""

    figure = staticmethod(seed_copies)
    usage = "data: the texts. seeds: the texts that the model was shown."


class SemanticDuplicates(TextMeasurement):
    """`semantic_duplicate_rate` of texts."""

    figure = staticmethod(semantic_duplicate_rate)
    usage = "data: the texts. embed: a function that embeds texts. threshold: cosine of a pair (0.85)."


class SemanticSpread(TextMeasurement):
    """`semantic_spread` of texts."""

    figure = staticmethod(semantic_spread)
    usage = "data: the texts. embed: a function that embeds texts (optional). limit: rows to look at (5000)."


class Toxicity(TextMeasurement):
    """`toxicity_rate` of texts."""

    figure = staticmethod(toxicity_rate)
    usage = "data: the texts. limit: how many of them to look at (100000)."


class TwoSampleTest(TextMeasurement):
    """`two_sample_test` of texts and real ones."""

    figure = staticmethod(two_sample_test)
    usage = "data: the texts. real: real texts. limit: rows of each to look at (2000)."


class WrongLanguageRate(TextMeasurement):
    """`wrong_language_rate` of texts."""

    figure = staticmethod(wrong_language_rate)
    usage = "data: the texts. language: the code of the language asked for ('en'). limit: rows to look at."
