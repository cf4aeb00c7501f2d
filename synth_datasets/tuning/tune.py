"""From a spec and real rows to an adapter in a folder: weights, their card, every figure, and the loss as a picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.transformers_backend import transformers_identity
from synth_datasets.generation.transformers_loading import load_model
from synth_datasets.publishing.placing import in_place_of
from synth_datasets.quality.memorisation import memory_of
from synth_datasets.settings import Settings
from synth_datasets.spec.adapter_files import read_adapter
from synth_datasets.spec.adapters import CARD, TUNING
from synth_datasets.spec.files import read_bytes_inside
from synth_datasets.spec.model import DatasetSpec, ModelSpec, PromptColumn
from synth_datasets.spec.tables import MAX_BYTES
from synth_datasets.tuning.asking import answers_of
from synth_datasets.tuning.card import card_text
from synth_datasets.tuning.held_out import held_out
from synth_datasets.tuning.lora import need_extra, tune_lora
from synth_datasets.tuning.plot import loss_png
from synth_datasets.tuning.recipe import Recipe
from synth_datasets.tuning.record import LOSS_PLOT, Data, Tuning, versions
from synth_datasets.tuning.seeds import SeedRows, column_to_tune, lessons, read_seeds

__all__ = ["Choice", "check_folder", "tune"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rows are learned from, and how."""

    column: str | None = None
    """Of the spec; None: the only one of kind `prompt`."""
    group: str | None = None
    """A column of the rows: those of one value are learned from, or held out, together."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the rows call columns of the spec."""
    share: float = 0.2
    """Of the rows, to hold out at least."""
    rows: int = 100
    """How many rows to generate and look for copies in; 0: none."""
    licence: str | None = None
    """Of the adapter, for its card."""
    recipe: Recipe = field(default_factory=Recipe)


def tune(
    spec: DatasetSpec,
    seeds: Path,
    folder: Path,
    choice: Choice,
    settings: Settings,
    *,
    tell: Callable[[float, float], None] | None = None,
) -> Tuning:
    """Tune the model that the spec's column is asked of, and write the adapter's folder, whole or not at all.

    An adapter that the spec names already is not tuned further: one begins with the model's own weights. `tell` gets
    passes and held-out loss while it runs. Raises `SettingsError`.
    """
    need_extra()
    check_folder(folder)
    column = column_to_tune(spec, choice.column)
    model = replace(column.prompt.model, adapter=None)
    rows = read_seeds(seeds, spec, column, group=choice.group, names=choice.names)
    held = held_out(rows.groups, choice.share, choice.recipe.seed)
    every = lessons(_bare(spec, column), column, rows)
    train = [each for place, each in enumerate(every) if place not in held]
    # Where it lies is no part of what is told of it.
    base = Path(model.id).name if Path(model.id).is_dir() else model.id
    loaded = load_model(model.id, model.revision, settings)
    with in_place_of(folder) as target:
        curve = tune_lora(
            loaded,
            train,
            [every[place] for place in sorted(held)],
            choice.recipe,
            target,
            base=base,
            tell=tell,
        )
        del loaded
        adapter, _ = read_adapter(
            target.name, read_bytes_inside(target.parent, MAX_BYTES), str(target.parent / "spec")
        )
        memory = None
        if choice.rows:
            made = answers_of([each.asked for each in train[: choice.rows]], settings, model.id, adapter)
            parts = (
                [t for place, t in enumerate(rows.texts) if (place in held) is side] for side in (False, True)
            )
            memory = memory_of(made, *parts)
        tuning = Tuning(
            model=base,
            identity=transformers_identity(model.id, settings),
            revision=model.revision,
            adapter=adapter.digest,
            spec=spec.name,
            column=column.name,
            data=_data(rows, choice, column, len(held)),
            recipe=choice.recipe,
            curve=curve,
            memory=memory,
            packages=versions(),
        )
        (target / TUNING).write_text(tuning.to_json(), encoding="utf-8")
        (target / CARD).write_text(card_text(tuning, choice.licence), encoding="utf-8")
        (target / LOSS_PLOT).write_bytes(loss_png(curve.points, curve.after))
    return tuning


def check_folder(folder: Path) -> None:
    """Raise `SettingsError` unless the folder is absent, empty, or an adapter of ours, which is replaced."""
    if folder.exists() and not (folder / TUNING).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(
            f"{folder} is not empty and no adapter that `synth tune` made; choose another folder"
        )


def _bare(spec: DatasetSpec, column: PromptColumn) -> DatasetSpec:
    """Return the spec with no adapter on the column: requests for tuning carry none."""

    def bare(model: ModelSpec) -> ModelSpec:
        return replace(model, adapter=None)

    changed = replace(column, prompt=replace(column.prompt, model=bare(column.prompt.model)))
    return replace(spec, columns=tuple(changed if each is column else each for each in spec.columns))


def _data(rows: SeedRows, choice: Choice, column: PromptColumn, held: int) -> Data:
    return Data(
        sha256=rows.digest,
        column=choice.names.get(column.name, column.name),
        group=choice.group,
        train=len(rows.texts) - held,
        held_out=held,
        share=choice.share,
        drawn=rows.drawn,
    )
