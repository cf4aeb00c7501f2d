"""Fine-tuning a tiny model that the test makes; needs torch."""

import numpy as np
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.proof import prove

pytestmark = pytest.mark.transformers


@pytest.fixture
def tiny(tmp_path):
    """A BERT of two small layers with weights that nobody trained, and a vocabulary of letters."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("torch").manual_seed(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    words += ["splendid", "lovely", "superb", "dreadful", "awful", "broken"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "tiny")
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    transformers.BertModel(config).save_pretrained(tmp_path / "tiny")
    return str(tmp_path / "tiny")


def test_a_model_is_fine_tuned_anew_for_each_training_set_and_seed(tiny, reviews):
    from synth_datasets.proof.finetune import learner

    words = (["splendid", "lovely", "superb"], ["dreadful", "awful", "broken"])
    rows = reviews("r", 100, seed=1, words=words)
    fit = learner(tiny, rate=1e-2, epochs=1, least=40)(rows.inputs, rows.labels)
    train, test = np.arange(60), np.arange(60, 100)
    said = fit(train, test, 0)
    assert np.mean([one == other for one, other in zip(said, rows.labels[60:], strict=True)]) > 0.7
    short = learner(tiny, rate=1e-3, epochs=1, least=2)
    one, again, *others = (short(rows.inputs, rows.labels)(train, test, seed) for seed in (0, 0, 1, 2, 3, 4))
    assert one == again
    assert any(other != one for other in others)
    tested = rows.take(range(60, 100))
    given = {"seeds": 2, "sizes": (), "mixes": ()}
    proof = prove(
        reviews("s", 20, seed=3), rows.take(range(20)), tested, learner=short, model="tiny", **given
    )
    assert proof.model == "tiny"
    assert {cell.trainings for cell in proof.cells} == {2}


def test_a_model_that_is_not_there_is_told():
    pytest.importorskip("transformers")
    from synth_datasets.proof.finetune import learner

    with pytest.raises(SettingsError, match="expected a folder"):
        learner("no/such-model")
