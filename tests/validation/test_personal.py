"""Personal data by its form and its check digits."""

# ruff: noqa: RUF001 - digits and commas of many scripts

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


# The identity numbers are the examples of GB 11643 and of texts on Verhoeff's digit; the others are made up.
ELSEWHERE = [
    ("telephone number", "Meine Telefonnummer ist ", "030/7842100", ", abends."),
    ("telephone number", "Handy: ", "0171-2065544", "."),
    ("telephone number", "请打我的手机", "13836581767", "联系我。"),
    ("telephone number", "可以拨打", "+86 138 3658 1767", "找客服小李。"),
    ("telephone number", "座机号码是", "010-62536226", "。"),
    ("telephone number", "連絡先は", "090-5404-9842", "です。"),
    ("telephone number", "โทร", "+66 81 338 9855", "ได้เลย"),
    ("telephone number", "โทรหาฉันที่ ", "086-701-3312", " นะคะ"),
    ("telephone number", "رقمي هو ", "+٢٠ ١٠٠ ٣٢١ ٨٧٣٣", " شكرا."),
    ("telephone number", "رقم هاتفي ", "0542003366", " بعد العصر."),
    ("telephone number", "मोबाइल नंबर ", "9831383774", " है।"),
    ("e-mail address", "请发邮件到", "zhangwei587@163.com", "谢谢。"),
    ("bank account", "口座は", "DE89370400440532013000", "です。"),
    ("identity number", "我的身份证号是", "11010519491231002X", ",请退款。"),
    ("identity number", "मेरा आधार नंबर ", "234123412346", " है।"),
    ("identity number", "Aadhaar ", "2341 2341 2346", " was asked for."),
    ("identity number", "मेरा पैन ", "LBFPE5969P", " है।"),
    ("identity number", "เลขบัตรประชาชน", "1-2345-67890-12-1", "ของฉัน"),
]


@pytest.mark.parametrize(("kind", "before", "words", "after"), ELSEWHERE)
def test_each_kind_is_found_in_texts_of_other_languages_and_without_spaces(kind, before, words, after):
    text = before + words + after

    (found,) = find_personal(text)

    assert found.kind == kind in KINDS
    assert text[found.start : found.end] == words


@pytest.mark.parametrize(
    "text",
    [
        "价格1299元,2023年11月12日13时45分30秒买的,邮编100080。",
        "快递单号7312345678901,订单号20231111123456789。",
        "郵便番号は100-0001で、2024-03-15に届き、WH-1000XM4です。",
        "สั่งเมื่อ 12/03/2567 เลขที่ 20231111123456",
        "اشتريتها في ٢٠٢٣ بسعر ٤٥٠ جنيها.",
        "ऑर्डर नंबर 402-1234567-7654321, पिन कोड 110001।",
        "身份证号110105194912310021不对",
        "Aadhaar 2341 2341 2347",
        "Artikel 0815 4711 2356 vom 12.03.2024, Handy für 1.299,00 €.",
    ],
)
def test_numbers_in_texts_of_other_languages_are_not_found(text):
    assert find_personal(text) == ()


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
