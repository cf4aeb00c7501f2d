"""How a card tells of texts that a model has read for their perplexity."""

from synth_datasets.spec.model import Checks, DatasetSpec, FieldsColumn

__all__ = ["reader_lines"]


def reader_lines(spec: DatasetSpec) -> tuple[str, ...]:
    """Return a sentence for each text that a model has read; names are not yet safe for Markdown."""
    return tuple(
        _sentence(column, column.reads, spec.checks.get(column.name, Checks()))
        for column in spec.columns
        if isinstance(column, FieldsColumn) and column.reads is not None
    )


def _sentence(column: FieldsColumn, tokens: int, checks: Checks) -> str:
    model, [figure] = column.prompt.model, column.fields
    revision = f" (revision {model.revision})" if model.revision else ""
    said = (
        f"{column.judges}, at most {tokens} tokens of each, by {model.id}{revision}, which wrote none of it"
    )
    if checks.perplexity is not None:
        least, most = checks.perplexity
        said += f"; a perplexity below {least:g} or above {most:g} was rejected"
    return said if figure.hidden else f"{said}, and that of the others is in the column {figure.name}"
