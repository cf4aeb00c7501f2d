"""Fine-tuning a tiny model that the test makes; needs torch."""

import random

import numpy as np
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.proof import prove
from synth_datasets.proof.trials import standard

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
    from synth_datasets.proof.finetune import fine_tuned

    words = (["splendid", "lovely", "superb"], ["dreadful", "awful", "broken"])
    rows = reviews("r", 100, seed=1, words=words)
    fit = fine_tuned(tiny, rate=1e-2, epochs=1, least=40).learner(rows.inputs, rows.labels)
    train, test = np.arange(60), np.arange(60, 100)
    said = fit(train, test, 0)
    assert np.mean([one == other for one, other in zip(said, rows.labels[60:], strict=True)]) > 0.7
    short = fine_tuned(tiny, rate=1e-3, epochs=1, least=2)
    one, again, *others = (
        short.learner(rows.inputs, rows.labels)(train, test, seed) for seed in (0, 0, 1, 2, 3, 4)
    )
    assert one == again
    assert any(other != one for other in others)
    tested = rows.take(range(60, 100))
    given = {"seeds": 2, "sizes": (), "mixes": ()}
    proof = prove(
        reviews("s", 20, seed=3),
        rows.take(range(20)),
        tested,
        models=(*standard(words=False), short),
        **given,
    )
    assert [witness.name for witness in proof.witnesses][-1] == tiny
    assert [{cell.trainings for cell in each.cells} for each in proof.witnesses] == [{1}, {1}, {2}]


def test_no_more_is_read_of_a_text_than_the_model_has_places_for(tiny):
    from synth_datasets.proof.finetune import fine_tuned

    texts = [f"{word} " * 200 for word in ("splendid", "dreadful", "lovely", "awful")] * 2
    fit = fine_tuned(tiny, least=1, epochs=0).learner(texts, ["good", "bad"] * 4)
    assert set(fit(np.arange(4), np.arange(4, 8), 0)) <= {"good", "bad"}


def test_a_model_that_only_writes_is_padded_with_its_last_token(tiny, tmp_path):
    import json

    import transformers

    from synth_datasets.proof.finetune import fine_tuned

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    tokenizer.eos_token, tokenizer.pad_token = "[SEP]", None
    tokenizer.save_pretrained(tmp_path / "writer")
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=64, eos_token_id=3
    )
    transformers.GPT2Model(config).save_pretrained(tmp_path / "writer")
    assert json.loads((tmp_path / "writer" / "config.json").read_text()).get("pad_token_id") is None
    texts = ["splendid", "dreadful " * 90, "lovely lovely", "awful"] * 2
    fit = fine_tuned(str(tmp_path / "writer"), least=1, epochs=0).learner(texts, ["good", "bad"] * 4)
    assert len(fit(np.arange(4), np.arange(4, 8), 0)) == 4


def test_a_tagger_is_fine_tuned_over_pieces_of_words_and_tags_every_word(tiny, monkeypatch, capsys):
    from synth_datasets.proof import finetune

    draw = random.Random(1)
    people, others = ["splendid", "lovely", "xyz7q"], ["dreadful", "awful", "ab", "walks"]
    sentences, tags = [], []
    for _ in range(60):
        words = [draw.choice(draw.choice((people, others))) for _ in range(6)]
        sentences.append(tuple(words))
        tags.append(tuple("B-PER" if word in people else "O" for word in words))
    learned = finetune.fine_tuned(tiny, rate=1e-2, epochs=1, least=60)
    train, test = np.arange(40), np.arange(40, 60)
    said = learned.learner(sentences, tags)(train, test, 0)
    assert capsys.readouterr().out == "", "standard output is the command's"
    assert [len(each) for each in said] == [6] * 20
    right = [
        one == tag
        for at, each in zip(test, said, strict=True)
        for one, tag in zip(each, tags[at], strict=True)
    ]
    assert np.mean(right) > 0.9
    monkeypatch.setattr(finetune, "_LENGTH", 8)
    cut = finetune.fine_tuned(tiny, rate=1e-2, epochs=1, least=2).learner(sentences, tags)(train, test, 0)
    assert [len(each) for each in cut] == [6] * 20
    # Five letters of the first word and one more word are all that fits.
    short = [each for each, at in zip(cut, test, strict=True) if sentences[at][0] == "xyz7q"]
    assert short
    assert {each[2:] for each in short} == {("O",) * 4}


def test_a_model_that_is_not_there_is_told():
    pytest.importorskip("transformers")
    from synth_datasets.proof.finetune import fine_tuned

    with pytest.raises(SettingsError, match="expected a folder"):
        fine_tuned("no/such-model")
