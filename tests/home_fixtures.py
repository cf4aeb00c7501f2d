"""The homes of versions on this machine, each as a fixture, and releases to put there."""

import logging
import shutil
from dataclasses import replace

import datasets
import pytest

from synth_datasets.spec.model import Split

__all__ = ["address", "bucket", "first", "git", "needs_git", "other_rows", "s3", "second"]

needs_git = pytest.mark.skipif(
    shutil.which("git-lfs") is None, reason="git-lfs is not installed (apt-get install git-lfs)"
)


@pytest.fixture(scope="session")
def s3():
    """A store on loopback, by an implementation that is not ours; yields its client."""
    pytest.importorskip("s3fs", reason="s3fs is not installed (pip install --group homes)")
    server = pytest.importorskip("moto.server", reason="moto is not installed (pip install --group homes)")
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="standin",
        aws_secret_access_key="standin",
    )
    client.create_bucket(Bucket="bucket")
    yield client
    client.close()
    running.stop()


@pytest.fixture
def bucket(request, monkeypatch):
    """A fresh prefix in the store, and the variables that lead there."""
    client = request.getfixturevalue("s3")
    pytest.importorskip("s3fs").S3FileSystem.clear_instance_cache()  # it keeps the key of the test before
    monkeypatch.setenv("AWS_ENDPOINT_URL", client.meta.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "standin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "standin")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return f"s3://bucket/{request.node.name}"


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A bare repository's address; it is made by the first push."""
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@example.com\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return f"file://{tmp_path}/reviews.git"


@pytest.fixture(params=["folder", pytest.param("git", marks=needs_git), "bucket"])
def address(request, tmp_path):
    """Each home in turn."""
    return str(tmp_path / "home") if request.param == "folder" else request.getfixturevalue(request.param)


@pytest.fixture
def first(release_of):
    return release_of("one")


@pytest.fixture
def second(release_of, spec, make_rows):
    """Version 2.0.0: a longer train split in place of train and test."""
    rows = datasets.DatasetDict(train=make_rows(spec, 9))
    longer = replace(spec, version="2.0.0", splits=(Split("train", 9),))
    return release_of("two", version="2.0.0", spec=longer, dataset=rows)


@pytest.fixture
def other_rows(spec, make_rows):
    return datasets.DatasetDict(train=make_rows(spec, 6, first=50), test=make_rows(spec, 3))
