"""Rows that people have accepted or fixed, as seeds: real rows that prompts of a next version show."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from synth_datasets.review.rows import BuiltRow, Judged
from synth_datasets.spec.reviews import Decision, last_words, rulings_of

__all__ = ["good_rows", "seed_lines", "seed_yaml"]

SPLIT = "split"
_SHOWN = 3


def good_rows(
    rows: Iterable[BuiltRow], judged: Judged, decisions: Iterable[Decision]
) -> list[dict[str, object]]:
    """Return the rows that were accepted or fixed, a fixed one as it is then, with `id` and `split`.

    Where reviewers differ, what they come to counts, as in a build. In the order of the build; a stored column of the
    name `id` or `split` stays what it is.
    """
    decisions = list(decisions)
    rulings = {(row, each.digest): each for row, said in rulings_of(decisions).items() for each in said}
    outcomes = {(each.row, each.gives) for each in last_words(decisions).values() if each.gives}
    found: list[dict[str, object]] = []
    for row in rows:
        ruling = rulings.get((row.id, row.digest))
        if ruling is None and (row.id, row.digest) not in outcomes:
            continue
        if ruling is not None and ruling.verdict == "reject":
            continue
        values = {**row.values, **dict(ruling.values if ruling else ())}
        shown = {name: values[name] for name in (*judged.columns, *judged.others)}
        found.append({"id": row.id, SPLIT: row.split, **shown})
    return found


def seed_lines(rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as JSON lines that `seeds:` reads."""
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def seed_yaml(file: str, rows: Sequence[Mapping[str, object]], judged: Judged, splits: Sequence[str]) -> str:
    """Return what a spec says to show these rows in its prompts: the key `seeds`, and a column with a use of it.

    Rows stay in their splits where each of the spec's `splits` has some; else they are dealt.
    """
    text = next((name for name, classes in judged.fixable.items() if not classes), judged.asked_again[0])
    label = next((name for name in judged.columns if judged.fixable.get(name)), None)
    kept = SPLIT not in judged.columns + judged.others and {row[SPLIT] for row in rows} >= set(splits)
    named = {"file": file, "text": text, "label": label, SPLIT: SPLIT if kept else None, "id": "id"}
    least = min(Counter((row[SPLIT], row.get(label or "")) for row in rows).values(), default=0)
    count = min(_SHOWN, least) if kept else 1
    several = f", count: {count}" if count > 1 else ""
    same = f", same: {label}" if label else ""
    use = "{% for each in shown %}- {{ each }}\n{% endfor %}" if several else "{{ shown }}"
    seeds = ", ".join(f"{key}: {json.dumps(value)}" for key, value in named.items() if value is not None)
    return (
        f"seeds: {{{seeds}}}\n"
        "columns:\n"
        f"  shown: {{seed: {json.dumps(text)}{several}{same}, hidden: true}}   # {use!r} in a prompt shows them\n"
    )
