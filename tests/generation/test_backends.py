"""Which backend answers which model."""

import asyncio
import subprocess
import sys

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.generation.backends import default_concurrency, endpoint_identity, open_backend
from synth_datasets.generation.embedded import EmbeddedBackend
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.store import AnswerStore
from synth_datasets.generation.transformers_backend import TransformersBackend
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

EMBEDDED = EMBEDDED_MODEL_ID


def test_an_endpoint_is_named_by_its_url_without_secrets():
    url = "https://me:secret@Gateway.example:8443/v1/?key=hidden"
    assert endpoint_identity("gpt", Settings(base_url=url)) == "https://gateway.example:8443/v1"
    assert endpoint_identity("gpt", Settings()) == "https://api.openai.com/v1"


def test_the_embedded_model_is_named_by_its_weights():
    assert WEIGHTS_SHA256 in endpoint_identity(EMBEDDED, Settings(base_url="http://x/v1"))
    asked_elsewhere = endpoint_identity(EMBEDDED, Settings(backend="openai", base_url="http://x/v1"))
    assert asked_elsewhere == "http://x/v1"


def test_a_model_of_transformers_is_named_by_its_id():
    assert "org/model" in endpoint_identity("org/model", Settings(backend="transformers"))


def test_naming_loads_nothing_heavy():
    code = (
        "import sys; from synth_datasets.generation.backends import endpoint_identity, open_backend\n"
        "from synth_datasets.settings import Settings\n"
        "endpoint_identity('gpt', Settings()); open_backend(['gpt', 'smollm2-135m-instruct'], Settings())\n"
        "heavy = {'openai', 'httpx2', 'aiohttp', 'torch', 'transformers', 'xllamacpp', 'datasets'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("backend", "model_id", "kind"),
    [
        ("auto", "gpt", OpenAIBackend),
        ("auto", EMBEDDED, EmbeddedBackend),
        ("openai", EMBEDDED, OpenAIBackend),
        ("transformers", "org/model", TransformersBackend),
    ],
)
def test_each_model_gets_its_backend(backend, model_id, kind):
    async def main() -> object:
        settings = Settings(backend=backend, base_url="http://127.0.0.1:1/v1")
        made = open_backend([model_id], settings)()
        await made.close()
        return made, endpoint_identity(model_id, settings)

    made, identity = asyncio.run(main())
    assert isinstance(getattr(made, "inner", made), kind)  # within the budget
    assert made.identity == identity


def test_a_missing_key_is_only_missed_when_somebody_is_asked(tmp_path):
    make = open_backend(["gpt"], Settings())
    with AnswerStore(tmp_path / "a.sqlite") as store, Engine(make, store) as engine:
        engine.submit(
            Request(
                endpoint="https://api.openai.com/v1", model="gpt", messages=(Message("user", "x"),), seed=1
            )
        )
        with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
            engine.wait()


def test_several_ids_share_one_endpoint_and_its_limit(endpoint, tmp_path):
    endpoint.latency_s = 0.01
    settings = Settings(base_url=endpoint.base_url, concurrency=3)
    with (
        AnswerStore(tmp_path / "a.sqlite") as store,
        Engine(open_backend(["a", "b"], settings), store) as engine,
    ):
        for number in range(20):
            engine.submit(
                Request(
                    endpoint=endpoint.base_url,
                    model="ab"[number % 2],
                    messages=(Message("user", "x"),),
                    seed=number,
                )
            )
        while engine.in_flight:
            engine.wait()
    assert {body["model"] for body in endpoint.bodies} == {"a", "b"}
    assert endpoint.max_in_flight == 3


def test_an_endpoint_and_a_local_model_answer_one_spec(endpoint, tmp_path):
    """Each request goes where it says; nobody is asked for a model that was not opened."""
    endpoint.latency_s = 0.02
    settings = Settings(base_url=endpoint.base_url, concurrency=2)

    async def main() -> tuple[str, int, str]:
        backend = open_backend(["gpt", EMBEDDED], settings)()
        try:
            asked = Request(endpoint=endpoint.base_url, model="gpt", messages=(Message("user", "x"),), seed=1)
            answers = await asyncio.gather(*(backend.ask(asked) for _ in range(6)))
            stranger = Request(
                endpoint="http://other/v1", model="gpt", messages=(Message("user", "x"),), seed=1
            )
            with pytest.raises(SettingsError, match="no backend was opened for gpt at http://other/v1"):
                await backend.ask(stranger)
        finally:
            await backend.close()
        return answers[0].text, backend.concurrency, backend.identity

    answer, concurrency, _ = asyncio.run(main())
    assert answer
    assert endpoint.max_in_flight == 2
    assert concurrency == 4


@pytest.mark.embedded
def test_the_embedded_model_answers_beside_an_endpoint(endpoint, tmp_path):
    settings = Settings(base_url=endpoint.base_url, concurrency=1)
    with (
        AnswerStore(tmp_path / "a.sqlite") as store,
        Engine(open_backend(["gpt", EMBEDDED], settings), store) as engine,
    ):
        for model_id in ("gpt", EMBEDDED):
            where = endpoint_identity(model_id, settings)
            asked = Request(
                endpoint=where,
                model=model_id,
                messages=(Message("user", "Say yes."),),
                sampling={"max_tokens": 4},
                seed=1,
            )
            engine.submit(asked)
        texts = {}
        while engine.in_flight:
            texts |= {asked.model: answer.text for asked, answer in engine.wait()}
    assert texts.keys() == {"gpt", EMBEDDED}
    assert texts[EMBEDDED]
    assert endpoint.count == 1


def test_the_usual_concurrency_is_known_without_a_backend():
    assert default_concurrency(["gpt"], Settings(concurrency=7)) == 7
    assert default_concurrency(["gpt", "other"], Settings()) == 64
    assert default_concurrency(["gpt", EMBEDDED], Settings()) > 64
