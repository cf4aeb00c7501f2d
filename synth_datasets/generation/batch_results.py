"""What a batch has come back with, read line by line and given to those who wait for it."""

import json
from collections.abc import Iterable

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.batch_api import BatchApi, Standing
from synth_datasets.generation.batch_queue import Asked, Batch
from synth_datasets.generation.dialect import Dialect
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.replies import Reply

__all__ = ["settle"]


async def settle(
    batch: Batch, standing: Standing, api: BatchApi, live: OpenAIBackend
) -> tuple[set[str], str, EndpointError | None]:
    """Settle what the batch's files settle.

    Returns which requests are to be worded differently, why the last of the rest has no answer, and what would
    stop every request: the files are read to their ends before that is raised.
    """
    fatal: EndpointError | None = None
    reworded: set[str] = set()
    why = f"the batch {standing.status} without an answer"
    dialect = Dialect.restored(batch.record.dialect)
    for file_id in standing.files:
        with await api.download(batch.record, file_id) as content:
            for key, reply, detail in _results(content):
                asked = batch.asked.get(key)
                if asked is None or asked.future.done():
                    continue
                why = detail or why
                try:
                    if reply is not None and _read(asked, reply, dialect, live):
                        reworded.add(key)
                except EndpointError as error:
                    fatal = error
    return reworded, why, fatal


def _read(asked: Asked, reply: Reply, dialect: Dialect, live: OpenAIBackend) -> bool:
    """Settle the request if the reply does; whether it is to be asked again in other words."""
    request = asked.request
    try:
        outcome = live.read(reply, request, dialect.body(request), dialect.deviations(request))
    except RequestFailedError as error:
        asked.future.set_exception(error)
        return False
    if isinstance(outcome, Answer):
        asked.future.set_result(outcome)
    return outcome is None


def _results(content: Iterable[bytes]) -> Iterable[tuple[str, Reply | None, str]]:
    """Yield key, reply and error of each line of an output or error file; lines that are none are passed over."""
    for line in content:
        try:
            entry = json.loads(line)
            key, response, error = str(entry["custom_id"]), entry.get("response"), entry.get("error")
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        detail = str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else ""
        if isinstance(response, dict) and response.get("body") is not None:
            status = response.get("status_code")
            yield (
                key,
                Reply(status if isinstance(status, int) else 200, json.dumps(response["body"]).encode()),
                detail,
            )
        else:
            yield key, None, detail
