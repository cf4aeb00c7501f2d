"""Real rows of a file of one's own, to set beside those that were made."""

import hashlib
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.features import label_columns
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.tables import TableError, read_table

__all__ = ["read_real"]


def read_real(given: str, text: str, spec: DatasetSpec) -> RealRows:
    """Read FILE, or FILE:COLUMN, as real rows of a text column: CSV, TSV, JSON lines or Parquet.

    Its columns are taken for what they are called: the label's, and those of the attributes of `bias`. Rows without
    text are left out. Raises `SettingsError` for a file that cannot be read or lacks the column of texts.
    """
    path, _, named = given.rpartition(":") if not Path(given).is_file() else (given, "", "")
    file, theirs = Path(path or given), named or text
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    texts = _column(file, data, theirs)
    if texts is None:
        raise SettingsError(f"{file} has no column {theirs!r}; name the column of texts as FILE:COLUMN")
    kept = [row for row, each in enumerate(texts) if each.strip()]
    labels = label_columns(spec)
    label = spec.bias.label if spec.bias is not None else next(iter(labels), None)
    wanted = [each.name for each in spec.bias.attributes if not each.terms] if spec.bias is not None else []
    found = {name: _column(file, data, name) for name in wanted}
    classes = _column(file, data, label) if label is not None else None
    known = set(labels.get(label or "", ()))
    return RealRows(
        texts=[texts[row] for row in kept],
        labels=[classes[row] if classes[row] in known else "" for row in kept] if classes is not None else [],
        columns={name: [values[row] for row in kept] for name, values in found.items() if values is not None},
        of=text,
        source=file.name,
        digest=hashlib.sha256(data).hexdigest(),
    )


def _column(file: Path, data: bytes, name: str) -> list[str] | None:
    """Return a column; None where the file has none of that name."""
    try:
        return list(read_table(file.name, data, [name]).columns[name])
    except TableError:
        return None
