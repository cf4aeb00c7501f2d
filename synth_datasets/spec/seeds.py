"""From `seeds:` and columns of kind `seed` to rules, with what is wrong with the data at its line."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from synth_datasets.errors import SpecError
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.files import path_problem
from synth_datasets.spec.model import Column, DerivedColumn, FieldsColumn, PromptColumn, Split
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.rules_seeds import SEEDS, SeedIdsRule, SeedRowsRule, SeedValueRule
from synth_datasets.spec.schema_seeds import SeedColumnFile, SeedsFile, SourceFile
from synth_datasets.spec.seed_data import Seeds, Source, seed_data
from synth_datasets.spec.tables import SUFFIXES, TableError

__all__ = ["IDS", "ReadBytes", "build_seed", "build_seeds", "read_source", "seed_ids", "settled", "source_of"]

IDS = "seed_ids"
"""The stored column of what each row has seen."""
COPY = 0.8
"""Likeness to a seed from which a text is refused, unless the spec says otherwise."""

ReadBytes = Callable[[str], bytes]
_LISTED = 5


def build_seeds(shape: Shape, parts: Parts, read: ReadBytes) -> Seeds | None:
    """Return the seeds that the spec names, those of local files read; None as well after noting what is wrong."""
    given = shape.spec.seeds
    columns = [
        (name, file)
        for name, file in shape.spec.columns.items()
        if isinstance(file, SeedColumnFile) and shape.has("columns", name)
    ]
    if given is None or not shape.has("seeds"):
        if columns and shape.has("seeds"):
            name = columns[0][0]
            parts.problem(
                ("columns", name, "seed"), "there are no `seeds:`", "name the file of real rows there"
            )
        return None
    source = source_of(("seeds",), given, parts)
    if source is None:
        return None
    own = [given.text, given.label, given.split, given.group, given.id]
    wanted = dict.fromkeys([*own, *(file.seed for _, file in columns)])
    seeds = Seeds(
        source=source,
        text=given.text,
        label=given.label,
        split=given.split,
        group=given.group,
        id=given.id,
        columns=tuple(name for name in wanted if name is not None),
        ordered=any(file.vary for _, file in columns),
        origin=parts.origin,
    )
    if source.hub:
        return seeds
    contents = read_source(("seeds",), given, source, parts, read)
    if contents is None:
        return None
    try:
        return replace(seeds, data=seed_data(seeds, contents))
    except TableError as error:
        _note_faults(error, given, columns, parts)
        return None


def source_of(path: Path, given: SourceFile, parts: Parts) -> Source | None:
    """Return where the rows lie; None after noting that the place is not one."""
    files = (given.file,) if isinstance(given.file, str) else tuple(given.file)
    good = True
    for file in files:
        words = path_problem(file)
        if not words and not file.lower().endswith(SUFFIXES):
            words = f"'{shown(file)}' is none of {', '.join(SUFFIXES)}"
        if words:
            parts.problem((*path, "file"), words)
            good = False
    if len(set(files)) < len(files):
        parts.problem((*path, "file"), "a file is listed twice")
        good = False
    if given.hub is not None and given.revision is None:
        hint = "write `revision:` with the 40 hex digits that the history of its files shows"
        parts.problem((*path, "hub"), "a dataset on the Hub is pinned by its commit", hint)
        good = False
    if given.hub is None and given.revision is not None:
        parts.problem(
            (*path, "revision"), "`revision` belongs to a dataset on the Hub", "add `hub:`, or remove it"
        )
        good = False
    return Source(files, given.hub or "", given.revision or "") if good else None


def read_source(
    path: Path, given: SourceFile, source: Source, parts: Parts, read: ReadBytes
) -> dict[str, bytes] | None:
    """Return the bytes of the local files; None after noting which cannot be read."""
    contents: dict[str, bytes] = {}
    for file in source.files:
        try:
            contents[file] = read(file)
            if given.release:
                parts.files.texts[str(PurePosixPath(file))] = contents[file].decode()
        except SpecError as error:
            for problem in error.problems:
                parts.problem((*path, "file"), problem.message, problem.hint)
        except UnicodeDecodeError:
            hint = "give it as CSV or JSON lines, in UTF-8"
            parts.problem(
                (*path, "release"), f"'{shown(file)}' is no text, and a release holds texts only", hint
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            parts.problem((*path, "file"), f"the file '{shown(file)}' cannot be read: {reason}")
    return contents if len(contents) == len(source.files) else None


def build_seed(name: str, file: SeedColumnFile, parts: Parts) -> tuple[Column, ...] | None:
    """Return the column, after the hidden one that holds which seeds the row sees."""
    path, seeds = ("columns", name), parts.seeds
    many = file.count is not None
    if not _fits(path, file, parts):
        return None
    classes = () if file.classes is None else parts.class_names((*path, "classes"))
    if classes is None or not _classes_fit(path, file, classes, parts, seeds):
        return None
    if file.of is not None:
        other = _seed_column(parts, file.of)
        rows, many = f"{file.of}{SEEDS}", other is not None and "count" in other
        value = SeedValueRule(file.seed, rows, many, classes)
        return (DerivedColumn(name=name, rule=value, hidden=file.hidden),)
    if not _labels_fit(path, file, parts, seeds):
        return None
    near_seed = None if file.near is None else _seed_column(parts, file.near)
    rule = SeedRowsRule(
        way="vary" if file.vary else "near" if file.near is not None else "any",
        count=file.count or 1,
        same=file.same,
        near=file.near,
        apart=_rows_of(parts, file.near) if near_seed is not None and file.near is not None else None,
    )
    value = SeedValueRule(file.seed, f"{name}{SEEDS}", many, classes)
    return (
        DerivedColumn(name=f"{name}{SEEDS}", rule=rule, hidden=True),
        DerivedColumn(name=name, rule=value, hidden=file.hidden),
    )


def seed_ids(columns: Sequence[Column], shape: Shape, parts: Parts) -> tuple[Column, ...]:
    """Return the stored column of seed ids, if there are seeds to name and nobody has switched it off."""
    rows = tuple(
        column.name
        for column in columns
        if isinstance(column, DerivedColumn) and isinstance(column.rule, SeedRowsRule)
    )
    given = shape.spec.seeds
    if not rows or given is None or not given.ids:
        return ()
    if IDS in shape.spec.columns:
        hint = "choose another name, or write `ids: false` under `seeds`"
        parts.problem(("columns", IDS), f"'{IDS}' is the column that says which seeds a row has seen", hint)
        return ()
    return (DerivedColumn(name=IDS, rule=SeedIdsRule(rows)),)


def settled(
    seeds: Seeds | None, columns: Sequence[Column], splits: Sequence[Split], shape: Shape, parts: Parts
) -> Seeds | None:
    """Return the seeds with what follows from the rest of the spec: shares of splits, and which texts are compared."""
    copies = _copies(columns, shape, parts)
    given = shape.spec.seeds
    if seeds is None or given is None:
        return None
    names = [split.name for split in splits]
    for name in given.shares or {}:
        if name not in names:
            path = ("seeds", "shares", name)
            message = f"there is no split '{shown(name)}'"
            parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, names)
    if given.split is not None and given.shares is not None:
        parts.problem(
            ("seeds", "shares"), "`split` says already which seed is whose", "remove one of the two"
        )
    if given.split is None and given.shares is None and not all(split.num_examples for split in splits):
        for name in [split.name for split in splits if shape.spec.splits.get(split.name) == "balance"]:
            hint = "write how many seeds each split gets, such as `shares: {train: 8, test: 2}`"
            parts.problem(("seeds",), f"nobody knows yet how many rows '{shown(name)}' will have", hint)
    shares = (
        given.shares if given.shares is not None else {split.name: split.num_examples for split in splits}
    )
    if given.split is None and not any(shares.values()):
        hint = "write how many seeds each gets, such as `shares: {train: 8, test: 2}`"
        parts.problem(("seeds",), "the splits do not tell how to deal the seeds to them", hint)
    dealt = tuple((name, float(shares[name])) for name in names if shares.get(name))
    return replace(seeds, shares=dealt if given.split is None else (), copies=copies)


def _copies(columns: Sequence[Column], shape: Shape, parts: Parts) -> dict[str, float]:
    """Return from which likeness to a seed each text of the model is refused."""
    texts = [column.name for column in columns if isinstance(column, PromptColumn) and "." not in column.name]
    for column in columns:
        if isinstance(column, FieldsColumn) and "." not in column.name:
            texts += [field.name for field in column.fields if field.type == "string"]
    found: dict[str, float] = {}
    for name in texts:
        checks = shape.spec.checks.get(name)
        wanted = None if checks is None else checks.seed_copy
        if wanted != "keep":
            found[name] = COPY if wanted is None else float(wanted)
    for name, checks in shape.spec.checks.items():
        path = ("checks", name, "seed_copy")
        if checks.seed_copy is not None and shape.spec.seeds is None and shape.has("seeds"):
            parts.problem(path, "there are no `seeds:` that a text could copy", "remove it")
        elif checks.seed_copy is not None and name not in texts and shape.has("columns"):
            parts.problem(path, "`seed_copy` applies to texts that the model writes")
    return found


def _fits(path: Path, file: SeedColumnFile, parts: Parts) -> bool:
    """Whether the keys go together and name columns that there are."""
    before = len(parts.problems.all())
    if file.of is not None:
        given = [key for key in ("count", "same", "near") if getattr(file, key) is not None]
        for key in [*given, *(["vary"] if file.vary else [])]:
            parts.problem((*path, key), f"`{key}` is said where the seeds are chosen, in '{shown(file.of)}'")
    if file.vary and file.near is not None:
        parts.problem(
            (*path, "near"), "seeds are either varied one after another or the nearest", "choose one"
        )
    if file.vary and file.count is not None:
        parts.problem((*path, "count"), "one seed is varied at a time", "remove `count`")
    _check_named(path, file, parts)
    return len(parts.problems.all()) == before


def _check_named(path: Path, file: SeedColumnFile, parts: Parts) -> None:
    for key in ("same", "near", "of"):
        _check_name((*path, key), str(path[-1]), getattr(file, key), parts)
    if file.of is not None and (other := _seed_column(parts, file.of)) is not None and "of" in other:
        parts.problem(
            (*path, "of"), f"'{shown(file.of)}' takes its seeds from another column", "name that one"
        )
    if file.near is not None and "count" in (_seed_column(parts, file.near) or ()):
        parts.problem(
            (*path, "near"), f"'{shown(file.near)}' is a list of texts", "name a column of one text"
        )
    if file.same is not None and "label" not in (parts.tree.at(["seeds"]).members or {"label": None}):
        hint = "write `label:` with the name of that column under `seeds`"
        parts.problem((*path, "same"), "the seeds have no label to compare", hint)


def _check_name(path: Path, own: str, name: str | None, parts: Parts) -> None:
    if name is None:
        return
    known = _column_names(parts) - {own}
    if name not in known:
        message = f"there is no column '{shown(name)}' here" if name != own else "a column cannot name itself"
        parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, known)
    elif path[-1] == "of" and _seed_column(parts, name) is None:
        parts.problem(path, f"'{shown(name)}' is no column of kind `seed`")


def _classes_fit(
    path: Path, file: SeedColumnFile, classes: Sequence[str], parts: Parts, seeds: Seeds | None
) -> bool:
    if seeds is None or seeds.data is None or not classes:
        return True
    strange = [value for value in dict.fromkeys(seeds.data.columns[file.seed]) if value not in classes]
    if strange:
        listed = _list(strange)
        parts.problem((*path, "classes"), f"the seeds have other values in '{shown(file.seed)}': {listed}")
    return not strange


def _labels_fit(path: Path, file: SeedColumnFile, parts: Parts, seeds: Seeds | None) -> bool:
    """Whether there are seeds for every value that the column of `same` is known to take."""
    if file.same is None or seeds is None or seeds.data is None or seeds.label is None:
        return True
    values = parts.domains.get(file.same) or ()
    there = set(seeds.data.columns[seeds.label])
    if missing := [str(value) for value in values if str(value) not in there]:
        hint = f"the labels there are: {_list(sorted(there))}"
        parts.problem((*path, "same"), f"no seed has the label {_list(missing)}", hint)
    return not missing


def _seed_column(parts: Parts, name: str) -> Collection[str] | None:
    """Return the keys of a column of kind `seed`; None when it is of another kind, or none."""
    columns = parts.tree.at(["columns"]).members or {}
    keys = (columns[name].members or {}) if name in columns else {}
    return keys if "seed" in keys else None


def _rows_of(parts: Parts, name: str) -> str:
    """Return the column of ids behind a column of kind `seed`."""
    node = (parts.tree.at(["columns", name]).members or {}).get("of")
    return f"{name if node is None else node.text}{SEEDS}"


def _column_names(parts: Parts) -> set[str]:
    columns = parts.tree.at(["columns"]).members or {}
    names = set(columns)
    for node in columns.values():
        fields = (node.members or {}).get("fields")
        names |= set((fields.members if fields is not None else None) or {})
    return names


def _note_faults(
    error: TableError, given: SeedsFile, columns: Sequence[tuple[str, SeedColumnFile]], parts: Parts
) -> None:
    for fault in error.faults:
        path: Path = ("seeds", "file")
        named = [
            key
            for key in ("text", "label", "split", "group", "id")
            if _names(fault.message, getattr(given, key))
        ]
        of = [name for name, file in columns if _names(fault.message, file.seed)]
        if named and named[0] in (parts.tree.at(["seeds"]).members or {}):
            path = ("seeds", named[0])
        elif of and not named:
            path = ("columns", of[0], "seed")
        parts.problem(path, fault.message, fault.hint)


def _names(message: str, column: str | None) -> bool:
    return column is not None and f"there is no column '{shown(column)}'" in message


def _list(values: Sequence[str]) -> str:
    listed = ", ".join(f"'{shown(value)}'" for value in values[:_LISTED])
    return listed + (", ..." if values[_LISTED:] else "")
