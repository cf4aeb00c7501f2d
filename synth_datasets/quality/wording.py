"""How numbers and figures are worded, the same in the terminal and in the page."""

from collections.abc import Iterator, Sequence

from synth_datasets.quality.comparison import FigureShift
from synth_datasets.quality.figures import NearCheck, TextFigures
from synth_datasets.quality.lengths import Lengths

__all__ = [
    "FAMILIES",
    "LIMITS",
    "TOO_FEW",
    "UNSPACED",
    "counted_near",
    "decimal",
    "diversity_rows",
    "figure",
    "measure_name",
    "number",
    "percent",
    "quartiles",
    "words_are_characters",
]

TOO_FEW = "too few rows"
UNSPACED = 0.50
"""From this share of characters among the words on, words are said to be characters, and no bounds for words hold."""
UNMEASURED = "-"
VERDICTS = ("not measured", "pass", "warn", "fail")

LIMITS = {
    "labels": "Cannot tell whether a label is right.",
    "lengths": "Cannot tell whether a text is complete, or what it says.",
    "duplicates": "Blind to paraphrase and translation; short texts may be alike rightly.",
    "overlap": "Blind to paraphrase: rows that say the same in other words still leak.",
    "distinct": "Shuffled or off-topic words score high too; compare only sets of one language.",
    "compression": "Depends on language and script, and a smaller sample compresses less.",
    "self_repetition": "Blind to the same idea in other words; set phrases are repeated rightly.",
    "template_rate": "Blind to templates whose slots are closer than five words.",
    "openings": "Cannot tell a style that was asked for from a habit of the model.",
    "boilerplate": "Refusals in nine languages, the rest in English; a set of code or templates is flagged wrongly.",
    "personal_data": "Blind to names, postal addresses and what is told of a person; does not know real from invented.",
    "truth": "Voters share the writer's blind spots; a classifier doubts what is rightly rare. Read the rows.",
    "bias": "Cannot say where a difference comes from, nor see what has no declared column or word.",
    "map": "Texts that share words lie together; two axes show little of what tells texts apart.",
    "real": "Real rows are no goal by themselves: they hold typos, copies and other people's data.",
    "against": "Figures of sets of other sizes differ by size alone: compare like with like.",
    "acceptance": "High means cheap, not good: checks that reject nothing accept everything.",
}
"""What each figure cannot tell, in one line."""


FAMILIES = {
    "labels": "Labels",
    "lengths": "Lengths",
    "duplicates": "Duplicates",
    "overlap": "Overlap of splits",
    "repetition": "Repetition",
    "diversity": "Variety",
    "boilerplate": "Boilerplate",
    "personal_data": "Personal data",
    "acceptance": "Acceptance",
    "truth": "Truth of labels",
    "bias": "Bias",
    "real": "Beside real rows",
}
"""The headings of the families of figures."""


def counted_near(threshold: float, checks: Sequence[NearCheck], column: str) -> str:
    """Word from which likeness on rows of a column count as near duplicates, and from which the spec refused them."""
    refused = next((each.threshold for each in checks if each.column == column), None)
    counted = f"counted from {threshold:g} alike on"
    return counted if refused is None else f"{counted}; the spec's check refuses from {refused:g} on"


def words_are_characters(figures: TextFigures) -> str:
    """Say of texts in a script without spaces what their words are; '' of others."""
    if figures.unspaced <= UNSPACED:
        return ""
    return "words: written without spaces, so each character is counted as a word"


def percent(share: float | None) -> str:
    """Word a share; what is not nothing is not shown as nothing, nor what is not all as all."""
    if share is None:
        return UNMEASURED
    if 0 < share < 0.0005:  # noqa: PLR2004 - what one decimal shows as 0
        return "< 0.1 %"
    if 0.9995 <= share < 1:  # noqa: PLR2004 - what one decimal shows as 100
        return "> 99.9 %"
    return f"{share * 100:.1f} %".replace(".0 %", " %")


def decimal(value: float | None) -> str:
    """Word a ratio."""
    return UNMEASURED if value is None else f"{value:.2f}"


def figure(value: float | None) -> str:
    """Word a number of which nothing else is known, with three figures that count."""
    return UNMEASURED if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004


def measure_name(name: str) -> str:
    """Word the name of a measure: of one that comes along as words, of one's own, which is an address, as it is."""
    return name if ":" in name or "/" in name else name.replace("_", " ")


def number(value: float | None) -> str:
    """Word a count or a length, with one decimal where there is one."""
    return UNMEASURED if value is None else f"{value:,.1f}".removesuffix(".0")


def p_value(value: float) -> str:
    """Word a p-value."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004 - what three decimals show as 0


def shift(each: FigureShift, value: float | None) -> str:
    """Word one side of a comparison."""
    if value is None:
        return UNMEASURED
    if each.unit == "verdict":
        return VERDICTS[int(value)]
    return percent(value) if each.unit == "share" else figure(value)


def change(each: FigureShift) -> str:
    """Word how far a figure has moved; nothing where it has not, or where one side is missing."""
    if each.before is None or each.now is None or each.before == each.now:
        return ""
    gap = each.now - each.before
    if each.unit == "verdict":
        return "worse" if gap > 0 and each.before else "better" if gap < 0 and each.now else ""
    return f"{gap * 100:+z.1f} points" if each.unit == "share" else f"{gap:+,.2f}".removesuffix(".00")


def quartiles(lengths: Lengths) -> str:
    """Word the least, the quartiles and the greatest."""
    values = (
        lengths.minimum,
        lengths.lower_quartile,
        lengths.median,
        lengths.upper_quartile,
        lengths.maximum,
    )
    return " · ".join(number(value) for value in values)


def diversity_rows(figures: TextFigures) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and the key of its limits for every figure on variety."""
    for n in (1, 2, 3):
        found = next((each for each in figures.distinct or () if each.n == n), None)
        value = TOO_FEW if found is None else decimal(found.value)
        if found is not None and not found.comparable:
            value = f"{value} (only {found.tokens:,} of {found.budget:,} words)"
        yield f"distinct-{n}", value, "distinct"
    ratio, repeated, begin = figures.compression, figures.repetition, figures.openings
    yield "compression ratio (xz)", TOO_FEW if ratio is None else decimal(ratio.value), "compression"
    yield (
        "rows sharing 8 words in a row",
        TOO_FEW if repeated is None else percent(repeated.self_repetition),
        "self_repetition",
    )
    yield (
        "rows with a phrase that 1 % share",
        TOO_FEW if repeated is None else percent(repeated.template_rate),
        "template_rate",
    )
    yield "rows with a top-10 opening", TOO_FEW if begin is None else percent(begin.concentration), "openings"
