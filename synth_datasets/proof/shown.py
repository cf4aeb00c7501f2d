"""A proof for people: on a terminal, as a section of a page, and as Markdown of a card."""

import base64
from html import escape

from synth_datasets.proof.advice import interval
from synth_datasets.proof.result import Cell, Proof

__all__ = ["card_section", "page", "page_section", "terminal"]

_HEAD = ("real", "synthetic", "accuracy", "F1", "gain", "gain per 1,000", "worth")


def terminal(proof: Proof) -> str:
    """Return advice, warnings and the table as plain text."""
    rows = [_HEAD, *map(_cells, proof.cells)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    parts = [
        f"Tested on {proof.test:,} real rows, {proof.seeds} seeds; F1 is {proof.f1_name}, brackets hold 95 %; "
        f"always saying the most frequent class is right in {proof.majority:.1%}",
        f"Model: {proof.model}",
        "",
        *(line.rstrip() for line in lines),
        "",
        *(f"Warning: {warning}" for warning in proof.warnings),
        *_leaked(proof),
        *(() if not proof.warnings else ("",)),
        f"Advice: {proof.advice}",
        "One kind of model is one witness: `--model` asks another.",
    ]
    return "\n".join(parts)


def page_section(proof: Proof, png: bytes) -> str:
    """Return the section of an HTML page, its picture inside."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(each)) + "</tr>\n"
        for each in proof.cells
    )
    head = "".join(f"<th>{escape(name)}</th>" for name in _HEAD)
    picture = base64.b64encode(png).decode("ascii")
    warnings = "".join(f"<li>{escape(each)}</li>" for each in (*proof.warnings, *_leaked(proof)))
    listed = f"<ul>{warnings}</ul>" if warnings else ""
    said = f"Learning curves and gains. {proof.advice}"
    return f"""<section id="proof"><h2>Proof by training</h2>
<p><strong>{escape(proof.advice)}</strong></p>
<p>{escape(_how(proof))}</p>
<img alt="{escape(said)}" style="max-width:100%;background:#fff" src="data:image/png;base64,{picture}">
<div style="overflow-x:auto"><table><thead><tr>{head}</tr></thead><tbody>
{rows}</tbody></table></div>
{listed}</section>
"""


def page(proof: Proof, png: bytes, *, title: str) -> str:
    """Return a page of its own, without scripts and without anything from elsewhere."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}}
td,th{{padding:.15rem .6rem;text-align:right;border-bottom:1px solid #8884}}</style></head>
<body><h1>{escape(title)}</h1>
{page_section(proof, png)}</body></html>
"""


def card_section(proof: Proof) -> str:
    """Return the section of a card, as Markdown; figures only of what adds something to all real rows."""
    chosen = [cell for cell in proof.cells if not cell.real or cell.real == proof.real]
    rows = [_cells(cell) for cell in chosen]
    lines = [f"| {' | '.join(_HEAD)} |", "|" + " ---: |" * len(_HEAD)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(
        [
            "### Proof by training",
            "",
            f"{_how(proof)}",
            "",
            *lines,
            "",
            proof.advice,
            *(f"\n- {warning}" for warning in proof.warnings),
            "",
        ]
    )


def _how(proof: Proof) -> str:
    return (
        f"The same model ({proof.model}) trained on real rows, on the synthetic rows and on mixes, tested on "
        f"{proof.test:,} real rows, {proof.seeds} seeds. F1 is {proof.f1_name}; brackets hold 95 % of a bootstrap over "
        f"test rows and seeds. Always saying the most frequent class is right in {proof.majority:.1%}."
    )


def _cells(cell: Cell) -> tuple[str, ...]:
    return (
        f"{cell.real:,}",
        f"{cell.synthetic:,}",
        interval(cell.accuracy),
        interval(cell.f1),
        "" if cell.gain is None else interval(cell.gain, signed=True),
        "" if cell.gain_per_1000 is None else f"{cell.gain_per_1000:+.3f}",
        "" if cell.worth is None else f"{round(cell.worth):,} real rows",
    )


def _leaked(proof: Proof) -> list[str]:
    """Name the first test rows that were found in the training data."""
    pairs = [*proof.real_leaks.examples[:2], *proof.synthetic_leaks.examples[:2]]
    return [f"left out of training: “{ours}” (the test has “{theirs}”)" for ours, theirs in pairs]
