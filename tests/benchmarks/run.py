"""What a row costs from plan to Arrow, beside clients that do nothing but ask.

python tests/benchmarks/run.py [--rows 5000] [--concurrency 256 ...] [--latency 0 200] [--rounds 3] [--json FILE]

All clients take turns in an order that is reversed each round, so that a machine that is busy for a while is busy for
all of them; the table gives medians. CPU is that of the client's own process after its imports, in seconds per 1,000
rows; the endpoint runs in another. Compare the ratios: seconds are this machine's. `--url` measures against another
endpoint that knows the same work.
"""

import argparse
import json
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clients import FLOORS, OURS

_HERE = Path(__file__).parent
Result = dict[str, Any]


@contextmanager
def endpoint(latency_ms: float) -> Iterator[str]:
    """Run the fake endpoint in a process of its own and give its base URL."""
    command = [sys.executable, str(_HERE / "endpoint.py"), "--latency", str(latency_ms)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.communicate()
        process.wait()


def stats(url: str) -> dict[str, float]:
    """Return the endpoint's counters."""
    with urllib.request.urlopen(url.replace("/v1", "/stats")) as response:
        return json.load(response)


def measure(name: str, url: str, rows: int, concurrency: int) -> Result:
    """Run one client once, in a process of its own."""
    command = [sys.executable, str(_HERE / "clients.py"), name, "--url", url]
    command += ["--rows", str(rows), "--concurrency", str(concurrency)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout)


def compare(
    names: list[str], *, rows: int, concurrency: int, latency_ms: float, rounds: int, url: str = ""
) -> list[Result]:
    """Return a median result for each client, with its ratios to the floors."""
    runs: dict[str, list[Result]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            if url:
                runs[name].append(measure(name, url, rows, concurrency))
                continue
            with endpoint(latency_ms) as own:
                result = measure(name, own, rows, concurrency)
                counters = stats(own)
            result["most_waiting"] = counters["most_waiting"]
            result["asked"] = counters["answered"]
            result["endpoint_us"] = counters["cpu_s"] / counters["answered"] * 1e6
            runs[name].append(result)
    medians = []
    for name, results in runs.items():
        median: Result = {"name": name, "rows": rows, "concurrency": concurrency, "latency_ms": latency_ms}
        for figure in results[0].keys() - {"name", "rows"}:
            median[figure] = statistics.median(result[figure] for result in results)
        median["cpu_per_1000"] = median["cpu_s"] / rows * 1000
        median["range"] = [
            min(r["cpu_s"] for r in results) / rows * 1000,
            max(r["cpu_s"] for r in results) / rows * 1000,
        ]
        medians.append(median)
    for floor in ("openai", "aiohttp"):
        cost = next((each["cpu_per_1000"] for each in medians if each["name"] == floor), None)
        for each in medians:
            each[f"x_{floor}"] = each["cpu_per_1000"] / cost if cost else None
    if latency_ms:
        for each in medians:
            each["x_ideal_wall"] = each["wall_s"] / (rows * latency_ms / 1000 / concurrency)
    return medians


def table(results: list[Result]) -> str:
    """Return the results of one setting as Markdown."""
    lines = [
        "| client | CPU s / 1,000 rows | min-max | x openai | x aiohttp | wall s | x ideal wall | requests | at once |",
        f"|{' --- |' * 9}",
    ]
    for each in results:
        low, high = each["range"]
        cells = [
            each["name"],
            f"{each['cpu_per_1000']:.2f}",
            f"{low:.2f}-{high:.2f}",
            *(f"{each[name]:.2f}" if each[name] else "" for name in ("x_openai", "x_aiohttp")),
            f"{each['wall_s']:.1f}",
            f"{each['x_ideal_wall']:.2f}" if "x_ideal_wall" in each else "",
            *(f"{each[name]:.0f}" if name in each else "" for name in ("asked", "most_waiting")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure each setting and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[256])
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 200.0], help="milliseconds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", nargs="+", choices=[*FLOORS, *OURS], default=[*FLOORS, *OURS])
    parser.add_argument("--url", default="", help="of another endpoint")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    everything = []
    for latency_ms in options.latency:
        for concurrency in options.concurrency:
            results = compare(
                options.clients,
                rows=options.rows,
                concurrency=concurrency,
                latency_ms=latency_ms,
                rounds=options.rounds,
                url=options.url,
            )
            everything += results
            sys.stdout.write(f"\n{options.rows} rows, concurrency {concurrency}, {latency_ms:g} ms, ")
            sys.stdout.write(f"medians of {options.rounds}\n\n{table(results)}\n")
            sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
