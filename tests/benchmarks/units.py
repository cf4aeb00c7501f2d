"""What one row costs, in CPU, bytes and memory, where a dataset is made in parts: the figures of SCALING.md.

python tests/benchmarks/units.py build --rows 320000 --parts 16 [--kind text|fields] [--unique off|exact|near|semantic]
python tests/benchmarks/units.py plan --rows 1000000         # what each part goes through beside its own rows
python tests/benchmarks/units.py tables --rows 1000000       # what the checks on duplicates remember of a row
python tests/benchmarks/units.py merge --rows 1000000 [--unique CHECK]      # of parts that nobody was asked for

`build` runs the commands of a reader, `synth build --shard` and `synth merge`, each in a process of its own that asks
`endpoint.py`; `merge` only decides and puts rows together, of parts whose answers were put there. CPU is that of whole
processes and in seconds, memory is the most that a process held (`ru_maxrss`).
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from replay import own_surroundings, resident
from run import endpoint
from work import answer_to, spec_file

Result = dict[str, Any]


def main() -> None:
    """Measure one of them and print a line of JSON, with the state of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--parts", type=int, default=16)
    parser.add_argument("--kind", choices=["text", "fields"], default="text")
    parser.add_argument("--unique", choices=["", "off", "exact", "near", "semantic"], default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        own_surroundings(Path(scratch))
        found = WHAT[options.what](options, Path(scratch))
    print(json.dumps({**vars(options), **machine(), **found}))  # noqa: T201 - what a script is for


def machine() -> Result:
    """Return what the figures depend on beside the code."""
    import datasets
    import pyarrow as pa

    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "datasets": datasets.__version__,
        "pyarrow": pa.__version__,
    }


# --- the commands of a reader


def build(options: argparse.Namespace, folder: Path) -> Result:
    """Make the parts one after the other, merge them, and rebuild the same from the answers."""
    spec = spec_file(folder, options.rows, kind=options.kind, unique=options.unique)
    with endpoint(0) as url:
        start = synth(
            folder, "build", spec, "--shard", f"0/{options.parts}", "-o", "nothing", "--base-url", url
        )
        parts = [
            synth(
                *(folder, "build", spec, "--shard", f"{number}/{options.parts}", "-o", "parts"),
                *("--store", f"part-{number}.sqlite", "--base-url", url, "--concurrency", 256),
            )
            for number in range(1, options.parts + 1)
        ]
        merged = synth(folder, "merge", "parts", "-o", "made", "--store", "merged.sqlite", "--base-url", url)
    asked = ("--store", "merged.sqlite", "--base-url", url)
    again = synth(folder, "build", spec, "-o", "again", "--offline", "--cache-dir", "other", *asked)
    (locks, others) = ((folder / name / "synth.lock").read_bytes() for name in ("made", "again"))
    rows = options.rows
    return {
        "start_cpu_s": start["cpu_s"],
        "asked_cpu_ms_a_row": _ms(sum(part["cpu_s"] for part in parts), rows),
        "part_peak_mb": max(part["peak_mb"] for part in parts),
        "merge": {**merged, "cpu_ms_a_row": _ms(merged["cpu_s"], rows)},
        "rebuild": {**again, "cpu_ms_a_row": _ms(again["cpu_s"], rows)},
        "same_lock": locks == others,
        "bytes_a_row": sizes(folder, rows),
    }


def synth(folder: Path, *arguments: object) -> Result:
    """Run the command in a process of its own; return its CPU and wall seconds and its memory at most."""
    started = time.perf_counter()
    with (folder / "output.txt").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "synth_datasets.cli", *map(str, arguments)],
            cwd=folder,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            output.seek(0)
            raise SystemExit(f"{arguments} failed:\n{output.read()[-4000:]}")
    return {
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_mb": usage.ru_maxrss // 1024,
    }


def sizes(folder: Path, rows: int) -> dict[str, float]:
    """Return the bytes that a row takes in each place."""
    found = {
        "store of a part": _bytes(folder, "part-*.sqlite*"),
        "part": _bytes(folder / "parts", "*/**/*"),
        "part: answers": _bytes(folder / "parts", "*/answers.sqlite"),
        "part: rows": _bytes(folder / "parts", "*/*.rows.arrow"),
        "part: checks": _bytes(folder / "parts", "*/*.check*.bin"),
        "part: index": _bytes(folder / "parts", "*/*.index.arrow"),
        "part: trace": _bytes(folder / "parts", "*/trace/*"),
        "store of the merge": _bytes(folder, "merged.sqlite*"),
        "cache of datasets": _bytes(folder / "hf", "**/*.arrow"),
        "cache of datasets: trace": _bytes(folder / "hf", "**/trace/*"),
        "release: data": _bytes(folder / "made", "data/*"),
        "release: rows": _bytes(folder / "made", "rows/*"),
        "release": _bytes(folder / "made", "**/*"),
    }
    return {name: round(size / rows, 1) for name, size in found.items()}


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file())


def _ms(seconds: float, rows: int) -> float:
    return round(1000 * seconds / rows, 3)


# --- what grows with all rows in each part


def plan(options: argparse.Namespace, folder: Path) -> Result:
    """Go through the plan as each part does: deal all rows, then find its own among them."""
    from synth_datasets.parts.ask import _of_part
    from synth_datasets.plan.part import in_shard
    from synth_datasets.plan.plan import Plan
    from synth_datasets.spec import load_spec

    spec = load_spec(spec_file(folder, options.rows, kind=options.kind))
    walked = Plan(spec, {})
    before, started = resident(), time.process_time()
    own = {split.name: in_shard(split.num_examples, options.parts, 0) for split in spec.splits}
    dealt, most = time.process_time() - started, _peak() - before
    first = next(iter(_of_part(walked, own)))
    started = time.process_time()
    found = sum(1 for _ in _of_part(walked, own))
    every = time.process_time() - started
    started = time.process_time()
    walked.ordered_rows()
    ordered = time.process_time() - started
    return {
        "first": str(first),
        "own_rows": found,
        "deal_us_a_row": round(1e6 * dealt / options.rows, 3),
        "deal_bytes_a_row": round(most / options.rows, 1),
        "walk_us_a_row": round(1e6 * every / options.rows, 3),
        "order_at_once_us_a_row": round(1e6 * ordered / options.rows, 3),
    }


def tables(options: argparse.Namespace, folder: Path) -> Result:
    """Fill the tables of exact, near and semantic duplicates with rows that repeat none, or hardly any.

    With `--unique` that of one check. For `semantic` the rows are texts, whose vectors are made, too.
    """
    checks = [options.unique] if options.unique else ["exact", "near", "semantic"]
    return {check: _child(_fill_table, check, options.rows) for check in checks}


def _fill_table(check: str, rows: int) -> Result:
    import numpy as np

    from synth_datasets.validation.exact_table import ExactTable
    from synth_datasets.validation.schemes import Cosine
    from synth_datasets.validation.tables import NearTable

    draw = np.random.default_rng(3)
    exact, near = ExactTable(), NearTable(0.85, Cosine()) if check == "semantic" else NearTable(0.7)
    if check == "semantic":
        near.scheme.marks(["so that the vectors are there"])
    before, started = resident(), time.process_time()
    done = found = 0
    while done < rows:
        if check == "semantic":
            texts = _short_texts(done, min(2048, rows - done, near.room()))
            near.prepare(texts)
            for text in texts:
                if near.find(text) is None:
                    near.add(text)
                else:
                    found += 1
            done += len(texts)
            continue
        if check == "exact":
            for number in draw.integers(0, 2**63, min(2048, rows - done)).tolist():
                if exact.find_hash(number) is None:
                    exact.add_hash(number)
            done += 2048
            continue
        count = min(2048, rows - done, near.room())
        batch = near.look_up(draw.integers(0, 2**32, (count, 64), np.uint32))
        near.add_alone(batch, 0, count)
        done += count
    cpu = time.process_time() - started
    return {
        "us_a_row": round(1e6 * cpu / rows, 2),
        "bytes_a_row": round((resident() - before) / rows, 1),
        "peak_bytes_a_row": round((_peak() - before) / rows, 1),
        **({"repeated": found} if found else {}),
    }


def _short_texts(start: int, count: int) -> list[str]:
    """Return texts of 8 to 23 of the benchmark's words, common ones more often."""
    found: list[str] = []
    for number in range(start, start + count):
        words = answer_to(str(number).encode(), structured=False).split()
        found.append(" ".join(words[: 8 + number % 16]))
    return found


# --- the merge alone


def merge(options: argparse.Namespace, folder: Path) -> Result:
    """Decide on parts and put them together; what asks nobody may be made by one process for all."""
    spec = spec_file(folder, options.rows, kind=options.kind, unique=options.unique)
    _child(_fill_parts, spec, folder, options.parts)
    return _child(_merge, spec, folder)


def _fill_parts(spec: Path, folder: Path, parts: int) -> Result:
    from replay import URL, fill_store

    from synth_datasets.generation.store import AnswerStore
    from synth_datasets.parts.ask import ask_part
    from synth_datasets.parts.shard import Shard
    from synth_datasets.settings import Settings
    from synth_datasets.spec import load_spec

    fill_store(spec, folder)
    path = folder / "answers.sqlite"
    with AnswerStore(path) as store:  # given to each part, so that none copies it
        for number in range(1, parts + 1):
            shard = Shard(number, parts)
            settings = Settings(base_url=URL, store=path)
            ask_part(load_spec(spec), settings, shard, folder / "parts" / shard.folder, store=store)
    return {}


def _merge(spec: Path, folder: Path) -> Result:
    from replay import URL

    from synth_datasets.parts.info import whole_of
    from synth_datasets.parts.merge import merge as merged_from
    from synth_datasets.settings import Settings
    from synth_datasets.spec import load_spec

    loaded = load_spec(spec)
    before, clock = resident(), [time.process_time()]
    parts = whole_of([folder / "parts"])
    clock.append(time.process_time())
    merged = merged_from(loaded, Settings(base_url=URL, store=folder / "answers.sqlite"), parts, offline=True)
    clock.append(time.process_time())
    decided = _peak()
    rows = sum(len(table) for table in merged.tables("train", folder / "trace", keep_short=True))
    clock.append(time.process_time())
    steps = dict(zip(("check", "decide", "put_together"), (b - a for a, b in pairwise(clock)), strict=True))
    return {
        "out": rows,
        "us_a_row": {name: round(1e6 * seconds / rows, 2) for name, seconds in steps.items()},
        "rows_per_cpu_s": round(rows / (clock[-1] - clock[0])),
        "decided_mb": round((decided - before) / 1e6),
        "peak_mb": round((_peak() - before) / 1e6),
    }


def _child(measured: Callable[..., Result], *given: Any) -> Result:
    """Run it in a process of its own, so that its memory is its own; return what it returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, json.dumps(measured(*given)).encode())
        except BaseException:  # noqa: BLE001 - told, and the parent ends
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"{measured.__name__} failed")
    return json.loads(text)


def _peak() -> int:
    """Return the most bytes that this process has held, in pages of its own and of files."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


WHAT = {"build": build, "plan": plan, "tables": tables, "merge": merge}

if __name__ == "__main__":
    main()
