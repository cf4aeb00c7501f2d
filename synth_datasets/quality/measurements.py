"""The figures as `evaluate` measurements: `DistinctN().compute(data=texts, n=2)`.

Each gives what the plain function of the same meaning gives, as a dict of plain numbers. They work offline,
write nothing (`evaluate` would keep what is added in a file, even where the cache is read-only), and can be
combined with `evaluate.combine`. Importing this module imports `evaluate`, which takes seconds; reports
call the functions.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

import datasets
import evaluate

from synth_datasets.quality.boilerplate import boilerplate_rate
from synth_datasets.quality.diversity import compression_ratio, distinct_n
from synth_datasets.quality.document import plain
from synth_datasets.quality.duplicates import duplicate_rate, split_overlap
from synth_datasets.quality.fit import label_fit, prompt_fit
from synth_datasets.quality.label_noise import label_noise
from synth_datasets.quality.labels import label_distribution
from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
from synth_datasets.quality.leaks import contamination, seed_copies
from synth_datasets.quality.lengths import length_distribution
from synth_datasets.quality.mauve import compare_by_mauve
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

Figures = dict[str, Any]
_MISSING: Mapping[str, object] = {"string": "", "int64": -1}


class _Measurement(evaluate.Measurement):
    """Keeps what is added in memory, unless processes share it, so that no folder has to be writable."""

    _figure: Callable[..., object]
    """Takes the data and what else `compute` is given; its docstring says what is measured."""
    _usage = "data: the texts, as a list or a column of a dataset."
    _feature = "string"

    def __init__(
        self,
        config_name: str | None = None,
        keep_in_memory: bool = True,
        num_process: int = 1,
        **kwargs: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> None:
        # `evaluate.load` passes keep_in_memory=False when its caller says nothing, so it is no wish.
        super().__init__(config_name, keep_in_memory or num_process == 1, num_process=num_process, **kwargs)

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _build_data_dir(self) -> str:
        """Name the folder, and make it only for processes that meet there."""
        if self.num_process > 1:
            return super()._build_data_dir()
        return os.path.join(self._data_dir_root, self.name, self.config_name)  # noqa: PTH118 - evaluate joins strings

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _info(self, config: object = None) -> evaluate.MeasurementInfo:  # noqa: ARG002 - later versions pass it
        said = self._figure.__doc__ or ""
        return evaluate.MeasurementInfo(
            module_type="measurement",
            description=said,
            citation=" ".join(said.rpartition("Source: ")[2].split()),
            inputs_description=f"\n{self._usage}\n",
            features=datasets.Features({"data": datasets.Value(self._feature)}),
        )

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _compute(
        self,
        *,
        predictions: None = None,  # noqa: ARG002 - evaluate's own signature
        references: None = None,  # noqa: ARG002 - evaluate's own signature
        **inputs: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> Figures:
        missing = _MISSING[self._feature]
        data = [missing if each is None else each for each in inputs.pop("data")]
        found = plain(self._figure(data, **inputs))
        return found if isinstance(found, dict) else {self.name: found}


class LabelDistribution(_Measurement):
    """`label_distribution` of the positions that a `ClassLabel` column holds."""

    _figure = staticmethod(label_distribution)
    _usage = (
        "data: class positions, -1 for none. names: the classes. asked: rows asked for by class (optional)."
    )
    _feature = "int64"


class LengthDistribution(_Measurement):
    """`length_distribution` of texts."""

    _figure = staticmethod(length_distribution)


class DistinctN(_Measurement):
    """`distinct_n` of texts."""

    _figure = staticmethod(distinct_n)
    _usage = "data: the texts. n: length of the sequences (2). budget: tokens to look at (5000)."


class CompressionRatio(_Measurement):
    """`compression_ratio` of texts."""

    _figure = staticmethod(compression_ratio)
    _usage = "data: the texts. limit_bytes: how much of them to compress (200000)."


class RepetitionRate(_Measurement):
    """`repetition_rate` of texts."""

    _figure = staticmethod(repetition_rate)


class Openings(_Measurement):
    """`openings` of texts."""

    _figure = staticmethod(openings)
    _usage = (
        "data: the texts. words: length of an opening (3). top: how many openings count as frequent (10)."
    )


class DuplicateRate(_Measurement):
    """`duplicate_rate` of texts."""

    _figure = staticmethod(duplicate_rate)
    _usage = "data: the texts. threshold: similarity from which two texts are nearly equal (0.5)."


class SplitOverlap(_Measurement):
    """`split_overlap` of texts with those of an earlier split."""

    _figure = staticmethod(split_overlap)
    _usage = "data: the texts. earlier: the other split's. threshold: similarity of near equality (0.5)."


class BoilerplateRate(_Measurement):
    """`boilerplate_rate` of texts."""

    _figure = staticmethod(boilerplate_rate)


class Contamination(_Measurement):
    """`contamination` of texts by a test set."""

    _figure = staticmethod(contamination)
    _usage = "data: the texts. test: the texts of the test set."


class GrammarRate(_Measurement):
    """`grammar_rate` of texts."""

    _figure = staticmethod(grammar_rate)
    _usage = "data: the texts. limit: how many of them to look at (200)."


class LabelFit(_Measurement):
    """`label_fit` of texts and their labels."""

    _figure = staticmethod(label_fit)
    _usage = "data: the texts. labels: the label of each. embed: a function that embeds texts (optional)."


class LabelNoise(_Measurement):
    """`label_noise` of texts and the positions of their labels."""

    _figure = staticmethod(label_noise)
    _usage = (
        "data: the texts. labels: class positions. names: the classes. embed: as elsewhere. groups: what rows that "
        "belong together share, such as a review's id (both optional)."
    )


class LengthDistance(_Measurement):
    """`length_distance` of texts from real ones."""

    _figure = staticmethod(length_distance)
    _usage = "data: the texts. real: real texts."


class Mauve(_Measurement):
    """`compare_by_mauve` of texts with real ones."""

    _figure = staticmethod(compare_by_mauve)
    _usage = "data: the texts. real: real texts. embed: a function that embeds texts (optional)."


class Perplexity(_Measurement):
    """`perplexity` of texts."""

    _figure = staticmethod(perplexity)
    _usage = "data: the texts. scorer: a `Scorer`. real: real texts (optional). limit: rows to look at (100)."


class PersonalDataRate(_Measurement):
    """`personal_data_rate` of texts."""

    _figure = staticmethod(personal_data_rate)


class PromptFit(_Measurement):
    """`prompt_fit` of texts and their prompts."""

    _figure = staticmethod(prompt_fit)
    _usage = "data: the texts. prompts: the prompt of each. embed: a function that embeds texts (optional)."


class Readability(_Measurement):
    """`readability` of texts."""

    _figure = staticmethod(readability)


class RealComparison(_Measurement):
    """`compare_with_real` of texts with real ones."""

    _figure = staticmethod(compare_with_real)
    _usage = "data: the texts. real: real texts. embed: a function that embeds texts (optional)."


class SeedCopies(_Measurement):
    """`seed_copies` among texts."""

    _figure = staticmethod(seed_copies)
    _usage = "data: the texts. seeds: the texts that the model was shown."


class SemanticDuplicates(_Measurement):
    """`semantic_duplicate_rate` of texts."""

    _figure = staticmethod(semantic_duplicate_rate)
    _usage = "data: the texts. embed: a function that embeds texts. threshold: cosine of a pair (0.85)."


class SemanticSpread(_Measurement):
    """`semantic_spread` of texts."""

    _figure = staticmethod(semantic_spread)
    _usage = "data: the texts. embed: a function that embeds texts (optional). limit: rows to look at (5000)."


class Toxicity(_Measurement):
    """`toxicity_rate` of texts."""

    _figure = staticmethod(toxicity_rate)
    _usage = "data: the texts. limit: how many of them to look at (100000)."


class TwoSampleTest(_Measurement):
    """`two_sample_test` of texts and real ones."""

    _figure = staticmethod(two_sample_test)
    _usage = "data: the texts. real: real texts. limit: rows of each to look at (2000)."


class WrongLanguageRate(_Measurement):
    """`wrong_language_rate` of texts."""

    _figure = staticmethod(wrong_language_rate)
    _usage = "data: the texts. language: the code of the language asked for ('en'). limit: rows to look at."
