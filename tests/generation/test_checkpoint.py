"""The embedded model in `transformers`; needs `gguf`, which is not installed where all tests run."""

import asyncio
from pathlib import Path

import pytest

from synth_datasets.generation.checkpoint import checkpoint_of
from synth_datasets.generation.transformers_backend import TransformersBackend, transformers_identity
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings


def test_any_other_model_is_loaded_as_it_is_called():
    assert checkpoint_of("org/model", Settings()) == "org/model"
    assert transformers_identity(EMBEDDED_MODEL_ID) == f"transformers:sha256:{WEIGHTS_SHA256}"


@pytest.mark.transformers
@pytest.mark.embedded
@pytest.mark.slow
def test_the_embedded_model_is_converted_once_and_answers():
    for name in ("transformers", "gguf"):
        pytest.importorskip(name, exc_type=ImportError)
    pytest.importorskip("torch").set_num_threads(1)
    request = Request(
        endpoint=transformers_identity(EMBEDDED_MODEL_ID),
        model=EMBEDDED_MODEL_ID,
        messages=(Message("user", "What is the capital of France? Answer in one sentence."),),
        sampling={"temperature": 0.0, "max_tokens": 12},
        seed=1,
    )

    async def ask():
        backend = TransformersBackend(Settings(), EMBEDDED_MODEL_ID)
        try:
            return await backend.ask(request)
        finally:
            await backend.close()

    assert "Paris" in asyncio.run(ask()).text
    folder = Path(checkpoint_of(EMBEDDED_MODEL_ID, Settings()))
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert Path(checkpoint_of(EMBEDDED_MODEL_ID, Settings())) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]
