"""Real rows on the Hub: downloaded once, at their commit, and then there without a network."""

import os
import subprocess
import sys
from pathlib import Path

from hub_standin import WRITE, HubStandin

WORK = """
import io, sys
import huggingface_hub
from pathlib import Path
from synth_datasets.errors import SynthError
from synth_datasets.plan import hub_files, seeds
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.real_data import resolved
from synth_datasets.spec import load_spec

hub = huggingface_hub.HfApi()
hub.create_repo("org/real", repo_type="dataset")
rows = "text,label\\n" + "".join(f"real text number {n},{'ab'[n % 3 == 0]}\\n" for n in range(30))
where = {"path_in_repo": "rows.csv", "repo_id": "org/real", "repo_type": "dataset"}
commit = hub.upload_file(path_or_fileobj=rows.encode(), **where).oid
hub.upload_file(path_or_fileobj=b"text,label\\nanother,a\\n", **where)
source = f"file: rows.csv, hub: org/real, revision: {commit}"
Path("x.synth.yaml").write_text(f'''
name: x
model: m
seeds: {{{source}, label: label, shares: {{train: 1}}}}
balance: {{{source}, column: label}}
columns:
  label: {{classes: [a, b]}}
  shown: {{seed: text, same: label}}
  text: {{prompt: "{{{{ shown }}}}"}}
splits: {{train: balance}}
''')
waiting = load_spec("x.synth.yaml")
assert waiting.splits[0].num_examples == 0 and waiting.seeds.data is None
spec = resolved(waiting)
print(spec.splits[0].counts)
plan = Plan(spec, {})
print(all(plan.values(key)["shown"].startswith("real text") for key in plan.rows("train")))

hub_files.MAX_BYTES = 10
seeds.index_of.cache_clear()
for ask in (lambda: seeds.index_of(spec.seeds), lambda: resolved(waiting)):
    try:
        ask()
    except SynthError as error:
        print(str(error).splitlines()[0], "org/real" in str(error))
"""


def test_rows_on_the_hub_are_read_once_at_their_commit(tmp_path):
    hub = HubStandin()
    hub.start()
    try:
        online = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0", "HF_TOKEN": WRITE}
        environment = {**os.environ, **online, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-c", WORK],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        hub.stop()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "(('a', 0), ('b', 10))",
        "True",
        *["x.synth.yaml: 1 problem True"] * 2,
    ]
    assert len([call for call in hub.calls if call.startswith("GET ") and "/resolve/" in call]) == 1
