"""What it costs to make a dataset in parts and merge them, beside one process that makes it whole.

python tests/benchmarks/parts.py [--rows 100000] [--parts 4] [--at-once 2] [--kind text|fields] [--unique CHECK]

CPU is that of whole processes, their imports included, in seconds. The merge is measured twice: from the first part
that is read to the last row that is written, and as a process. The digests of the rows must be equal.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from replay import own_surroundings
from run import endpoint
from work import spec_file

Result = dict[str, Any]


def main() -> None:
    """Measure, or do one of the steps in a process of its own; print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--kind", choices=["text", "fields"], default="text")
    parser.add_argument("--unique", choices=["", "off", "exact", "near", "semantic"], default="")
    parser.add_argument("--concurrency", type=int, default=256)
    for hidden in ("--step", "--url", "--folder", "--shard"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    result = measure(options) if options.step is None else STEPS[options.step](options)
    print(json.dumps(result))  # noqa: T201 - what a script is for


def measure(options: argparse.Namespace) -> Result:
    """Make the dataset both ways and compare."""
    with tempfile.TemporaryDirectory() as scratch, endpoint(0) as url:
        folder = Path(scratch)
        own_surroundings(folder)
        spec_file(folder, options.rows, kind=options.kind, unique=options.unique)
        whole, whole_cpu, _ = step("whole", options, url, folder)[0]
        parts_cpu = 0.0
        numbers = list(range(1, options.parts + 1))
        for start in range(0, len(numbers), options.at_once):
            shards = [f"{number}/{options.parts}" for number in numbers[start : start + options.at_once]]
            parts_cpu += sum(cpu for _, cpu, _ in step("part", options, url, folder, shards))
        merged, merge_cpu, merge_wall = step("merge", options, url, folder)[0]
    return {
        "rows": options.rows,
        "parts": options.parts,
        "same_rows": whole["digest"] == merged["digest"],
        "whole_cpu_s": round(whole_cpu, 2),
        "parts_cpu_s": round(parts_cpu, 2),
        "merge_cpu_s": round(merge_cpu, 2),
        "merge_process_wall_s": round(merge_wall, 2),
        "merge_wall_s": round(merged["wall_s"], 2),
        "merge_rows_per_s": round(options.rows / merged["wall_s"]),
        "merge_rows_per_cpu_s": round(options.rows / merged["cpu_s"]),
        "parts_to_whole": round(parts_cpu / whole_cpu, 3),
        "parts_and_merge_to_whole": round((parts_cpu + merge_cpu) / whole_cpu, 3),
        **{name: merged[name] for name in ("rounds", "steps", "peak_mb")},
    }


def step(
    name: str, options: argparse.Namespace, url: str, folder: Path, shards: "list[str] | None" = None
) -> list[tuple[Result, float, float]]:
    """Run a step in a process, or several at once; return what each says, its CPU and wall seconds."""
    given = ["--step", name, "--url", url, "--folder", str(folder), "--rows", str(options.rows)]
    given += ["--concurrency", str(options.concurrency), "--parts", str(options.parts)]
    started = time.perf_counter()
    running = [
        subprocess.Popen(
            [sys.executable, __file__, *given, *(["--shard", shard] if shard else [])],
            stdout=subprocess.PIPE,
            text=True,
        )
        for shard in shards or [""]
    ]
    results: list[tuple[Result, float, float]] = []
    for process in running:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{name} failed")
        cpu = usage.ru_utime + usage.ru_stime
        results.append((json.loads(said), cpu, time.perf_counter() - started))
    return results


def settings_of(options: argparse.Namespace, store: str) -> Any:
    """Return where the step asks and keeps its answers."""
    from synth_datasets.settings import load_settings

    return load_settings(
        {
            "base_url": options.url,
            "concurrency": options.concurrency,
            "store": str(Path(options.folder) / f"{store}.sqlite"),
        }
    )


def whole(options: argparse.Namespace) -> Result:
    """Make the dataset in one process."""
    return {"digest": digest_of(built(options, "whole", None))}


def part(options: argparse.Namespace) -> Result:
    """Make one part."""
    from synth_datasets.parts.ask import ask_part
    from synth_datasets.parts.shard import Shard
    from synth_datasets.spec import load_spec

    folder = Path(options.folder)
    shard = Shard.parse(options.shard)
    spec = load_spec(folder / "benchmark.synth.yaml")
    settings = settings_of(options, f"part-{shard.number}")
    ask_part(spec, settings, shard, folder / "parts" / shard.folder)
    return {}


def merge(options: argparse.Namespace) -> Result:
    """Merge the parts, and say what it cost after the imports."""
    import resource

    from synth_datasets.parts.info import whole_of
    from synth_datasets.parts.merge import merge as merged_from
    from synth_datasets.spec import load_spec

    folder = Path(options.folder)
    spec = load_spec(folder / "benchmark.synth.yaml")
    import synth_datasets.synth  # noqa: F401 - before the clock starts

    said: list[str] = []
    before = (time.perf_counter(), time.process_time())
    parts = whole_of([folder / "parts"])
    read = time.perf_counter()
    merged = merged_from(spec, settings_of(options, "merged"), parts, said=said.append)
    decided = time.perf_counter()
    rows = built(options, "merged", merged)
    wall, cpu = time.perf_counter() - before[0], time.process_time() - before[1]
    return {
        "digest": digest_of(rows),
        "wall_s": wall,
        "cpu_s": cpu,
        "rounds": said,
        "steps": {
            "read_and_check_s": round(read - before[0], 2),
            "import_and_decide_s": round(decided - read, 2),
            "write_s": round(before[0] + wall - decided, 2),
        },
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def built(options: argparse.Namespace, name: str, merged: Any) -> Any:
    """Write the split with `datasets` and return it."""
    import datasets

    from synth_datasets.synth import Synth

    datasets.disable_progress_bars()
    folder = Path(options.folder)
    builder = Synth(
        data_files=str(folder / "benchmark.synth.yaml"),
        cache_dir=str(folder / f"{name}-cache"),
        base_url=options.url,
        concurrency=options.concurrency,
        store=str(folder / f"{name}.sqlite"),
    )
    builder.download_and_prepare(merged=merged)
    return builder.as_dataset(split="train")


def digest_of(rows: Any) -> str:
    """Return a digest of the rows and their order."""
    found = hashlib.sha256()
    for batch in rows.with_format("arrow").iter(10_000):
        found.update(repr(batch.to_pydict()).encode())
    return found.hexdigest()


STEPS = {"whole": whole, "part": part, "merge": merge}

if __name__ == "__main__":
    main()
