# ruff: noqa: RUF001 - apostrophes come in two kinds

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan.graphemes import clusters, cuts
from synth_datasets.plan.mentions import Place
from synth_datasets.plan.tokens import tag_names, tag_words, tags_of, tokenised
from synth_datasets.spec.rules_annotation import TagsRule

signs = st.sampled_from(
    [
        *"ab5 .,'-_\n",
        "é",
        "e\u0301",
        "\u0301",
        "\u200d",
        "👩‍👧",
        "🇩🇪",
        "🇩",
        "北",
        "京",
        "ア",
        "ก",
        "ำ",
        "서",
        "ש",
        "م",
        "ß",
        "’",
        "3.5",
    ]
)
texts = st.one_of(
    st.lists(signs, max_size=20).map("".join), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Anna doesn't pay 3.50, ok?", "Anna|doesn't|pay|3.50|,|ok|?"),
        ("New York's well-known café", "New|York's|well|-|known|café"),
        ("東京都 is アン", "東|京|都|is|ア|ン"),
        ("나는 서울에서", "나는|서울에서"),
        ("a@b.org … 10:30", "a|@|b|.|org|…|10:30"),
        ("'quoted' 5,000.", "'|quoted|'|5,000|."),
        ("👩‍👧👍🏽 cafe\u0301!", "👩‍👧|👍🏽|cafe\u0301|!"),
        ("שלום דוד!", "שלום|דוד|!"),
        ("snake_case C++", "snake_case|C|+|+"),
        ("", ""),
    ],
)
def test_a_text_falls_into_words(text, words):
    assert "|".join(text[word.start : word.end] for word in tokenised(text)) == words


@settings(max_examples=600, deadline=None)
@given(texts, st.data())
def test_words_cover_every_character_once_and_end_where_spans_do(text, data):
    free = cuts(text)
    edges = [at for at, may in enumerate(free) if may]
    chosen = sorted(data.draw(st.sets(st.sampled_from(edges), max_size=4)))
    words = tokenised(text, chosen)
    covered = [at for word in words for at in range(word.start, word.end)]
    assert covered == sorted(set(covered))
    solid = [piece for piece in clusters(text) if not piece.isspace()]
    assert "".join(text[word.start : word.end] for word in words) == "".join(solid)
    for word in words:
        assert word.start < word.end
        assert free[word.start]
        assert free[word.end]
        assert not any(word.start < edge < word.end for edge in chosen)


@settings(max_examples=300, deadline=None)
@given(texts, st.data())
def test_tags_give_the_spans_back(text, data):
    solid = tokenised(text)
    spans, end = [], 0
    for word in solid:
        if word.start >= end and data.draw(st.booleans()):
            last = data.draw(st.sampled_from([other for other in solid if other.start >= word.start][:3]))
            spans.append({"start": word.start, "end": last.end, "label": data.draw(st.sampled_from("xy"))})
            end = last.end
    words = tokenised(text, (edge for span in spans for edge in (span["start"], span["end"])))
    tags = tags_of(words, spans)
    assert len(tags) == len(words)
    found = []
    for word, tag in zip(words, tags, strict=True):
        assert tag in tag_names("xy")
        if tag.startswith("B-"):
            found.append({"start": word.start, "end": word.end, "label": tag[2:]})
        elif tag.startswith("I-"):
            assert found[-1]["label"] == tag[2:]
            found[-1]["end"] = word.end
    assert found == spans


def test_neighbours_with_one_label_stay_apart_and_words_are_parted_at_their_edges():
    values = {
        "text": "Anna's 東京都",
        "spans": [
            {"start": 0, "end": 4, "label": "p", "text": "Anna"},
            {"start": 7, "end": 9, "label": "p", "text": "東京"},
            {"start": 9, "end": 10, "label": "p", "text": "都"},
        ],
    }
    assert tag_words(TagsRule("text", "spans", ("p",), tokens=True), values) == [
        "Anna",
        "'s",
        "東",
        "京",
        "都",
    ]
    assert tag_words(TagsRule("text", "spans", ("p",), tokens=False), values) == [
        "B-p",
        "O",
        "B-p",
        "I-p",
        "B-p",
    ]
    assert tags_of([Place(0, 1)], []) == ["O"]
