"""The scores as `evaluate` metrics: `MacroF1().compute(predictions=..., references=...)`; they work offline.

Importing this module imports `evaluate`, which takes seconds; `prove` calls the functions.
"""

import os
from typing import Any

import datasets
import evaluate

from synth_datasets.proof.scores import macro_f1, span_counts, span_scores

__all__ = ["Accuracy", "MacroF1", "SpanF1"]


class _Metric(evaluate.Metric):
    """Keeps what is added in memory, so that no folder has to be writable."""

    _said = ""
    _feature: Any = datasets.Value("string")

    def __init__(
        self,
        config_name: str | None = None,
        keep_in_memory: bool = True,  # noqa: ARG002 - `evaluate.load` passes False when its caller says nothing
        **kwargs: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> None:
        super().__init__(config_name, keep_in_memory=True, **kwargs)

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _build_data_dir(self) -> str:
        return os.path.join(self._data_dir_root, self.name, self.config_name)  # noqa: PTH118 - evaluate joins strings

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _info(self, config: object = None) -> evaluate.MetricInfo:  # noqa: ARG002 - later versions pass it
        return evaluate.MetricInfo(
            description=self._said,
            citation="",
            inputs_description="predictions and references: labels of one kind, as many of each.",
            features=datasets.Features(dict.fromkeys(("predictions", "references"), self._feature)),
        )


class Accuracy(_Metric):
    """The share of predictions that are the reference."""

    _said = "The share of predictions that are the reference. 0 to 1; higher is better."

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _compute(
        self,
        *,
        predictions: Any = None,  # noqa: ANN401 - evaluate's own signature
        references: Any = None,  # noqa: ANN401 - evaluate's own signature
        **_: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> dict[str, Any]:
        right = sum(one == other for one, other in zip(predictions, references, strict=True))
        return {"accuracy": right / len(references)}


class MacroF1(_Metric):
    """`macro_f1` of predictions and references."""

    _said = macro_f1.__doc__ or ""

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _compute(
        self,
        *,
        predictions: Any = None,  # noqa: ANN401 - evaluate's own signature
        references: Any = None,  # noqa: ANN401 - evaluate's own signature
        **_: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> dict[str, Any]:
        return {"macro_f1": macro_f1(references, predictions)}


class SpanF1(_Metric):
    """The F1 of spans that IOB2 tags mark; a prediction and a reference are the tags of one sentence."""

    _said = span_scores.__doc__ or ""
    _feature = datasets.List(datasets.Value("string"))

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _compute(
        self,
        *,
        predictions: Any = None,  # noqa: ANN401 - evaluate's own signature
        references: Any = None,  # noqa: ANN401 - evaluate's own signature
        **_: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> dict[str, Any]:
        accuracy, f1 = span_scores(span_counts(references, predictions).sum(0))
        return {"tag_accuracy": float(accuracy), "span_f1": float(f1)}
