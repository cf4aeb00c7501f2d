"""Made rows beside real ones, as Markdown of a card."""

from collections.abc import Sequence

from synth_datasets.publishing import markdown
from synth_datasets.quality.beside_real import BesideReal
from synth_datasets.quality.judged_real import likeness_rows, side

__all__ = ["real_tables"]


def real_tables(compared: Sequence[BesideReal]) -> str:
    """Return Markdown of each comparison, without a heading; empty where nothing was compared."""
    return "\n\n".join(map(_tables, compared))


def _tables(each: BesideReal) -> str:
    digest = f" (SHA-256 `{each.digest[:16]}`)" if each.digest else ""
    parts = [
        f"{markdown.code(each.column)} beside {markdown.cell(each.source)}{digest}: {each.rows:,} rows of each, drawn "
        f"at random from {each.of_made:,} made and {each.of_real:,} real ones. Real rows are no goal by themselves.",
        markdown.table(
            ["figure", "made rows", "real rows"],
            [
                [markdown.cell(pair.name), side(pair, pair.made), side(pair, pair.real)]
                for pair in each.figures
            ],
            numeric_from=1,
        ),
    ]
    if near := list(likeness_rows(each)):
        rows = [[markdown.cell(name), value, usual] for name, value, usual in near]
        head = ["nearness to real rows", "made rows", "attained by other real rows, or chance"]
        parts.append(markdown.table(head, rows, numeric_from=1))
    if each.told_apart is not None and each.told_apart.made_words:
        words = markdown.cell(", ".join(each.told_apart.made_words))
        parts.append(
            f"The classifier knows made rows by: {words}. One stock phrase is enough to be told apart."
        )
    parts += [f"Not measured: {markdown.cell(note)}." for note in each.notes]
    return "\n\n".join(parts)
