"""The page's addresses over a real socket: who is answered, what is written."""

import http.client
import json
import threading

import pytest
import uvicorn

from synth_datasets.errors import SettingsError
from synth_datasets.review.decisions import read_file
from synth_datasets.review.order import Sign
from synth_datasets.review.server import Session, application, listen

TOKEN = "token-of-this-test"


class Client:
    def __init__(self, session: Session, port: int) -> None:
        self.session, self.port = session, port

    def ask(self, path="state", record=None, *, token=TOKEN, body=None, **headers):
        """Return status, headers and what was answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        given = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "application/json", **headers}
        data = body if body is not None else None if record is None else json.dumps(record).encode()
        connection.request("GET" if data is None else "POST", f"/{token}/{path}", data, given)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        found = json.loads(text) if answer.headers["content-type"].startswith("application/json") else text
        return answer.status, answer.headers, found


@pytest.fixture
def client(tmp_path, rows, judged):
    session = Session(
        "Reviews </script><b>",
        "ann",
        tmp_path / "r.review.jsonl",
        judged,
        rows,
        {rows[0].id: [Sign(1, "why")]},
    )
    with listen(0) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            application(session, TOKEN, [f"127.0.0.1:{port}", f"localhost:{port}"]),
            log_level="error",
            lifespan="off",
            ws="none",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Client(session, port)
        finally:
            server.should_exit = True
            thread.join()


def test_rows_are_shown_and_decided(client, rows):
    assert client.ask()[2] == {"total": 6, "decided": 0, "counts": {}, "next": 0}
    status, _, shown = client.ask("rows/0")
    assert status == 200
    assert (shown["id"], shown["values"], shown["why"], shown["decision"]) == (
        rows[0].id,
        rows[0].values,
        ["why"],
        None,
    )
    status, _, state = client.ask("rows/0", {"verdict": "reject", "column": "text", "note": "dull"})
    assert (status, state["decided"], state["next"], state["counts"]) == (200, 1, 1, {"reject": 1})
    client.ask("rows/1", {"verdict": "fix", "values": {"text": "Mine."}})
    client.ask("rows/2", {"verdict": "accept"})
    assert client.ask("rows/1")[2]["decision"]["values"] == {"text": "Mine."}
    assert [(each.row, each.verdict, each.reviewer) for each in read_file(client.session.file)] == [
        (rows[0].id, "reject", "ann"),
        (rows[1].id, "fix", "ann"),
        (rows[2].id, "accept", "ann"),
    ]
    assert client.ask("rows/0", {"verdict": "withdraw"})[2]["next"] == 0
    assert client.ask("rows/0")[2]["decision"] is None


def test_a_session_goes_on_where_the_reviewer_was_and_hides_what_others_said(client, rows, judged):
    client.ask("rows/0", {"verdict": "accept"})
    client.ask("rows/1", {"verdict": "fix", "values": {"label": "negative"}})
    file = client.session.file
    assert Session("t", "ann", file, judged, rows, {}).state()["decided"] == 2
    assert Session("t", "bo", file, judged, rows, {}).state()["decided"] == 0
    fixed = read_file(file)[1]
    mended = [
        type(rows[1])(
            id=rows[1].id, split="train", values={**rows[1].values, "label": "negative"}, digest=fixed.gives
        )
    ]
    assert Session("t", "ann", file, judged, mended, {}).state()["next"] is None, (
        "what ann wrote needs no nod of hers"
    )
    assert Session("t", "bo", file, judged, mended, {}).state()["next"] == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"token": "another"}, 404),
        ({"token": "t%C3%B6ken"}, 404),
    ],
)
def test_nobody_else_is_answered(client, headers, status):
    """A name whose DNS was pointed at this machine, a page of another origin, a guess at the address."""
    for path, record in (("", None), ("state", None), ("rows/0", None), ("rows/0", {"verdict": "accept"})):
        found = client.ask(path, record, **headers)
        assert found[0] == status
        assert "Text number" not in str(found[2])
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    connection.request("GET", f"/{TOKEN}")
    assert connection.getresponse().status == 404, "no redirect that a stranger's page could follow"
    connection.close()
    assert read_file(client.session.file) == []


def test_the_page_itself_is_answered_under_both_its_names(client):
    for host in (f"127.0.0.1:{client.port}", f"localhost:{client.port}"):
        assert client.ask("rows/0", {"verdict": "accept"}, Host=host, Origin=f"http://{host}")[0] == 200


def test_the_page_loads_nothing_from_elsewhere_and_no_other_page_may_frame_it(client):
    _, headers, page = client.ask("")
    policy = headers["content-security-policy"]
    nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.count(f'nonce="{nonce}"') == 2
    assert client.ask("")[1]["content-security-policy"] != policy, "a nonce is used once"
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
    assert "http://" not in page
    assert "https://" not in page
    assert "Reviews &lt;/script&gt;&lt;b&gt;" in page
    assert "server" not in {name.lower() for name in headers} or headers["server"] == "uvicorn"


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("rows/99", b'{"verdict": "accept"}', "application/json", 404),
        ("rows/0", b'{"verdict": "accept"}', "text/plain", 415),
        ("rows/0", b"nope", "application/json", 415),
        ("rows/0", b"[" * 100_000, "application/json", 415),
        ("rows/0", b"[]", "application/json", 415),
        ("rows/0", b'{"verdict": "accept", "note": "' + b"x" * (1 << 20) + b'"}', "application/json", 415),
        ("rows/0", b'{"verdict": "maybe"}', "application/json", 422),
        ("rows/0", b'{"verdict": "accept", "note": 7}', "application/json", 422),
        ("rows/0", b'{"verdict": "fix", "values": [1]}', "application/json", 422),
        ("rows/0", b'{"verdict": "fix", "values": {"label": "neutral"}}', "application/json", 422),
    ],
)
def test_what_is_no_decision_is_refused_with_words_and_writes_nothing(client, path, body, kind, status):
    found = client.ask(path, body=body, **{"Content-Type": kind})
    assert found[0] == status
    assert found[2]["error"]
    assert client.ask("rows/99")[0] == 404
    assert read_file(client.session.file) == []


def test_a_disk_that_takes_nothing_is_told(client):
    client.session.file.mkdir()
    status, _, found = client.ask("rows/0", {"verdict": "accept"})
    assert status == 507
    assert "could not be written" in found["error"]
    assert client.ask("rows/0")[2]["decision"] is None, "what is not on disk is not decided"


def test_only_this_machine_can_connect(client):
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        with pytest.raises(SettingsError, match="--port"):
            listen(listening.getsockname()[1])
