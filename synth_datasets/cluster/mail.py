"""A worker's way to the driver: letters out, replies back."""

import pickle
from typing import Any

from synth_datasets.cluster.letters import Letter

__all__ = ["Mail", "opened", "sealed"]


class Mail:
    """Sends letters to the driver through the actor `post`; for any number of threads."""

    def __init__(self, post: Any, sender: str) -> None:  # noqa: ANN401 - an actor of Ray
        self._post = post
        self._sender = sender

    def ask(self, letter: Letter) -> Any:  # noqa: ANN401 - each letter has a reply of its own kind
        """Return the driver's reply; raises the exception that it is."""
        import ray

        return _unwrapped(ray.get(self._send(letter)))

    async def asked(self, letter: Letter) -> Any:  # noqa: ANN401 - as above
        """Return the driver's reply without holding up the event loop."""
        return _unwrapped(await self._send(letter))

    def tell(self, letter: Letter) -> None:
        """Send a letter whose reply nobody waits for."""
        self._send(letter)

    def _send(self, letter: Letter) -> Any:  # noqa: ANN401 - a reference of Ray
        return self._post.ask.remote(sealed((self._sender, letter)))


def sealed(content: object) -> bytes:
    """Return what crosses the actor, which need not understand it."""
    return pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)


def opened(content: bytes) -> Any:  # noqa: ANN401 - whatever was sealed
    """Return what was sealed by a process of the same cluster."""
    return pickle.loads(content)  # noqa: S301 - Ray itself runs what its processes send each other


def _unwrapped(reply: bytes) -> Any:  # noqa: ANN401 - as above
    content = opened(reply)
    if isinstance(content, BaseException):
        raise content
    return content
