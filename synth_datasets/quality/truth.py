"""When labels deserve belief, and when attributes go along with them: the bounds, and the reasons in words."""

from collections.abc import Iterator, Sequence

from synth_datasets.quality.bias_figures import AttributeFigures, BiasFigures
from synth_datasets.quality.figures import Verdict
from synth_datasets.quality.looks import ColumnNoise
from synth_datasets.quality.votes import VoteFigures
from synth_datasets.quality.wording import p_value, percent

__all__ = ["judge_bias", "judge_truth"]

NOISE = (0.05, 0.10)
"""What notes on planted faults in real reviews came to: up to the first passes, above the second fails."""
FOUND = 0.80
ALARMS = 0.10
"""A method that finds fewer of the labels changed on purpose, or doubts so many beyond its estimate, grades nothing."""
COPIES = 0.50
VOTED = (0.95, 0.80)
"""Share of rows whose votes name the planned label: from the first on passes, below the second fails."""
LEVEL = 0.05
WEAK = 0.10
"""Cramér's V from which an association deserves a look; what is smaller is there and small."""
SWAPPED = 0.05

Finding = tuple[Verdict, str]


def judge_truth(votes: Sequence[VoteFigures], noise: Sequence[ColumnNoise]) -> list[Finding]:
    """Return what votes and doubted labels say; nothing where there are no labels."""
    return [*(finding for each in votes for finding in _voted(each)), *map(_doubted, noise)]


def judge_bias(bias: BiasFigures | None) -> list[Finding]:
    """Return what the attributes say: a look at most, for a difference may be what is meant."""
    return [finding for each in (bias.attributes if bias else ()) for finding in _attribute(each)]


def _voted(each: VoteFigures) -> Iterator[Finding]:
    share = each.majority
    verdict: Verdict = "pass" if share >= VOTED[0] else "warn" if share >= VOTED[1] else "fail"
    kappa = "" if each.cohen_kappa is None else f", kappa {each.cohen_kappa:.2f}"
    kept = "; rows that voters refused are no longer there" if each.selected else ""
    said = (
        f"{each.column}: votes name the planned label in {percent(share)} of {each.rows:,} rows{kappa}{kept}"
    )
    yield verdict, f"{said} (from {percent(VOTED[0])} on passes, below {percent(VOTED[1])} fails)"


def _doubted(each: ColumnNoise) -> Finding:
    found = each.figures
    if found is None:
        return "unmeasured", f"{each.label}: doubted labels: {each.reason}"
    low, high = found.noise_interval
    estimate = (
        f"{each.label}: {percent(found.noise)} wrong labels estimated ({percent(low)} to {percent(high)})"
    )
    check = (
        f"of labels changed on purpose it finds {percent(found.check.found)}, "
        f"and doubts {percent(found.check.false_alarms)} of the others"
    )
    if found.copies > COPIES:
        return (
            "unmeasured",
            f"{estimate}, but {percent(found.copies)} of the rows are near copies of each other: {check}",
        )
    if found.check.found < FOUND or found.check.false_alarms - found.noise > ALARMS:
        return "unmeasured", f"{estimate}, but a bag of words cannot tell these classes well enough: {check}"
    verdict: Verdict = "pass" if found.noise <= NOISE[0] else "warn" if found.noise <= NOISE[1] else "fail"
    return verdict, (
        f"{estimate}; {check} (up to {percent(NOISE[0])} passes, above {percent(NOISE[1])} fails)"
    )


def _attribute(each: AttributeFigures) -> Iterator[Finding]:
    if not each.rows:
        yield "unmeasured", f"{each.name}: no row has a value"
        return
    least = min(each.groups, key=lambda group: group.share)
    said = f"{each.name}: {least.value} has {percent(least.share)} of {each.rows:,} rows, the least"
    yield "pass" if least.rows else "warn", said
    if each.association is not None:
        found, (low, high) = each.association, each.association.v_interval
        verdict: Verdict = "warn" if found.p_holm < LEVEL and found.v >= WEAK else "pass"
        test = f"Cramér's V {found.v:.2f} ({low:.2f} to {high:.2f}), {found.test}, p {p_value(found.p_holm)} after Holm"
        yield verdict, f"{each.name} and the label: {test}"
    if each.swap is not None:
        low, high = each.swap.interval
        said = (
            f"{each.name}: swapped words change {percent(each.swap.share)} of {each.swap.rows:,} predictions"
        )
        yield "warn" if low > SWAPPED else "pass", f"{said} ({percent(low)} to {percent(high)})"
    if each.prompts is not None:
        least_p = min(p for p in (each.prompts.words_p_holm, each.prompts.predicted_p_holm) if p is not None)
        found_other = least_p < LEVEL
        said = (
            "give other lengths or predicted labels"
            if found_other
            else "show no effect on lengths and labels"
        )
        yield (
            "warn" if found_other else "pass",
            f"{each.name}: prompts that differ in nothing else {said}: p {p_value(least_p)} after Holm",
        )
    for group in each.groups:
        if group.difference is not None and not group.difference[0] <= 0 <= group.difference[1]:
            yield (
                "warn",
                (
                    f"{each.name}: {group.value} has {percent(group.share)} here and {percent(group.real_share)} in "
                    "the real rows"
                ),
            )
    if (
        each.real_v is not None
        and each.association is not None
        and each.association.v_interval[0] > each.real_v
    ):
        yield (
            "warn",
            (
                f"{each.name}: goes along with the label more than in the real rows (V {each.association.v:.2f}, "
                f"{each.real_v:.2f} there)"
            ),
        )
