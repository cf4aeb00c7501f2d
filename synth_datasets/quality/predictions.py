"""What a model predicts for texts, read as classes whatever form it comes in."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Integral

__all__ = ["Predict", "PredictionError", "predicted", "read_labels"]


class PredictionError(ValueError):
    """Predictions that do not fit the rows: too few, or labels that are no class."""


Predict = Callable[[list[str]], Sequence[object]]
"""Texts to as many labels: names, positions in the classes, or what a `transformers` pipeline gives."""


def predicted(
    predict: Predict,
    texts: Sequence[str],
    classes: Sequence[str],
    *,
    batch_size: int,
    label_map: Mapping[str, str] | None = None,
) -> list[int | None]:
    """Ask for labels a batch at a time; each different text once. Returns positions in `classes`, None for no label.

    Raises `PredictionError` when there are not as many answers as texts, and what `read_labels` and `predict` raise.
    """
    different = list(dict.fromkeys(texts))
    found: dict[str, int | None] = {}
    for batch in _batches(different, batch_size):
        answers = list(predict(batch))
        if len(answers) != len(batch):
            raise PredictionError(
                f"the predict function was given {len(batch)} texts and returned {len(answers)} labels: "
                "it must return one for each text, in their order"
            )
        found.update(zip(batch, read_labels(answers, classes, label_map), strict=True))
    return [found[text] for text in texts]


def read_labels(
    answers: Sequence[object], classes: Sequence[str], label_map: Mapping[str, str] | None = None
) -> list[int | None]:
    """Return the position of each label among `classes`.

    A label is a name (in any case, or `LABEL_1` for the second class), a position, None for none, a mapping with
    `label` or a list of such mappings with scores, of which the best counts. `label_map` says which class a model's
    own name means. Raises `PredictionError` that names the labels that are no class.
    """
    names = {name: at for at, name in enumerate(classes)}
    folded = {name.casefold(): at for at, name in reversed(list(enumerate(classes)))}
    meant = {key: names[name] for key, name in (label_map or {}).items() if name in names}
    if wrong := sorted({name for name in (label_map or {}).values() if name not in names}):
        raise PredictionError(f"label map: {', '.join(wrong)} is not among the classes {', '.join(classes)}")
    unknown: dict[str, None] = {}

    def position(answer: object) -> int | None:
        label = _label(answer)
        if label is None:
            return None
        if isinstance(label, Integral) and not isinstance(label, bool):
            at = int(label) if 0 <= int(label) < len(classes) else None
        else:
            text = str(label)
            at = meant.get(text, names.get(text, folded.get(text.casefold(), _numbered(text, len(classes)))))
        if at is None:
            unknown[str(label)] = None
        return at

    found = [position(answer) for answer in answers]
    if unknown:
        listed = ", ".join(repr(name) for name in list(unknown)[:5]) + (", ..." if len(unknown) > 5 else "")  # noqa: PLR2004 - a line
        raise PredictionError(
            f"the model says {listed}, and the classes are {', '.join(classes)}: say which is which, such as "
            f"{next(iter(unknown))}={classes[0]} (--label-map, label_map)"
        )
    return found


def _label(answer: object) -> object:
    if isinstance(answer, Sequence) and not isinstance(answer, str) and answer:
        answer = max(answer, key=_score)
    return answer.get("label") if isinstance(answer, Mapping) else answer


def _score(answer: object) -> float:
    return float(answer.get("score", 0.0)) if isinstance(answer, Mapping) else 0.0


def _numbered(text: str, count: int) -> int | None:
    found = re.fullmatch(r"LABEL_([0-9]{1,4})", text)
    return int(found[1]) if found and int(found[1]) < count else None


def _batches(texts: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
