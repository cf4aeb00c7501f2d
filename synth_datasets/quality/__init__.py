"""What can be said about a dataset: plain functions, an `evaluate` measurement over each, and one report.

Importing this package is cheap. The measurements (`DistinctN`, …) import `evaluate` on first use, which
takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synth_datasets.quality.boilerplate import boilerplate_rate
    from synth_datasets.quality.diversity import compression_ratio, distinct_n
    from synth_datasets.quality.duplicates import duplicate_rate, split_overlap
    from synth_datasets.quality.funnel import rejection_funnel
    from synth_datasets.quality.html import render_html
    from synth_datasets.quality.labels import label_distribution
    from synth_datasets.quality.lengths import length_distribution
    from synth_datasets.quality.measurements import (
        BoilerplateRate,
        CompressionRatio,
        DistinctN,
        DuplicateRate,
        LabelDistribution,
        LengthDistribution,
        Openings,
        RepetitionRate,
        SplitOverlap,
    )
    from synth_datasets.quality.repetition import openings, repetition_rate
    from synth_datasets.quality.report import QualityReport, measure
    from synth_datasets.quality.terminal import render_terminal

__all__ = [
    "BoilerplateRate",
    "CompressionRatio",
    "DistinctN",
    "DuplicateRate",
    "LabelDistribution",
    "LengthDistribution",
    "Openings",
    "QualityReport",
    "RepetitionRate",
    "SplitOverlap",
    "boilerplate_rate",
    "compression_ratio",
    "distinct_n",
    "duplicate_rate",
    "label_distribution",
    "length_distribution",
    "measure",
    "openings",
    "rejection_funnel",
    "render_html",
    "render_terminal",
    "repetition_rate",
    "split_overlap",
]

_HOMES = {
    "QualityReport": "report",
    "boilerplate_rate": "boilerplate",
    "compression_ratio": "diversity",
    "distinct_n": "diversity",
    "duplicate_rate": "duplicates",
    "label_distribution": "labels",
    "length_distribution": "lengths",
    "measure": "report",
    "openings": "repetition",
    "rejection_funnel": "funnel",
    "render_html": "html",
    "render_terminal": "terminal",
    "repetition_rate": "repetition",
    "split_overlap": "duplicates",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'measurements')}"), name)
