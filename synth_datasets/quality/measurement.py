"""What makes a plain function on texts, or on labels, a measurement of `evaluate`."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import datasets
import evaluate

from synth_datasets.quality.document import plain

__all__ = ["TextMeasurement"]

Figures = dict[str, Any]
_MISSING: Mapping[str, object] = {"string": "", "int64": -1}


class TextMeasurement(evaluate.Measurement):
    """Keeps what is added in memory, unless processes share it, so that no folder has to be writable."""

    figure: Callable[..., object]
    """Takes the data and what else `compute` is given; its docstring says what is measured."""
    usage = "data: the texts, as a list or a column of a dataset."
    feature = "string"

    def __init__(
        self,
        config_name: str | None = None,
        keep_in_memory: bool = True,
        num_process: int = 1,
        **kwargs: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> None:
        # `evaluate.load` passes keep_in_memory=False when its caller says nothing, so it is no wish.
        super().__init__(config_name, keep_in_memory or num_process == 1, num_process=num_process, **kwargs)

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _build_data_dir(self) -> str:
        """Name the folder, and make it only for processes that meet there."""
        if self.num_process > 1:
            return super()._build_data_dir()
        return os.path.join(self._data_dir_root, self.name, self.config_name)  # noqa: PTH118 - evaluate joins strings

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _info(self, config: object = None) -> evaluate.MeasurementInfo:  # noqa: ARG002 - later versions pass it
        said = self.figure.__doc__ or ""
        return evaluate.MeasurementInfo(
            module_type="measurement",
            description=said,
            citation=" ".join(said.rpartition("Source: ")[2].split()),
            inputs_description=f"\n{self.usage}\n",
            features=datasets.Features({"data": datasets.Value(self.feature)}),
        )

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def add_batch(
        self,
        *,
        predictions: None = None,
        references: None = None,
        **inputs: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> None:
        """Add values; unlike evaluate, take a missing one in the first place, too."""
        data = inputs.get("data")
        if data is not None and len(data) and data[0] is None:
            inputs["data"] = [_MISSING[self.feature], *data[1:]]
        super().add_batch(predictions=predictions, references=references, **inputs)

    # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
    def _compute(
        self,
        *,
        predictions: None = None,  # noqa: ARG002 - evaluate's own signature
        references: None = None,  # noqa: ARG002 - evaluate's own signature
        **inputs: Any,  # noqa: ANN401 - evaluate's own signature
    ) -> Figures:
        missing = _MISSING[self.feature]
        data = [missing if each is None else each for each in inputs.pop("data")]
        found = plain(self.figure(data, **inputs))
        return found if isinstance(found, dict) else {self.name: found}
