"""The report as one HTML page: no scripts, nothing from elsewhere, every text escaped."""

import re
from functools import partial
from pathlib import Path

from synth_datasets.quality import judged_real, map_plots, plots, wording
from synth_datasets.quality.comparison import Against
from synth_datasets.quality.figures import Section, TextFigures
from synth_datasets.quality.report import QualityReport
from synth_datasets.quality.verdicts import FEW_ROWS, headline
from synth_datasets.validation.reasons import REASONS

__all__ = ["render_html"]

MOST_PANELS = 12
"""With more classes than this, their lengths are drawn together."""

_TEMPLATE = "report.html.j2"
_EMBEDDINGS = re.compile("[\u202a-\u202e]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_MEASURES = {
    "words": {
        "title": "length in words",
        "said": "Very short texts may be cut off, very long ones may ramble.",
        "low": "Shortest",
        "high": "Longest",
    },
    "likeness": {
        "title": "likeness to the nearest other text",
        "said": "Cosine of TF-IDF: 1 is the same words, 0 none in common.",
        "low": "Least like any other: rare, or off topic",
        "high": "Most like another: nearly a copy",
    },
    "label_probability": {
        "title": "how far a classifier believes the label",
        "said": "By a model that has not seen the row.",
        "low": "Least believed",
        "high": "Most believed: typical",
    },
}
_ANCHORS = {"overlap": "duplicates", "repetition": "diversity", "acceptance": "funnel"}


def render_html(report: QualityReport) -> str:
    """Return the page, to be written in UTF-8: a function of the report, for phones and for the dark too."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters |= {"percent": wording.percent, "decimal": wording.decimal, "number": wording.number}
    sections = {**report.splits, "all splits": report.whole} if len(report.splits) > 1 else report.splits
    return environment.get_template(_TEMPLATE).render(
        report=report,
        sections=sections,
        titles=wording.FAMILIES,
        anchors=_ANCHORS,
        limits=wording.LIMITS,
        too_few=wording.TOO_FEW,
        few_rows=FEW_ROWS,
        label_plot=plots.label_plot,
        funnel_plot=plots.funnel_plot,
        length_plots=_length_plots,
        diversity_rows=wording.diversity_rows,
        quartiles=wording.quartiles,
        counted_near=wording.counted_near,
        words_are_characters=wording.words_are_characters,
        figure=wording.figure,
        measure_name=wording.measure_name,
        headline=headline(report.verdicts),
        map_plot=map_plots.map_plot,
        completed_plot=plots.completed_plot,
        measures=_MEASURES,
        place=partial(_place, report),
        p_value=wording.p_value,
        shift=wording.shift,
        change=wording.change,
        side=judged_real.side,
        likeness_rows=judged_real.likeness_rows,
        unmoved=_unmoved,
        reasons=REASONS,
        sampled=_sampled(report.whole),
    )


def _place(report: QualityReport, row: int) -> str:
    """Return split and position of a row that was counted over all splits, as `synth trace` takes them."""
    for split, section in report.splits.items():
        if row < section.rows:
            return f"{split} {row}"
        row -= section.rows
    return str(row)


def _unmoved(against: Against) -> int:
    return sum(each.before == each.now for each in against.figures)


def _length_plots(figures: TextFigures) -> list[plots.Histogram]:
    few = 0 < len(figures.lengths_by_class) <= MOST_PANELS
    by_class = figures.lengths_by_class if few else {"all rows": figures.lengths}
    found = (
        plots.length_plot({name: each.words for name, each in by_class.items()}, "words"),
        plots.length_plot({name: each.characters for name, each in by_class.items()}, "characters"),
    )
    return [plot for plot in found if plot is not None]


def _sampled(section: Section) -> dict[str, int]:
    """Return the rows that were measured for each text column that was not measured whole."""
    return {
        column: figures.measured_rows
        for column, figures in section.texts.items()
        if figures.measured_rows < section.rows
    }


def _harmless(value: object) -> object:
    """Show characters that HTML forbids, or that would turn the text around, instead of passing them on."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return _EMBEDDINGS.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", _CONTROLS.sub("\ufffd", value))
