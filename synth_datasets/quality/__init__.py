"""What can be said about a dataset: plain functions, an `evaluate` measurement over each, and one report.

Importing this package is cheap. The measurements (`DistinctN`, …) import `evaluate` on first use, which
takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synth_datasets.quality.boilerplate import boilerplate_rate
    from synth_datasets.quality.clouds import frechet_distance, manifolds
    from synth_datasets.quality.diversity import compression_ratio, distinct_n
    from synth_datasets.quality.duplicates import duplicate_rate, near_duplicates, split_overlap
    from synth_datasets.quality.embedders import folder_embedder, minilm_embedder, wordllama_embedder
    from synth_datasets.quality.figures import Measured
    from synth_datasets.quality.fit import label_fit, prompt_fit
    from synth_datasets.quality.funnel import rejection_funnel
    from synth_datasets.quality.html import render_html
    from synth_datasets.quality.labels import label_distribution
    from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
    from synth_datasets.quality.leaks import contamination, seed_copies
    from synth_datasets.quality.lengths import length_distribution
    from synth_datasets.quality.mauve import compare_by_mauve, mauve_score
    from synth_datasets.quality.measurements import (
        BoilerplateRate,
        CompressionRatio,
        Contamination,
        DistinctN,
        DuplicateRate,
        GrammarRate,
        LabelDistribution,
        LabelFit,
        LabelNoise,
        LengthDistance,
        LengthDistribution,
        Mauve,
        Openings,
        Perplexity,
        PersonalDataRate,
        PromptFit,
        Readability,
        RealComparison,
        RepetitionRate,
        SeedCopies,
        SemanticDuplicates,
        SemanticSpread,
        SplitOverlap,
        Toxicity,
        TwoSampleTest,
        WrongLanguageRate,
    )
    from synth_datasets.quality.personal import personal_data_rate
    from synth_datasets.quality.real import compare_with_real, length_distance
    from synth_datasets.quality.repetition import openings, repetition_rate
    from synth_datasets.quality.report import QualityReport, measure
    from synth_datasets.quality.scorers import embedded_scorer, folder_scorer
    from synth_datasets.quality.semantic_duplicates import semantic_duplicate_rate
    from synth_datasets.quality.spread import mean_distance, semantic_spread, vendi_score
    from synth_datasets.quality.suite import MEASURES, measure_more
    from synth_datasets.quality.surprise import perplexity
    from synth_datasets.quality.terminal import render_terminal
    from synth_datasets.quality.toxicity import toxicity_rate
    from synth_datasets.quality.two_sample import two_sample_test

__all__ = [
    "MEASURES",
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
    "Measured",
    "Openings",
    "Perplexity",
    "PersonalDataRate",
    "PromptFit",
    "QualityReport",
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
    "boilerplate_rate",
    "compare_by_mauve",
    "compare_with_real",
    "compression_ratio",
    "contamination",
    "distinct_n",
    "duplicate_rate",
    "embedded_scorer",
    "folder_embedder",
    "folder_scorer",
    "frechet_distance",
    "grammar_rate",
    "label_distribution",
    "label_fit",
    "length_distance",
    "length_distribution",
    "manifolds",
    "mauve_score",
    "mean_distance",
    "measure",
    "measure_more",
    "minilm_embedder",
    "near_duplicates",
    "openings",
    "perplexity",
    "personal_data_rate",
    "prompt_fit",
    "readability",
    "rejection_funnel",
    "render_html",
    "render_terminal",
    "repetition_rate",
    "seed_copies",
    "semantic_duplicate_rate",
    "semantic_spread",
    "split_overlap",
    "toxicity_rate",
    "two_sample_test",
    "vendi_score",
    "wordllama_embedder",
    "wrong_language_rate",
]

_HOMES = {
    "MEASURES": "suite",
    "Measured": "figures",
    "QualityReport": "report",
    "boilerplate_rate": "boilerplate",
    "compare_by_mauve": "mauve",
    "compare_with_real": "real",
    "compression_ratio": "diversity",
    "contamination": "leaks",
    "distinct_n": "diversity",
    "duplicate_rate": "duplicates",
    "embedded_scorer": "scorers",
    "folder_embedder": "embedders",
    "folder_scorer": "scorers",
    "frechet_distance": "clouds",
    "grammar_rate": "language",
    "label_distribution": "labels",
    "label_fit": "fit",
    "length_distance": "real",
    "length_distribution": "lengths",
    "manifolds": "clouds",
    "mauve_score": "mauve",
    "mean_distance": "spread",
    "measure": "report",
    "measure_more": "suite",
    "minilm_embedder": "embedders",
    "near_duplicates": "duplicates",
    "openings": "repetition",
    "perplexity": "surprise",
    "personal_data_rate": "personal",
    "prompt_fit": "fit",
    "readability": "language",
    "rejection_funnel": "funnel",
    "render_html": "html",
    "render_terminal": "terminal",
    "repetition_rate": "repetition",
    "seed_copies": "leaks",
    "semantic_duplicate_rate": "semantic_duplicates",
    "semantic_spread": "spread",
    "split_overlap": "duplicates",
    "toxicity_rate": "toxicity",
    "two_sample_test": "two_sample",
    "vendi_score": "spread",
    "wordllama_embedder": "embedders",
    "wrong_language_rate": "language",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'measurements')}"), name)
