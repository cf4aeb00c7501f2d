"""Near copies that must not be parted."""

import random

from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.plan.clusters import clusters

WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "seven",
    "old",
    "grey",
    "wolves",
    "watch",
    "from",
    "behind",
    "some",
    "frozen",
    "trees",
]


def sentence(seed, words=30):
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_near_copies_are_together_and_others_are_not():
    text = "This kettle boils water in two minutes, and it has never leaked in the three years that we have had it."
    texts = [text, "Nothing alike at all, really.", text.upper().replace("KETTLE", "pot"), "Short.", "short!"]
    assert clusters(texts) == [0, 1, 0, 3, 3]


def test_groups_join_what_they_share_and_empty_values_join_nothing():
    texts = [sentence(seed) for seed in range(6)]
    assert clusters(texts) == list(range(6))
    assert clusters(texts, [["x", "", "y", "", "x", "y"]]) == [0, 1, 2, 3, 0, 2]
    assert clusters(texts, [["x", "x", "", "", "", ""], ["", "z", "z", "", "", ""]]) == [0, 0, 0, 3, 4, 5]


def test_a_chain_of_copies_is_one_cluster():
    words = sentence(1, 60).split()
    texts = [" ".join([*[f"new{i}" for i in range(step)], *words[step:]]) for step in range(0, 12, 2)]
    assert set(clusters(texts)) == {0}


@given(
    st.lists(st.sampled_from(["alpha beta gamma", "delta epsilon", "zeta eta theta", "iota"]), max_size=12)
)
def test_equal_texts_always_share_their_cluster(texts):
    found = clusters(texts)
    assert found == [texts.index(text) for text in texts]
