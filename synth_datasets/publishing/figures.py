"""The figures of a quality report that a card shows, each with what it means."""

from collections.abc import Iterator, Sequence

from synth_datasets.publishing.facts import Figure
from synth_datasets.quality.figures import NearCheck, Section, TextFigures
from synth_datasets.quality.report import QualityReport
from synth_datasets.quality.wording import counted_near, percent

__all__ = ["card_figures"]


def card_figures(report: QualityReport) -> tuple[Figure, ...]:
    """Return the figures over all splits; what was not measured is left out."""
    return (
        *_section(report.whole, report.near_checks),
        *_overlaps(report),
        *_votes(report),
        *_noise(report),
        *_bias(report),
    )


def _section(whole: Section, checks: Sequence[NearCheck]) -> Iterator[Figure]:
    for column, labels in whole.labels.items():
        if labels.total_variation is not None:
            yield Figure(
                f"{column}: distance from the asked balance",
                labels.total_variation,
                "total variation of the class shares: rows that would have to change class to be as asked",
                share=True,
            )
    for column, figures in whole.texts.items():
        yield from _text(column, figures, checks)
    if whole.funnel is not None and whole.funnel.acceptance_rate is not None:
        yield Figure(
            "answers accepted",
            whole.funnel.acceptance_rate,
            "share of the model's answers that passed every check",
            share=True,
        )


def _text(column: str, figures: TextFigures, checks: Sequence[NearCheck]) -> Iterator[Figure]:
    words = figures.lengths.words
    if words.median is not None:
        span = f"{words.minimum} / {words.median:g} / {words.maximum}"
        yield Figure(f"{column}: words, least / median / most", span, "length of the texts")
    shares = (
        (
            "exact duplicates",
            figures.duplicates.exact,
            "share of rows that repeat another row; lower is better",
        ),
        (
            "near duplicates",
            figures.duplicates.near,
            "share of rows alike with another (5-character pieces, estimated), "
            f"{counted_near(figures.duplicates.threshold, checks, column)}; lower is better",
        ),
        (
            "boilerplate",
            figures.boilerplate.rate,
            "share of rows with refusals, preambles or placeholders; 0 is best",
        ),
        (
            "personal data",
            figures.personal.rate if figures.personal else None,
            "share of rows with what has the form of a person's address or number, invented ones left out; names have "
            "no form; 0 is best",
        ),
        (
            "self-repetition",
            figures.repetition.self_repetition if figures.repetition else None,
            "share of rows with 8 words in a row that another row has too; lower is better",
        ),
        (
            "compression ratio",
            figures.compression.value if figures.compression else None,
            "xz on a fixed sample; higher means more repetition, compare at equal size only",
        ),
    )
    for name, value, meaning in shares:
        if value is not None:
            yield Figure(f"{column}: {name}", value, meaning, share=name != "compression ratio")
    for distinct in figures.distinct or ():
        if distinct.value is not None and distinct.comparable:
            yield Figure(
                f"{column}: distinct-{distinct.n}",
                distinct.value,
                f"share of different {distinct.n}-word sequences among the first {distinct.budget:,} words",
                share=True,
            )


def _overlaps(report: QualityReport) -> Iterator[Figure]:
    for each in report.overlaps:
        if each.overlap.near is not None:
            yield Figure(
                f"{each.column}: {each.later} rows near a {each.earlier} row",
                each.overlap.near,
                f"share of {each.later} that a model has seen in {each.earlier}; 0 is best",
                share=True,
            )


def _votes(report: QualityReport) -> Iterator[Figure]:
    for each in report.votes:
        of = "of rows that were kept because votes agree" if each.selected else "of all rows"
        yield Figure(
            f"{each.column}: votes for the row's label",
            each.agreement,
            f"share of {each.votes:,} votes by models that saw the text alone, {of}; higher is better",
            share=True,
        )
        yield Figure(
            f"{each.column}: rows with all votes for their label",
            each.unanimous,
            f"share {of}; higher is better",
            share=True,
        )
        if each.cohen_kappa is not None:
            yield Figure(
                f"{each.column}: Cohen's kappa",
                each.cohen_kappa,
                "agreement of label and most frequent vote beyond chance; 1 is perfect, 0 is what chance gives",
            )


def _bias(report: QualityReport) -> Iterator[Figure]:
    if report.bias is None:
        return
    for each in report.bias.attributes:
        shares = ", ".join(f"{group.value} {percent(group.share)}" for group in each.groups)
        real = [group.real_share for group in each.groups]
        told = [
            f"{group.value} {percent(share)}"
            for group, share in zip(each.groups, real, strict=True)
            if share is not None
        ]
        yield Figure(
            f"{each.name}: shares",
            shares,
            f"of {each.rows:,} rows that have one value; {each.without:,} have none",
            real=", ".join(told) or None,
        )
        if each.association is not None:
            yield Figure(
                f"{each.name}: Cramér's V with {report.bias.label}",
                each.association.v,
                "how far the label goes along with it, 0 to 1; 0 is best",
                real=each.real_v,
            )
        if each.swap is not None:
            low, high = each.swap.interval
            yield Figure(
                f"{each.name}: predictions changed by swapped words",
                each.swap.share,
                f"by a classifier trained on the other rows, {percent(low)} to {percent(high)}; 0 is best",
                share=True,
            )


def _noise(report: QualityReport) -> Iterator[Figure]:
    for noise in report.noise:
        if noise.figures is not None:
            low, high = noise.figures.noise_interval
            check = noise.figures.check
            yield Figure(
                f"{noise.label}: wrong labels, estimated",
                noise.figures.noise,
                f"by a classifier, {percent(low)} to {percent(high)}; of labels changed on purpose it finds "
                f"{percent(check.found)}, and doubts {percent(check.false_alarms)} of the rest; lower is better",
                share=True,
            )
