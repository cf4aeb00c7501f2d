"""Any model of `transformers`, fine-tuned anew on each training set: to classify texts, or to tag words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.proof.learners import Fit, Model

if TYPE_CHECKING:
    import numpy as np

__all__ = ["fine_tuned"]

_BATCH = 16
_STEPS = 100
_EPOCHS = 3
_LENGTH = 256
_RATE = 5e-5
_NO_WORD = -100
"""What the loss leaves out: all of a word but its first piece."""


def fine_tuned(model: str, *, rate: float = _RATE, epochs: int = _EPOCHS, least: int = _STEPS) -> Model:
    """Return what fine-tunes a model, by its path or its id on the Hub: three passes, or the `least` steps.

    A sequence classifier for texts, a token classifier for words with tags, which reads a word's tag off its first
    piece. Learning rate 5e-5 with linear decay, batches of 16, 256 tokens or as many as the model takes; words beyond
    them are tagged `O`. The seed sets the new head and the order. Raises `SettingsError` when `transformers` or the
    model is not there.
    """
    try:
        from transformers import AutoConfig, AutoTokenizer
    except ImportError as error:
        raise SettingsError(
            "--model needs transformers, torch and accelerate: pip install 'synth-datasets[transformers]'"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        config = AutoConfig.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--model {model}: expected a folder, or the id of a model on the Hub: {error}"
        ) from error
    if tokenizer.pad_token is None:  # models that only write have none
        tokenizer.pad_token = tokenizer.eos_token
    tuning = _Tuning(model, tokenizer, _length(tokenizer, config), rate, epochs, least)

    def learner(inputs: Sequence[Any], labels: Sequence[Any]) -> Fit:
        return (_classifying if isinstance(inputs[0], str) else _tagging)(tuning, inputs, labels)

    return Model(name=model, learner=learner, said=f"{model}, fine-tuned")


@dataclass(frozen=True, slots=True)
class _Tuning:
    model: str
    tokenizer: Any
    length: int
    """Tokens of a text that are looked at."""
    rate: float
    epochs: int
    least: int

    def steps(self, rows: int) -> int:
        return max(self.least, self.epochs * -(-rows // _BATCH))


def _length(tokenizer: Any, config: Any) -> int:  # noqa: ANN401 - of transformers
    """Return how many tokens the model has places for, 256 at most; some models use up two places themselves."""
    places = getattr(config, "max_position_embeddings", None)
    return min(_LENGTH, tokenizer.model_max_length, _LENGTH if places is None else places - 2)


def _classifying(tuning: _Tuning, texts: Sequence[str], labels: Sequence[str]) -> Fit:
    names = sorted(set(labels))
    places = {name: at for at, name in enumerate(names)}
    encoded = tuning.tokenizer(list(texts), truncation=True, max_length=tuning.length)["input_ids"]

    def fit(train: "np.ndarray", test: "np.ndarray", seed: int) -> Sequence[str]:
        rows = [{"input_ids": encoded[at], "labels": places[labels[at]]} for at in train]
        scores = _trained(tuning, rows, names, seed, words=False)([{"input_ids": encoded[at]} for at in test])
        return [names[at] for at in scores.argmax(axis=-1)]

    return fit


def _tagging(tuning: _Tuning, sentences: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]) -> Fit:
    from transformers import AutoTokenizer

    # Byte-level tokenizers take words only with a space before each.
    tokenizer = AutoTokenizer.from_pretrained(tuning.model, add_prefix_space=True)
    if not tokenizer.is_fast:
        raise SettingsError(f"--model {tuning.model}: its tokenizer cannot say which word a token belongs to")
    names = sorted({tag for tags in labels for tag in tags})
    places = {name: at for at, name in enumerate(names)}
    made = tokenizer(
        [list(words) for words in sentences],
        is_split_into_words=True,
        truncation=True,
        max_length=tuning.length,
    )
    encoded = made["input_ids"]
    firsts = [_firsts(made.word_ids(at)) for at in range(len(sentences))]

    def fit(train: "np.ndarray", test: "np.ndarray", seed: int) -> Sequence[tuple[str, ...]]:
        rows = [
            {
                "input_ids": encoded[at],
                "labels": [
                    places[labels[at][firsts[at][token]]] if token in firsts[at] else _NO_WORD
                    for token in range(len(encoded[at]))
                ],
            }
            for at in train
        ]
        said = _trained(tuning, rows, names, seed, words=True)([{"input_ids": encoded[at]} for at in test])
        return [
            _tags(scores, firsts[at], names, len(sentences[at]))
            for at, scores in zip(test, said, strict=True)
        ]

    return fit


def _firsts(words: Sequence[int | None]) -> dict[int, int]:
    """Return by place the word whose first token stands there."""
    first: dict[int, int] = {}
    for token, word in enumerate(words):
        if word is not None:
            first.setdefault(word, token)
    return {token: word for word, token in first.items()}


def _tags(
    scores: "np.ndarray", firsts: Mapping[int, int], names: Sequence[str], words: int
) -> tuple[str, ...]:
    tags = ["O"] * words
    for token, word in firsts.items():
        tags[word] = names[int(scores[token].argmax())]
    return tuple(tags)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep `transformers` from telling at every training that the head is new."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _trained(
    tuning: _Tuning, rows: Sequence[Any], names: Sequence[str], seed: int, *, words: bool
) -> "Callable[[Sequence[Any]], np.ndarray]":
    """Train anew, and return what gives the scores of rows: by class, or by token and tag."""
    import tempfile

    import transformers
    from transformers.trainer_callback import PrinterCallback

    kind, collator = (
        (transformers.AutoModelForTokenClassification, transformers.DataCollatorForTokenClassification)
        if words
        else (transformers.AutoModelForSequenceClassification, transformers.DataCollatorWithPadding)
    )
    transformers.set_seed(seed)
    with _quiet():
        network = kind.from_pretrained(tuning.model, num_labels=len(names), ignore_mismatched_sizes=True)
    network.config.pad_token_id = tuning.tokenizer.pad_token_id
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model=network,
            args=transformers.TrainingArguments(
                output_dir=folder,
                max_steps=tuning.steps(len(rows)),
                per_device_train_batch_size=_BATCH,
                per_device_eval_batch_size=2 * _BATCH,
                learning_rate=tuning.rate,
                seed=seed,
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                dataloader_pin_memory=False,  # it warns where there is no accelerator, and rows are few
            ),
            train_dataset=rows,
            data_collator=collator(tuning.tokenizer),
        )
        trainer.remove_callback(PrinterCallback)  # standard output is the command's
        trainer.train()

    def scores(sought: Sequence[Any]) -> "np.ndarray":
        return trainer.predict(sought).predictions

    return scores
