"""What `synth report` measures beside what a build has measured: names, files of other rows, one's own functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    import datasets

    from synth_datasets.quality.embeddings import Embed
    from synth_datasets.quality.own import Own
    from synth_datasets.quality.report import QualityReport
    from synth_datasets.quality.scorers import Scorer
    from synth_datasets.quality.suite import Material
    from synth_datasets.spec.model import DatasetSpec

__all__ = ["add_measures", "check_used", "embedding", "measure_options"]

_BY_FILE = {"real": (), "test": ("contamination",)}
"""Measures that a file asks for; real rows stand beside all figures anyway."""
_MISSING = {
    "real": "--real FILE: real rows to compare with",
    "test": "--test FILE: the test set to look for",
    "prompts": "the prompts in the build's trace/, a row each",
    "labels": "a column of classes",
    "embed": "--embed minilm or wordllama, or a folder with a sentence embedder",
    "scorer": "--scorer smollm2-135m-instruct, or a folder with a causal language model",
    "seeds": "a spec with `seeds`",
    "language": "a spec with one `language`",
}


def measure_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name further measures to a command."""
    for option in reversed(
        (
            click.option(
                "--measure",
                "names",
                multiple=True,
                metavar="NAME",
                help="Measure this as well: a name from the list, or your own, see above.",
            ),
            click.option("--full", is_flag=True, help="Measure all that there is something to measure for."),
            click.option(
                "--real", metavar="FILE[:COLUMN]", help="Real rows to compare with: CSV, TSV, JSON lines, Parquet."
            ),
            click.option("--test", metavar="FILE[:COLUMN]", help="A test set that no row should hold."),
            click.option(
                "--embed",
                metavar="NAME",
                help="Sentence embedder: minilm, wordllama, a folder with a model, or MODULE:FUNCTION of your own, "
                "from a list of texts to a row of numbers each.",
            ),
            click.option(
                "--scorer",
                metavar="NAME",
                help="Language model for `perplexity`: smollm2-135m-instruct, the embedded one, or a folder.",
            ),
            click.option(
                "--group",
                metavar="COLUMN",
                help="For `label_noise`: a column that rows of one text share, such as a review's id.",
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def check_used(asked: Mapping[str, Any]) -> None:
    """Raise `SettingsError` for an option of `measure_options` that nothing which is measured would look at."""
    from synth_datasets.quality.suite import MEASURES

    embed = [name for name, measure in MEASURES.items() if measure.embeds]
    users = {"group": ["label_noise"], "scorer": ["perplexity"], "embed": embed}
    for option, names in users.items():
        beside_real = option == "embed" and asked["real"]
        used = asked["full"] or beside_real or not {*asked["names"]}.isdisjoint(names)
        if asked[option] is not None and not used:
            raise SettingsError(
                f"--{option} {asked[option]} is for {', '.join(names)}, which nobody asked for: "
                f"add --measure {names[0]}, or --full"
            )


def add_measures(
    folder: Path,
    report: "QualityReport",
    *,
    names: Sequence[str],
    full: bool,
    real: str | None,
    test: str | None,
    embed: str | None,
    scorer: str | None,
    group: str | None = None,
) -> "QualityReport":
    """Return the report with what is asked for; the build's folder stays as it is.

    Raises `SettingsError` for what cannot be measured, and says what it needs.
    """
    from synth_datasets.quality.suite import MEASURES, measure_more

    files = {name: file for name, file in (("real", real), ("test", test)) if file is not None}
    asked = [*names, *(name for file in files for name in _BY_FILE[file])]
    if not asked and not full:
        return report
    own = {name: _own(name) for name in names if name not in MEASURES}
    materials = _materials(folder, report, _spec(folder), files, (embedding(embed), scorer), group=group)
    _check_needs([name for name in asked if name in MEASURES], materials)
    rest = [name for name in MEASURES if name not in asked] if full else []
    every = list(dict.fromkeys([*asked, *rest]))
    return replace(report, more=measure_more(every, materials, own=own, if_possible=rest))


def _scorer(given: str | None) -> "Scorer | None":
    from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
    from synth_datasets.quality.scorers import embedded_scorer, folder_scorer

    if given is None:
        return None
    return embedded_scorer() if given == EMBEDDED_MODEL_ID else folder_scorer(Path(given))


@cache
def embedding(given: str | None) -> "Embed | None":
    """Return the embedder of that name, in that folder, or one's own function; None where none is named.

    Of one name it is the same one each time, which remembers what it has embedded.
    """
    from synth_datasets.quality.embedders import (
        NamedEmbedder,
        folder_embedder,
        minilm_embedder,
        wordllama_embedder,
    )
    from synth_datasets.quality.own import load_guarded

    if given is None:
        return None
    if given == "minilm":
        return minilm_embedder()
    if given == "wordllama":
        return wordllama_embedder()
    if Path(given).is_dir():
        return folder_embedder(Path(given))
    if ":" not in given:
        raise SettingsError(
            f"--embed {given}: expected minilm, wordllama, a folder with a model, or a function of your own, "
            "FILE.py:FUNCTION"
        )
    function: Any = load_guarded(given)
    return NamedEmbedder(said=given, embed=function)


def _own(name: str) -> "Own":
    """Return a function of one's own: module:function, or a measurement that `evaluate` loads by path or Hub id."""
    from synth_datasets.quality.own import load_measure
    from synth_datasets.quality.suite import MEASURES
    from synth_datasets.spec.measures import is_own

    if not is_own(name) and not Path(name).is_dir():
        listed = "\n".join(f"  {each:<16} {measure.said}" for each, measure in MEASURES.items())
        raise SettingsError(
            f"there is no measure {name!r}; there are\n{listed}\nor your own: FILE.py:FUNCTION, "
            "or a measurement that `evaluate` loads, by path or Hub id"
        )
    return load_measure(name)


def _materials(
    folder: Path,
    report: "QualityReport",
    spec: "DatasetSpec | None",
    files: Mapping[str, str],
    models: "tuple[Embed | None, str | None]",
    *,
    group: str | None,
) -> "dict[str, Material]":
    import datasets

    from synth_datasets.cli.loaded import load_shards
    from synth_datasets.materials import prompts_of, seed_texts
    from synth_datasets.quality import columns
    from synth_datasets.quality.suite import Material
    from synth_datasets.trace import TRACE_FOLDER

    dataset = load_shards(folder)
    labels = {
        name: feature.names
        for name, feature in next(iter(dataset.values())).features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    first = next(iter(labels), None)
    parts = [columns.read(rows, list(report.whole.texts), labels) for rows in dataset.values()]
    whole = columns.concatenate(parts, list(report.whole.texts), labels)
    shared: dict[str, Any] = {
        "embed": models[0],
        "scorer": _scorer(models[1]),
        "labels": columns.named(whole.labels[first], labels[first]) if first else None,
        "groups": _groups(dataset, group),
        "seeds": None if spec is None else seed_texts(spec),
        "language": spec.language[0] if spec is not None and len(spec.language) == 1 else None,
        "languages": () if spec is None else spec.language,
    }
    return {
        column: Material(
            texts=columns.take(texts, range(whole.rows)),
            prompts=(
                None
                if spec is None
                else prompts_of(folder / TRACE_FOLDER, [*map(str, dataset)], spec, column, whole.rows)
            ),
            **_real(files.get("real"), column, first),
            test=_texts(files["test"], column)[0] if "test" in files else None,
            **shared,
        )
        for column, texts in whole.texts.items()
    }


def _groups(dataset: "datasets.DatasetDict", column: str | None) -> list[str] | None:
    """Return the group of each row; one without a value is a group by itself."""
    if column is None:
        return None
    if missing := [split for split, rows in dataset.items() if column not in rows.column_names]:
        raise SettingsError(f"--group {column}: there is no such column in {missing[0]}")
    return [
        f"alone {split} {at}" if value in (None, "") else f"{split} {value}"
        for split, rows in dataset.items()
        for at, value in enumerate(rows[column])
    ]


def _spec(folder: Path) -> "DatasetSpec | None":
    from synth_datasets.cli.made_of import spec_of
    from synth_datasets.errors import SynthError

    try:
        return spec_of(folder)
    except (SynthError, OSError):  # a release without the files that its spec refers to
        return None


def _real(given: str | None, column: str, label: str | None) -> dict[str, Any]:
    """Return real texts, and their labels where their file has a column that is called as the rows' label."""
    if given is None:
        return {}
    texts, labels = _texts(given, column, label)
    return {"real": texts, "real_labels": labels}


def _texts(given: str, column: str, label: str | None = None) -> tuple[list[str], list[str] | None]:
    """Read the texts of FILE, or of FILE:COLUMN; without one, of the column that is called as the measured one."""
    from synth_datasets.spec.tables import TableError, read_table

    path, _, named = given.rpartition(":") if not Path(given).is_file() else (given, "", "")
    file, wanted = Path(path or given), named or column
    try:
        data = file.read_bytes()
        found = read_table(file.name, data, [wanted]).columns[wanted]
    except OSError as error:
        raise SettingsError(f"{path or given}: cannot be read: {error.strerror}") from error
    except TableError as error:
        raise SettingsError(f"{path or given}: {error}; name the column of texts as FILE:COLUMN") from error
    try:
        labels = read_table(file.name, data, [label]).columns[label] if label is not None else None
    except TableError:
        labels = None
    kept = [row for row, text in enumerate(found) if text.strip()]
    return [found[row] for row in kept], None if labels is None else [labels[row] for row in kept]


def _check_needs(names: Sequence[str], materials: "Mapping[str, Material]") -> None:
    from synth_datasets.quality.suite import MEASURES

    for name in names:
        for need in MEASURES[name].needs:
            if all(getattr(material, need) is None for material in materials.values()):
                raise SettingsError(f"measure {name} needs {_MISSING[need]}")
