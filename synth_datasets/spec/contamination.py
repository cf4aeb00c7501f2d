"""From `contamination:` in a check to the rows of a test set, with what is wrong with the file at its place."""

from synth_datasets.errors import SpecError
from synth_datasets.spec.evaluation_set import EvaluationSet
from synth_datasets.spec.files import path_problem
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import shown
from synth_datasets.spec.schema_checks import ContaminationFile
from synth_datasets.spec.seed_data import Source, tables
from synth_datasets.spec.tables import SUFFIXES, TableError

__all__ = ["build_evaluation_set"]


def build_evaluation_set(path: Path, given: ContaminationFile, parts: Parts) -> EvaluationSet | None:
    """Return the texts that the check names, read once for a spec; None after noting what is wrong."""
    files = (given.file,) if isinstance(given.file, str) else tuple(given.file)
    source = Source(files)
    if (found := parts.evaluation_sets.get((source, given.column))) is not None:
        return found
    contents = {file: data for file in files if (data := _bytes((*path, "file"), file, parts)) is not None}
    if len(contents) < len(files):
        return None
    try:
        columns = [table.columns[given.column] for _, table in tables(source, [given.column], contents)]
    except TableError as error:
        for fault in error.faults:
            missing = fault.message.endswith(f"no column '{shown(given.column)}'")
            parts.problem((*path, "column" if missing else "file"), fault.message, fault.hint)
        return None
    texts = tuple(dict.fromkeys(text for column in columns for text in column if text.strip()))
    if not texts:
        parts.problem((*path, "file"), f"'{shown(str(source))}' holds no text in '{shown(given.column)}'")
        return None
    return parts.evaluation_sets.setdefault(
        (source, given.column), EvaluationSet(source, given.column, texts)
    )


def _bytes(path: Path, file: str, parts: Parts) -> bytes | None:
    words = path_problem(file)
    if not words and not file.lower().endswith(SUFFIXES):
        words = f"'{shown(file)}' is none of {', '.join(SUFFIXES)}"
    if words:
        parts.problem(path, words)
        return None
    try:
        return parts.read_bytes(file)
    except SpecError as error:
        for problem in error.problems:
            parts.problem(path, problem.message, problem.hint)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        parts.problem(path, f"the file '{shown(file)}' cannot be read: {reason}")
    return None
