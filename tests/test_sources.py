"""Which spec is meant, and reading one that lies on the Hub."""

import json
import os
import subprocess
import sys

import pytest
from hub_standin import Blob, HubStandin, Repo
from specs import review_spec

from synth_datasets.errors import SettingsError
from synth_datasets.sources import spec_url

LOAD = """
import json, sys, datasets, synth_datasets
datasets.disable_progress_bars()
made = datasets.load_dataset(*json.loads(sys.argv[1]), cache_dir=sys.argv[3], **json.loads(sys.argv[2]))
print(json.dumps(made["train"].to_list()))
"""


@pytest.fixture
def hub():
    server = HubStandin()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def load(hub, endpoint, tmp_path):
    """`load_dataset` in a child that sees the stand-in Hub and this test's endpoint."""

    def run(*arguments, code=0, **options):
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "OPENAI_BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "sk-test",
            "SYNTH_ALLOW_ENDPOINT": endpoint.base_url,
        }
        given = [json.dumps(arguments), json.dumps(options), str(tmp_path / "cache")]
        done = subprocess.run(
            [sys.executable, "-c", LOAD, *given], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code == 0 else done.stderr

    return run


def specs_repo(**changes) -> Repo:
    columns = {**review_spec()["columns"], "product": {"sample": {"file": "lists/products.txt"}}}
    spec = json.dumps(review_spec(columns=columns, **changes)).encode()
    repo = Repo(private=False)
    repo.commit(
        {"reviews.synth.yaml": Blob(spec, False), "lists/products.txt": Blob(b"phone\nkettle\n", False)},
        "one",
    )
    return repo


def test_a_spec_and_its_files_are_read_from_the_hub_in_either_form(hub, load, endpoint):
    hub.repos["org/specs"] = specs_repo()
    by_repo = load("org/specs", data_files="reviews.synth.yaml")
    asked = endpoint.count
    assert {row["product"] for row in by_repo} <= {"phone", "kettle"}
    assert len(by_repo) == 6
    assert load("synth", data_files="hf://datasets/org/specs/reviews.synth.yaml") == by_repo
    assert endpoint.count == asked, "both are one dataset"


def test_a_spec_on_the_hub_cannot_read_outside_its_folder(hub, load, endpoint):
    repo = specs_repo()
    files = dict(repo.commits[repo.head])
    outside = files["reviews.synth.yaml"].content.replace(b"lists/products.txt", b"../other/products.txt")
    repo.commit({**files, "reviews.synth.yaml": Blob(outside, False)}, "two")
    hub.repos["org/specs"] = repo
    errors = load("org/specs", code=1, data_files="reviews.synth.yaml")
    assert "SpecError" in errors
    assert "outside" in errors or "inside" in errors
    assert endpoint.count == 0


def test_the_only_spec_is_meant_whatever_lies_beside_it():
    files = {"train": ["/a/notes.txt", "/a/one.synth.yaml"], "test": ["/a/one.synth.yaml"]}
    assert spec_url(files, None) == "/a/one.synth.yaml"
    assert spec_url(files, "my-config") == "/a/one.synth.yaml"


def test_one_of_several_specs_is_meant_by_name():
    files = {"train": ["/a/one.synth.yaml", "/a/two.synth.yml"]}
    assert spec_url(files, "two") == "/a/two.synth.yml"
    with pytest.raises(SettingsError, match="one, two"):
        spec_url(files, None)
    with pytest.raises(SettingsError, match=r"no spec .three. here.*one, two"):
        spec_url(files, "three")


@pytest.mark.parametrize("files", [None, {}, {"train": ["/a/x.csv"]}])
def test_no_spec_says_how_to_name_one(files):
    with pytest.raises(SettingsError, match=r"\.synth\.yaml"):
        spec_url(files, None)


@pytest.mark.parametrize("name", ["spec.yaml", "spec.yml", "x.synth.yml"])
def test_a_file_that_is_named_alone_needs_no_name_of_a_spec(name):
    assert spec_url({"train": [f"/a/{name}"]}, None) == f"/a/{name}"
    assert spec_url({"train": [f"/a/{name}", "/a/one.synth.yaml"]}, "one") == "/a/one.synth.yaml"


@pytest.mark.parametrize("others", [[], ["/a/two.synth.yaml"]])
def test_a_ready_datasets_name_is_never_taken_for_the_spec_that_lies_here(others):
    files = {"train": ["/a/one.synth.yaml", *others]}
    with pytest.raises(SettingsError, match=r"data_files=synth_datasets\.builder\('customer_feedback'\)"):
        spec_url(files, "customer_feedback")
    assert spec_url({"train": ["/a/customer_feedback.synth.yaml"]}, "customer_feedback")
