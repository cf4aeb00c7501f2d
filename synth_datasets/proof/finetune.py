"""Any sequence classifier of `transformers`, fine-tuned anew on each training set."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.proof.linear import Fit

if TYPE_CHECKING:
    import numpy as np

    from synth_datasets.proof.trials import Learner

__all__ = ["learner"]

_BATCH = 16
_STEPS = 100
_EPOCHS = 3
_LENGTH = 256
_RATE = 5e-5


def learner(model: str, *, rate: float = _RATE, epochs: int = _EPOCHS, least: int = _STEPS) -> "Learner":
    """Return what fine-tunes a model, by its path or its id on the Hub: three passes, or the `least` steps.

    Learning rate 5e-5 with linear decay, batches of 16, 256 tokens; the seed sets the new head and the order. Raises
    `SettingsError` when `transformers` or the model is not there.
    """
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise SettingsError(
            "--model needs transformers, torch and accelerate: pip install 'synth-datasets[transformers]'"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--model {model}: expected a folder, or the id of a model on the Hub: {error}"
        ) from error

    def learns(inputs: Sequence[Any], labels: Sequence[Any]) -> Fit:
        if not isinstance(inputs[0], str):
            raise SettingsError("--model fine-tunes classifiers of texts; leave it out for words with tags")
        names = sorted(set(labels))
        places = {name: at for at, name in enumerate(names)}
        encoded = tokenizer(list(inputs), truncation=True, max_length=_LENGTH)["input_ids"]
        targets = [places[name] for name in labels]

        def fit(train: "np.ndarray", test: "np.ndarray", seed: int) -> Sequence[str]:
            trainer = _trained(
                model,
                tokenizer,
                [{"input_ids": encoded[at], "labels": targets[at]} for at in train],
                names,
                seed=seed,
                rate=rate,
                steps=max(least, epochs * -(-len(train) // _BATCH)),
            )
            said = trainer.predict([{"input_ids": encoded[at]} for at in test]).predictions
            return [names[at] for at in said.argmax(axis=-1)]

        return fit

    return learns


def _trained(
    model: str,
    tokenizer: Any,  # noqa: ANN401 - transformers is an extra
    rows: Sequence[Any],
    names: Sequence[str],
    *,
    seed: int,
    rate: float,
    steps: int,
) -> Any:  # noqa: ANN401 - transformers is an extra
    import tempfile

    from transformers import (
        AutoModelForSequenceClassification,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    network = AutoModelForSequenceClassification.from_pretrained(
        model, num_labels=len(names), ignore_mismatched_sizes=True
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=network,
            args=TrainingArguments(
                output_dir=folder,
                max_steps=steps,
                per_device_train_batch_size=_BATCH,
                per_device_eval_batch_size=2 * _BATCH,
                learning_rate=rate,
                seed=seed,
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                dataloader_pin_memory=False,  # it warns where there is no accelerator, and rows are few
            ),
            train_dataset=rows,
            data_collator=DataCollatorWithPadding(tokenizer),
        )
        trainer.train()
    return trainer
