"""Which of the card templates fits a dataset, told by its columns, and which columns that template speaks of."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Features

__all__ = ["KINDS", "card_kind"]

KINDS = ("preference", "conversation", "token_classification", "question_answering", "classification")
"""Templates in `cards/`; where several fit, the task decides, and then this order."""
_TASKS = {
    "text-classification": "classification",
    "zero-shot-classification": "classification",
    "token-classification": "token_classification",
    "question-answering": "question_answering",
}


def card_kind(features: "Features", task: str | None) -> tuple[str, dict[str, str]]:
    """Return the template's name without `.md`, and columns by the names that it calls them.

    A dataset that is none of these gets `dataset_card`.
    """
    found = dict(_fitting(features))
    kind = _TASKS.get(task or "")
    if kind not in found:
        kind = next((each for each in KINDS if each in found), None)
    return ("dataset_card", {}) if kind is None else (kind, found[kind])


def _fitting(features: "Features") -> Iterator[tuple[str, dict[str, str]]]:
    from datasets import ClassLabel

    texts = [name for name, feature in features.items() if _dtype(feature) == "string"]
    if {"chosen", "rejected"} <= features.keys():
        columns = {"chosen": "chosen", "rejected": "rejected"}
        yield "preference", columns | ({"prompt": "prompt"} if "prompt" in features else {})
    if (messages := _first(features, {"role", "content"})) is not None:
        yield "conversation", {"messages": messages}
    if (spans := _first(features, {"start", "end", "label", "text"})) is not None and texts:
        tags = {"tokens": "tokens", "tags": "ner_tags"} if {"tokens", "ner_tags"} <= features.keys() else {}
        yield "token_classification", {"spans": spans, "text": _likely("text", texts), **tags}
    answers = (name for name, feature in features.items() if _keys(feature) == {"text", "answer_start"})
    if (answer := next(answers, None)) is not None and {"context", "question"} <= features.keys():
        yield "question_answering", {"answers": answer, "context": "context", "question": "question"}
    labels = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    if labels and texts:
        yield "classification", {"label": _likely("label", labels), "text": _likely("text", texts)}


def _first(features: "Features", keys: set[str]) -> str | None:
    """Return the first column that is a list of mappings with just these keys."""
    return next((name for name, feature in features.items() if _items(feature) == keys), None)


def _items(feature: Any) -> set[str] | None:  # noqa: ANN401 - `datasets` has no common type of features
    from datasets import List

    return _keys(feature.feature) if isinstance(feature, List) else None


def _keys(feature: Any) -> set[str] | None:  # noqa: ANN401 - `datasets` has no common type of features
    return set(feature) if isinstance(feature, Mapping) else None


def _dtype(feature: Any) -> str:  # noqa: ANN401 - `datasets` has no common type of features
    from datasets import Value

    return feature.dtype if isinstance(feature, Value) else ""


def _likely(name: str, names: list[str]) -> str:
    """Return the column of that name, or else the last: what a model wrote stands after what it was told."""
    return name if name in names else names[-1]
