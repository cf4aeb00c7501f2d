"""What differs between two releases: schema, rows, labels, lengths, quality, spec, and what they took."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from synth_datasets.errors import PublishError
from synth_datasets.prices import Price, money
from synth_datasets.publishing.beside import QUALITY_FILE
from synth_datasets.publishing.figures import card_figures
from synth_datasets.publishing.locked import differing
from synth_datasets.publishing.opened import Opened
from synth_datasets.publishing.row_changes import RowChanges, compare_rows, features_in, same_rows
from synth_datasets.publishing.row_ids import read_row_ids, row_ids_paths
from synth_datasets.publishing.shifts import LabelShift, LengthShift, label_shifts, length_shifts
from synth_datasets.quality.document import plain
from synth_datasets.quality.report import QualityReport

__all__ = ["Cost", "Diff", "FigureChange", "SchemaChanges", "Side", "compare"]

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two releases."""

    source: str
    name: str
    version: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChanges:
    """Columns by what became of them, with their types."""

    added: Mapping[str, str]
    removed: Mapping[str, str]
    changed: Mapping[str, tuple[str, str]]
    """Old and new type."""
    moved: bool
    """Whether columns that both have come in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureChange:
    """One figure of the quality report, on both sides; None where it was not measured."""

    name: str
    before: str | float | None
    after: str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a build took, rejected answers included."""

    answers: int
    prompt_tokens: int
    completion_tokens: int
    money: str | None
    """At today's prices of the reader; None where the models have no price there, or several models were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Everything that differs; what is the same is left out or empty."""

    old: Side
    new: Side
    schema: SchemaChanges
    splits: tuple[RowChanges, ...]
    """All splits of both, those that are the same, too."""
    labels: tuple[LabelShift, ...]
    lengths: tuple[LengthShift, ...]
    quality: tuple[FigureChange, ...]
    """All figures of both."""
    spec: tuple[str, ...]
    """`place: old → new` for what can change a row: values, and digests of texts."""
    texts: Mapping[str, str]
    """Unified diffs of the spec and the files it names, by path; those that are the same are left out."""
    cost_before: Cost | None
    cost_after: Cost | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `json.dump`; `format` is raised when their shape changes."""
        return {"format": FORMAT, **plain(self)}


def compare(
    old: Opened, new: Opened, *, prices: Mapping[str, Price] | None = None, currency: str = ""
) -> Diff:
    """Compare two releases. Data of a split is read (and fetched) only where its digest or the schema differs.

    Raises `PublishError` for data that is missing or damaged.
    """
    import pyarrow as pa

    try:
        return _compared(old, new, prices or {}, currency)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and (type(error) is not OSError or error.errno is not None):
            raise  # of the disk or the network, not of Parquet
        raise PublishError(
            f"the data of {old.source} or {new.source} cannot be read ({str(error).partition(chr(10))[0]}); "
            "`synth verify` says what is damaged"
        ) from error


def _compared(old: Opened, new: Opened, prices: Mapping[str, Price], currency: str) -> Diff:
    was, now = _shards(old), _shards(new)
    schema, columns = _schema(old, new)
    same_schema = not (schema.added or schema.removed or schema.changed or schema.moved)
    splits = tuple(
        _split(old, new, split, columns, same_schema=same_schema)
        for split in dict.fromkeys([*old.release.splits, *new.release.splits])
    )
    labels: tuple[LabelShift, ...] = ()
    lengths: tuple[LengthShift, ...] = ()
    if any(not split.same for split in splits):
        # A class that was renamed is a shift of its label, so columns whose type changed are looked at, too.
        shared = [*columns, *schema.changed]
        before, after = old.paths(was), new.paths(now)
        labels, lengths = label_shifts(before, after, shared), length_shifts(before, after, shared)
    return Diff(
        old=_side(old),
        new=_side(new),
        schema=schema,
        splits=splits,
        labels=labels,
        lengths=lengths,
        quality=tuple(_quality(old, new)),
        spec=tuple(differing("", old.release.lock.ingredients, new.release.lock.ingredients)),
        texts=_texts(old, new),
        cost_before=_cost(old, prices, currency),
        cost_after=_cost(new, prices, currency),
    )


def _side(opened: Opened) -> Side:
    release = opened.release
    return Side(
        source=opened.source,
        name=release.name,
        version=release.version,
        rows=sum(release.splits.values()),
        digest=release.digest,
    )


def _shards(opened: Opened, split: str | None = None) -> list[str]:
    start = "data/" if split is None else f"data/{split}-"
    return [path for path in opened.release.lock.files if path.startswith(start)]


def _schema(old: Opened, new: Opened) -> tuple[SchemaChanges, list[str]]:
    """Return what became of the columns, and those that both have with one type, in the old order."""
    if old.release.digest == new.release.digest:
        return SchemaChanges(added={}, removed={}, changed={}, moved=False), []
    was, now = _features(old), _features(new)
    kept = [name for name in was if name in now]
    changed = {name: (was[name], now[name]) for name in kept if was[name] != now[name]}
    schema = SchemaChanges(
        added={name: kind for name, kind in now.items() if name not in was},
        removed={name: kind for name, kind in was.items() if name not in now},
        changed=changed,
        moved=kept != [name for name in now if name in was],
    )
    return schema, [name for name in kept if name not in changed]


def _features(opened: Opened) -> dict[str, str]:
    from datasets import ClassLabel, List, Value

    def told(feature: Any) -> str:  # noqa: ANN401 - `datasets` has no common type of features
        match feature:
            case ClassLabel():
                return f"label of {', '.join(feature.names)}"
            case Value():
                return feature.dtype
            case List():
                return f"list of {told(feature.feature)}"
            case _:
                return str(feature)

    (first,) = opened.paths(_shards(opened)[:1])
    return {name: told(feature) for name, feature in features_in(first).items()}


def _split(old: Opened, new: Opened, split: str, columns: list[str], *, same_schema: bool) -> RowChanges:
    before, after = old.release.splits.get(split), new.release.splits.get(split)
    if before is None or after is None:
        return RowChanges(
            split=split,
            before=before,
            after=after,
            added=after or 0,
            removed=before or 0,
            changed=0,
            moved=False,
            by="digest",
        )
    if same_schema and old.release.digests[split] == new.release.digests[split]:
        return same_rows(split, before)
    return compare_rows(
        split,
        old.paths(_shards(old, split)),
        new.paths(_shards(new, split)),
        columns=columns,
        old_ids=_ids(old, split),
        new_ids=_ids(new, split),
    )


def _ids(opened: Opened, split: str) -> list[str] | None:
    return read_row_ids(opened.paths(row_ids_paths(opened.release.lock.files, split)))


def _report(opened: Opened) -> QualityReport | None:
    path = opened.path(QUALITY_FILE)
    try:
        return None if path is None else QualityReport.from_json(path.read_text(encoding="utf-8"))
    except ValueError:  # of another format: then there is nothing to set side by side
        return None


def _quality(old: Opened, new: Opened) -> Iterator[FigureChange]:
    reports = _report(old), _report(new)
    was, now = (
        {figure.name: figure.value for figure in card_figures(report)} if report else {} for report in reports
    )
    for name in {**was, **now}:
        yield FigureChange(name=name, before=was.get(name), after=now.get(name))


def _cost(opened: Opened, prices: Mapping[str, Price], currency: str) -> Cost | None:
    report = _report(opened)
    funnel = report.whole.funnel if report else None
    if funnel is None:
        return None
    models = {str(model["id"]) for model in opened.release.lock.models}
    price = prices.get(next(iter(models))) if len(models) == 1 else None
    tokens = funnel.prompt_tokens, funnel.completion_tokens
    return Cost(
        answers=funnel.answers,
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        money=None if price is None else money(price.cost(*tokens), currency),
    )


def _texts(old: Opened, new: Opened) -> dict[str, str]:
    was, now = _spec_files(old), _spec_files(new)
    found = {}
    for role in dict.fromkeys([*was, *now]):
        before, after = was.get(role), now.get(role)
        if before and after and _digest(old, before) == _digest(new, after):
            continue
        lines = difflib.unified_diff(
            _lines(old, before),
            _lines(new, after),
            f"{old.release.version}/{before or '(none)'}",
            f"{new.release.version}/{after or '(none)'}",
            lineterm="",
        )
        if text := "\n".join(lines):
            found[role] = text
    return found


def _spec_files(opened: Opened) -> dict[str, str]:
    """Return paths by what they are on both sides: the spec is called after the dataset, other files as it says."""
    spec, *others = opened.release.spec_files
    return {"spec": spec, **{path: path for path in others}}


def _digest(opened: Opened, path: str) -> str | None:
    return opened.release.lock.files.get(path)


def _lines(opened: Opened, path: str | None) -> list[str]:
    if path is None:
        return []
    (file,) = opened.paths([path])
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return [f"(no text; sha256 {_digest(opened, path)})"]
