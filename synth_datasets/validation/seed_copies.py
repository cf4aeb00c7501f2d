"""Texts that copy a real row: compared with all seeds of every split, also with those that were never shown."""

from functools import lru_cache

from synth_datasets.plan.seeds import index_of
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.seed_data import Seeds
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.tables import NearTable

__all__ = ["find_copy"]

_TOGETHER = 2_048
_KEPT = 4


def find_copy(spec: DatasetSpec, name: str, text: str) -> Verdict | None:
    """Return the verdict on a column's or field's text that is at least as like a seed as the spec allows none to be.

    The estimated Jaccard similarity of character 5-grams, as for near duplicates. The first text of a process pays for
    an index of all seeds: some 60 microseconds and 550 bytes each.
    """
    if spec.seeds is None or (threshold := spec.seeds.copies.get(name)) is None or not text.strip():
        return None
    found = _table(spec.seeds, threshold).find(text)
    if found is None:
        return None
    place, similarity = found
    index = index_of(spec.seeds)
    return Verdict(Reason.SEED_COPY, f"similarity {similarity:.2f} to the seed {index.data.ids[place]}")


@lru_cache(maxsize=_KEPT)
def _table(seeds: Seeds, threshold: float) -> NearTable:
    table = NearTable(threshold)
    texts = index_of(seeds).texts
    for start in range(0, len(texts), _TOGETHER):
        part = texts[start : start + _TOGETHER]
        table.prepare(part)
        for text in part:
            table.add(text)
    return table
