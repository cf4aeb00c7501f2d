"""Several labels for one row, drawn by weight without replacement."""

import math

from synth_datasets.plan.identity import bits, pack, uniform
from synth_datasets.spec.rules import LabelsRule

__all__ = ["draw_labels"]


def draw_labels(rule: LabelsRule, number: int) -> list[str]:
    """Return `least` to `most` labels in the order of the rule; each count is equally likely.

    Weighted sampling without replacement by exponential scores (Efraimidis and Spirakis 2006); a label's score
    follows from `number` and its name alone.
    """
    data = number.to_bytes(8, "big")
    count = rule.least + bits(b"count", data) * (rule.most - rule.least + 1) // (1 << 64)
    scores = {
        name: -math.log(uniform(bits(b"label" + pack(name), data))) / weight
        for name, weight in zip(rule.names, rule.weights, strict=True)
    }
    drawn = set(sorted(rule.names, key=lambda name: (scores[name], name))[:count])
    return [name for name in rule.names if name in drawn]
