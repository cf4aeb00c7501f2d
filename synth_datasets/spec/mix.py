"""From `mix:` to a `Mix`, with what does not fit noted at its place."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from synth_datasets.spec.explain import Shape
from synth_datasets.spec.mix_data import Kind, Mix, misfit
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DerivedColumn,
    Field,
    FieldsColumn,
    NumberColumn,
    PromptColumn,
    SampleColumn,
    Split,
    TextColumn,
)
from synth_datasets.spec.parts import Parts
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.rules import PartRule
from synth_datasets.spec.rules_seeds import SeedValueRule
from synth_datasets.spec.schema import column_name_ok
from synth_datasets.spec.schema_mix import MixFile
from synth_datasets.spec.seed_data import Seeds, Source, seed_data
from synth_datasets.spec.seeds import ReadBytes, read_source, source_of
from synth_datasets.spec.tables import TableError

__all__ = ["build_mix"]

_LISTED = 5


def build_mix(
    shape: Shape, columns: Sequence[Column], splits: Sequence[Split], parts: Parts, read: ReadBytes
) -> Mix | None:
    """Return what `mix:` says, local rows read; None as well after noting what is wrong."""
    given = shape.spec.mix
    if given is None or not shape.has("mix"):
        return None
    before = len(parts.problems.all())
    source = source_of(("mix",), given, parts)
    stored = dict(_stored(columns))
    _check(given, stored, splits, parts)
    if source is None or len(parts.problems.all()) > before:
        return None
    mix = _mix(given, source, stored, splits)
    if mix is None:
        parts.problem(
            ("mix", "columns"), "no column that the model writes is named", "name the column of the texts"
        )
        return None
    return mix if source.hub else _filled(mix, given, parts, read)


def _mix(
    given: MixFile, source: Source, stored: Mapping[str, Column | Field], splits: Sequence[Split]
) -> Mix | None:
    """Return the mix without its rows; None where no text of the model is among its columns."""
    written = [
        name
        for name in given.columns
        if isinstance(stored[name], PromptColumn) or getattr(stored[name], "type", "") == "string"
    ]
    if not written:
        return None
    text = given.columns[written[0]]
    wanted = dict.fromkeys([text, *given.columns.values(), given.split, given.group, given.id])
    seeds = Seeds(
        source=source,
        text=text,
        split=given.split,
        group=given.group,
        id=given.id,
        shares=() if given.split is not None else _shares(given, splits),
        columns=tuple(name for name in wanted if name is not None),
        copies={written[0]: float(given.near)},
    )
    return Mix(
        seeds=seeds,
        columns=tuple(given.columns.items()),
        kinds={name: kind for name in given.columns if (kind := _kind(stored[name])) is not None},
        classes={name: names for name in given.columns if (names := _classes(stored[name]))},
        labels=dict(given.labels),
        rows=tuple(
            (name, None if count == "all" else int(count)) for name, count in (given.rows or {}).items()
        ),
        ratio=tuple((name, float(ratio)) for name, ratio in (given.ratio or {}).items()),
        per_class=given.per_class,
        interleave=given.order == "interleave",
        source=given.source,
    )


def _shares(given: MixFile, splits: Sequence[Split]) -> tuple[tuple[str, float], ...]:
    """Return how rows are dealt: as said, else as many as are asked for, else as the splits have."""
    if given.shares is not None:
        return tuple((name, float(share)) for name, share in given.shares.items() if share)
    named = given.rows or given.ratio or {}
    counts = {name: count for name, count in (given.rows or {}).items() if isinstance(count, int) and count}
    if len(counts) < len(named):
        counts = {split.name: split.num_examples for split in splits if split.name in named}
    return tuple((name, float(max(1, count))) for name, count in counts.items())


def _check(
    given: MixFile, stored: Mapping[str, Column | Field], splits: Sequence[Split], parts: Parts
) -> None:
    names = [split.name for split in splits]
    if (given.rows is None) == (given.ratio is None):
        parts.problem(("mix",), "one of `rows` and `ratio` is needed", "write `rows: {train: 400}`")
    if given.split is not None and given.shares is not None:
        parts.problem(("mix", "shares"), "`split` says already whose the rows are", "remove one of the two")
    for key in ("rows", "ratio", "shares"):
        for name in getattr(given, key) or {}:
            if name not in names:
                path = ("mix", key, name)
                message = f"there is no split '{shown(name)}'"
                parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, names)
    for name in given.columns:
        path = ("mix", "columns", name)
        if name not in stored:
            message = f"there is no stored column '{shown(name)}'"
            parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, list(stored))
        elif _kind(stored[name]) is None:
            parts.problem(
                path,
                f"'{shown(name)}' is of a kind that no table of texts can fill",
                "leave it out: it is empty in real rows",
            )
    if given.source in stored or not column_name_ok(given.source):
        parts.problem(
            ("mix", "source"),
            f"'{shown(given.source)}' is a column already, or no name for one",
            "name another",
        )


def _filled(mix: Mix, given: MixFile, parts: Parts, read: ReadBytes) -> Mix | None:
    contents = read_source(("mix",), given, mix.seeds.source, parts, read)
    if contents is None:
        return None
    try:
        data = seed_data(mix.seeds, contents)
    except TableError as error:
        for fault in error.faults:
            parts.problem(("mix", "file"), fault.message, fault.hint)
        return None
    good = True
    for ours, theirs in mix.columns:
        odd = Counter(value for value in data.columns[theirs] if misfit(mix, ours, value))
        if odd:
            listed = ", ".join(
                f"'{shown(value[:40])}' ({count})" for value, count in odd.most_common(_LISTED)
            )
            words = misfit(mix, ours, next(iter(odd)))
            hint = "say under `labels` which class it is" if ours in mix.classes else ""
            parts.problem(
                ("mix", "columns", ours), f"values of '{shown(theirs)}' do not fit: {listed}: {words}", hint
            )
            good = False
    return replace(mix, seeds=replace(mix.seeds, data=data)) if good else None


def _stored(columns: Sequence[Column]) -> list[tuple[str, Column | Field]]:
    found: list[tuple[str, Column | Field]] = []
    for column in columns:
        if column.hidden:
            continue
        fields = column.fields if isinstance(column, FieldsColumn) else ()
        found += [(item.name, item) for item in fields if not item.hidden]
        found += [] if isinstance(column, FieldsColumn) else [(column.name, column)]
    return found


def _classes(item: Column | Field) -> tuple[str, ...]:
    match item:
        case ClassesColumn():
            return item.names
        case Field():
            return item.classes
        case DerivedColumn(rule=PartRule() | SeedValueRule()):
            return item.rule.classes
        case _:
            return ()


def _kind(item: Column | Field) -> Kind | None:  # noqa: PLR0911 - one line a kind
    """Return what a text of the data becomes; None where it can become nothing."""
    if _classes(item):
        return None if isinstance(item, DerivedColumn) and getattr(item.rule, "many", False) else "class"
    match item:
        case NumberColumn():
            return "integer" if item.integer else "number"
        case SampleColumn():
            return _sampled(item)
        case PromptColumn() | TextColumn() | Field(type="string"):
            return "text"
        case Field(type="integer"):
            return "integer"
        case Field(type="number"):
            return "number"
        case Field(type="boolean"):
            return "boolean"
        case _:
            return None


def _sampled(column: SampleColumn) -> Kind:
    values = [value for weighted in column.choices.values() for value in weighted.values]
    if any(weighted.list for weighted in column.choices.values()) or any(isinstance(v, str) for v in values):
        return "text"
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if any(isinstance(value, bool) for value in values):
        return "text"
    return "integer" if all(isinstance(value, int) for value in values) else "number"
