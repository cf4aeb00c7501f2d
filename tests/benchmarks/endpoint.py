"""A chat completions endpoint that costs next to nothing: one process, one loop, HTTP/1.1 by hand.

python tests/benchmarks/endpoint.py [--latency MS]     # prints its base URL, ends when its input does

It knows what the benchmark's clients send and no more: requests with a Content-Length, over connections that are
kept. A request whose body holds `json_schema` gets an object, every other one plain text; equal bodies get equal
answers. `GET /stats` tells how many were answered, and how many at most waited at once.
"""

import argparse
import asyncio
import json
import os
import sys
import time

from work import answer_to

_ENVELOPE = (
    '{"id":"chatcmpl-0","object":"chat.completion","created":0,"model":"fake","choices":[{"index":0,"message":'
    '{"role":"assistant","content":%s},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":40,'
    '"completion_tokens":60,"total_tokens":100}}'
)
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Stats:
    """What all connections share."""

    answered = waiting = most_waiting = 0

    @classmethod
    def to_json(cls) -> str:
        """Return the counters, and the CPU seconds that this process has taken."""
        counters = {"answered": cls.answered, "most_waiting": cls.most_waiting, "cpu_s": time.process_time()}
        return json.dumps(counters)


class Connection(asyncio.Protocol):
    """One client's connection; a client has one request on its way at a time."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come whole."""
        self._received = received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = received[:end].lower()
        if head.startswith(b"get "):
            self._received = b""
            self._reply(Stats.to_json())
            return
        at = head.find(b"content-length:") + 15
        whole = end + int(head[at : head.index(b"\r", at)])
        if len(received) < whole:
            return
        self._received = received[whole:]
        body = received[end:whole]
        Stats.waiting += 1
        Stats.most_waiting = max(Stats.most_waiting, Stats.waiting)
        if self._latency_s:
            self._loop.call_later(self._latency_s, self._answer, body)
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        text = answer_to(body, structured=b"json_schema" in body)
        Stats.waiting -= 1
        Stats.answered += 1
        self._reply(_ENVELOPE % json.dumps(text))

    def _reply(self, content: str) -> None:
        if not self._transport.is_closing():
            self._transport.write((_HEAD % (len(content), content)).encode())


async def serve(latency_s: float) -> None:
    """Serve on a free port until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(latency_s), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, os.read, 0, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer")
    answer_to(b"", structured=False)  # makes the words
    asyncio.run(serve(parser.parse_args().latency / 1000))
