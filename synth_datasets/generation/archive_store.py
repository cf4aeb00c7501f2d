"""A store of answers read like an archive: each answer with its request, which must be that of its key."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.generation.store_file import open_store
from synth_datasets.plan.request import Request

__all__ = ["is_database", "read_store"]

_HEAD = b"SQLite format 3\x00"
_TOGETHER = 1000


def is_database(path: Path) -> bool:
    """Whether the file is one of SQLite."""
    with path.open("rb") as file:
        return file.read(len(_HEAD)) == _HEAD


def read_store(path: Path) -> Iterator[list[tuple[Request, Answer | RequestFailedError]]]:
    """Yield the answers of a store in batches, and then the requests that failed.

    Raises `SettingsError` for another program's file, and for a record whose request is not that of its key.
    """
    with AnswerStore(path, read_only=True) as store:
        requests = store.requests()
        while given := list(islice(requests, _TOGETHER)):
            asked = [_request(path, canonical) for canonical in given]
            found = store.get_many([request.key for request in asked])
            if wrong := [request.key for request in asked if request.key not in found]:
                raise SettingsError(
                    f"{path}: the answer to {wrong[0]} was changed, or its request was; nothing was imported, get it "
                    "again from where it came"
                )
            yield [(request, found[request.key]) for request in asked]
        failed = _failed(path)
        for start in range(0, len(failed), _TOGETHER):
            failures = store.get_failures(failed[start : start + _TOGETHER])
            yield [(_request(path, canonical, key), error) for key, (error, canonical) in failures.items()]


def _request(path: Path, canonical: str, key: str = "") -> Request:
    try:
        request = Request.parse(canonical)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path} holds a request that is none ({error}); nothing was imported") from error
    if key not in ("", request.key):
        raise SettingsError(f"{path}: the request {key} was changed; nothing was imported")
    return request


def _failed(path: Path) -> list[str]:
    connection = open_store(path, read_only=True)
    try:
        return [key.hex() for (key,) in connection.execute("SELECT key FROM failures")]
    finally:
        connection.close()
