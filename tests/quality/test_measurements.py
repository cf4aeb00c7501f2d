import pickle

import numpy as np
import pytest

from synth_datasets.generation.likelihood import Likelihood
from synth_datasets.quality import (
    boilerplate_rate,
    compare_by_mauve,
    compression_ratio,
    distinct_n,
    duplicate_rate,
    label_distribution,
    length_distribution,
    openings,
    perplexity,
    repetition_rate,
    semantic_duplicate_rate,
    split_overlap,
)
from synth_datasets.quality.document import plain
from synth_datasets.quality.scorers import Scorer

TEXTS = [
    "A good phone, I like it.",
    "A good phone, I like it!",
    "",
    "Sure! Here is a review:\nBad.",
    "这个产品",
] * 3
NAMES = ["negative", "positive"]


def _lengths(texts):
    return np.array([[len(text), 1.0] for text in texts])


def _scores(texts):
    return [Likelihood(len(text), 2.0 * len(text)) for text in texts]


@pytest.fixture(scope="module")
def measurements():
    return pytest.importorskip("synth_datasets.quality.measurements")


@pytest.mark.parametrize(
    ("name", "function", "options"),
    [
        ("LengthDistribution", length_distribution, {}),
        ("DistinctN", distinct_n, {"n": 3, "budget": 20}),
        ("CompressionRatio", compression_ratio, {"limit_bytes": 100}),
        ("RepetitionRate", repetition_rate, {}),
        ("Openings", openings, {"words": 2, "top": 1}),
        ("DuplicateRate", duplicate_rate, {"threshold": 0.8}),
        ("SplitOverlap", split_overlap, {"earlier": ["a good phone i like it"]}),
        ("BoilerplateRate", boilerplate_rate, {}),
        ("Mauve", compare_by_mauve, {"real": TEXTS}),
        ("SemanticDuplicates", semantic_duplicate_rate, {"embed": _lengths}),
        ("Perplexity", perplexity, {"scorer": Scorer(said="", score=_scores)}),
    ],
)
def test_a_measurement_gives_what_its_function_gives(measurements, name, function, options):
    found = getattr(measurements, name)().compute(data=TEXTS, **options)
    assert found == plain(function(TEXTS, **options))


def test_labels_are_measured_from_a_class_label_column(measurements):
    import datasets

    features = datasets.Features({"label": datasets.ClassLabel(names=NAMES)})
    column = datasets.Dataset.from_dict({"label": [0, 1, 1, 1]}, features=features)["label"]
    found = measurements.LabelDistribution().compute(
        data=column, names=NAMES, asked={"negative": 2, "positive": 2}
    )
    assert found == plain(label_distribution([0, 1, 1, 1], NAMES, {"negative": 2, "positive": 2}))
    assert found["total_variation"] == 0.25


def test_missing_values_and_no_values_are_measured(measurements):
    assert measurements.LabelDistribution().compute(data=[0, None], names=NAMES)["unlabelled"] == 1
    assert measurements.LabelDistribution().compute(data=[None, 0], names=NAMES)["unlabelled"] == 1
    assert measurements.LengthDistribution().compute(data=["x", None])["empty"] == 1
    assert measurements.LengthDistribution().compute(data=[None, "x", None])["empty"] == 2
    assert measurements.DistinctN().compute(data=[])["value"] is None


def test_data_can_be_added_in_parts_and_the_object_used_again(measurements):
    measurement = measurements.DistinctN()
    measurement.add_batch(data=["a b"])
    measurement.add(data="a c")
    assert measurement.compute(n=1)["value"] == 0.75
    assert measurement.compute(data=["a a"], n=1)["value"] == 0.5


def test_nothing_is_written_where_the_cache_cannot_be_made(measurements, tmp_path, monkeypatch):
    """The cache's place is a file: even root cannot make a folder in it."""
    import evaluate

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path / "file" / "cache")
    assert measurements.DistinctN().compute(data=["a b"], n=1)["value"] == 1
    assert (tmp_path / "file").read_text() == ""


def test_each_says_what_it_measures_and_where_it_comes_from(measurements):
    for name in measurements.__all__:
        info = getattr(measurements, name)().info
        assert info.module_type == "measurement"
        assert "Range" in info.description or "Not a score" in info.description
        assert "annot tell" in info.description or "cannot see" in info.description
        assert "data:" in info.inputs_description
        assert info.citation, name
    assert measurements.DistinctN().citation.startswith("Li et al. 2016")


def test_they_combine_and_pickle(measurements):
    import evaluate

    both = evaluate.combine([measurements.DistinctN(), measurements.CompressionRatio()])
    found = both.compute(data=["a b c"])
    assert (found["n"], found["sample_bytes"]) == (2, 6)
    assert found["distinct_n_value"] == 1
    again = pickle.loads(pickle.dumps(measurements.DistinctN()))
    assert again.compute(data=["a b"])["value"] == 1


@pytest.mark.usefixtures("own_modules")
def test_a_folder_with_one_import_is_enough_for_evaluate_load(tmp_path, measurements):
    import evaluate

    folder = tmp_path / "distinct_n"
    folder.mkdir()
    (folder / "distinct_n.py").write_text(
        "from synth_datasets.quality.measurements import DistinctN\n__all__ = ['DistinctN']\n"
    )
    loaded = evaluate.load(str(folder))
    assert type(loaded) is measurements.DistinctN
    assert loaded.compute(data=["a b"])["value"] == 1
