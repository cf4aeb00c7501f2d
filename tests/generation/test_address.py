"""Where an endpoint is asked: what its settings make of an address."""

import pytest

from synth_datasets.generation.address import same_host


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ("http://models.example/v2", True),
        ("http://models.example:80/v2", True),
        ("https://models.example/v1", True),
        ("https://models.example:8443/v1", False),
        ("http://models.example:8080/v1", False),
        ("http://api.models.example/v1", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_host_stays_the_same_with_its_port_or_its_https(after, same):
    assert same_host("http://models.example/v1", after) is same
    assert not same_host("https://models.example/v1", "http://models.example/v1")
