"""Whether the rows that a proof tests on are among the real rows that prompts showed."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import SynthError

if TYPE_CHECKING:
    from synth_datasets.proof.rows import LabelledRows
    from synth_datasets.spec import DatasetSpec

__all__ = ["shown_warnings"]


def shown_warnings(build: str, split: str, test: "LabelledRows") -> tuple[str, ...]:
    """Return a warning where prompts of the build's split showed test rows or near copies of them.

    What a model wrote after a test row teaches that row, however little it copies it. Where the seeds are not on this
    machine, or `build` is no folder, nothing is known and nothing said.
    """
    from synth_datasets.cli.made_of import spec_of
    from synth_datasets.proof.leaks import without_leaks

    with suppress(SynthError, OSError, ValueError):
        seeds = _shown(spec_of(Path(build)), Path(build), split)
        if seeds is not None and (seen := without_leaks(test, seeds)[1].removed):
            return (
                f"{seen:,} of {len(test):,} test rows are among the seeds that prompts showed, exactly or nearly: what "
                "was written after them flatters the synthetic rows; test on rows that are not in the file of seeds",
            )
    return ()


def _shown(spec: "DatasetSpec", build: Path, split: str) -> "LabelledRows | None":
    """Return the seeds that prompts of the split showed; all of them where the build does not say which."""
    from synth_datasets.proof.rows import LabelledRows
    from synth_datasets.trace import TRACE_FOLDER

    if spec.seeds is None or spec.seeds.data is None:
        return None
    trace = build / TRACE_FOLDER / f"{split}.seeds.jsonl"
    ids = set[str]()
    if trace.is_file():
        for line in trace.read_text(encoding="utf-8").splitlines():
            ids.update(each for shown in json.loads(line)["seeds"].values() for each in shown)
    data, text = spec.seeds.data, spec.seeds.text
    texts = tuple(
        value
        for identity, value in zip(data.ids, data.columns[text], strict=True)
        if not ids or identity in ids
    )
    return LabelledRows(f"the seeds of {build}", texts, ("",) * len(texts))
