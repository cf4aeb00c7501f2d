"""What rows will ask, foreseen with stand-ins for what a model has yet to say."""

from collections import Counter
from collections.abc import Iterator, Sequence

from synth_datasets.plan.plan import Plan
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.unfit import Unfit
from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import Field, FieldsColumn, PromptColumn
from synth_datasets.spec.rules_annotation import AnswerRule, PickRule
from synth_datasets.spec.templates import TemplateError

__all__ = ["foreseen_requests"]

_UNKNOWN_ANSWER = 128
"""Tokens that an answer is taken to have, as a part of another prompt, when nothing limits it."""


def foreseen_requests(
    plan: Plan, keys: Sequence[RowKey]
) -> tuple[dict[str, list[Request]], dict[str, float]]:
    """Return what the rows will ask for each column, and the share of them that asks at all where not all do.

    What a model will have said before is taken to be half as long as it may be; a column whose prompt cannot be made of
    that asks for nothing.
    """
    asked: dict[str, list[Request]] = {column.name: [] for column in plan.model_columns}
    left_out: Counter[str] = Counter()
    for key in keys:
        values = plan.values(key)
        for column in plan.model_columns:
            if not inputs(column) <= values.keys():
                continue  # of a stand-in nothing could be made
            try:
                if not plan.asks(column, values):
                    left_out[column.name] += 1
                    values.update(dict.fromkeys(outputs(column), ""))
                    plan.derive(key, values)
                    continue
                asked[column.name].append(plan.request(column, key, values, 0))
                values.update(_stand_ins(column))
                _derive(plan, key, values)
            except TemplateError:
                break
    return asked, {name: 1 - count / len(keys) for name, count in left_out.items()}


def _derive(plan: Plan, key: RowKey, values: dict[str, object]) -> None:
    """Fill in what is computed; where a stand-in gives nothing, another one takes its place."""
    rules = {column.name: getattr(column, "rule", None) for column in plan.order}
    for _ in rules:
        try:
            plan.derive(key, values)
        except Unfit as unfit:
            values[unfit.derived] = _derived(rules.get(unfit.derived))
        else:
            return


def _stand_ins(column: PromptColumn | FieldsColumn) -> Iterator[tuple[str, object]]:
    length = 2 * (column.prompt.model.max_tokens or _UNKNOWN_ANSWER)  # half of the tokens, 4 characters each
    if isinstance(column, PromptColumn):
        yield column.name, f"{column.name}: {'word ' * length}"[:length]  # no two alike
        return
    text = ("word " * length)[: max(4, length // max(1, len(column.fields)))]
    for item in column.fields:
        yield item.name, _stand_in(item, text)


def _stand_in(item: Field, text: str) -> object:  # noqa: PLR0911 - one return a type
    match item.type:
        case "integer":
            return int(item.minimum or 0)
        case "number":
            return float(item.minimum or 0)
        case "boolean":
            return True
        case "classes":
            return item.classes[0]
        case "list":
            return [text]
        case "objects":
            return [{part.name: _stand_in(part, text) for part in item.items}]
        case _:
            return text


def _derived(rule: object) -> object:
    """Return what stands for a value of the rule where what it reads are stand-ins."""
    if isinstance(rule, AnswerRule | PickRule):
        return {"text": ["word"], "answer_start": [0]}
    return list[object]()
