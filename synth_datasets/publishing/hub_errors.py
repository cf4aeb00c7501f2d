"""What the Hub's refusals mean for the person who pushes, and what to do next."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from synth_datasets.errors import PublishError

__all__ = ["status_of", "told_plainly"]


@contextmanager
def told_plainly(repo_id: str, doing: str) -> Generator[None]:
    """Turn what the Hub's client raises inside into a `PublishError`; `doing` completes `while …`.

    The token is in none of the messages: the client keeps it in request headers, which nobody prints.
    """
    from huggingface_hub.errors import HFValidationError, HTTPError

    try:
        yield
    except HFValidationError as error:
        raise PublishError(f"{repo_id!r} is not a repository id: write it as owner/name") from error
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        if (message := _explanation(error, repo_id)) is None:
            error.add_note(f"while {doing} {repo_id}")
            raise
        raise PublishError(f"{message} (while {doing} {repo_id})") from error


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that the Hub answered with, if it answered at all."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _explanation(error: BaseException, repo_id: str) -> str | None:
    from huggingface_hub.errors import (
        HTTPError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    plain = {
        LocalTokenNotFoundError: "no token for the Hub: run `hf auth login`, or set HF_TOKEN",
        OfflineModeIsEnabled: "HF_HUB_OFFLINE is set, so the Hub is not asked: unset it and try again",
        RepositoryNotFoundError: f"there is no dataset {repo_id}, or this token may not see it",
    }
    for kind, message in plain.items():
        if isinstance(error, kind):
            return message
    if (status := status_of(error)) is not None:
        return _by_status(status, str(getattr(error, "server_message", None) or ""))
    if isinstance(error, (HTTPError, ConnectionError)):
        return "the Hub cannot be reached: check the connection and HF_ENDPOINT, then try again"
    if isinstance(error, ValueError) and "metadata" in str(error):
        return f"the Hub refuses the card's header: {error}"
    # Uploads and downloads wrap what went wrong in errors of their own.
    return _explanation(error.__cause__, repo_id) if error.__cause__ is not None else None


_REFUSALS = {
    401: "the Hub does not accept this token: make a new one, then run `hf auth login`",
    403: "this token may not write there: use one that has write access to it",
    404: "not found",
    409: "it exists already",
    412: "somebody else changed the repository meanwhile; this push changed nothing: push again",
    429: "the Hub asks to slow down: wait some minutes and try again",
}


def _by_status(status: int, server_message: str) -> str:
    failed = f"the Hub failed with status {status}: push again, what arrived is not sent twice"
    said = f"; the Hub says: {server_message}" if server_message else ""
    unknown = (
        failed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else f"the Hub answered with status {status}"
    )
    return _REFUSALS.get(status, unknown) + said
