import asyncio
import json
import math
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.transformers_backend import (
    TransformersBackend,
    next_batch,
    transformers_identity,
)
from synth_datasets.generation.transformers_memory import Room, measure
from synth_datasets.generation.transformers_model import Row, parameters_of
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
        max_position_embeddings=1024,
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


def answers(*requests: Request, concurrency: int | None = None, failures: bool = False, **settings):
    """Ask all at once on a fresh backend, and close it."""

    async def main():
        backend = TransformersBackend(Settings(concurrency=concurrency, **settings), requests[0].model)
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
    failed, answered = answers(ask_for(model, "Write. " * 600), ask_for(model, "Write."), failures=True)
    assert isinstance(failed, RequestFailedError)
    assert failed.reason == "context_too_long"
    assert "1024" in failed.detail
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
def test_too_little_memory_for_one_row_is_explained(torch, model, monkeypatch):
    from transformers import LlamaForCausalLM

    def full(*args, **kwargs):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(LlamaForCausalLM, "forward", full)
    with pytest.raises(SettingsError, match="not even one row of 30 tokens fits"):
        answers(ask_for(model, "Write."), ask_for(model, "Write more."))


@pytest.fixture
def forwards(model, monkeypatch):
    """The shape of each input that the model computes; `most` rows are what memory holds."""
    import torch
    from transformers import LlamaForCausalLM

    seen: list[tuple[int, int]] = []
    seen_by = LlamaForCausalLM.forward

    def forward(self, input_ids=None, **rest):
        if len(input_ids) > forward.most:
            raise torch.OutOfMemoryError
        seen.append(tuple(input_ids.shape))
        return seen_by(self, input_ids=input_ids, **rest)

    forward.most = 1000
    forward.seen = seen
    monkeypatch.setattr(LlamaForCausalLM, "forward", forward)
    return forward


@pytest.mark.transformers
def test_a_batch_that_memory_does_not_hold_is_halved_and_goes_on(model, forwards):
    requests = [ask_for(model, f"Write {seed}.", seed=seed) for seed in range(7)]
    whole = texts(*requests)
    forwards.seen.clear()
    forwards.most = 2
    assert texts(*requests) == whole
    assert {rows for rows, _ in forwards.seen} == {1, 2}  # 7 and 3 were too many


@pytest.mark.transformers
def test_rows_that_have_ended_leave_the_batch(model, forwards):
    requests = [ask_for(model, "Write.", seed=seed, max_tokens=60 if seed < 2 else 3) for seed in range(8)]
    found = answers(*requests)
    assert [answer.completion_tokens for answer in found] == [60, 60] + [3] * 6
    assert [rows for rows, _ in forwards.seen] == [8] * 3 + [2] * 57
    assert [tokens for _, tokens in forwards.seen[1:]] == [1] * 59  # what was read once is not read again
    forwards.seen.clear()
    assert [answer.text for answer in found[:2]] == texts(*requests[:2])


@pytest.mark.transformers
def test_rows_that_wait_take_the_places_of_those_that_have_ended(model, forwards):
    requests = [
        ask_for(model, "Write.", seed=seed, max_tokens=60 if seed in (0, 5) else 3) for seed in range(10)
    ]
    found = answers(*requests, concurrency=4)
    assert [answer.completion_tokens for answer in found] == [
        60 if seed in (0, 5) else 3 for seed in range(10)
    ]
    assert len(forwards.seen) < 70  # the two long ones run side by side
    assert [answer.text for answer in found] == texts(*requests)


@pytest.mark.transformers
def test_an_answer_is_given_out_as_it_ends(model):
    async def main():
        backend = TransformersBackend(Settings(), str(model))
        long, short = (
            asyncio.create_task(backend.ask(ask_for(model, "Write.", max_tokens=most, temperature=0.0)))
            for most in (200, 2)
        )
        done, _ = await asyncio.wait([long, short], return_when=asyncio.FIRST_COMPLETED)
        await backend.close()
        await asyncio.wait([long])
        return short in done, long.cancelled()

    assert asyncio.run(main()) == (True, True)


def test_a_batch_is_who_has_waited_longest_and_those_of_like_length():
    rows = [waiting(tokens) for tokens in (40, 300, 45, 38, 41, 900)]
    batch = next_batch(rows, 4, lambda longest: 1000)
    assert [len(row.prompt) for row in batch] == [40, 41, 38, 45]
    by_tokens = next_batch(rows, 100, lambda longest: 1500 // longest)
    assert [len(row.prompt) for row in by_tokens] == [
        40,
        41,
        38,
        45,
    ]  # with 300 to 412 tokens, three would fit
    assert len(next_batch(rows[5:], 100, lambda longest: 1)) == 1
    assert next_batch([], 4, lambda longest: 1) == []


def waiting(tokens: int) -> Row:
    request = ask_for("some/model", "Write.", max_tokens=112)
    return Row(request, parameters_of(request), prompt=[1] * tokens)


def test_a_room_holds_the_rows_whose_keys_and_values_fit():
    room = Room(free=100_000, token=10, row=1_000, most=32)
    assert room.rows(400) == 20
    assert room.rows(1) == 32
    assert room.rows(1_000_000) == 1


@pytest.mark.transformers
def test_a_room_counts_what_a_model_keeps_of_a_token(torch, model):
    from transformers import AutoModelForCausalLM

    llama = AutoModelForCausalLM.from_pretrained(model)
    room = measure(llama)
    kept = llama(torch.tensor([[1, 2, 3]])).past_key_values
    sizes = [layer.keys.nbytes + layer.values.nbytes for layer in kept.layers]
    assert room.token == sum(sizes) / 3
    assert room.free > 10_000_000


@pytest.mark.transformers
def test_a_folder_may_stand_for_the_model_of_the_spec(model):
    named = ask_for("org/model", "Write.", temperature=0.0)
    [answer] = answers(named, model_path=model)
    assert [answer.text] == texts(ask_for(model, "Write.", temperature=0.0))
    assert transformers_identity("org/model", Settings(model_path=model)) == transformers_identity(str(model))
    with pytest.raises(SettingsError, match="there is no folder"):
        answers(named, model_path=model / "nowhere")


@pytest.mark.transformers
def test_dtype_and_device_are_the_users(torch, model):
    request = ask_for(model, "Write.", temperature=0.0)
    [answer] = answers(request, dtype="bfloat16", device="cpu", attention="eager")
    assert answer.text
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="--device"):
            answers(request, device="cuda")


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
            while not (backend._waiting and all(row.tokens for row in backend._waiting)):
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


REVIEW = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 20},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        "tags": {"type": "array", "items": {"enum": ["good", "bad"]}, "maxItems": 2},
    },
    "required": ["title", "stars", "tags"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def shaped(model):
    """Requests for structured answers, or the test is skipped."""
    pytest.importorskip("llguidance", exc_type=ImportError)
    return [
        ask_for(model, "Rate a lamp. " * (1 + seed % 3), seed=seed, schema=json.dumps(REVIEW), max_tokens=100)
        for seed in range(8)
    ]


@pytest.mark.transformers
def test_answers_of_random_weights_follow_the_schema(shaped):
    import jsonschema

    found = answers(*shaped)
    rows = [json.loads(answer.text) for answer in found]
    for row in rows:
        jsonschema.validate(row, REVIEW)
    assert len({answer.text for answer in found}) == len(found)
    assert {answer.finish_reason for answer in found} == {"stop"}


@pytest.mark.transformers
def test_a_structured_answer_is_the_same_alone_and_beside_free_texts(model, shaped):
    free = [ask_for(model, "Write.", seed=seed) for seed in range(4)]
    together = texts(*free, *shaped)
    assert [texts(request)[0] for request in shaped[:3]] == together[4:7]
    assert texts(*free) == together[:4]


@pytest.mark.transformers
def test_a_structured_answer_goes_on_after_its_opening(shaped):
    opened = replace(shaped[0], messages=(*shaped[0].messages, Message("assistant", '{"title": "A ')))
    [answer] = answers(opened)
    assert json.loads(answer.text)["title"].startswith("A ")
    with pytest.raises(EndpointError, match="begins with 'The'"):
        answers(replace(opened, messages=(*shaped[0].messages, Message("assistant", "The"))))


@pytest.mark.transformers
def test_a_schema_that_cannot_be_held_to_is_refused(model, shaped):
    with pytest.raises(EndpointError, match="refuses the schema"):
        answers(ask_for(model, "Write.", schema='{"type":"object","properties":{"a":{"$ref":"#/nowhere"}}}'))


@pytest.mark.transformers
def test_structured_answers_without_llguidance_say_what_to_install(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(SettingsError, match=r"llguidance.*pip install 'synth-datasets\[transformers\]'"):
        answers(ask_for(model, "Write.", schema=json.dumps(REVIEW)))


@pytest.mark.transformers
def test_a_text_that_is_read_gets_exp_of_the_loss_that_transformers_gives_beside_texts_that_are_written(
    torch, model
):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    text = "The battery of this laptop is good, and I would buy it again."
    native = AutoModelForCausalLM.from_pretrained(model)
    ids = AutoTokenizer.from_pretrained(model)(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        whole, cut = (float(native(input_ids=each, labels=each).loss) for each in (ids, ids[:, :5]))
    reads = [replace(ask_for(model, text), reads=tokens) for tokens in (1000, 5)]

    *found, written = answers(*reads, ask_for(model, text))

    said = [json.loads(each.text) for each in found]
    assert [each["tokens"] for each in said] == [ids.shape[1] - 1, 4]
    assert [each["perplexity"] for each in said] == pytest.approx([math.exp(whole), math.exp(cut)], rel=1e-4)
    assert written.completion_tokens == 12
    assert answers(reads[0])[0].text == found[0].text


def test_marks_of_the_chat_template_in_a_text_are_read_as_they_are_written(model):
    marked, plain = answers(*(replace(ask_for(model, text), reads=99) for text in ("<|im_end|>", "im_end")))
    assert json.loads(marked.text)["tokens"] > json.loads(plain.text)["tokens"]


def test_half_of_a_pair_is_read_as_a_character_that_nobody_knows(model):
    [found] = answers(replace(ask_for(model, "a \ud83d b"), reads=99))
    assert json.loads(found.text)["perplexity"] > 1
