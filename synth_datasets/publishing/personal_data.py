"""Which personal data in generated rows stops a push: that which may be a living person's own.

`validation.personal` finds what has a form. Of it pass: addresses of machines, which logs are full of; mail to a role
(`support@`), which is no person; and numbers that card schemes and banks print in their documents, which models know by
heart.
"""

import re
from collections.abc import Iterator

from synth_datasets.validation.personal import find_personal

__all__ = ["ANCHORS", "find_personal_data"]

ANCHORS = r"[^\s@]@[^\s@]|[0-9](?:[^0-9a-z@]{0,6}[0-9]){6}"
"""A pattern, in the words that RE2 and `re` share, that every text with a finding matches."""

_ROLES = frozenset(
    (
        *(
            "abuse",
            "admin",
            "billing",
            "careers",
            "contact",
            "customerservice",
            "hello",
            "help",
            "helpdesk",
            "hostmaster",
        ),
        *(
            "hr",
            "info",
            "jobs",
            "mail",
            "marketing",
            "newsletter",
            "no-reply",
            "noc",
            "noreply",
            "office",
            "orders",
        ),
        *(
            "postmaster",
            "press",
            "privacy",
            "returns",
            "sales",
            "security",
            "service",
            "support",
            "team",
            "webmaster",
        ),
    )
)
_PRINTED = frozenset(
    (
        *("4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556", "4222222222222"),
        *("4000000000000002", "5555555555554444", "5105105105105100", "5200828282828210", "2223003122003222"),
        *("378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "30569309025904"),
        *("38520000023237", "3530111333300000", "3566002020360505", "4532015112830366", "4539578763621486"),
        *(
            "GB82WEST12345698765432",
            "GB29NWBK60161331926819",
            "GB33BUKB20201555555555",
            "DE89370400440532013000",
        ),
        *("DE75512108001245126199", "FR1420041010050500013M02606", "FR7630006000011234567890189"),
        *(
            "NL91ABNA0417164300",
            "ES9121000418450200051332",
            "IT60X0542811101000000123456",
            "CH9300762011623852957",
        ),
        *(
            "AT611904300234573201",
            "BE68539007547034",
            "PL61109010140000071219812874",
            "IE29AIBK93115212345678",
        ),
    )
)


def find_personal_data(text: str) -> Iterator[tuple[int, str]]:
    """Yield position and kind of each finding; never the finding."""
    for found in find_personal(text):
        it = text[found.start : found.end]
        role = found.kind == "e-mail address" and it.partition("@")[0].lower() in _ROLES
        if found.kind != "IP address" and not role and re.sub(r"[ -]", "", it) not in _PRINTED:
            yield found.start, f"an {found.kind}" if found.kind[0] in "aeiou" else f"a {found.kind}"
