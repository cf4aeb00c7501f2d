"""A Ray of the tests' own, which all of them share: starting one takes seconds."""

import gc
import os
import warnings
from collections.abc import Iterator

import pytest
from processes import listening

from synth_datasets.cluster.session import joined

KEY = "sk-test-of-the-cluster-0123456789"


@pytest.fixture(scope="package")
def listening_before() -> set[str]:
    """The sockets at which this process listens already, such as a server of another test."""
    return set(listening({os.getpid()}))


@pytest.fixture(scope="package")
def connected(tmp_path_factory: pytest.TempPathFactory, listening_before: set[str]) -> Iterator[object]:
    """Ray with two workers, which have a key in their environment; builds of this process use it."""
    home = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTH_API_KEY", KEY)
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        with joined(None, 2) as ray:
            yield ray
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Ray collects its processes when they are forgotten
        gc.collect()
