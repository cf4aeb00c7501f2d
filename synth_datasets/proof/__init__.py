"""Whether synthetic rows help: the same models trained on real, synthetic and mixed rows, and tested on real ones."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synth_datasets.proof.learners import Model
    from synth_datasets.proof.metrics import Accuracy, MacroF1, SpanF1
    from synth_datasets.proof.result import Proof
    from synth_datasets.proof.rows import LabelledRows, read_rows
    from synth_datasets.proof.trials import prove

__all__ = ["Accuracy", "LabelledRows", "MacroF1", "Model", "Proof", "SpanF1", "prove", "read_rows"]

_HOMES = {
    "Model": "learners",
    "prove": "trials",
    "Proof": "result",
    "LabelledRows": "rows",
    "read_rows": "rows",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'metrics')}"), name)
