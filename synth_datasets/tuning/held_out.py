"""Which rows are held out of tuning: whole groups, drawn by a hash, so that the same rows are held out every time."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence

from synth_datasets.errors import SettingsError

__all__ = ["held_out"]


def held_out(groups: Sequence[str], share: float, seed: int) -> frozenset[int]:
    """Return the places of at least this share of the rows, in whole groups; it depends on no order of the rows.

    Raises `SettingsError` where that leaves nothing on one of the sides.
    """
    sizes = Counter(groups)
    order = sorted(sizes, key=lambda group: hashlib.sha256(f"held out\0{seed}\0{group}".encode()).digest())
    wanted, chosen, rows = math.ceil(share * len(groups)), set[str](), 0
    for group in order:
        if rows >= wanted or rows + sizes[group] >= len(groups):
            break
        chosen.add(group)
        rows += sizes[group]
    if not chosen:
        raise SettingsError(
            f"{len(groups)} rows in {len(sizes)} groups: too few to hold some of them out; give more rows, or a "
            "--group of finer parts"
        )
    return frozenset(place for place, group in enumerate(groups) if group in chosen)
