"""A spec file, read, checked and frozen: `load_spec` and what it gives.

Importing this loads no library; pydantic, YAML and Jinja come with the first spec that is read.
"""

from synth_datasets.spec.fingerprint import digest, fingerprint, ingredients
from synth_datasets.spec.graph import column_order, inputs, outputs
from synth_datasets.spec.load import load_spec, parse_spec
from synth_datasets.spec.model import (
    Checks,
    ClassesColumn,
    Column,
    DatasetSpec,
    Field,
    FieldsColumn,
    ModelSpec,
    NumberColumn,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Scalar,
    Shot,
    Split,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.overrides import with_overrides
from synth_datasets.spec.templates import Template, TemplateError

__all__ = [
    "Checks",
    "ClassesColumn",
    "Column",
    "DatasetSpec",
    "Field",
    "FieldsColumn",
    "ModelSpec",
    "NumberColumn",
    "PerValue",
    "Prompt",
    "PromptColumn",
    "SampleColumn",
    "Scalar",
    "Shot",
    "Split",
    "Template",
    "TemplateError",
    "TextColumn",
    "Weighted",
    "column_order",
    "digest",
    "fingerprint",
    "ingredients",
    "inputs",
    "json_schema",
    "load_spec",
    "outputs",
    "parse_spec",
    "with_overrides",
]


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of a spec file, for editors."""
    from synth_datasets.spec.schema import json_schema as schema

    return schema()
