"""A real OpenAI-compatible endpoint with files, batches and chat completions on loopback, in a thread.

    @pytest.fixture
    def batches():
        with BatchStandin() as server:
            yield server

    settings = Settings(base_url=batches.base_url, api_key=batches.key, batch=True, batch_poll_s=0.05)
    ...
    batches.live                    # bodies of chat completions that were asked live, in order
    batches.read                    # bodies of completions, which tell likelihoods
    batches.made                    # all batches that were made, in order; see `Batch`
    batches.lines                   # every line that was submitted and accepted, as (custom_id, body)
    batches.paid                    # how often each custom_id was answered in a batch

Answers are those of `fake_endpoint.default_text`, live and in batches alike. What happens to a batch:

    batches.moves = 2               # calls of GET /batches/{id} until it ends: validating, in_progress, finalizing, end
    batches.hold = True             # no batch moves on until this is False again
    batches.end = lambda batch: "expired"            # completed, expired, failed, cancelled; with the next two
    batches.answered = lambda batch, number: number < 3   # which lines are answered; the others only if it completes
    batches.rule = lambda body: failure(400, ...)    # a `Reply` for a line or a live request; None: the default answer
    batches.errors = lambda batch: [{"code": ..., "message": ...}]   # of a failed batch
    batches.most_requests, batches.most_bytes        # of one input file, else the batch fails
    batches.most_queued = 10        # requests in unfinished batches, else a new one fails: token_limit_exceeded
    batches.refuse = {"POST /v1/batches": [Reply, ...]}   # replies to the next such calls, instead of what they do
    batches.after = {"POST /v1/batches": function}   # called once, after the next such call had its effect
    batches.calls                   # Counter of calls by method and route
"""

import asyncio
import email.parser
import email.policy
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from fake_endpoint import Reply, default_text, echoed, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["Batch", "BatchStandin"]

KEY = "sk-standin-0123456789"
STAGES = ("validating", "in_progress", "finalizing")
ENDS = ("completed", "expired", "failed", "cancelled")


@dataclass(eq=False)
class Batch:
    """One batch; `lines` are (custom_id, body) of its input file."""

    id: str
    input_file_id: str
    lines: list[tuple[str, dict[str, Any]]]
    metadata: dict[str, str]
    created_at: int
    status: str = "validating"
    looks: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    output_file_id: str | None = None
    error_file_id: str | None = None
    done: int = 0
    failed: int = 0

    @property
    def model(self) -> str:
        """Of all its lines."""
        return self.lines[0][1]["model"] if self.lines else ""

    @property
    def keys(self) -> list[str]:
        """The custom ids, in order."""
        return [key for key, _ in self.lines]

    def shown(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "input_file_id": self.input_file_id,
            "status": self.status,
            "created_at": self.created_at,
            "metadata": self.metadata,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "request_counts": {"total": len(self.lines), "completed": self.done, "failed": self.failed},
        }


class BatchStandin:
    """One server; see the module's docstring."""

    def __init__(self) -> None:
        self.key = KEY
        self.rule: Callable[[dict[str, Any]], Reply | str | None] = lambda _: None
        self.end: Callable[[Batch], str] = lambda _: "completed"
        self.answered: Callable[[Batch, int], bool] = lambda _batch, _number: True
        self.errors: Callable[[Batch], list[dict[str, Any]]] = lambda _: []
        self.moves = 3
        self.hold = False
        self.most_requests = 50_000
        self.most_bytes = 200_000_000
        self.most_queued = 10**9
        self.refuse: dict[str, list[Reply]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.without_batches = False
        self.live: list[dict[str, Any]] = []
        self.read: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.made: list[Batch] = []
        self.paid: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._ids = itertools.count(1)
        routes = [
            ("POST", "/v1/chat/completions", self._chat),
            ("POST", "/v1/completions", self._read),
            ("POST", "/v1/files", self._upload),
            ("GET", "/v1/files/{id}/content", self._content),
            ("DELETE", "/v1/files/{id}", self._delete),
            ("POST", "/v1/batches", self._create),
            ("GET", "/v1/batches", self._list),
            ("GET", "/v1/batches/{id}", self._retrieve),
            ("POST", "/v1/batches/{id}/cancel", self._cancel),
        ]
        app = Starlette(
            routes=[
                Route(path, self._checked(f"{method} {path}", act), methods=[method])
                for method, path, act in routes
            ]
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="batch-standin", daemon=True
        )
        self._port = 0
        self._ready = threading.Event()

    @property
    def base_url(self) -> str:
        """Ends in /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def lines(self) -> list[tuple[str, dict[str, Any]]]:
        """Every line of every batch that was made."""
        return [line for batch in self.made for line in batch.lines]

    @property
    def running(self) -> list[Batch]:
        """Batches that have not ended."""
        return [batch for batch in self.made if batch.status not in ENDS]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the stand-in did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    async def _serve(self) -> None:
        import socket

        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._port = listener.getsockname()[1]
        self._ready.set()
        try:
            await self._server.serve(sockets=[listener])
        finally:
            listener.close()

    def _checked(self, name: str, act: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self.calls[name] += 1
            if request.headers.get("authorization") != f"Bearer {self.key}":
                return _refusal(401, "Incorrect API key provided.", "invalid_api_key")
            if self.without_batches and "chat" not in name:
                return _refusal(404, f"Invalid URL ({request.method} {request.url.path})", None)
            if self.refuse.get(name):
                reply = self.refuse[name].pop(0)
                return JSONResponse(reply.json, reply.status, dict(reply.headers))
            response = await act(request)
            if (after := self.after.pop(name, None)) is not None:
                await asyncio.to_thread(after)
            return response

        return answer

    # --- chat completions and files

    async def _read(self, request: Request) -> Response:
        self.read.append(await request.json())
        return JSONResponse(echoed(self.read[-1], lambda word: -1.0 - len(word) / 4).json)

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.live.append(body)
        reply = self._reply(body)
        return JSONResponse(reply.json, reply.status, dict(reply.headers))

    def _reply(self, body: dict[str, Any]) -> Reply:
        given = self.rule(body)
        if not isinstance(given, Reply):
            given = text(default_text(body) if given is None else given)
        if isinstance(given.json, dict) and given.json.get("model", "") is None:
            return Reply(given.status, {**given.json, "model": body.get("model")}, given.headers)
        return given

    async def _upload(self, request: Request) -> Response:
        fields = _multipart(request.headers["content-type"], await request.body())
        if fields["purpose"][1] != b"batch":
            return _refusal(400, "Invalid purpose", None)
        name, content = fields["file"]
        if len(content) > self.most_bytes:
            return _refusal(413, f"File is too large: the limit is {self.most_bytes} bytes.", None)
        return JSONResponse(self._keep(content, name))

    def _keep(self, content: bytes, name: str) -> dict[str, Any]:
        file_id = f"file-{next(self._ids)}"
        self.files[file_id] = content
        return {
            "id": file_id,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": name,
            "purpose": "batch",
            "status": "processed",
        }

    async def _content(self, request: Request) -> Response:
        content = self.files.get(request.path_params["id"])
        if content is None:
            return _refusal(404, "No such File object", None)
        return Response(content, media_type="application/octet-stream")

    async def _delete(self, request: Request) -> Response:
        if self.files.pop(request.path_params["id"], None) is None:
            return _refusal(404, "No such File object", None)
        return JSONResponse({"id": request.path_params["id"], "object": "file", "deleted": True})

    # --- batches

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        assert body["endpoint"] == "/v1/chat/completions"
        assert body["completion_window"] == "24h"
        content = self.files.get(body["input_file_id"])
        if content is None:
            return _refusal(400, f"File {body['input_file_id']} not found", "file_not_found")
        batch = Batch(
            id=f"batch_{next(self._ids)}",
            input_file_id=body["input_file_id"],
            lines=[],
            metadata=body.get("metadata") or {},
            created_at=int(time.time()),
        )
        self._validate(batch, content)
        self.made.append(batch)
        return JSONResponse(batch.shown())

    def _validate(self, batch: Batch, content: bytes) -> None:
        queued = sum(len(other.lines) for other in self.running)
        entries = [json.loads(line) for line in content.split(b"\n") if line]
        lines = [(entry["custom_id"], entry["body"]) for entry in entries]
        models = {body["model"] for _, body in lines}
        problem = None
        if any(entry["method"] != "POST" or entry["url"] != "/v1/chat/completions" for entry in entries):
            problem = ("invalid_url", "The URL of a line does not match the batch's endpoint.")
        elif len(lines) > self.most_requests:
            problem = ("too_many_tasks", f"The batch may hold {self.most_requests} requests.")
        elif len(models) != 1:
            problem = ("mismatched_model", "All requests of a batch must name one model.")
        elif len({key for key, _ in lines}) != len(lines) or any(len(key) > 64 for key, _ in lines):
            problem = ("duplicate_custom_id", "Custom ids must be different and at most 64 characters long.")
        elif queued + len(lines) > self.most_queued:
            problem = (
                "token_limit_exceeded",
                f"Enqueued token limit reached for {models} in organization org-x. Limit: {self.most_queued} enqueued "
                "tokens. Please try again once some in_progress batches have been completed.",
            )
        if problem is None:
            batch.lines = lines
        else:
            batch.errors = [{"code": problem[0], "message": problem[1], "line": None, "param": None}]

    async def _list(self, request: Request) -> Response:
        newest_first = self.made[::-1]
        after = request.query_params.get("after")
        if after:
            ids = [batch.id for batch in newest_first]
            newest_first = newest_first[ids.index(after) + 1 :]
        page = newest_first[: int(request.query_params.get("limit", 20))]
        return JSONResponse(
            {
                "object": "list",
                "data": [batch.shown() for batch in page],
                "has_more": len(page) < len(newest_first),
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            }
        )

    async def _retrieve(self, request: Request) -> Response:
        batch = next((each for each in self.made if each.id == request.path_params["id"]), None)
        if batch is None:
            return _refusal(404, f"No batch found with id '{request.path_params['id']}'.", None)
        if batch.status not in ENDS and not self.hold:
            batch.looks += 1
            if batch.errors:
                batch.status = "failed"
            elif batch.looks >= self.moves:
                self._finish(batch)
            else:
                batch.status = STAGES[min(len(STAGES) - 1, batch.looks * len(STAGES) // self.moves)]
        return JSONResponse(batch.shown())

    async def _cancel(self, request: Request) -> Response:
        batch = next(each for each in self.made if each.id == request.path_params["id"])
        self._finish(batch, "cancelled")
        return JSONResponse(batch.shown())

    def _finish(self, batch: Batch, status: str | None = None) -> None:
        batch.status = status or self.end(batch)
        batch.errors = self.errors(batch) if batch.status == "failed" else []
        output, errors = [], []
        for number, (key, body) in enumerate(batch.lines):
            if not self.answered(batch, number):
                if batch.status != "completed":
                    code = "batch_expired" if batch.status == "expired" else "batch_cancelled"
                    told = "This request could not be executed before the completion window expired."
                    errors.append(
                        {"custom_id": key, "response": None, "error": {"code": code, "message": told}}
                    )
                continue
            reply = self._reply(body)
            self.paid[key] += reply.status == 200
            response = {"status_code": reply.status, "request_id": f"req-{number}", "body": reply.json}
            entry = {"id": f"batch_req_{number}", "custom_id": key, "response": response, "error": None}
            (output if reply.status == 200 else errors).append(entry)
        batch.done, batch.failed = len(output), len(errors)
        output.reverse()  # the order of a batch's output is not that of its input
        if output:
            batch.output_file_id = self._keep(_jsonl(output), "output.jsonl")["id"]
        if errors:
            batch.error_file_id = self._keep(_jsonl(errors), "errors.jsonl")["id"]


def _jsonl(entries: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()


def _refusal(status: int, message: str, code: str | None) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status)


def _multipart(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """Return file name and content of each field of a form."""
    head = f"content-type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        found[str(name)] = (part.get_filename() or "", part.get_payload(decode=True))
    return found
