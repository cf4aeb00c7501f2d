"""How many rows hold what looks like personal data."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.validation.personal import find_personal

__all__ = ["PersonalFigures", "PersonalKind", "personal_data_rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalKind:
    """Rows with one kind of personal data."""

    kind: str
    rows: int
    first: tuple[int, ...]
    """Where the first such rows stand among those measured, from 0; not what they say: a report is shown to others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalFigures:
    """How many rows hold what looks like personal data."""

    rows: int
    rate: float | None
    """None without rows."""
    kinds: tuple[PersonalKind, ...]
    """Most rows first; a row counts for each of its kinds."""


def personal_data_rate(texts: Sequence[str], *, shown: int = 5) -> PersonalFigures:
    """Return the share of rows with an e-mail or IP address, or a telephone, card, account or identity number.

    By form and check digits; what is reserved for examples (example.com, 555-0100) does not count. Range 0 to 1; lower
    is better. Real product reviews: 0.0003.
    It cannot see names, postal addresses, or what a text tells about somebody, nor tell invented data from real:
    0 does not mean that there is none.
    Source: Luhn's check digit (ISO/IEC 7812-1), IBAN (ISO 13616), RFC 2606, RFC 5737; the patterns are ours.
    """
    kinds: dict[str, list[int]] = {}
    flagged = 0
    for row, text in enumerate(texts):
        found = dict.fromkeys(each.kind for each in find_personal(text))
        flagged += bool(found)
        for kind in found:
            kinds.setdefault(kind, []).append(row)
    ranked = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    return PersonalFigures(
        rows=len(texts),
        rate=flagged / len(texts) if texts else None,
        kinds=tuple(
            PersonalKind(kind=kind, rows=len(rows), first=tuple(rows[:shown])) for kind, rows in ranked
        ),
    )
