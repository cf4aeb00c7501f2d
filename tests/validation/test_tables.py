import random

import numpy as np
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.minhash import signatures
from synth_datasets.validation.exact_table import ExactTable
from synth_datasets.validation.tables import NearTable

WORDS = [
    f"{a}{b}"
    for a in ("ba", "ke", "li", "mo", "nu", "pra", "sti", "tro")
    for b in ("den", "fit", "gul", "ros")
]


def _texts(count: int, words: int = 18) -> list[str]:
    chooser = random.Random(5)
    return [" ".join(chooser.choices(WORDS, k=words)) + f" {at:x}" for at in range(count)]


def test_an_exact_table_finds_every_row_it_was_given_and_nothing_else():
    table = ExactTable()
    texts = _texts(12_000)
    for at, text in enumerate(texts):
        assert table.find(text) is None
        table.add(text)
        if at % 7 == 0:
            assert table.find(texts[at // 2].upper()) == (at // 2, 1.0)
    assert [table.find(text)[0] for text in texts] == list(range(len(texts)))


def test_rows_that_run_over_the_end_of_the_slots_are_found_after_doubling():
    table = ExactTable()
    size = len(table._slots)
    for row in range(300):  # all want the last slot, before and after
        table._hashes[row] = (row + 1) * 4 * size - 1
    table._count = 300
    table._rebuild()
    assert sorted(table._slots[table._slots > 0].tolist()) == list(range(1, 301))
    assert table._slots[-1] != 0
    assert table._slots[:299].all()


def test_an_exact_table_is_compact():
    table = ExactTable()
    for at in range(30_000):
        table.add(str(at))
    assert (table._hashes.nbytes + table._slots.nbytes) / 30_000 <= 22 + 1


def test_a_near_table_finds_equal_texts_through_every_doubling():
    table = NearTable(0.7)
    texts = _texts(5000)
    for text in texts:
        table.add(text)
    found = [table.find(text) for text in texts]
    assert [similarity for _, similarity in found] == [1.0] * len(texts)
    assert np.mean([row == at for at, (row, _) in enumerate(found)]) > 0.99


def test_doubling_threads_the_same_chains_as_adding():
    """A table that has just doubled and one that was large from the start hold the same rows in the same order."""
    grown, large = NearTable(0.7), NearTable(0.7)
    large._rebuild()
    large._rebuild()
    texts = _texts(2049)
    for text in texts:
        grown.add(text)
        large.add(text)
    assert grown._bits == large._bits
    assert (grown._heads == large._heads).all()
    assert (grown._next[: len(texts)] == large._next[: len(texts)]).all()


def test_the_most_similar_row_is_named_and_the_earliest_of_equals():
    table = NearTable(0.5)
    base = _texts(1)[0]
    for text in (base.replace("den", "dan"), base, "else " + base, base):
        table.add(text)
    assert table.find(base) == (1, 1.0)
    assert NearTable(0.5).find(base) is None


def test_a_near_table_is_compact():
    table = NearTable(0.7)
    for at in range(4000):
        table.add(f"{at} {at * 7919}")
    held = table._marks.nbytes + table._next.nbytes + table._heads.nbytes
    assert held / 4000 <= 530


def test_texts_that_all_begin_alike_do_not_slow_a_search():
    table = NearTable(0.95)
    chooser = random.Random(1)
    stem = "the very same beginning of each and every text in this set "
    for at in range(3000):
        table.add(f"{stem}{''.join(chooser.choices('abcdef', k=40))}{at}")
    batch, at = table._place(f"{stem}and an end")
    assert len(batch.own[at]) == 64
    compared = table.scheme.newest(table._held, batch.chains[at], batch.own[at], 0)
    assert 0 < len(compared) <= 16 * 16


@pytest.mark.parametrize("size", [1, 7, 300])
@pytest.mark.parametrize("threshold", [0.3, 0.7])
def test_texts_that_were_prepared_are_found_like_any_other(size, threshold):
    """Batches that go stale, texts prepared twice or in vain, equal texts in one batch, and a doubling on the way."""
    chooser = random.Random(size)
    texts = []
    for text in _texts(1500):
        texts.append(text)
        while chooser.random() < 0.4:  # families of near and equal texts, some of them far apart
            words = chooser.choice(texts).split()
            words[chooser.randrange(len(words))] = chooser.choice(["word", "another", words[0]])
            texts.append(" ".join(words))
    one_by_one, prepared = NearTable(threshold), NearTable(threshold)
    hits = 0
    for at, text in enumerate(texts):
        if at % size == 0:
            prepared.prepare(texts[at : at + size + 3])
        found = one_by_one.find(text)
        assert prepared.find(text) == found
        hits += found is not None
        if found is None or found[1] < 0.9:
            one_by_one.add(text)
            prepared.add(text)
    prepared._write()
    assert one_by_one._count == prepared._count
    assert (one_by_one._marks == prepared._marks).all()
    assert (one_by_one._next == prepared._next).all()
    assert (one_by_one._heads == prepared._heads).all()
    assert 100 < hits < len(texts)


@pytest.mark.parametrize("threshold", [0.7])
def test_one_word_edits_are_found_and_different_texts_are_not(reviews, threshold):
    """Recall over pairs of true similarity 0.75 and more, false alarms below 0.55; real reviews."""
    chooser = random.Random(3)
    texts = [" ".join(text.split()) for text in reviews if len(text) >= 30]
    words = [word for text in texts for word in text.split()]
    found, missed, false, right = 0, 0, 0, 0
    for text in texts:
        parts = text.split()
        for _ in range(chooser.choice((1, 1, 3, 5))):
            parts[chooser.randrange(len(parts))] = chooser.choice(words)
        edited = " ".join(parts)
        similarity = _jaccard(text, edited)
        table = NearTable(threshold)
        table.add(text)
        hit = table.find(edited) is not None
        if similarity >= 0.75:
            found, missed = found + hit, missed + (not hit)
        elif similarity < 0.55:
            false, right = false + hit, right + (not hit)
    assert found + missed > 1000
    assert false + right > 500
    assert found / (found + missed) >= 0.95
    assert false / (false + right) <= 0.005


def _jaccard(one: str, other: str) -> float:
    from synth_datasets.minhash import normalised

    a, b = ({text[i : i + 5] for i in range(len(text) - 4)} for text in map(normalised, (one, other)))
    return len(a & b) / len(a | b)


def test_signatures_in_the_table_are_those_of_the_batch():
    table = NearTable(0.7)
    texts = ["one two three four", "five six seven eight"]
    for text in texts:
        table.add(text)
    assert (table._marks[:2] == signatures(texts)).all()


def test_a_near_table_says_when_it_is_full(monkeypatch):
    """Beyond 32 bits the places of bands would run into each other, and duplicates be missed without a word."""
    monkeypatch.setattr("synth_datasets.validation.tables._MOST_BITS", 10)
    with pytest.raises(SettingsError, match="at most 1,024 rows"):
        NearTable.holding(_texts(1025), 0.7)
    assert len(_texts(1024)) == 1024
    NearTable.holding(_texts(1024), 0.7)
