import asyncio
import subprocess
import sys
from types import SimpleNamespace

import pytest

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.backends import default_concurrency, endpoint_identity, open_backend
from synth_datasets.generation.vllm_backend import VLLMBackend, answer_of, sampling_of, vllm_identity
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

REQUEST = Request(
    endpoint="vllm:org/model",
    model="org/model",
    messages=(Message("user", "Write."), Message("assistant", "Once ")),
    sampling={"temperature": 0.3, "max_tokens": 40, "stop": ("\n", "END")},
    extra={"top_k": 20, "repetition_penalty": 1.1},
    seed=12345,
)


def test_a_request_becomes_sampling_parameters():
    assert sampling_of(REQUEST) == {
        "temperature": 0.3,
        "top_p": 1.0,
        "top_k": 20,
        "min_p": 0.0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
        "repetition_penalty": 1.1,
        "max_tokens": 40,
        "stop": ["\n", "END"],
        "seed": 12345,
    }


def test_vllm_has_parameters_of_these_names():
    vllm = pytest.importorskip("vllm", exc_type=ImportError)
    parameters = vllm.SamplingParams(**sampling_of(REQUEST))
    assert (parameters.seed, parameters.max_tokens, parameters.top_k) == (12345, 40, 20)


def test_a_parameter_that_nobody_would_heed_is_refused():
    request = Request(
        endpoint="vllm:org/model",
        model="org/model",
        messages=(Message("user", "Write."),),
        extra={"mirostat": 2},
        seed=1,
    )
    with pytest.raises(EndpointError, match="does not know mirostat"):
        asyncio.run(VLLMBackend(Settings(), "org/model").ask(request))


def test_the_last_word_on_a_request_is_its_answer():
    said = SimpleNamespace(text="upon a time", token_ids=[1, 2, 3], finish_reason="length")
    answer = answer_of(REQUEST, 9, SimpleNamespace(outputs=[said]))
    assert answer.text == "Once upon a time"
    assert (answer.key, answer.finish_reason) == (REQUEST.key, "length")
    assert (answer.prompt_tokens, answer.completion_tokens) == (9, 3)


def test_an_aborted_request_failed():
    said = SimpleNamespace(text="upon", token_ids=[1], finish_reason="abort")
    for last in (None, SimpleNamespace(outputs=[said])):
        with pytest.raises(RequestFailedError, match="endpoint_error"):
            answer_of(REQUEST, 9, last)


def test_its_answers_are_no_other_backends():
    settings = Settings(backend="vllm")
    assert (
        endpoint_identity("org/model", settings) == "vllm:org/model" == vllm_identity("org/model", settings)
    )
    assert default_concurrency(["org/model"], settings) == 256
    backend = open_backend(["org/model"], settings)()
    assert backend.identity == "vllm:org/model"
    asyncio.run(backend.close())


def test_a_missing_vllm_says_what_to_install_and_no_statistics_are_sent(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.delenv("VLLM_NO_USAGE_STATS", raising=False)
    with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[vllm\]'"):
        asyncio.run(VLLMBackend(Settings(), "org/model").ask(REQUEST))


def test_importing_the_backend_imports_no_vllm():
    program = (
        "import sys; import synth_datasets.generation.vllm_backend; "
        "sys.exit(bool({'vllm', 'torch', 'transformers'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
