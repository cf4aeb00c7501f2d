"""Which models a spec asks, and at which endpoints."""

from synth_datasets.generation.backends import endpoint_identity
from synth_datasets.settings import Settings
from synth_datasets.spec.graph import adapters_of, asked_columns
from synth_datasets.spec.model import DatasetSpec

__all__ = ["endpoints_of", "model_ids"]


def model_ids(spec: DatasetSpec) -> tuple[str, ...]:
    """Return the models that the spec's columns ask, each once, in the order of the columns."""
    return tuple(dict.fromkeys(column.prompt.model.id for column in asked_columns(spec)))


def endpoints_of(spec: DatasetSpec, settings: Settings) -> dict[str, str]:
    """Return the public identity of the endpoint that each model of the spec is asked at."""
    adapters = adapters_of(spec)
    return {model: endpoint_identity(model, settings, adapters) for model in model_ids(spec)}
