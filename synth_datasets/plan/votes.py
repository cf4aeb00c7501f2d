"""What votes on a label come to: a pure count."""

from collections import Counter
from collections.abc import Mapping

from synth_datasets.spec.rules_judging import VotesRule

__all__ = ["count_votes", "disagreement"]


def count_votes(rule: VotesRule, values: Mapping[str, object]) -> object:
    """Return what the rule gives: a label, a number of votes, or the list of them; of a tie the row's own label."""
    ballots = [str(values[name]) for name in rule.votes]
    own = str(values[rule.label])
    match rule.gives:
        case "ballots":
            return ballots
        case "agreement":
            return ballots.count(own)
        case "check":
            return own
        case "relabel":
            counts = Counter(ballots)
            return max(rule.names, key=lambda name: (counts[name], name == own))


def disagreement(rule: VotesRule, values: Mapping[str, object]) -> str:
    """Return in words why the text cannot be kept: too few votes for its label, or for any; empty when it can."""
    if rule.gives not in ("check", "relabel"):
        return ""
    counts = Counter(str(values[name]) for name in rule.votes)
    own = str(values[rule.label])
    most = counts[own] if rule.gives == "check" else max(counts.values())
    if most >= rule.agree:
        return ""
    said = ", ".join(f"{counts[name]} {name}" for name in rule.names if counts[name])
    return f"made for {own}, votes: {said}; {rule.agree} must agree"
