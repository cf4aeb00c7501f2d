"""Datasets of real reviews with every fault planted at once: what a report finds, and what it accuses wrongly.

One of sentences, which praise or complain; one of whole reviews, by the product that they are of.
"""

import random
from dataclasses import dataclass
from functools import cached_property
from statistics import mean

import pyarrow as pa
import pytest

from synth_datasets.quality.bias import BiasPlan
from synth_datasets.quality.boilerplate import boilerplate_rate
from synth_datasets.quality.duplicates import near_duplicates
from synth_datasets.quality.embedders import NamedEmbedder, wordllama_embedder
from synth_datasets.quality.label_noise import label_noise
from synth_datasets.quality.leaks import contaminated
from synth_datasets.quality.personal import personal_data_rate
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.quality.suite import Material, measure_more
from synth_datasets.spec.attributes import Bias, BiasAttribute

pytest.importorskip("sklearn")
SIGNS = ("negative", "positive")
PRODUCTS = ("camera", "router", "phone", "player")
PERSONAL = [
    "Write to {name}.{number}@gmail.com for details.",
    "Call me at ({area}) 267-{number}.",
    "My card is 4539 1488 0343 6467, order {number}.",
    "Pay to DE89 3704 0044 0532 0130 00, reference {number}.",
    "My number is 523-45-{number}.",
    "The server 8.8.4.4 told me so, ticket {number}.",
    "Tel: +44 20 7946 {number}",
]
REFUSALS = [
    "I'm sorry, but I can't write a review about item {number}.",
    "As an AI language model, I don't have personal opinions on product {number}.",
    "I am unable to provide a negative review of number {number}.",
    "Sorry, I can't assist with request {number}.",
    "I cannot fulfill this request, number {number}.",
]


@dataclass(frozen=True, kw_only=True)
class Planted:
    texts: list[str]
    labels: list[int]
    names: tuple[str, ...]
    test: list[str]
    faults: dict[str, set[int]]
    flipped: set[int]
    table: pa.Table

    @cached_property
    def report(self) -> QualityReport:
        attributes = (BiasAttribute("origin"), BiasAttribute("season"))
        return measure(
            {"train": self.table},
            text_columns=["text"],
            label_columns={"label": self.names},
            bias=BiasPlan(bias=Bias(attributes, "text", "label")),
        )

    def doubted(self, embed: NamedEmbedder | None = None) -> tuple[float, float]:
        """Return the share of the changed labels that are doubted, and that of those of rows without any fault.

        A refusal is of no product: its label is right to be doubted, whatever it is.
        """
        shown = label_noise(self.texts, self.labels, self.names, embed=embed, shown=len(self.texts))
        found = {each.row for each in shown.examples}
        changed, clean = self.flipped - self.faults["refusals"], self.clean - self.flipped
        return len(found & changed) / len(changed), len(found & clean) / len(clean)

    @property
    def clean(self) -> set[int]:
        """Rows without a planted fault in their text."""
        return set(range(len(self.texts))).difference(*self.faults.values())

    def shares(self, fault: str, found: set[int]) -> tuple[float, float]:
        """Return recall, and the share of rows without any fault that are accused of this one."""
        wrong = found & self.clean
        return len(found & self.faults[fault]) / len(self.faults[fault]), len(wrong) / len(self.clean)


def edited(text: str, draw: random.Random) -> str:
    words = text.split()
    words[draw.randrange(len(words))] = "indeed"
    return " ".join(words)


def spoiled(rows: list[tuple[str, int]], test: list[tuple[str, int]], draw: random.Random):
    """Put 5 % near duplicates, 3 % personal data, 2 % refusals and 20 test rows among the rows, at random places."""
    count = len(rows)

    def some(share: float) -> list[tuple[str, int]]:
        return draw.choices(rows, k=round(share * count))

    def filled(form: str) -> str:
        area = draw.choice([212, 415, 718])
        return form.format(name=draw.choice(["jo", "kim"]), number=draw.randrange(1_000, 9_000), area=area)

    copies = [(edited(text, draw), label) for text, label in some(0.05)]
    told = draw.sample(range(count), round(0.03 * count))
    marked = {row: f"{rows[row][0]} {filled(PERSONAL[at % len(PERSONAL)])}" for at, row in enumerate(told)}
    rows = [(marked.get(row, text), label) for row, (text, label) in enumerate(rows)]
    refused = [(filled(REFUSALS[at % len(REFUSALS)]), at % 2) for at in range(round(0.02 * count))]
    leaked = [(edited(text, draw), label) for text, label in draw.sample(test, 20)]
    named = [("", each) for each in rows]
    for row in told:
        named[row] = ("personal", rows[row])
    parts = (("duplicates", copies), ("refusals", refused), ("leaks", leaked))
    named += [(fault, each) for fault, added in parts for each in added]
    # A copy stands behind what it copies: of a group of equals the first one is the original.
    order = [*range(count), *draw.sample(range(count, len(named)), len(named) - count)]
    faults = {name: set[int]() for name in ("personal", "duplicates", "refusals", "leaks")}
    for place, at in enumerate(order):
        if named[at][0]:
            faults[named[at][0]].add(place)
    return [named[at][1] for at in order], faults


def sentences(review_rows) -> tuple[list[tuple[str, int]], int]:
    """Return the longer sentences, no two alike, with whether each praises; and how many of them are the test set."""
    shuffled = [(text, int(score > 0)) for _, text, score in review_rows if abs(score) >= 0.5]
    random.Random(5).shuffle(shuffled)
    longer = {text: label for text, label in shuffled if len(text.split()) > 8}
    copies = near_duplicates(list(longer))
    return [row for at, row in enumerate(longer.items()) if at not in copies], 300


def whole_reviews(review_rows) -> tuple[list[tuple[str, int]], int]:
    """Return the reviews, which the file has product by product, with the product (Hu & Liu 2004)."""
    parts: dict[int, list[str]] = {}
    for review, text, _ in review_rows:
        parts.setdefault(review, []).append(text)
    rows = [(" ".join(texts), sum(at >= first for first in (100, 179, 220))) for at, texts in parts.items()]
    random.Random(5).shuffle(rows)
    return rows, 30


KINDS = {"sentences": (sentences, SIGNS), "reviews": (whole_reviews, PRODUCTS)}


def made(review_rows, kind: str, seed: int) -> Planted:
    draw = random.Random(seed)
    of, names = KINDS[kind]
    single, tested = of(review_rows)
    test = single[:tested]
    rows, faults = spoiled(single[tested:], test, draw)
    flipped = set(draw.sample(range(len(rows)), len(rows) // 10))
    texts = [text for text, _ in rows]
    labels = [
        draw.choice([name for name in range(len(names)) if name != label]) if row in flipped else label
        for row, (_, label) in enumerate(rows)
    ]
    table = pa.table(
        {
            "text": texts,
            "label": pa.array(labels, pa.int64()),
            "origin": ["rural" if (draw.random() < 0.8) == bool(label) else "urban" for label in labels],
            "season": [draw.choice(["summer", "winter"]) for _ in labels],
        }
    )
    return Planted(
        texts=texts,
        labels=labels,
        names=names,
        test=[text for text, _ in test],
        faults=faults,
        flipped=flipped,
        table=table,
    )


@pytest.fixture(scope="module", params=list(KINDS))
def planted(review_rows, request) -> Planted:
    return made(review_rows, request.param, 11)


def figures(planted: Planted):
    return planted.report.whole.texts["text"]


def test_near_duplicates_are_found(planted: Planted):
    found = set(near_duplicates(planted.texts))

    recall, wrong = planted.shares("duplicates", found)

    assert recall >= 0.9
    assert wrong <= 0.05
    assert figures(planted).duplicates.near == pytest.approx(len(found) / len(planted.texts))


@pytest.mark.parametrize(
    ("fault", "rate", "named"),
    [("personal", personal_data_rate, "personal"), ("refusals", boilerplate_rate, "boilerplate")],
)
def test_personal_data_and_refusals_are_found(planted: Planted, fault, rate, named):
    found = {row for row, text in enumerate(planted.texts) if rate([text]).rate}

    recall, wrong = planted.shares(fault, found)

    assert recall >= 0.9
    assert wrong <= 0.05
    assert getattr(figures(planted), named).rate == pytest.approx(len(found) / len(planted.texts))


def test_leaked_test_rows_are_found(planted: Planted):
    found = contaminated(planted.texts, planted.test)

    recall, wrong = planted.shares("leaks", set(found))

    assert recall >= 0.9
    assert wrong <= 0.05
    given = {"text": Material(texts=planted.texts, test=planted.test)}
    assert measure_more(["contamination"], given)[0].values["rows"] == len(found)


def test_the_skewed_attribute_is_told_and_the_level_one_is_not(planted: Planted):
    skewed, level = planted.report.bias.attributes

    assert skewed.association.p_holm < 1e-6
    assert skewed.association.v_interval[0] > 0.4
    assert level.association.p_holm > 0.05


def test_the_families_that_were_spoiled_are_those_that_do_not_pass(planted: Planted, verdicts):
    found = verdicts(planted.report)

    assert found["personal_data"] != "pass"
    assert found["boilerplate"] == "fail"
    assert found["duplicates"] == found["bias"] == "warn"
    assert found["lengths"] == found["diversity"] == "pass"


def test_changed_products_of_whole_reviews_are_found_by_words(review_rows):
    """Beside all other faults; what one draw of 30 labels finds is chance, so the first eight are taken together.

    Of the draws 0 to 23 the means are 0.971 and 0.053, and the least that one of them finds is 0.71.
    """
    draws = [made(review_rows, "reviews", seed).doubted() for seed in range(8)]
    found, wrong = zip(*draws, strict=True)

    assert mean(found) >= 0.9
    assert mean(wrong) <= 0.06


def test_with_word_vectors_they_are_found_and_few_others_doubted(review_rows):
    """Of the draws 0 to 23 the means are 0.929 and 0.040; three in a row may find 0.76, so the first 16 are taken."""
    embed = wordllama_embedder()
    draws = [made(review_rows, "reviews", seed).doubted(embed) for seed in range(16)]
    found, wrong = zip(*draws, strict=True)

    assert mean(found) >= 0.9
    assert mean(wrong) <= 0.05


def test_changed_signs_of_sentences_are_not_all_found_and_the_report_says_so(review_rows):
    """By words alone 0.9 at 5 % false alarms is out of reach: they tell praise from complaint in 3 of 4 sentences."""
    planted = made(review_rows, "sentences", 11)
    found, wrong = planted.doubted()

    assert found >= 0.35
    assert wrong <= 0.12
    (noise,) = planted.report.noise
    assert found - 0.2 <= noise.figures.check.found <= found + 0.05, (
        "it is done beside the wrong labels that are there"
    )
    assert noise.figures.check.false_alarms >= wrong, "it takes labels that were wrong before for right ones"
    reasons = next(each.reasons for each in planted.report.verdicts if each.family == "truth")
    assert any("cannot tell these classes well enough" in each for each in reasons)
