"""A real OpenAI-compatible endpoint on loopback, in a thread, with rules, faults and counters.

As a fixture (`tests/conftest.py`), one fresh server a test:

    def test_something(endpoint):
        settings = Settings(base_url=endpoint.base_url, api_key="k", concurrency=8)
        ...                                        # ask as often as you like, from any thread or process
        assert endpoint.count == 12                # chat completions that arrived
        assert endpoint.max_in_flight <= 8
        assert endpoint.bodies[0]["seed"] == 17    # parsed JSON bodies and (lower-case) headers, in order of arrival
        assert endpoint.headers[0]["authorization"] == "Bearer k"

Answers. Untouched, every chat completion gets English review text, unique to the request (a function of its body
alone: ask the same again and get the same again), praising when the last user message says "positive", complaining
when it says "negative". With a `response_format` of type `json_schema`, or a JSON Schema inside the last user
message, the text is a JSON object that fits the schema. Change it with either of

    endpoint.rule = lambda body: ...       # for each request; called in the server's thread
    endpoint.script.extend([...])          # for the next requests in order of arrival; then the rule again

where an answer is a `str` (the text), a `Reply` (anything), or None (the default answer above). Ready replies:

    text("...", finish_reason="length", refusal=None, reasoning=None, model=None, usage=(3, 4))
    rate_limited(retry_after=0.05)   rate_limited(retry_after="Wed, 21 Oct 2026 07:28:00 GMT")   rate_limited(None)
    server_error(503)   cut_json()   reset()   hang()   unauthorized()   model_not_found()   context_too_long()
    unsupported("seed")   content_filtered()   quota_exhausted()   failure(418, code="teapot", message="...")

A rule can be stateful or look at the endpoint: `lambda body: rate_limited(0.01) if endpoint.in_flight > 4 else None`.

Time. `endpoint.latency_s = 0.05` (or a function of the body) delays every answer. Use it only where requests
must overlap.
Life. `endpoint.stop()` closes the port and every connection (connection refused after); `endpoint.start()`
opens the same port again; both keep the counters. `endpoint.clear()` forgets counters and script.
"""

# ruff: noqa: SIM905 - word lists are read as words

import asyncio
import hashlib
import json
import random
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "FakeEndpoint",
    "Reply",
    "content_filtered",
    "context_too_long",
    "cut_json",
    "default_text",
    "failure",
    "hang",
    "model_not_found",
    "quota_exhausted",
    "rate_limited",
    "reset",
    "server_error",
    "text",
    "unauthorized",
    "unsupported",
]

Body = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One HTTP response, or what happens instead of one."""

    status: int = 200
    json: object = None
    """The body; bytes are sent as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)
    act: Literal["answer", "cut", "reset", "hang"] = "answer"


def text(
    content: str | None,
    *,
    finish_reason: str = "stop",
    refusal: str | None = None,
    reasoning: str | None = None,
    model: str | None = None,
    usage: tuple[int, int] | None = (11, 7),
) -> Reply:
    """A completion; `usage` None leaves the figures out, as some servers do."""
    message: Body = {"role": "assistant", "content": content}
    if refusal is not None:
        message["refusal"] = refusal
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    payload: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,  # None: filled with the request's
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    if usage is not None:
        payload["usage"] = {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        }
    return Reply(json=payload)


def failure(
    status: int,
    *,
    message: str,
    code: str | None = None,
    kind: str = "invalid_request_error",
    param: str | None = None,
) -> Reply:
    """An error in OpenAI's shape."""
    return Reply(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})


def rate_limited(retry_after: float | str | None = 0.05, *, header: str = "retry-after") -> Reply:
    """A 429 that asks for patience; the header also takes an HTTP date, or is left out."""
    reply = failure(429, message="Rate limit reached", code="rate_limit_exceeded", kind="requests")
    headers = {} if retry_after is None else {header: str(retry_after)}
    return Reply(reply.status, reply.json, headers)


def quota_exhausted() -> Reply:
    """A 429 that no patience helps."""
    return failure(
        429,
        message="You exceeded your current quota, please check your plan and billing details.",
        code="insufficient_quota",
        kind="insufficient_quota",
    )


def server_error(status: int = 500) -> Reply:
    """A passing (or lasting) fault of the server."""
    return failure(status, message="The server had an error", kind="server_error")


def cut_json() -> Reply:
    """Status 200 and a body that ends in the middle, with a matching Content-Length."""
    return Reply(json=text("cut").json, act="cut")


def reset() -> Reply:
    """The connection is reset (RST) instead of an answer."""
    return Reply(act="reset")


def hang() -> Reply:
    """No byte ever comes; ends when the client or the server closes."""
    return Reply(act="hang")


def unauthorized() -> Reply:
    """A 401."""
    return failure(401, message="Incorrect API key provided: sk-***.", code="invalid_api_key")


def model_not_found(model: str = "no-such-model") -> Reply:
    """A 404 for the model."""
    return failure(
        404,
        message=f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


def context_too_long() -> Reply:
    """A 400 for too many tokens."""
    return failure(
        400,
        message="This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
        code="context_length_exceeded",
        param="messages",
    )


def content_filtered() -> Reply:
    """A 400 of a content policy."""
    return failure(
        400,
        message="The response was filtered due to the prompt triggering the content policy.",
        code="content_filter",
    )


def unsupported(param: str) -> Reply:
    """A 400 that refuses one parameter of the body."""
    hint = " Use 'max_completion_tokens' instead." if param == "max_tokens" else ""
    return failure(
        400,
        message=f"Unsupported parameter: '{param}' is not supported with this model.{hint}",
        code="unsupported_parameter",
        param=param,
    )


def echoed(body: Body, likelihood: Callable[[str], float], *, model: str = "reader") -> Reply:
    """Return a completion as vLLM gives it with `echo` and `logprobs`: the prompt's words, and one that is new."""
    words = [*body["prompt"].split(), "more"]
    logprobs = {
        "tokens": words,
        "token_logprobs": [None, *map(likelihood, words[1:])],
        "text_offset": [0] * len(words),
        "top_logprobs": [None] * len(words),
    }
    choice = {"index": 0, "text": " ".join(words), "logprobs": logprobs, "finish_reason": "length"}
    usage = {"prompt_tokens": len(words) - 1, "completion_tokens": 1, "total_tokens": len(words)}
    return Reply(json={"object": "text_completion", "model": model, "choices": [choice], "usage": usage})


class FakeEndpoint:
    """One server; see the module's docstring."""

    def __init__(self) -> None:
        self.rule: Callable[[Body], str | Reply | None] = lambda _: None
        self.script: deque[str | Reply | None] = deque()
        self.latency_s: float | Callable[[Body], float] = 0.0
        self.reader: Callable[[Body], Reply] = lambda body: echoed(body, lambda word: -1.0 - len(word) / 4)
        """What completions are answered with: by default each word is a token, the less likely the longer it is."""
        self._port = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self.clear()

    def clear(self) -> None:
        """Forget what was seen, and the script."""
        self.bodies: list[Body] = []
        self.read: list[Body] = []
        """Bodies of completions, which `bodies` holds none of."""
        self.headers: list[dict[str, str]] = []
        self.targets: list[str] = []
        """Paths with their queries."""
        self.statuses: list[int] = []
        """Of the replies that were sent, in order of departure; 0 for a reset."""
        self.connections = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.script.clear()

    @property
    def count(self) -> int:
        """Chat completions that arrived."""
        return len(self.bodies)

    @property
    def base_url(self) -> str:
        """Ends in /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Listen; again on the same port when it was stopped before."""
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="fake-endpoint", daemon=True
        )
        self._thread.start()
        assert ready.wait(10), "the fake endpoint did not start"

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)
            self._thread = None

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            self.connections += 1
            try:
                while await self._exchange(reader, writer):
                    pass
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                tasks.discard(task)
                writer.close()

        listener = socket.create_server(("127.0.0.1", self._port), backlog=1024)
        self._port = listener.getsockname()[1]
        server = await asyncio.start_server(connected, sock=listener, backlog=1024)
        ready.set()
        await self._stopping.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets the transports that were closed let go of their sockets

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET" and path.endswith("/models"):
            return await self._send(
                writer, Reply(json={"object": "list", "data": [{"id": "fake", "object": "model"}]})
            )
        if path.startswith("/v1/completions"):
            self.read.append(json.loads(raw))
            return await self._send(writer, self.reader(self.read[-1]))
        if not path.startswith("/v1/chat/completions"):
            return await self._send(writer, failure(404, message=f"Invalid URL ({method} {path})"))
        body = json.loads(raw)
        self.bodies.append(body)
        self.headers.append(headers)
        self.targets.append(path)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            reply = self._reply(body)
            if delay := self.latency_s(body) if callable(self.latency_s) else self.latency_s:
                await asyncio.sleep(delay)
            if reply.act == "hang":
                await reader.read(1)  # until the other side hangs up
                return False
        finally:
            self.in_flight -= 1
        return await self._send(writer, reply)

    def _reply(self, body: Body) -> Reply:
        given = self.script.popleft() if self.script else self.rule(body)
        if not isinstance(given, Reply):
            given = text(default_text(body) if given is None else given, usage=_usage(body))
        if isinstance(given.json, dict) and given.json.get("model", "") is None:
            return Reply(given.status, {**given.json, "model": body.get("model")}, given.headers, given.act)
        return given

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        self.statuses.append(0 if reply.act == "reset" else reply.status)
        if reply.act == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        payload = reply.json if isinstance(reply.json, bytes) else json.dumps(reply.json).encode()
        if reply.act == "cut":
            payload = payload[: len(payload) // 2]
        extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        head = f"HTTP/1.1 {reply.status} X\r\ncontent-type: application/json\r\n{extra}"
        writer.write(f"{head}content-length: {len(payload)}\r\n\r\n".encode() + payload)
        await writer.drain()
        return True


def _usage(body: Body) -> tuple[int, int]:
    words = sum(len(str(message.get("content", "")).split()) for message in body["messages"])
    return max(1, words), 40


def default_text(body: Body) -> str:
    """The answer to `body` when no rule says otherwise."""
    seed = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
    draw = random.Random(seed)
    asked = next((str(m["content"]) for m in reversed(body["messages"]) if m["role"] == "user"), "")
    schema = _schema(body, asked)
    return _review(draw, asked) if schema is None else json.dumps(_fit(schema, draw, asked))


def _schema(body: Body, asked: str) -> Body | None:
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        return form["json_schema"]["schema"]
    for start in (i for i, letter in enumerate(asked) if letter == "{"):
        try:
            found, _ = json.JSONDecoder().raw_decode(asked, start)
        except ValueError:
            continue
        if isinstance(found, dict) and "properties" in found:
            return found
    return None


def _fit(schema: Body, draw: random.Random, asked: str) -> Any:  # noqa: C901, PLR0911 - JSON is any of these
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw.choice(schema["enum"])
    if "anyOf" in schema:
        return _fit(schema["anyOf"][0], draw, asked)
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: _fit(inner, draw, asked) for name, inner in schema.get("properties", {}).items()}
        case "array":
            low = schema.get("minItems", 1)
            count = draw.randint(low, max(low, schema.get("maxItems", low + 2)))
            items = schema.get("items", {"type": "string", "maxLength": 20})
            if items == {"type": "string"} or (items.get("type") == "string" and "enum" not in items):
                return draw.sample(_TOPICS, min(count, len(_TOPICS)))
            if "role" in items.get("properties", {}):  # a dialogue: the roles take turns
                roles = items["properties"]["role"]["enum"]
                turns = [_fit(items, draw, asked) for _ in range(count - count % 2)]
                return [{**turn, "role": roles[at % 2]} for at, turn in enumerate(turns)]
            return [_fit(items, draw, asked) for _ in range(count)]
        case "integer":
            low = schema.get("minimum", 0)
            return draw.randint(int(low), int(schema.get("maximum", low + 100)))
        case "number":
            low = schema.get("minimum", 0)
            return round(draw.uniform(low, schema.get("maximum", low + 100)), 2)
        case "boolean":
            return draw.random() < 0.5
        case _:
            words = _review(draw, asked)
            while len(words) < schema.get("minLength", 0):
                words += " " + _review(draw, asked)
            return words[: schema.get("maxLength", len(words))]


def _review(draw: random.Random, asked: str) -> str:
    mood = (
        _GOOD
        if "positive" in asked.lower()
        else _BAD
        if "negative" in asked.lower()
        else (_GOOD if draw.random() < 0.5 else _BAD)
    )
    sentences = [
        pattern.format(
            topic=topic,
            other=draw.choice(_TOPICS),
            verdict=draw.choice(mood),
            how=draw.choice(_HOW),
            who=draw.choice(_WHO),
            when=draw.choice(_WHEN),
            where=draw.choice(_WHERE),
        )
        for pattern, topic in zip(draw.sample(_PATTERNS, 3), draw.sample(_TOPICS, 3), strict=True)
    ]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


_PATTERNS = (
    "{when} the {topic} turned out {how} {verdict}.",
    "my {who} and I call its {topic} {verdict}, {how} so {where}.",
    "for a {who}, this {topic} feels {how} {verdict}.",
    "nobody {where} warned me that the {topic} would be {verdict} {when}.",
    "compared with the {other}, its {topic} looks {verdict}.",
    "I tried it {where} and found the {topic} {how} {verdict}.",
    "{when} I would describe both {topic} and {other} as {verdict}.",
    "what struck the {who} {where} was a {how} {verdict} {topic}.",
    "we judged the {topic} {verdict} long before the {other} mattered {where}.",
    "{how} {verdict}, that is the {topic} in two words, says my {who}.",
    "{when}, {where}, even the {other} seemed {verdict} beside that {topic}.",
    "ask any {who}: the {topic} stays {verdict} {where}.",
)
_TOPICS = """
    screen battery keyboard speaker hinge charger camera manual packaging zipper strap handle blade lid
    plot ending prose cover dialogue pacing index fabric stitching lining sole grip motor filter hose
    nozzle switch display menu firmware antenna cable socket warranty delivery support price finish
    paint weight balance smell noise warmth colour texture app setup signal bezel tripod lens shutter
    saddle chain pedal
""".split()
_GOOD = """
    excellent superb delightful reliable brilliant charming sturdy generous flawless precise comfortable
    impressive elegant quick wonderful dependable splendid refreshing thoughtful crisp
""".split()
_BAD = """
    terrible disappointing flimsy awful sluggish faulty dreadful useless brittle annoying shoddy erratic
    overpriced misleading uncomfortable broken noisy clumsy frustrating dim
""".split()
_HOW = """
    surprisingly truly somewhat utterly consistently quietly remarkably honestly fairly unexpectedly
    plainly clearly increasingly strangely thoroughly genuinely
""".split()
_WHO = """
    sister brother neighbour colleague grandmother roommate teacher plumber student nurse cyclist
    drummer gardener cook librarian photographer uncle cousin
""".split()
_WHEN = (
    "after two weeks",
    "on the first evening",
    "since last March",
    "by the third day",
    "over a long winter",
    "within an hour",
    "during our holiday",
    "once the rain began",
    "before breakfast",
    "a month later",
    "in daily use",
    "at first glance",
    "all through autumn",
    "right out of the box",
)
_WHERE = (
    "at the office",
    "in our kitchen",
    "on the night train",
    "beside the lake",
    "in a crowded cafe",
    "at my desk",
    "up in the mountains",
    "on a balcony in Lisbon",
    "in the garden shed",
    "at school",
    "under the stairs",
    "across town",
    "in the workshop",
    "on the ferry",
)
