"""The files and batches of an OpenAI-compatible endpoint, and what its refusals mean."""

# ruff: noqa: PLR2004 - status codes are best known by their numbers

import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, TypeVar

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.batch_state import BatchRecord
from synth_datasets.generation.dialect import Refusal
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.replies import Reply, Throttled, Trouble, verdict_of
from synth_datasets.plan.request import Message, Request

if TYPE_CHECKING:
    import openai
    from openai.types import Batch

__all__ = ["ENDED", "RESUME", "BatchApi", "BatchTroubleError", "Standing", "spooled"]

ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
RESUME = "Batches that were submitted keep running at the provider; the same command collects them."

_TRANSFER_S = 1800.0
"""For one file of up to 200 MB."""
_IN_MEMORY = 16_000_000
_LIMIT = re.compile(
    r"token_limit_exceeded|enqueued.{0,20}(token|limit|request)|queue limit|batch(es)? limit|too many.{0,20}batches"
)
_SLACK_S = 60

T = TypeVar("T")


class BatchTroubleError(Exception):
    """The call may go through later; it is not known whether it had an effect."""

    def __init__(self, detail: str, *, wait_s: float | None = None, limit: bool = False) -> None:
        self.detail = detail
        self.wait_s = wait_s
        """How long the endpoint asks to wait; None: it does not say."""
        self.limit = limit
        """The account has too much in its queue."""
        super().__init__(detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a batch stands at the provider."""

    batch_id: str
    status: str
    done: int
    """Requests that have been answered or have failed."""
    files: tuple[str, ...]
    """The output file and the error file, as far as there are any."""
    errors: str
    """What keeps the whole batch from running, in one line."""

    @property
    def over_limit(self) -> bool:
        """Whether it failed because the account has too much in its queue."""
        return self.status == "failed" and bool(_LIMIT.search(self.errors.lower()))


class BatchApi:
    """Calls the endpoint through the client of the live backend; nothing is tried again here.

    Raises `BatchTroubleError` for what may pass, `SettingsError` when there is no batch API, else `EndpointError`.
    """

    def __init__(self, live: OpenAIBackend) -> None:
        self._live = live

    async def upload(self, record: BatchRecord, lines: IO[bytes]) -> tuple[str, int]:
        """Upload the input file; return its id and when the provider says that it was made."""
        name = f"synth-{record.token}.jsonl"
        made = await self._call(
            lambda client: client.files.create(file=(name, lines), purpose="batch"),
            record.model,
            "POST /files",
        )
        return made.id, made.created_at or 0

    async def create(self, record: BatchRecord) -> str:
        """Have the uploaded file run; return the batch's id."""
        made = await self._call(
            lambda client: client.batches.create(
                input_file_id=record.file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={"synth_token": record.token},
            ),
            record.model,
            "POST /batches",
        )
        return made.id

    async def find(self, record: BatchRecord) -> str | None:
        """Return the id of the batch that was made for the record, if any was."""

        async def search(client: "openai.AsyncOpenAI") -> str | None:
            async for batch in client.batches.list(limit=100):
                if (
                    batch.input_file_id == record.file_id
                    or (batch.metadata or {}).get("synth_token") == record.token
                ):
                    return batch.id
                # The newest come first; both times are by the provider's clock.
                if record.file_at and (batch.created_at or record.file_at) < record.file_at - _SLACK_S:
                    break
            return None

        return await self._call(search, record.model, "GET /batches")

    async def discard(self, record: BatchRecord) -> None:
        """Delete the input file, so that a batch that was asked for and is not made yet cannot run any more."""
        await self._call(
            lambda client: client.files.delete(record.file_id), record.model, "DELETE /files", gone=True
        )

    async def retrieve(self, record: BatchRecord) -> Standing:
        """Return how the batch stands now."""
        found = await self._call(
            lambda client: client.batches.retrieve(record.batch_id),
            record.model,
            f"GET /batches/{record.batch_id}",
        )
        return _standing(found)

    async def download(self, record: BatchRecord, file_id: str) -> IO[bytes]:
        """Return the file's content, at its beginning; to be closed by the caller."""

        async def fetch(client: "openai.AsyncOpenAI") -> IO[bytes]:
            content = spooled()
            try:
                async with client.files.with_streaming_response.content(file_id) as response:
                    async for part in response.iter_bytes():
                        content.write(part)
                    told = response.headers.get("content-length")
                if told and not response.headers.get("content-encoding") and int(told) != content.tell():
                    raise BatchTroubleError(f"{file_id} came only in part")
            except BaseException:
                content.close()
                raise
            content.seek(0)
            return content

        return await self._call(fetch, record.model, f"GET /files/{file_id}/content")

    async def _call(
        self,
        send: Callable[["openai.AsyncOpenAI"], Awaitable[T]],
        model: str,
        what: str,
        *,
        gone: Literal[True] | None = None,
    ) -> T:
        """Return what `send` gives; with `gone`, a 404 is as good, and gives None."""
        outcome = await self._live.call(send, limit_s=_TRANSFER_S)
        if isinstance(outcome, Trouble):
            raise BatchTroubleError(outcome.detail)
        if not isinstance(outcome, Reply):
            return outcome
        if gone and outcome.status == 404:
            return None  # type: ignore[return-value] - nobody reads what a deletion gives
        raise self._error(outcome, model, what)

    def _error(self, reply: Reply, model: str, what: str) -> Exception:  # noqa: PLR0911 - a table
        where = self._live.identity
        status, text = reply.status, reply.content.decode("utf-8", "replace").lower()
        # Read as a completion's reply, but for what is about files and batches.
        stand_in = Request(endpoint=where, model=model, messages=(Message("user", ""),), seed=0)
        readable = Reply(400 if status in (404, 405, 410, 413, 501) else status, reply.content, reply.headers)
        verdict = verdict_of(readable, stand_in, where=where, secrets=self._live.secrets)
        told = verdict.message if isinstance(verdict, Refusal) else str(getattr(verdict, "detail", "") or "")
        if status in (404, 405, 501) and what.startswith("POST"):
            return SettingsError(
                f"{where} has no batch API ({what} gives {status}); run without --batch (batch=False)"
            )
        if status == 404:
            return EndpointError(
                f"{where} does not know what {what} names: {told}. Use the API key and project that the batch was "
                "submitted with. If it is gone for good, delete the file of batches beside the answer store (its name "
                "ends in .batches) and run again: what is missing is submitted anew, and paid for again."
            )
        if status in (400, 429) and _LIMIT.search(text):
            return BatchTroubleError(told, limit=True)
        match verdict:
            case Throttled():
                return BatchTroubleError(verdict.detail, wait_s=verdict.wait_s)
            case Trouble():
                return BatchTroubleError(verdict.detail)
            case Refusal() | RequestFailedError():
                return EndpointError(f"{where} refuses {what} ({status}): {told}. {RESUME}")
            case EndpointError():
                return verdict
            case _:
                return EndpointError(f"{where} refuses {what} ({status}). {RESUME}")


def spooled() -> IO[bytes]:
    """Return a nameless temporary file, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


def _standing(batch: "Batch") -> Standing:
    counts = batch.request_counts
    errors = (batch.errors.data if batch.errors else None) or []
    told = "; ".join(
        f"{each.message} ({each.code})" if each.code else str(each.message) for each in errors[:3]
    )
    return Standing(
        batch_id=batch.id,
        status=batch.status,
        done=(counts.completed or 0) + (counts.failed or 0) if counts else 0,
        files=tuple(each for each in (batch.output_file_id, batch.error_file_id) if each),
        errors=" ".join(told.split())[:400],
    )
