"""Columns that test a model, from their parts: `challenge` slices with their instructions, and perturbed texts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from synth_datasets.spec.challenges import CHALLENGES
from synth_datasets.spec.graph import find_cycle
from synth_datasets.spec.model import ClassesColumn, Column, DerivedColumn, PerValue, TextColumn
from synth_datasets.spec.parts import Parts, Path, Use
from synth_datasets.spec.perturbations import PERTURBATIONS, UNCHANGED
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.rules_challenge import PartRule, PerturbRule
from synth_datasets.spec.schema_challenge import ChallengeFile, PerturbFile
from synth_datasets.spec.score import written_by
from synth_datasets.spec.templates import Template

__all__ = ["blame_writers", "build_testing", "challenge_names", "companions"]

# Kinds that hold no text; a field has a `type` instead.
_NO_TEXTS = frozenset(["challenge", "classes", "labels", "number", "score", "messages", "spans"])


def companions(name: str, keys: Collection[str]) -> tuple[str, ...]:
    """Return the names of the columns that come with one that has these keys in the file."""
    if "challenge" in keys:
        return (f"{name}_instruction",)
    return (f"{name}_slice",) if "perturb" in keys else ()


def challenge_names(name: str, file: ChallengeFile, parts: Parts) -> tuple[str, ...] | None:
    """Return the slices in their order; None when a problem was noted."""
    if file.challenge == "all":
        own = parts.class_names(("columns", name, "instructions")) if file.instructions else ()
        return None if own is None else tuple(dict.fromkeys([*CHALLENGES, *own]))
    return parts.class_names(("columns", name, "challenge"))


def build_testing(name: str, file: ChallengeFile | PerturbFile, parts: Parts) -> tuple[Column, ...] | None:
    """Return the columns of one of these kinds; None when a problem was noted."""
    return _challenge(name, file, parts) if isinstance(file, ChallengeFile) else _perturb(name, file, parts)


def blame_writers(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns, those of texts that a model writes set to ask it again where a text cannot be perturbed."""
    if not any(_is_perturbing(column) for column in columns) or find_cycle(columns):
        return tuple(columns)
    asked = {
        column.name: written_by(column.rule.column, columns)
        for column in columns
        if isinstance(column, DerivedColumn) and isinstance(column.rule, PerturbRule)
    }

    def blaming(column: Column) -> Column:
        match column:
            case DerivedColumn(rule=PerturbRule() as rule):
                return replace(column, rule=replace(rule, asked=asked[column.name]))
            case DerivedColumn(rule=PartRule(classes=(*names, _)) as part) if asked.get(part.column):
                return replace(column, rule=replace(part, classes=tuple(names)))
            case _:
                return column

    return tuple(map(blaming, columns))


def _challenge(name: str, file: ChallengeFile, parts: Parts) -> tuple[Column, ...] | None:
    """Return the slice column and the hidden text that says what to write for a slice."""
    path: Path = ("columns", name)
    names = parts.domains.get(name)
    if names is None or not _companions_free(name, companions(name, ["challenge"]), parts):
        return None
    good = True
    for slice_name in names:
        if slice_name not in CHALLENGES and slice_name not in file.instructions:
            message = f"'{shown(slice_name)}' is no known slice, and has no text under `instructions`"
            place = _entry(parts, (*path, "challenge"), str(slice_name))
            known = {*CHALLENGES, *file.instructions}
            parts.problems.unknown(parts.tree.line_of(place), dotted(place), message, str(slice_name), known)
            good = False
    for key in file.instructions:
        if key not in names:
            place = (*path, "instructions", key)
            message = f"'{shown(key)}' is not among the slices"
            parts.problem(place, message, "add it to `challenge`, or remove it here")
            good = False
    own = {
        key: parts.template((*path, "instructions", key), given) for key, given in file.instructions.items()
    }
    if not good or any(template is None for template in own.values()):
        return None
    cases = {str(one): own.get(str(one)) or Template(CHALLENGES[str(one)]) for one in names}
    weights = tuple(map(float, file.challenge.values())) if isinstance(file.challenge, dict) else ()
    return (
        ClassesColumn(
            name=name,
            names=tuple(map(str, names)),
            weights=weights or (1.0,) * len(names),
            hidden=file.hidden,
        ),
        TextColumn(name=f"{name}_instruction", template=PerValue(name, cases, None), hidden=True),
    )


def _perturb(name: str, file: PerturbFile, parts: Parts) -> tuple[Column, ...] | None:
    """Return the perturbed text and its slice, after the hidden columns that they are made of."""
    path: Path = ("columns", name)
    place = (*path, "perturb")
    parts.uses.append(
        Use(parts.tree.line_of(place), dotted(place), file.perturb, name, by=False, word="`perturb`")
    )
    good = _source_fits(name, file, parts)
    good = _companions_free(name, companions(name, ["perturb"]), parts) and good
    chosen = _chosen(name, file, parts)
    if chosen is None or not good:
        return None
    names, weights = chosen
    wanted, made = f"{name}.wanted", f"{name}.perturbed"
    rule = PerturbRule(file.perturb, wanted, names, float(file.strength), tuple(file.distractors), asked="")
    return (
        ClassesColumn(name=wanted, names=names, weights=weights, hidden=True),
        DerivedColumn(name=made, rule=rule, hidden=True),
        DerivedColumn(name=name, rule=PartRule(made, "text"), hidden=file.hidden),
        DerivedColumn(
            name=f"{name}_slice", rule=PartRule(made, "slice", (*names, UNCHANGED)), hidden=file.hidden
        ),
    )


def _is_perturbing(column: Column) -> bool:
    return isinstance(column, DerivedColumn) and isinstance(column.rule, PerturbRule)


def _chosen(name: str, file: PerturbFile, parts: Parts) -> tuple[tuple[str, ...], tuple[float, ...]] | None:
    """Return perturbations and their weights; None when a problem was noted."""
    path: Path = ("columns", name, "using")
    other = _not_english(parts)
    if file.using is None:
        names = tuple(one for one in PERTURBATIONS if not other or _fits(one, file))
        return (names, (1.0,) * len(names))
    given = parts.class_names(path)
    if given is None:
        return None
    good = True
    for one in given:
        place = _entry(parts, path, one)
        if one not in PERTURBATIONS:
            message = f"'{shown(one)}' is no perturbation"
            parts.problems.unknown(parts.tree.line_of(place), dotted(place), message, one, PERTURBATIONS)
            good = False
        elif other and not _fits(one, file):
            hint = "give `distractors` in your language" if one == "distractor" else "remove it"
            parts.problem(place, f"'{one}' knows English only, and `language` says {other}", hint)
            good = False
    if file.distractors and "distractor" not in given:
        parts.problem(("columns", name, "distractors"), "nothing uses them", "add `distractor` to `using`")
        good = False
    weights = tuple(map(float, file.using.values())) if isinstance(file.using, dict) else (1.0,) * len(given)
    return (given, weights) if good else None


def _fits(name: str, file: PerturbFile) -> bool:
    """Whether the perturbation can do something for texts that are not English."""
    return not PERTURBATIONS[name].english or (name == "distractor" and bool(file.distractors))


def _not_english(parts: Parts) -> str:
    """Return the languages of the spec when English is not among them, or none is named; empty otherwise."""
    node = parts.tree.at(["language"]) if "language" in (parts.tree.members or {}) else None
    if node is None:
        return ""
    codes = [item.text for item in node.items or ()] or [node.text]
    return "" if any(code.split("-")[0] == "en" for code in codes) else ", ".join(codes)


def _source_fits(name: str, file: PerturbFile, parts: Parts) -> bool:
    """Whether the column may hold texts and is stored, as far as the file tells."""
    columns: Mapping[str, object] = parts.tree.at(["columns"]).members or {}
    place = ("columns", name, "perturb")
    if file.perturb == name:
        parts.problem(place, f"{shown(name)} reads itself", "name the column that holds the text")
        return False
    group = next((key for key in columns if file.perturb in _fields_of(key, parts)), None)
    keys = set(parts.tree.at(["columns", file.perturb]).members or {}) if file.perturb in columns else set()
    where: Path = ("columns", file.perturb)
    if group is not None:
        where = ("columns", group, "fields", file.perturb)
        field = parts.tree.at(where)
        kind = parts.tree.at([*where, "type"]).text if field.members else field.text
        if kind != "string":
            parts.problem(place, f"the field '{shown(file.perturb)}' holds no text", "name a text")
            return False
    elif keys & _NO_TEXTS:
        parts.problem(place, f"the column '{shown(file.perturb)}' holds no text", "name a text")
        return False
    hidden = [where, ("columns", group)] if group is not None else [where]
    if any(_is_hidden(each, parts) for each in hidden):
        message = f"'{shown(file.perturb)}' is hidden, so the text as it was would be lost"
        parts.problem(place, message, f"remove `hidden` from {shown(file.perturb)}")
        return False
    return True


def _fields_of(column: str, parts: Parts) -> Collection[str]:
    members = parts.tree.at(["columns", column]).members or {}
    return tuple(members["fields"].members or ()) if "fields" in members else ()


def _is_hidden(path: Path, parts: Parts) -> bool:
    members = parts.tree.at(path).members or {}
    return "hidden" in members and members["hidden"].value is True


def _companions_free(name: str, names: Sequence[str], parts: Parts) -> bool:
    """Whether no other column is called like one that comes with this one."""
    columns = parts.tree.at(["columns"]).members or {}
    for companion in names:
        if companion in columns or any(companion in _fields_of(column, parts) for column in columns):
            message = (
                f"the name '{shown(companion)}' is taken: the column '{shown(name)}' brings one of this name"
            )
            parts.problem(("columns", name), message, "rename one of them")
            return False
    return True


def _entry(parts: Parts, path: Path, name: str) -> Path:
    """Return the place of a name in a list or a mapping."""
    items = parts.tree.at(path).items
    if items is None:
        return (*path, name)
    return (*path, next(at for at, item in enumerate(items) if item.text == name))
