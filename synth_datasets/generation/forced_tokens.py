"""The likelihood of a text under llama.cpp, which tells that of tokens it writes and not of those it reads."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from synth_datasets.generation.likelihood import Likelihood, beginning

__all__ = ["ForcedTokensError", "forced_likelihood"]

_FORCED = 1_000.0
_WHOLE = "a"
_MANY = (1_000, 1 << 24)
"""How many of the likeliest tokens are listed to find one among them: most are, and then all (some megabytes)."""

_Ask = Callable[[str, Mapping[str, object]], Mapping[str, Any]]


class ForcedTokensError(Exception):
    """The server did not tell what it was asked for."""


def forced_likelihood(
    address: str, key: str, text: str, tokens: int, stopped: Callable[[], bool] = lambda: False
) -> Likelihood | None:
    """Return what the server at this address makes of the first `tokens` of a text; None once `stopped` says so.

    Each token is made the only one that can come next, and its likelihood is that before this, which
    `post_sampling_probs` leaves as it was. One request and one evaluation a token: as long as writing the text takes.
    The first request takes nothing from a cache, the others what this text has put there, one token each, so that a
    text comes out the same whatever was read before. Marks of a chat template (`<|im_start|>`) are read as they are
    written. Raises `ForcedTokensError`.
    """
    with _client(address, key) as ask:
        read = beginning(text, tokens).encode("utf-8", "replace").decode("utf-8")
        try:
            ids = _ids(ask, read, begins=True)[:tokens]
            surprise = 0.0
            for at in range(1, len(ids)):
                if stopped():
                    return None
                surprise -= _log_likelihood(ask, ids, at)
        except (ValueError, LookupError, TypeError) as error:
            raise ForcedTokensError(f"the embedded model says nothing of this text: {error!r}") from error
    return Likelihood(max(0, len(ids) - 1), surprise)


def _ids(ask: _Ask, text: str, *, begins: bool = False) -> list[int]:
    return list(ask("/tokenize", {"content": text, "add_special": begins, "parse_special": False})["tokens"])


def _log_likelihood(ask: _Ask, ids: list[int], at: int) -> float:
    """Return the natural logarithm of the likelihood of one token after those before it."""
    told = _next(ask, ids[:at], ids[at], 1)
    if told is not None:
        return float(told["logprob"])
    # It ends within a character, and the server keeps such tokens to itself: it is looked for beside another one.
    whole = _ids(ask, _WHOLE)[-1]
    for many in _MANY:
        beside = _next(ask, ids[:at], whole, many)
        for each in () if beside is None else beside["top_logprobs"]:
            if each["id"] == ids[at]:
                return float(each["logprob"])
    raise ForcedTokensError("this version of xllamacpp does not tell of all tokens how likely they are")


def _next(ask: _Ask, before: list[int], forced: int, many: int) -> Mapping[str, Any] | None:
    """Return what the server tells of the token that it is made to write, and of so many others; None for nothing."""
    body = {
        "prompt": before,
        "n_predict": 1,
        "n_probs": many,
        "temperature": 0,
        "cache_prompt": len(before) > 1,
        "logit_bias": [[forced, _FORCED]],
    }
    told = ask("/completion", body).get("completion_probabilities")
    if not told:
        return None
    if told[0]["id"] != forced:
        raise ForcedTokensError("this version of xllamacpp does not write the token that it is told to write")
    found: Mapping[str, Any] = told[0]
    return found


@contextmanager
def _client(address: str, key: str) -> Iterator[_Ask]:
    """Give what posts to the server, past any proxy that the environment names."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(str(where.hostname), where.port)

    def ask(path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise ForcedTokensError(f"the embedded model cannot read this text: {said[:200]!r}")
        found: Mapping[str, Any] = json.loads(said)
        return found

    with closing(connection):
        yield ask
