"""Labels that are verified: `verify` under `checks` becomes votes that see the text alone, and what they come to."""

from collections.abc import Mapping, Sequence

from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DerivedColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
)
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import shown
from synth_datasets.spec.rules_judging import VotesRule
from synth_datasets.spec.schema import ChecksFile, column_name_ok
from synth_datasets.spec.schema_judging import VerifyFile
from synth_datasets.spec.score import composed, note_use, quoted, written_by
from synth_datasets.spec.templates import RESERVED_NAMES, Template

__all__ = ["build_votes", "stored_name_ok"]


def build_votes(
    checks: Mapping[str, ChecksFile], columns: Sequence[Column], parts: Parts, model: ModelSpec
) -> tuple[Column, ...]:
    """Return the columns that verify labels; for those that cannot be made a problem is noted."""
    made: list[Column] = []
    for name, given in checks.items():
        if given.verify is not None:
            made.extend(_verified(name, given.verify, [*columns, *made], parts, model))
    return tuple(made)


def _verified(
    label: str, given: VerifyFile, columns: Sequence[Column], parts: Parts, model: ModelSpec
) -> tuple[Column, ...]:
    path = ("checks", label, "verify")
    names = _labels(label, columns)
    agree = given.votes // 2 + 1 if given.agree is None else given.agree
    if not names:
        if label in (parts.tree.at(["columns"]).members or {}):
            parts.problem(path, f"'{shown(label)}' is no label", "`verify` applies to columns of `classes`")
        return ()
    if agree > given.votes:
        parts.problem(path, f"{agree} of {given.votes} votes cannot agree", "lower `agree` or raise `votes`")
        return ()
    of = _text_of(given, columns, parts, path)
    blames = written_by(of, columns) if of else ""
    if of and not blames:
        parts.problem(path, f"no model writes '{shown(of)}', so there is nothing to verify")
    stored = [name for name in (given.agreement, given.ballots) if name is not None]
    good = [stored_name_ok(name, columns, parts, path) for name in stored]
    if not blames or not all(good):
        return ()
    user = _question(path, given, of, names, parts)
    if user is None:
        return ()
    prompt = Prompt(user=user, model=override(model, given.model, parts, path))
    votes = tuple(
        FieldsColumn(
            name=f"{label}.vote_{number}",
            prompt=prompt,
            fields=(Field(f"{label}.vote_{number}", "classes", classes=names, key="label"),),
            hidden=True,
            judges=of,
        )
        for number in range(1, given.votes + 1)
    )
    return (*votes, *_counted(label, given, names, agree, blames))


def _counted(
    label: str, given: VerifyFile, names: tuple[str, ...], agree: int, blames: str
) -> tuple[DerivedColumn, ...]:
    ballots = tuple(f"{label}.vote_{number}" for number in range(1, given.votes + 1))

    def column(name: str, gives: str, *, hidden: bool = False, replaces: str = "") -> DerivedColumn:
        # pyrefly: ignore[bad-argument-type] - one of the four words, below
        rule = VotesRule(label, ballots, names, agree, blames, gives)
        return DerivedColumn(name=name, rule=rule, hidden=hidden, replaces=replaces)

    found: list[DerivedColumn] = []
    if given.on_disagreement == "reject":
        found.append(column(f"{label}.verified", "check", hidden=True))
    elif given.on_disagreement == "relabel":
        found.append(column(f"{label}.relabelled", "relabel", hidden=True, replaces=label))
    if given.agreement is not None:
        found.append(column(given.agreement, "agreement"))
    if given.ballots is not None:
        found.append(column(given.ballots, "ballots"))
    return tuple(found)


def _labels(name: str, columns: Sequence[Column]) -> tuple[str, ...]:
    for column in columns:
        if isinstance(column, ClassesColumn) and column.name == name:
            return column.names
        if isinstance(column, FieldsColumn):
            for field in column.fields:
                if field.name == name and field.type == "classes":
                    return field.classes
    return ()


def _text_of(given: VerifyFile, columns: Sequence[Column], parts: Parts, path: Path) -> str:
    """Return the column that the votes see; empty when a problem was noted."""
    if given.of is not None:
        note_use(parts, (*path, "of"), given.of, f"{path[1]}.vote_1")
        return given.of
    written = [column.name for column in columns if isinstance(column, PromptColumn) and not column.hidden]
    if len(written) == 1:
        return written[0]
    listed = ", ".join(map(shown, written[:5])) or "none"
    parts.problem(path, f"which text do the votes see? The model writes {listed}", "name it: `of: COLUMN`")
    return ""


def stored_name_ok(name: str, columns: Sequence[Column], parts: Parts, path: Path) -> bool:
    """Whether a check may store what it finds in a column of this name; a problem is noted where not."""
    taken = {column.name for column in columns}
    taken |= {field.name for column in columns if isinstance(column, FieldsColumn) for field in column.fields}
    if name in taken or name in (parts.tree.at(["columns"]).members or {}):
        parts.problem(path, f"the name '{shown(name)}' is taken", "choose another name")
        return False
    if name in RESERVED_NAMES or not column_name_ok(name):
        hint = "use letters, digits and `_`, beginning with a letter, at most 64"
        parts.problem(path, f"'{shown(name)}' is no name for a column", hint)
        return False
    return True


def _question(
    path: Path, given: VerifyFile, of: str, names: tuple[str, ...], parts: Parts
) -> PerValue[Template] | None:
    label = str(path[1])
    listed = ", ".join(f'"{name}"' for name in names)
    if given.prompt is None:
        asked: Template | None = Template("Which label fits the text best?")
    else:
        asked = parts.template((*path, "prompt"), given.prompt)
    if asked is None:
        return None
    if label in asked.names:
        parts.problem((*path, "prompt"), f"the votes must not see '{shown(label)}'", "leave it out")
        return None
    # Class names are a stranger's text: braces in them must not be read as a template.
    plain = listed.replace("{", "{{ '{' }}")
    return composed(
        PerValue(None, {}, asked),
        lambda template: [template.source, quoted(of, template), f"The labels: {plain}. Answer with one."],
        parts,
        path,
    )
