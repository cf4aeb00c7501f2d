"""LoRA by PEFT and the Trainer of transformers: the loss is of the answers alone, and the best weights are kept."""

import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.generation.adapter_weights import with_lora
from synth_datasets.generation.transformers_loading import Loaded
from synth_datasets.generation.transformers_prompt import prompt_tokens
from synth_datasets.spec.adapters import CONFIG, WEIGHTS
from synth_datasets.tuning.recipe import Curve, Point, Recipe
from synth_datasets.tuning.seeds import Lesson

_Rows = Sequence[dict[str, list[int]]]

__all__ = ["need_extra", "tune_lora"]

LONGEST = 1_024
"""Tokens of prompt and answer; longer rows are left out."""
_IGNORED = -100  # torch's and transformers' mark for tokens without a loss
_CHECKS_A_PASS = 2


def need_extra() -> None:
    """Raise `SettingsError` unless everything that tuning needs can be imported."""
    from importlib.util import find_spec

    needed = ("torch", "transformers", "accelerate", "peft", "matplotlib")
    if missing := [name for name in needed if find_spec(name) is None]:
        raise SettingsError(f"`synth tune` needs {', '.join(missing)}: pip install 'synth-datasets[tune]'")


def tune_lora(
    loaded: Loaded,
    train: Sequence[Lesson],
    held: Sequence[Lesson],
    recipe: Recipe,
    folder: Path,
    *,
    base: str,
    tell: Callable[[float, float], None] | None = None,
) -> Curve:
    """Write the best adapter of `base` into the folder; `tell` gets the epoch and each held-out loss.

    Deterministic for a seed on one machine, one number of threads and one version of torch. The best weights are kept
    in memory: Trainer's own way would write checkpoints, for which PEFT looks at the Hub. Raises `SettingsError` when
    no row is short enough or no weights are better than none.
    """
    from peft import LoraConfig, get_peft_model_state_dict
    from safetensors.torch import save_file
    from transformers import set_seed

    rows, tests = (_encoded(loaded, each) for each in (train, held))
    if not rows or not tests:
        raise SettingsError(f"no row fits into {LONGEST} tokens")
    set_seed(recipe.seed)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        lora_dropout=0.05,
        target_modules="all-linear",
    )
    model = with_lora(loaded.model, config)
    keeper = _Keeper(
        model, recipe, lambda: get_peft_model_state_dict(model, save_embedding_layers=False), tell
    )
    before = _run(model, loaded.tokenizer.pad_token_id or 0, (rows, tests), recipe, keeper)
    if keeper.weights is None or keeper.best >= before:
        raise SettingsError(
            f"tuning made it worse: the held-out loss was {before:.3f} and is {keeper.best:.3f}; give more rows, a "
            "lower --rate, or more time"
        )
    save_file(keeper.weights, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / WEIGHTS).chmod(0o644)  # as its neighbours
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": config.r,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "target_modules": sorted(model.peft_config["default"].target_modules),
        "bias": "none",
        "inference_mode": True,
    }
    (folder / CONFIG).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return Curve(
        before=before,
        after=keeper.best,
        points=(Point(0.0, before, None), *keeper.points),
        left_out=len(train) + len(held) - len(rows) - len(tests),
        tokens=sum(sum(label != _IGNORED for label in row["labels"]) for row in rows),
        stopped=keeper.stopped or f"all {recipe.epochs} passes",
    )


def _encoded(loaded: Loaded, lessons: Sequence[Lesson]) -> _Rows:
    """Return prompt and answer as tokens, the prompt's without a loss; an answer ends as the model's own do."""
    end = loaded.tokenizer.eos_token_id
    rows = []
    for lesson in lessons:
        prompt = prompt_tokens(loaded.tokenizer, lesson.request)
        answer = loaded.tokenizer(lesson.answer, add_special_tokens=False)["input_ids"]
        answer = [*answer, end] if end is not None else answer
        if len(prompt) + len(answer) <= LONGEST:
            rows.append({"input_ids": prompt + answer, "labels": [_IGNORED] * len(prompt) + answer})
    return rows


def _run(
    model: Any,  # noqa: ANN401 - peft's own
    pad: int,
    data: tuple[_Rows, _Rows],
    recipe: Recipe,
    keeper: "_Keeper",
) -> float:
    """Tune, and return the loss before."""
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Watch(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002 - Trainer's signature
            keeper.began = time.monotonic()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002 - Trainer's signature
            if keeper.late():
                control.should_evaluate = control.should_training_stop = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ANN401, ARG002 - Trainer's signature
            keeper.train = (logs or {}).get("loss", keeper.train)

        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:  # noqa: ANN401, ARG002 - Trainer's signature
            loss = metrics["eval_nll"]
            if not state.global_step:
                keeper.told(0.0, loss)
            elif keeper.look(float(state.epoch), loss):
                control.should_training_stop = True

    rows, tests = data
    every = max(1, math.ceil(len(rows) / recipe.batch / _CHECKS_A_PASS))
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=recipe.epochs,
                per_device_train_batch_size=recipe.batch,
                per_device_eval_batch_size=recipe.batch,
                learning_rate=recipe.rate,
                seed=recipe.seed,
                eval_strategy="steps",
                eval_steps=every,
                logging_steps=every,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                remove_unused_columns=False,
                label_names=["labels"],
                dataloader_pin_memory=torch.cuda.is_available(),
            ),
            train_dataset=rows,
            eval_dataset=tests,
            data_collator=partial(_padded, pad=pad),
            compute_metrics=_figures,
            preprocess_logits_for_metrics=_losses,
            callbacks=[Watch()],
        )
        trainer.remove_callback(_printer())
        before = trainer.evaluate()["eval_nll"]
        trainer.train()
    return before


def _printer() -> Any:  # noqa: ANN401 - transformers' own
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback


class _Keeper:
    """Keeps the best weights, and says when to stop."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - peft's own
        recipe: Recipe,
        state: Callable[[], dict[str, Any]],
        tell: Callable[[float, float], None] | None,
    ) -> None:
        self.model = model
        self.best = math.inf
        self.weights: dict[str, Any] | None = None
        self.points: list[Point] = []
        self.began = 0.0
        self.train: float | None = None
        self.stopped = ""
        self._recipe, self._state, self._tell, self._waited = recipe, state, tell, 0

    def late(self) -> bool:
        """Whether the time is over."""
        minutes = self._recipe.minutes
        if minutes is None or time.monotonic() - self.began < 60 * minutes:
            return False
        self.stopped = f"{minutes:g} minutes"
        return True

    def told(self, epoch: float, loss: float) -> None:
        """Pass a held-out loss on to who waits."""
        if self._tell is not None:
            self._tell(epoch, loss)

    def look(self, epoch: float, loss: float) -> bool:
        """Take a held-out loss; whether there were too many without a lower one."""
        self.points.append(Point(round(epoch, 3), loss, self.train))
        self.told(epoch, loss)
        if loss < self.best:
            self.best, self._waited = loss, 0
            self.weights = {
                name: tensor.detach().cpu().clone().contiguous() for name, tensor in self._state().items()
            }
            return False
        self._waited += 1
        if self._waited >= self._recipe.patience:
            self.stopped = f"no lower held-out loss in {self._waited} checks"
        return bool(self.stopped)


def _padded(batch: _Rows, pad: int) -> dict[str, Any]:
    import torch

    width = max(len(row["input_ids"]) for row in batch)
    fill = [width - len(row["input_ids"]) for row in batch]
    return {
        "input_ids": torch.tensor([row["input_ids"] + [pad] * n for row, n in zip(batch, fill, strict=True)]),
        "labels": torch.tensor([row["labels"] + [_IGNORED] * n for row, n in zip(batch, fill, strict=True)]),
        "attention_mask": torch.tensor([[1] * (width - n) + [0] * n for n in fill]),
    }


def _losses(logits: Any, labels: Any) -> Any:  # noqa: ANN401 - tensors
    """Return for each row the sum of the losses of its tokens, and how many there are."""
    import torch

    wanted = labels[:, 1:]
    losses = torch.nn.functional.cross_entropy(
        logits[:, :-1].float().transpose(1, 2), wanted, ignore_index=_IGNORED, reduction="none"
    )
    return torch.stack([losses.sum(1), (wanted != _IGNORED).sum(1).to(losses)], dim=1)


def _figures(found: Any) -> dict[str, float]:  # noqa: ANN401 - transformers' own
    sums = found.predictions
    return {"nll": float(sums[:, 0].sum() / sums[:, 1].sum())}
