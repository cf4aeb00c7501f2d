from random import Random

import numpy as np
import pytest

from synth_datasets.plan.order import OrderedRows
from synth_datasets.plan.row import RowKey
from synth_datasets.semantic import MODEL
from synth_datasets.spec.model import Checks, Field
from synth_datasets.validation.duplicates import Duplicates, Imprint

FIELDS = (Field("title", "string"), Field("stars", "integer"), Field("tags", "list"))
FIRST = RowKey("train", "positive", 0)
LATER = RowKey("test", "negative", 7)
TEXT = "The tent kept all four of us dry through a week of heavy rain in the mountains."


@pytest.fixture
def seen(make_spec):
    def make(unique, *, threshold=0.7, fields=(), name="text"):
        checks = Checks(unique=unique, near_threshold=threshold)
        if unique == "semantic":
            pytest.importorskip("tokenizers")
            checks = Checks(unique=unique, semantic_threshold=max(threshold, 0.85), semantic_model=MODEL)
        return Duplicates(make_spec(fields=fields, checks={name: checks}))

    return make


def _found(duplicates, values):
    name, verdict = duplicates.find(values)
    return name, str(verdict.reason), verdict.detail


def test_an_equal_text_names_the_row_it_repeats(seen):
    duplicates = seen("exact")
    assert duplicates.find({"text": TEXT}) is None
    duplicates.add(FIRST, {"text": TEXT})
    duplicates.add(LATER, {"text": "Another text."})
    assert _found(duplicates, {"text": TEXT.upper()}) == (
        "text",
        "duplicate",
        "same text as train/positive/0",
    )
    assert _found(duplicates, {"text": "another  text"}) == (
        "text",
        "duplicate",
        "same text as test/negative/7",
    )
    assert duplicates.find({"text": TEXT.replace("dry", "wet")}) is None


def test_a_near_text_names_row_and_similarity(seen):
    duplicates = seen("near")
    duplicates.add(LATER, {"text": TEXT})
    name, reason, detail = _found(duplicates, {"text": TEXT.replace("week", "month")})
    assert (name, reason) == ("text", "near_duplicate")
    assert detail.startswith("similarity 0.")
    assert detail.endswith("to test/negative/7")
    assert _found(duplicates, {"text": TEXT})[2] == "similarity 1.00 to test/negative/7"
    assert (
        duplicates.find({"text": "We saw the sea and took the boat to an island where goats live."}) is None
    )


def test_a_text_that_says_the_same_names_row_and_similarity(seen):
    duplicates = seen("semantic")
    duplicates.add(LATER, {"text": "The battery died after two days."})
    name, reason, detail = _found(duplicates, {"text": "After just two days the battery was dead!"})
    assert (name, reason) == ("text", "semantic_duplicate")
    assert detail == "similarity 0.90 to test/negative/7"
    assert duplicates.find({"text": "The battery lasts longer than that of my old camera."}) is None
    assert duplicates.find({"text": "  "}) is None


def test_the_threshold_is_the_spec_s(seen):
    edited = TEXT.replace("week of heavy rain", "day of heavy snow")
    verdicts = {}
    for threshold in (0.4, 0.95):
        duplicates = seen("near", threshold=threshold)
        duplicates.add(FIRST, {"text": TEXT})
        verdicts[threshold] = duplicates.find({"text": edited})
    assert verdicts[0.4] is not None
    assert verdicts[0.95] is None


@pytest.mark.parametrize("unique", ["exact", "near", "semantic"])
def test_rows_in_which_the_model_was_not_asked_repeat_nothing(seen, unique):
    duplicates = seen(unique)
    duplicates.add(FIRST, {"text": ""})
    assert duplicates.find({"text": ""}) is None
    duplicates.add(LATER, {"text": "one text that stands here twice"})
    assert duplicates.find({"text": "one text that stands here twice"}) is not None


@pytest.mark.parametrize("unique", ["exact", "near", "semantic"])
@pytest.mark.parametrize(
    "text",
    ["?", "ok", "好", "🎉", "e\u0301", "\u05e2\u05d1", "这个帐篷很轻下雨的时候也不漏水", "x" * 10**6],
)
def test_texts_of_any_length_and_script_are_found_again(seen, unique, text):
    duplicates = seen(unique)
    duplicates.add(LATER, {"text": "something else entirely"})
    assert duplicates.find({"text": text}) is None
    duplicates.add(FIRST, {"text": text})
    assert duplicates.find({"text": text}) is not None


def test_texts_in_a_script_without_spaces_may_be_near(seen):
    duplicates = seen("near", threshold=0.6)
    duplicates.add(FIRST, {"text": "这个帐篷很轻下雨的时候也不漏水我和家人都非常喜欢它明年还会再用"})
    assert (
        duplicates.find({"text": "这个帐篷很轻下雨的时候也不漏水我和家人都非常喜欢它明年还会再来"})
        is not None
    )


def test_fields_of_a_group_are_weighed_without_what_parts_them(seen):
    duplicates = seen("semantic", fields=(Field("a", "string"), Field("b", "string")), name="review")
    duplicates.add(FIRST, {"a": "a dry tent", "b": "four of us"})
    assert _found(duplicates, {"a": "four of us", "b": "a dry tent"})[2].startswith("similarity 1.00")


def test_a_group_is_compared_by_all_its_fields(seen):
    duplicates = seen("exact", fields=FIELDS, name="review")
    row = {"title": "Dry tent", "stars": 4, "tags": ["rain", "wind"]}
    duplicates.add(FIRST, row)
    assert _found(duplicates, row | {"title": "dry tent!"})[:2] == ("review", "duplicate")
    for other in ({"stars": 5}, {"tags": ["rain"]}, {"title": "Dry"}):
        assert duplicates.find(row | other) is None


def test_a_field_may_be_unique_by_itself(seen):
    duplicates = seen("exact", fields=FIELDS, name="title")
    row = {"title": "Dry tent", "stars": 4, "tags": []}
    duplicates.add(FIRST, row)
    assert _found(duplicates, row | {"stars": 1})[:2] == ("title", "duplicate")
    assert duplicates.find(row | {"title": "Wet tent"}) is None


def test_fields_do_not_run_into_each_other(seen):
    fields = (Field("a", "string"), Field("b", "string"))
    duplicates = seen("exact", fields=fields, name="review")
    duplicates.add(FIRST, {"a": "one two", "b": "three"})
    assert duplicates.find({"a": "one", "b": "two three"}) is None


def test_without_a_check_nothing_repeats(make_spec):
    duplicates = Duplicates(make_spec(checks={"text": Checks(unique=None)}))
    duplicates.add(FIRST, {"text": TEXT})
    assert duplicates.find({"text": TEXT}) is None


def test_the_verdict_does_not_depend_on_what_was_looked_up_before(seen):
    one, other = seen("near"), seen("near")
    rows = [TEXT, "The sea is blue and wide and deep today.", TEXT.replace("four", "five")]
    for index, text in enumerate(rows):
        one.add(RowKey("train", "", index), {"text": text})
    for index, text in enumerate(rows):
        for unrelated in rows[::-1]:
            other.find({"text": unrelated})
        other.add(RowKey("train", "", index), {"text": text})
    for text in rows:
        assert one.find({"text": text}) == other.find({"text": text})


def _by_imprint(duplicates, rows):
    """Decide the rows by what a part keeps of them, as many together as there is room for."""
    found, at = [], 0
    imprints = duplicates.imprints([values for _, values in rows])
    while at < len(rows):
        size = min(duplicates.room(), len(rows) - at)
        part = [Imprint(each.marks[at : at + size], each.empty[at : at + size]) for each in imprints]
        looked = duplicates.look_up(part)
        alone = looked.alone(size)
        ordered = OrderedRows(
            ("train", "a"),
            np.zeros(size, np.int32),
            np.ones(size, np.int32),
            np.array([key.index for key, _ in rows[at : at + size]]),
        )
        place = 0
        while place < size:
            stop = place
            while stop < size and alone[stop]:
                stop += 1
            if stop > place:
                assert [looked.find(each) for each in range(place, stop)] == [None] * (stop - place)
                looked.add_alone(ordered.between(place, stop), place, stop)
                found += [None] * (stop - place)
            place = stop
            if place < size:
                found.append(verdict := looked.find(place))
                if verdict is None:
                    looked.add(rows[at + place][0], place)
                place += 1
        at += size
    return found


@pytest.mark.parametrize("unique", ["near", "semantic", "exact"])
@pytest.mark.parametrize("count", [1, 700, 1024, 1025, 5000])
def test_rows_are_decided_alike_by_their_texts_and_by_their_imprints(seen, unique, count):
    random = Random(count)
    words = [f"word{number}" for number in range(120)]
    texts = [" ".join(random.choices(words, k=14)) for _ in range(count)]
    for at in random.sample(range(count), count // 5):
        texts[at] = random.choice(
            [texts[random.randrange(count)], f"{texts[random.randrange(count)]} indeed", ""]
        )
    rows = [(RowKey("train", "a", at), {"text": text}) for at, text in enumerate(texts)]
    one_by_one = seen(unique)
    expected = []
    for key, values in rows:
        expected.append(verdict := one_by_one.find(values))
        if verdict is None:
            one_by_one.add(key, values)
    assert _by_imprint(seen(unique), rows) == expected
    assert count == 1 or any(expected)
