"""Personal data by its form and its check digits."""

import random
import time

import pytest

from synth_datasets.validation.personal import KINDS, find_personal

REAL = [
    ("e-mail address", "jane.doe+news@mail.gmx.de"),
    ("payment card", "4111 1111 1111 1111"),  # the test number of the card schemes
    ("bank account", "DE89 3704 0044 0532 0130 00"),  # the examples of the IBAN registry
    ("bank account", "GB82WEST12345698765432"),
    ("bank account", "BE68 5390 0754 7034"),
    ("social security number", "078-05-1120"),  # Woolworth's wallet card of 1938
    ("IP address", "8.8.4.4"),
    ("IP address", "2001:4860:4860::8888"),
    ("telephone number", "+44 20 7946 0958"),
    ("telephone number", "(212) 736-5000"),
    ("telephone number", "212.736.5000"),
]


@pytest.mark.parametrize(("kind", "words"), REAL)
def test_each_kind_is_found_where_it_stands(kind, words):
    text = f"Écrivez à {words}, please, before 2 pm."

    (found,) = find_personal(text)

    assert found.kind == kind in KINDS
    assert text[found.start : found.end] == words


def test_a_number_behind_a_word_for_telephones_is_one():
    text = "Call me at 030 1234567 or write."

    (found,) = find_personal(text)

    assert text[found.start : found.end] == "030 1234567"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no sign of any",
        "jane@example.com and root@localhost",
        "4111 1111 1111 1112 has a wrong check digit",
        "GB82WEST12345698765433 has a wrong one, too",
        "000-12-3456 is no number that was given out",
        "192.168.0.1, 203.0.113.7 and 2001:db8::1 are for examples",
        "call 212-555-0123, a number of films",
        "version 1.2.3.4.5, 12:30:45, 2019-2020, 2007-08-09",
        "I paid $1,299.99 for item 12345-678, 10 000 000 times",
        "call 20 times, text 3000 characters",
        "0000 0000 0000 0000",
    ],
)
def test_what_is_reserved_or_has_another_form_is_not_found(text):
    assert find_personal(text) == ()


def test_a_wrong_digit_of_a_card_is_always_seen():
    """Luhn's check digit tells every single wrong digit (Luhn 1960, US patent 2950048)."""
    number = "4012888888881881"
    assert find_personal(number)
    for at in range(1, len(number)):
        wrong = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
        assert not [each for each in find_personal(wrong) if each.kind == "payment card"]


def test_planted_personal_data_is_found_and_real_reviews_are_clean(reviews):
    draw = random.Random(3)
    planted = set(draw.sample(range(len(reviews)), len(reviews) * 3 // 100))
    texts = [
        f"{text} Write to {draw.choice(REAL)[1]} for more." if row in planted else text
        for row, text in enumerate(reviews)
    ]

    found = {row for row, text in enumerate(texts) if find_personal(text)}

    assert len(found & planted) >= 0.9 * len(planted)
    assert len(found - planted) <= 0.05 * (len(reviews) - len(planted))


@pytest.mark.parametrize("part", ["1", "1 ", "a@", "a.b-", "12-", ":1", "DE89 ", "+1 ", "call 1 "])
def test_a_long_text_takes_time_in_proportion(part):
    """Bounds the work by its growth: eight times the text may take no more than thirty times as long."""
    short, long = (part * (size // len(part)) for size in (20_000, 160_000))
    clock = time.process_time()
    find_personal(short)
    first = time.process_time() - clock
    find_personal(long)

    assert time.process_time() - clock - first < 30 * first + 0.5
