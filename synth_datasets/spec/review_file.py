"""From `reviews:` in a spec to the decisions that hold for its columns."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from synth_datasets.errors import SpecError
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.files import path_problem
from synth_datasets.spec.graph import inputs
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DerivedColumn,
    FieldsColumn,
    PromptColumn,
    TextColumn,
)
from synth_datasets.spec.parts import Parts
from synth_datasets.spec.problems import shown
from synth_datasets.spec.reviews import (
    SUFFIX,
    DecisionFault,
    Reviews,
    Ruling,
    read_decisions,
    rulings_key,
    rulings_of,
)
from synth_datasets.spec.rules import LabelsRule, VotesRule
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule

__all__ = ["build_reviews", "fixable"]

_RECORDS = VotesRule | SeedIdsRule | SeedRowsRule | SeedValueRule | LabelsRule
"""What these hold is how the row came about, which a fix does not change."""


def build_reviews(
    shape: Shape, columns: Sequence[Column], parts: Parts, read: Callable[[str], bytes]
) -> Reviews | None:
    """Return what the file of decisions says; None without one, and after noting what is wrong with it."""
    file = shape.spec.reviews
    if file is None or not shape.has("reviews"):
        return None
    text = _text(file, parts, read)
    if text is None:
        return None
    try:
        rulings = rulings_of(read_decisions(text))
    except DecisionFault as error:
        for line, words in error.faults:
            parts.problem(("reviews",), f"line {line} of '{shown(file)}': {words}")
        return None
    parts.files.texts[str(PurePosixPath(file))] = text
    mendable = fixable(columns)
    good = {row: tuple(each for each in said if _fits(each, mendable)) for row, said in rulings.items()}
    unfit = sum(map(len, rulings.values())) - sum(map(len, good.values()))
    good = {row: said for row, said in good.items() if said}
    return Reviews(file, good, rulings_key(good), unfit)


def fixable(columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    """Return the stored columns whose value a person may replace: by name the classes of a label, () for a text.

    A column that another stored one is computed from is none of them: offsets, marks or copies would no longer fit.
    """
    found: dict[str, tuple[str, ...]] = {}
    for column in columns:
        if isinstance(column, ClassesColumn) and not column.hidden:
            found[column.name] = column.names
        elif isinstance(column, PromptColumn) and not column.hidden:
            found[column.name] = ()
        elif isinstance(column, FieldsColumn) and not column.hidden:
            good = (each for each in column.fields if not each.hidden and each.type in ("string", "classes"))
            found.update((each.name, each.classes) for each in good)
    return {name: classes for name, classes in found.items() if not _computed_from(name, columns)}


def _computed_from(name: str, columns: Sequence[Column]) -> bool:
    """Whether a stored column is computed from this one, directly or through others."""
    computed = [
        column
        for column in columns
        if isinstance(column, TextColumn)
        or (isinstance(column, DerivedColumn) and not isinstance(column.rule, _RECORDS))
    ]
    reached, before = {name}, 0
    while len(reached) > before:
        before = len(reached)
        for column in computed:
            if inputs(column) & reached:
                if not column.hidden or (isinstance(column, DerivedColumn) and column.replaces):
                    return True
                reached.add(column.name)
    return False


def _fits(ruling: Ruling, mendable: Mapping[str, tuple[str, ...]]) -> bool:
    return all(
        name in mendable and (not mendable[name] or value in mendable[name]) for name, value in ruling.values
    )


def _text(file: str, parts: Parts, read: Callable[[str], bytes]) -> str | None:
    if words := path_problem(file):
        parts.problem(("reviews",), words, "put the file beside the spec and name it by its relative path")
        return None
    try:
        return read(file).decode("utf-8-sig").replace("\r\n", "\n")
    except SpecError as error:
        hint = f"`synth review` makes it; so does an empty file. Its name may end in {SUFFIX}"
        for problem in error.problems:
            parts.problem(("reviews",), problem.message, problem.hint or hint)
    except UnicodeDecodeError:
        parts.problem(("reviews",), f"'{shown(file)}' is not UTF-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        parts.problem(("reviews",), f"the file '{shown(file)}' cannot be read: {reason}")
    return None
