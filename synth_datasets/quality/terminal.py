"""The report as plain text for a terminal: verdicts first, then figures, then the funnel."""

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from synth_datasets.quality.beside_real import BesideReal
from synth_datasets.quality.bias_figures import AttributeFigures
from synth_datasets.quality.comparison import Against
from synth_datasets.quality.completed import CompletedFigures
from synth_datasets.quality.figures import Measured, Section
from synth_datasets.quality.funnel import Funnel
from synth_datasets.quality.looks import ColumnNoise
from synth_datasets.quality.report import QualityReport
from synth_datasets.quality.terminal_looks import (
    against_rows,
    attribute_rows,
    completed_rows,
    noise_rows,
    real_rows,
    vote_rows,
)
from synth_datasets.quality.votes import VoteFigures
from synth_datasets.quality.wording import (
    counted_near,
    decimal,
    diversity_rows,
    figure,
    measure_name,
    number,
    percent,
    quartiles,
    words_are_characters,
)

__all__ = ["render_terminal"]

_MARKS = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "unmeasured": "-"}


def render_terminal(report: QualityReport, *, width: int = 80) -> str:
    """Return lines of at most `width` columns, without colour or control characters."""
    lines = [_headline(report), ""]
    for verdict in report.verdicts:
        for position, reason in enumerate(verdict.reasons):
            head = f"  {_MARKS[verdict.verdict]:<6}{verdict.family:<14}" if not position else " " * 22
            lines += _wrapped(_clean(reason), head, width)
    lines += ["", *_splits(report, width)]
    for column in report.whole.texts:
        lines += ["", *_texts(report.whole, column, width)]
    for split, section in report.splits.items():
        for column in section.labels:
            lines += ["", *_labels(split, section, column, width)]
    for each in report.more:
        lines += ["", *_measured(each, width)]
    lines += _looks(report, width)
    if report.whole.funnel is not None:
        lines += ["", *_funnel(report.whole.funnel, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _headline(report: QualityReport) -> str:
    splits = "1 split" if len(report.splits) == 1 else f"{len(report.splits)} splits"
    name = f" of {_clean(report.title)}" if report.title else ""
    return f"Quality{name}: {report.whole.rows:,} rows in {splits}"


def _splits(report: QualityReport, width: int) -> Iterator[str]:
    sections = {**report.splits, "all": report.whole} if len(report.splits) > 1 else report.splits
    for column in report.whole.texts:
        rows = [("split", "rows", "words (median)", "equal", "near-equal", "boilerplate")]
        for split, section in sections.items():
            figures = section.texts[column]
            rows.append(
                (
                    _clean(split),
                    f"{section.rows:,}",
                    number(figures.lengths.words.median),
                    percent(figures.duplicates.exact),
                    percent(figures.duplicates.near),
                    percent(figures.boilerplate.rate),
                )
            )
        yield _clean(column)
        yield from _table(rows, width)
        threshold = report.whole.texts[column].duplicates.threshold
        said = f"near-equal: {counted_near(threshold, report.near_checks, column)}"
        yield from _wrapped(said, "  ", width)


def _texts(section: Section, column: str, width: int) -> Iterator[str]:
    figures = section.texts[column]
    sampled = f", measured on {figures.measured_rows:,} rows" if figures.measured_rows < section.rows else ""
    yield f"{_clean(column)}, all splits{sampled}"
    rows = [
        ("characters (min · quartiles · max)", quartiles(figures.lengths.characters)),
        ("words (min · quartiles · max)", quartiles(figures.lengths.words)),
        *((name, value) for name, value, _ in diversity_rows(figures)),
    ]
    yield from _table(rows, width)
    if said := words_are_characters(figures):
        yield from _wrapped(said, "  ", width)


def _labels(split: str, section: Section, column: str, width: int) -> Iterator[str]:
    found = section.labels[column]
    asked = found.asked
    yield f"{_clean(column)} in {_clean(split)}"
    bar = max(1, *found.counts.values(), *(asked or {}).values()) if found.counts else 1
    rows = [
        (_clean(name), f"{count:,}" if asked is None else f"{count:,} of {asked[name]:,}", _bar(count, bar))
        for name, count in found.counts.items()
    ]
    if found.unlabelled:
        rows.append(("(no label)", f"{found.unlabelled:,}", _bar(found.unlabelled, bar)))
    yield from _table(rows, width)


def _measured(found: Measured, width: int) -> Iterator[str]:
    name = _clean(measure_name(found.name))
    yield f"{name} of {_clean(found.column)}, {found.rows:,} rows" if found.column else name
    yield from _table(
        [(_clean(measure_name(each)), figure(value)) for each, value in found.values.items()], width
    )
    for said in (found.direction, *found.notes, found.limits):
        yield from _wrapped(_clean(said), "  ", width) if said else ()


def _looks(report: QualityReport, width: int) -> Iterator[str]:
    parts: list[Iterator[str]] = [_votes(each, width) for each in report.votes]
    parts += [_noise(each, width) for each in report.noise]
    parts += [_attribute(each, width) for each in (report.bias.attributes if report.bias else ())]
    parts += [_completed(report.completed, width)] if report.completed is not None else []
    parts += [_beside_real(each, width) for each in report.real]
    parts += [_against(report.against, width)] if report.against is not None else []
    for part in parts:
        yield ""
        yield from part


def _votes(found: VoteFigures, width: int) -> Iterator[str]:
    yield f"Votes on {_clean(found.column)}: the planned label wins in {percent(found.majority)} of {found.rows:,} rows"
    yield f"  Cohen's kappa {decimal(found.cohen_kappa)}, Fleiss' kappa {decimal(found.fleiss_kappa)}"
    yield from _cleaned(vote_rows(found), width)


def _noise(found: ColumnNoise, width: int) -> Iterator[str]:
    yield f"Doubted labels of {_clean(found.label)}"
    yield from _cleaned(noise_rows(found), width)


def _attribute(found: AttributeFigures, width: int) -> Iterator[str]:
    yield f"Attribute {_clean(found.name)}"
    for row in attribute_rows(found):
        yield from _wrapped(_clean("  ".join(row[1:])), f"  {_pad(_clean(row[0]), 20)} ", width)


def _completed(found: CompletedFigures, width: int) -> Iterator[str]:
    yield f"Real rows and those of {_clean(found.split)}"
    yield from _cleaned(completed_rows(found), width)


def _beside_real(found: BesideReal, width: int) -> Iterator[str]:
    yield from _wrapped(
        _clean(f"{found.column} beside {found.source}, {found.rows:,} rows of each"), "", width
    )
    yield from _cleaned(real_rows(found), width)
    if found.told_apart is not None and found.told_apart.made_words:
        words = found.told_apart
        for name, said in (("made rows say", words.made_words), ("real rows say", words.real_words)):
            yield from _wrapped(_clean(f"{name}: {', '.join(said)}"), "  ", width) if said else ()
    for note in found.notes:
        yield from _wrapped(_clean(note), "  ", width)


def _against(found: Against, width: int) -> Iterator[str]:
    yield f"Beside {_clean(found.title) or 'the earlier build'}"
    yield from _cleaned(against_rows(found), width)


def _cleaned(rows: Iterable[tuple[str, ...]], width: int) -> Iterator[str]:
    found = [tuple(map(_clean, row)) for row in rows]
    if found:
        yield from _table(found, width)


def _funnel(funnel: Funnel, width: int) -> Iterator[str]:
    yield "What became of the answers"
    steps = [("judged", funnel.answers), *funnel.rejected.items(), ("kept", funnel.kept)]
    yield from _table(
        [(_clean(name), f"{count:,}", _bar(count, max(1, funnel.answers))) for name, count in steps], width
    )
    missing = f", {funnel.missing_rows:,} missing" if funnel.missing_rows else ""
    yield f"  {funnel.accepted_rows:,} rows accepted{missing}"


def _table(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    """Lay out cells in columns: names left, the rest right, bars left; a long name gives way."""
    widths = [max(_columns(row[place]) for row in rows) for place in range(len(rows[0]))]
    widths[0] = max(8, min(widths[0], width - 2 - sum(widths[1:]) - 2 * len(widths[1:])))
    for row in rows:
        cells = [_pad(row[0], widths[0])]
        for place, cell in enumerate(row[1:], start=1):
            bar = not cell.strip("█▏")
            cells.append(cell if bar else " " * (widths[place] - _columns(cell)) + cell)
        yield "  " + "  ".join(cells)


def _bar(value: int, most: int, cells: int = 24) -> str:
    return "█" * round(value * cells / most) or ("▏" if value else "")


def _wrapped(text: str, head: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head)) or [head]


def _clean(text: str) -> str:
    """Replace what could move the cursor or turn the line around."""
    return "".join(
        "\ufffd" if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else each for each in text
    )


def _columns(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(each) in "WF" else not unicodedata.combining(each) for each in text
    )


def _pad(text: str, width: int) -> str:
    if _columns(text) > width:
        while _columns(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _columns(text))
