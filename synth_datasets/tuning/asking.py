"""The tuned model asked again, with the prompts that it has learned."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.transformers_backend import TransformersBackend
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings
from synth_datasets.spec.adapters import Adapter

__all__ = ["answers_of"]


def answers_of(
    requests: Sequence[Request], settings: Settings, model_id: str, adapter: Adapter | None
) -> list[str]:
    """Return what the model, with the adapter or without, answers these requests with; failures are left out."""

    async def ask() -> list[Answer | BaseException]:
        backend = TransformersBackend(settings, model_id, () if adapter is None else (adapter,))
        try:
            named = [replace(each, adapter=None if adapter is None else adapter.digest) for each in requests]
            return await asyncio.gather(*map(backend.ask, named), return_exceptions=True)
        finally:
            await backend.close()

    found = asyncio.run(ask())
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, RequestFailedError):
            raise each
    return [each.text.strip() for each in found if isinstance(each, Answer) and each.text.strip()]
