"""What the Hub's refusals mean for the person who pushes, and what to do next."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from synth_datasets.errors import PublishError

__all__ = ["status_of", "told_plainly"]


@contextmanager
def told_plainly(repo_id: str, doing: str, *, who: str = "") -> Generator[None]:
    """Turn what the Hub's client raises inside into a `PublishError`; `doing` completes `while …`.

    `who` the token belongs to is told where it may not write.
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
        told = f"; you are {who}" if who and message.startswith(_MAY_NOT_WRITE) else ""
        raise PublishError(f"{message}{told} (while {doing} {repo_id})") from error


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that the Hub answered with, if it answered at all."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _explanation(error: BaseException, repo_id: str) -> str | None:
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HTTPError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    # A gated repository counts as one that is not found, too: the first kind that fits is meant.
    plain = {
        LocalTokenNotFoundError: "no token for the Hub: run `hf auth login`, or set HF_TOKEN",
        OfflineModeIsEnabled: "HF_HUB_OFFLINE is set, so the Hub is not asked: unset it and try again",
        GatedRepoError: f"{repo_id} is gated, and this token's owner has no access: ask for it on the dataset's page, "
        f"{_page(repo_id)}, then try again",
        DisabledRepoError: f"the Hub has disabled {repo_id}; its page says why: {_page(repo_id)}",
        RepositoryNotFoundError: _not_found(error, repo_id),
    }
    for kind, message in plain.items():
        if isinstance(error, kind):
            return message
    if (status := status_of(error)) is not None:
        if status == HTTPStatus.FORBIDDEN and _only_read(error):
            return f"this token may not read {repo_id}: ask its owner for access, or use another token"
        return _by_status(status, str(getattr(error, "server_message", None) or ""))
    if isinstance(error, (HTTPError, ConnectionError)):
        return "the Hub cannot be reached: check the connection and HF_ENDPOINT, then try again"
    if isinstance(error, ValueError) and "metadata" in str(error):
        return f"the Hub refuses the card's header: {error}"
    # Uploads and downloads wrap what went wrong in errors of their own.
    return _explanation(error.__cause__, repo_id) if error.__cause__ is not None else None


_MAY_NOT_WRITE = "this token may not write there"
_REFUSALS = {
    401: "the Hub does not accept this token (mistyped, revoked or expired): make a new one under Settings, Access "
    "Tokens, then run `hf auth login` or set HF_TOKEN",
    403: f"{_MAY_NOT_WRITE}: use one of the role `write`, or a fine-grained one that may write to the repository or "
    "its organisation; to a dataset of others, propose the version with --create-pr",
    404: "not found",
    409: "it exists already",
    412: "somebody else changed the repository meanwhile; this push changed nothing: push again",
    429: "the Hub asks to slow down: wait some minutes and try again",
}


def _not_found(error: BaseException, repo_id: str) -> str:
    """Say what a missing repository means: the Hub hides private ones from whom it does not know."""
    said = str(getattr(error, "server_message", None) or "")
    if status_of(error) == HTTPStatus.UNAUTHORIZED and ("expired" in said or "credentials" in said):
        return _by_status(HTTPStatus.UNAUTHORIZED, said)
    from huggingface_hub import get_token

    known = (
        "this token may not see it" if get_token() else "it is private: run `hf auth login`, or set HF_TOKEN"
    )
    return f"there is no dataset {repo_id}, or {known}"


def _only_read(error: BaseException) -> bool:
    request = getattr(getattr(error, "response", None), "request", None)
    return getattr(request, "method", "") in ("GET", "HEAD")


def _page(repo_id: str) -> str:
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/datasets/{repo_id}"


def _by_status(status: int, server_message: str) -> str:
    failed = f"the Hub failed with status {status}: push again, what arrived is not sent twice"
    said = f"; the Hub says: {server_message}" if server_message else ""
    unknown = (
        failed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else f"the Hub answered with status {status}"
    )
    return _REFUSALS.get(status, unknown) + said
