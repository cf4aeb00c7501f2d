"""What votes on labels say of them: agreement, who is taken for what, and which rows to read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.clip import clip
from synth_datasets.quality.intervals import wilson

__all__ = ["Disagreement", "VoteFigures", "vote_agreement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A row whose votes do not all name the label that it was made for."""

    row: str
    planned: str
    votes: tuple[str, ...]
    text: str
    """Clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteFigures:
    """Votes on one label column; every interval covers 95 %."""

    column: str
    classes: tuple[str, ...]
    rows: int
    votes: int
    """All of them; as many for each row unless some were unreadable."""
    agreement: float
    """Share of votes for the planned label."""
    majority: float
    """Share of rows whose most frequent vote is the planned label; ties count for it."""
    majority_interval: tuple[float, float]
    """Wilson's score interval."""
    unanimous: float
    """Share of rows whose votes all name the planned label."""
    confusion: tuple[tuple[int, ...], ...]
    """Votes by planned label (rows) and voted label (columns), in the order of the classes."""
    cohen_kappa: float | None
    """Planned label against most frequent vote, beyond chance; None where chance alone agrees always."""
    fleiss_kappa: float | None
    """Between voters; None with one vote a row, or where all votes are the same."""
    selected: bool
    """Whether rows with too few votes were rejected or relabelled, so that the rest agrees more than what was made."""
    disagreeing: int
    disagreements: tuple[Disagreement, ...]
    """The fewest votes for the planned label first."""


def vote_agreement(
    column: str,
    planned: Sequence[str],
    ballots: Sequence[Sequence[str]],
    classes: Sequence[str],
    *,
    rows: Sequence[str],
    texts: Sequence[str],
    selected: bool = False,
    shown: int = 20,
) -> VoteFigures:
    """Compare labels with votes on them, which saw the text alone.

    `rows` name the rows, one for each planned label, its ballots and its text. Rows without a vote are left out.
    Definitions: Cohen's kappa is (observed - expected) / (1 - expected) agreement of two raters, here the plan and the
    most frequent vote; Fleiss' kappa is the same between any two voters, each an anonymous draw. Range below 0 (worse
    than chance) to 1; above 0.8 is commonly called almost perfect, and a frequent class makes chance agree more.
    They cannot tell whether a label is right: voters of the writer's own model share its blind spots.
    Source: Cohen 1960, A Coefficient of Agreement for Nominal Scales; Fleiss 1971, Measuring Nominal Scale Agreement
    Among Many Raters.
    """
    voted = [row for row, each in enumerate(ballots) if each]
    if not voted:
        raise ValueError(f"{column}: there are no votes")
    at = {name: place for place, name in enumerate(classes)}
    confusion = [[0] * len(classes) for _ in classes]
    for row in voted:
        for vote in ballots[row]:
            confusion[at[planned[row]]][at[vote]] += 1
    most = {row: _most(ballots[row], planned[row], classes) for row in voted}
    agreeing = {row: list(ballots[row]).count(planned[row]) for row in voted}
    kept = sum(most[row] == planned[row] for row in voted)
    against = sorted(
        (row for row in voted if agreeing[row] < len(ballots[row])),
        key=lambda row: (agreeing[row] / len(ballots[row]), row),
    )
    votes = sum(len(ballots[row]) for row in voted)
    return VoteFigures(
        column=column,
        classes=tuple(classes),
        rows=len(voted),
        votes=votes,
        agreement=sum(agreeing.values()) / votes,
        majority=kept / len(voted),
        majority_interval=wilson(kept, len(voted)),
        unanimous=sum(agreeing[row] == len(ballots[row]) for row in voted) / len(voted),
        confusion=tuple(map(tuple, confusion)),
        cohen_kappa=_cohen([planned[row] for row in voted], [most[row] for row in voted]),
        fleiss_kappa=_fleiss([ballots[row] for row in voted]),
        selected=selected,
        disagreeing=len(against),
        disagreements=tuple(
            Disagreement(
                row=rows[row], planned=planned[row], votes=tuple(ballots[row]), text=clip(texts[row])
            )
            for row in against[:shown]
        ),
    )


def _most(votes: Sequence[str], own: str, classes: Sequence[str]) -> str:
    counts = Counter(votes)
    return max(classes, key=lambda name: (counts[name], name == own))


def _cohen(one: Sequence[str], other: Sequence[str]) -> float | None:
    rows = len(one)
    first, second = Counter(one), Counter(other)
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / rows
    expected = sum(count * second[name] for name, count in first.items()) / rows**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _fleiss(ballots: Sequence[Sequence[str]]) -> float | None:
    """Pairs of votes within rows against pairs across all; rows with one vote say nothing of voters."""
    several = [Counter(votes) for votes in ballots if len(votes) > 1]
    if not several:
        return None
    within = [
        sum(count * (count - 1) for count in votes.values()) / (votes.total() * (votes.total() - 1))
        for votes in several
    ]
    together: Counter[str] = Counter()
    for votes in several:
        together.update(votes)
    expected = sum((count / together.total()) ** 2 for count in together.values())
    return None if expected == 1 else (sum(within) / len(within) - expected) / (1 - expected)
