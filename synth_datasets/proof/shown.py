"""A proof for people: on a terminal, as a section of a page, and as Markdown of a card."""

import base64
from collections.abc import Sequence
from html import escape

from synth_datasets.proof.advice import blind_f1, interval, learnt, listed, worth_words
from synth_datasets.proof.result import Cell, Proof, Witness

__all__ = ["card_section", "page", "page_section", "terminal"]

_PICTURE = "display:block;width:100%;min-width:44rem;background:#fff"
"""Not squeezed on a telephone, where it is moved sideways."""
_HEAD = ("real", "synthetic", "accuracy", "F1", "gain", "gain per 1,000", "worth")


def terminal(proof: Proof) -> str:
    """Return advice, warnings and a table for each kind of model as plain text."""
    tables: list[str] = []
    for witness in proof.witnesses:
        rows = [_HEAD, *_rows(witness)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
        tables += ["", f"{_capital(witness.name)}: {witness.model}"]
        tables += [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        tables += [_best(witness, proof)]
    parts = [
        f"Tested on {proof.test:,} real rows, {proof.seeds} seeds; F1 is {proof.f1_name}, brackets hold 95 %; "
        f"always saying the most frequent class is right in {proof.majority:.1%}",
        *tables,
        "",
        *(f"Warning: {warning}" for warning in proof.warnings),
        *_leaked(proof),
        *(() if not proof.warnings else ("",)),
        f"Advice: {proof.advice}",
    ]
    return "\n".join(parts)


def page_section(proof: Proof, png: bytes) -> str:
    """Return the section of an HTML page, its picture inside."""
    head = "".join(f'<th scope="col" class="n">{escape(name)}</th>' for name in _HEAD)
    tables = "".join(
        f"<h3>{escape(_capital(witness.name))}</h3>\n<p>{escape(witness.model)}</p>\n"
        f'<div style="overflow-x:auto"><table style="white-space:nowrap"><thead><tr>{head}</tr></thead><tbody>\n'
        + "".join(
            "<tr>" + "".join(f'<td class="n">{escape(cell)}</td>' for cell in row) + "</tr>\n"
            for row in _rows(witness)
        )
        + f"</tbody></table></div>\n<p>{escape(_best(witness, proof))}</p>\n"
        for witness in proof.witnesses
    )
    picture = base64.b64encode(png).decode("ascii")
    warnings = "".join(f"<li>{escape(each)}</li>" for each in (*proof.warnings, *_leaked(proof)))
    warned = f"<ul>{warnings}</ul>" if warnings else ""
    said = f"Learning curves and gains. {proof.advice}"
    return f"""<section id="proof"><h2>Proof by training</h2>
<p><strong>{escape(proof.advice)}</strong></p>
<p>{escape(_how(proof))}</p>
<div style="overflow-x:auto"><img alt="{escape(said)}" style="{_PICTURE}" src="data:image/png;base64,{picture}"></div>
{tables}{warned}</section>
"""


def page(proof: Proof, png: bytes, *, title: str) -> str:
    """Return a page of its own, without scripts and without anything from elsewhere."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>:root{{color-scheme:light dark}}
body{{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}}
table{{border-collapse:collapse;font-variant-numeric:tabular-nums}}
td,th{{padding:.15rem .6rem;text-align:right;border-bottom:1px solid #8884}}</style></head>
<body><h1>{escape(title)}</h1>
{page_section(proof, png)}</body></html>
"""


def card_section(proof: Proof) -> str:
    """Return the section of a card, as Markdown; figures only of what adds something to all real rows."""
    lines: list[str] = []
    for witness in proof.witnesses:
        lines += [
            "",
            f"{_capital(witness.name)}:",
            "",
            f"| {' | '.join(_HEAD)} |",
            "|" + " ---: |" * len(_HEAD),
        ]
        lines += [
            f"| {' | '.join(row)} |"
            for cell, row in zip(witness.cells, _rows(witness), strict=True)
            if cell.real in (0, proof.real)
        ]
        lines += [] if _learnt(witness, proof) else ["", _best(witness, proof)]
    return "\n".join(
        [
            "### Proof by training",
            "",
            proof.advice,
            "",
            _how(proof),
            *lines,
            *(f"\n- {warning}" for warning in proof.warnings),
            "",
        ]
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:] if " " in name else name  # the id of a model stays as it is


def _how(proof: Proof) -> str:
    models = listed(
        [f"{each.name} ({each.model})" if each.model != each.name else each.name for each in proof.witnesses]
    )
    return (
        f"The same models, {models}, trained on real rows, on the synthetic rows and on mixes, tested on "
        f"{proof.test:,} real rows, {proof.seeds} seeds. F1 is {proof.f1_name}; brackets hold 95 % of a bootstrap over "
        f"test rows and seeds. Always saying the most frequent class is right in {proof.majority:.1%}."
    )


def _learnt(witness: Witness, proof: Proof) -> bool:
    return learnt(witness, blind_f1(proof.classes, tagging=proof.task == "tagging"))


def _best(witness: Witness, proof: Proof) -> str:
    """Name the mix that scores best, however small the difference; of a model that learnt nothing, say that."""
    real = proof.real
    if not _learnt(witness, proof):
        most = max(cell.f1.value for cell in witness.cells)
        return (
            f"Learnt nothing: from no set is it beyond a blind guess ({proof.f1_name} {most:.3f} at most), so it is no "
            "witness for or against the synthetic rows."
        )
    if not witness.best:
        return f"Best with all {real:,} real rows: no synthetic ones."
    verdict = next(change.verdict for change in witness.mixes if change.synthetic == witness.best)
    doubt = "" if verdict == "helps" else ", which may be chance"
    return f"Best with all {real:,} real rows: {witness.best:,} synthetic ones beside them{doubt}."


def _rows(witness: Witness) -> list[tuple[str, ...]]:
    return [_cells(cell, witness.curve) for cell in witness.cells]


def _cells(cell: Cell, curve: Sequence[Cell]) -> tuple[str, ...]:
    return (
        f"{cell.real:,}",
        f"{cell.synthetic:,}",
        interval(cell.accuracy),
        interval(cell.f1),
        "" if cell.gain is None else interval(cell.gain, signed=True),
        "" if cell.gain_per_1000 is None else f"{cell.gain_per_1000:+.3f}",
        "" if cell.worth is None else worth_words(cell.worth, curve),
    )


def _leaked(proof: Proof) -> list[str]:
    """Name the first test rows that were found in the training data."""
    pairs = [*proof.real_leaks.examples[:2], *proof.synthetic_leaks.examples[:2]]
    return [f"left out of training: “{ours}” (the test has “{theirs}”)" for ours, theirs in pairs]
