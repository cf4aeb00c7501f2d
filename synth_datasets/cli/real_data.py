"""What `synth check` says about the real data of a spec; looks at files, never at the Hub."""

from collections.abc import Iterator

from synth_datasets.errors import SpecError
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.seed_data import Balance, Seeds

__all__ = ["real_data_lines"]


def real_data_lines(spec: DatasetSpec) -> Iterator[str]:
    """Yield a line about the seeds and one about the balance, if there are any.

    Raises `SpecError` when a split, or a class in it, has too few seeds.
    """
    if spec.seeds is not None:
        yield from _seeds(spec, spec.seeds)
    if spec.balance is not None:
        yield _balance(spec.balance)


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


def _balance(balance: Balance) -> str:
    if balance.before is None:
        return f"  balance: {balance.source}: not looked at, it is on the Hub"
    after = dict(balance.after)
    parts = [f"{' / '.join(cell)} {count:,} + {after[cell] - count:,}" for cell, count in balance.before]
    shown = ", ".join(parts[:8]) + (", ..." if parts[8:] else "")
    return f"  balance of {balance.split}, real + made: {shown}"
