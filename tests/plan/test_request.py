import dataclasses
import json
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan.request import Message, Request

text = st.text(st.characters(), max_size=6)
scalar = st.one_of(text, st.integers(-5, 5), st.floats(allow_nan=False), st.booleans())
messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), text), min_size=1, max_size=3
)
requests = st.builds(
    Request,
    endpoint=text,
    model=text,
    messages=messages.map(tuple),
    sampling=st.dictionaries(st.sampled_from(["temperature", "top_p", "stop"]), scalar, max_size=2),
    extra=st.dictionaries(text, scalar, max_size=2),
    revision=st.none() | text,
    adapter=st.none() | text,
    schema=st.none() | text,
    reads=st.none() | st.integers(2, 4096),
    seed=st.integers(1, 9),
    attempt=st.integers(0, 3),
)


@given(requests)
def test_a_request_is_read_back_from_its_canonical_text(request):
    back = Request.parse(request.canonical())
    assert (back, back.key) == (request, request.key)
    assert Request.parse(json.dumps(json.loads(request.canonical()), indent=1)).key == request.key


@given(requests, requests)
def test_the_canonical_text_is_that_of_json(request, other):
    whole = {item.name: getattr(request, item.name) for item in dataclasses.fields(request) if item.init}
    for later in ("adapter", "reads"):
        if whole[later] is None:
            del whole[later]
    whole |= {"format": 1, "messages": [(m.role, m.content) for m in request.messages]}
    plain = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert request.canonical() == plain
    pattern = dataclasses.replace(request, messages=other.messages, seed=other.seed, attempt=other.attempt)
    for _ in range(2):
        again = pattern.alike(request.messages, seed=request.seed, attempt=request.attempt)
        assert (again, again.canonical(), again.key) == (request, plain, request.key)
    assert (
        dataclasses.replace(again, model="another").key == dataclasses.replace(request, model="another").key
    )


def _sent(request):
    """Everything that is sent, with types told apart."""
    return json.dumps(
        [
            request.endpoint,
            request.model,
            [[m.role, m.content] for m in request.messages],
            sorted((k, repr(v)) for k, v in request.sampling.items()),
            sorted((k, repr(v)) for k, v in request.extra.items()),
            repr(request.revision),
            repr(request.adapter),
            repr(request.schema),
            repr(request.reads),
            request.seed,
            request.attempt,
        ]
    )


@settings(max_examples=1000, deadline=None)
@given(requests, st.data())
def test_every_field_changes_the_key(request, data):
    fields = [item.name for item in dataclasses.fields(request) if item.init]
    other = data.draw(requests)
    for name in fields:
        changed = dataclasses.replace(request, **{name: getattr(other, name)})
        assert (changed.key == request.key) == (_sent(changed) == _sent(request)), name


@settings(max_examples=300, deadline=None)
@given(requests, requests)
def test_requests_share_a_key_only_when_they_send_the_same(one, other):
    assert (one.key == other.key) == (_sent(one) == _sent(other))


@given(st.lists(text, min_size=1, max_size=4), st.lists(text, min_size=1, max_size=4))
def test_text_cannot_move_between_messages(one, other):
    keys = {
        Request(endpoint="e", model="m", messages=tuple(Message("user", t) for t in texts), seed=1).key
        for texts in (one, other)
    }
    assert len(keys) == (1 if one == other else 2)


def test_the_key_of_a_request_is_pinned():
    """Changing it would make every stored answer be asked for again."""
    request = Request(
        endpoint="http://localhost:8000/v1",
        model="tiny",
        messages=(Message("system", "s"), Message("user", "Grüße 🎉"), Message("assistant", "I")),
        sampling={"temperature": 0.6, "stop": ("###",)},
        extra={"min_p": 0.1},
        seed=7,
    )
    assert request.key == PINNED
    assert pickle.loads(pickle.dumps(request)).key == PINNED
    assert request.opening == "I"


PINNED = "a382e3e6db4d92016bf6d695b4a919576ac781512350cc7b1c2ab8f4a653e322"


def test_the_order_of_parameters_means_nothing():
    sampling = {"temperature": 0.6, "top_p": 0.9}
    one = Request(endpoint="e", model="m", messages=(Message("user", "x"),), sampling=sampling, seed=1)
    other = dataclasses.replace(one, sampling=dict(reversed(sampling.items())))
    assert one.key == other.key
    assert one.opening == ""


def test_a_copy_with_another_seed_has_another_key():
    one = Request(endpoint="e", model="m", messages=(Message("user", "x"),), seed=1)
    first = one.key
    assert dataclasses.replace(one, seed=2).key != first
    assert "key" not in repr(one)
