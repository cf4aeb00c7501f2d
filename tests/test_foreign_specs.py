"""A spec that does not lie on this machine: pinned to its commit, and asking nobody that it was not allowed."""

import json
from pathlib import Path

import datasets
import huggingface_hub
import pytest
from hub_standin import Blob, HubStandin, Repo
from huggingface_hub import HfFileSystem, constants
from specs import review_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import SettingsError
from synth_datasets.settings import load_settings
from synth_datasets.synth import Synth

URL = "hf://datasets/org/specs/reviews.synth.yaml"


@pytest.fixture
def hub(monkeypatch, own_home):
    """The stand-in Hub for the clients of this process, with a spec and its list in `org/specs`."""
    server = HubStandin()
    server.start()
    for module, name, value in (
        (constants, "ENDPOINT", server.url),
        (constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"),
        (constants, "HF_HUB_OFFLINE", False),
        (datasets.config, "HF_ENDPOINT", server.url),
        (datasets.config, "HF_HUB_OFFLINE", False),
        (datasets.config, "HF_DATASETS_CACHE", own_home / "datasets"),
    ):
        monkeypatch.setattr(module, name, value)
    columns = {**review_spec()["columns"], "product": {"sample": {"file": "lists/products.txt"}}}
    server.repos["org/specs"] = repo = Repo(private=False)
    files = {
        "reviews.synth.yaml": json.dumps(review_spec(columns=columns)),
        "lists/products.txt": "phone\nkettle\n",
    }
    repo.commit({path: Blob(text.encode(), large=False) for path, text in files.items()}, "one")
    HfFileSystem.clear_instance_cache()
    datasets.disable_progress_bars()
    yield server
    datasets.enable_progress_bars()
    HfFileSystem.clear_instance_cache()
    huggingface_hub.close_session()
    server.stop()


@pytest.fixture
def usual(endpoint, monkeypatch):
    """An endpoint that the user has set up, where answers may cost money."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    return endpoint


def made(**options):
    """The splits, without a report and a release."""
    builder = Synth(data_files=URL, **options)
    builder.download_and_prepare()
    return builder.as_dataset()


def change(repo, path, text):
    repo.commit({**repo.commits[repo.head], path: Blob(text.encode(), large=False)}, "changed")


def test_it_asks_no_endpoint_that_was_not_allowed(hub, usual, tmp_path):
    with pytest.raises(SettingsError, match=rf"would ask {usual.base_url} with your key.*--allow-endpoint"):
        build(URL, tmp_path / "out")
    assert usual.count == 0
    assert not (tmp_path / "out").exists()
    stream = Synth(data_files=URL).as_streaming_dataset()
    with pytest.raises(SettingsError, match="--allow-endpoint"):
        next(iter(stream["train"]))
    other = load_settings({"allow_endpoint": "https://elsewhere.example/v1"}).allow_endpoint
    with pytest.raises(SettingsError, match="--allow-endpoint"):
        build(URL, tmp_path / "out", options={"allow_endpoint": ",".join(other)})
    assert usual.count == 0


@pytest.mark.parametrize("way", ["option", "environment", "file", "base_url"])
def test_the_user_allows_an_endpoint_in_any_of_the_usual_ways(way, hub, usual, tmp_path, monkeypatch):
    options = {}
    if way == "option":
        options = {"allow_endpoint": usual.base_url + "/"}
    elif way == "environment":
        monkeypatch.setenv("SYNTH_ALLOW_ENDPOINT", f"https://elsewhere.example/v1, {usual.base_url}")
    elif way == "file":
        (tmp_path / "config.toml").write_text(f'allow_endpoint = ["{usual.base_url}"]')
        monkeypatch.setenv("SYNTH_CONFIG", str(tmp_path / "config.toml"))
    else:
        options = {"base_url": usual.base_url}
    assert made(cache_dir=str(tmp_path / "cache"), **options)["train"].num_rows == 6


def test_its_answers_and_its_cache_need_no_permission(hub, usual, tmp_path):
    made(allow_endpoint=usual.base_url)
    asked = usual.count
    made()
    made(cache_dir=str(tmp_path / "cache"), offline=True)
    assert usual.count == asked


def test_the_lock_pins_the_commit_that_all_was_read_at(hub, usual, tmp_path):
    repo = hub.repos["org/specs"]
    first = repo.head
    options = {"allow_endpoint": usual.base_url}
    release = build(URL, tmp_path / "out", options=options).release
    assert release.lock.spec_origin == f"hf://datasets/org/specs@{first}/reviews.synth.yaml"
    change(repo, "lists/products.txt", "laptop\n")
    HfFileSystem.clear_instance_cache()
    newer = Synth(data_files=URL)
    assert newer.spec.origin == f"hf://datasets/org/specs@{repo.head}/reviews.synth.yaml"
    assert newer.spec.files == {"lists/products.txt": "laptop\n"}
    assert Synth(data_files=release.lock.spec_origin).spec.files == {"lists/products.txt": "phone\nkettle\n"}
    local = build(tmp_path / "out", tmp_path / "local", options={"offline": True}, locked=True)
    assert local.release.lock == release.lock


def test_a_readme_beside_a_spec_cannot_say_where_it_is_asked(hub, usual, tmp_path):
    for name, value in (
        ("base_url", usual.base_url),
        ("allow_endpoint", usual.base_url),
        ("store", "/tmp/x"),
    ):
        configs = [{"config_name": "default", "data_files": "reviews.synth.yaml", name: value}]
        change(hub.repos["org/specs"], "README.md", f"---\nconfigs: {json.dumps(configs)}\n---\n")
        with pytest.raises(SettingsError, match=f"README beside the spec sets {name} .*only you may"):
            datasets.load_dataset("org/specs", cache_dir=str(tmp_path / "cache"))
    configs = [{"config_name": "default", "data_files": "reviews.synth.yaml", "num_examples": 4}]
    change(hub.repos["org/specs"], "README.md", f"---\nconfigs: {json.dumps(configs)}\n---\n")
    made = datasets.load_dataset(
        "org/specs", cache_dir=str(tmp_path / "cache"), allow_endpoint=usual.base_url
    )
    assert sum(rows.num_rows for rows in made.values()) == 4


def test_the_verbs_take_its_address(hub, usual, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code, "".join(capsys.readouterr())

    code, told = run("check", URL)
    assert code == 0
    assert f"org/specs@{hub.repos['org/specs'].head}/reviews.synth.yaml: ok" in told
    assert run("build", URL, "--dry-run")[0] == 0
    code, told = run("preview", URL, "-n", "1")
    assert (code, usual.count) == (2, 0)
    assert f"--allow-endpoint {usual.base_url}" in told
    assert run("build", URL, "--allow-endpoint", usual.base_url)[0] == 0
    assert Path("build/reviews/synth.lock").is_file()


def test_what_is_no_url_is_no_endpoint():
    with pytest.raises(SettingsError, match="allow_endpoint"):
        load_settings({"allow_endpoint": "all"})
    with pytest.raises(SettingsError, match="a list of them"):
        load_settings({"allow_endpoint": 5})


def test_every_replica_must_be_allowed(hub, usual, tmp_path, monkeypatch):
    """What the environment names is not what the user named for this run; a file that is, is with what it holds."""
    file = tmp_path / "endpoints.txt"
    file.write_text(f"{usual.base_url}\n")
    monkeypatch.setenv("SYNTH_ENDPOINT_NAME", "http://mine/v1")
    for places in (f"{usual.base_url},http://other:1/v1", f"{usual.base_url},{file}"):
        monkeypatch.setenv("SYNTH_ENDPOINTS", places)
        with pytest.raises(SettingsError, match="would ask"):
            made()
    monkeypatch.setenv("SYNTH_ENDPOINTS", f"{usual.base_url},http://other:1/v1")
    with pytest.raises(SettingsError, match=r"would ask http://other:1/v1 with your key"):
        made(allow_endpoint=usual.base_url)
    assert usual.count == 0
    made(endpoints=[str(file)], endpoint_name="http://mine/v1")
    assert usual.count
