"""Which model column is asked again when something that is made of its answer cannot be used."""

from collections.abc import Sequence

from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import Column, FieldsColumn, PromptColumn

__all__ = ["writer_of"]


def writer_of(name: str, order: Sequence[Column]) -> str:
    """Return the last model column that the column `name` is made of, which may be itself; empty without any.

    `order` holds all columns, each after those it reads.
    """
    wanted = {name}
    for column in reversed(order):
        if column.name in wanted or wanted & set(outputs(column)):
            if isinstance(column, PromptColumn | FieldsColumn):
                return column.name
            wanted |= inputs(column)
    return ""
