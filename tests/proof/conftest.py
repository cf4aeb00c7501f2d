"""Rows whose classes can be told by words, and some that mislead."""

import random

import pytest

from synth_datasets.proof.rows import LabelledRows

GOOD = ["splendid", "lovely", "superb", "excellent", "fine", "charming"]
BAD = ["dreadful", "awful", "broken", "useless", "poor", "shabby"]
FILLER = [
    "the",
    "a",
    "my",
    "our",
    "lamp",
    "kettle",
    "tent",
    "radio",
    "boat",
    "piano",
    "works",
    "arrived",
    "looks",
    "box",
]


def made(name, count, *, seed, words=(GOOD, BAD), wrong=0.0):
    draw = random.Random(seed)
    rows = []
    for at in range(count):
        label = at % 2
        text = [draw.choice(FILLER) for _ in range(9)] + [draw.choice(words[label])]
        draw.shuffle(text)
        said = 1 - label if draw.random() < wrong else label
        rows.append((f"{' '.join(text)} {at}{name}", ("positive", "negative")[said]))
    return LabelledRows(name, tuple(text for text, _ in rows), tuple(label for _, label in rows))


@pytest.fixture
def reviews():
    return made
