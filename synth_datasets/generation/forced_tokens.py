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
    text comes out the same whatever was read before. Raises `ForcedTokensError`.
    """
    with _client(address, key) as ask:
        read = beginning(text, tokens).encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = list(ask("/tokenize", {"content": read, "add_special": True})["tokens"])[:tokens]
        surprise = 0.0
        for at in range(1, len(ids)):
            if stopped():
                return None
            surprise -= _log_likelihood(ask, ids, at)
    return Likelihood(max(0, len(ids) - 1), surprise)


def _log_likelihood(ask: _Ask, ids: list[int], at: int) -> float:
    """Return the natural logarithm of the likelihood of one token after those before it."""
    body = {
        "prompt": ids[:at],
        "n_predict": 1,
        "n_probs": 1,
        "temperature": 0,
        "cache_prompt": at > 1,
        "logit_bias": [[ids[at], _FORCED]],
    }
    found = ask("/completion", body)["completion_probabilities"][0]
    if found["id"] != ids[at]:
        raise ForcedTokensError("this version of xllamacpp does not write the token that it is told to write")
    return float(found["logprob"])


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
