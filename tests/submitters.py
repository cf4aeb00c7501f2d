"""Stand-ins for the commands that submit jobs: what they are given runs here, with what the real ones would set.

    path = submitters.install(tmp_path / "bin", tmp_path / "state")     # `sbatch`, `kubectl`, `docker`, `hf`, `synth`
    subprocess.run(["bash", "-c", script], env={"PATH": path, ...})

They know the options that the pages of this repository use, refuse others, and end when what they were given has ended.
Containers see the variables that they are given and no other; images are this Python.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

__all__ = ["install"]

AT_ONCE = 2
SLURM_OPTIONS = {"array", "cpus-per-task", "dependency", "job-name", "kill-on-invalid-dep", "mem", "parsable"}
SLURM_OPTIONS |= {"requeue", "time"}


def install(bin_folder: Path, state: Path) -> str:
    """Put the commands into the folder; return the PATH with which they are found first."""
    bin_folder.mkdir()
    state.mkdir()
    scripts = {name: f'"{sys.executable}" "{__file__}" {name} "{state}" "$@"' for name in COMMANDS}
    scripts["synth"] = f'"{sys.executable}" -m synth_datasets.cli "$@"'
    for name, line in scripts.items():
        path = bin_folder / name
        path.write_text(f"#!/bin/sh\nexec {line}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"{bin_folder}:/usr/bin:/bin"


def _run(command: list[str], folder: Path, variables: dict[str, str], output: Path) -> int:
    with output.open("w") as written:
        done = subprocess.run(
            command, cwd=folder, env=variables, stdout=written, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode


def _container(state: Path) -> dict[str, str]:
    """Return the variables of a container that was given none, with a home of its own."""
    home = state / f"home-{len([*state.glob('home-*')])}-{os.getpid()}"
    home.mkdir(exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "HF_HUB_OFFLINE": "1"}


# --- Slurm


def sbatch(state: Path, *arguments: str) -> int:
    """Run a batch script at once: once, or for each index of `--array`; not if what it depends on has failed."""
    *given, script = arguments
    text = Path(script).read_text()
    if not text.startswith("#!"):
        raise SystemExit("sbatch: error: This does not look like a batch script.")
    options = _slurm_options([*re.findall(r"^#SBATCH (.*)$", text, flags=re.MULTILINE), *given])
    number = str(len([*state.glob("job-*.json")]) + 1)
    record = state / f"job-{number}.json"
    kind, _, before = options.get("dependency", "").partition(":")
    assert kind in ("", "afterok"), kind
    if before and any(json.loads((state / f"job-{before}.json").read_text()).values()):
        assert options["kill-on-invalid-dep"] == "yes"
        record.write_text(json.dumps({"cancelled": 1}))
    else:
        record.write_text(json.dumps(_slurm_tasks(number, script, options.get("array"))))
    sys.stdout.write(number + "\n" if "parsable" in options else f"Submitted batch job {number}\n")
    return 0


def _slurm_options(given: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for item in given:
        name, _, value = item.partition("=")
        if not name.startswith("--") or name[2:] not in SLURM_OPTIONS:
            raise SystemExit(f"sbatch: unrecognized option '{item}'")
        options[name[2:]] = value
    return options


def _slurm_tasks(number: str, script: str, array: str | None) -> dict[str, int]:
    variables = {**os.environ, "SLURM_JOB_ID": number}
    if array is None:
        return {"": _run(["bash", script], Path.cwd(), variables, Path(f"slurm-{number}.out"))}
    indexes: list[int] = []
    for stretch in array.split(","):
        first, _, last = stretch.partition("-")
        indexes += range(int(first), int(last or first) + 1)
    assert max(indexes) <= 1000

    def task(index: int) -> int:
        own = {
            **variables,
            "SLURM_ARRAY_JOB_ID": number,
            "SLURM_ARRAY_TASK_ID": str(index),
            "SLURM_ARRAY_TASK_COUNT": str(len(indexes)),
            "SLURM_ARRAY_TASK_MIN": str(min(indexes)),
            "SLURM_ARRAY_TASK_MAX": str(max(indexes)),
        }
        return _run(["bash", script], Path.cwd(), own, Path(f"slurm-{number}_{index}.out"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(map(str, indexes), pool.map(task, indexes), strict=True))


# --- Kubernetes


def kubectl(state: Path, verb: str, *arguments: str) -> int:
    """Keep secrets, run Jobs at once, and tell whether they are complete; the shared volume is this folder."""
    if verb == "create":
        kind, of, name, literal = arguments
        assert (kind, of) == ("secret", "generic")
        key, _, value = literal.removeprefix("--from-literal=").partition("=")
        (state / f"secret-{name}.json").write_text(json.dumps({key: value}))
        return 0
    if verb == "apply":
        job = yaml.safe_load(Path(arguments[1]).read_text())
        assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
        complete = _kubernetes_job(state, job["spec"])
        (state / f"job-{job['metadata']['name']}.json").write_text(json.dumps(complete))
        return 0
    assert verb == "wait"
    assert arguments[0] == "--for=condition=complete"
    name = arguments[1].removeprefix("job/")
    return 0 if json.loads((state / f"job-{name}.json").read_text()) else 1


def _kubernetes_job(state: Path, spec: dict[str, Any]) -> bool:
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["restartPolicy"] == "Never"
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
    assert container["workingDir"] in {each["mountPath"] for each in container["volumeMounts"]}
    indexed = spec.get("completionMode") == "Indexed"
    tries = 1 + (spec["backoffLimitPerIndex"] if indexed else spec["backoffLimit"])

    def one(index: int) -> bool:
        own = {"JOB_COMPLETION_INDEX": str(index)} if indexed else {}
        variables = {**_container(state), **own, **_declared(state, container["env"])}
        command = [_expanded(each, variables) for each in (*container["command"], *container.get("args", ()))]
        output = state / f"pod-{container['name']}-{index}.out"
        return any(_run(command, Path.cwd(), variables, output) == 0 for _ in range(tries))

    with ThreadPoolExecutor(min(AT_ONCE, spec.get("parallelism", 1))) as pool:
        return all(pool.map(one, range(spec.get("completions", 1))))


def _declared(state: Path, declared: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in declared:
        if "value" in each:
            assert isinstance(each["value"], str), "Kubernetes takes strings only"
            found[each["name"]] = each["value"]
        else:
            ref = each["valueFrom"]["secretKeyRef"]
            found[each["name"]] = json.loads((state / f"secret-{ref['name']}.json").read_text())[ref["key"]]
    return found


def _expanded(text: str, variables: dict[str, str]) -> str:
    """Return the argument as Kubernetes gives it: `$(NAME)` replaced where there is such a variable."""
    return re.sub(
        r"\$(\$|\(([^)]*)\))",
        lambda found: "$" if found[1] == "$" else variables.get(found[2], found[0]),
        text,
    )


# --- Docker


def docker(state: Path, verb: str, *arguments: str) -> int:
    """Note where an image works, or run a command as in a container of it; the volume is a folder of this machine."""
    given = list(arguments)
    if verb == "build":
        assert (given[0], given[2]) == ("-t", "-")
        (state / f"image-{given[1]}.txt").write_text(sys.stdin.read())
        return 0
    assert verb == "run"
    variables, volumes = _container(state), {}
    while given[0].startswith("-"):
        match given.pop(0):
            case "-e":
                name = given.pop(0)
                variables[name] = os.environ[name]
            case "-v":
                source, _, target = given.pop(0).partition(":")
                volumes[target] = Path(source)
            case other:
                assert other == "--rm", other
    image = (state / f"image-{given.pop(0)}.txt").read_text()
    (works,) = re.findall(r"^WORKDIR (.*)$", image, flags=re.MULTILINE)
    return subprocess.run(given, cwd=volumes[works], env=variables, check=False).returncode


# --- Hugging Face


def hf(state: Path, *arguments: str) -> int:
    """Have the real `hf` read the options of a job without submitting it, run its command, and keep its bucket here."""
    real = [sys.executable, "-c", "from huggingface_hub.cli.hf import main; main()"]
    if arguments[0] == "sync":
        source, target = arguments[1:]
        shutil.copytree(state / source.removeprefix("hf://buckets/"), target)
        return 0
    jobs, verb, *given = arguments
    read = [*real, jobs, verb, "--dry-run", *given]
    read_env = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(read, env=read_env, capture_output=True, text=True, check=False)
    assert "Job not submitted" in done.stdout + done.stderr, done.stdout + done.stderr
    variables = _container(state)
    variables["SYNTH_API_KEY"] = os.environ[given[given.index("--secrets") + 1]]
    name, _, value = given[given.index("--env") + 1].partition("=")
    variables[name] = value
    volume, _, mounted = given[given.index("-v") + 1].removeprefix("hf://buckets/").rpartition(":")
    bucket = state / volume
    *bash, script = given[given.index("bash") :]
    script = script.replace("pip install -q synth-datasets", ":").replace(mounted, str(bucket))
    return subprocess.run([*bash, script], cwd=variables["HOME"], env=variables, check=False).returncode


COMMANDS = {"sbatch": sbatch, "kubectl": kubectl, "docker": docker, "hf": hf}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))
