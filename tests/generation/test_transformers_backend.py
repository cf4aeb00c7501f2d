import asyncio
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.transformers_backend import TransformersBackend, transformers_identity
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = [
    "Write a short review of a laptop, a phone, a book and a lamp.",
    "The battery of this laptop is good, but the screen could be brighter than it is.",
    "I would buy this book again, because the story is told well from first to last.",
]


@pytest.fixture(scope="module")
def torch():
    """Torch with one thread, or the test is skipped."""
    pytest.importorskip("transformers", exc_type=ImportError)
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


@pytest.fixture(scope="module")
def model(torch, tmp_path_factory) -> Path:
    """A Llama of random weights, with a tokenizer of its own and a chat template."""
    import tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        initializer_range=0.6,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
    )
    llama = LlamaForCausalLM(config)
    llama.generation_config.repetition_penalty = 1.9  # a checkpoint's own taste, which no spec asked for
    folder = tmp_path_factory.mktemp("model")
    llama.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def ask_for(model: Path | str, text: str, *, opening: str = "", seed: int = 1, **rest) -> Request:
    begun = (Message("assistant", opening),) if opening else ()
    parts = {name: rest.pop(name) for name in ("schema", "extra", "revision") if name in rest}
    return Request(
        endpoint=transformers_identity(str(model)),
        model=str(model),
        messages=(Message("user", text), *begun),
        sampling={"max_tokens": 12, **rest},
        seed=seed,
        **parts,
    )


def answers(*requests: Request, concurrency: int | None = None, failures: bool = False):
    """Ask all at once on a fresh backend, and close it."""

    async def main():
        backend = TransformersBackend(Settings(concurrency=concurrency), requests[0].model)
        try:
            return await asyncio.gather(*map(backend.ask, requests), return_exceptions=failures)
        finally:
            await backend.close()

    return asyncio.run(main())


def texts(*requests: Request, concurrency: int | None = None) -> list[str]:
    return [answer.text for answer in answers(*requests, concurrency=concurrency)]


@pytest.mark.transformers
def test_an_answer_is_the_same_alone_in_a_batch_and_in_any_order(model):
    requests = [
        ask_for(model, f"Write {subject} review. " * (1 + seed % 4), seed=seed, temperature=0.9, top_p=0.95)
        for seed, subject in enumerate(
            ("a short", "a long", "one", "another", "a good", "a bad", "my", "your")
        )
    ]
    together = texts(*requests)
    assert len(set(together)) == len(requests)
    assert texts(*reversed(requests), concurrency=3) == together[::-1]
    assert [texts(request)[0] for request in requests[2:5]] == together[2:5]


@pytest.mark.transformers
def test_seeds_differ_by_all_their_64_bits(model):
    seeds = (0, 1, 2**32, 2**63, 2**63 + 1)
    drawn = texts(*(ask_for(model, "Write.", seed=seed, temperature=1.0) for seed in seeds))
    assert len(set(drawn)) == len(seeds)
    assert texts(ask_for(model, "Write.", seed=2**63, temperature=1.0)) == [drawn[3]]


@pytest.mark.transformers
def test_temperature_zero_is_the_models_own_greedy_answer_whatever_its_checkpoint_prefers(torch, model):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    llama = AutoModelForCausalLM.from_pretrained(model)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Write."}],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )["input_ids"]
    length = ids.shape[1]
    with torch.inference_mode():
        for _ in range(6):
            ids = torch.cat([ids, llama(ids).logits[:, -1:].argmax(-1)], dim=1)
    [answer] = answers(ask_for(model, "Write.", temperature=0.0, max_tokens=6))
    assert answer.text == tokenizer.decode(ids[0, length:])
    assert (answer.prompt_tokens, answer.completion_tokens, answer.finish_reason) == (length, 6, "length")


@pytest.mark.transformers
def test_the_opening_is_continued_with_its_space(torch, model):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    begun = ask_for(model, "Write.", opening="The battery of this", temperature=0.0)
    [answer] = answers(begun)
    assert answer.text.startswith("The battery of this")
    assert len(answer.text) > len("The battery of this")
    ends_open = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Write."}, {"role": "assistant", "content": "The battery of this"}],
        continue_final_message=True,
        return_dict=True,
    )["input_ids"]
    assert answer.prompt_tokens == len(ends_open)


@pytest.mark.transformers
def test_a_stop_string_ends_the_text_before_it(model):
    request = ask_for(model, "Write.", temperature=0.0)
    [whole] = answers(request)
    stop = whole.text[4:6]
    [cut] = answers(replace(request, sampling={**request.sampling, "stop": (stop, "never said")}))
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert cut.completion_tokens < whole.completion_tokens


@pytest.mark.transformers
def test_the_end_token_ends_the_answer_and_is_no_part_of_it(torch, model, tmp_path):
    """The token that greedy decoding gives first is made the end token."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ids = AutoTokenizer.from_pretrained(model).apply_chat_template(
        [{"role": "user", "content": "Write."}],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )["input_ids"]
    first = AutoModelForCausalLM.from_pretrained(model)(ids).logits[0, -1].argmax().item()
    other = tmp_path / "ending"
    shutil.copytree(model, other)
    config = json.loads((other / "generation_config.json").read_text())
    (other / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": [first]}))
    [ended] = answers(ask_for(other, "Write.", temperature=0.0))
    assert (ended.finish_reason, ended.completion_tokens) == ("stop", 1)
    [unended] = answers(ask_for(model, "Write.", temperature=0.0))
    assert (unended.finish_reason, unended.completion_tokens) == ("length", 12)


@pytest.mark.transformers
def test_penalties_and_filters_change_what_is_drawn(model):
    def one(**parameters) -> str:
        return texts(ask_for(model, "Write.", **{"temperature": 0.0, "max_tokens": 40, **parameters}))[0]

    greedy = one()
    assert one(frequency_penalty=2.0) != greedy
    assert one(presence_penalty=2.0) != greedy
    assert one(extra={"repetition_penalty": 2.0}) != greedy
    for narrow in ({"top_k": 1}, {"min_p": 1.0}):
        assert one(temperature=1.5, extra=narrow) == greedy
    assert one(temperature=1.5, top_p=1e-6) == greedy
    assert one(temperature=1.5) != greedy


@pytest.mark.transformers
def test_a_penalty_over_the_prompt_does_not_depend_on_padding(model):
    short, long = (
        ask_for(model, text, temperature=0.0, extra={"repetition_penalty": 1.5})
        for text in ("Write.", "Write. " * 9)
    )
    assert texts(short, long) == [*texts(short), *texts(long)]


@pytest.mark.transformers
def test_a_schema_is_shown_to_the_model(model):
    plain, shaped = answers(
        ask_for(model, "Rate a lamp.", opening="{"),
        ask_for(model, "Rate a lamp.", opening="{", schema='{"type":"object"}'),
    )
    assert shaped.prompt_tokens > plain.prompt_tokens + 20


@pytest.mark.transformers
def test_a_prompt_beyond_the_context_fails_alone(model):
    failed, answered = answers(ask_for(model, "Write. " * 200), ask_for(model, "Write."), failures=True)
    assert isinstance(failed, RequestFailedError)
    assert failed.reason == "context_too_long"
    assert "256" in failed.detail
    assert answered.text


@pytest.mark.transformers
def test_a_model_without_a_chat_template_gets_plain_lines(torch, model, tmp_path):
    from transformers import AutoTokenizer

    base = tmp_path / "base"
    shutil.copytree(model, base)
    (base / "chat_template.jinja").unlink()
    request = ask_for(base, "Write.", opening="This lamp")
    request = replace(request, messages=(Message("system", "Be brief."), *request.messages))
    [answer] = answers(request)
    shown = AutoTokenizer.from_pretrained(model)("Be brief.\n\nUser: Write.\n\nAssistant: This lamp")[
        "input_ids"
    ]
    assert answer.prompt_tokens == len(shown)
    [unopened] = answers(ask_for(base, "Write."))
    assert unopened.prompt_tokens == len(
        AutoTokenizer.from_pretrained(model)("User: Write.\n\nAssistant:")["input_ids"]
    )


@pytest.mark.transformers
def test_messages_that_the_template_refuses_are_explained(model, tmp_path):
    strict = tmp_path / "strict"
    shutil.copytree(model, strict)
    (strict / "chat_template.jinja").write_text("{{ raise_exception('no system role here') }}")
    with pytest.raises(EndpointError, match="no system role here"):
        answers(ask_for(strict, "Write."))


def test_a_parameter_that_nobody_would_heed_is_refused():
    with pytest.raises(EndpointError, match=r"does not know repeat_penalty; it knows .*repetition_penalty"):
        answers(ask_for("some/model", "Write.", extra={"repeat_penalty": 1.1}))


@pytest.mark.transformers
def test_a_model_that_is_not_there_is_a_settings_error(torch, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for model_id in (str(tmp_path), "nobody/has-this"):
        with pytest.raises(SettingsError, match="cannot load"):
            answers(ask_for(model_id, "Write."))


@pytest.mark.transformers
def test_pickled_weights_are_refused(torch, model, tmp_path):
    pickled = tmp_path / "pickled"
    shutil.copytree(model, pickled)
    (pickled / "model.safetensors").unlink()
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(SettingsError, match="cannot load"):
        answers(ask_for(pickled, "Write."))


def test_missing_libraries_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[transformers\]'"):
        answers(ask_for("some/model", "Write."))


@pytest.mark.transformers
def test_too_little_memory_names_the_setting(torch, model, monkeypatch):
    from transformers import LlamaForCausalLM

    def full(*args, **kwargs):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(LlamaForCausalLM, "forward", full)
    with pytest.raises(SettingsError, match="SYNTH_CONCURRENCY"):
        answers(ask_for(model, "Write."))


@pytest.mark.transformers
def test_requests_of_different_parameters_are_answered_side_by_side(model):
    hot, cold, brief = (
        ask_for(model, "Write.", temperature=1.2),
        ask_for(model, "Write.", temperature=0.0),
        ask_for(model, "Write.", temperature=0.0, max_tokens=3),
    )
    assert texts(hot, cold, brief) == [*texts(hot), *texts(cold), *texts(brief)]


@pytest.mark.transformers
def test_cancelling_one_leaves_the_others_and_closing_ends_the_rest(model):
    endless = ask_for(model, "Write.", seed=7, max_tokens=200, temperature=1.0)
    short = ask_for(model, "Write a lot more.", temperature=1.0)

    async def main():
        backend = TransformersBackend(Settings(), str(model))
        gone = asyncio.create_task(backend.ask(endless))
        stays = asyncio.create_task(backend.ask(short))
        await asyncio.sleep(0)
        gone.cancel()
        answer = await stays
        running = asyncio.create_task(backend.ask(endless))
        queued = asyncio.create_task(backend.ask(replace(endless, seed=8)))
        async with asyncio.timeout(10):
            while not backend._waiting:
                await asyncio.sleep(0)
            while backend._waiting:  # until both are taken up
                await asyncio.sleep(0)
        late = asyncio.create_task(backend.ask(replace(short, seed=9)))
        await asyncio.sleep(0)
        await backend.close()
        ended = await asyncio.gather(gone, running, queued, late, return_exceptions=True)
        return answer, ended

    answer, ended = asyncio.run(main())
    assert [answer.text] == texts(short)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("synth-transformers")]


def test_a_hub_id_is_named_and_a_folder_is_named_by_what_it_holds(tmp_path):
    assert transformers_identity("org/model") == "transformers:org/model"
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(bytes(10_000_000))
    first = transformers_identity(str(one))
    assert first.startswith("transformers:sha256:")
    assert transformers_identity(str(two)) == first
    (two / "README.md").write_text("no part of the model")
    assert transformers_identity(str(two)) == first
    (two / "model.safetensors").write_bytes(bytes([1]) * 10_000_000)
    (one / "config.json").write_text("{ }")
    assert len({transformers_identity(str(one)), transformers_identity(str(two)), first}) == 3


def test_importing_the_backend_imports_no_torch():
    program = (
        "import sys; import synth_datasets.generation.transformers_backend; "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
