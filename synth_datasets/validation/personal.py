"""Personal data that has a form: addresses of mail and machines, telephone numbers, cards, accounts, US numbers."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

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
    America, or any behind a word such as `call`), payment cards (Luhn's check digit, ISO/IEC 7812), bank accounts
    (IBAN, ISO 13616, with its check digits), US social security numbers, and IP addresses. What is reserved for
    examples is left out: domains of RFC 2606, telephone numbers 555-0100 to 555-0199, and addresses that no machine of
    the public net has (RFC 5737, 3849, 1918).

    Names, postal addresses, and what a text tells about a person have no form, and are not found. Takes time
    proportional to the text, a microsecond where it holds neither a digit nor an @.
    """
    if not _SIGN.search(text):
        return ()
    found: list[PersonalData] = []
    for kind, pattern, real in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("it")
            if real(match["it"]) and not any(start < each.end and each.start < end for each in found):
                found.append(PersonalData(kind, start, end))
    return tuple(sorted(found, key=lambda each: each.start))


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


def _always(_: str) -> bool:
    return True


_SIGN = re.compile(r"[@\d]")
_EXAMPLE_DOMAIN = re.compile(r"(?:\A|\.)(?:example|test|invalid|localhost|example\.(?:com|net|org|edu))\Z")
_FICTION = re.compile(r"\A1?\d{3}55501\d\d\Z|\A55501\d\d\Z")
_BEFORE = r"(?<![\w.+@/#$€£-])"
_AFTER = r"(?![\w@/]|[.,:-]\d)"
_GROUPED = r"\(?\d{1,4}\)?(?:[ .-]?\(?\d{1,4}\)?){1,5}"
_PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
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
            r"\b(?:tel|telephone|phone|mobile|cell|fax|call|text|whatsapp|ring)(?: (?:me|us|him|her|them|number|no))?"
            rf"(?: (?:at|on|is))?[.:]{{0,2}} ?(?P<it>{_GROUPED}){_AFTER}",
            _telephone,
        ),
    )
)

KINDS = tuple(dict.fromkeys(kind for kind, _, _ in _PATTERNS))
"""Every kind that is looked for."""
