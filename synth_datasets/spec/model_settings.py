"""Which model is asked, and with which sampling parameters: what a file says of it, laid over what holds otherwise."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from synth_datasets.spec import schema
from synth_datasets.spec.adapter_files import read_adapter
from synth_datasets.spec.adapters import Adapter, AdapterError
from synth_datasets.spec.model import ModelSpec, Scalar
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import ELSEWHERE, is_elsewhere, shown

__all__ = ["build_model", "override"]

# What a chat completion's body defines itself: `extra` must not reach around the spec's own keys, or around what
# the program decides. `reasoning_effort` and `verbosity` only change the answer, so they are left to the spec.
_NOT_EXTRA = frozenset(
    [
        *[
            "id",
            "revision",
            "adapter",
            "temperature",
            "top_p",
            "max_tokens",
            "frequency_penalty",
            "presence_penalty",
        ],
        *["stop", "extra", "model", "messages", "seed", "stream", "stream_options", "response_format"],
        *[
            "max_completion_tokens",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "functions",
            "function_call",
        ],
        *["n", "user", "metadata", "store", "logit_bias", "logprobs", "top_logprobs", "audio", "modalities"],
        *["prediction", "service_tier", "web_search_options", "safety_identifier", "prompt_cache_key"],
        *["prompt_cache_retention", "moderation", "prompt", "input", "instructions", "background"],
        *["extra_body", "extra_query", "body", "query", "guided_json", "chat_template"],
    ]
)


def build_model(given: schema.Model, parts: Parts) -> ModelSpec:
    """Return the model that the spec asks."""
    if isinstance(given, str):
        return ModelSpec(given)
    return _settings(ModelSpec(given.id), given, parts, ("model",))


def override(model: ModelSpec, given: schema.ModelOverride | None, parts: Parts, path: Path) -> ModelSpec:
    """Return the model with the settings that a column, at this path, gives beside `model`."""
    if given is None:
        return model
    settings = schema.ModelOverrideFile(id=given) if isinstance(given, str) else given
    if settings.id is not None and settings.id != model.id:
        # A revision and an adapter are the other model's.
        model = replace(model, id=settings.id, revision=None, adapter=None)
    return _settings(model, settings, parts, (*path, "model"))


def _settings(
    model: ModelSpec, given: schema.ModelFile | schema.ModelOverrideFile, parts: Parts, path: Path
) -> ModelSpec:
    """Lay the settings that are given over those of `model`."""

    def either(value: float | None, otherwise: float | None) -> float | None:
        return otherwise if value is None else float(value)

    return replace(
        model,
        revision=given.revision or model.revision,
        temperature=either(given.temperature, model.temperature),
        top_p=either(given.top_p, model.top_p),
        max_tokens=model.max_tokens if given.max_tokens is None else given.max_tokens,
        frequency_penalty=either(given.frequency_penalty, model.frequency_penalty),
        presence_penalty=either(given.presence_penalty, model.presence_penalty),
        stop=tuple(given.stop) or model.stop,
        extra={**model.extra, **_extra(given.extra, parts, (*path, "extra"))},
        adapter=model.adapter
        if given.adapter is None
        else _adapter(given.adapter, parts, (*path, "adapter")),
    )


def _adapter(given: str, parts: Parts, path: Path) -> Adapter | None:
    try:
        adapter, texts = read_adapter(given, parts.read_bytes, parts.origin)
    except AdapterError as error:
        parts.problem(path, str(error))
        return None
    parts.files.texts.update(texts)
    return adapter


def _extra(given: Mapping[str, object], parts: Parts, path: Path) -> dict[str, Scalar]:
    good: dict[str, Scalar] = {}
    for name, value in given.items():
        if is_elsewhere(name):
            parts.problem((*path, name), f"'{shown(name)}': {ELSEWHERE}")
        elif name in _NOT_EXTRA:
            own = name in schema.ModelFile.model_fields
            hint = "put it one level up" if own else "remove it"
            parts.problem((*path, name), f"`extra` may not set '{name}'", hint)
        elif not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
            message = f"'{shown(name)}' is not the name of a sampling parameter, such as `repeat_penalty`"
            parts.problem((*path, name), message)
        elif isinstance(value, float) and not math.isfinite(value):
            parts.problem((*path, name), "expected a finite number")
        else:
            good[name] = cast("Scalar", value)
    return good
