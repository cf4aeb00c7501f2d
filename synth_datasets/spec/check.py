"""What only the whole spec can tell: names that resolve, an order to make columns in, and checks that apply."""

from collections.abc import Sequence, Set
from dataclasses import replace

from synth_datasets.semantic import ALIKE, MODEL
from synth_datasets.spec import schema
from synth_datasets.spec.annotation import further_names
from synth_datasets.spec.annotation_checks import (
    check_differs,
    differs_of,
    helper_checks,
    marked_texts,
    unprintable,
)
from synth_datasets.spec.balance import filled, split_of
from synth_datasets.spec.challenge import companions
from synth_datasets.spec.dialogue_checks import dialogue_defaults, spoken, with_spoken
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.graph import find_cycle, outputs
from synth_datasets.spec.hints import for_name
from synth_datasets.spec.model import Checks, Column, FieldsColumn, PromptColumn, Split
from synth_datasets.spec.parts import Parts, Path, Use
from synth_datasets.spec.perplexity import with_perplexity
from synth_datasets.spec.preference import PAIR
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.reader import Node
from synth_datasets.spec.row_checks import with_least, with_row_checks
from synth_datasets.spec.seed_data import Balance
from synth_datasets.spec.templates import RESERVED_NAMES
from synth_datasets.spec.text_checks import with_text_checks

__all__ = ["check_columns", "checks_of", "splits_of"]

_GROUP = Checks(unique="exact", echo=False, repetition=False)
_FIELD = Checks(echo=False, repetition=False)
_TEXT = Checks(unique="near")
_JUDGE = Checks(refusals=False, echo=False, repetition=False)


def check_columns(columns: Sequence[Column], shape: Shape, parts: Parts) -> None:
    """Note every mistake that lies between columns; `columns` are those that could be made."""
    groups = _groups(parts.tree)
    _check_names(groups, parts)
    given = {name for names in groups.values() for name in names}
    whole = shape.has("columns")
    for use in parts.uses:
        if whole:
            _check_use(use, given, groups, parts)
    _check_cycles(columns, parts)
    complete = all(shape.has("columns", name) for name in groups)
    all_made = groups.keys() <= {column.name.partition(".")[0] for column in columns}
    if whole and complete and all_made and not any(map(_visible, columns)):
        parts.problem(("columns",), "every column is hidden, nothing would be stored", "show one")


def splits_of(
    shape: Shape, columns: Sequence[Column], balance: Balance | None, parts: Parts
) -> tuple[Split, ...]:
    """Return the splits, in the order of the file."""
    given = {name: rows for name, rows in shape.spec.splits.items() if shape.has("splits", name)}
    splits = [filled(split_of(name, rows, columns, parts), balance) for name, rows in given.items()]
    for split in splits:
        if not schema.split_name_ok(split.name) or split.name == "all":
            message = f"'{shown(split.name)}' is no name for a split"
            parts.problem(
                ("splits", split.name),
                message,
                "use ASCII letters (a to z), digits, `_` and single dots, not `all`",
            )
    waiting = "balance" in given.values() and (balance is None or balance.before is None)
    if splits and not waiting and shape.has("splits") and not any(split.num_examples for split in splits):
        parts.problem(("splits",), "no split holds a row")
    return tuple(splits)


def checks_of(columns: Sequence[Column], shape: Shape, parts: Parts) -> dict[str, Checks]:  # noqa: C901 - a branch a kind
    """Return the checks of every column, group and text field that the model writes."""
    checks: dict[str, Checks] = {}
    for column in columns:
        if isinstance(column, PromptColumn):
            checks[column.name] = _TEXT
        elif isinstance(column, FieldsColumn) and column.judges:
            checks |= dict.fromkeys((column.name, *outputs(column)), _JUDGE)
        elif isinstance(column, FieldsColumn):
            checks[column.name] = _GROUP
            checks |= {field.name: _FIELD for field in column.fields if field.type == "string"}
    checks |= dialogue_defaults(columns)
    checks |= helper_checks(columns, checks)
    marked = marked_texts(columns)
    groups = {column.name: column for column in columns if isinstance(column, FieldsColumn)}
    for own_name, given in shape.spec.checks.items():
        path, name = ("checks", own_name), marked.get(own_name, own_name)
        if name in groups and groups[name].judges:
            checks[name] = with_least(path, given, checks[name], columns, parts)
        elif texts := spoken(name, columns):
            own = {text: _checks(path, given, checks[text], False, parts) for text in texts}
            rows = {text: with_row_checks(path, given, each, columns, parts) for text, each in own.items()}
            checks |= with_spoken(name, rows, checks, unique=given.unique is not None)
        elif name in checks:
            own = _checks(path, given, checks[name], name in groups, parts)
            checks[name] = with_row_checks(path, given, own, columns, parts)
        elif given.model_fields_set == {"verify"}:
            continue  # `votes` makes columns of it
        elif shape.has("checks", name):
            _explain_no_checks(name, [known for known in checks if "." not in known], shape, parts)
    check_differs(columns, checks, parts)
    return checks | with_perplexity(shape.spec.checks, columns, checks)


def _groups(tree: Node) -> dict[str, list[str]]:
    """Return the names that each column of the file gives, whether it could be made or not."""
    columns = tree.at(["columns"]).members if tree.members and "columns" in tree.members else None
    groups: dict[str, list[str]] = {}
    for name, node in (columns or {}).items():
        fields = (node.members or {}).get("fields")
        own = [name, *companions(name, node.members or {})]
        groups[name] = own if fields is None else list(fields.members or {})
        groups[name] += [further for _, further in further_names(node)]
        groups[name] = _with_dialogue(groups[name], node)
    return groups


def _with_dialogue(names: list[str], node: Node) -> list[str]:
    members = node.members or {}
    if "preference" in members:
        return list(PAIR)
    settings = members.get("messages")
    return [*names, "tools"] if settings is not None and "tools" in (settings.members or {}) else names


def _visible(column: Column) -> bool:
    if isinstance(column, FieldsColumn):
        return not column.hidden and not all(field.hidden for field in column.fields)
    return not column.hidden


def _check_names(groups: dict[str, list[str]], parts: Parts) -> None:
    seen: dict[str, Path] = {}
    for group, names in groups.items():
        members = parts.tree.at(["columns", group]).members or {}
        in_fields = "fields" in members
        own = names if "preference" in members else ["tools"] if "messages" in members else []
        for name in set(own).intersection(names):
            if (first := seen.setdefault(name, ("columns", group))) != ("columns", group):
                words = f"it stores a column '{name}', which is there already, by {dotted(first)}"
                parts.problem(("columns", group), words, "rename that one")
        paths: list[Path] = [("columns", group)]
        paths += [("columns", group, "fields", name) for name in names if in_fields]
        named = [(str(path[-1]), path) for path in paths]
        further = further_names(parts.tree.at(["columns", group]))
        named += [(name, ("columns", group, *place, name)) for place, name in further]
        for name, path in named:
            _check_name(name, path, parts)
            if (first := seen.setdefault(name, path)) != path:
                line = parts.tree.line_of(first)
                parts.problem(path, f"the name '{shown(name)}' is taken, by {dotted(first)} on line {line}")


def _check_name(name: str, path: Path, parts: Parts) -> None:
    if name in RESERVED_NAMES:
        parts.problem(path, f"'{name}' is a word of the template language", "choose another name")
    elif not schema.column_name_ok(name):
        parts.problem(path, f"'{shown(name)}' is no name for a column", for_name(name))


def _check_use(use: Use, given: Set[str], groups: dict[str, list[str]], parts: Parts) -> None:
    kind = use.word or ("`by`" if use.by else "the template")
    if use.name not in given:
        message = f"{kind} names '{shown(use.name)}', which is no column"
        if use.name in groups:
            listed = ", ".join(map(shown, groups[use.name][:5]))
            parts.problems.add(use.line, use.where, message, f"use one of its fields: {listed}")
            return
        if known := given - {use.reader}:
            parts.problems.unknown(use.line, use.where, message, use.name, known)
        else:
            hint = f"add a column of that name, such as `{shown(use.name)}: {{sample: [...]}}`"
            parts.problems.add(use.line, use.where, message, hint)
    elif not use.word and (kind_of := unprintable(use.name, parts.tree)):
        message = (
            f"{kind} names '{shown(use.name)}', which a template cannot print: it is of kind `{kind_of}`"
        )
        hint = "read the text itself; with `pick`, what `text` names is the picked answer"
        parts.problems.add(use.line, use.where, message, hint)
    elif use.by and (
        use.name in parts.generated or (use.name not in parts.domains and _is_made(use.name, parts.tree))
    ):
        message = f"`by: {shown(use.name)}` needs a column with a fixed set of values"
        parts.problems.add(use.line, use.where, message, "one of kind `classes` or `sample`")


def _is_made(name: str, tree: Node) -> bool:
    """Whether the name is a column whose kind is known, and so known not to be a set of values."""
    members = tree.at(["columns"]).members or {}
    if name not in members:
        return True
    keys = set(members[name].members or {})
    return bool(keys & set(schema.COLUMN_KINDS)) and not keys & {"challenge", "classes", "sample"}


def _check_cycles(columns: Sequence[Column], parts: Parts) -> None:
    left = list(columns)
    while cycle := find_cycle(left):
        names = _short_cycle(cycle)
        path = ("columns", names[0])
        if len(set(names)) == 1:
            parts.problem(path, f"{names[0]} reads itself", "name another column there")
        else:
            parts.problem(path, f"columns read each other: {' -> '.join(names)}", "break the circle")
        left = [column for column in left if column.name not in cycle]


def _short_cycle(cycle: Sequence[str]) -> list[str]:
    """Return the columns of the file along a cycle, each once in a row."""
    owners = [name.partition(".")[0] for name in cycle]
    return [name for at, name in enumerate(owners) if at == 0 or name != owners[at - 1]]


def _checks(path: Path, given: schema.ChecksFile, base: Checks, group: bool, parts: Parts) -> Checks:
    for key in ("length", "words"):
        bounds = getattr(given, key)
        if bounds is not None and group:
            parts.problem((*path, key), f"`{key}` applies to texts, not to a whole answer", "name a field")
        elif isinstance(bounds, list) and (bounds[0] > bounds[1] or bounds[1] < 1):
            parts.problem((*path, key), f"expected [least, most], found {bounds}")

    def on(value: str | None, otherwise: bool) -> bool:
        return otherwise if value is None else value == "reject"

    own = replace(
        base,
        differs=differs_of(given.differs_from, base),
        length=_pair(given.length),
        words=_pair(given.words),
        refusals=on(given.refusals, base.refusals),
        echo=on(given.echo, base.echo),
        repetition=on(given.repetition, base.repetition),
    )
    return with_text_checks(path, given, _unique(given, own), group, parts)


def _unique(given: schema.ChecksFile, base: Checks) -> Checks:
    match given.unique:
        case None:
            return base
        case "off":
            return replace(base, unique=None)
        case schema.NearFile(near=threshold):
            return replace(base, unique="near", near_threshold=float(threshold))
        case schema.SemanticFile(semantic=threshold):
            return replace(base, unique="semantic", semantic_threshold=float(threshold), semantic_model=MODEL)
        case "semantic":
            return replace(base, unique="semantic", semantic_threshold=ALIKE, semantic_model=MODEL)
        case "exact" | "near":
            return replace(base, unique=given.unique)


def _pair(bounds: Sequence[int] | schema.PlannedFile | None) -> tuple[int, int] | None:
    return None if bounds is None or isinstance(bounds, schema.PlannedFile) else (bounds[0], bounds[1])


def _explain_no_checks(name: str, checked: Sequence[str], shape: Shape, parts: Parts) -> None:
    if not shape.has("columns"):
        return
    groups = _groups(parts.tree)
    path = ("checks", name)
    made = set(checked)
    if name in groups or any(name in names for names in groups.values()):
        owner = next((group for group, names in groups.items() if name in (group, *names)), name)
        keys = set(parts.tree.at(["columns", owner]).members or {})
        if owner not in made and keys & {"prompt", "fields"}:
            return  # the column itself has a problem
        parts.problem(path, f"'{shown(name)}' is no text that the model writes", "checks apply to those only")
        return
    message = f"there is no column '{shown(name)}'"
    parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, checked)
