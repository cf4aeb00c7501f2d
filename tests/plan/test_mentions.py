"""Two hundred hard mentions, each found rightly or refused, and generated texts in which no place is ever wrong."""

# ruff: noqa: RUF001, E501, PT017 - scripts, quotes and hyphens of many kinds; a doubt may be raised, or not

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan.graphemes import cuts
from synth_datasets.plan.mentions import Doubt, Sought, locate

# A text with the mentions that are right in ⟦ ⟧, and the values; or the text and the reason for which it is refused.
RIGHT = [
    # once, at the beginning, in the middle and at the end
    ("⟦Anna⟧ sleeps.", "Anna"), ("It was ⟦Anna⟧.", "Anna"), ("We saw ⟦Anna⟧ there.", "Anna"), ("⟦Anna⟧", "Anna"),
    ("Is it ⟦Anna⟧?", "Anna"), ("(⟦Anna⟧)", "Anna"), ("«⟦Anna⟧»", "Anna"), ("“⟦Anna⟧”", "Anna"), ("'⟦Anna⟧'", "Anna"),
    ("*⟦Anna⟧*", "Anna"), ("**⟦Anna⟧**", "Anna"), ("“⟦Anna⟧,” he said", "Anna"), ("⟦Anna⟧: yes", "Anna"), ("⟦Anna⟧; no", "Anna"),
    ("…⟦Anna⟧…", "Anna"), ("Hm — ⟦Anna⟧ — yes", "Anna"), ("Hm—⟦Anna⟧—yes", "Anna"), ("\n⟦Anna⟧\n", "Anna"), ("\t⟦Anna⟧", "Anna"),
    # repeated
    ("⟦Anna⟧ and ⟦Anna⟧.", "Anna"), ("⟦Anna⟧, ⟦Anna⟧, ⟦Anna⟧!", "Anna"), ("⟦Anna⟧ ⟦Anna⟧", "Anna"), ("⟦Anna⟧\n⟦Anna⟧", "Anna"),
    # inside another word is no mention
    ("⟦Anna⟧ likes Annabel.", "Anna"), ("⟦Anna⟧ and the Annas", "Anna"), ("⟦cat⟧ in a concatenation", "cat"), ("an ⟦art⟧ party", "art"),
    ("⟦Ann⟧ hit annual highs", "Ann"), ("the ⟦ear⟧ heard", "ear"), ("⟦Anna⟧ wrote Anna_2", "Anna"), ("⟦Anna⟧, not Anna2", "Anna"),
    ("⟦iPhone⟧ or iPhones", "iPhone"), ("⟦phone⟧, phones and telephone", "phone"), ("⟦Berlin⟧ and Berliner", "Berlin"),
    ("⟦AI⟧ said PAID", "AI"), ("⟦us⟧ in the bus", "us"), ("⟦Rom⟧ hat Romane", "Rom"), ("⟦Ural⟧ and plural", "Ural"),
    # possessives and clitics
    ("⟦Anna⟧'s dog", "Anna"), ("⟦Anna⟧’s dog", "Anna"), ("⟦James⟧' dog", "James"), ("⟦James⟧’ dog", "James"), ("⟦Anna⟧'ll go", "Anna"),
    ("⟦Anna⟧'d go", "Anna"), ("⟦Bo⟧'s and ⟦Bo⟧'s", "Bo"), ("the ⟦BBC⟧'s man", "BBC"), ("⟦Ankara⟧'da kar", "Ankara"), ("⟦İstanbul⟧'un", "İstanbul"),
    # elisions
    ("en ⟦Italie⟧", "Italie"), ("de l'⟦Italie⟧", "Italie"), ("d’⟦Anna⟧", "Anna"), ("qu'⟦Anna⟧ dort", "Anna"), ("L'⟦Italie⟧ dort", "Italie"),
    ("dell'⟦Italia⟧", "Italia"), ("all'⟦Aquila⟧", "Aquila"),
    # punctuation in values
    ("⟦St. Gallen⟧ is", "St. Gallen"), ("⟦U.S.⟧ law", "U.S."), ("in the ⟦U.S.⟧", "U.S."), ("⟦Acme Inc.⟧ sold", "Acme Inc."), ("⟦C++⟧ is", "C++"),
    ("⟦C#⟧ is", "C#"), ("⟦AT&T⟧ is", "AT&T"), ("⟦O'Brien⟧ is", "O'Brien"), ("⟦O’Brien⟧ is", "O'Brien"), ("⟦O'Brien⟧ is", "O’Brien"),
    ("⟦Yahoo!⟧ is", "Yahoo!"), ("⟦.NET⟧ is", ".NET"), ("use ⟦.NET⟧.", ".NET"), ("⟦Dr. No⟧'s", "Dr. No"), ("⟦a@b.org⟧ wrote", "a@b.org"),
    ("⟦Anna (singer)⟧ sang", "Anna (singer)"), ("⟦Rock 'n' Roll⟧ is", "Rock 'n' Roll"), ("⟦L'Oréal⟧ sells", "L'Oréal"), ("⟦#sun⟧ is", "#sun"),
    ("⟦node.js⟧ is", "node.js"), ("⟦Jean-Luc⟧ is", "Jean-Luc"), ("⟦Jean‑Luc⟧ is", "Jean-Luc"), ("⟦Baden-Baden⟧ is", "Baden-Baden"),
    # numbers
    ("⟦5⟧ stars", "5"), ("⟦5⟧ of 50", "5"), ("15 and ⟦5⟧", "5"), ("⟦5⟧, 3.5 and 5.5", "5"), ("⟦5⟧; 5,000 more", "5"), ("at 10:5 and ⟦5⟧", "5"),
    ("⟦3.5⟧ kg", "3.5"), ("⟦5⟧%", "5"), ("$⟦5⟧", "5"), ("⟦5⟧€", "5"), ("⟦5⟧°", "5"), ("(⟦5⟧)", "5"), ("⟦10,000⟧ men", "10,000"), ("⟦1990⟧.", "1990"),
    # case: only one place, and the capital of a sentence
    ("⟦ANNA⟧ sleeps", "Anna"), ("here is ⟦anna⟧", "Anna"), ("the ⟦STRASSE⟧ ends", "Straße"), ("the ⟦Straße⟧ ends", "STRASSE"),
    ("in ⟦İSTANBUL⟧ now", "i̇stanbul"), ("⟦Battery⟧ life. The ⟦battery⟧.", "battery"), ("Good. ⟦Battery⟧ good.", "battery"),
    ("⟦ﬁsh⟧ swim", "fish"), ("the ⟦Ǆ⟧ letter", "ǆ"), ("the ⟦ΟΔΟΣ⟧ road", "οδος"), ("the ⟦οδός⟧ road", "ΟΔΌΣ"), ("ⓛ and ⟦Ⓐnna⟧", "Anna"),
    ("“⟦Battery⟧ is bad”, he said of the ⟦battery⟧", "battery"), ("- ⟦Screen⟧ ok", "screen"),
    # white space
    ("⟦New\u00a0York⟧ is", "New York"), ("⟦New\nYork⟧ is", "New York"), ("⟦New  York⟧ is", "New York"), ("⟦New York⟧ is", "New\u00a0York"),
    ("⟦New York⟧ is", "  New York "), ("⟦New\u2009York⟧ is", "New York"), ("⟦New \n York⟧, ⟦New York⟧", "New York"),
    # Unicode forms
    ("⟦Zoe\u0308⟧ is", "Zoë"), ("⟦Zoë⟧ is", "Zoe\u0308"), ("⟦Zoë⟧ and ⟦Zoe\u0308⟧", "Zoë"), ("⟦Ａｎｎａ⟧ is", "Anna"), ("⟦각⟧ ", "\u1100\u1161\u11a8"),
    ("⟦Å⟧ is", "Å"), ("⟦q\u0323\u0307⟧ is", "q\u0307\u0323"), ("cafe\u0301s or ⟦cafe⟧", "cafe"), ("cafe\u0301 or ⟦cafe⟧", "cafe"),
    # emoji
    ("⟦👩‍👩‍👧⟧ is", "👩‍👩‍👧"), ("a 👩‍👩‍👧 and ⟦👩⟧", "👩"), ("👍🏽 and ⟦👍⟧", "👍"), ("⟦🇩🇪⟧ won", "🇩🇪"), ("🇧🇩🇪🇺 and ⟦🇩🇪⟧", "🇩🇪"), ("⟦❤️⟧ it", "❤️"),
    ("⟦Anna⟧👍", "Anna"), ("👍⟦Anna⟧", "Anna"), ("⟦👍⟧⟦👍⟧", "👍"),
    # right to left
    ("גר ⟦דוד⟧ כאן", "דוד"), ("⟦محمد⟧ هنا", "محمد"), ("قال ⟦محمد⟧: نعم", "محمد"), ("⟦דוד⟧!", "דוד"), ("שלום, ⟦דוד⟧", "דוד"),
    # scripts without spaces
    ("我在⟦北京⟧。", "北京"), ("我去⟦北京⟧和⟦上海⟧", "北京", "上海"), ("⟦東京⟧に行く", "東京"), ("彼は⟦アンナ⟧です", "アンナ"), ("⟦アンナ⟧とアンナプルナ", "アンナ"),
    ("ไป⟦กรุงเทพ⟧แล้ว", "กรุงเทพ"), ("在⟦Berlin⟧的", "Berlin"), ("用⟦iPhone⟧拍", "iPhone"), ("⟦5⟧个", "5"), ("「⟦東京⟧」", "東京"),
    # Korean particles
    ("나는 ⟦서울⟧에서 산다", "서울"), ("⟦서울⟧은 크다", "서울"), ("⟦서울⟧과 ⟦부산⟧", "서울", "부산"), ("⟦서울⟧ 크다", "서울"), ("⟦서울⟧에 있는 서울대학교", "서울"),
    # Indic
    ("⟦दिल्ली⟧ में", "दिल्ली"), ("वह ⟦राम⟧ है", "राम"),
    # longer values hold shorter ones
    ("⟦New York Times⟧ of ⟦New York⟧", "New York Times", "New York"), ("⟦New York Times⟧ of ⟦New York⟧", "New York", "New York Times"),
    ("⟦Ada Lim⟧ and ⟦Ada⟧", "Ada", "Ada Lim"), ("⟦Baden-Württemberg⟧ and ⟦Baden⟧", "Baden", "Baden-Württemberg"), ("⟦Bo⟧ met ⟦Anna⟧", "Anna", "Bo"),
    ("⟦上海市⟧在⟦上海⟧", "上海", "上海市"), ("⟦5⟧ and ⟦5 stars⟧", "5 stars", "5"), ("⟦Anna⟧ ⟦Bo⟧", "Anna", "Bo"), ("⟦Anna⟧/⟦Bo⟧", "Anna", "Bo"),
    ("⟦Anna⟧ ok", "Anna", "Anna"), ("⟦Anna⟧ ok", "Anna", ""), ("⟦Jean-Luc⟧ is ⟦Jean⟧", "Jean", "Jean-Luc"), ("⟦x⟧-⟦ray⟧".replace("-", " "), "x", "ray"),
]  # fmt: skip
REFUSED = [
    ("missing_mention", "Nobody is here.", "Anna"), ("missing_mention", "", "Anna"), ("missing_mention", "Annabel is here.", "Anna"),
    ("missing_mention", "The Annas are here.", "Anna"), ("missing_mention", "cafe\u0301 is open", "cafe"), ("missing_mention", "a 👩‍👩‍👧 here", "👩"),
    ("missing_mention", "👍🏽 from me", "👍"), ("missing_mention", "서울대학교", "서울"), ("missing_mention", "アンナプルナ", "アンナ"), ("missing_mention", "O'Brien", "Brien"),
    ("missing_mention", "3.5 stars", "5"), ("missing_mention", "5,000 men", "5"), ("missing_mention", "10:30", "30"), ("missing_mention", "Straße", "Stras"),
    ("missing_mention", "the mass", "ß"), ("missing_mention", "İ is", "i"), ("missing_mention", "Ilık su", "ılık"), ("missing_mention", "🇧🇩🇪🇺", "🇩🇪"), ("missing_mention", "Anna_2", "Anna"),
    ("missing_mention", "the ﬁsh", "f"), ("missing_mention", "Anna", "Anna Lim"), ("missing_mention", "AnnaLim", "Anna Lim"), ("missing_mention", "दिल्ली", "दिल"),
    ("ambiguous_mention", "Anna-Maria is here.", "Anna"), ("ambiguous_mention", "Anna met Anna-Maria.", "Anna"), ("ambiguous_mention", "Baden-Baden", "Baden"),
    ("ambiguous_mention", "a Berlin-based firm", "Berlin"), ("ambiguous_mention", "non-Berlin", "Berlin"), ("ambiguous_mention", "Nord- und Süd", "Nord"),
    ("ambiguous_mention", "see berlin.de", "berlin"), ("ambiguous_mention", "@Anna wrote", "Anna"), ("ambiguous_mention", "#Anna", "Anna"), ("ambiguous_mention", "Anna@x", "Anna"),
    ("ambiguous_mention", "C++ is hard", "C"), ("ambiguous_mention", "C# is hard", "C"), ("ambiguous_mention", "AT&T", "AT"), ("ambiguous_mention", "AT&T", "T"),
    ("ambiguous_mention", "phone(s)", "phone"), ("ambiguous_mention", "L'Oréal", "L"), ("ambiguous_mention", "Anna and ANNA", "Anna"), ("ambiguous_mention", "Rose picked a rose", "Rose"),
    ("ambiguous_mention", "ANNA and anna", "Anna"), ("ambiguous_mention", "BERLIN, BERLIN!", "Berlin"), ("ambiguous_mention", "-5 degrees", "5"), ("ambiguous_mention", "3-5 days", "5"),
    ("ambiguous_mention", "1/2 cup", "2"), ("ambiguous_mention", "C++", "C+"), ("ambiguous_mention", "wait...", "."), ("ambiguous_mention", "the end.Then", "end"),
    ("ambiguous_mention", "Berlin–Hamburg", "Berlin"), ("ambiguous_mention", "straße or STRASSE or Strasse", "STRAßE"),
    ("overlapping_spans", "The New York Times.", "New York", "New York Times"), ("overlapping_spans", "Ada Lim sang.", "Ada", "Ada Lim"), ("overlapping_spans", "上海市", "上海", "上海市"),
    ("overlapping_spans", "New York City Hall", "New York City", "City Hall"), ("overlapping_spans", "na na na", "na na"), ("overlapping_spans", "Anna Bo Cy", "Anna Bo", "Bo Cy"),
    ("ambiguous_mention", "Paris is here", ("Paris", "person"), ("Paris", "place")), ("missing_mention", "Anna is here", "Anna", "Bo"),
    ("bad_characters", "Anna \ud800", "Anna"),
]  # fmt: skip


def sought(values):
    return [Sought(*value) if isinstance(value, tuple) else Sought(value, "x") for value in values]


def test_there_are_two_hundred_of_them():
    assert len(RIGHT) + len(REFUSED) >= 200
    assert len({(text, *values) for text, *values in RIGHT}) == len(RIGHT)


@pytest.mark.parametrize(("marked", "values"), [(text, values) for text, *values in RIGHT])
def test_a_hard_mention_is_found(marked, values):
    text = marked.replace("⟦", "").replace("⟧", "")
    starts = [
        at - marked[:at].count("⟦") - marked[:at].count("⟧") for at, sign in enumerate(marked) if sign == "⟦"
    ]
    ends = [
        at - marked[:at].count("⟦") - marked[:at].count("⟧") for at, sign in enumerate(marked) if sign == "⟧"
    ]
    found = locate(text, sought(values), absent="missing_mention")
    assert [(place.start, place.end) for place, _ in found] == list(zip(starts, ends, strict=True))


@pytest.mark.parametrize(
    ("reason", "text", "values"), [(reason, text, values) for reason, text, *values in REFUSED]
)
def test_a_doubtful_mention_is_refused(reason, text, values):
    with pytest.raises(Doubt) as caught:
        locate(text, sought(values), absent="missing_mention")
    assert caught.value.reason == reason
    assert caught.value.detail


PIECES = st.sampled_from(
    [
        *["Anna", "ANNA", "anna", "Ann", "ß", "SS", "ss", "İ", "i", "ı", "I", "ﬁ", "fi", "Å", "A\u030a", "é", "e\u0301", "\u0301", "\u0323"],
        *["👩‍👩‍👧", "👩", "\u200d", "👍🏽", "👍", "🏽", "🇩", "🇪", "❤", "\ufe0f", "שלום", "דוד", "محمد", "\u200f", "北京", "東", "アン", "ア", "サ", "ｻﾞ", "서울", "에서"],
        *["\u1100", "\u1161", "\u11a8", "क", "्", "ष", "ि", " ", "  ", "\u00a0", "\n", ".", ",", "'", "’", "-", "–", "_", "5", "3.5", "(", ")", "x", "Ǆ", "ŉ", "ΐ", "ς", "Σ", "ำ", "ก"],
    ]
)  # fmt: skip
ANY = st.one_of(PIECES, st.characters(exclude_categories=["Cs"]))
TEXTS = st.lists(ANY, max_size=24).map("".join)
VALUES = st.lists(ANY, min_size=1, max_size=4).map("".join)


def alike(text):
    return "".join(
        unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).casefold().split()
    )


def check_places(text, found):
    free = cuts(text)
    end = 0
    for place, _ in found:
        assert end <= place.start < place.end <= len(text)
        assert free[place.start]
        assert free[place.end]
        assert not text[place.start : place.end][0].isspace()
        end = place.end


@settings(max_examples=1000, deadline=None)
@given(TEXTS, st.lists(VALUES, min_size=1, max_size=3), TEXTS, st.sampled_from([" ", "\n", ", ", ""]))
def test_whatever_is_found_is_the_value_and_parts_no_character(before, values, after, gap):
    text = before + gap + gap.join(values) + gap + after
    try:
        found = locate(
            text, [Sought(value, str(at)) for at, value in enumerate(values)], absent="missing_mention"
        )
    except Doubt as doubt:
        assert doubt.reason in ("missing_mention", "ambiguous_mention", "overlapping_spans")
        return
    check_places(text, found)
    for place, label in found:
        assert plain(text[place.start : place.end]) == plain(values[int(label)])
    assert {label for _, label in found} == {str(at) for at, value in enumerate(values) if value.strip()}


def plain(text):
    for sign, other in (("’", "'"), ("‘", "'"), ("ʼ", "'"), ("“", '"'), ("”", '"'), ("‑", "-"), ("‐", "-")):
        text = text.replace(sign, other)
    return alike(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["lives", "in", "the", "of", "📦", "北", "5", "שלום"]), max_size=6),
    VALUES.filter(lambda v: v.strip().isalpha() and v == v.strip()),
)
def test_a_value_set_apart_by_spaces_is_found_wherever_it_stands(words, value):
    text = " ".join([*words, value, "und"])
    start = len(" ".join([*words, ""]))
    if not (cuts(text)[start] and cuts(text)[start + len(value)]):
        return
    try:
        found = locate(text, [Sought(value, "x")], absent="missing_mention")
    except Doubt as doubt:
        assert doubt.reason in ("ambiguous_mention", "overlapping_spans"), (text, value)  # of a word like it
        return
    assert start in [place.start for place, _ in found]
