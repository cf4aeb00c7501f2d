"""What no row may be: a combination of values, or whatever a template holds true of."""

from collections.abc import Mapping
from dataclasses import dataclass

from synth_datasets.spec.templates import Template

__all__ = ["Never"]

_FALSE = frozenset(["", "0", "False", "false"])


@dataclass(frozen=True, slots=True)
class Never:
    """Rows that are drawn again: those with one of the values in every column, or for which the template holds."""

    cases: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Column and values, by their texts; empty with a template."""
    template: Template | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The columns that decide."""
        return frozenset(name for name, _ in self.cases) if self.template is None else self.template.names

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether the row is one of these; raises `TemplateError`."""
        if self.template is not None:
            return self.template.render(values).strip() not in _FALSE
        return all(str(values[name]) in texts for name, texts in self.cases)

    def __str__(self) -> str:
        if self.template is not None:
            return self.template.source.strip()
        return " and ".join(f"{name} is {' or '.join(texts)}" for name, texts in self.cases)
