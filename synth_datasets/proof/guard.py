"""What to know of a mix of real and generated rows: whether they can be told apart, or repeat each other."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from synth_datasets.mix import REAL, SYNTHETIC
from synth_datasets.proof.apart import told_apart
from synth_datasets.quality.duplicates import duplicate_rate
from synth_datasets.spec.mix_data import Mix

if TYPE_CHECKING:
    import datasets

__all__ = ["mix_lines"]

DOMINATED = 0.5
_MOST = 20_000


def mix_lines(mix: Mix, dataset: "datasets.DatasetDict") -> Iterator[str]:
    """Yield a line of counts by source, one on how well the sources can be told apart, and a warning where rows repeat.

    It warns when most rows, or most synthetic ones, nearly repeat another. Looks at the first 20,000 rows of each
    split. The second line needs the extra `quality` and 50 rows of each source.
    """
    text = next(iter(mix.seeds.copies))
    texts: dict[str, list[str]] = {REAL: [], SYNTHETIC: []}
    counts = {REAL: 0, SYNTHETIC: 0}
    for rows in dataset.values():
        sources = rows[mix.source][:]
        for source in counts:
            counts[source] += sources.count(source)
        for source, each in zip(sources[:_MOST], rows[text][:_MOST], strict=True):
            texts[source].append(each)
    yield f"Mixed    {counts[REAL]:,} real rows, {counts[SYNTHETIC]:,} synthetic ones"
    apart = told_apart(texts[REAL], texts[SYNTHETIC]) if find_spec("sklearn") is not None else None
    if apart is not None:
        figure = apart.accuracy
        yield (
            f"Apart    a linear model is right in {figure.value:.0%} [{figure.low:.0%}, {figure.high:.0%}] about "
            f"which is which (50% is chance), by words such as {', '.join(apart.synthetic_words[:5])}"
        )
    kinds = (("rows", [*texts[REAL], *texts[SYNTHETIC]]), ("synthetic rows", texts[SYNTHETIC]))
    for name, each in kinds:
        near = duplicate_rate(each).near
        if near is not None and near > DOMINATED:
            yield f"Warning: {near:.0%} of the {name} nearly repeat another one: fewer would say as much"
            return
