"""How a build is divided among workers, and what of its settings leaves the driver."""

import os
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import write_spec

from synth_datasets.cluster.remote import without_limits
from synth_datasets.cluster.scratch import scratch
from synth_datasets.cluster.secrets import with_own_secrets, without_secrets
from synth_datasets.cluster.session import joined
from synth_datasets.cluster.shares import number_of_parts, shares_of
from synth_datasets.errors import SettingsError
from synth_datasets.generation.openai_backend import DEFAULT_CONCURRENCY
from synth_datasets.settings import Settings, load_settings
from synth_datasets.spec import load_spec


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return load_spec(write_spec(tmp_path_factory.mktemp("spec")))


@given(concurrency=st.integers(1, 10_000), workers=st.integers(1, 200))
def test_the_shares_of_all_workers_are_the_concurrency_and_nobody_has_none(spec, concurrency, workers):
    shares = [each.concurrency for each in shares_of(spec, Settings(concurrency=concurrency), workers)]
    assert sum(shares) == concurrency
    assert len(shares) == min(workers, concurrency)
    assert max(shares) - min(shares) <= 1
    assert min(shares) >= 1


def test_without_a_word_on_concurrency_an_endpoint_gets_what_one_process_would_send(spec):
    assert sum(each.concurrency for each in shares_of(spec, Settings(), 7)) == DEFAULT_CONCURRENCY


def test_a_model_in_the_worker_is_as_busy_in_each(spec, tmp_path):
    (tmp_path / "any.gguf").write_bytes(b"weights")
    local = Settings(backend="embedded", model_path=tmp_path / "any.gguf")
    assert shares_of(spec, local, 3) == [local] * 3


@given(rows=st.integers(0, 10_000_000), workers=st.integers(1, 64))
def test_there_are_parts_for_all_workers_and_small_ones_only_then(rows, workers):
    parts = number_of_parts(rows, workers)
    assert workers <= parts <= 4 * workers
    assert parts == workers or rows // parts >= 1000


def test_no_secret_leaves_the_driver_and_each_node_uses_its_own(monkeypatch):
    monkeypatch.setenv("SYNTH_API_KEY", "the-key")
    monkeypatch.setenv("SYNTH_BASE_URL", "https://ann:hush@example.com/v1")
    monkeypatch.setenv("SYNTH_HEADERS", "x-team: the-team")
    settings = load_settings({"concurrency": 3})
    sent = without_secrets(settings)
    assert not any(secret in repr(vars_of(sent)) for secret in ("the-key", "hush", "the-team"))
    assert with_own_secrets(sent) == settings
    monkeypatch.setenv("SYNTH_API_KEY", "another-nodes")
    assert with_own_secrets(sent).api_key == "another-nodes"


def test_a_key_for_one_endpoint_does_not_go_to_another(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "openais")
    monkeypatch.setenv("SYNTH_HEADERS", "x-team: the-team")
    sent = without_secrets(load_settings({"base_url": "https://example.com/v1"}))
    found = with_own_secrets(sent)
    assert (found.api_key, found.headers) == (None, ())
    assert with_own_secrets(Settings()).api_key == "openais"


def vars_of(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in Settings.__slots__}


def test_workers_have_no_limits_of_their_own():
    limited = Settings(max_cost=Decimal(1), max_requests=2, max_total_tokens=3, rpm=4, tpm=5, concurrency=6)
    assert without_limits(limited) == Settings(concurrency=6)


def test_folders_of_killed_processes_are_removed_and_those_of_living_ones_stay(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from synth_datasets.cluster.scratch import scratch\n"
        "with scratch(Path(sys.argv[1]), 'mine'): os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, env=dict(os.environ))
    (left,) = tmp_path.iterdir()
    with scratch(tmp_path, "mine") as first, scratch(tmp_path, "mine") as second:
        assert not left.exists()
        assert {*tmp_path.iterdir()} == {first, second}
    assert not [*tmp_path.iterdir()]


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[ray\]'"), joined(None, 1):
        pass
