"""Rebuild a dataset whose answers are all in the store: what the machine itself costs, without a model.

python tests/benchmarks/replay.py --rows 100000 [--kind text|fields] [--unique off|exact|near] [--profile FILE]
"""

import argparse
import json
import os
import resource
import tempfile
import time
from itertools import islice
from pathlib import Path

from work import answer_to, spec_file

URL = "http://127.0.0.1:9/v1"  # nothing listens: a rebuild asks nobody


def main() -> None:
    """Fill the store in a child process, rebuild in this one, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kind", choices=["text", "fields"], default="text")
    parser.add_argument("--unique", choices=["", "off", "exact", "near", "semantic"], default="")
    parser.add_argument("--profile")
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        own_surroundings(folder)
        spec = spec_file(folder, options.rows, kind=options.kind, unique=options.unique)
        child = os.fork()
        if not child:
            fill_store(spec, folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit("the store could not be filled")
        print(json.dumps(rebuild(spec, folder, options.profile)))  # noqa: T201 - what a script is for


def own_surroundings(folder: Path) -> None:
    """Keep everything that is written in `folder`; must come before `datasets` is imported."""
    os.environ.update(
        HF_HOME=str(folder / "hf"),
        HF_HUB_OFFLINE="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
        XDG_CACHE_HOME=str(folder / "cache"),
        XDG_CONFIG_HOME=str(folder / "config"),
    )


def fill_store(spec: Path, folder: Path) -> None:
    """Put an answer to every row's first request into the store, and to the next where two rows ask the same.

    Of a million rows some ten do: same prompt, same seed, so the same answer, and the later row is asked again.
    """
    from synth_datasets.endpoints import endpoints_of
    from synth_datasets.generation.answer import Answer
    from synth_datasets.generation.store import AnswerStore
    from synth_datasets.plan.plan import Plan
    from synth_datasets.settings import Settings
    from synth_datasets.spec import load_spec

    loaded = load_spec(spec)
    plan = Plan(loaded, endpoints_of(loaded, Settings(base_url=URL)))
    column = plan.model_columns[0]
    rows = plan.decision_rows()
    asked: set[str] = set()
    with AnswerStore(folder / "answers.sqlite") as store:
        while chunk := list(islice(rows, 2000)):
            pairs = []
            for key in chunk:
                values = plan.values(key)
                for attempt in range(plan.spec.attempts):
                    request = plan.request(column, key, values, attempt)
                    text = answer_to(request.key.encode(), structured=request.schema is not None)
                    answer = Answer(
                        key=request.key, text=text, model="fake", prompt_tokens=40, completion_tokens=60
                    )
                    pairs.append((request, answer))
                    if request.key not in asked:
                        break
                asked.add(request.key)
            store.put_many(pairs)


def rebuild(spec: Path, folder: Path, profile: str | None) -> dict[str, float]:
    """Build the dataset from the store alone; returns seconds and bytes."""
    import datasets  # noqa: F401 - imported before the clock starts

    from synth_datasets.synth import Synth

    builder = Synth(
        data_files=str(spec),
        cache_dir=str(folder / "built"),
        base_url=URL,
        store=str(folder / "answers.sqlite"),
    )
    before, wall, cpu = resident(), time.perf_counter(), time.process_time()
    if profile:
        import cProfile

        with cProfile.Profile() as measured:
            builder.download_and_prepare()
        measured.dump_stats(profile)
    else:
        builder.download_and_prepare()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    rows = builder.info.splits["train"].num_examples
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "rows": rows,
        "cpu_s": round(cpu, 3),
        "wall_s": round(wall, 3),
        "rows_per_cpu_s": round(rows / cpu, 1),
        "peak_mb_above_imports": round((peak - before) / 1e6, 1),
    }


def resident() -> int:
    """Return the bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
