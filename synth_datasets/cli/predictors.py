"""Where predictions come from on the command line: a model, or a file."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.quality.predictions import Predict

__all__ = ["load_pipeline", "read_predictions"]

_PREDICTION = ("prediction", "predicted", "label")
_ORIGINAL = ("original_prediction", "original_label")


def load_pipeline(model: str, batch_size: int) -> "Predict":
    """Return the text classification pipeline of a model, by its path or its id on the Hub, which is fetched."""
    try:
        from transformers import pipeline
    except ImportError as error:
        raise SettingsError(
            "--model needs transformers and torch: pip install 'synth-datasets[transformers]'"
        ) from error
    try:
        classify: Callable[..., list[object]] = pipeline("text-classification", model=model)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--model {model}: expected a folder, or the id of a text classification model on the Hub: {error}"
        ) from error
    return lambda texts: classify(texts, truncation=True, batch_size=batch_size)


def read_predictions(path: Path) -> tuple[list[object], list[object] | None]:
    """Return the predictions of a CSV, TSV or JSON lines file, one a row, and those for the originals if it has any.

    They stand in a column `prediction` (or `predicted`, `label`) and `original_prediction`. Raises `SettingsError`.
    """
    try:
        rows = list(_rows(path))
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise SettingsError(f"{path}: no predictions can be read: {error}") from error
    names = set().union(*rows) if rows else set()
    column = next((name for name in _PREDICTION if name in names), None)
    if column is None:
        listed = ", ".join(sorted(map(str, names))) or "nothing"
        raise SettingsError(f"{path}: expected a column `prediction`, found {listed}")
    before = next((name for name in _ORIGINAL if name in names), None)
    return [_value(row, column) for row in rows], [_value(row, before) for row in rows] if before else None


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix.lower() in (".csv", ".tsv"):
            yield from csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            return
        for number, line in enumerate(file, start=1):
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError(f"line {number} is no JSON object")
                yield row


def _value(row: Mapping[str, object], column: str) -> object:
    """Return a label; a position that a CSV file holds as digits is a number."""
    value = row.get(column)
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else value or None
    return value
