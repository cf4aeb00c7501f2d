"""One answer, judged by itself: the values it gives its row, or the first reason to refuse it."""

from collections.abc import Mapping

from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Message, Request
from synth_datasets.spec.model import Checks, DatasetSpec, Field, FieldsColumn, PromptColumn
from synth_datasets.validation.annotation_checks import too_similar, unmarked
from synth_datasets.validation.boilerplate import find_boilerplate
from synth_datasets.validation.checks import bad_characters, echoed, out_of_size, repeated
from synth_datasets.validation.dialogue import find_leak, said_before
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.parse import field_values, is_complete, parse_object
from synth_datasets.validation.plan_checks import low_score, out_of_plan, read_perplexity
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.refusals import find_refusal
from synth_datasets.validation.seed_copies import find_copy
from synth_datasets.validation.text import complete_part, joined
from synth_datasets.validation.text_checks import out_of_bounds

__all__ = ["Verdict", "judge"]

_DEFAULT = Checks()


def judge(
    column: PromptColumn | FieldsColumn,
    request: Request,
    answer: Answer,
    values: Mapping[str, object],
    spec: DatasetSpec,
) -> dict[str, object] | Verdict:
    """Return the values of the column's outputs, or why the answer is refused; needs no other row.

    Reasons are looked for in the order of `Reason`: causes before what follows from them, so that a refusal
    is not called too short and a loop not cut off. A plain text that met `max_tokens` is kept up to its last
    complete sentence when there is one beyond the opening; a structured answer must be whole. `values` holds
    what the row has so far.
    """
    if answer.finish_reason == "content_filter":
        return Verdict(Reason.CONTENT_FILTER, "the endpoint says so")
    if answer.finish_reason == "refusal":
        return Verdict(Reason.REFUSAL, "the endpoint says so")
    if not answer.text.strip():
        return Verdict(
            Reason.EMPTY, f"no text, {answer.completion_tokens} tokens, ended by {answer.finish_reason}"
        )
    if isinstance(column, PromptColumn):
        judged = _judge_text(column, request, answer, values, spec.checks.get(column.name, _DEFAULT))
    elif column.reads is not None:
        judged = read_perplexity(column, answer.text, spec.checks.get(column.name, _DEFAULT))
    else:
        judged = _judge_fields(column, request, answer, values, spec)
    return (
        judged
        if isinstance(judged, Verdict)
        else too_similar(judged, values, spec) or _copied(judged, spec) or judged
    )


def _copied(values: Mapping[str, object], spec: DatasetSpec) -> Verdict | None:
    """Find a text that copies a real row."""
    if spec.seeds is None and spec.mix is None:
        return None
    texts = ((name, value) for name, value in values.items() if isinstance(value, str))
    return next((verdict for name, text in texts if (verdict := find_copy(spec, name, text))), None)


def _judge_text(
    column: PromptColumn, request: Request, answer: Answer, row: Mapping[str, object], checks: Checks
) -> dict[str, object] | Verdict:
    opening = request.opening
    whole = joined(answer.text, opening)
    cut = answer.finish_reason == "length"
    text = complete_part(whole, opening) if cut else whole
    own = _without(whole, opening)
    if not own.strip():
        return Verdict(Reason.EMPTY, "nothing but the opening")
    verdict = (
        bad_characters(text or whole)
        or _chat(own, whole, request, checks, turn=column.turn)
        or (repeated(own) if checks.repetition else None)
    )
    if verdict is None and not text:
        verdict = Verdict(Reason.CUT_OFF, f"no complete sentence in {answer.completion_tokens} tokens")
    plain = unmarked(text, checks) if verdict is None else text
    if isinstance(plain, Verdict):
        return plain
    verdict = (
        verdict
        or out_of_size(plain, checks)
        or out_of_plan(plain, checks, row)
        or out_of_bounds(plain, checks, request)
        or (said_before(text, column, row) if column.turn else None)
        or _echo(_without(text, opening), request, checks)
    )
    return verdict or {column.name: text}


def _judge_fields(
    column: FieldsColumn, request: Request, answer: Answer, row: Mapping[str, object], spec: DatasetSpec
) -> dict[str, object] | Verdict:
    if answer.finish_reason == "length" and not is_complete(answer.text):
        return Verdict(Reason.CUT_OFF, f"the object is not complete after {answer.completion_tokens} tokens")
    found = parse_object(answer.text)
    if isinstance(found, Verdict):
        refused = find_refusal(answer.text) if found.reason == Reason.UNPARSABLE else ""
        return Verdict(Reason.REFUSAL, refused) if refused else found
    values = field_values(column.fields, found)
    if isinstance(values, Verdict):
        return values
    for field in column.fields:
        checks = spec.checks.get(field.name, _DEFAULT)
        judging = bool(column.judges)  # a judge may quote and talk as it likes
        if verdict := _field(field, values[field.name], request, row, checks, turn=judging):
            return Verdict(verdict.reason, f"{field.name}: {verdict.detail}")
        score = values[field.name]
        if checks.least is not None and isinstance(score, int):
            said = [value for value in values.values() if isinstance(value, str)]
            if verdict := low_score(score, said, checks):
                return verdict
    return values


def _field(
    field: Field,
    value: object,
    request: Request,
    row: Mapping[str, object],
    checks: Checks,
    *,
    turn: bool = False,
) -> Verdict | None:
    if field.type == "list" and isinstance(value, list):
        return next((verdict for item in value if (verdict := bad_characters(str(item)))), None)
    if field.type == "objects" and isinstance(value, list):
        return _items(field, value, request, row, checks)
    if field.type != "string" or not isinstance(value, str):
        return None
    return (
        bad_characters(value)
        or _chat(value, value, request, checks, turn=turn)
        or (repeated(value) if checks.repetition else None)
        or out_of_size(value, checks)
        or out_of_plan(value, checks, row)
        or out_of_bounds(value, checks, request)
        or _echo(value, request, checks)
    )


def _items(
    field: Field, value: list[dict[str, object]], request: Request, row: Mapping[str, object], checks: Checks
) -> Verdict | None:
    turn = [part.name for part in field.items] == ["role", "content"]
    for number, item in enumerate(value, 1):
        for part in field.items:
            if verdict := _field(part, item[part.name], request, row, checks, turn=turn):
                return Verdict(verdict.reason, f"{part.name} {number}: {verdict.detail}")
    return None


def _chat(own: str, whole: str, request: Request, checks: Checks, *, turn: bool) -> Verdict | None:
    """Find a refusal or boilerplate, at the start of what the model wrote itself or anywhere in the text."""
    if checks.refusals and (refused := find_refusal(own) or (find_refusal(whole) if whole != own else "")):
        return Verdict(Reason.REFUSAL, refused)
    told = (message.content for message in request.messages)
    found = find_leak(own, told) if turn else find_boilerplate(own, told)
    return Verdict(Reason.BOILERPLATE, found) if found else None


def _echo(own: str, request: Request, checks: Checks) -> Verdict | None:
    return echoed(own, (message.content for message in _told(request))) if checks.echo else None


def _told(request: Request) -> tuple[Message, ...]:
    return request.messages[:-1] if request.opening else request.messages


def _without(text: str, opening: str) -> str:
    return text[len(opening) :].lstrip() if opening and text.startswith(opening) else text
