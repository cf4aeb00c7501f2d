"""What people decided about a row, laid over the row as it is: mended values, or a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synth_datasets.spec.reviews import Ruling, row_digest
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

__all__ = ["Followed", "follow", "refusal"]


@dataclass(frozen=True, slots=True)
class Followed:
    """Where the rulings on a row lead."""

    values: Mapping[str, object]
    """By the place they are kept at, what replaces the row's own."""
    mended: tuple[str, ...]
    """The columns that are stored with another value, by name."""
    refused: Ruling | None
    met: tuple[str, ...]
    """Digests of the rulings that held, in their order."""


def follow(rulings: Sequence[Ruling], values: Mapping[str, object], replaced: Mapping[str, str]) -> Followed:
    """Apply to a complete row the ruling that judged exactly these values; then the one on the mended row, if any.

    `replaced` names by column the one that is stored in its place. A ruling on other values does not apply.
    """
    places = {**replaced, **{by: name for name, by in replaced.items()}}
    mended: dict[str, object] = {}
    names: dict[str, None] = {}
    met: list[str] = []
    while True:
        now = {**values, **mended}
        stored = {name: now[places.get(name, name)] for name in now if places.get(name, name) in now}
        ruling = next(
            (
                each
                for each in rulings
                if each.digest not in met
                and stored.keys() >= set(each.columns)
                and row_digest(stored, each.columns) == each.digest
            ),
            None,
        )
        if ruling is None:
            return Followed(mended, tuple(sorted(names)), None, tuple(met))
        met.append(ruling.digest)
        if ruling.verdict == "reject":
            return Followed({}, (), ruling, tuple(met))
        for name, value in ruling.values:
            mended[places.get(name, name)] = value
            names[name] = None


def refusal(ruling: Ruling) -> Verdict:
    """Return the verdict on the answer of a row that was rejected."""
    return Verdict(Reason.REVIEWED, f"rejected by hand: {ruling.note}" if ruling.note else "rejected by hand")
