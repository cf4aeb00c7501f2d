"""Personal data that has a form: addresses of mail and machines, numbers of telephones, cards, accounts and persons."""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from synth_datasets.validation.tokens import UNSPACED

__all__ = ["KINDS", "PersonalData", "find_personal"]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A place in a text; the words themselves are not repeated, so that a finding can be shown to anyone."""

    kind: str
    """One of `KINDS`."""
    start: int
    """In Unicode code points, as is `end`."""
    end: int


def find_personal(text: str) -> tuple[PersonalData, ...]:
    """Return what looks like personal data, in its order; places do not overlap.

    Finds e-mail addresses, telephone numbers that are written as such (a country code, a grouped number of North
    America, any behind a word such as `call` in English, German, Arabic or Hindi, and in texts of scripts without
    spaces the forms of China, Japan and Thailand), payment cards (Luhn's check digit, ISO/IEC 7812), bank accounts
    (IBAN, ISO 13616, with its check digits), US social security numbers, identity numbers of China (GB 11643) and
    Thailand with their check digit, of India (Aadhaar with Verhoeff's digit, grouped or behind its name, and PAN), and
    IP addresses. Digits may be of any script. What is reserved for examples is left out: domains of RFC 2606,
    telephone numbers 555-0100 to 555-0199, and addresses that no machine of the public net has (RFC 5737, 3849, 1918).

    Names, postal addresses, and what a text tells about a person have no form, and are not found. Takes time
    proportional to the text, a microsecond where it holds neither a digit nor an @.
    """
    if not _SIGN.search(text):
        return ()
    found: list[PersonalData] = []
    parted = _parted(text)
    patterns = (*_PATTERNS, _UNSPACED_PHONE) if _PART in parted else _PATTERNS
    for kind, pattern, real in patterns:
        for match in pattern.finditer(parted):
            start, end = match.span("it")
            if real(match["it"]) and not any(start < each.end and each.start < end for each in found):
                found.append(PersonalData(kind, start, end))
    return tuple(sorted(found, key=lambda each: each.start))


def _parted(text: str) -> str:
    """Return the text, of the same length, with ASCII digits, and a mark for each letter of a script without spaces.

    Such a letter would otherwise belong to the address or number that it touches.
    """
    if text.isascii():
        return text
    digits = _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found.group())), text)
    return _UNSPACED_RUN.sub(lambda found: _PART * len(found.group()), digits)


def _mail(text: str) -> bool:
    domain = text.rpartition("@")[2].lower().rstrip(".")
    return not _EXAMPLE_DOMAIN.search(domain)


def _card(text: str) -> bool:
    """Whether the digits have the check digit of Luhn (ISO/IEC 7812-1) and a first digit that cards have."""
    digits = [int(each) for each in text if each.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) == 1:  # noqa: PLR2004
        return False
    doubled = (sum(divmod(2 * each, 10)) if at % 2 else each for at, each in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _account(text: str) -> bool:
    """Whether the remainder of division by 97 is 1 (ISO 7064, MOD 97-10)."""
    plain = "".join(text.split()).upper()
    return len(plain) >= 15 and int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1  # noqa: PLR2004


def _telephone(text: str) -> bool:
    digits = "".join(each for each in text if each.isdigit())
    return 7 <= len(digits) <= 15 and len(set(digits)) > 2 and not _FICTION.search(digits)  # noqa: PLR2004 - E.164


def _address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _chinese(text: str) -> bool:
    """Whether the last sign is the check digit of GB 11643 (ISO 7064, MOD 11-2)."""
    total = sum(int(each) * pow(2, 17 - at, 11) for at, each in enumerate(text[:17]))
    return "10X98765432"[total % 11] == text[17].upper()


def _thai(text: str) -> bool:
    """Whether the last digit of thirteen is the check digit of the others, weighted 13 to 2."""
    digits = [int(each) for each in text if each.isdigit()]
    total = sum(each * (13 - at) for at, each in enumerate(digits[:12]))
    return (11 - total % 11) % 10 == digits[12]


def _aadhaar(text: str) -> bool:
    """Whether the last digit is Verhoeff's check digit (Verhoeff 1969, Error Detecting Decimal Codes)."""
    check = 0
    for at, each in enumerate(reversed([int(each) for each in text if each.isdigit()])):
        check = _dihedral(check, _moved(each, at))
    return check == 0


def _dihedral(one: int, two: int) -> int:
    """Multiply two members of the group of a pentagon's ten symmetries."""
    if one < 5:  # noqa: PLR2004
        return (one + two) % 5 + (5 if two >= 5 else 0)  # noqa: PLR2004
    return (one - two) % 5 + (0 if two >= 5 else 5)  # noqa: PLR2004


def _moved(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def _always(_: str) -> bool:
    return True


_SIGN = re.compile(r"[@\d]")
_PART = "\0"
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_EXAMPLE_DOMAIN = re.compile(r"(?:\A|\.)(?:example|test|invalid|localhost|example\.(?:com|net|org|edu))\Z")
_FICTION = re.compile(r"\A1?\d{3}55501\d\d\Z|\A55501\d\d\Z")
_BEFORE = r"(?<![\w.+@/#$€£-])"
_AFTER = r"(?![\w@/]|[.,:-]\d)"
_GROUPED = r"\(?\d{1,4}\)?(?:[ .-]?\(?\d{1,4}\)?){1,5}"
_Compiled = tuple[str, re.Pattern[str], Callable[[str], bool]]
_PHONE = (
    r"\b(?:tel|telephone|phone|mobile|cell|fax|call|text|whatsapp|ring"
    r"|(?:telefon|handy|mobil|mobilfunk|ruf|fax|festnetz)(?:nummer|nr)?|mobiltelefon"
    "|(?:هاتف|جوال|موبايل|تليفون|تلفون)ي?|اتصل(?:وا)?|मोबाइल|फ़ोन|फ़ोन|फोन)"
    "(?: (?:me|us|him|her|them|number|no|mich|uns|بي|नंबर))?(?: (?:at|on|is|ist|lautet|unter|على|هو|है|पर))?"
)


_PATTERNS: tuple[_Compiled, ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE), real)
    for kind, pattern, real in (
        (
            "e-mail address",
            r"(?<![\w.+%-])(?P<it>[\w+%-]{1,64}(?:\.[\w+%-]{1,64}){0,8}@(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})(?![\w@-])",
            _mail,
        ),
        (
            "bank account",
            r"(?<!\w)(?P<it>(?-i:[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?))(?!\w)",
            _account,
        ),
        (
            "identity number",
            rf"{_BEFORE}(?P<it>[1-9]\d{{5}}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}}[\dX]){_AFTER}",
            _chinese,
        ),
        ("identity number", rf"{_BEFORE}(?P<it>[1-8]-\d{{4}}-\d{{5}}-\d\d-\d){_AFTER}", _thai),
        (
            "identity number",
            rf"{_BEFORE}(?<!\d )(?P<it>[2-9]\d{{3}}([ -])\d{{4}}\2\d{{4}})(?! ?\d){_AFTER}",
            _aadhaar,
        ),
        (
            "identity number",
            r"\b(?:aadhaar|aadhar|uid|आधार)(?: (?:number|no|card|कार्ड|नंबर|संख्या))*(?: (?:is|है))?[.:]{0,2} ?"
            rf"(?P<it>[2-9]\d{{11}}){_AFTER}",
            _aadhaar,
        ),
        ("identity number", r"(?<!\w)(?P<it>(?-i:[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]))(?!\w)", _always),
        ("payment card", rf"{_BEFORE}(?P<it>\d(?:[ -]?\d){{12,18}}){_AFTER}", _card),
        (
            "social security number",
            rf"{_BEFORE}(?P<it>(?!000|666|9\d\d)\d{{3}}-(?!00)\d\d-(?!0000)\d{{4}}){_AFTER}",
            _always,
        ),
        ("IP address", r"(?<![\w.:])(?P<it>\d{1,3}(?:\.\d{1,3}){3})(?![\w.]*\d)", _address),
        ("IP address", r"(?<![\w.:])(?P<it>[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})(?![\w:])", _address),
        (
            "telephone number",
            rf"{_BEFORE}(?P<it>(?:\+|00)[1-9]\d{{0,2}}[ .-]?{_GROUPED}){_AFTER}",
            _telephone,
        ),
        (
            "telephone number",
            rf"{_BEFORE}(?P<it>(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{{4}}){_AFTER}",
            _telephone,
        ),
        (
            "telephone number",
            rf"{_PHONE}[.:]{{0,2}} ?(?P<it>(?:0\d{{2,4}} ?/ ?)?{_GROUPED}){_AFTER}",
            _telephone,
        ),
    )
)
_UNSPACED_PHONE: _Compiled = (
    "telephone number",
    re.compile(
        rf"{_BEFORE}(?P<it>1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}|0\d{{1,3}}-\d{{1,4}}-\d{{4}}|0\d{{2,3}}-\d{{7,8}}"
        rf"|0[6-9]\d{{8,9}}){_AFTER}"
    ),
    _telephone,
)
"""As China, Japan and Thailand write theirs, without a word before it."""

KINDS = tuple(dict.fromkeys(kind for kind, _, _ in _PATTERNS))
"""Every kind that is looked for."""
