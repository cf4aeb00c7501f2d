"""How many rows of each class a split holds: as it is written, or as many as real data lack."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from synth_datasets.errors import Problem, SpecError
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.model import ClassesColumn, Column, Split
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.schema_seeds import BalanceFile
from synth_datasets.spec.seed_data import Balance, counted, tables
from synth_datasets.spec.seeds import ReadBytes, read_source, source_of
from synth_datasets.spec.tables import TableError

__all__ = ["build_balance", "completed", "filled", "split_of"]

_Cells = dict[tuple[str, ...], int]


def split_of(name: str, given: object, columns: Sequence[Column], parts: Parts) -> Split:
    """Return the split; counts for its classes where they are given, nothing yet where it completes real data."""
    if isinstance(given, int):
        return Split(name, given)
    if not isinstance(given, Mapping):
        return Split(name, 0)
    first, second = _class_columns(columns)
    path: Path = ("splits", name)
    if first is None:
        hint = "write one number, or add a column of kind `classes`"
        parts.problem(path, "rows of each class are given, and no column has classes", hint)
        return Split(name, 1)
    counts: list[tuple[str, int]] = []
    cells: list[tuple[str, tuple[tuple[str, int], ...]]] = []
    for value, count in given.items():
        _check_value((*path, value), value, first, parts)
        if not isinstance(count, Mapping):
            counts.append((value, count))
            continue
        if second is None:
            hint = "write one number, or add a second column of kind `classes`"
            parts.problem((*path, value), "cells are given, and only one column has classes", hint)
            continue
        for key in count:
            _check_value((*path, value, key), key, second, parts)
        counts.append((value, sum(count.values())))
        cells.append((value, _in_order(count, second)))
    return Split(
        name, sum(count for _, count in counts), counts=_in_order(dict(counts), first), cells=tuple(cells)
    )


def build_balance(shape: Shape, columns: Sequence[Column], parts: Parts, read: ReadBytes) -> Balance | None:
    """Return what `balance:` says, with the counts of local files; None as well after noting what is wrong."""
    given, split = shape.spec.balance, _balanced_split(shape, parts)
    if given is None or split is None:
        return None
    source = source_of(("balance",), given, parts)
    pairs = _columns_of(given, columns, parts)
    to = () if pairs is None else _target(given, columns, pairs, parts)
    if source is None or pairs is None or to == ():
        return None
    balance = Balance(source=source, split=split, columns=pairs, to=to)
    return balance if source.hub else _counted_here(balance, given, columns, parts, read)


def _balanced_split(shape: Shape, parts: Parts) -> str | None:
    """Return the split that completes real data; None when there is none, or after noting that it is not one."""
    named = [name for name, rows in shape.spec.splits.items() if rows == "balance"]
    if not shape.has("balance") or not shape.has("splits"):
        return None
    if shape.spec.balance is None:
        for name in named:
            parts.problem(("splits", name), "there is no `balance:` that says what is missing")
        return None
    if len(named) == 1:
        return named[0]
    message = "one split must say `balance`" + (f", found {len(named)}" if named else "")
    parts.problem(("splits",), message, "write `splits: {train: balance}`")
    return None


def _counted_here(
    balance: Balance, given: BalanceFile, columns: Sequence[Column], parts: Parts, read: ReadBytes
) -> Balance | None:
    contents = read_source(("balance",), given, balance.source, parts, read)
    if contents is None:
        return None
    try:
        return completed(balance, columns, contents)
    except TableError as error:
        for fault in error.faults:
            parts.problem(("balance", "file"), fault.message, fault.hint)
    except SpecError as error:
        for problem in error.problems:
            parts.problem(("balance",), problem.message, problem.hint)
    return None


def completed(balance: Balance, columns: Sequence[Column], contents: Mapping[str, bytes]) -> Balance:
    """Return the balance with real rows counted, and how many there will be; raises `TableError` or `SpecError`."""
    domains = [_classes(columns, name).names for name, _ in balance.columns]
    found: Counter[tuple[str, ...]] = Counter()
    for _, table in tables(balance.source, [theirs for _, theirs in balance.columns], contents):
        found.update(counted(table, [theirs for _, theirs in balance.columns]))
    problems = [
        Problem(
            0,
            "balance",
            f"{count} rows of the data have '{shown(value)}' in '{shown(theirs)}', no class of {ours}",
        )
        for at, (ours, theirs) in enumerate(balance.columns)
        for value, count in sorted(_values(found, at).items())
        if value not in domains[at]
    ]
    cells: list[tuple[str, ...]] = [(name,) for name in domains[0]]
    if len(domains) > 1:
        cells = [(name, other) for name in domains[0] for other in domains[1]]
    before = {cell: found.get(cell, 0) for cell in cells}
    after = {cell: max(count, _wanted(balance, before, cell)) for cell, count in before.items()}
    if not problems and before == after:
        hint = "raise `to`, or leave `balance` out"
        problems.append(
            Problem(0, "balance", "nothing is missing: every class has as many rows already", hint)
        )
    if problems:
        raise SpecError("balance", problems)
    return replace(balance, before=tuple(before.items()), after=tuple(after.items()))


def filled(split: Split, balance: Balance | None) -> Split:
    """Return the split; the one that completes real data with what they lack, once they are counted."""
    if balance is None or split.name != balance.split or balance.before is None:
        return split
    before = dict(balance.before)
    missing = {cell: count - before[cell] for cell, count in balance.after}
    counts: dict[str, int] = {}
    for cell, count in missing.items():
        counts[cell[0]] = counts.get(cell[0], 0) + count
    cells: list[tuple[str, tuple[tuple[str, int], ...]]] = []
    if len(balance.columns) > 1:
        cells = [
            (name, tuple((cell[1], count) for cell, count in missing.items() if cell[0] == name))
            for name in counts
        ]
    return replace(split, num_examples=sum(counts.values()), counts=tuple(counts.items()), cells=tuple(cells))


def _wanted(balance: Balance, before: _Cells, cell: tuple[str, ...]) -> int:
    if balance.to is None:
        return max(before.values())
    return balance.to if isinstance(balance.to, int) else dict(balance.to).get(cell[0], 0)


def _values(found: Counter[tuple[str, ...]], at: int) -> Counter[str]:
    values: Counter[str] = Counter()
    for cell, count in found.items():
        values[cell[at]] += count
    return values


def _columns_of(
    given: BalanceFile, columns: Sequence[Column], parts: Parts
) -> tuple[tuple[str, str], ...] | None:
    match given.column:
        case str():
            pairs = [(given.column, given.column)]
        case dict():
            pairs = list(given.column.items())
        case _:
            pairs = [(name, name) for name in given.column]
    order = [column for column in _class_columns(columns) if column is not None]
    for at, (name, _) in enumerate(pairs):
        path: Path = ("balance", "column")
        names = [column.name for column in order]
        if name not in names:
            message = f"'{shown(name)}' is none of the first two `classes` columns"
            parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, names)
            return None
        if names.index(name) != at:
            hint = f"put {names[0]} first: rows are balanced over the first `classes` column"
            parts.problem(path, f"'{shown(name)}' cannot be balanced in this place", hint)
            return None
    return tuple(pairs)


def _target(
    given: BalanceFile, columns: Sequence[Column], pairs: Sequence[tuple[str, str]], parts: Parts
) -> int | tuple[tuple[str, int], ...] | None:
    """Return the rows of each class; () after noting that they are wrong."""
    if given.to == "largest":
        return None
    if isinstance(given.to, int):
        return given.to
    if len(pairs) > 1:
        parts.problem(
            ("balance", "to"), "of cells, `to` is `largest` or one number", "give `splits` cells instead"
        )
        return ()
    before = len(parts.problems.all())
    for name in given.to:
        _check_value(("balance", "to", name), name, _classes(columns, pairs[0][0]), parts)
    return tuple(given.to.items()) if len(parts.problems.all()) == before else ()


def _class_columns(columns: Sequence[Column]) -> tuple[ClassesColumn | None, ClassesColumn | None]:
    found = [column for column in columns if isinstance(column, ClassesColumn) and "." not in column.name]
    return (found[0] if found else None), (found[1] if found[1:] else None)


def _classes(columns: Sequence[Column], name: str) -> ClassesColumn:
    return next(column for column in columns if isinstance(column, ClassesColumn) and column.name == name)


def _check_value(path: Path, value: str, column: ClassesColumn, parts: Parts) -> None:
    if value not in column.names:
        message = f"'{shown(value)}' is no class of {column.name}"
        parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, value, column.names)


def _in_order(counts: Mapping[str, int], column: ClassesColumn) -> tuple[tuple[str, int], ...]:
    return tuple((name, counts[name]) for name in column.names if name in counts)
