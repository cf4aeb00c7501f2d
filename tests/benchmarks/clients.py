"""One measured run of one client in a process of its own; prints a line of JSON.

python tests/benchmarks/clients.py NAME --url URL --rows N --concurrency C

`openai`: the default client, as the documentation shows it. `openai-post`: the same package at its cheapest, its
aiohttp transport and raw posts. `aiohttp`: bare aiohttp. These three ask, parse the object and keep it in a list.
`synth-fields` and `synth-text` are `load_dataset` on this project's builder: plan, render, ask, parse, check, store
each answer durably, trace, and write Arrow. `synth-fields` gets the same objects; `synth-text` gets plain texts of
the same length and compares each with all others.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from replay import own_surroundings
from work import LABELS, MODEL, SCHEMA, SYSTEM, USER, spec_file

FLOORS = ("openai", "openai-post", "aiohttp")
OURS = ("synth-fields", "synth-text")
_KEY = "none"
_SAMPLING = {
    "temperature": 0.7,
    "max_tokens": 200,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "row", "schema": SCHEMA, "strict": True},
    },
}
Row = tuple[str, str]
Ask = Callable[[str], Awaitable[Row]]


def messages(item: str) -> list[dict[str, str]]:
    """Return what the floors ask for one item."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER.format(item=item)}]


def row_of(content: str) -> Row:
    """Read the answer's object."""
    found = json.loads(content)
    return found["text"], found["label"]


async def ask_all(ask: Ask, rows: int, concurrency: int) -> list[Row]:
    """Ask for every row, `concurrency` at a time."""
    items = iter(range(rows))
    found: list[Row] = []

    async def worker() -> None:
        for item in items:
            found.append(await ask(f"ROW-{item:07d}"))  # noqa: PERF401 - the workers share one list

    await asyncio.gather(*(worker() for _ in range(min(concurrency, rows))))
    return found


async def run_openai(url: str, rows: int, concurrency: int) -> list[Row]:
    """`AsyncOpenAI` as it comes."""
    import openai

    async with openai.AsyncOpenAI(
        base_url=url, api_key=_KEY, timeout=600
    ) as client:  # a busy machine connects slowly
        create: Any = client.chat.completions.create

        async def ask(item: str) -> Row:
            completion = await create(model=MODEL, messages=messages(item), **_SAMPLING)
            return row_of(completion.choices[0].message.content)

        return await ask_all(ask, rows, concurrency)


async def run_openai_post(url: str, rows: int, concurrency: int) -> list[Row]:
    """`AsyncOpenAI` over aiohttp, with bodies and responses left raw."""
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    http = openai.DefaultAioHttpClient(limits=limits)
    async with openai.AsyncOpenAI(base_url=url, api_key=_KEY, http_client=http) as client:

        async def ask(item: str) -> Row:
            body = {"model": MODEL, "messages": messages(item), **_SAMPLING}
            response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
            return row_of(json.loads(response.content)["choices"][0]["message"]["content"])

        return await ask_all(ask, rows, concurrency)


async def run_aiohttp(url: str, rows: int, concurrency: int) -> list[Row]:
    """A session of aiohttp and nothing else."""
    import aiohttp

    headers = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def ask(item: str) -> Row:
            body = {"model": MODEL, "messages": messages(item), **_SAMPLING}
            async with session.post(f"{url}/chat/completions", data=json.dumps(body).encode()) as response:
                return row_of(json.loads(await response.read())["choices"][0]["message"]["content"])

        return await ask_all(ask, rows, concurrency)


def run_synth(kind: str, url: str, rows: int, concurrency: int, folder: Path) -> int:
    """Build a dataset from nothing and return how many rows it has."""
    from synth_datasets.synth import Synth

    builder = Synth(
        data_files=str(spec_file(folder, rows, kind=kind)),
        cache_dir=str(folder / "built"),
        base_url=url,
        concurrency=concurrency,
        store=str(folder / "answers.sqlite"),
    )
    builder.download_and_prepare()
    return builder.as_dataset(split="train").num_rows


def run(name: str, url: str, rows: int, concurrency: int, folder: Path) -> int:
    """Run the client called `name` and return how many whole rows it has."""
    if name in OURS:
        return run_synth(name.removeprefix("synth-"), url, rows, concurrency, folder)
    client = {"openai": run_openai, "openai-post": run_openai_post, "aiohttp": run_aiohttp}[name]
    found = asyncio.run(client(url, rows, concurrency))
    return sum(bool(text) and label in LABELS for text, label in found)


def import_for(name: str) -> None:
    """Import what the client needs, so that the clock starts after it."""
    import aiohttp  # noqa: F401
    import openai.resources.chat.completions  # noqa: F401

    if name in OURS:
        import synth_datasets.synth  # noqa: F401


def main() -> None:
    """Measure one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*FLOORS, *OURS])
    parser.add_argument("--url", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--profile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        own_surroundings(folder)
        os.environ.pop("OPENAI_API_KEY", None)
        import_for(options.name)
        wall, cpu = time.perf_counter(), time.process_time()
        found = run(options.name, options.url, options.rows, options.concurrency, folder)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    result = {
        "name": options.name,
        "rows": found,
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    sys.stdout.write(json.dumps(result) + "\n")
    if found != options.rows:
        raise SystemExit(f"{found} rows instead of {options.rows}")


if __name__ == "__main__":
    main()
