"""What to do with the synthetic rows, in plain words, with the evidence and its uncertainty."""

from collections.abc import Sequence

from synth_datasets.proof.result import Cell, Change, Measured, Witness

__all__ = ["advise", "blind_f1", "interval", "learnt", "listed", "worth_words"]


def advise(witnesses: Sequence[Witness], *, real: int, f1_name: str, blind: float = 0.0) -> tuple[bool, str]:
    """Return whether the advice is firm, and a sentence of it with one on where rows are rare and one on their worth.

    Firm is what several kinds of models agree on; what is not beyond chance is said to be unclear. A model that learnt
    nothing, beside a score of `blind`, has no say: it would see no gain in any rows.
    """
    heard = [witness for witness in witnesses if learnt(witness, blind)]
    deaf = [witness.name for witness in witnesses if not learnt(witness, blind)]
    if not heard:
        why = (
            "No model learnt more from any of these rows than a blind guess gives, so this says nothing of them: add "
            "real rows to train on or to test on, or name a stronger model (--model)."
        )
        return False, f"{_unclear(witnesses, real, f1_name)} {why}"
    firm, said = _advise(heard, real, f1_name)
    if deaf:
        said += (
            f" {listed(deaf)} learnt no more from any of these rows than a blind guess gives, and had no say."
        )
    return firm, said


def blind_f1(classes: Sequence[str], *, tagging: bool) -> float:
    """Return the most that guessing blindly comes to: no span, or one over the number of classes (macro-F1)."""
    return 0.0 if tagging else 1 / len(classes)


def learnt(witness: Witness, blind: float) -> bool:
    """Whether some training set took a model beyond a blind guess, or it saw a difference between two of them."""
    return witness.verdict != "unclear" or any(cell.f1.low > blind for cell in witness.cells)


def _advise(witnesses: Sequence[Witness], real: int, f1_name: str) -> tuple[bool, str]:
    verdicts = {witness.verdict for witness in witnesses}
    together = _helping(witnesses)
    if len(verdicts) > 1 or (verdicts == {"helps"} and not together):
        firm, first = False, _differing(witnesses, real, f1_name)
    else:
        firm = len(witnesses) > 1
        say = {"helps": _add, "hurts": _keep_out, "unclear": _unclear}[verdicts.pop()]
        first = say(witnesses, real, f1_name)
        first += "" if firm else " One kind of model is one witness."
    more = (_with_fewer(witnesses, real, f1_name), _alone(witnesses))
    return firm, " ".join(sentence for sentence in (first, *more) if sentence)


def interval(measured: Measured, *, signed: bool = False) -> str:
    """Return the value with its interval."""
    sign = "+" if signed else ""
    return f"{measured.value:{sign}.3f} [{measured.low:{sign}.3f}, {measured.high:{sign}.3f}]"


def worth_words(worth: Measured, curve: Sequence[Cell]) -> str:
    """Return so many real rows with the interval, such as `120 real rows [80, 190]`; the curve has ends."""
    least, most = curve[0].real, curve[-1].real

    def said(rows: float) -> str:
        if round(rows) <= least:
            return f"≤ {least:,}"
        return f"≥ {most:,}" if round(rows) >= most else f"{round(rows):,}"

    return f"{said(worth.value)} real rows [{said(worth.low)}, {said(worth.high)}]"


def listed(items: Sequence[str]) -> str:
    """Return `a, b and c`."""
    if len(items) < 2:  # noqa: PLR2004 - "and" takes two
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _helping(witnesses: Sequence[Witness]) -> list[int]:
    """Return the numbers of synthetic rows that help with every model, by the least of their gains, the best first."""
    gains: dict[int, list[float]] = {}
    for witness in witnesses:
        for change in witness.mixes:
            if change.verdict == "helps":
                gains.setdefault(change.synthetic, []).append(change.gain.value)
    found = [amount for amount, each in gains.items() if len(each) == len(witnesses)]
    return sorted(found, key=lambda amount: -min(gains[amount]))


def _change(witness: Witness, synthetic: int) -> Change:
    return next(change for change in witness.mixes if change.synthetic == synthetic)


def _with_each(witnesses: Sequence[Witness], amount: int) -> str:
    return listed(
        [f"{interval(_change(each, amount).gain, signed=True)} with {each.name}" for each in witnesses]
    )


def _add(witnesses: Sequence[Witness], real: int, f1_name: str) -> str:
    amount = _helping(witnesses)[0]
    told = (
        f"Add about {amount:,} synthetic rows to the {real:,} real ones ({amount / real:.2g} for each): {f1_name} "
        f"changes by {_with_each(witnesses, amount)}."
    )
    beyond = [
        change.synthetic
        for witness in witnesses
        for change in witness.mixes
        if change.verdict == "hurts" and change.synthetic > amount
    ]
    return f"{told} From {min(beyond):,} on it hurts." if beyond else told


def _keep_out(witnesses: Sequence[Witness], real: int, f1_name: str) -> str:
    hurting = [
        min(change.synthetic for change in witness.mixes if change.verdict == "hurts")
        for witness in witnesses
    ]
    first = max(hurting)
    before = [change.synthetic for change in witnesses[0].mixes if change.synthetic < min(hurting)]
    less = f" Up to {before[-1]:,} no harm is beyond chance, and no gain." if before else ""
    return (
        f"Do not add them to all {real:,} real rows: with {first:,} {f1_name} changes by "
        f"{_with_each(witnesses, first)}.{less}"
    )


def _unclear(witnesses: Sequence[Witness], real: int, f1_name: str) -> str:
    best = [max(each.mixes, key=lambda change: change.gain.value) for each in witnesses]
    half = max((change.gain.high - change.gain.low) / 2 for change in best)
    found = listed(
        [
            f"{interval(change.gain, signed=True)} with {witness.name} and {change.synthetic:,} synthetic rows"
            for change, witness in zip(best, witnesses, strict=True)
        ]
    )
    return (
        f"With all {real:,} real rows no mix differs from them alone by more than chance: at best {f1_name} changes by "
        f"{found}, and this test cannot see changes much smaller than {half:.3f}."
    )


def _differing(witnesses: Sequence[Witness], real: int, f1_name: str) -> str:
    """Return what each model says for itself where they do not say the same; that none gains is common to them."""
    said: list[str] = []
    for witness in witnesses:
        verdict = witness.verdict
        if verdict == "unclear":
            said.append(f"with {witness.name} nothing is beyond chance")
            continue
        own = [change for change in witness.mixes if change.verdict == verdict]
        change = max(own, key=lambda each: each.gain.value) if verdict == "helps" else own[0]
        how = "help" if verdict == "helps" else "hurt"
        gain = interval(change.gain, signed=True)
        said.append(f"with {witness.name} {change.synthetic:,} synthetic rows {how} ({gain} {f1_name})")
    if "helps" not in {witness.verdict for witness in witnesses}:
        return f"No model gains by synthetic rows beside all {real:,} real rows: {listed(said)}."
    return f"The models do not agree on what to add to all {real:,} real rows, so try it with your own: {listed(said)}."


def _with_fewer(witnesses: Sequence[Witness], real: int, f1_name: str) -> str:
    """Return what holds where real rows are rare: the largest such number with a gain beyond chance in every model."""
    found: dict[tuple[int, int], list[Measured]] = {}
    for witness in witnesses:
        for cell in witness.cells:
            if 0 < cell.real < real and cell.gain is not None and cell.gain.low > 0:
                found.setdefault((cell.real, cell.synthetic), []).append(cell.gain)
    agreed = [place for place, gains in found.items() if len(gains) == len(witnesses)]
    if not agreed:
        return ""
    most = max(size for size, _ in agreed)
    place = max(
        (each for each in agreed if each[0] == most), key=lambda each: min(g.value for g in found[each])
    )
    gains = [
        f"{interval(gain, signed=True)} with {witness.name}"
        for gain, witness in zip(found[place], witnesses, strict=True)
    ]
    return (
        f"If there were only {most:,} real rows, {place[1]:,} synthetic ones would change {f1_name} by {listed(gains)} "
        "(one comparison of several)."
    )


def _alone(witnesses: Sequence[Witness]) -> str:
    said: list[str] = []
    most = 0
    for witness in witnesses:
        alone = max((cell for cell in witness.cells if not cell.real), key=lambda cell: cell.synthetic)
        most = alone.synthetic
        if alone.worth is not None:
            said.append(f"{worth_words(alone.worth, witness.curve)} by {witness.name}")
    return f"Alone, the {most:,} synthetic rows are worth {listed(said)}." if said else ""
