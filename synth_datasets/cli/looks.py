"""What `synth report` looks at again: the rows of a build beside real ones, and an earlier build's report."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.quality.embeddings import Embed
    from synth_datasets.quality.report import QualityReport

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


def examined_again(
    folder: Path,
    report: "QualityReport",
    real: str | None,
    *,
    embed: "Embed | None" = None,
    public: bool = True,
) -> "QualityReport":
    """Measure the rows of a build's folder anew, beside real rows where FILE or FILE:COLUMN is given.

    Their words are shown unless they are not `public`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from synth_datasets.cli.made_of import spec_of
    from synth_datasets.examined import examine
    from synth_datasets.publishing.release import read_release
    from synth_datasets.real_file import read_real
    from synth_datasets.spec import with_overrides
    from synth_datasets.trace import TRACE_FOLDER

    release = read_release(folder)
    overrides: dict[str, Any] = dict(release.lock.overrides)
    spec = with_overrides(spec_of(folder), **overrides)
    tables = {
        split: pa.concat_tables([pq.read_table(path) for path in paths])
        for split, paths in release.shards.items()
        if paths
    }
    text = next(iter(report.whole.texts), None)
    rows = None if real is None or text is None else replace(read_real(real, text, spec), public=public)
    return examine(spec, tables, folder / TRACE_FOLDER, real=rows, embed=embed)
