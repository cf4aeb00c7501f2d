"""What to do with the synthetic rows, in plain words, with the evidence and its uncertainty."""

from collections.abc import Sequence

from synth_datasets.proof.result import Cell, Change, Measured

__all__ = ["advise", "interval"]


def advise(changes: Sequence[Change], cells: Sequence[Cell], *, real: int, f1_name: str) -> str:
    """Return one to three sentences; what is not beyond chance is said to be unclear."""
    return " ".join(
        sentence
        for sentence in (
            _with_all(changes, real, f1_name),
            _with_fewer(cells, real, f1_name),
            _alone(cells, f1_name),
        )
        if sentence
    )


def interval(measured: Measured, *, signed: bool = False) -> str:
    """Return the value with its interval."""
    sign = "+" if signed else ""
    return f"{measured.value:{sign}.3f} [{measured.low:{sign}.3f}, {measured.high:{sign}.3f}]"


def _with_all(changes: Sequence[Change], real: int, f1_name: str) -> str:
    if not changes:
        return ""
    helping = [change for change in changes if change.verdict == "helps"]
    hurting = [change for change in changes if change.verdict == "hurts"]
    if helping:
        best = max(helping, key=lambda change: change.gain.value)
        told = (
            f"Add about {best.synthetic:,} synthetic rows to the {real:,} real ones ({best.synthetic / real:.2g} for "
            f"each): {f1_name} changes by {interval(best.gain, signed=True)}."
        )
        beyond = [change for change in hurting if change.synthetic > best.synthetic]
        if not beyond:
            return told
        return f"{told} From {beyond[0].synthetic:,} on it hurts: {interval(beyond[0].gain, signed=True)}."
    if hurting:
        first = hurting[0]
        before = [change.synthetic for change in changes if change.synthetic < first.synthetic]
        less = f" Up to {before[-1]:,} no harm is beyond chance, and no gain." if before else ""
        return (
            f"Do not add them to all {real:,} real rows: with {first.synthetic:,} {f1_name} changes by "
            f"{interval(first.gain, signed=True)}.{less}"
        )
    best = max(changes, key=lambda change: change.gain.value)
    half = (best.gain.high - best.gain.low) / 2
    return (
        f"With all {real:,} real rows no mix differs from them alone by more than chance: at best "
        f"{interval(best.gain, signed=True)} {f1_name} with {best.synthetic:,} synthetic rows, and this test cannot "
        f"see changes much smaller than {half:.3f}."
    )


def _with_fewer(cells: Sequence[Cell], real: int, f1_name: str) -> str:
    """Return what holds where real rows are rare: the largest such number with a gain beyond chance."""
    found = [
        cell
        for cell in cells
        if 0 < cell.real < real and cell.synthetic and cell.gain is not None and cell.gain.low > 0
    ]
    if not found:
        return ""
    most = max(cell.real for cell in found)
    best = max((cell for cell in found if cell.real == most), key=lambda cell: cell.f1.value)
    assert best.gain is not None  # noqa: S101 - those without were left out
    return (
        f"If there were only {most:,} real rows, {best.synthetic:,} synthetic ones would change {f1_name} by "
        f"{interval(best.gain, signed=True)} (one comparison of several)."
    )


def _alone(cells: Sequence[Cell], f1_name: str) -> str:
    alone = [cell for cell in cells if not cell.real]
    if not alone:
        return ""
    most = max(alone, key=lambda cell: cell.synthetic)
    told = f"Alone, {most.synthetic:,} synthetic rows reach {f1_name} {interval(most.f1)}"
    return f"{told}, as about {round(most.worth):,} real ones do." if most.worth is not None else f"{told}."
