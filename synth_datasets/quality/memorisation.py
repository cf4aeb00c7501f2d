"""What a tuned model gives back of the rows it was tuned on, beside what other real rows have in common with them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.features import text_columns
from synth_datasets.minhash import normalised
from synth_datasets.plan.seeds import index_of
from synth_datasets.quality.columns import worded
from synth_datasets.quality.figures import Measured
from synth_datasets.quality.leaks import seed_copies
from synth_datasets.quality.suite import Material, measure_more
from synth_datasets.spec.adapters import TUNING
from synth_datasets.spec.graph import adapters_of
from synth_datasets.spec.model import DatasetSpec

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["Memory", "memorisation", "memory_of"]

_SOURCE = "seed_copies; the baseline after Zhang et al. 2021 (arXiv:2112.12938)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How many rows copy rows of the tuning, as `seed_copies` counts them."""

    rows: int
    """That were generated."""
    exact: float | None
    """Share of them that is a row of the tuning word for word."""
    copied: float | None
    """Share of them that copies: word for word, nearly, or with half the words in sequences of 5."""
    held: float | None
    """Share of the rows of the tuning that some generated row copies."""
    real_rows: int
    real: float | None
    """Share of the held-out real rows that would count as copies."""


def memory_of(made: Sequence[str], tuned: Sequence[str], held_out: Sequence[str]) -> Memory:
    """Return the shares of copies among generated and among held-out real rows.

    Range 0 to 1. What held-out real rows have is what no memory explains: set phrases are shared by who never read
    them. Above it the model gives its rows away. It cannot see a row in other words, nor a name or a number alone.
    Source: as `seed_copies`; the baseline after the counterfactual of Zhang et al. 2021 (arXiv:2112.12938).
    """
    known = set(map(normalised, tuned))
    figures = seed_copies(made, tuned)
    return Memory(
        rows=len(made),
        exact=sum(normalised(text) in known for text in made) / len(made) if made and tuned else None,
        copied=figures.rate,
        held=figures.held,
        real_rows=len(held_out),
        real=seed_copies(held_out, tuned).rate,
    )


def memorisation(
    spec: DatasetSpec, tables: "Mapping[str, pa.Table | datasets.Dataset]"
) -> tuple[Measured, ...]:
    """Return what is known of the memory of the spec's adapters; empty where it names none.

    What was measured at their tuning, since the rows of the tuning stay with who tuned; and where the spec has seeds,
    such as those very rows, how many of the rows in `tables` copy them.
    """
    adapters = [each for several in adapters_of(spec).values() for each in several]
    if not adapters:
        return ()
    told = [_told(spec.files.get(f"{each.path}/{TUNING}", "")) for each in adapters]
    seeds = None if spec.seeds is None or spec.seeds.data is None else index_of(spec.seeds).texts
    materials = (
        {}
        if seeds is None
        else {
            column: Material(texts=worded(tables, column, None), seeds=seeds) for column in text_columns(spec)
        }
    )
    return (*(each for each in told if each is not None), *measure_more(["seed_copies"], materials))


def _told(text: str) -> Measured | None:
    """Read the figures in a `tuning.json`, which may be a stranger's; None where it has none."""
    try:
        found = json.loads(text)
        memory = found["memory"]
        values = {
            "word_for_word": _share(memory["exact"]),
            "copies": _share(memory["copied"]),
            "copies_of_held_out_real_rows": _share(memory["real"]),
        }
        rows, real, column = int(memory["rows"]), int(memory["real_rows"]), str(found["column"])[:100]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return Measured(
        name="memorisation",
        column=column,
        rows=rows,
        values=values,
        direction="Lower is better; not above what held-out real rows have.",
        source=_SOURCE,
        limits="Blind to a row in other words, and to a single name or number.",
        notes=(
            f"measured when the adapter was tuned, on {rows:,} rows that it generated from the prompts of its rows and "
            f"{real:,} held-out real ones",
        ),
    )


def _share(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
