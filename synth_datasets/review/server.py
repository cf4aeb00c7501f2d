"""The page of a review, served to this machine alone: whoever asks must know the token in its address."""

import json
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.review.decisions import append_decisions, decide, now, read_file
from synth_datasets.review.order import Sign
from synth_datasets.review.rows import BuiltRow, Judged
from synth_datasets.spec.reviews import Decision, last_words

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Session", "application", "listen", "serve"]

HOST = "127.0.0.1"
_MOST_BYTES = 1 << 20
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TEMPLATE = "page.html.j2"


@dataclass(slots=True)
class Session:
    """One reviewer at work on one build; what is decided is in the file before it is told."""

    title: str
    reviewer: str
    file: Path
    judged: Judged
    rows: Sequence[BuiltRow]
    """In the order they are shown."""
    signs: Mapping[str, Sequence[Sign]]
    _said: dict[tuple[str, str], Decision] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        mine = [each for each in read_file(self.file) if each.reviewer == self.reviewer]
        for (_, row, digest), each in last_words(mine).items():
            self._said[row, digest] = each
            if each.gives:  # what this person wrote needs no nod of the same person
                self._said.setdefault((row, each.gives), each)

    def state(self) -> dict[str, object]:
        """Return how far it is, and what the page has to show."""
        said = [self._said.get((row.id, row.digest)) for row in self.rows]
        return {
            "total": len(self.rows),
            "decided": sum(each is not None for each in said),
            "counts": Counter(str(each.verdict) for each in said if each is not None),
            "next": next((number for number, each in enumerate(said) if each is None), None),
        }

    def row(self, number: int) -> dict[str, object]:
        """Return one row as the page shows it."""
        row = self.rows[number]
        said = self._said.get((row.id, row.digest))
        return {
            "number": number,
            "id": row.id,
            "why": [sign.words for sign in self.signs.get(row.id, ())],
            "values": {name: row.values[name] for name in (*self.judged.columns, *self.judged.others)},
            "decision": None
            if said is None
            else {
                "verdict": said.verdict,
                "values": dict(said.values),
                "column": said.column,
                "note": said.note,
            },
        }

    def take(self, number: int, record: Mapping[str, object]) -> dict[str, object]:
        """Write down what was decided about a row; raises `SettingsError` for what cannot be."""
        row = self.rows[number]
        values: object = record.get("values") or dict[str, object]()
        texts = {name: record.get(name, "") for name in ("verdict", "column", "note")}
        if not isinstance(values, Mapping) or not all(
            isinstance(each, str) for each in (*texts.values(), *values.values())
        ):
            raise SettingsError("expected texts")
        made = decide(
            row,
            self.judged,
            # pyrefly: ignore[bad-argument-type] - `decide` refuses what is none
            texts["verdict"],
            reviewer=self.reviewer,
            at=now(),
            values={str(name): str(value) for name, value in values.items()},
            column=str(texts["column"]),
            note=str(texts["note"]),
        )
        append_decisions(self.file, [made])
        if made.verdict == "withdraw":
            self._said.pop((row.id, row.digest), None)
        else:
            self._said[row.id, row.digest] = made
        return self.state()


def application(session: Session, token: str, hosts: Sequence[str]) -> "Starlette":
    """Return the page and its three addresses below `/TOKEN/`.

    A request is answered only when its Host is one of `hosts` (a name that somebody else's DNS points here is none) and
    its Origin, if it has one, is a page of ours.
    """
    from starlette.applications import Starlette
    from starlette.routing import Route

    def guarded(
        answer: "Callable[[Request], Response]", *, body: bool = False
    ) -> "Callable[[Request], object]":
        async def endpoint(request: "Request") -> "Response":
            refused = _refused(request, token, hosts)
            if refused is None and body:
                request.state.record = await _record(request)
            response = _told(answer, request) if refused is None else refused
            response.headers.update(_HEADERS)
            return response

        return endpoint

    app = Starlette(
        routes=[
            Route("/{token}/", guarded(lambda _: _page(session)), methods=["GET"]),
            Route("/{token}/state", guarded(lambda _: _json(session.state())), methods=["GET"]),
            Route("/{token}/rows/{number:int}", guarded(lambda asked: _row(session, asked)), methods=["GET"]),
            Route(
                "/{token}/rows/{number:int}",
                guarded(lambda asked: _taken(session, asked), body=True),
                methods=["POST"],
            ),
        ]
    )
    app.router.redirect_slashes = False  # which would answer anybody
    return app


def listen(port: int) -> socket.socket:
    """Return a socket on the loopback interface; port 0 takes a free one."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise SettingsError(f"port {port} cannot be taken: {error.strerror}; leave out --port") from error


def serve(session: Session, listening: socket.socket, started: Callable[[str], None]) -> None:
    """Answer until Ctrl-C; `started` is told the address of the page."""
    import uvicorn

    token = secrets.token_urlsafe(24)
    port = listening.getsockname()[1]
    application_ = application(session, token, [f"{HOST}:{port}", f"localhost:{port}"])
    # An access log would hold the token.
    config = uvicorn.Config(
        application_, log_level="error", access_log=False, server_header=False, lifespan="off", ws="none"
    )
    started(f"http://{HOST}:{port}/{token}/")
    uvicorn.Server(config).run(sockets=[listening])


def _refused(request: "Request", token: str, hosts: Sequence[str]) -> "Response | None":
    from starlette.responses import PlainTextResponse

    if request.headers.get("host", "") not in hosts:
        return PlainTextResponse("This page is served under its own address only.", 421)
    origin = request.headers.get("origin")
    if origin is not None and origin not in [f"http://{host}" for host in hosts]:
        return PlainTextResponse("Another page may not ask this one.", 403)
    if not secrets.compare_digest(request.path_params["token"].encode(), token.encode()):
        return PlainTextResponse(
            "There is no such page; its address ends in what `synth review` printed.", 404
        )
    return None


def _told(answer: "Callable[[Request], Response]", request: "Request") -> "Response":
    try:
        return answer(request)
    except SettingsError as error:
        return _json({"error": str(error)}, 422)
    except OSError as error:
        return _json({"error": f"the decision could not be written: {error.strerror}"}, 507)


def _row(session: Session, request: "Request") -> "Response":
    number = request.path_params["number"]
    if number >= len(session.rows):
        return _json({"error": "no such row"}, 404)
    return _json(session.row(number))


def _taken(session: Session, request: "Request") -> "Response":
    number = request.path_params["number"]
    if number >= len(session.rows):
        return _json({"error": "no such row"}, 404)
    record = request.state.record
    if record is None:
        return _json({"error": "expected a JSON object"}, 415)
    return _json(session.take(number, record))


async def _record(request: "Request") -> dict[str, object] | None:
    """Return the JSON object that was sent; None for anything else, or more than 1 MiB."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _MOST_BYTES:
            return None
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _json(value: Mapping[str, object], status: int = 200) -> "Response":
    from starlette.responses import Response

    text = json.dumps(value, ensure_ascii=True, default=str)
    return Response(text, status, media_type="application/json")


def _page(session: Session) -> "Response":
    import jinja2
    from starlette.responses import HTMLResponse

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    nonce = secrets.token_urlsafe(16)
    judged = session.judged
    text = environment.get_template(_TEMPLATE).render(
        nonce=nonce,
        title=session.title,
        reviewer=session.reviewer,
        file=session.file.name,
        shape={
            "columns": judged.columns,
            "others": judged.others,
            "fixable": {name: list(classes) for name, classes in judged.fixable.items()},
            "asked_again": judged.asked_again,
        },
    )
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})
