"""Measures by name, and the figures behind them that have no page of their own."""

import math
import sys
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

import synth_datasets.quality as package
from synth_datasets.errors import SettingsError
from synth_datasets.generation.likelihood import Likelihood
from synth_datasets.quality.columns import worded
from synth_datasets.quality.embedders import NamedEmbedder, wordllama_embedder
from synth_datasets.quality.fit import label_fit, prompt_fit
from synth_datasets.quality.language import grammar_rate, readability, wrong_language_rate
from synth_datasets.quality.personal import personal_data_rate
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.quality.scorers import Scorer
from synth_datasets.quality.suite import MEASURES, Material, measure_more
from synth_datasets.semantic import MODEL

EDGES = {
    "no row": [],
    "one row": ["a"],
    "all equal": ["The same text, over and over."] * 250,
    "not Latin": [
        "这个产品非常好用",
        "很好",
        "שלום עולם, מוצר מצוין",
        "ยอดเยี่ยมมาก",
        "Отличный товар",
        "🙂🙂🙂",
    ],
    "a megabyte": ["w x. " * 200_000, "short"],
    "a megabyte without a space": ["词" * 333_000, "z" * 1_000_000],
    "empty": ["", " ", "\n"],
    "nothing but signs": ["?!", "…", "\x00\u202e"],
    "None": [None, "A text.", None],
}
PACKAGED = ["toxicity", "grammar", "language"]
FRUIT = ["A ripe apple tastes sweet.", "This apple pie is sweet and warm.", "Pick the apple when ripe."]
CARS = ["The car needs new brakes.", "A fast car with good brakes.", "New tyres for the old car."]


def counted(texts):
    return np.array([[len(text), 1.0] for text in texts]).reshape(-1, 2)


def guessed(texts):
    return [Likelihood(len(text.split()), -2.0 * len(text.split())) for text in texts]


@pytest.mark.parametrize("given", EDGES)
@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_takes_every_edge(name, given):
    """Texts as they come out of a table: where it has none, they are empty."""
    table = pa.table({"text": pa.array(EDGES[given], pa.string())})
    texts = worded({"train": table}, "text", None)
    labels = ["x", "y"] * len(texts)
    material = Material(
        texts=texts,
        labels=labels[: len(texts)],
        prompts=texts,
        seeds=texts,
        language="en",
        real=texts,
        real_labels=labels[: len(texts)],
        test=texts,
        embed=counted,
        scorer=Scorer(said="two bits a word", score=guessed),
    )

    (found,) = measure_more([name], {"text": material}, if_possible=PACKAGED)

    assert found.name == name
    assert found.values
    assert found.limits
    assert all(value is None or math.isfinite(value) for value in found.values.values())
    assert 0 <= found.rows <= len(texts)
    if not texts:
        assert not any(found.values.values())


@pytest.mark.parametrize("given", EDGES)
def test_a_whole_report_takes_every_edge(given):
    texts = EDGES[given]
    table = pa.table({"text": pa.array(texts, pa.string()), "label": [row % 2 for row in range(len(texts))]})

    found = measure({"train": table}, text_columns=["text"], label_columns={"label": ["x", "y"]})

    assert found.whole.rows == len(texts)
    assert QualityReport.from_json(found.to_json()).to_json() == found.to_json()
    assert personal_data_rate([text or "" for text in texts]).rate == (0 if texts else None)


def test_every_name_of_the_package_is_what_it_says_however_often_it_is_asked_for():
    """A submodule of the same name would take a function's place once it is imported."""
    for _ in range(2):
        for name in package.__all__:
            assert not isinstance(getattr(package, name), ModuleType), name


def test_every_measure_says_where_it_comes_from_and_what_it_cannot_tell():
    for name, each in MEASURES.items():
        assert each.source, name
        assert each.limits.endswith("."), name
        assert set(each.needs) <= {
            "labels",
            "prompts",
            "seeds",
            "language",
            "real",
            "test",
            "embed",
            "scorer",
        }


def test_what_a_measure_lacks_leaves_it_out():
    found = measure_more(list(MEASURES), {"text": Material(texts=FRUIT + CARS)}, if_possible=MEASURES)

    assert [each.name for each in found] == ["semantic_spread", "readability", "grammar", "toxicity"]


@pytest.mark.parametrize("name", ["readability", "grammar", "toxicity"])
def test_what_knows_english_only_does_not_judge_texts_in_other_languages(name):
    texts = ["Das Gerät ist nach zwei Wochen kaputt.", "Ich habe es im Büro benutzt."]

    def found(*languages):
        return measure_more([name], {"text": Material(texts=texts, languages=languages)})[0]

    assert found("de", "th").values == {name: None}
    assert (
        "not measured: known for English only, and the texts are in German, Thai" in found("de", "th").notes
    )
    assert found("de", "en-GB").rows == found().rows == found("multilingual").rows == len(texts)


def test_a_package_that_is_not_there_is_told_and_leaves_the_others_where_all_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "profanity_check", None)
    material = {"text": Material(texts=FRUIT)}

    readable, offensive = measure_more(["readability", "toxicity"], material, if_possible=["toxicity"])

    assert readable.values["median"] is not None
    assert offensive.values == {"toxicity": None}
    assert "pip install 'synth-datasets[toxicity]'" in offensive.notes[0]
    with pytest.raises(SettingsError, match="needs alt-profanity-check"):
        measure_more(["toxicity"], material)


def test_labels_that_stand_in_few_groups_are_not_called_wrong_for_it():
    texts, labels = [*FRUIT, *CARS] * 40, [*["fruit"] * len(FRUIT), *["cars"] * len(CARS)] * 40
    by_label = [f"train {label}" for label in labels]
    by_text = [f"train {at // 3}" for at in range(len(texts))]
    assert len(texts) >= 200

    coarse, fine = (
        measure_more(["label_noise"], {"text": Material(texts=texts, labels=labels, groups=groups)})[0]
        for groups in (by_label, by_text)
    )

    assert coarse.values == {"wrong_labels": None}
    assert "label cars stands in 1 of the groups, and 5 are needed" in coarse.notes[0]
    assert fine.values["wrong_labels"] < 0.1


def test_the_report_names_who_made_the_embeddings():
    embed = NamedEmbedder(
        said="lengths, sha256 0123", embed=lambda texts: np.array([[len(each), 1.0] for each in texts])
    )
    default, named = (
        measure_more(["semantic_spread"], {"text": Material(texts=FRUIT, embed=each)})[0]
        for each in (None, embed)
    )

    assert default.notes == ("embedding: latent semantic analysis, fitted on these rows",)
    assert named.notes == ("embedding: lengths, sha256 0123",)


@pytest.mark.skipif(find_spec("wordllama") is None, reason="needs wordllama")
def test_what_an_embedder_does_not_see_is_said_of_the_one_in_use():
    def limits(embed):
        return measure_more(["semantic_spread"], {"text": Material(texts=FRUIT, embed=embed)})[0].limits

    assert limits(None).endswith("Latent semantic analysis sees words, not their order.")
    assert limits(wordllama_embedder()).endswith(f"{MODEL} sees words, not their order.")
    own = NamedEmbedder(said="mine", embed=lambda texts: np.array([[len(each), 1.0] for each in texts]))
    assert limits(own) == MEASURES["semantic_spread"].limits


def test_label_noise_without_an_embedder_names_none():
    material = Material(texts=[f"row {at}" for at in range(200)], labels=["a", "b"] * 100)
    found = measure_more(["label_noise"], {"text": material})[0]

    assert found.notes[-1] == "embedding: none, words and pairs of words alone"


def test_ones_own_functions_give_a_number_or_numbers_by_name():
    material = {"text": Material(texts=["a", "bb"])}
    own = {
        "longest": lambda texts: max(map(len, texts)),
        "more": lambda texts: {
            "n": np.int64(len(texts)),
            "name": "x",
            "mean": np.float32(1.5),
            "none": float("nan"),
        },
    }

    longest, more = measure_more(["longest", "more"], material, own=own)

    assert longest.values == {"longest": 2}
    assert more.values == {"n": 2, "mean": 1.5, "none": None}
    with pytest.raises(SettingsError, match="expected a number or numbers by name, got 'no'"):
        measure_more(["bad"], material, own={"bad": lambda texts: "no"})


def test_rows_are_told_by_their_prompts_and_not_by_those_of_others():
    prompts = ["Write about an apple."] * 3 + ["Write about a car."] * 3

    right, wrong = prompt_fit(FRUIT + CARS, prompts), prompt_fit(FRUIT + CARS, prompts[::-1])

    assert (right.auc >= 0.8, right.prompts) == (True, 2)
    assert wrong.auc == pytest.approx(1 - right.auc)
    assert prompt_fit(FRUIT, ["one"] * 3).auc is None


def test_labels_that_speak_of_different_things_hold_together():
    found = label_fit(FRUIT + CARS, ["fruit"] * 3 + ["car"] * 3)
    mixed = label_fit(FRUIT + CARS, ["x", "y"] * 3)

    assert (found.nearest, found.chance) == (1, 0.5)
    assert mixed.nearest < 0.7
    assert label_fit(FRUIT, ["x"] * 3).nearest is None
    assert label_fit(FRUIT, ["x", "", ""]).rows == 1


def test_readability_gives_quartiles_of_the_texts_that_have_one():
    found = readability(["The cat sat on the mat."] * 3 + ["很好"])

    assert found.texts == 3
    assert found.median == pytest.approx(116.145)


def test_texts_in_another_language_are_counted():
    english = ["The battery of this camera lasts the whole day, and the pictures are sharp."] * 9
    german = ["Der Akku dieser Kamera hält den ganzen Tag, und die Bilder sind scharf."]

    found = wrong_language_rate(english + german, "en")

    assert (found.rows, found.rate) == (10, 0.1)
    assert "German" in found.examples[0]


def test_shuffled_words_have_more_findings_than_sentences_and_nothing_has_none():
    """Harper's own first example: `This is an test of the the linter.` has an article and a repeated word wrong."""
    found = grammar_rate(["This is an test of the the linter."])

    assert found.per_100_words >= 2 * 100 / 8
    assert grammar_rate(["This is a test of the linter."]).per_100_words == 0
    assert grammar_rate([]).per_100_words is None


def test_personal_data_is_counted_by_kind_and_never_repeated():
    texts = ["Mail jo@mail.org or call +44 20 7946 0958", "nothing", "jo@mail.org"]

    found = personal_data_rate(texts)

    assert found.rate == pytest.approx(2 / 3)
    assert [(each.kind, each.rows, each.first) for each in found.kinds] == [
        ("e-mail address", 2, (0, 2)),
        ("telephone number", 1, (0,)),
    ]
    assert "jo@" not in str(found)


def test_two_percent_refusals_are_found_and_real_reviews_are_none(reviews):
    from synth_datasets.validation.refusals import is_refusal

    refusals = [
        "I'm sorry, but I can't help with that request.",
        "As an AI language model, I cannot write reviews of real products.",
        "I am unable to provide a negative review.",
        "Sorry, I can't assist with that.",
        "I cannot fulfill this request.",
    ]
    texts = [text for text, _ in reviews]
    planted = [refusals[row % 5] for row in range(len(texts) * 2 // 100)]

    assert sum(map(is_refusal, planted)) >= 0.9 * len(planted)
    assert sum(map(is_refusal, texts)) <= 0.05 * len(texts)
