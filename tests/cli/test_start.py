"""The first moments of the `synth` command: Ctrl-C is met in one line, also before anything else is imported."""

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


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


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
