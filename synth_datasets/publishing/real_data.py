"""What a card says about the real rows that a dataset was made from, or completes."""

from collections import Counter

from synth_datasets.plan.seed_check import seeds_dealt
from synth_datasets.publishing import markdown
from synth_datasets.publishing.facts import CardFacts
from synth_datasets.spec.mix_data import Mix
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.rules_seeds import SEEDS, SeedIdsRule, SeedRowsRule, SeedValueRule
from synth_datasets.spec.seed_data import Balance, Seeds

__all__ = ["balance_table", "describe_seed", "seed_lines"]


def describe_seed(rule: SeedIdsRule | SeedRowsRule | SeedValueRule) -> str:
    """Return how a column comes to its value, for a reader."""
    match rule:
        case SeedIdsRule():
            return "the ids of the real rows that the row has seen"
        case SeedValueRule():
            of = rule.rows.removesuffix(SEEDS)
            return f"{rule.column} of the real row{'s' if rule.many else ''} chosen for {of}"
        case SeedRowsRule(way="vary"):
            how = "one real row, each used before one is used twice"
        case SeedRowsRule(way="near"):
            how = f"{rule.count} real rows nearest to {rule.near}"
        case SeedRowsRule():
            how = f"{rule.count} real rows, drawn"
    return how + ("" if rule.same is None else f", labelled as {rule.same}")


def seed_lines(spec: DatasetSpec) -> list[str]:
    """Return what to say about the seeds, a line each as Markdown."""
    found = [] if spec.seeds is None else _lines(spec, spec.seeds)
    return [*found, *_held_out(spec), *([] if spec.mix is None else _mixed(spec, spec.mix))]


def _held_out(spec: DatasetSpec) -> list[str]:
    """Return a line for each text that was kept apart from a test set."""
    return [
        f"**Test set:** no generated text in {markdown.code(name)} holds 13 words in a row of any of the "
        f"{len(checks.held_out.texts):,} texts of {markdown.cell(str(checks.held_out.source))}, or is nearly one of "
        "them (estimated). They are not part of this release."
        for name, checks in spec.checks.items()
        if checks.held_out is not None and "." not in name
    ]


def _mixed(spec: DatasetSpec, mix: Mix) -> list[str]:
    from synth_datasets.mix import real_counts  # it brings the generation along

    counts = {name: sum(by_class.values()) for name, by_class in real_counts(spec).items()}
    sizes = {split.name: split.num_examples for split in spec.splits}
    shares = ", ".join(
        f"{markdown.code(name)} {count:,} real and {sizes[name]:,} generated"
        for name, count in counts.items()
    )
    likeness = ", ".join(f"{value:g} ({markdown.code(name)})" for name, value in mix.seeds.copies.items())
    return [
        f"**Real rows among them:** {sum(counts.values()):,} rows of {markdown.cell(str(mix.seeds.source))} stand in "
        f"this dataset as they are, marked `real` in {markdown.code(mix.source)}: {shares}. What this card says of "
        "models and prompts is true of the other rows.",
        "A real row, its near copies and its group are in one split only, and no generated text is as like a real row "
        f"as {likeness} (5-character pieces, estimated).",
    ]


def _lines(spec: DatasetSpec, seeds: Seeds) -> list[str]:
    dealt = seeds_dealt(spec)
    idle = dealt.pop("")
    shares = ", ".join(f"{count:,} for `{name}`" for name, count in dealt.items())
    by = "dealt by hash" if seeds.split is None else "as the data say"
    none = f", {idle:,} for none" if idle else ""
    lines = [
        f"**Seeds:** {sum(dealt.values()) + idle:,} real rows of {markdown.cell(str(seeds.source))}: {shares}{none}; "
        f"{by}. A seed and its near copies serve one split only.",
        "The seeds lie beside this card."
        if set(seeds.source.files) <= spec.files.keys()
        else "The seeds are not part of this release.",
    ]
    for name, likeness in seeds.copies.items():
        lines.append(
            f"No text in {markdown.code(name)} is as like any seed as {likeness:g} (5-character pieces, estimated)."
        )
    return lines


def balance_table(facts: CardFacts) -> str:
    """Return real rows, rows made here and both by class; cells as they were asked for. Empty without a balance."""
    balance = facts.spec.balance
    if balance is None or balance.before is None:
        return ""
    head = [" / ".join(name for name, _ in balance.columns), "real rows", "made here", "together"]
    rows = [
        [markdown.cell(" / ".join(cell)), f"{real:,}", f"{made:,}", f"{real + made:,}"]
        for cell, real, made in _made(balance, facts)
    ]
    return markdown.table(head, rows, numeric_from=1)


def _made(balance: Balance, facts: CardFacts) -> list[tuple[tuple[str, ...], int, int]]:
    after = dict(balance.after)
    before = balance.before or ()
    tally = facts.tallies.get(balance.split)
    if len(balance.columns) > 1 or tally is None:
        return [(cell, count, after[cell] - count) for cell, count in before]
    accepted = Counter(tally.accepted)
    return [(cell, count, accepted[cell[0]]) for cell, count in before]
