"""A version is made again, byte for byte, from whatever home it is in; or what is missing for it is named."""

import json

import pytest
from fake_endpoint import text
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.publishing.push import push

ROWS = "text,label\n" + "".join(
    f"My kettle number {index} leaked after {index * 7} days.,{('negative', 'positive')[index % 2]}\n"
    for index in range(60)
)
WITH_SEEDS = {
    "seeds": {"file": "private/reviews.csv", "label": "label"},
    "columns": {
        "label": {"classes": ["negative", "positive"]},
        "shown": {"seed": "text", "same": "label", "hidden": True},
        "text": {"prompt": "Write a {{ label }} review like this one: {{ shown }}"},
    },
}


@pytest.fixture
def make(endpoint, tmp_path, monkeypatch):
    """Build `reviews` with its answers; then nothing that the build used can be reached."""
    monkeypatch.setenv("SYNTH_API_KEY", "sk-test")
    endpoint.rule = lambda body: text(
        f"An answer to {body['seed']}, {len(body['messages'][-1]['content'])} letters."
    )

    def made(**changes):
        spec = write_spec(tmp_path / "specs", checks={"text": {"unique": "off"}}, **changes)
        options = {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}
        folder = tmp_path / "built" / "reviews"
        build(spec, folder, cache_dir=tmp_path / "cache", options=options, with_answers=True)
        (tmp_path / "specs").rename(tmp_path / "kept")
        monkeypatch.setenv("SYNTH_STORE", "/nowhere/answers.sqlite")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        return folder

    return made


@pytest.fixture
def rebuild(capsys):
    """Run the verb in this process; returns exit code and what it said."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["rebuild", *(str(argument) for argument in arguments)])
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    return run


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The working folder of a second machine, which has neither the build nor its caches."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    def go():
        monkeypatch.chdir(folder)
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "caches"))
        return folder

    return go


def test_a_version_in_any_home_is_rebuilt_in_a_clean_place(make, rebuild, address, endpoint, elsewhere):
    push(make(), address, include_answers=True)
    asked = endpoint.count
    folder = elsewhere()
    code, told = rebuild(f"{address}@v1.0.0", "--check")
    assert code == 0, told
    assert f"{address}@v1.0.0: 1.0.0 comes out as its lock pins it, byte for byte" in told
    assert [line.split()[:2] for line in told.splitlines() if "sha256:" in line] == [
        ["train", "6"],
        ["test", "2"],
    ]
    assert endpoint.count == asked
    assert {path.name for path in folder.iterdir()} <= {"caches"}


def test_a_split_that_would_come_out_otherwise_is_named(make, rebuild):
    folder = make()
    lock = json.loads((folder / "synth.lock").read_text())
    lock["splits"]["test"]["digest"] = "0" * 64
    (folder / "synth.lock").write_text(json.dumps(lock))
    code, told = rebuild(folder, "--check")
    assert (code, "  test: 2 rows, digest 0000000000000000 → 2 rows" in told, "train:" in told) == (
        5,
        True,
        False,
    )


def test_real_rows_that_stay_private_are_named_with_what_to_do(make, rebuild, tmp_path):
    (tmp_path / "specs" / "private").mkdir(parents=True)
    (tmp_path / "specs" / "private" / "reviews.csv").write_text(ROWS)
    home = tmp_path / "home"
    folder = make(**WITH_SEEDS)
    push(folder, str(home), include_answers=True)
    assert not (home / "v1.0.0" / "private").exists()
    code, told = rebuild(f"{home}@v1.0.0", "--check")
    assert code == 5
    assert f"{home}@v1.0.0 was made with private/reviews.csv, which it does not hold" in told
    assert "(--beside FOLDER)" in told
    assert "`release: true`" in told
    assert rebuild(f"{home}@v1.0.0", "--check", "--beside", tmp_path)[0] == 5, "it is not there"
    code, told = rebuild(f"{home}@v1.0.0", "--check", "--beside", tmp_path / "kept")
    assert code == 0, told
    (tmp_path / "kept" / "private" / "reviews.csv").write_text(ROWS.replace("leaked", "broke"))
    code, told = rebuild(f"{home}@v1.0.0", "--check", "--beside", tmp_path / "kept")
    assert (code, "pins another dataset than this build would make" in told, "seeds: " in told) == (
        2,
        True,
        True,
    )
