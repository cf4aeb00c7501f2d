"""What all requests of one model column share, and the request of one row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from synth_datasets.plan import identity
from synth_datasets.plan.prompts import Conversation, Wording, sampling_of
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.schema import schema_text
from synth_datasets.spec.model import DatasetSpec, FieldsColumn, PromptColumn
from synth_datasets.spec.templates import Template

__all__ = ["Question"]

_NOTHING = frozenset(["", "0", "False", "false"])


@dataclass(frozen=True, slots=True)
class Question:
    """A model column, ready to be asked in any row."""

    conversation: Conversation
    pattern: Request
    """One of its requests, but for the messages."""
    seeds: bytes
    when: Wording | str | None
    """What says whether it is asked at all: a text, or the column of this name."""

    @classmethod
    def of(cls, column: PromptColumn | FieldsColumn, spec: DatasetSpec, endpoints: Mapping[str, str]) -> Self:
        """Render what can be rendered without a row; a model without an endpoint gets none in its requests."""
        when = column.prompt.when
        model = column.prompt.model
        structured = isinstance(column, FieldsColumn)
        reads = column.reads if isinstance(column, FieldsColumn) else None
        pattern = Request(
            endpoint=endpoints.get(model.id, ""),
            model=model.id,
            messages=(),
            sampling=sampling_of(model, structured=structured),
            extra=model.extra,
            revision=model.revision,
            adapter=None if model.adapter is None else model.adapter.digest,
            schema=schema_text(column) if isinstance(column, FieldsColumn) and reads is None else None,
            reads=reads,
            seed=0,
        )
        return cls(
            conversation=Conversation.of(column.prompt),
            pattern=pattern,
            seeds=identity.stream(spec.seed, "request", column.name),
            when=Wording.of(when) if isinstance(when, Template) else when,
        )

    def asked(self, values: Mapping[str, object]) -> bool:
        """Whether a row with these values is asked; raises `TemplateError`."""
        if self.when is None:
            return True
        said = str(values[self.when]) if isinstance(self.when, str) else self.when.render(values)
        return said.strip() not in _NOTHING

    def request(self, key: RowKey, values: Mapping[str, object], attempt: int) -> Request:
        """Return the request of one row; raises `TemplateError`."""
        return self.pattern.alike(
            self.conversation.messages(values),
            seed=identity.request_seed(self.seeds, identity.row_bytes(key), attempt),
            attempt=attempt,
        )
