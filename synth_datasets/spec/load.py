"""From a file, or the text of one, to a checked spec, or to every problem that it has."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from synth_datasets.errors import Problem, SpecError
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.problems import Problems, shown

__all__ = ["SUFFIX", "load_spec", "parse_spec"]

SUFFIX = ".synth.yaml"


def load_spec(path: str | Path) -> DatasetSpec:
    """Read the spec at `path`: a file, or a folder that holds exactly one `*.synth.yaml`.

    Raises `SpecError` with all problems at once. Files that the spec refers to are read inside its folder only.
    """
    from synth_datasets.spec.files import read_bytes_inside, read_inside, read_regular
    from synth_datasets.spec.tables import MAX_BYTES

    if not str(path):
        raise SpecError(
            "", [Problem(0, "", "the path of the spec is empty", "name a file, or `.` for this folder")]
        )
    file = _spec_file(Path(path))
    problems = Problems()
    try:
        real = file.resolve()
    except (OSError, RuntimeError, ValueError):
        real = file
    text = read_regular(real, file.name, problems, near=file)
    if text is None:
        raise SpecError(str(path), problems.all())
    return parse_spec(
        text,
        origin=str(file),
        read_file=read_inside(file.parent),
        read_bytes=read_bytes_inside(file.parent, MAX_BYTES),
    )


def parse_spec(
    text: str,
    *,
    origin: str,
    read_file: Callable[[str], str],
    read_bytes: Callable[[str], bytes] | None = None,
) -> DatasetSpec:
    """Check the YAML `text` and return what it says.

    `origin` names it in messages. `read_file` is given the relative path, never an absolute one or one with `..`,
    of each file the spec refers to; what it raises as `OSError` or `SpecError` becomes a problem of the spec. So is
    `read_bytes`, for files of real rows; without it those are read as texts.
    Raises `SpecError` with all problems at once.
    """
    # pydantic and Jinja load only where a spec is read.
    from synth_datasets.spec.balance import build_balance
    from synth_datasets.spec.bias import build_bias
    from synth_datasets.spec.build import build_columns
    from synth_datasets.spec.card import read_card
    from synth_datasets.spec.check import check_columns, checks_of, splits_of
    from synth_datasets.spec.constraints import build_never, check_never
    from synth_datasets.spec.explain import validate
    from synth_datasets.spec.files import Files
    from synth_datasets.spec.lists import build_lists, check_lists
    from synth_datasets.spec.measures import check_measures
    from synth_datasets.spec.mix import build_mix
    from synth_datasets.spec.model_settings import build_model
    from synth_datasets.spec.parts import Parts
    from synth_datasets.spec.reader import read
    from synth_datasets.spec.review_file import build_reviews
    from synth_datasets.spec.seeds import build_seeds, settled
    from synth_datasets.spec.votes import build_votes

    problems = Problems()
    tree = read(text, problems)
    if tree is None:
        raise SpecError(origin, problems.all())
    shape = validate(tree, problems)
    read_rows = read_bytes or (lambda name: read_file(name).encode())
    parts = Parts(tree, problems, Files(read_file, problems), read_rows, origin)
    model = build_model(shape.spec.model, parts)
    parts.seeds = build_seeds(shape, parts, read_rows)
    lists = build_lists(shape, parts, model)
    columns = build_columns(shape, parts, model)
    columns += build_votes(shape.spec.checks, columns, parts, model)
    never = build_never(shape.spec.never, parts)
    check_columns(columns, shape, parts)
    check_never(never, columns, parts)
    check_lists(lists, columns, parts)
    balance = build_balance(shape, columns, parts, read_rows)
    splits = splits_of(shape, columns, balance, parts)
    bias = build_bias(shape, columns, parts)
    seeds = settled(parts.seeds, columns, splits, shape, parts)
    mix = build_mix(shape, columns, splits, parts, read_rows)
    checks = checks_of(columns, shape, parts)
    card = None
    if shape.spec.card is not None and shape.has("card"):
        line = tree.line_of(["card"])
        source_of_card = parts.files.text(shape.spec.card, line, "card")
        card = (
            None if source_of_card is None else read_card(source_of_card, problems, line=line, where="card")
        )
    reviews = build_reviews(shape, columns, parts, read_rows)
    measures = check_measures(shape.spec.measures, parts)
    if problems:
        raise SpecError(origin, problems.all())
    given = shape.spec
    return DatasetSpec(
        name=given.name,
        columns=columns,
        splits=splits,
        model=model,
        seed=given.seed,
        attempts=given.attempts,
        checks=checks,
        lists=lists,
        never=tuple(never.values()),
        seeds=seeds,
        balance=balance,
        mix=mix,
        bias=bias,
        measures=measures,
        reviews=reviews,
        version=given.version,
        description=given.description,
        license=given.license,
        language=(given.language,) if isinstance(given.language, str) else tuple(given.language),
        task=given.task,
        pretty_name=given.pretty_name,
        tags=tuple(given.tags),
        card=card,
        source=text.removeprefix("\ufeff"),
        origin=origin,
        files=dict(sorted(parts.files.texts.items())),
    )


def _spec_file(path: Path) -> Path:
    try:
        if not path.is_dir():
            return path
        found = sorted(entry for entry in path.iterdir() if entry.name.endswith(SUFFIX))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not allowed"
        raise SpecError(str(path), [Problem(0, "", f"cannot be read: {reason}")]) from error
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(shown(entry.name) for entry in found[:10])
        raise SpecError(str(path), [Problem(0, "", f"the folder holds several specs: {names}", "name one")])
    raise SpecError(str(path), [Problem(0, "", f"the folder holds no *{SUFFIX}", _instead(path))])


def _instead(folder: Path) -> str:
    """Return what may be meant by a folder without a spec: a file of YAML in it, which may be named by itself."""
    names = sorted(entry.name for entry in folder.iterdir())
    there = [name for name in names if name.endswith((".yaml", ".yml"))]
    if not there:
        close = get_close_matches(f"{folder.name}{SUFFIX}", names, n=1)
        return f"is it '{shown(close[0])}'?" if close else f"a spec's name ends in {SUFFIX}"
    names = " or ".join(f"'{shown(name)}'" for name in there[:3])
    return f"name {names} by its path: a file named itself may be called anything, one of a folder *{SUFFIX}"
