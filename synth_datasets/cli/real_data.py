"""What `synth check` and `synth build` say about the real data of a spec; looks at files, never at the Hub."""

from collections import Counter
from collections.abc import Iterator, Mapping

from synth_datasets.errors import SpecError
from synth_datasets.spec.mix_data import Mix
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.seed_data import Balance, Seeds
from synth_datasets.validation.outcome import Tally

__all__ = ["completed_line", "real_data_lines"]


def real_data_lines(spec: DatasetSpec) -> Iterator[str]:
    """Yield a line about the seeds, one about the balance, one about the mix, and one about each test set.

    Raises `SpecError` when a split, or a class in it, has too few seeds.
    """
    if spec.seeds is not None:
        yield from _seeds(spec, spec.seeds)
    if spec.balance is not None:
        yield _balance(spec.balance)
    if spec.mix is not None:
        yield _mix(spec, spec.mix)
    for held_out in dict.fromkeys(checks.held_out for checks in spec.checks.values() if checks.held_out):
        yield f"  contamination: {len(held_out.texts):,} texts of {held_out.source}"


def completed_line(spec: DatasetSpec, tallies: Mapping[str, Tally]) -> str:
    """Return how many rows of each class there were, are made and are now; empty without a balance."""
    balance = spec.balance
    if balance is None or balance.before is None or balance.split not in tallies:
        return ""
    real: Counter[str] = Counter()
    for cell, count in balance.before:
        real[cell[0]] += count
    made = tallies[balance.split].accepted
    parts = [f"{name} {count:,} + {made[name]:,} = {count + made[name]:,}" for name, count in real.items()]
    return f"Real rows and those of {balance.split}: {', '.join(parts)}"


def _seeds(spec: DatasetSpec, seeds: Seeds) -> Iterator[str]:
    from synth_datasets.plan.seed_check import seed_problems, seeds_dealt

    if seeds.data is None:
        yield f"  seeds: {seeds.source}: not looked at, they are on the Hub"
        return
    if problems := seed_problems(spec):
        raise SpecError(spec.origin, problems)
    dealt = seeds_dealt(spec)
    idle = dealt.pop("")
    shares = ", ".join(f"{name} {count:,}" for name, count in dealt.items())
    none = f"; {idle:,} for none of them, as they or their near copies belong elsewhere" if idle else ""
    yield f"  seeds: {len(seeds.data.ids):,} of {seeds.source}: {shares}{none}"


def _mix(spec: DatasetSpec, mix: Mix) -> str:
    from synth_datasets.mix import mix_problems, real_counts

    if mix.seeds.data is None:
        return f"  mix: {mix.seeds.source}: not looked at, it is on the Hub"
    if problems := mix_problems(spec):
        raise SpecError(spec.origin, problems)
    shares = ", ".join(f"{name} {sum(counts.values()):,}" for name, counts in real_counts(spec).items())
    return f"  mix: {len(mix.seeds.data.ids):,} real rows of {mix.seeds.source}; in {shares or 'no split'}"


def _balance(balance: Balance) -> str:
    if balance.before is None:
        return f"  balance: {balance.source}: not looked at, it is on the Hub"
    after = dict(balance.after)
    parts = [f"{' / '.join(cell)} {count:,} + {after[cell] - count:,}" for cell, count in balance.before]
    shown = ", ".join(parts[:8]) + (", ..." if parts[8:] else "")
    return f"  balance of {balance.split}, real + made: {shown}"
