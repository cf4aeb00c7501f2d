"""`synth list` and `synth new`: what a beginner starts from."""

import pytest

import synth_datasets
from synth_datasets import resources
from synth_datasets.cli import main
from synth_datasets.spec import fingerprint, load_spec


@pytest.fixture
def synth(tmp_path, monkeypatch, capsys):
    """Run a verb in an empty folder; returns its exit code, what it printed and what it said on stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """A folder of ready datasets with one that refers to files."""
    folder = tmp_path / "ready" / "builders" / "kettles"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts/prompt.txt").write_text("Write about {{ topic }}.", encoding="utf-8")
    (folder / "topics.txt").write_text("kettles\npots\n", encoding="utf-8")
    (folder / "README.md").write_text("# kettles\n", encoding="utf-8")
    (folder / "kettles.synth.yaml").write_text(
        "# Texts on kettles.\n#\n#   synth build kettles\n\nname: kettles   # the same word\n"
        "description: Texts on kettles. And on pots.\ntask: text-generation\n"
        "model: some-model\nsplits: {train: 1200}\ncolumns:\n"
        "  topic: {sample: {file: topics.txt}}\n  text: {prompt: {file: parts/prompt.txt}}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(resources, "shipped", lambda name: tmp_path / "ready" / name)
    return folder


def test_the_list_says_what_each_ready_dataset_is(synth, ready):
    code, shown, _ = synth("list")
    assert (code, shown) == (0, "kettles  1,200 rows  text-generation  some-model  Texts on kettles.\n")


def test_every_ready_dataset_has_its_line(synth):
    code, shown, _ = synth("list")
    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()] == list(synth_datasets.builders())
    assert max(map(len, shown.splitlines())) < 220


def test_a_spec_is_started_from_a_ready_one_with_its_files(synth, ready, tmp_path):
    code, shown, errors = synth("new", "mine", "--from", "kettles", "-o", "here")
    assert code == 0, errors
    spec = load_spec(tmp_path / "here/mine.synth.yaml")
    assert spec.name == "mine"
    assert fingerprint(spec) == fingerprint(load_spec(ready / "kettles.synth.yaml"))
    assert "#   synth build mine.synth.yaml" in spec.source
    assert sorted(spec.files) == ["parts/prompt.txt", "topics.txt"]
    assert not (tmp_path / "here/README.md").exists()
    assert "synth preview here/mine.synth.yaml" in shown


def test_nothing_is_overwritten(synth, ready, tmp_path):
    (tmp_path / "topics.txt").write_text("mine")
    code, _, errors = synth("new", "mine", "--from", "kettles")
    assert code == 2
    assert "topics.txt: already there" in errors
    assert not (tmp_path / "mine.synth.yaml").exists()
    assert (tmp_path / "topics.txt").read_text() == "mine"


def test_a_spec_is_started_from_scratch_and_is_right(synth, tmp_path):
    assert synth("new", "first")[0] == 0
    assert load_spec(tmp_path / "first.synth.yaml").name == "first"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "No Name"], "is no name for a dataset"),
        (["new", "n" * 97], "at most 96"),
        (["new", "mine", "--from", "pans"], "there is no ready dataset 'pans'; there are: kettles"),
    ],
)
def test_a_mistake_is_one_message(synth, ready, arguments, said):
    code, _, errors = synth(*arguments)
    assert code == 2
    assert said in errors
