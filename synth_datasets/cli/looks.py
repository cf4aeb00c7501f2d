"""What `synth report` looks at again: the rows of a build beside real ones, and an earlier build's report."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.quality.real_rows import RealRows
    from synth_datasets.quality.report import QualityReport
    from synth_datasets.spec.model import DatasetSpec

__all__ = ["beside", "examined_again"]


def beside(report: "QualityReport", source: str) -> "QualityReport":
    """Return the report with the figures of an earlier release beside its own: a folder, or owner/name@version."""
    from synth_datasets.publishing.opened import open_release
    from synth_datasets.quality.comparison import compare_reports
    from synth_datasets.quality.report import QualityReport

    opened = open_release(source)
    path = opened.path("quality.json")
    if path is None:
        raise SettingsError(f"{source} has no quality.json to set beside this one")
    try:
        old = QualityReport.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{source}: {error}") from error
    title = old.title or f"{opened.release.name} {opened.release.version}"
    return replace(
        report,
        against=compare_reports(title, (old.verdicts, old.whole), (report.verdicts, report.whole)),
    )


def examined_again(folder: Path, report: "QualityReport", real: str | None) -> "QualityReport":
    """Measure the rows of a build's folder anew, beside real rows where FILE or FILE:COLUMN is given.

    The real file's columns are taken for what they are called: the label's, and those of the attributes of `bias`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from synth_datasets.examined import examine
    from synth_datasets.publishing.release import read_release
    from synth_datasets.spec import load_spec, with_overrides
    from synth_datasets.trace import TRACE_FOLDER

    overrides: dict[str, Any] = dict(read_release(folder).lock.overrides)
    spec = with_overrides(load_spec(folder), **overrides)
    files = {split: sorted((folder / "data").glob(f"{split}-*.parquet")) for split in report.splits}
    tables = {
        split: pa.concat_tables([pq.read_table(path) for path in paths])
        for split, paths in files.items()
        if paths
    }
    text = next(iter(report.whole.texts), None)
    rows = None if real is None or text is None else _real(real, text, spec)
    return examine(spec, tables, folder / TRACE_FOLDER, real=rows)


def _real(given: str, text: str, spec: "DatasetSpec") -> "RealRows":
    from synth_datasets.features import label_columns
    from synth_datasets.quality.real_rows import RealRows

    path, _, named = given.rpartition(":") if not Path(given).is_file() else (given, "", "")
    file, text = Path(path or given), named or text
    texts = _column(file, text)
    if texts is None:
        raise SettingsError(f"{file} has no column {text!r}; name the column of texts as FILE:COLUMN")
    labels = label_columns(spec)
    label = spec.bias.label if spec.bias is not None else next(iter(labels), None)
    wanted = [each.name for each in spec.bias.attributes if not each.terms] if spec.bias is not None else []
    found: Mapping[str, list[str] | None] = {name: _column(file, name) for name in wanted}
    classes = _column(file, label) if label is not None else None
    known = set(labels.get(label or "", ()))
    return RealRows(
        texts=texts,
        labels=[name if name in known else "" for name in classes] if classes is not None else [],
        columns={name: values for name, values in found.items() if values is not None},
    )


def _column(file: Path, name: str) -> list[str] | None:
    """Return a column; None where the file has none of that name."""
    from synth_datasets.spec.tables import TableError, read_table

    try:
        return list(read_table(file.name, file.read_bytes(), [name]).columns[name])
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    except TableError:
        return None
